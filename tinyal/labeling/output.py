"""Where a command's table goes: to a file, never silently over another one, or to the terminal."""

import argparse
import sys
from pathlib import Path

from tinynn.vector_file import replaced_when_complete

KINDS = (".csv", ".json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what commands take that write one table about a project."""
    parser.add_argument(
        "project", type=Path, metavar="PROJECT", help="the project's folder, or what it labels"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help=".csv or .json; without it, CSV goes to the terminal"
    )
    parser.add_argument("--force", action="store_true", help="replace a file of that name")


def check(out: Path | None, force: bool) -> None:
    """Raise an error, before anything is computed, for a file that will not be written.

    Raises
    ------
    ValueError
        For a file of an unknown kind.
    FileExistsError
        For one that is there, unless it may be replaced.
    """
    if out is None:
        return
    if out.suffix.lower() not in KINDS:
        raise ValueError(f"--out {out} must end with {' or '.join(KINDS)}")
    if out.exists() and not force:
        raise FileExistsError(f"{out} exists already; --force replaces it")


def write(text: str, out: Path | None, force: bool) -> None:
    """Write a text as UTF-8: a file is written aside, and takes its name when it is complete."""
    if out is None:
        sys.stdout.flush()
        buffer = getattr(sys.stdout, "buffer", None)
        if buffer is None:
            sys.stdout.write(text)
        else:
            buffer.write(text.encode())  # whatever the terminal's own encoding is, and line ends as they are
            buffer.flush()
        return
    with replaced_when_complete(out, overwrite=force) as file:
        file.write(text.encode())


def is_json(out: Path | None) -> bool:
    """Whether JSON is wanted."""
    return out is not None and out.suffix.lower() == ".json"
