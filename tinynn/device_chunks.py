"""Scoring on a device, a chunk at a time: the next rows travel meanwhile, and a chunk that is too large is halved."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import numpy as np

from tinynn import device_memory
from tinynn.backend import Array
from tinynn.chunks import Worker, pieces
from tinynn.layers.chain import walk
from tinynn.network import Sequential

Answer = TypeVar("Answer")


class DeviceWorker(Worker):
    """Goes through the chunks in order, and knows which rows come next."""

    def __init__(self, net: Sequential) -> None:
        super().__init__(net, net.layers)
        backend: Any = net.backend
        self.feeder = backend.feeder()
        self.next: slice | None = None
        self.forget()

    def forget(self) -> None:
        """Drop rows that are on their way, and all kept arrays."""
        self.rows_here: slice | None = None
        self.coming: tuple[slice, Any] | None = None
        self.slot: Any = None
        self.source: Any = None
        self.drop_buffers()

    def read(self, x: Any, rows: slice) -> Array:
        """Return rows of x on the device; those that were sent ahead are there already."""
        if self.feeder is None or not isinstance(x, np.ndarray):
            return super().read(x, rows)
        if self.coming is None or self.coming[0] != rows:
            self.coming = rows, self.feeder.send(x[rows])
        (_, self.slot), self.coming, self.source = self.coming, None, x
        return self.converted(self.feeder.receive(self.slot))

    def parts(self, x: Any, rows: slice, size: int) -> Iterator[tuple[slice, Array]]:
        """Go through rows in smaller pieces; they are brought over together."""
        there = self.read(x, rows)
        for some in pieces(len(there), size):
            yield some, there[some]

    def launched(self) -> None:
        """Send the next rows: whatever reads those of this chunk has been launched."""
        if self.slot is not None:
            self.feeder.release(self.slot)
            self.slot = None
            if self.next is not None:
                self.coming = self.next, self.feeder.send(self.source[self.next])


def each_chunk(net: Sequential, n: int, size: int, work: Callable[[Worker, slice], Answer]) -> list[Answer]:
    """Do some work with each chunk of n rows, and return the answers in order.

    Raises
    ------
    MemoryError
        Where the device has no room for a single row.
    """
    worker, answers, start = DeviceWorker(net), [], 0
    while start < n:
        rows = slice(start, min(start + size, n))
        worker.next = slice(rows.stop, min(rows.stop + size, n)) if rows.stop < n else None
        problem = ""
        try:
            answers.append(work(worker, rows))
        except MemoryError as error:
            problem = str(error)
        if not problem:
            start = rows.stop
            continue
        # Only here, where the error has gone, is nothing left that holds on to the arrays.
        worker.forget()
        for layer in walk(net.layers):
            layer.drop_buffers()
        length = rows.stop - rows.start
        if length == 1:
            raise MemoryError(device_memory.not_even_one(net, problem))
        size = length // 2
    return answers
