"""Seeding: rows chosen one after the other, each by its distance to those chosen before it."""

from collections.abc import Callable

import numpy as np

Distances = Callable[[int], np.ndarray]
"""From the number of a row the squared distances of all N rows to it, (N,)."""


def farthest_first(
    distances_to: Distances, nearest: np.ndarray, n: int, rng: np.random.Generator
) -> np.ndarray:
    """Choose n rows, each time the one that is farthest from all centres so far; ties at random.

    This is Gonzalez's greedy algorithm (1985): its largest distance to a centre is at most twice the least possible.

    Derivation: `docs/derivations/k-center.md`, `kcenter-apart` and `kcenter-pigeons`.

    Parameters
    ----------
    distances_to : function
    nearest : array (N,)
        Squared distances to the centres that there are already; infinite without any.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    int array (n,)
        Positions, in the order of choosing.
    """
    nearest = nearest.copy()
    # Equal rows' distances may differ in the last digits, by their place in the matrix product: they tie all the same.
    tie = 1 - 100 * np.finfo(nearest.dtype).eps
    chosen = np.empty(n, dtype=np.int64)
    for place in range(n):
        tied = np.flatnonzero(nearest >= tie * nearest.max())
        chosen[place] = i = tied[0] if len(tied) == 1 else rng.choice(tied)
        np.minimum(nearest, distances_to(i), out=nearest)
        nearest[i] = -1  # below every row that is left, also where all distances are 0
    return chosen


def plus_plus(distances_to: Distances, first: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Choose n rows by k-means++ (Arthur & Vassilvitskii 2007), starting with a given one.

    Each next row is drawn with probability proportional to D², its squared distance to the nearest row chosen
    so far. Where only copies of chosen rows are left, one is as likely as the other.

    Derivation: `docs/derivations/badge.md`, `badge-draw`.

    Parameters
    ----------
    distances_to : function
    first : int
        Position of the first row.
    n : int
    rng : numpy.random.Generator

    Returns
    -------
    int array (n,)
        Positions, in the order of choosing.

    Examples
    --------
    >>> x = np.array([0.0, 0.0, 0.0, 5.0])
    >>> plus_plus(lambda i: (x - x[i]) ** 2, 0, 2, np.random.default_rng(0)).tolist()
    [0, 3]
    """
    chosen = np.empty(n, dtype=np.int64)
    chosen[0] = first
    nearest = distances_to(first).astype(np.float64)
    for place in range(1, n):
        nearest[chosen[place - 1]] = 0
        if (total := nearest.sum()) > 0:
            chosen[place] = rng.choice(len(nearest), p=nearest / total)
        else:
            chosen[place] = rng.choice(np.setdiff1d(np.arange(len(nearest)), chosen[:place]))
        np.minimum(nearest, distances_to(chosen[place]), out=nearest)
    return chosen
