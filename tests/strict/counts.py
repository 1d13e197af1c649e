"""What a piece of code costs on a device: launches, allocations, copies, synchronisations, transfers."""

import collections
import contextlib
import functools
import pathlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

KINDS = ("launches", "allocations", "copies", "synchronisations", "transfers")
HERE = pathlib.Path(__file__).parent


class ForbiddenError(RuntimeError):
    """An operation cost something that the surrounding ``forbid`` had ruled out."""


@dataclass
class Counts:
    """The costs of one ``with count() as counts`` block.

    A launch is a kernel or a device-side copy, an allocation a new device buffer (``bytes`` their sum), a
    synchronisation a wait of the host for the device, a transfer a copy from host to device. ``copies`` are
    temporaries that CuPy makes by itself; each is a launch too, and an allocation where a better ``out``
    avoids it. ``places`` tells where: its keys read ``allocations: multiply at dense.py:41``.
    """

    launches: int = 0
    allocations: int = 0
    copies: int = 0
    synchronisations: int = 0
    transfers: int = 0
    bytes: int = 0
    places: collections.Counter[str] = field(default_factory=collections.Counter, repr=False, compare=False)

    def __str__(self) -> str:
        lines = [", ".join(f"{getattr(self, kind)} {kind}" for kind in KINDS) + f", {self.bytes} bytes"]
        return "\n".join(lines + [f"  {times} x {place}" for place, times in self.places.most_common()])


# Plain lists and not context variables: the work that a block hands to threads counts as the block's.
_counting: list[Counts] = []
_forbidding: list[frozenset[str]] = []
_lock = threading.Lock()


@contextlib.contextmanager
def count() -> Iterator[Counts]:
    """Count what the block costs."""
    counts = Counts()
    _counting.append(counts)
    try:
        yield counts
    finally:
        _counting[:] = [other for other in _counting if other is not counts]


@contextlib.contextmanager
def forbid(*kinds: str) -> Iterator[None]:
    """Refuse, in the block, every operation that costs one of these: see ``KINDS`` for the names."""
    if unknown := sorted(set(kinds) - set(KINDS)):
        raise ValueError(f"forbid({', '.join(unknown)}): a cost is one of {', '.join(KINDS)}")
    if not kinds:
        raise ValueError(f"forbid() of nothing: name one or more of {', '.join(KINDS)}")
    _forbidding.append(frozenset(kinds))
    try:
        yield
    finally:
        _forbidding.remove(frozenset(kinds))


def charge(operation: str, *, nbytes: int = 0, **costs: int) -> None:
    """Book the costs of an operation, or refuse it where one of them is forbidden."""
    costs = {kind: amount for kind, amount in costs.items() if amount}
    if not costs or not (_counting or _forbidding):
        return
    place = f"{operation} at {_caller()}"
    for kinds in list(_forbidding):
        for kind in costs:
            if kind in kinds:
                raise ForbiddenError(f"{kind} are forbidden in this block: {place}")
    with _lock:
        for counts in _counting:
            counts.bytes += nbytes
            for kind, amount in costs.items():
                setattr(counts, kind, getattr(counts, kind) + amount)
                counts.places[f"{kind}: {place}"] += amount


def _caller() -> str:
    """File and line of the code under test: the first frame outside the stand-in."""
    frame = sys._getframe(1)
    while frame.f_back is not None and _is_device_code(frame.f_code.co_filename):
        frame = frame.f_back
    return f"{pathlib.Path(frame.f_code.co_filename).name}:{frame.f_lineno}"


@functools.cache
def _is_device_code(filename: str) -> bool:
    path = pathlib.Path(filename)
    return path.parent == HERE and not path.name.startswith("test_")
