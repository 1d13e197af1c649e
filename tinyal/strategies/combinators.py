"""Strategies made of strategies: a share of the batch for another one, or one now and another one later."""

import copy
from typing import Any

import numpy as np

from tinyal.strategies.base import Select, Strategy, choose
from tinyal.strategies.pointwise import Random
from tinyal.view import PoolView


class Combinator(Strategy):
    """A strategy that asks other strategies, which may be plain functions, too."""

    def __repr__(self) -> str:
        # A function's own repr is its address in memory: another one in every process, and run files go by it.
        named = copy.copy(self)
        for name, value in self.config().items():
            setattr(named, name, _named(value))
        return Strategy.__repr__(named)


class Mixture(Combinator):
    """Give a share of every batch to another strategy, by default to chance.

    A strategy sees only what it finds interesting, and a model trained on that may be wrong elsewhere without
    anybody noticing. Rows chosen at random explore, and they are the only ones by which accuracy can be
    measured honestly: `other` chooses first, from all candidates, so that with `Random` its rows are a fair
    sample of what has no label yet. They are the last rows of the answer, `count` of them.

    While there are L labels, ⌊share·L⌋ of them are `other`'s, had this strategy asked for all: over the rounds the
    share is right, also in batches of one. Cost: both strategies'.

    Parameters
    ----------
    strategy : Strategy or function
        Chooses from what `other` leaves.
    share : float, optional
        From 0 to 1, of `other`.
    other : Strategy or function, optional

    Examples
    --------
    The model's accuracy on rows that it has not seen, measured on the random part of a batch before their labels
    are told:

    >>> import tinyal as al, tinynn as nn
    >>> from tinyal.strategies import Margin
    >>> data, mixture = nn.datasets.load("digits"), Mixture(Margin(), share=0.5)
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], steps=50, classes=range(10))
    >>> learner = al.ActiveLearner(model, data.x_train, mixture, seed=0)
    >>> learner.tell(range(50), data.y_train[:50])
    >>> batch = learner.ask(40)
    >>> random = batch[40 - mixture.count(40, len(learner.labeled)) :]
    >>> accuracy = (learner.model.predict(data.x_train[random]) == data.y_train[random]).mean()
    >>> len(random)
    20
    """

    def __init__(
        self, strategy: Strategy | Select, share: float = 0.1, other: Strategy | Select | None = None
    ) -> None:
        if not 0 <= share <= 1:
            raise ValueError(f"share is the other strategy's part of each batch, from 0 to 1, not {share}")
        self.strategy = strategy
        self.share = share
        self.other = other
        self.needs_model = needs_model(strategy) or (other is not None and needs_model(other))

    def count(self, n: int, labeled: int) -> int:
        """Return how many of the next n rows are the other strategy's, when so many rows have labels."""
        # A little up, since 0.29 times 100 is just below 29.
        return int(self.share * (labeled + n) + 1e-9) - int(self.share * labeled + 1e-9)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the main strategy goes by."""
        return parts_of(self.strategy, view)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n rows, (n,): the main strategy's, then the other's."""
        return np.concatenate(self.split(view, n, rng))

    def split(self, view: PoolView, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Choose n rows; return the main strategy's and the other's apart."""
        count = self.count(n, len(view.labeled))
        others = wanted = np.zeros(0, dtype=np.int64)
        if count:
            others = choose(self.other or Random(), view, count, rng)
        if n > count:
            rest = view.subset(np.flatnonzero(~np.isin(view.candidates, others))) if count else view
            wanted = choose(self.strategy, rest, n - count, rng)
        return wanted, others


class Schedule(Combinator):
    """Use one strategy now and another one later, by the number of labels.

    With few labels a model cannot know what it does not know, and typical or random rows teach it more than
    uncertain ones (Hacohen, Dekel & Weinshall 2022, "Active learning on a budget: opposite strategies suit high and
    low budgets"). A batch is chosen by one strategy, that for the number of labels before it. Cost: that strategy's.

    Derivation: `docs/derivations/few-labels.md`, `few-log-odds`.

    Parameters
    ----------
    strategies : dict of int to Strategy or function
        From so many labels on, this strategy. The first number is 0. As long as there are too few labels for a model,
        the first strategy is used if it needs none.

    Examples
    --------
    >>> from tinyal.strategies import Margin
    >>> schedule = Schedule({0: Random(), 100: Margin()})
    >>> schedule.at(99), schedule.at(100)
    (Random(), Margin())
    """

    def __init__(self, strategies: dict[int, Strategy | Select]) -> None:
        if 0 not in strategies or min(strategies) < 0:
            raise ValueError(
                "a schedule says from how many labels on each strategy is used and starts at 0, as in "
                f"{{0: Random(), 100: Margin()}}; this one has {sorted(strategies)}"
            )
        self.strategies = strategies
        self.needs_model = needs_model(strategies[0])

    def at(self, labeled: int) -> Strategy | Select:
        """Return the strategy for a batch that is asked for when so many rows have labels."""
        return self.strategies[max(start for start in self.strategies if start <= labeled)]

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the present strategy goes by."""
        return parts_of(self._for(view), view)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n rows, (n,), by the present strategy."""
        return choose(self._for(view), view, n, rng)

    def _for(self, view: PoolView) -> Strategy | Select:
        return self.at(0 if view.model is None else len(view.labeled))


def needs_model(strategy: Strategy | Select) -> bool:
    """Whether a strategy asks a model; a function may."""
    return bool(getattr(strategy, "needs_model", True))


def parts_of(strategy: Strategy | Select, view: PoolView) -> dict[str, np.ndarray]:
    """Return what a strategy goes by; nothing for a function."""
    return strategy.parts(view) if isinstance(strategy, Strategy) else {}


def positions_of(view: PoolView, indices: np.ndarray) -> np.ndarray:
    """Return where dataset indices stand among a view's candidates, in the order of the indices."""
    order = np.argsort(view.candidates)
    return order[np.searchsorted(view.candidates, indices, sorter=order)]


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    return _Name(value.__qualname__) if hasattr(value, "__qualname__") else value
