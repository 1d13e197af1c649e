"""tar, the format of archives: for each file a header of 512 bytes, then its bytes, filled up to a multiple of 512.

========= ======================================================================
bytes     meaning, in a header
========= ======================================================================
0-99      name
124-135   length in bytes, as octal digits
148-155   sum of the header's bytes, with these eight taken for spaces, in octal
156       kind: "0" or zero a file, "5" a folder, "x" and "g" notes, others links and devices
257-262   "ustar" and a zero byte where the next line holds
345-499   what stands before the name, with a "/" between
========= ======================================================================

A block of zeros ends the archive. Nothing is ever extracted: a file is found by its name and given as a view of the
archive's bytes, so that no name can lead anywhere.
"""

from collections.abc import Mapping

from tinynn.datasets.errors import BrokenFileError

BLOCK = 512
FILES, FOLDER, NOTES = (b"0", b"\0"), b"5", (b"x", b"g")


def read_tar(content: bytes | bytearray, wanted: Mapping[str, int]) -> dict[str, memoryview]:
    """Return some files of an archive whose names and lengths are known beforehand.

    Parameters
    ----------
    content : bytes
        The whole archive, decompressed.
    wanted : mapping of str to int
        The length in bytes that each file must have, by its name. Other files are passed over.

    Returns
    -------
    dict of str to memoryview
        Views of `content`.

    Raises
    ------
    BrokenFileError
        If the archive is damaged or truncated, lacks a file, has one twice or of another length; and if it holds a
        link, a device, or a name that leads out of the archive, which honest ones of data do not.

    Examples
    --------
    >>> import io, tarfile
    >>> stream = io.BytesIO()
    >>> with tarfile.open(fileobj=stream, mode="w") as archive:
    ...     entry = tarfile.TarInfo("data/a.bin")
    ...     entry.size = 3
    ...     archive.addfile(entry, io.BytesIO(b"abc"))
    >>> bytes(read_tar(stream.getvalue(), {"data/a.bin": 3})["data/a.bin"])
    b'abc'
    """
    archive, place = memoryview(content), 0
    found: dict[str, memoryview] = {}
    while place < len(archive):
        header = bytes(archive[place : place + BLOCK])
        if not header.strip(b"\0"):
            break
        name, kind, size = _read_header(header, place)
        start = place + BLOCK
        if start + size > len(archive):
            raise BrokenFileError(
                f"it is truncated: {name!r} announces {size} bytes, and {len(archive) - start} follow"
            )
        if kind in FILES and name in wanted:
            if name in found:
                raise BrokenFileError(f"it holds {name!r} twice")
            if size != wanted[name]:
                raise BrokenFileError(f"its {name!r} has {size} bytes; expected {wanted[name]}")
            found[name] = archive[start : start + size]
        place = start + size + -size % BLOCK
    missing = [name for name in wanted if name not in found]
    if missing:
        raise BrokenFileError(f"it holds no {', '.join(missing)}")
    return found


def _read_header(header: bytes, place: int) -> tuple[str, bytes, int]:
    """Return name, kind and length of the file that a header announces."""
    if len(header) < BLOCK:
        raise BrokenFileError(f"it is truncated: it ends within the header at byte {place}")
    blank = header[:148] + b" " * 8 + header[156:]
    if _octal(header[148:156]) != sum(blank):
        raise BrokenFileError(f"it is no tar archive, or damaged: the header at byte {place} is none")
    parts = [header[:100].partition(b"\0")[0]]
    if header[257:263] == b"ustar\0":
        parts.insert(0, header[345:500].partition(b"\0")[0])
    name = b"/".join(filter(None, parts)).decode("utf-8", "replace")
    kind, size = header[156:157], _octal(header[124:136])
    if kind not in (*FILES, FOLDER, *NOTES):
        raise BrokenFileError(f"it holds {name!r}, which is no file but a link, a device or the like")
    if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise BrokenFileError(f"it holds the name {name!r}, which leads out of the archive")
    if size is None:
        raise BrokenFileError(f"the length of its {name!r} is no octal number")
    return name, kind, size


def _octal(field: bytes) -> int | None:
    """Read a number in octal digits; None for anything else, a sign among it."""
    digits = field.strip(b"\0 ")
    return int(digits, 8) if digits and not digits.strip(b"01234567") else None
