"""Which files a folder holds, its subfolders included: without following links, opening files, or failing."""

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Scan:
    """What is in a folder.

    Attributes
    ----------
    files : dict of name to (bytes, nanoseconds)
        Size and time of the last change of each regular file, by name relative to the folder, with slashes; sorted.
        Bytes of a name that are no UTF-8 stand in it as Python's file functions have them (surrogates).
    folders : list of str
        Names of the folders that lie in it directly, sorted.
    refused : dict of name to str
        What is no file or could not be looked at, and why.
    """

    files: dict[str, tuple[int, int]] = field(default_factory=dict)
    folders: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)


def scan(source: Path) -> Scan:
    """Look through a folder. Names that begin with a dot are nobody's images, and left out.

    Raises
    ------
    OSError
        Only for the folder itself; what is wrong inside is told in `Scan.refused`.
    """
    found = Scan()
    waiting = [(str(source), "")]
    while waiting:
        folder, prefix = waiting.pop()
        try:
            with os.scandir(folder) as listing:
                entries = [entry for entry in listing if not entry.name.startswith(".")]
        except OSError as error:
            if not prefix:
                raise
            found.refused[prefix.rstrip("/")] = error.strerror or type(error).__name__
            continue
        for entry in entries:
            name = prefix + entry.name
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError as error:
                found.refused[name] = error.strerror or type(error).__name__
                continue
            if stat.S_ISDIR(status.st_mode):
                waiting.append((entry.path, name + "/"))
                if not prefix:
                    found.folders.append(name)
            elif stat.S_ISREG(status.st_mode):
                found.files[name] = (status.st_size, status.st_mtime_ns)
            else:
                link = stat.S_ISLNK(status.st_mode)
                found.refused[name] = "it is a link, and links are not followed" if link else "it is no file"
    found.files = dict(sorted(found.files.items()))
    found.folders.sort()
    return found


def shown(name: str) -> str:
    r"""Return a file's name as text: bytes that are no UTF-8 are written out.

    Examples
    --------
    >>> import os
    >>> shown(os.fsdecode(b"caf\xe9.jpg")) if os.name == "posix" else "caf\\xe9.jpg"
    'caf\\xe9.jpg'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
