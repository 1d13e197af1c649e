"""Exercise 13: the loop of active learning, ask and tell.

Question. A learner asks for rows, somebody labels them, the learner is told and trains anew. Which rows may it ask for?
Once you have sorted the scores of these rows, which numbers do you have: rows of the pool, or places in your list? What
is it trained on after the second batch? And when is a budget of 7 labels spent, in batches of 3?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/13_ask_tell.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

EXERCISE = "ask-tell"


class Learner:
    """What is known about a pool of rows, and a model trained on it.

    Attributes
    ----------
    pool : array (rows, features)
    train : callable
        ``train(x, y)`` returns a model trained on rows x and their labels y.
    score : callable
        ``score(model, x)`` returns one number for each row of x: how much its label is wanted.
    labels : dict
        The label of each row that was told, by the row's number in the pool.
    model
        The newest one, None before the first label.
    """

    def __init__(
        self,
        pool: np.ndarray,
        train: Callable[[np.ndarray, np.ndarray], Any],
        score: Callable[[Any, np.ndarray], np.ndarray],
    ) -> None:
        self.pool = pool
        self.train = train
        self.score = score
        self.labels: dict[int, Any] = {}
        self.model: Any = None

    def ask(self, n: int) -> np.ndarray:
        """Return the row numbers, (n,), of the n rows without a label that have the largest scores, largest first."""
        raise NotImplementedError("the n rows to label next")

    def tell(self, indices: np.ndarray, labels: np.ndarray) -> None:
        """Take the labels, (n,), of the rows `indices`, (n,).

        They go into self.labels, and self.model is trained anew on all rows with a label so far.
        """
        raise NotImplementedError("keep the labels, and train on all of them")


def run(learner: Any, oracle: Callable[[int], Any], budget: int, batch: int) -> None:
    """Ask, label and tell until `budget` labels are spent, no more and no less.

    Each round asks `learner` for `batch` rows, the last one for as many as the budget has left. ``oracle(i)`` returns
    the label of row i.
    """
    raise NotImplementedError("rounds of ask, label, tell")
