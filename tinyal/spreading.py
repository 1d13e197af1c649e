"""Label spreading: a few labels flow along the edges of a neighbour graph until every row has one."""

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

from tinyal.measures import entropy
from tinyal.neighbor_graph import normalized

Balance: TypeAlias = Literal["equal", "estimated"] | Sequence[float] | None
"""How often the classes occur: equally often, as `estimated_shares` finds, or as given; None: nothing is assumed."""

ROUNDS, CLOSE = 200, 1e-4  # of balancing; how near to the wanted shares it comes
SMALLEST = 1e-30  # factor of a class, where shares are wanted that cannot be


def spread(
    graph: Any,
    labeled: Any,
    labels: Any,
    classes: int,
    *,
    alpha: float = 0.99,
    balance: Balance = None,
    tolerance: float = 1e-5,
) -> np.ndarray:
    """Return class probabilities of all rows of a graph, (n, K), from the labels of a few.

    With Y the labels as ones in a matrix of zeros and S = D^−½ W D^−½,

        F = (1 − α) (I − α S)^−1 Y = (1 − α) Σₜ αᵗ Sᵗ Y

    (Zhou et al. 2004): every label goes along the edges, step by step, and loses 1 − α of itself in each. The matrix is
    symmetric and positive definite, so F is found by conjugate gradients, all classes side by side; nothing is
    inverted. Then columns are multiplied by factors that make the classes occur as `balance` says, and rows divided by
    their sums.

    A row that no label reaches gets the classes' shares, or with no balance the same probability for each. A class
    without a label has probability 0.

    Time: about √(1/(1 − α)) · ln(1/tolerance) products with S of nnz(S)·K each; memory 5·n·K numbers.

    Parameters
    ----------
    graph : scipy.sparse array (n, n)
        Weights W, as from `tinyal.neighbor_graph.neighbor_graph`.
    labeled : int array (m,)
        Rows that have labels.
    labels : int array (m,)
        Their classes, 0 to K − 1.
    classes : int
        K.
    alpha : float, optional
        From 0 to below 1: how far labels reach.
    balance : "equal", "estimated", sequence of K shares, or None, optional
        See `balanced`. An assumption that is false spoils the answer.
    tolerance : float, optional
        Largest residual of a class, ‖(1 − α) Y − (I − α S) F‖ relative to ‖(1 − α) Y‖. F is then wrong by at most
        ‖Y‖ times that.

    Raises
    ------
    ValueError
        For labels that do not fit the graph or the classes, and for settings outside their range.

    Examples
    --------
    A chain of five rows whose ends have labels:

    >>> from scipy import sparse
    >>> chain = sparse.diags_array([np.ones(4), np.ones(4)], offsets=[1, -1])
    >>> spread(chain, [0, 4], [0, 1], 2).round(3).T
    array([[0.538, 0.52 , 0.5  , 0.48 , 0.462],
           [0.462, 0.48 , 0.5  , 0.52 , 0.538]])
    """
    labeled, labels = _checked(graph.shape[0], labeled, labels, classes)
    if not 0 <= alpha < 1:
        raise ValueError(
            f"alpha says how much of a label goes on in each step: from 0 to below 1, not {alpha}"
        )
    if not tolerance > 0:
        raise ValueError(f"tolerance must be above 0, not {tolerance}: rounding leaves a residual")
    matrix = normalized(graph)
    start = np.zeros((matrix.shape[0], classes), np.result_type(matrix.dtype, np.float32))
    start[labeled, labels] = 1
    met = np.flatnonzero(start.any(axis=0))
    found = np.zeros_like(start)
    found[:, met] = np.maximum(_conjugate_gradients(matrix, alpha, start[:, met], tolerance), 0)
    reached = found.any(axis=1)
    found, p = found[reached], np.zeros_like(start)
    if balance is None:
        p[reached] = found / found.sum(axis=1, keepdims=True)
        p[~reached, met[:, None]] = 1 / len(met)
    else:
        shares = shares_of(balance, found)
        p[reached], p[~reached] = balanced(found, shares), shares
    return p


def _conjugate_gradients(matrix: Any, alpha: float, b: np.ndarray, tolerance: float) -> np.ndarray:
    """Solve (I − α S) x = (1 − α) b for every column of b on its own (Hestenes & Stiefel 1952)."""
    b = (1 - alpha) * b
    x, r, d = np.zeros_like(b), b.copy(), b.copy()
    squares = np.einsum("nk,nk->k", r, r)
    enough, tiny = tolerance**2 * squares, np.finfo(b.dtype).tiny
    while (going := squares > enough).any():
        ad = d - alpha * (matrix @ d)
        step = np.where(going, squares / np.maximum(np.einsum("nk,nk->k", d, ad), tiny), 0)
        x += step.astype(b.dtype) * d
        r -= step.astype(b.dtype) * ad
        before, squares = squares, np.einsum("nk,nk->k", r, r)
        d *= np.where(going, squares / before, 0).astype(b.dtype)
        d += r
    return x


def balanced(p: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return cₖ pᵢₖ / Σₗ cₗ pᵢₗ with factors c for which class k has the share sₖ of all rows, (n, K).

    Columns are multiplied and rows divided by turns until the mean row is s (Sinkhorn 1967). Where a spread takes too
    many rows for one class, those go over that were nearest to being another's. What is new in the answer comes from s
    alone: where s is false, so is the answer. Rows that are sure beyond doubt stay as they are: s may be out of reach.

    Parameters
    ----------
    p : array (n, K)
        At least 0, none of the rows all 0. They need not sum to one.
    shares : array (K,)
        s, summing to 1, and 0 where a column is.

    Examples
    --------
    >>> p = np.array([[0.9, 0.1], [0.8, 0.2], [0.7, 0.3], [0.6, 0.4]])
    >>> balanced(p, np.array([0.5, 0.5])).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """
    p = p / p.sum(axis=1, keepdims=True)
    factors = _divided(p, shares)
    for _ in range(ROUNDS):
        scaled = p * factors
        scaled /= scaled.sum(axis=1, keepdims=True)
        mean = scaled.mean(axis=0)
        if (np.abs(mean - shares) <= CLOSE * shares).all():
            break
        factors *= _divided(mean[None], shares)
        factors = np.maximum(factors / factors.max(), SMALLEST)
    return scaled


def estimated_shares(found: np.ndarray) -> np.ndarray:
    """Return how often the classes seem to occur, (K,), from how their labels spread: F of (n, K).

    A column of F divided by its sum, fₖ, says where a walk that starts at labels of class k is found. The shares s are
    those at which the mixture Σₖ sₖ fₖ(i) comes nearest to all rows i alike: they maximise Σᵢ ln Σₖ sₖ fₖ(i), which has
    one maximum, and are found by sₖ ← meanᵢ sₖ fₖ(i) / Σₗ sₗ fₗ(i) (expectation maximisation). How many labels a class
    has does not matter, only how much of the graph they fill.

    Examples
    --------
    >>> found = np.array([[4.0, 0.0], [4.0, 0.0], [4.0, 0.0], [0.0, 1.0]])
    >>> estimated_shares(found).tolist()
    [0.75, 0.25]
    """
    density = found * _divided(found, np.ones(found.shape[1], found.dtype))
    shares = density.any(axis=0) / density.any(axis=0).sum()
    for _ in range(ROUNDS):
        before, part = shares, density * shares.astype(found.dtype)
        shares = (part / part.sum(axis=1, keepdims=True)).mean(axis=0)
        if (np.abs(shares - before) <= CLOSE * before).all():
            break
    return shares


def confidence(p: np.ndarray) -> np.ndarray:
    """Return how sure each row of probabilities is, (n,): 1 − H(p) / ln K, from 0, all alike, to 1, one class.

    The weight of spread labels in Iscen et al. (2019), "Label propagation for deep semi-supervised learning".

    Examples
    --------
    >>> confidence(np.array([[1.0, 0.0], [0.5, 0.5]])).tolist()
    [1.0, 0.0]
    """
    return np.maximum(1 - np.asarray(entropy(p)) / np.log(p.shape[1]), 0)


def shares_of(balance: Balance, found: np.ndarray) -> np.ndarray:
    """Return the shares that `balance` means for what was found, (n, K): 0 for a class that nothing was found of."""
    classes, met = found.shape[1], found.any(axis=0)
    if isinstance(balance, str):
        if balance == "estimated":
            return estimated_shares(found)
        if balance != "equal":
            raise ValueError(
                f'balance is "equal", "estimated", shares of the classes, or None, not {balance!r}'
            )
        balance = [1.0] * classes
    shares = np.asarray(balance, np.float64)
    if shares.shape != (classes,) or not (shares >= 0).all() or not 0 < shares[met].sum() < np.inf:
        raise ValueError(
            f"balance says how often each of {classes} classes occurs, in numbers of at least 0, not {balance!r}"
        )
    return np.where(met, shares, 0) / shares[met].sum()


def _divided(p: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return the factors that give p's columns these sums; 0 for a column of zeros."""
    sums = p.sum(axis=0)
    return np.divide(by, sums, out=np.zeros(len(sums), p.dtype), where=sums > 0)


def _checked(n: int, labeled: Any, labels: Any, classes: int) -> tuple[np.ndarray, np.ndarray]:
    labeled, labels = np.asarray(labeled), np.asarray(labels)
    if labeled.ndim != 1 or labeled.shape != labels.shape or not len(labeled):
        raise ValueError(
            f"a label for each labelled row, at least one, is needed: rows {labeled.shape}, labels {labels.shape}"
        )
    if labeled.dtype.kind not in "iu" or labels.dtype.kind not in "iu":
        raise TypeError(f"rows and classes are whole numbers, not {labeled.dtype} and {labels.dtype}")
    if labeled.min() < 0 or labeled.max() >= n or len(np.unique(labeled)) < len(labeled):
        raise ValueError(f"labelled rows are different rows of the graph, numbers from 0 to {n - 1}")
    if labels.min() < 0 or labels.max() >= classes:
        raise ValueError(
            f"labels are whole numbers from 0 to {classes - 1}; these go from {labels.min()} to {labels.max()}"
        )
    return labeled, labels
