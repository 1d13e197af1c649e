"""The check that stands before every measure: whether these are probabilities, and if not, what they may be."""

import math
from types import ModuleType

import numpy as np

from tinynn.backend import Array, array_module

SUM_TOLERANCE = 1e-3  # what float16, or three printed decimals, may do to the sum of a row
NEGATIVE_TOLERANCE = 1e-6  # 1 - (sum of the others) in float32 may end this far below zero

ROWS = ("rows", "classes")
SAMPLES = ("samples", "rows", "classes")


def check_probabilities(p: Array, axes: tuple[str, ...] = ROWS) -> tuple[ModuleType, Array]:
    """Return the array library of `p`, and `p` as floating-point numbers that are probabilities.

    Parameters
    ----------
    p : array (n, K) or (T, n, K)
        Class probabilities, classes last. Never written to; returned without a copy where possible.
    axes : tuple of str
        What the axes of `p` should be: `ROWS` or `SAMPLES`.

    Raises
    ------
    ValueError
        For other axes, an empty one, fewer than two classes, NaN or infinity, a row whose sum is more than
        1e-3 from one, or a value below −1e-6 (from there up to zero it is rounding, and becomes zero).
    TypeError
        For what is not real numbers.

    Examples
    --------
    >>> check_probabilities([[0.5, 0.5], [2.0, -1.0]])
    Traceback (most recent call last):
    ValueError: row 1 is no probability distribution: it holds -1. Are these logits ... (1 of 2 rows fail)
    """
    xp = array_module(p)
    p = xp.asarray(p)
    if p.dtype.kind not in "fbiu":
        raise TypeError(f"probabilities are real numbers, not {p.dtype}")
    if p.dtype.kind != "f":
        p = p.astype("float64")
    elif p.dtype.itemsize < 4:
        p = p.astype("float32")
    _check_shape(p.shape, axes)
    with np.errstate(all="ignore"):  # infinite and huge values get the error below, not a warning here
        # For ten classes four times as fast as p.sum(axis=-1), and unlike p @ ones it waits for no BLAS thread.
        sums = xp.einsum("...k->...", p)
        # Both numbers in one array: on a GPU the time goes into the number of reads.
        lowest, deviation = xp.stack([p.min(), xp.abs(sums - 1.0).max()]).tolist()
        if not (lowest >= -NEGATIVE_TOLERANCE and deviation <= SUM_TOLERANCE):
            raise ValueError(_diagnose(xp, p, sums, axes))
    return xp, xp.maximum(p, 0.0) if lowest < 0 else p


def _check_shape(shape: tuple[int, ...], axes: tuple[str, ...]) -> None:
    given = f"expected axes ({', '.join(axes)}), got the shape {shape}"
    if len(shape) != len(axes):
        hints = {
            (1, 2): "a single row is p[None]",
            (3, 2): "average the samples first, samples.mean(axis=0)",
            (2, 3): "one prediction has nothing to disagree with; stack several along a new first axis",
        }
        raise ValueError(f"{given}: {hints.get((len(shape), len(axes)), 'bring the axes into that order')}")
    if 0 in shape:
        raise ValueError(f"{given}: there is nothing to score")
    if shape[-1] < 2:
        raise ValueError(f"{given}, one class only: of two classes give both columns, (1 - p, p)")


def _diagnose(xp: ModuleType, p: Array, sums: Array, axes: tuple[str, ...]) -> str:
    """Say which row is no distribution, and why that may be. It runs once, before the error: no hurry."""
    good = (xp.abs(sums - 1.0) <= SUM_TOLERANCE) & (p.min(axis=-1) >= -NEGATIVE_TOLERANCE)
    bad = ~good.reshape(-1)
    first = int(bad.argmax())
    row = p.reshape(-1, p.shape[-1])[first].tolist()
    place = f"row {first}" if axes == ROWS else "sample {}, row {}".format(*divmod(first, p.shape[1]))
    sum_to_one = [a for a in range(p.ndim - 1) if float(xp.abs(p.sum(axis=a) - 1.0).max()) <= SUM_TOLERANCE]
    if not all(math.isfinite(value) for value in row):
        cause = "it holds NaN or infinity. Has the training diverged, or a logarithm of zero been taken?"
    elif min(row) < -NEGATIVE_TOLERANCE:
        cause = f"it holds {min(row):.6g}. Are these logits (take the softmax) or log-probabilities (exp)?"
    elif sum_to_one:
        cause = (
            f"it sums to {sum(row):.6g}, but axis {sum_to_one[0]} sums to one: are the axes swapped? "
            f"Expected ({', '.join(axes)}); np.moveaxis(p, {sum_to_one[0]}, -1) puts that axis last"
        )
    else:
        cause = (
            f"it sums to {sum(row):.6g}. Are these logits (take the softmax) or counts (divide by the sum)?"
        )
    return f"{place} is no probability distribution: {cause} ({int(bad.sum())} of {bad.size} rows fail)"
