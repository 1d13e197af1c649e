"""The matrix products of a work alone: what remains if everything else took no time."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np

Shape = tuple[int, int, int]
"""A product (m, k) @ (k, n), as (m, k, n)."""


def product(m: int, k: int, n: int) -> Callable[[], object]:
    """Return a function that multiplies two random arrays of these shapes into a third."""
    rng = np.random.default_rng(0)
    a, b = rng.random((m, k), dtype=np.float32), rng.random((k, n), dtype=np.float32)
    out = np.empty((m, n), dtype=np.float32)
    return lambda: np.matmul(a, b, out=out)


def transposed(m: int, k: int, n: int, which: str) -> Callable[[], object]:
    """Return the same with the first or the second factor stored transposed, as backward passes have it."""
    rng = np.random.default_rng(0)
    a, b = rng.random((m, k), dtype=np.float32), rng.random((k, n), dtype=np.float32)
    a, b = (np.ascontiguousarray(a.T).T, b) if which == "first" else (a, np.ascontiguousarray(b.T).T)
    out = np.empty((m, n), dtype=np.float32)
    return lambda: np.matmul(a, b, out=out)


def chain(n: int, widths: list[int], training: bool) -> list[Callable[[], object]]:
    """Return the products of a pass of n rows through Dense layers; in training also those of the way back."""
    steps = list(pairwise(widths))
    found = [product(n, k, units) for k, units in steps]
    if training:
        found += [transposed(k, n, units, "first") for k, units in steps]  # dW = xᵀ dy
        found += [transposed(n, units, k, "second") for k, units in steps[1:]]  # dx = dy Wᵀ
    return found


def run(products: list[Callable[[], object]], times: int = 1) -> Callable[[], None]:
    """Return a function that does all products so many times."""

    def go() -> None:
        for _ in range(times):
            for each in products:
                each()

    return go
