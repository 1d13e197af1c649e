"""Convolution: the same small weighted sum at every place of an image."""

import math
from typing import Any

import numpy as np

from tinynn.backend import Array, rows_at_a_time
from tinynn.buffers import Shape
from tinynn.initializers import INITIALIZERS
from tinynn.layers.base import Layer
from tinynn.layers.windows import check_image, paddings, pair, window_count


class Conv2D(Layer):
    r"""y[n, i, j, :] = Σ over the window at (i, j) of x · W + b, for images with their channels last.

    ====== ===================================== =======================================
    x      (n, height, width, channels)          images
    W      (size, size, channels, filters)       one window of weights for each filter
    b      (filters,)
    y      (n, rows, columns, filters)           ⌊(height + padding − size) / stride⌋ + 1 rows
    ====== ===================================== =======================================

    Each window, written out as one line of a matrix C ("im2col"), makes it a Dense layer with y = C W + b, whose
    gradients are those of Dense: dW = Cᵀ dy, db = Σ dy, dC = dy Wᵀ. A pixel is part of several windows, so its
    gradient is the sum of its places in dC. (As in all such libraries the window is not flipped: strictly it is a
    cross-correlation.)

    Parameters
    ----------
    filters : int
        Number of outputs at each place.
    size : int or (int, int)
        Height and width of the window.
    stride : int or (int, int), optional
        Steps from one window to the next.
    padding : {"valid", "same"}, int, (int, int) or ((int, int), (int, int)), optional
        Zeros around the image; see `tinynn.layers.windows.paddings`.
    initializer : {"he", "glorot", "lecun"}, optional

    Examples
    --------
    >>> import tinynn as nn
    >>> nn.Sequential([nn.Conv2D(8, 5, padding="same", stride=2)], input_shape=(28, 28, 1)).output_shape
    (14, 14, 8)
    """

    W: Array
    b: Array
    dW: Array
    db: Array

    def __init__(
        self,
        filters: int,
        size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: Any = "valid",
        initializer: str = "he",
    ) -> None:
        if not isinstance(filters, int | np.integer) or filters < 1:
            raise ValueError(f"Conv2D needs a whole number of filters, at least 1, not {filters!r}")
        if initializer not in INITIALIZERS:
            raise ValueError(f"initializer must be one of {', '.join(INITIALIZERS)}, not {initializer!r}")
        self.filters = int(filters)
        self.window, self.steps = pair("size", size), pair("stride", stride)
        self.size, self.stride, self.padding = size, stride, padding
        self.initializer = initializer

    def build(self, input_shape: Shape) -> Shape:
        """Take images."""
        check_image("Conv2D", input_shape)
        self.around = paddings(self.padding, input_shape, self.window, self.steps)
        padded = [length + sum(around) for length, around in zip(input_shape, self.around, strict=False)]
        rows, columns = (window_count(*axis) for axis in zip(padded, self.window, self.steps, strict=True))
        return (rows, columns, self.filters)

    def initial_parameters(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Random weights, zero biases."""
        places, channels = self.window[0] * self.window[1], self.input_shape[2]
        shape = (*self.window, channels, self.filters)
        W = INITIALIZERS[self.initializer](rng, shape, places * channels, places * self.filters)
        return {"W": W, "b": np.zeros(self.filters)}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = C W + b, some images at a time: the lines of C are many times as large as the images."""
        self.x = x = self._pad(x)
        y = self.buffer("y", (len(x), *self.output_shape))
        for some in self._pieces(len(x)):
            self.xp.matmul(self._lines(x[some]), self._matrix(self.W), out=y[some].reshape(-1, self.filters))
        self.xp.add(y, self.b, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dW = Cᵀ dy, db = 1ᵀ dy, dC = dy Wᵀ, and dx adds up dC."""
        x, dW = self.x, self._matrix(self.dW)
        lines_dy = dy.reshape(-1, self.filters)
        self.xp.matmul(self.constant(1.0, (len(lines_dy),)), lines_dy, out=self.db)
        dW.fill(0)
        part = self.buffer("part", dW.shape)
        dx = self.buffer("dx padded", x.shape) if input_gradient else None
        for some in self._pieces(len(x)):
            piece_dy = dy[some].reshape(-1, self.filters)
            lines = self._lines(x[some])
            self.xp.matmul(lines.T, piece_dy, out=part)
            dW += part
            if dx is not None:
                self.xp.matmul(piece_dy, self._matrix(self.W).T, out=lines)  # C is not needed any more
                self._add_up(lines, dx[some])
        return None if dx is None else self._crop(dx)

    def _matrix(self, W: Array) -> Array:
        return W.reshape(-1, self.filters)

    def _pieces(self, n: int) -> list[slice]:
        numbers_per_image = math.prod(self.output_shape[:2]) * math.prod(self.window) * self.input_shape[2]
        step = rows_at_a_time(self.xp, numbers_per_image)
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]

    def _lines(self, x: Array) -> Array:
        """Write out every window of padded images as one line: C, (n · rows · columns, size · size · channels)."""
        rows, columns, _ = self.output_shape
        image, down, right, channel = x.strides
        windows = self.xp.lib.stride_tricks.as_strided(
            x,
            (len(x), rows, columns, *self.window, x.shape[3]),
            (image, down * self.steps[0], right * self.steps[1], down, right, channel),
        )
        lines = self.buffer("lines", windows.shape)
        self.xp.copyto(lines, windows)
        return lines.reshape(len(x) * rows * columns, -1)

    def _add_up(self, dlines: Array, dx: Array) -> None:
        """Add each place of each window to the pixel it came from."""
        (rows, columns, _), (down, right) = self.output_shape, self.steps
        dwindows = dlines.reshape(len(dx), rows, columns, *self.window, dx.shape[3])
        dx.fill(0)
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                pixels = dx[
                    :, i : i + down * (rows - 1) + 1 : down, j : j + right * (columns - 1) + 1 : right
                ]
                pixels += dwindows[:, :, :, i, j]

    def _pad(self, x: Array) -> Array:
        (above, below), (left, right) = self.around
        if not any((above, below, left, right)):
            return x
        n, height, width, channels = x.shape
        padded = self.buffer("padded", (n, above + height + below, left + width + right, channels))
        padded.fill(0)
        padded[:, above : above + height, left : left + width] = x
        return padded

    def _crop(self, dx: Array) -> Array:
        (above, below), (left, right) = self.around
        if not any((above, below, left, right)):
            return dx
        height, width, channels = self.input_shape
        cropped = self.buffer("dx", (len(dx), height, width, channels))
        self.xp.copyto(cropped, dx[:, above : above + height, left : left + width])
        return cropped
