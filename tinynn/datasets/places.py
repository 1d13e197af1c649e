"""Where data files lie: the user's own folder first, then the cache."""

import os
import sys
from pathlib import Path

from tinynn.datasets.errors import DatasetError
from tinynn.datasets.sources import RemoteArchive, RemoteFile, Source

VARIABLE = "TINYNN_DATA"


def own_folder(name: str) -> Path | None:
    """Return ``$TINYNN_DATA/<name>``, whether it is there or not; None if the variable is not set or empty.

    Raises
    ------
    DatasetError
        If the variable is set but is not the name of a folder: most likely a typing error, and a silent
        download would hide it.
    """
    value = os.environ.get(VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise DatasetError(
            f"The environment variable {VARIABLE} is {value!r}, which is not a folder. "
            f"Create it, correct the variable, or unset it to use the cache."
        )
    return folder / name


def cache_folder(name: str) -> Path:
    """Return the folder for downloaded files of one data set, where this platform keeps such things.

    ``$XDG_CACHE_HOME`` or ``~/.cache`` on Linux, ``~/Library/Caches`` on macOS, ``%LOCALAPPDATA%`` on
    Windows; in it ``tinynn/<name>``. The folder may not exist yet.
    """
    try:
        if sys.platform == "win32":
            base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
        elif sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError as error:
        raise DatasetError(
            f"There is no home folder to keep a cache in ({error}). "
            f"Set {VARIABLE} to a folder that holds {name}/ with its files."
        ) from error
    return base / "tinynn" / name


def present(folder: Path, file: RemoteFile) -> list[Path]:
    """Return the forms of a file that a folder has: compressed, plain, of an archive its files; nothing is read."""
    found = [path for path in (folder / f"{file.name}.gz", folder / file.name) if path.is_file()]
    if isinstance(file, RemoteArchive):
        places = (folder / file.folder, folder)
        found += [place for place in places if any((place / name).is_file() for name in file.members)]
    return found


def address(mirror: str, file: RemoteFile) -> str:
    """Return the web address of a file on a mirror."""
    return f"{mirror.rstrip('/')}/{file.name}.gz"


def by_hand(source: Source, file: RemoteFile) -> str:
    """Say how to get a file without this program: the last line of every error about a missing one."""
    return (
        f"By hand: fetch {address(source.mirrors[0], file)} and put it in {cache_folder(source.name)}, "
        f"or in {source.name}/ inside a folder of yours that {VARIABLE} names."
        + (" Extracted there, it is read, too." if isinstance(file, RemoteArchive) else "")
    )
