"""The contract of a strategy, which rows it looks at, and the check of what it chose."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyal.strategies.best import Best
from tinyal.strategies.best import top as top
from tinyal.view import PoolView
from tinynn.configured import Configured
from tinynn.progress import progress_bar

if TYPE_CHECKING:
    from tinyal.explanation import Explanation

Select = Callable[[PoolView, int, np.random.Generator], Any]
"""A plain function ``(view, n, rng) -> indices`` is a strategy, too."""


LONG, PATIENCE = 100_000, 2.0  # candidates and seconds from which a bar shows how far the scoring has come


class Strategy(Configured):
    """A way to choose which rows to ask for.

    Attributes
    ----------
    needs_model : bool
        Whether it asks a model, so that the first labels must come from elsewhere. A strategy that looks at rows
        alone says False, and may meet a view whose `model` is None.

    Examples
    --------
    >>> class First(Strategy):
    ...     needs_model = False
    ...     def select(self, view, n, rng):
    ...         return view.candidates[:n]
    >>> from tinyal.known import known_view
    >>> choose(First(), known_view(features=np.eye(5), labeled=[0, 2]), 2, np.random.default_rng(0)).tolist()
    [1, 3]
    """

    needs_model: bool = True

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n of the view's candidates; return their dataset indices, (n,), most wanted first.

        These are ``view.candidates[positions]``, not positions in arrays such as ``view.proba()``.
        """
        raise NotImplementedError(f"{type(self).__name__} must define select(view, n, rng)")

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments, which a strategy stores under their own names."""
        for name in inspect.signature(type(self)).parameters:
            if not hasattr(self, name):
                raise AttributeError(
                    f"{type(self).__name__} must store each argument of its constructor under the argument's own "
                    f"name, self.{name} = {name}: by them it is printed and copied"
                )
        return super().config()

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the choice was made by, each a number for every candidate, (n,), under the name of the quantity.

        For people who ask why a row was chosen; nothing where a strategy has no numbers to show.
        """
        return {}

    def explain(self, view: PoolView, index: int, *, answers: int = 0) -> "Explanation":
        """Return why this row may be worth a label; see `tinyal.explaining.explain`."""
        from tinyal.explaining import explain

        return explain(self, view, index, answers=answers)


class Pointwise(Strategy):
    """A strategy that scores each row on its own and takes the n largest scores (plain top-k).

    A subclass defines `score`. Since a score depends on one row only, the pool may come in chunks. Ties are
    broken at random: otherwise the order of the data set would decide.

    Examples
    --------
    >>> class LooksLike(Pointwise):
    ...     def __init__(self, column):
    ...         self.column = column
    ...     def score(self, view):
    ...         return view.proba()[:, self.column]
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> LooksLike(column=1).select(view, 2, np.random.default_rng(0)).tolist()
    [1, 2]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """Score the view's candidates, (n,): larger = ask first."""
        raise NotImplementedError(f"{type(self).__name__} must define score(view)")

    def scored(self, view: PoolView) -> Iterator[np.ndarray]:
        """Score the candidates in order, a chunk at a time, for those who need not keep all scores: (k,), (k,) ...

        On a terminal, a bar tells rows per second and the time left when it takes long.

        Raises
        ------
        ValueError
            For a score that is not a number: it would win or lose every comparison in silence.
        """
        for chunk in _watched(view):
            scores = np.asarray(self.score(chunk), np.float64)
            if scores.shape != (len(chunk),):
                raise ValueError(
                    f"{type(self).__name__} must give one score a candidate, shape ({len(chunk)},), not {scores.shape}"
                )
            if np.isnan(scores).any():
                raise ValueError(
                    f"{type(self).__name__} gave NaN for {int(np.isnan(scores).sum())} candidates"
                )
            yield scores

    def scores(self, view: PoolView) -> np.ndarray:
        """Score the candidates, (n,): what `scored` yields, together."""
        return np.concatenate(list(self.scored(view)))

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the scores."""
        return {"score": self.scores(view)}

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest scores, (n,); of the others none is kept."""
        best = Best(n)
        for scores in self.scored(view):
            best.add(scores)
        return view.candidates[best.positions(rng)]


def subset(view: PoolView, n: int, candidates: int | None, rng: np.random.Generator) -> PoolView:
    """Return the view, or one of so many of its candidates drawn at random, in their order: what follows has a bound.

    For strategies that compare rows with each other, which no chunk can do alone: their time and memory then depend
    on `candidates` and not on the pool.

    Parameters
    ----------
    view : PoolView
    n : int
        Size of the batch, which must fit.
    candidates : int or None
        How many candidates at most; None for all.
    rng : Generator
        Used only where candidates are left out.

    Raises
    ------
    ValueError
        When n rows cannot be chosen.
    """
    if n > len(view):
        raise ValueError(f"cannot choose {n} of {len(view)} candidates: ask for a smaller batch")
    if candidates is None or len(view) <= candidates:
        return view
    if n > candidates:
        raise ValueError(f"cannot choose {n} rows of candidates={candidates}: raise candidates=")
    return view.subset(np.sort(rng.choice(len(view), candidates, replace=False)))


def choose(strategy: Strategy | Select, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
    """Ask a strategy for n indices, (n,), and check that it gave n different candidates.

    Raises
    ------
    ValueError
        Saying what is wrong with the answer: too few, twice the same, labelled already, not in the pool. And for a
        batch larger than the view, before the strategy is asked.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view, rng = known_view([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]]), np.random.default_rng(0)
    >>> choose(lambda view, n, rng: view.candidates[:n], view, 2, rng).tolist()
    [0, 1]
    >>> choose(lambda view, n, rng: view.candidates[[0] * n], view, 2, rng)
    Traceback (most recent call last):
    ValueError: <lambda> returned the same index more than once
    """
    if n > len(view):
        raise ValueError(f"cannot choose {n} of {len(view)} candidates: ask for a smaller batch")
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
    if len(foreign := _foreign(np.unique(chosen), view.candidates)):
        raise ValueError(
            f"{name} returned indices that are not candidates: {foreign.tolist()}. Strategies return dataset "
            "indices, view.candidates[positions], not positions"
        )
    return chosen.astype(np.int64)


def _foreign(chosen: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Return what of `chosen`, sorted, is not among the candidates, a piece of which is looked at at a time."""
    found = np.zeros(len(chosen), bool)
    for start in range(0, len(candidates), LONG):
        found |= np.isin(chosen, candidates[start : start + LONG])
    return chosen[~found]


def _watched(view: PoolView) -> Iterator[PoolView]:
    """Go through a view's chunks; in a long run that has lasted a while already, with a bar."""
    begin, done, bar = monotonic(), 0, None
    with ExitStack() as ending:
        for chunk in view.chunks():
            yield chunk
            done += len(chunk)
            if bar is not None:
                bar.update(len(chunk))
            elif len(view) >= LONG and monotonic() - begin > PATIENCE:
                bar = ending.enter_context(progress_bar(len(view), "row", done=done))
