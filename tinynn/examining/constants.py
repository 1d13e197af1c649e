"""Arrays that are given and not learned: masks, statistics, encodings, and what an object does not list as learned."""

import inspect
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError, call, required
from tinynn.examining.places import DEPTH, Path, items, read, title

STATISTICS = ("running", "moving")  # remembered, not learned
CONSTANTS = (
    *(
        "mask",
        "mean",
        "means",
        "mu",
        "std",
        "stddev",
        "var",
        "variance",
        "avg",
        "average",
        "stats",
        "statistics",
    ),
    *(
        "fixed",
        "frozen",
        "const",
        "constant",
        "constants",
        "eps",
        "epsilon",
        "temperature",
        "noise",
        "buffer",
    ),
    *("pe", "pos", "position", "positions", "positional"),
)  # words that name what is given and not learned
DECLARED = ("params", "parameters", "trainable", "trainable_weights", "learnable")


def is_constant(part: Any, path: Path, arrays: list[Any]) -> bool:
    """Whether an array is not there to be learned: by its name, or since the object says what is learned.

    A number in an array of no axes is treated as a number is: it may be a constant.
    """
    value = read(part, path)
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", str(path[-1])).lower())
    if not value.ndim or any(word in CONSTANTS for word in words):
        return True
    if any(word in title(path).lower() for word in STATISTICS):
        return True
    learned = _declared(part)
    known = any(array is other for array in learned for other in arrays)  # not copies of them
    return known and not any(value is array for array in learned)


def _declared(part: Any) -> list[np.ndarray]:
    """Return the arrays that an object itself lists as its parameters, in an attribute or by a method."""
    for name in DECLARED:
        listed = getattr(part, name, None)
        if inspect.ismethod(listed):
            with suppress(UnusableError, TypeError):
                listed = call(name, listed) if not required(listed) else None
        if not isinstance(listed, dict | list | tuple):
            continue
        arrays = [array for _, array in _within(listed)]
        if arrays:
            return arrays
    return []


def _within(value: Any, depth: int = 0) -> Iterator[tuple[Any, np.ndarray]]:
    """Go through the arrays in a container and in the records that it holds."""
    for key, item in (items(value) or []) if depth < DEPTH else []:
        if isinstance(item, np.ndarray):
            yield key, item
        else:
            yield from _within(item, depth + 1)
