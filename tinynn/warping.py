"""Warping: every pixel of the new image is fetched from a place in the old one, a place that may lie between pixels."""

import math
from typing import Any

import numpy as np

from tinynn.backend import Array, Backend
from tinynn.buffers import Buffered, Shape
from tinynn.cache import rows_at_a_time

BORDER = 3  # one row or column of zeros before the image, two after it


def source_terms(
    shift: np.ndarray, angle: np.ndarray, factor: np.ndarray, shear: np.ndarray, shape: Shape
) -> np.ndarray:
    """Return, for n images, the terms of their source coordinates, affine in the place (v, u) of the new pixel.

    With (v, u) measured down and to the right from the middle of the image, an image is stretched, sheared, turned
    and shifted, p' = R H D p + t, so that the new pixel p' comes from p = D⁻¹ H⁻¹ R⁻¹ (p' − t):

        D = diag(f_y, f_x),   H: u ← u + s v,   R: counter-clockwise by the angle.

    Parameters
    ----------
    shift : array (2, n)
        t, in pixels: down, to the right.
    angle : array (n,)
        In radians, counter-clockwise as one looks at the picture.
    factor : array (2, n)
        f_y and f_x, by which height and width are multiplied.
    shear : array (n,)
        s: how far to the right a pixel moves for each pixel that it lies below the middle.
    shape : (height, width)
        Of the image, in pixels.

    Returns
    -------
    array (2, n, 3)
        For y and for x: the factors of 1, v and u. The corner pixel's coordinates are (0, 0).

    Examples
    --------
    Sheared by a half and moved one pixel to the right, a 3 × 3 image has y = 1 + v and x = 0 − v / 2 + u:

    >>> source_terms(np.array([[0], [1]]), np.zeros(1), np.ones((2, 1)), np.array([0.5]), (3, 3))[:, 0]
    array([[ 1. ,  1. ,  0. ],
           [ 0. , -0.5,  1. ]])
    """
    cos, sin = np.cos(angle), np.sin(angle)
    terms = np.empty((2, len(angle), 3))
    terms[0, :, 1:] = np.stack([cos, sin], axis=1)
    terms[1, :, 1:] = np.stack([-sin - shear * cos, cos - shear * sin], axis=1)
    terms[..., 1:] /= factor[..., None]
    middle = (np.array(shape)[:, None] - 1) / 2
    terms[..., 0] = middle - terms[..., 1] * shift[0] - terms[..., 2] * shift[1]
    return terms


def field_basis(shape: Shape, grid: int) -> np.ndarray:
    """Return the fields that displacements are sums of: 1, v, u, and a smooth bump for each node of a coarse grid.

    The grid × grid nodes divide the image evenly. Around node k the bump is a Gaussian as wide as the nodes are
    apart, B_k ∝ exp(−d² / 2), d in grid spacings. At every pixel Σ_k B_k² = 1: normal numbers of spread σ at the
    nodes make displacements of spread σ everywhere, the borders included.

    Parameters
    ----------
    shape : (height, width)
        In pixels.
    grid : int
        Nodes along each side; 0 for no bumps.

    Returns
    -------
    array (3 + grid², height · width)
    """
    height, width = shape
    v, u = np.indices(shape, dtype=np.float64)
    plane = [np.ones(height * width), v.ravel() - (height - 1) / 2, u.ravel() - (width - 1) / 2]
    if grid == 0:
        return np.stack(plane)
    return np.concatenate([plane, np.kron(_bumps(height, grid), _bumps(width, grid))])


def _bumps(size: int, grid: int) -> np.ndarray:
    """Return a Gaussian for each of `grid` nodes along one side, (grid, size); their squares add up to one."""
    node = np.arange(grid)[:, None]
    place = (np.arange(size) + 0.5) * grid / size - 0.5  # in grid spacings
    bumps = np.exp(-((place - node) ** 2) / 2)
    return bumps / np.sqrt((bumps**2).sum(axis=0))


class Warp(Buffered):
    """Fetches the pixels of new images from old ones, by bilinear interpolation; outside an image all is zero.

    Source coordinates come out of one product for each axis, y = c_y · basis and x = c_x · basis. Between pixels,
    with i = ⌊y⌋, j = ⌊x⌋ and the fractions a = y − i, b = x − j,

        new = (1 − a) ((1 − b) old[i, j] + b old[i, j+1]) + a ((1 − b) old[i+1, j] + b old[i+1, j+1]).

    Parameters
    ----------
    backend : Backend
        Where the images live.
    basis : array (terms, height · width)
        Fields on the host, as from `field_basis`.
    shape : (height, width)
        Of the images.
    dtype : dtype
        Of the images.
    """

    def __init__(self, backend: Backend, basis: np.ndarray, shape: Shape, dtype: np.dtype[Any]) -> None:
        if math.prod(size + BORDER for size in shape) > 2 ** (np.finfo(dtype).nmant + 1):
            raise ValueError(f"images of {shape} pixels have more than {dtype} can count; split them")
        self.backend, self.xp, self.dtype = backend, backend.xp, dtype
        self.height, self.width = shape
        self.basis = backend.asarray(basis, dtype=dtype)
        self.firsts = self.xp.empty((0, 1), dtype=self.xp.intp)

    def __call__(self, images: Array, coefficients: Array, out: Array) -> None:
        """Write the warped images into `out`, piece by piece, so that all that is held stays in the cache.

        Parameters
        ----------
        images, out : array (n, height, width, channels)
            They may be the same array.
        coefficients : array (2, n, terms)
            c_y and c_x of each image.
        """
        per_pixel = (
            6 + 8 * images.shape[3]
        )  # coordinates and index; for each channel old, padded, new, corners
        rows = rows_at_a_time(self.xp, self.height * self.width * per_pixel)
        for start in range(0, len(images), rows):
            piece = slice(start, start + rows)
            self._warp(images[piece], coefficients[:, piece], out[piece])

    def _warp(self, images: Array, coefficients: Array, out: Array) -> None:
        n, height, width, channels = images.shape
        padded = self.buffer("padded", (n, height + BORDER, width + BORDER, channels))
        padded.fill(0)
        padded[:, 1 : height + 1, 1 : width + 1] = images
        y, i = self._coordinates("y", coefficients[0], height)
        x, j = self._coordinates("x", coefficients[1], width)
        index = self._index(i, j)
        pixels = padded.reshape(-1, channels)
        down = width + BORDER
        corners: list[Array] = []
        for offset in (0, 1, down, down + 1):
            corner = self.buffer(f"corner {len(corners)}", (n, height * width, channels))
            self.backend.gather(pixels[offset:], index, corner)
            corners.append(corner)
        a, b = y[..., None], x[..., None]
        top, top_right, bottom, bottom_right = corners
        self._blend(top, top_right, b, out=top)
        self._blend(bottom, bottom_right, b, out=bottom)
        self._blend(top, bottom, a, out=out.reshape(top.shape))

    def _coordinates(self, name: str, coefficients: Array, size: int) -> tuple[Array, Array]:
        """Return the fractions and the whole parts of one coordinate, which stops where only zeros are."""
        fraction = self.buffer(name, (len(coefficients), self.basis.shape[1]))
        whole = self.buffer(f"whole {name}", fraction.shape)
        self.xp.matmul(coefficients, self.basis, out=fraction)
        self.xp.clip(fraction, -1.0, float(size), out=fraction)
        self.xp.floor(fraction, out=whole)
        self.xp.subtract(fraction, whole, out=fraction)
        return fraction, whole

    def _index(self, i: Array, j: Array) -> Array:
        """Return where in the flat padded images old[i, j] stands. Within an image the sum is exact in floats too."""
        xp, across = self.xp, self.width + BORDER
        xp.multiply(i, across, out=i)
        xp.add(i, j, out=i)
        index = self.buffer("index", i.shape, xp.intp)
        xp.copyto(index, i, casting="unsafe")
        if len(self.firsts) < len(i):
            image = xp.arange(len(i), dtype=xp.intp).reshape(-1, 1)
            self.firsts = image * ((self.height + BORDER) * across) + across + 1
        xp.add(index, self.firsts[: len(i)], out=index)
        return index

    def _blend(self, near: Array, far: Array, share: Array, out: Array) -> None:
        """out = (1 − share) near + share far; `far` is used up."""
        self.xp.subtract(far, near, out=far)
        self.xp.multiply(far, share, out=far)
        self.xp.add(near, far, out=out)
