"""Rows in chunks: what one thread works on at a time, in arrays that it keeps."""

from collections.abc import Iterator
from typing import Any

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.layers.base import Layer
from tinynn.network import Sequential


class Worker(Buffered):
    """Layers that one thread goes through a chunk with, and arrays that it keeps."""

    def __init__(self, net: Sequential, layers: list[Layer]) -> None:
        self.net, self.layers = net, layers
        self.xp, self.dtype = net.backend.xp, net.dtype

    def read(self, x: Any, rows: slice) -> Array:
        """Bring rows of x to the network's device and dtype, as its `to_input` does, into a kept array."""
        return self.converted(self.net.backend.asarray(x[rows]))

    def converted(self, x: Array) -> Array:
        """Return rows on the network's device in its dtype."""
        if x.dtype == self.dtype or x.shape[1:] != self.net.input_shape:
            return self.net.to_input(x)
        floats = self.buffer("floats", x.shape)
        self.net.backend.to_floats(x, floats)
        return floats

    def parts(self, x: Any, rows: slice, size: int) -> Iterator[tuple[slice, Array]]:
        """Go through rows in smaller pieces, each in its place within them."""
        x = x[rows]
        for some in pieces(rows.stop - rows.start, size):
            yield some, self.read(x, some)

    def launched(self) -> None:
        """Hear that whatever reads this chunk's rows is under way: a device may be sent the next ones."""


def pieces(n: int, size: int) -> list[slice]:
    """Divide n rows into pieces of a size; the last may be smaller.

    Examples
    --------
    >>> pieces(5, 2)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    return [slice(start, min(start + size, n)) for start in range(0, n, size)]
