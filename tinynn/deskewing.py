"""Deskewing: images are slanted back until they stand upright, and moved until their weight is in the middle."""

import numpy as np

from tinynn.backend import CPU
from tinynn.warping import Warp, field_basis


def deskew(x: np.ndarray, image_shape: tuple[int, int]) -> np.ndarray:
    """Return images without their slant, on the host, (n, height · width) in float32.

    With the grey values of an image as masses m, c their centre and s = Σ m (v − c_v)(u − c_u) / Σ m (v − c_v)² the
    slope of the line that leans as they do, the new pixel at (v, u) from the middle is the old one at

        (c_v + v, c_u + u + s v).

    Two digits that differ by the slant of a hand then lie next to each other. It takes no label. An image without
    weight, or with all of it in one line of pixels, is only moved.

    Parameters
    ----------
    x : array (n, height · width)
        uint8 pixels become 0 to 1; what is below 0 has no weight.
    image_shape : (height, width)

    Raises
    ------
    ValueError
        For rows that are no such images.

    Examples
    --------
    >>> slanted = np.array([[0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0]], np.float32)
    >>> deskew(slanted.reshape(1, 16), (4, 4)).reshape(4, 4)[1]  # upright, between two columns
    array([0. , 0.5, 0.5, 0. ], dtype=float32)
    """
    height, width = image_shape
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != height * width:
        raise ValueError(
            f"images of {height} x {width} pixels are rows of {height * width} numbers, not {x.shape}"
        )
    out = np.empty(x.shape, np.float32)
    warp = Warp(CPU, field_basis((height, width), 0), (height, width), out.dtype)
    places = np.indices((height, width)).reshape(2, -1)
    for start in range(0, len(x), _ROWS):
        part = x[start : start + _ROWS]
        images = np.empty(part.shape, np.float32)
        CPU.to_floats(part, images)
        shape = (len(part), height, width, 1)
        warp(images.reshape(shape), _upright(images, places), out[start : start + _ROWS].reshape(shape))
    return out


def _upright(images: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Return the terms of the source coordinates, (2, n, 3): the factors of 1, v and u, for y and for x."""
    mass = np.maximum(images, 0).astype(np.float64)
    total = mass.sum(axis=1)
    empty = total == 0
    mass[empty] = 1  # the middle of an empty image is its middle
    total = mass.sum(axis=1)
    v, u = places
    center = mass @ places.T / total[:, None]
    dv = v - center[:, :1]
    along = (mass * dv**2).sum(axis=1)
    across = (mass * dv * (u - center[:, 1:])).sum(axis=1)
    terms = np.zeros((2, len(images), 3), np.float32)
    terms[..., 0] = center.T
    terms[0, :, 1] = terms[1, :, 2] = 1
    flat = along < _FLAT * total
    terms[1, :, 1] = np.where(flat, 0, across / np.where(flat, 1, along))
    return terms


_ROWS = 4096  # at a time, so that memory is bounded
_FLAT = 1e-3  # squared pixels: all weight in one line
