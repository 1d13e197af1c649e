"""How time is measured: on a GPU by events, which pass when the work before them is done; else by the clock."""

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median
from typing import Any, Protocol


class Clock(Protocol):
    """Marks points of time, and says how many seconds lie between two."""

    def mark(self) -> Any:
        """Return a point of time: when all that has been launched so far is done."""
        ...

    def between(self, start: Any, end: Any) -> float:
        """Return seconds; waits for the end."""
        ...


class HostClock:
    """The processor's clock."""

    def mark(self) -> float:
        return time.perf_counter()

    def between(self, start: float, end: float) -> float:
        return end - start


class EventClock:
    """Events on the current stream, of CuPy or of PyTorch.

    Parameters
    ----------
    make : function
        Returns a new event that keeps its time.
    elapsed : function
        Returns the milliseconds between two events.
    """

    def __init__(self, make: Callable[[], Any], elapsed: Callable[[Any, Any], float]) -> None:
        self._make, self._elapsed = make, elapsed

    def mark(self) -> Any:
        event = self._make()
        event.record()
        return event

    def between(self, start: Any, end: Any) -> float:
        end.synchronize()
        return self._elapsed(start, end) / 1000


def medians(clock: Clock, work: Callable[[], Any], repeats: int, warm: int = 2) -> dict[str, Any]:
    """Do the work a few times to warm up, then measured; return the median and all times in seconds."""
    for _ in range(warm):
        work()
    marks = [clock.mark()]
    for _ in range(repeats):
        work()
        marks.append(clock.mark())
    return of_marks(clock, marks)


def of_marks(clock: Clock, marks: list[Any]) -> dict[str, Any]:
    """Return the median and all times from mark to mark, in seconds."""
    times = [clock.between(start, end) for start, end in pairwise(marks)]
    return {"seconds": median(times), "times": times}
