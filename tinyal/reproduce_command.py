"""``tinyal reproduce NAME``: do a published experiment again, and set what came out beside what was published."""

import argparse
import inspect
import json
import shlex
import sys
from pathlib import Path
from typing import Any

from tinyal.reproductions import NAMES, PROFILES, get
from tinynn.arguments import cores, whole_number

DESCRIPTION = (
    "Do a published experiment again and set what comes out beside what was published, with intervals. Writes "
    "record.json, table.txt and figure.png. Finished runs are kept: the same command goes on where it was interrupted."
)
MARK = "reproduction.json"  # which reproduction a folder is of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    whole: dict[str, Any] = {"type": whole_number, "metavar": "N"}
    parser.add_argument("name", nargs="?", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--list", action="store_true", help="list the reproductions")
    parser.add_argument(
        "--profile",
        choices=PROFILES,
        default="quick",
        help="quick (default): under a minute, to see that it works; cpu: up to two hours on two cores; full: as in "
        "the paper, for a day or more",
    )
    parser.add_argument("--seeds", **whole, help="seeds 0 to N - 1, instead of the profile's")
    parser.add_argument(
        "--labels", nargs="+", **whole, help="few-labels only: how many labels, instead of the profile's"
    )
    parser.add_argument(
        "--workers", **whole, help="processes (default: one a core); results do not depend on it"
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results (default runs/NAME-PROFILE)"
    )


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    if options.list:
        width = max(map(len, NAMES))
        print("\n".join(f"{name:<{width}}  {get(name).TITLE}" for name in NAMES))
        return 0
    if options.name is None:
        raise ValueError(f"which one? tinyal reproduce NAME; there are {', '.join(NAMES)}")
    reproduction: Any = get(options.name)
    more = {} if options.labels is None else {"labels": options.labels}
    if more.keys() - inspect.signature(reproduction.run).parameters:
        raise ValueError(f"{options.name} has the budget of the paper; --labels is for few-labels")
    out = options.out or Path("runs") / f"{options.name}-{options.profile}"
    _mark(out, options.name, options.profile)
    print(f"{reproduction.TITLE}\nprofile {options.profile}, in {out}", flush=True)
    try:
        record = reproduction.run(
            options.profile, out, options.seeds, options.workers or cores(), None, **more
        )
    except KeyboardInterrupt:
        print(
            f"\nInterrupted. What is finished is kept; to go on:\n  tinyal {shlex.join(arguments)}",
            file=sys.stderr,
        )
        return 130
    from tinyal.run_files import write_json

    table = str(reproduction.table(record))
    write_json(out / "record.json", record)
    (out / "table.txt").write_text(table + "\n", encoding="utf-8")
    reproduction.draw(record, out / "figure.png")
    if options.profile == "quick":
        table += "\n\nProfile quick shows that the experiment works, and too little to believe its numbers."
    print(f"\n{table}\n\nIn {out}: figure.png, record.json, table.txt")
    return 0


def _mark(out: Path, name: str, profile: str) -> None:
    """Write down what a folder is for; refuse one that is for something else."""
    if str(out) == "." or out.is_file():
        raise ValueError(f"--out {out} must be a folder of its own for the results")
    wanted, mark = {"reproduction": name, "profile": profile}, out / MARK
    if mark.is_file():
        found = json.loads(mark.read_text(encoding="utf-8"))
        if found != wanted:
            raise ValueError(
                f"{out} is of {' '.join(map(str, found.values()))}, and not of {name} {profile}; choose another folder "
                "by --out"
            )
        return
    if out.is_dir() and any(out.iterdir()):
        raise ValueError(f"{out} holds other files, and no {MARK}; choose another folder by --out")
    from tinyal.run_files import write_json

    out.mkdir(parents=True, exist_ok=True)
    write_json(mark, wanted)
