"""Rows on their way to a device while it still works on those before: copies and computing overlap."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.backend import Array


@dataclass
class Slot:
    """One of two places for rows: page-locked memory on the host, from which a device can copy by itself, and there."""

    host: np.ndarray = field(default_factory=lambda: np.empty(0, np.uint8))
    there: Array = None
    rows: Array = None
    sent: Any = None
    used: Any = None


class Feeder:
    """Sends one piece of rows after the other, each while the one before is worked on.

    Two places take turns. The copying stream waits with a place until what was computed from it is done, and computing
    waits until a copy is complete; the host waits for neither, but before it writes over what is still being copied.

    Parameters
    ----------
    cupy : module
    """

    def __init__(self, cupy: Any) -> None:
        self._cupy = cupy
        self._stream = cupy.cuda.Stream(non_blocking=True)
        self._slots = [Slot(), Slot()]
        self._turn = 0

    def send(self, rows: np.ndarray) -> Slot:
        """Begin to copy rows; they are ready when `receive` returns them."""
        slot, self._turn = self._slots[self._turn], 1 - self._turn
        rows = np.asarray(rows)
        if slot.sent is not None:
            slot.sent.synchronize()
        if slot.host.nbytes < rows.nbytes:
            self._enlarge(slot, rows.nbytes)
        flat = slot.host[: rows.nbytes].view(rows.dtype)
        np.copyto(flat.reshape(rows.shape), rows)
        slot.rows = slot.there[: rows.nbytes].view(rows.dtype).reshape(rows.shape)
        if slot.used is not None:
            self._stream.wait_event(slot.used)
        slot.rows.set(flat.reshape(rows.shape), stream=self._stream)
        slot.sent = self._stream.record()
        return slot

    def receive(self, slot: Slot) -> Array:
        """Return rows that were sent; what is computed from now on waits until they are there."""
        self._cupy.cuda.get_current_stream().wait_event(slot.sent)
        return slot.rows

    def release(self, slot: Slot) -> None:
        """Say that everything that reads these rows has been launched."""
        slot.used = self._cupy.cuda.get_current_stream().record()

    def _enlarge(self, slot: Slot, nbytes: int) -> None:
        if slot.used is not None:
            slot.used.synchronize()
        locked = self._cupy.cuda.alloc_pinned_memory(nbytes)
        slot.host = np.frombuffer(locked, np.uint8, nbytes)
        slot.there = self._cupy.empty(nbytes, dtype=np.uint8)
