"""Which item has which number, kept in ``items.json`` of a project: labels know their items by nothing else."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyal.labeling import json_file

NAME = "items.json"
FORMAT = "a list of items"
VERSION = 1
KEYS = {  # of each kind of source
    "folder": {"size", "channels", "complete", "files", "refused"},
    "rows": {"rows", "fingerprint", "mean", "spread"},
}


def load(project: Path, kind: str | None = None) -> dict[str, Any] | None:
    """Return what was kept about a project's items, or None for a new project.

    Parameters
    ----------
    project : path
    kind : {"folder", "rows"}, optional
        What they should be.

    Raises
    ------
    ValueError
        For a file that is damaged, of a newer version, or about items of another kind.
    """
    path = project / NAME
    if not path.exists():
        return None
    try:
        content = json_file.load(path, FORMAT, VERSION, ["kind"])
        if str(content["kind"]) not in KEYS or kind not in (None, content["kind"]):
            raise ValueError(f"{path} is about {content['kind']!r}, and the source is {kind}")
        if missing := KEYS[content["kind"]] - content.keys():
            raise ValueError(f"{path} lacks {', '.join(sorted(missing))}")
        return content
    except ValueError as error:
        raise ValueError(
            f"{error}. Without it nobody knows which label belongs to what: bring back a copy, or begin a new project"
        ) from None


def save(project: Path, kind: str, content: Mapping[str, Any]) -> None:
    """Replace the file, whole or not at all."""
    json_file.save(project / NAME, FORMAT, VERSION, {"kind": kind, **content})
