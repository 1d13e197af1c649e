"""Vectors of numbers in one ``.npz`` file: written aside and renamed when complete, read without running anything."""

import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any

import numpy as np

# The one kind of array that belongs here. No parser of Python literals ever sees the header of a foreign file.
HEADER = re.compile(
    rb"\{'descr': '([|<][a-z]\d{1,2})', 'fortran_order': False, 'shape': \((\d{1,15}),\), \} *\n"
)
# What zipfile and checks of settings raise on bytes that they were not made for.
UNREADABLE = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    RuntimeError,  # RecursionError is one
    TypeError,
    ValueError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)


@contextmanager
def replaced_when_complete(path: str | os.PathLike[str], overwrite: bool) -> Iterator[IO[bytes]]:
    """Give a file to write, beside its place; it takes its name when it is complete.

    A crash, a kill or a full disk leaves what was there before.

    Raises
    ------
    FileExistsError
        If there is such a file, and `overwrite` is not given.
    """
    place = os.path.realpath(path)  # through a link, to the file that it stands for
    _refuse_to_overwrite(place, overwrite)
    folder = os.path.dirname(place)
    aside = os.path.join(folder, f".tinynn-{secrets.token_hex(8)}.tmp")
    try:
        with open(aside, "x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _refuse_to_overwrite(place, overwrite)
        os.replace(aside, place)
    finally:
        if os.path.exists(aside):
            os.remove(aside)
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)  # the new name, too, outlives a power cut
        finally:
            os.close(descriptor)


def write_vectors(file: IO[bytes], vectors: Mapping[str, np.ndarray]) -> None:
    """Write named vectors, uncompressed; the same vectors give the same bytes."""
    with zipfile.ZipFile(file, "w") as archive:
        for name, vector in vectors.items():
            member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980
            little_endian = vector.astype(vector.dtype.newbyteorder("<"), copy=False)
            with archive.open(member, "w", force_zip64=True) as out:
                np.lib.format.write_array(out, little_endian, version=(1, 0), allow_pickle=False)


def read_vector(archive: zipfile.ZipFile, name: str, code: str, largest: int) -> np.ndarray:
    """Read one vector: uncompressed, no longer than it can be, one axis, of this type.

    Raises
    ------
    ValueError
        For anything else.
    """
    name = f"{name}.npy"
    if name not in archive.NameToInfo:
        raise ValueError(f"{name} is missing")
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise ValueError(f"{name} is compressed, and tinynn compresses nothing")
    if info.file_size > largest:
        raise ValueError(f"{name} claims {info.file_size:,} bytes, more than the {largest:,} it may have")
    data = archive.read(info)
    start = 10 + int.from_bytes(data[8:10], "little")
    header = HEADER.fullmatch(data[10:start])
    if data[:8] != b"\x93NUMPY\x01\x00" or not header:
        raise ValueError(f"{name} is not one vector of numbers")
    found, length = header[1].decode(), int(header[2])
    if found != code:
        raise ValueError(f"{name} holds numbers of type {found}, and the architecture says {code}")
    dtype = np.dtype(code)
    if len(data) - start != length * dtype.itemsize:
        raise ValueError(f"{name} does not have the {length:,} numbers that it says")
    return np.frombuffer(data, dtype, offset=start).astype(dtype.newbyteorder("="), copy=False)


def plain(value: Any) -> Any:
    """Turn NumPy's numbers into Python's, which is what JSON knows."""
    if isinstance(value, np.integer | np.floating):
        return value.item()
    raise TypeError(f"{value!r} cannot be saved: settings are numbers, names and tuples of them")


def _refuse_to_overwrite(place: str, overwrite: bool) -> None:
    if not overwrite and os.path.lexists(place):
        raise FileExistsError(f"{place!r} exists already; save(path, overwrite=True) replaces it")
