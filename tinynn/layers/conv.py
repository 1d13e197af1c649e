"""Convolution: the same small weighted sum at every place of an image."""

import math
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.initializers import INITIALIZERS
from tinynn.layers.base import Layer
from tinynn.layers.lowering import add_products, add_up, by_image, by_row, pieces, window_lines
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
    cross-correlation.) How to do without most of C is the business of `tinynn.layers.lowering`; memory is bounded by
    the few images that are worked on together, not by the batch.

    Derivation: `docs/derivations/convolution.md`, `conv-backward` and `conv-lowered`.

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
        Spread of the first weights: `docs/derivations/initialization.md`, `init-he`.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Conv2D(1, 2)], input_shape=(2, 3, 1))
    >>> net.layers[0].W = np.reshape([1.0, 0.0, 0.0, -1.0], (2, 2, 1, 1))  # each less the one below and right of it
    >>> net.forward(np.reshape([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], (1, 2, 3, 1))).ravel().tolist()
    [-4.0, -4.0]
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
        """y = C W + b."""
        self.x = x
        y = self.buffer("y", (len(x), *self.output_shape))
        W, b = self._matrix(self.W), self._row_of_biases()
        for some in self._pieces(len(x), self.output_shape[1], W.size):
            C = self._lines(x[some])
            CW = self.buffer("CW", (*C.shape[:-1], self.filters))
            self.xp.matmul(C, W, out=CW)
            self.xp.add(by_image(CW, self.output_shape), b, out=y[some])
        return y

    def product(self, x: Array) -> Array:
        """Return C W, the buffer that becomes y, of all images at once, for a device that adds b with what follows."""
        self.x = x
        y = self.buffer("y", (len(x), *self.output_shape))
        self.xp.matmul(self._lines(x), self._matrix(self.W), out=y.reshape(-1, self.filters))
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dW = Cᵀ dy, db = Σ dy over images and places, and dx adds up dC = dy Wᵀ."""
        x, dW = self.x, self._matrix(self.dW)
        dW.fill(0)
        for some in self._pieces(len(x), self.output_shape[1], dW.size // self.window[0]):
            add_products(self, self._lines(x[some]), by_row(self, dy[some]), dW, parts=self.window[0])
        places = self.buffer("places", self.output_shape)
        self.xp.sum(dy, axis=0, out=places)
        self.xp.sum(places, axis=(0, 1), out=self.db)
        if not input_gradient:
            return None
        dx = self.buffer("dx", x.shape)
        for some in self._pieces(len(x), math.prod(self.output_shape[:2]), self.filters * x.shape[3]):
            add_up(self, dy[some], self.W, self.steps, self.around, dx[some])
        return dx

    def _matrix(self, W: Array) -> Array:
        return W.reshape(-1, self.filters)

    def _row_of_biases(self) -> Array:
        """Repeat b along a row of the output: long rows of numbers are added faster than short ones."""
        biases = self.buffer("biases", self.output_shape[1:])
        self.xp.copyto(biases, self.b)
        return biases

    def _pieces(self, n: int, lines: int, weights: int) -> list[slice]:
        height = self.input_shape[0] + sum(self.around[0])
        strips = self.output_shape[1] * height * self.window[1] * self.input_shape[2]
        return pieces(self.xp, n, strips + math.prod(self.output_shape), lines, weights)

    def _lines(self, x: Array) -> Array:
        return window_lines(self, x, self.window, self.steps, self.around)
