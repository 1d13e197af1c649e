"""Many small images as one PNG, written by hand: a few lines of zlib and headers."""

import base64
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

LARGEST = 32  # pixels to a side; larger images are thinned
GREYS = 16  # four bits a pixel: half the bytes of eight, and no difference to see at this size


def png(image: NDArray[np.uint8]) -> bytes:
    r"""Encode an image as PNG.

    Parameters
    ----------
    image : array of uint8, shape (height, width) or (height, width, 3)
        Grey is stored with four bits a pixel, colour with eight a channel.

    References
    ----------
    W3C, "Portable Network Graphics (PNG) Specification", third edition: sections 5, 7.2 and 9.

    Examples
    --------
    >>> png(np.zeros((2, 3), np.uint8))[:8]
    b'\x89PNG\r\n\x1a\n'
    """
    height, width = image.shape[:2]
    rows: NDArray[Any]
    if image.ndim == 2:
        levels = (image.astype(np.uint16) * (GREYS - 1) + 127) // 255
        even = np.pad(levels, ((0, 0), (0, width % 2))).astype(np.uint8)
        rows, depth, kind = even[:, ::2] << 4 | even[:, 1::2], 4, 0
    else:
        rows, depth, kind = image.reshape(height, -1), 8, 2
    filtered = np.zeros((height, rows.shape[1] + 1), np.uint8)  # before each row: filter 0, none
    filtered[:, 1:] = rows
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0)),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9)),
            _chunk(b"IEND", b""),
        )
    )


def data_uri(image: NDArray[np.uint8]) -> str:
    """Return an image as an address that holds it."""
    return f"data:image/png;base64,{base64.b64encode(png(image)).decode('ascii')}"


def tile(images: NDArray[np.uint8], across: int) -> NDArray[np.uint8]:
    """Put images side by side, so many a row, on paper.

    Parameters
    ----------
    images : array of uint8, shape (n, height, width) or (n, height, width, 3)
    across : int

    Returns
    -------
    array of uint8, shape (rows · height, across · width) or the same with 3 channels
    """
    n, height, width = images.shape[:3]
    down = -(-n // across)
    sheet = np.full((down * across, *images.shape[1:]), 255, np.uint8)
    sheet[:n] = images
    grid = sheet.reshape(down, across, *images.shape[1:])
    return grid.swapaxes(1, 2).reshape(down * height, across * width, *images.shape[3:])


def small_images(rows: Any, image_shape: tuple[int, ...], low: float, high: float) -> NDArray[np.uint8]:
    """Turn rows of a pool into images to print: dark ink on paper for grey ones, at most 32 pixels to a side.

    Parameters
    ----------
    rows : array, shape (n, pixels)
    image_shape : tuple of int
        (height, width) or (height, width, 3).
    low, high : float
        The smallest and largest value of the pool.
    """
    images = np.asarray(rows, dtype=np.float32).reshape(len(rows), *image_shape)
    shares = np.clip((images - low) / max(high - low, 1e-12), 0, 1)
    step = -(-max(image_shape[:2]) // LARGEST)
    shares = shares[:, ::step, ::step]
    if shares.ndim == 3:
        shares = np.pad(1 - shares, ((0, 0), (0, 1), (0, 1)), constant_values=1)  # a gap of paper
    return np.round(255 * shares).astype(np.uint8)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
