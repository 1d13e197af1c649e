"""The contract of a strategy, the choice of the top k, and the check of what a strategy chose."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyal.view import PoolView
from tinynn.configured import Configured

Select = Callable[[PoolView, int, np.random.Generator], Any]
"""A plain function ``(view, n, rng) -> indices`` is a strategy, too."""


class Strategy(Configured):
    """A way to choose which rows to ask for."""

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n of the view's candidates; return their dataset indices, most wanted first.

        These are ``view.candidates[positions]``, not positions in arrays such as ``view.proba()``.
        """
        raise NotImplementedError

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the choice was made by, each a number for every candidate, (n,), under the name of the quantity.

        For people who ask why a row was chosen; nothing where a strategy has no numbers to show.
        """
        return {}


class Pointwise(Strategy):
    """A strategy that scores each row on its own and takes the n largest scores (plain top-k).

    A subclass defines `score`. Since a score depends on one row only, the pool may come in chunks. Ties are
    broken at random: otherwise the order of the data set would decide.
    """

    def score(self, view: PoolView) -> np.ndarray:
        """Score the view's candidates, (n,): larger = ask first."""
        raise NotImplementedError

    def scores(self, view: PoolView) -> np.ndarray:
        """Score the candidates chunk by chunk, (n,).

        Raises
        ------
        ValueError
            For a score that is not a number: it would win or lose every comparison in silence.
        """
        scores = np.concatenate([np.asarray(self.score(chunk), np.float64) for chunk in view.chunks()])
        if scores.shape != (len(view),):
            raise ValueError(
                f"{type(self).__name__} must give one score a candidate, shape ({len(view)},), not {scores.shape}"
            )
        if np.isnan(scores).any():
            raise ValueError(f"{type(self).__name__} gave NaN for {int(np.isnan(scores).sum())} candidates")
        return scores

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the scores."""
        return {"score": self.scores(view)}

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest scores."""
        return view.candidates[top(self.scores(view), n, rng)]


def top(scores: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of the n largest scores, largest first, ties in random order.

    Examples
    --------
    >>> top(np.array([0.1, 0.9, 0.5]), 2, np.random.default_rng(0)).tolist()
    [1, 2]
    """
    threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
    above = np.flatnonzero(scores > threshold)
    tied = rng.choice(np.flatnonzero(scores == threshold), n - len(above), replace=False)
    above = rng.permutation(above)
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], tied])


def choose(strategy: Strategy | Select, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
    """Ask a strategy for n indices and check that it gave n different candidates.

    Raises
    ------
    ValueError
        Saying what is wrong with the answer: too few, twice the same, labelled already, not in the pool.
    """
    name = getattr(strategy, "__name__", type(strategy).__name__)
    function: Any = getattr(strategy, "select", strategy)
    chosen = np.asarray(function(view, n, rng))
    if chosen.shape != (n,) or chosen.dtype.kind not in "iu":
        raise ValueError(
            f"{name} must return {n} whole numbers, shape ({n},), not {chosen.dtype} {chosen.shape}"
        )
    if len(np.unique(chosen)) < n:
        raise ValueError(f"{name} returned the same index more than once")
    if len(again := np.intersect1d(chosen, view.labeled)):
        raise ValueError(f"{name} returned indices that have labels already: {again.tolist()}")
    if len(foreign := np.setdiff1d(chosen, view.candidates)):
        raise ValueError(
            f"{name} returned indices that are not candidates: {foreign.tolist()}. Strategies return dataset "
            "indices, view.candidates[positions], not positions"
        )
    return chosen.astype(np.int64)
