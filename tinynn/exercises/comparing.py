"""Compare what came with what should have come, and name the first place where they differ, with both values."""

from typing import Any

import numpy as np

TOLERANCE = 1e-6
"""How far a number may be off, relative to the largest one that should come: an ε of 1e-8 somewhere passes."""

MISSING = object()
"""Stands for an attribute that code should have set and has not."""


def same(got: Any, want: Any) -> bool:
    """Whether two values have the same shape and the same numbers, up to rounding; NaN equals NaN here.

    Examples
    --------
    >>> same([1, 2.0000001], np.array([1.0, 2.0])), same([1.0, 2.0], [[1.0, 2.0]]), same("one", 1.0)
    (True, False, False)
    """
    a, b = numbers(got), numbers(want)
    return a is not None and b is not None and a.shape == b.shape and not _wrong(a, b).any()


def difference(name: str, got: Any, want: Any) -> str | None:
    """Say in a sentence how a value differs from the right one; None if it does not.

    Parameters
    ----------
    name : str
        What the value is called.
    got, want : array, list or number
        `want` holds finite numbers. Whole numbers are compared exactly.

    Examples
    --------
    >>> difference("y", [[1.0, 2.0], [3.0, 5.0]], np.array([[1.0, 2.0], [3.0, 4.0]]))
    'y[1, 1] is 5 and should be 4 (the only wrong number, of 4)'
    >>> difference("y", None, np.ones(3))
    'y is None: is a return missing?'
    >>> difference("y", np.ones((3, 1)), np.ones(3))
    'y has shape (3, 1) and should have (3,)'
    """
    if got is MISSING:
        return f"{name} is missing: it was not stored as self.{name}"
    if got is None:
        return f"{name} is None: is a return missing?"
    a, b = numbers(got), np.asarray(want)
    if a is None:
        return f"{name} is no array of numbers but {_kind(got)}"
    if a.shape != b.shape:
        shape = f"shape {a.shape}" if a.ndim else "no axes, it is one number,"
        return f"{name} has {shape} and should have {b.shape if b.ndim else 'none: one number'}"
    if b.dtype.kind in "iu" and a.dtype.kind not in "iub":
        return f"{name} holds {a.dtype.name} and should hold whole numbers"
    wrong = _wrong(a, b)
    if not wrong.any():
        return None
    where = tuple(int(i) for i in np.argwhere(wrong)[0])
    index = f"[{', '.join(map(str, where))}]" if where else ""
    place = f"{name} at {index}" if index and " " in name else f"{name}{index}"
    text = f"{place} is {number(a[where])} and should be {number(b[where])}"
    many = int(wrong.sum())
    if b.size > 1:
        which = "the only wrong number" if many == 1 else f"the first of {many} wrong numbers"
        text += f" ({which}, of {b.size})"
    return text


def numbers(value: Any) -> np.ndarray | None:
    """Return a value as an array of real numbers, or None if it is none."""
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return None
    return array if array.dtype.kind in "iufb" else None


def number(value: Any) -> str:
    """Write a number with as many digits as help to tell it from another one.

    Examples
    --------
    >>> number(np.float64(-0.031415926)), number(np.int64(7)), number(np.nan)
    ('-0.0314159', '7', 'nan')
    """
    return str(value) if np.asarray(value).dtype.kind in "iub" else f"{float(value):.6g}"


def described(trial: dict[str, Any]) -> str:
    """Write what was given: small arrays in full, so that it can be tried again by hand, others by their shape.

    Examples
    --------
    >>> described({"p": np.array([[0.5, 0.5]]), "n": 3, "x": np.zeros((4, 5))})
    'p = [[0.5, 0.5]], n = 3, x of shape (4, 5)'
    """
    texts = []
    for name, value in trial.items():
        if isinstance(value, np.ndarray) and value.size > 12:
            texts.append(f"{name} of shape {value.shape}")
        elif isinstance(value, np.ndarray):
            texts.append(f"{name} = {np.round(value, 3).tolist()}")
        elif isinstance(value, int | float | bool | list | tuple):
            texts.append(f"{name} = {value}")
    return ", ".join(texts)


def _wrong(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    if want.dtype.kind in "iub":
        return np.asarray(got != want)
    finite = want[np.isfinite(want)]
    size = float(np.abs(finite).max(initial=0)) or 1.0
    with np.errstate(invalid="ignore"):
        near = np.abs(got - want) <= TOLERANCE * size
    return ~(near | (got == want) | (np.isnan(got) & np.isnan(want)))


def _kind(value: Any) -> str:
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}: return one thing"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype.name}"
    return f"a {type(value).__name__}"
