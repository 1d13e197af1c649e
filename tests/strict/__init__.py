"""A strict stand-in for CuPy, to be used as ``xp`` in tests on machines without a GPU.

It computes with NumPy and is a device in everything else: it refuses what CuPy refuses and a few things that
CuPy lets pass at a price (host arrays as indices, NumPy functions on device arrays, scalars that promote
float32), fills ``empty`` with NaN, and keeps the books.

>>> from tests import strict as xp
>>> x = xp.asarray([1.0, 2.0])
>>> with xp.count() as counts:
...     y = xp.exp(x) + 1.0
>>> counts.launches, counts.allocations, counts.synchronisations
(2, 2, 0)
>>> with xp.forbid("synchronisations"):
...     float(y[0])
Traceback (most recent call last):
    ...
tests.strict.counts.ForbiddenError: synchronisations are forbidden in this block: float() at ...

It cannot see races between threads of a kernel (writes through overlapping windows), CuPy's own rounding, the
order of ties in sorts, dtypes that single functions of CuPy lack, or how many kernels and temporaries one
composite call takes: each call counts as one launch. Indices out of range raise here; CuPy wraps them.

`tests.strict.fused` is the same device with the kernels of `tinynn.kernels`.
"""

from typing import Any

from . import indexing, lib, linalg, methods
from .counts import Counts, ForbiddenError, count, forbid
from .device_array import ndarray
from .doors import (
    array,
    asanyarray,
    asarray,
    ascontiguousarray,
    asfortranarray,
    asnumpy,
    empty,
    empty_like,
)
from .functions import function

__all__ = [
    "Counts",
    "ForbiddenError",
    "array",
    "asanyarray",
    "asarray",
    "ascontiguousarray",
    "asfortranarray",
    "asnumpy",
    "count",
    "empty",
    "empty_like",
    "forbid",
    "indexing",
    "lib",
    "linalg",
    "methods",
    "ndarray",
]


def __getattr__(name: str) -> Any:
    """Every other name: whatever CuPy and NumPy both have."""
    return function(name)
