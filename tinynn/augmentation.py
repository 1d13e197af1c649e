"""Augmentation: each time an image is shown, it is moved, turned, slanted and bent a little, never twice alike."""

import math
from functools import partial
from typing import Any

import numpy as np

from tinynn.backend import CPU, Array, Backend, backend_of
from tinynn.buffers import Buffered, Shape
from tinynn.checks import share, whole
from tinynn.configured import Configured
from tinynn.warping import Warp, field_basis, source_terms

STREAM = 0xD157  # keeps these random numbers apart from others that are drawn with (seed, step)


class Augment(Configured, Buffered):
    """Random distortions of batches of images: shifts, rotation, scaling, shear, elastic distortions.

    A distorted image shows the same digit, so it has the same label: a network that never sees the same picture
    twice learns what stays. Each image gets a smooth map of its own and fetches every pixel from there,

        new(p) = old(D⁻¹ H⁻¹ R⁻¹ (p − t) + d(p)),

    with shift t, rotation R, shear H, scaling D (`warping.source_terms`) about the middle of the image, and
    displacements d: normal numbers of spread `elastic` on a coarse grid, made smooth by a Gaussian as wide as the
    grid's spacing (`warping.field_basis`). Between pixels the interpolation is bilinear; outside the image is 0.

    Parameters
    ----------
    shift : float or int, optional
        Largest shift in pixels, uniform in ± shift along each axis. A whole number, ``2``, shifts by whole pixels, all
        equally often, and with nothing else set pixels stay as they are; ``2.0`` shifts by fractions, too.
    rotate : float, optional
        Largest angle in degrees, uniform in ± rotate.
    scale : float, optional
        Height and width are multiplied each by a factor of its own, uniform in 1 ± scale; below 1.
    shear : float, optional
        Largest slant, uniform in ± shear: so many pixels to the side for one pixel down.
    elastic : float, optional
        Spread σ of the elastic displacement of every pixel, along each axis, in pixels.
    grid : int, optional
        Nodes of the displacements along each side. 7 on 28 pixels smooths over 4, as Simard's σ = 4.
    image_shape : (height, width), optional
        For rows that are flat: MNIST's 784 are (28, 28).

    Raises
    ------
    ValueError
        For settings that are negative or no finite numbers; for a scale of 1 or more.

    References
    ----------
    Simard, Steinkraus, Platt: Best practices for convolutional neural networks applied to visual document
    analysis, ICDAR 2003, for elastic distortions; Cireşan et al.: Deep, big, simple neural nets for handwritten
    digit recognition, Neural Computation 2010, for all of them together.

    Notes
    -----
    The random numbers depend on seed, step and the number of images only, are drawn on the host and sent as one small
    array: the same distortions on CPU and GPU. Switching one kind on or off leaves the others' numbers as they are.

    Along an axis the slope of d has spread σ / (√2 · spacing of the grid). Images fold where it falls below −1; with σ
    up to a third of the spacing that takes four spreads.

    Examples
    --------
    >>> augment = Augment(shift=1, image_shape=(3, 3))
    >>> x = np.array([[0, 0, 0, 0, 1, 2, 0, 0, 0]], dtype=np.float32)
    >>> augment(x, seed=0, step=3).reshape(3, 3)
    array([[0., 1., 2.],
           [0., 0., 0.],
           [0., 0., 0.]], dtype=float32)
    """

    def __init__(
        self,
        *,
        shift: float = 0.0,
        rotate: float = 0.0,
        scale: float = 0.0,
        shear: float = 0.0,
        elastic: float = 0.0,
        grid: int = 7,
        image_shape: Shape | None = None,
    ) -> None:
        self.shift = _extent("shift", shift)
        self.rotate, self.shear = _extent("rotate", rotate), _extent("shear", shear)
        self.scale = share("scale", _extent("scale", scale))
        self.elastic, self.grid = _extent("elastic", elastic), whole("grid", grid)
        self.image_shape = image_shape if image_shape is None else _height_and_width(image_shape)
        self.backend: Backend = CPU
        self.host = Buffered()
        self.host.dtype = np.dtype(np.float64)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copies and pickles carry the settings, not the kept arrays."""
        return partial(type(self), **self.config()), ()

    def __call__(self, x: Array, seed: int, step: int, out: Array | None = None) -> Array:
        """Return the images, each distorted in its own way.

        Parameters
        ----------
        x : array (n, height, width, channels), (n, height, width), or (n, height · width) with an `image_shape`
            Images in float32 or float64, on any device. They stay as they are.
        seed, step : int
            Decide the distortions. A training counts its steps, so that no batch is distorted like another.
        out : array, optional
            Where to write; of x's shape and dtype, x itself if wanted. By default an array that is kept, and
            overwritten by the next call.

        Returns
        -------
        array
            Of x's shape.

        Raises
        ------
        TypeError
            For pixels that are no floats.
        ValueError
            For shapes that do not fit, and shifts as large as the image.
        """
        height, width, channels = self._image_shape(x)
        if self.shift >= min(height, width):
            raise ValueError(
                f"shift={self.shift} moves images of {height} x {width} pixels out of sight; it is in pixels, "
                "and 1 to 3 are usual"
            )
        self._move_to(x)
        out = self.buffer("out", x.shape) if out is None else self._checked(out, x)
        if not any((self.shift, self.rotate, self.scale, self.shear, self.elastic)):
            self.xp.copyto(out, x)
            return out
        n, shape, grid = len(x), (height, width), self.grid if self.elastic else 0
        warp = self.kept(shape, lambda: Warp(self.backend, field_basis(shape, grid), shape, self.dtype))
        terms = self.host.buffer("terms", (2, n, 3 + grid**2), self.dtype)
        self._draw(terms, shape, np.random.default_rng((seed, step, STREAM)))
        images = (n, height, width, channels)
        warp(x.reshape(images), self.backend.asarray(terms), out.reshape(images))
        return out

    def _draw(self, terms: np.ndarray, shape: Shape, rng: np.random.Generator) -> None:
        """Draw the terms of the source coordinates, on the host."""
        n = terms.shape[1]
        uniform = self.host.buffer("uniform", (6, n))
        rng.random(out=uniform)
        if isinstance(self.shift, int):
            shift = np.floor(uniform[:2] * (2 * self.shift + 1)) - self.shift
        else:
            shift = self.shift * (2 * uniform[:2] - 1)
        factor = 1 + self.scale * (2 * uniform[2:4] - 1)
        angle = math.radians(self.rotate) * (2 * uniform[4] - 1)
        shear = self.shear * (2 * uniform[5] - 1)
        terms[..., :3] = source_terms(shift, angle, factor, shear, shape)
        if self.elastic:
            normal = self.host.buffer("normal", (2, n, terms.shape[2] - 3))
            rng.standard_normal(out=normal)
            normal *= self.elastic
            terms[..., 3:] = normal

    def _image_shape(self, x: Array) -> tuple[int, int, int]:
        """Return height, width and channels of the images, or raise an error that says what is wrong with them."""
        if getattr(x, "dtype", None) not in (np.float32, np.float64):
            what = getattr(x, "dtype", type(x).__name__)
            raise TypeError(
                f"x must be an array of float32 or float64, not {what}; uint8 pixels are divided by 255 first"
            )
        if x.ndim == 2:
            if self.image_shape is None:
                raise ValueError(
                    f"x has flat rows, shape {x.shape}: say what images they are, as image_shape=(28, 28) for MNIST"
                )
            height, width = self.image_shape
            if height * width != x.shape[1]:
                raise ValueError(
                    f"image_shape={self.image_shape} has {height} · {width} = {height * width} pixels, but the rows "
                    f"of x have {x.shape[1]} features"
                )
            return height, width, 1
        if x.ndim not in (3, 4):
            raise ValueError(
                "x must have shape (n, height, width, channels), (n, height, width) or (n, height · width), "
                f"but has shape {x.shape}"
            )
        if self.image_shape not in (None, x.shape[1:3]):
            raise ValueError(f"x holds images of {x.shape[1:3]} pixels, but image_shape={self.image_shape}")
        return x.shape[1], x.shape[2], x.shape[3] if x.ndim == 4 else 1

    def _move_to(self, x: Array) -> None:
        """Work where x lives and in its precision."""
        backend = backend_of(x)
        if backend is not self.backend or x.dtype != self.dtype:
            self.drop_buffers()
            self.host.drop_buffers()
            self.backend, self.xp, self.dtype = backend, backend.xp, np.dtype(x.dtype)

    def _checked(self, out: Array, x: Array) -> Array:
        if backend_of(out) is not self.backend or out.shape != x.shape or out.dtype != x.dtype:
            raise ValueError(
                f"out must be like x, {x.shape} {x.dtype}, but is {type(out)} {out.shape} {out.dtype}"
            )
        if not out.flags.c_contiguous:
            raise ValueError("out must be contiguous; leave it out, and copy the result where you want it")
        return out


def _extent(name: str, value: float) -> float:
    """Return a setting that must be a finite number of at least 0; a whole number stays one."""
    if not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, not {value!r}")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(
            f"{name} must be at least 0 and finite, not {value!r}: distortions go both ways, ± {name}"
        )
    return int(value) if isinstance(value, int | np.integer) else float(value)


def _height_and_width(image_shape: Shape) -> tuple[int, int]:
    if not isinstance(image_shape, tuple | list) or len(image_shape) != 2:
        raise ValueError(f"image_shape must be (height, width), in pixels, not {image_shape!r}")
    return whole("height", image_shape[0]), whole("width", image_shape[1])
