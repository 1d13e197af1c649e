"""Checks of rows, labels and settings, before anything is computed with them."""

import math
from numbers import Real
from typing import Any

import numpy as np

from tinynn.backend import CPU, array_module, backend_of
from tinynn.cache import rows_at_a_time


def as_rows(x: Any) -> Any:
    """Return x as an array of numbers with at least two axes, rows first; what is an array stays as it is.

    Messages carry the words that scikit-learn's tools look for.
    """
    if hasattr(x, "toarray"):
        raise TypeError("sparse matrices are not supported; pass x.toarray(), if memory allows")
    if backend_of(x) is CPU:
        x = np.asanyarray(x)
    if x.dtype.kind == "O":
        x = x.astype(np.float64)
    if x.dtype.kind == "c":
        raise ValueError(f"Complex data not supported: x is {x.dtype}")
    if x.dtype.kind not in "fiub":
        raise ValueError(f"x must hold numbers, not {x.dtype}")
    if x.ndim < 2:
        raise ValueError(
            f"x must have one row an example, (n, features), but has shape {x.shape}. Reshape your data: "
            "x.reshape(1, -1) makes one row of it"
        )
    if x.size == 0:
        what = "sample(s)" if len(x) == 0 else "feature(s)"
        raise ValueError(f"x is empty: 0 {what} (shape={x.shape}) while a minimum of 1 is required.")
    return x


def check_rows(x: Any, input_shape: tuple[int, ...]) -> Any:
    """Return x as an array of rows, or raise a ValueError that says what is wrong with it."""
    x = as_rows(x)
    if x.ndim != len(input_shape) + 1 or x.shape[1:] != tuple(input_shape):
        expected = ", ".join(map(str, ("n", *input_shape)))
        raise ValueError(f"x must have shape ({expected}), one row an example, but has shape {x.shape}")
    if x.dtype.kind == "f":
        _check_finite(x)
    return x


def _check_finite(x: Any) -> None:
    """Raise a ValueError unless all rows are finite; a part at a time, for x may be on disk and larger than memory."""
    xp = array_module(x)
    size = rows_at_a_time(xp, math.prod(x.shape[1:]))
    for start in range(0, len(x), size):
        part = x[start : start + size]
        finite = xp.isfinite(part).reshape(len(part), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"x holds NaN or infinite values, first in row {start + int((~finite).argmax())}; "
                "fill or drop them before training"
            )


def check_weights(weights: Any, n: int) -> np.ndarray:
    """Return weights of n rows, at least 0 and not all of them 0, or raise a ValueError."""
    weights = np.asarray(weights)
    if weights.shape != (n,) or weights.dtype.kind not in "fiub":
        raise ValueError(
            f"weights must be one number a row of x, shape ({n},), and are {weights.dtype} of shape {weights.shape}"
        )
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.any()):
        raise ValueError("weights must be finite, at least 0, and not all of them 0")
    return weights


def check_classes(y: Any, n: int) -> np.ndarray:
    """Return y as n class labels of any kind, or raise a ValueError."""
    if y is None:
        raise ValueError("a classifier requires y to be passed, but the target y is None")
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have one label a row of x, shape ({n},), but has shape {y.shape}")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError("y contains NaN or infinity")
    if y.dtype.kind == "f" and (y != np.round(y)).any():
        raise ValueError("Unknown label type: continuous values; a classifier takes classes")
    return y


def check_labels(y: Any, n: int, classes: int) -> np.ndarray:
    """Return y as n whole numbers from 0 to classes − 1, or raise a ValueError that says which is not."""
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label a row of x, but has shape {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(
            f"labels must be whole numbers, not {y.dtype}; y.astype(int) makes them so, and nn.Classifier takes names"
        )
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
        hint = ""
        if y.shape == shape[:1] and shape[1:] == (1,):
            hint = "; y[:, None] makes a column of them"
        if y.shape == (*shape[:1], 1):
            hint = "; labels go without the second axis, y.ravel()"
        raise ValueError(
            f"targets must have the shape of the outputs, {shape}, but have shape {y.shape}{hint}"
        )
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
    if not _is_number(value) or not (math.isfinite(value) and value > 0):
        raise ValueError(f"{name} must be a positive number, not {value!r}")
    return float(value)


def share(name: str, value: float) -> float:
    """Return a setting that must be at least 0 and below 1."""
    if not _is_number(value) or not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, not {value!r}")
    return float(value)


def whole(name: str, value: int) -> int:
    """Return a setting that must be a whole number of at least 1."""
    if not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be at least 1, and a whole number, not {value!r}")
    return int(value)


def check_seed(seed: int) -> int:
    """Return a seed, which must be a whole number of at least 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number of at least 0, not {seed!r}")
    return int(seed)


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
