"""Small files in JSON that say what they are: written whole or not at all, and believed only if they are complete."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tinynn.vector_file import replaced_when_complete


def save(path: Path, form: str, version: int, content: Mapping[str, Any], indent: int | None = None) -> None:
    """Write a file in the place of the last one; it is on the disk when this returns.

    Parameters
    ----------
    path : path
    form : str
        What kind of file it is.
    version : int
    content : mapping
    indent : int, optional
        For files that a person may read.
    """
    text = json.dumps({"format": form, "version": version, **content}, indent=indent)
    with replaced_when_complete(path, overwrite=True) as file:
        file.write(text.encode("ascii") + b"\n")


def load(path: Path, form: str, version: int, keys: Iterable[str]) -> dict[str, Any]:
    """Read a file that `save` wrote.

    Raises
    ------
    ValueError
        For another kind of file, one of a newer version, and one that is damaged or lacks some of the keys.
    OSError
        For one that is missing.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "a.json", "an example", 1, {"side": 32})
    ...     load(Path(folder) / "a.json", "an example", 1, ["side"])["side"]
    32
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict) or content.get("format") != form:
            raise ValueError(f'it does not say "format": "{form}"')
        if not isinstance(content.get("version"), int) or content["version"] > version:
            raise ValueError(
                f"its version is {content.get('version')!r}, and this tinyal reads {version}; a newer one reads it"
            )
        if missing := set(keys) - content.keys():
            raise ValueError(f"it lacks {', '.join(sorted(missing))}")
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not {form}, or a damaged one: {error}") from None
    return content
