"""Checks of rows, labels and settings, before anything is computed with them."""

import math
from typing import Any

import numpy as np


def check_rows(x: Any, input_shape: tuple[int, ...]) -> np.ndarray:
    """Return x as an array of rows, or raise a ValueError that says what is wrong with it."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if x.ndim != len(input_shape) + 1 or x.shape[1:] != tuple(input_shape):
        expected = ", ".join(map(str, ("n", *input_shape)))
        raise ValueError(f"x must have shape ({expected}), one row an example, but has shape {x.shape}")
    if len(x) == 0:
        raise ValueError("x has no rows")
    if x.dtype.kind not in "fiub":
        raise ValueError(f"x must hold numbers, not {x.dtype}")
    if x.dtype.kind == "f":
        finite = (x - x == 0).reshape(len(x), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"x holds NaN or infinite values, first in row {int((~finite).argmax())}; "
                "fill or drop them before training"
            )
    return x


def check_labels(y: Any, n: int, classes: int) -> np.ndarray:
    """Return y as n whole numbers from 0 to classes − 1, or raise a ValueError that says which is not."""
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label a row of x, but has shape {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers, not {y.dtype}")
    wrong = (y < 0) | (y >= classes)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"label {y[first]} in row {first} is outside 0 to {classes - 1}: the network has {classes} outputs"
        )
    return y.astype(np.int64, copy=False)


def check_values(y: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return targets of this shape, finite numbers, or raise a ValueError."""
    y = np.asarray(y)
    if y.shape != shape:
        raise ValueError(f"targets must have the shape of the outputs, {shape}, but have shape {y.shape}")
    if y.dtype.kind not in "fiub" or not np.isfinite(y).all():
        raise ValueError(
            f"targets must be finite numbers, and these are {y.dtype} with NaN, infinity or no numbers"
        )
    return y


def check_distributions(y: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return targets whose rows are probabilities of this many classes, or raise a ValueError."""
    y = check_values(y, shape)
    wrong = (y < 0).any(axis=1) | (np.abs(y.sum(axis=1) - 1) > 1e-3)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"row {first} of the targets, {y[first]}, is no distribution: it must be ≥ 0 and sum to one"
        )
    return y


def positive(name: str, value: float) -> float:
    """Return a setting that must be a finite number above zero."""
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number, not {value!r}")
    return float(value)


def share(name: str, value: float) -> float:
    """Return a setting that must be at least 0 and below 1."""
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value!r}")
    return float(value)
