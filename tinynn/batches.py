"""Shuffled batches: rows gathered on the network's device, converted as they are needed."""

from collections.abc import Iterator

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.network import Sequential


class Batches(Buffered):
    """The data on the network's device, handed out batch by batch."""

    def __init__(self, net: Sequential, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self.backend, self.xp, self.dtype = net.backend, net.backend.xp, net.dtype
        self.x, self.y = net.backend.asarray(x), net.backend.asarray(y)
        self.batch_size = batch_size
        self.per_epoch = -(-len(x) // batch_size)

    def epoch(self, order: np.ndarray, count: int) -> Iterator[tuple[Array, Array]]:
        """Yield the first `count` batches of the rows in this order."""
        order = self.backend.asarray(order)
        for i in range(count):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            labels = self.buffer("labels", (len(rows), *self.y.shape[1:]), self.y.dtype)
            self.backend.gather(self.y, rows, labels)
            shape = (len(rows), *self.x.shape[1:])
            raw = self.buffer("raw", shape, self.x.dtype)
            self.backend.gather(self.x, rows, raw)
            if raw.dtype == self.dtype:
                yield raw, labels
            else:
                batch = self.buffer("batch", shape)
                self.backend.to_floats(raw, batch)
                yield batch, labels

    def sizes(self, count: int) -> np.ndarray:
        """Return how many rows each of the first `count` batches has."""
        starts = np.arange(count) * self.batch_size
        return np.minimum(self.batch_size, len(self.x) - starts)
