"""Pooling: a window of an image becomes one number for each channel."""

import math
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.cache import rows_at_a_time
from tinynn.layers.base import Layer
from tinynn.layers.windows import check_image, pair, window_count


class _Pool2D(Layer):
    """What max and average pooling share: windows that step over an image, along its rows and then its columns.

    The maximum of a window is that of its rows' maxima, and its sum that of its rows' sums. So both work along one axis
    at a time, which for windows of 3 × 3 takes 2 + 2 steps instead of 8; and on some images at a time, so that what
    lies between the two axes stays in the processor's cache. Element k of all windows together is a strided view.
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

    def _between(self, name: str, n: int) -> Array:
        """Return a kept array for what lies between the axes: images that are pooled along their rows only."""
        (height, _, channels), width = self.input_shape, self.output_shape[1]
        return self.buffer(name, (n, height, width, channels))

    def _pieces(self, n: int) -> list[slice]:
        step = rows_at_a_time(self.xp, math.prod(self.input_shape))
        return [slice(start, min(start + step, n)) for start in range(0, n, step)]

    def _elements(self, x: Array, axis: int) -> list[Array]:
        """Return for each place in a window, along one axis, the view of x that holds it in all windows."""
        step, count = self.steps[axis - 1], self.output_shape[axis - 1]
        before = (slice(None),) * axis
        return [
            x[(*before, slice(k, k + step * (count - 1) + 1, step))] for k in range(self.window[axis - 1])
        ]

    def _accumulate(self, combine: Any, x: Array, axis: int, out: Array) -> None:
        """Combine the elements of each window, by maximum or sum."""
        first, *others = self._elements(x, axis)
        if not others:
            self.xp.copyto(out, first)
        for element in others:
            combine(first, element, out=out)
            first = out

    def _apart(self, dx: Array, axis: int) -> bool:
        """Whether windows are apart, so that nothing adds up in dx; it becomes zero where not all will be written."""
        size, step, count = self.window[axis - 1], self.steps[axis - 1], self.output_shape[axis - 1]
        if step != size or size * count != dx.shape[axis]:
            dx.fill(0)
        return step >= size


class MaxPool2D(_Pool2D):
    """y = the largest number of each window. Its gradient goes to the place it came from, and nowhere else.

    Where several numbers of a window are the largest, the first in reading order gets the gradient, as a whole. To
    give each of them dy would count it more than once, and ties are common: an image's background is full of them.
    From x (n, height, width, channels) to y (n, rows, columns, channels).

    Derivation: `docs/derivations/pooling.md`, `pool-max` and `pool-backward`.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of a window.
    stride : int or (int, int), optional
        Steps from one window to the next; by default the size, so that windows do not overlap.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.MaxPool2D(2)], input_shape=(2, 2, 1))
    >>> net.forward(np.reshape([1.0, 5.0, 2.0, 5.0], (1, 2, 2, 1))).ravel().tolist()
    [5.0]
    >>> net.backward(np.full((1, 1, 1, 1), 10.0)).ravel().tolist()  # to the first of the two that are the largest
    [0.0, 10.0, 0.0, 0.0]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max over the window: over each of its rows, then over these."""
        self.x = x
        self.y = self.buffer("y", (len(x), *self.output_shape))
        for some in self._pieces(len(x)):
            rows = self._between("rows", len(x[some]))
            self._accumulate(self.xp.maximum, x[some], axis=2, out=rows)
            self._accumulate(self.xp.maximum, rows, axis=1, out=self.y[some])
        return self.y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy at the first row that has the maximum, there at the first place that has it; summed over windows."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", self.x.shape)
        for some in self._pieces(len(dx)):
            x, y = self.x[some], self.y[some]
            rows, drows = self._between("rows", len(x)), self._between("drows", len(x))
            self._accumulate(self.xp.maximum, x, axis=2, out=rows)  # again: faster than from memory
            self._to_the_first(dy[some], y, rows, axis=1, dx=drows)
            self._to_the_first(drows, rows, x, axis=2, dx=dx[some])
        return dx

    def _to_the_first(self, dy: Array, y: Array, x: Array, axis: int, dx: Array) -> None:
        """Hand dy to the first place of a window where x = y; what no other place got belongs to the last."""
        apart = self._apart(dx, axis)
        open_ = self.buffer("open", dy.shape, np.bool_)
        here = self.buffer("here", dy.shape, np.bool_)
        open_.fill(True)
        *targets, last = self._elements(dx, axis)
        for element, target in zip(self._elements(x, axis), targets, strict=False):
            self.xp.equal(element, y, out=here)
            self.xp.logical_and(here, open_, out=here)
            self.xp.logical_xor(open_, here, out=open_)
            self._hand(dy, here, target, apart)
        self._hand(dy, open_, last, apart)

    def _hand(self, dy: Array, mask: Array, target: Array, apart: bool) -> None:
        share = target if apart else self.buffer("share", dy.shape)
        self.xp.multiply(dy, mask, out=share)
        if not apart:
            target += share


class AveragePool2D(_Pool2D):
    """y = the mean of each window. Its gradient is shared out evenly.

    From x (n, height, width, channels) to y (n, rows, columns, channels). Derivation: `docs/derivations/pooling.md`,
    `pool-mean`.

    Parameters
    ----------
    size : int or (int, int), optional
        Height and width of a window.
    stride : int or (int, int), optional
        Steps from one window to the next; by default the size.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.AveragePool2D(2)], input_shape=(2, 2, 1))
    >>> net.forward(np.reshape([1.0, 5.0, 2.0, 4.0], (1, 2, 2, 1))).ravel().tolist()
    [3.0]
    >>> net.backward(np.full((1, 1, 1, 1), 10.0)).ravel().tolist()
    [2.5, 2.5, 2.5, 2.5]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = Σ over the window / number of its places."""
        y = self.buffer("y", (len(x), *self.output_shape))
        for some in self._pieces(len(x)):
            rows = self._between("rows", len(x[some]))
            self._accumulate(self.xp.add, x[some], axis=2, out=rows)
            self._accumulate(self.xp.add, rows, axis=1, out=y[some])
        self.xp.multiply(y, 1 / (self.window[0] * self.window[1]), out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy / number of places, summed over the windows that share a place."""
        if not input_gradient:
            return None
        dx, share = self.buffer("dx", (len(dy), *self.input_shape)), self.buffer("share", dy.shape)
        self.xp.multiply(dy, 1 / (self.window[0] * self.window[1]), out=share)
        for some in self._pieces(len(dy)):
            drows = self._between("drows", len(dy[some]))
            self._to_all(share[some], axis=1, dx=drows)
            self._to_all(drows, axis=2, dx=dx[some])
        return dx

    def _to_all(self, dy: Array, axis: int, dx: Array) -> None:
        apart = self._apart(dx, axis)
        for target in self._elements(dx, axis):
            if apart:
                self.xp.copyto(target, dy)
            else:
                target += dy


class GlobalAveragePool2D(Layer):
    """y = the mean of each channel over the whole image: (n, height, width, channels) becomes (n, channels).

    Derivation: `docs/derivations/pooling.md`, `pool-mean`.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.GlobalAveragePool2D()], input_shape=(2, 2, 3))
    >>> net.forward(np.arange(12).reshape(1, 2, 2, 3)).tolist()  # the first channel holds 0, 3, 6 and 9
    [[4.5, 5.5, 6.5]]
    """

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
