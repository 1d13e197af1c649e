"""What a softmax cross-entropy compares with: labels or distributions, weighted and smoothed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.checks import check_labels


def weighted_targets(
    buffers: Buffered,
    targets: Array,
    classes: int,
    *,
    weights: Array | None = None,
    class_weights: Sequence[float] | None = None,
    smoothing: float = 0.0,
) -> Array:
    """Return −w c ((1 − s) t + s / K) / Σ w c t, of shape (K, n): times ln p and summed, it is the loss.

    Parameters
    ----------
    buffers : Buffered
        Whose library, precision and memory to use.
    targets : int array (n,) or array (n, K)
        Labels, or distributions t.
    classes : int
        K.
    weights : array (n,), optional
        w, one a row.
    class_weights : sequence of K floats, optional
        c, one a class.
    smoothing : float, optional
        s.
    """
    xp, n = buffers.xp, len(targets)
    t = buffers.buffer("t", (classes, n))
    if targets.ndim == 1:
        numbers = buffers.kept(
            f"numbers of {classes} classes", lambda: xp.arange(classes).reshape(classes, 1)
        )
        xp.equal(numbers, targets, out=t)
    else:
        xp.copyto(t, targets.T)
    if weights is None and class_weights is None and not smoothing:
        return xp.multiply(t, -1 / n, out=t)

    factors = []
    if class_weights is not None:
        if len(class_weights) != classes:
            raise ValueError(f"there are {len(class_weights)} class weights for {classes} classes")
        column = [[weight] for weight in class_weights]
        factors.append(buffers.kept("class weights", lambda: xp.asarray(column, dtype=buffers.dtype)))
    if weights is not None:
        if weights.shape != (n,):
            raise ValueError(f"{n} rows need weights of shape ({n},), not {weights.shape}")
        factors.append(weights)
    # Smoothing spreads s / K over all classes; the weights count for that share as for the rest.
    spread = buffers.buffer("spread", (classes, n))
    spread.fill(smoothing / classes)
    for factor in factors:
        xp.multiply(t, factor, out=t)
        xp.multiply(spread, factor, out=spread)
    divisor: Array | int = n
    if factors:
        divisor = xp.sum(t, out=buffers.buffer("divisor", ()))
        # Where all rows of a batch weigh nothing, neither does its loss.
        xp.maximum(divisor, xp.finfo(t.dtype).tiny, out=divisor)
    xp.multiply(t, 1 - smoothing, out=t)
    xp.add(t, spread, out=t)
    xp.divide(t, divisor, out=t)
    return xp.negative(t, out=t)


def balanced_weights(labels: Any, classes: int) -> list[float]:
    """Return a weight for each class that makes up for how rare it is: n / (K nₖ), for nₖ of n rows in class k.

    With them, ``SoftmaxCrossEntropy(class_weights=...)`` counts all classes alike (King & Zeng 2001).

    Parameters
    ----------
    labels : int array (n,)
        0 to K − 1.
    classes : int
        K.

    Returns
    -------
    list of K floats
        A class without rows has weight 1.

    Examples
    --------
    >>> balanced_weights([0, 0, 0, 1], 2)
    [0.6666666666666666, 2.0]
    """
    counts = np.bincount(check_labels(labels, len(labels), classes), minlength=classes)
    return [len(labels) / (classes * count) if count else 1.0 for count in counts.tolist()]
