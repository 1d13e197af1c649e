"""Pooling: a window of an image becomes one number for each channel."""

from collections.abc import Iterator

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.layers.base import Layer
from tinynn.layers.windows import check_image, pair, window_count


class _Pool2D(Layer):
    """What max and average pooling share: windows that step over an image.

    Window element (i, j) of all windows together is a strided view of the image, so pooling runs over the few
    elements of a window, and each time over all windows at once.
    """

    def __init__(self, size: int | tuple[int, int] = 2, stride: int | tuple[int, int] | None = None) -> None:
        self.window = pair("size", size)
        self.steps = self.window if stride is None else pair("stride", stride)
        self.size, self.stride = size, stride

    def build(self, input_shape: Shape) -> Shape:
        """Take images; rows and columns that fill no window are left out."""
        check_image(type(self).__name__, input_shape)
        height, width = (
            window_count(*axis) for axis in zip(input_shape, self.window, self.steps, strict=False)
        )
        return (height, width, input_shape[2])

    def _elements(self, x: Array) -> Iterator[Array]:
        """Yield for each place in a window the view of x that holds it in all windows."""
        (height, width, _), (down, right) = self.output_shape, self.steps
        for i in range(self.window[0]):
            for j in range(self.window[1]):
                yield x[:, i : i + down * (height - 1) + 1 : down, j : j + right * (width - 1) + 1 : right]


class MaxPool2D(_Pool2D):
    """y = the largest number of each window. Its gradient goes to the place it came from, and nowhere else.

    Where several numbers of a window are the largest, the first in reading order gets the gradient, as a whole. To
    give each of them dy would count it more than once, and ties are common: an image's background is full of them.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of a window.
    stride : int or (int, int), optional
        Steps from one window to the next; by default the size, so that windows do not overlap.
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max over the window."""
        self.x = x
        self.y = y = self.buffer("y", (len(x), *self.output_shape))
        elements = self._elements(x)
        self.xp.copyto(y, next(elements))
        for element in elements:
            self.xp.maximum(y, element, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy at the first place in the window where x = y, summed over the windows that share it."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", self.x.shape)
        dx.fill(0)
        open_ = self.buffer("open", dy.shape, np.bool_)
        here = self.buffer("here", dy.shape, np.bool_)
        share = self.buffer("share", dy.shape)
        open_.fill(True)
        for element, target in zip(self._elements(self.x), self._elements(dx), strict=True):
            self.xp.equal(element, self.y, out=here)
            self.xp.logical_and(here, open_, out=here)
            self.xp.logical_xor(open_, here, out=open_)
            self.xp.multiply(dy, here, out=share)
            target += share
        return dx


class AveragePool2D(_Pool2D):
    """y = the mean of each window. Its gradient is shared out evenly.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of a window.
    stride : int or (int, int), optional
        Steps from one window to the next; by default the size.
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = Σ over the window / number of its places."""
        self.shape = x.shape
        y = self.buffer("y", (len(x), *self.output_shape))
        elements = self._elements(x)
        self.xp.copyto(y, next(elements))
        for element in elements:
            self.xp.add(y, element, out=y)
        self.xp.multiply(y, 1 / (self.window[0] * self.window[1]), out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy / number of places, summed over the windows that share a place."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", self.shape)
        dx.fill(0)
        share = self.buffer("share", dy.shape)
        self.xp.multiply(dy, 1 / (self.window[0] * self.window[1]), out=share)
        for target in self._elements(dx):
            target += share
        return dx


class GlobalAveragePool2D(Layer):
    """y = the mean of each channel over the whole image: (n, height, width, channels) becomes (n, channels)."""

    def build(self, input_shape: Shape) -> Shape:
        """Take images."""
        check_image("GlobalAveragePool2D", input_shape)
        return input_shape[2:]

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = Σ over height and width / their product."""
        y = self.buffer("y", (len(x), *self.output_shape))
        self.xp.mean(x, axis=(1, 2), out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy / (height · width) everywhere."""
        if not input_gradient:
            return None
        height, width, channels = self.input_shape
        dx, share = self.buffer("dx", (len(dy), height, width, channels)), self.buffer("share", dy.shape)
        self.xp.multiply(dy, 1 / (height * width), out=share)
        self.xp.copyto(dx, share.reshape(len(dy), 1, 1, channels))
        return dx
