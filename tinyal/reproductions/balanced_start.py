"""A start with as many labels of each class, as some papers have it, who do not count what finding them takes."""

from typing import Any

import numpy as np

from tinyal.clusters import take_turns
from tinyal.strategies import Strategy, choose
from tinyal.view import PoolView


class BalancedStart(Strategy):
    """Begin with rows of each class in turn, drawn at random, and then ask as another strategy does.

    No strategy may see answers, and this one does, once: who has no labels cannot draw 2 rows of each of ten classes
    without looking at some 46 on average. Papers that begin so do not count those, and their figures can be compared
    only with runs that begin so, too. It is here for that, and not among the strategies.

    Parameters
    ----------
    strategy : Strategy
        Chooses all but the first batch.
    labels : array (N,)
        The label of every row of the pool.
    """

    needs_model = False  # or the first rows would be drawn without it

    def __init__(self, strategy: Strategy, labels: Any) -> None:
        self.strategy = strategy
        self.labels = labels

    def __repr__(self) -> str:
        return f"BalancedStart({self.strategy!r})"

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates: the first ones by their labels, then as the strategy wants."""
        if len(view.labeled):
            return choose(self.strategy, view, n, rng)
        classes = np.unique(np.asarray(self.labels)[view.candidates], return_inverse=True)[1]
        return view.candidates[take_turns(classes, rng.random(len(view)), n)]
