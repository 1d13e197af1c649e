"""IDX, the format of the MNIST files: a few bytes that say the shape, then the values.

========= ==================================================================
bytes     meaning
========= ==================================================================
0–1       zero
2         type of the values; 8 means unsigned bytes, all that MNIST uses
3         number of axes, d
4–3+4d    length of each axis, big-endian 32-bit integers
the rest  the values, last axis fastest
========= ==================================================================
"""

import math
import struct

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.errors import BrokenFileError

UNSIGNED_BYTE = 8


def idx_size(shape: tuple[int, ...]) -> int:
    """Return the length in bytes of an IDX file that holds unsigned bytes of this shape.

    Parameters
    ----------
    shape : tuple of int
        Length of each axis.

    Returns
    -------
    int
        Header and values together, in bytes.

    Examples
    --------
    >>> idx_size((60000, 28, 28))
    47040016
    """
    return 4 + 4 * len(shape) + math.prod(shape)


def parse_idx(content: bytes | bytearray, shape: tuple[int, ...], below: int = 256) -> NDArray[np.uint8]:
    """Read the values of an IDX file whose shape is known beforehand.

    Parameters
    ----------
    content : bytes
        The whole file, decompressed.
    shape : tuple of int
        The shape that the file must announce and have.
    below : int
        Every value must be smaller: the number of classes for labels, 256 (no bound) for pixels.

    Returns
    -------
    ndarray of uint8, of the given shape
        May be written to: a view of a bytearray, a copy of bytes.

    Raises
    ------
    BrokenFileError
        If anything in the file disagrees with the format, the shape or the bound.

    Examples
    --------
    >>> parse_idx(bytes([0, 0, 8, 1]) + bytes([0, 0, 0, 3]) + bytes([7, 2, 1]), shape=(3,), below=10)
    array([7, 2, 1], dtype=uint8)
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise BrokenFileError(
            f"it is not an IDX file: it begins with {bytes(content[:16])!r}, not with two zero bytes"
        )
    kind, axes = content[2], content[3]
    if kind != UNSIGNED_BYTE:
        raise BrokenFileError(f"its values have IDX type {kind:#04x}; expected 0x08, unsigned bytes")
    if axes != len(shape):
        raise BrokenFileError(f"it announces {axes} axes; expected {len(shape)}, of lengths {shape}")
    start = 4 + 4 * axes
    if len(content) < start:
        raise BrokenFileError(f"it ends within its header: {len(content)} bytes of at least {start}")
    found = struct.unpack_from(f">{axes}I", content, 4)
    if found != shape:
        raise BrokenFileError(f"it announces the shape {found}; expected {shape}")
    if len(content) != idx_size(shape):
        raise BrokenFileError(
            f"it has {len(content)} bytes; its shape {shape} needs exactly {idx_size(shape)}"
        )
    values = np.frombuffer(content, np.uint8, offset=start)
    if values.max(initial=0) >= below:
        first = int(np.argmax(values >= below))
        raise BrokenFileError(f"value {values[first]} at position {first} is outside 0..{below - 1}")
    return values.reshape(shape) if values.flags.writeable else values.reshape(shape).copy()
