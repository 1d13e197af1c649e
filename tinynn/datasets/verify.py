"""Read a data file and believe nothing about it: wrapping, length, structure, checksum."""

import gzip
import hashlib
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.errors import BrokenFileError
from tinynn.datasets.sources import RemoteArchive, RemoteFile

PIECE = 2**20


def largest_stored(file: RemoteFile) -> int:
    """Return how many bytes a file may take at most, compressed or not.

    gzip makes incompressible bytes longer by a few in ten thousand and a header; whatever is longer is not
    our file, and need not be read or downloaded to its end.
    """
    return file.size + file.size // 1000 + 1024


def read_verified(path: Path, file: RemoteFile) -> tuple[NDArray[np.uint8], ...]:
    """Read a data file's arrays, or say why it is not that file.

    Parameters
    ----------
    path : Path
        The file; compressed if its name ends in ``.gz``, plain otherwise. For an archive also a folder with its files.
    file : RemoteFile
        What it must be.

    Returns
    -------
    tuple of ndarray of uint8
        What ``file.parse`` finds in it.

    Raises
    ------
    BrokenFileError
        If it cannot be read, is truncated, is something else, or has another checksum. An MD5 of the
        compressed file cannot be compared with a plain one: there the structure alone is checked.
    """
    if isinstance(file, RemoteArchive) and path.is_dir():
        members = {name: _read(path / name, size) for name, size in file.members.items()}
        return file.parse_members(members)
    try:
        with path.open("rb") as stream:
            stored = stream.read(largest_stored(file) + 1)
    except OSError as error:
        raise BrokenFileError(f"it cannot be read ({error.strerror or error})") from error
    if stored.lstrip().startswith(b"<"):
        raise BrokenFileError(f"it is a web page, not data: it begins with {stored.lstrip()[:40]!r}")
    compressed = path.suffix == ".gz"
    content = _decompress(stored, file.size) if compressed else stored
    if len(content) > file.size:
        raise BrokenFileError(f"it holds more than the {file.size} bytes expected")
    arrays = file.parse(content)
    if file.sha256:
        _compare("SHA-256 of the decompressed bytes", hashlib.sha256(content).hexdigest(), file.sha256)
    if file.md5 and compressed:
        _compare("MD5", hashlib.md5(stored, usedforsecurity=False).hexdigest(), file.md5)
    return arrays


def _read(path: Path, size: int) -> bytes:
    """Read a file of known length, and not much more of one that is longer."""
    try:
        with path.open("rb") as stream:
            content = stream.read(size + 1)
    except OSError as error:
        raise BrokenFileError(f"its {path.name} cannot be read ({error.strerror or error})") from error
    if len(content) != size:
        found = f"{len(content)} bytes" if len(content) < size else "more"
        raise BrokenFileError(f"its {path.name} has {found}; expected {size} bytes")
    return content


def _decompress(stored: bytes, size: int) -> bytearray:
    """Unpack at most one byte more than expected, so that a few kilobytes cannot fill the memory.

    A megabyte at a time goes to where the values will stay: no second copy of a data set is ever in memory.
    """
    if not stored.startswith(b"\x1f\x8b"):
        raise BrokenFileError(f"it is not gzip-compressed: it begins with {stored[:16]!r}")
    try:
        content, filled = bytearray(size + 1), 0
        with gzip.GzipFile(fileobj=BytesIO(stored)) as stream:
            while part := stream.read(min(PIECE, len(content) - filled)):
                content[filled : filled + len(part)] = part
                filled += len(part)
        del content[filled:]
        return content
    except EOFError as error:
        raise BrokenFileError(
            f"it is truncated: the compressed data stop after {len(stored)} bytes"
        ) from error
    except (OSError, zlib.error) as error:
        raise BrokenFileError(f"its compressed data are damaged ({error})") from error


def _compare(kind: str, found: str, expected: str) -> None:
    if found != expected:
        raise BrokenFileError(f"its checksum is wrong: {kind} is {found}, expected {expected}")
