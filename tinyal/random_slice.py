"""Random questions among the chosen ones: how accurate the model is, and whether choosing still pays."""

from typing import Any

import numpy as np

from tinyal.bootstrap import Interval
from tinyal.fitting import predicted_labels
from tinyal.learner import ActiveLearner
from tinyal.pool import gather
from tinyal.proportions import clopper_pearson, difference


class RandomSlice:
    """Asks a learner's questions, some of them at random, and notes what the model predicts before it is told.

    Rows that a strategy chose say nothing about accuracy: it chose them because the model is unsure there, so
    that it errs on them more often than elsewhere. And rows that are left when it has chosen are the easy ones.
    So some rows are drawn at random from the whole pool at the start and reserved: the strategy never gets them.
    Every now and then one of them is asked. The model that predicts it has not been trained on it; only then it
    is told, and helps to train (test, then train: prequential, Dawid 1984). The share of right predictions
    estimates without bias how accurate the models were on the pool when they predicted. The labels count in the
    budget like all others.

    Parameters
    ----------
    learner : ActiveLearner
    share : float, optional
        Of the questions that are asked at random.
    rows : int, optional
        How many are reserved, at most the `share` of the pool. When they are used up, all questions are chosen
        ones.
    window : int, optional
        Take the last so many of each kind: the model improves, and what it got wrong long ago says little.
    seed : int, optional

    Attributes
    ----------
    random, chosen : dict of int to label
        Rows asked, and what was predicted, in order. The learner's file does not hold them: to go on after a
        restart, save both yourself, and set them on a slice made with the same settings on the loaded learner.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], classes=range(10), steps=150)
    >>> learner = al.ActiveLearner(model, data.x_train, al.strategies.Margin())
    >>> questions = RandomSlice(learner, share=0.25)
    >>> while len(learner.labeled) < 160:
    ...     rows = questions.ask(20)
    ...     learner.tell(rows, data.y_train[rows])
    >>> len(questions.random), questions.accuracy().mean > 0.5
    (35, True)
    """

    def __init__(
        self, learner: ActiveLearner, *, share: float = 0.2, rows: int = 200, window: int = 100, seed: int = 0
    ) -> None:
        if not 0 < share <= 1:
            raise ValueError(f"share is above 0, up to 1, not {share}")
        if rows < 1 or window < 1:
            raise ValueError(f"rows and window are at least 1, not {rows} and {window}")
        self.learner = learner
        self.share = share
        self.window = window
        # One order of the whole pool, so that which rows it takes does not depend on what was told.
        rows = min(rows, max(1, round(share * len(learner.pool))))  # the others are for the strategy
        order = np.random.default_rng(seed).permutation(len(learner.pool))[:rows]
        self._reserved = order.tolist()
        learner.reserve(order)
        self.random: dict[int, Any] = {}
        self.chosen: dict[int, Any] = {}

    def ask(self, n: int = 1) -> np.ndarray:
        """Return n rows to label next, (n,), as `ActiveLearner.ask` does, the random ones among them first.

        While there is no model, nothing can be predicted, and all come from the learner. Once the learner has no
        rows left, they are the reserved ones.

        Raises
        ------
        ValueError
            For more rows than are left, reserved ones included, and as `ActiveLearner.ask`.
        """
        left = set(self.learner.reserved.tolist())
        waiting = [row for row in self._reserved if row in left]
        if n > (free := len(self.learner.unlabeled)) + len(waiting):
            raise ValueError(
                f"cannot ask for {n}: {free} rows of the pool are left to ask for, and {len(waiting)} reserved ones"
            )
        if not self.learner.can_train():
            return self._chosen(n, waiting)
        asked = len(self.random) + len(self.chosen)
        due = int(self.share * (asked + n) + 1e-9) - len(self.random)
        drawn = waiting[: max(0, min(due, n))]
        rows = np.array(drawn, np.int64)
        if len(drawn) < n:
            rows = np.concatenate([rows, self._chosen(n - len(drawn), waiting[len(drawn) :])])
        predicted = predicted_labels(self.learner.model, gather(self.learner.pool, rows)).tolist()
        for row, label in zip(rows.tolist(), predicted, strict=True):
            # The last prediction counts: a row that was asked and not answered is predicted again when it comes back.
            noted = self.random if row in left else self.chosen
            noted.pop(row, None)
            noted[row] = label
        return rows

    def _chosen(self, n: int, waiting: list[int]) -> np.ndarray:
        """Return n rows of the learner's, or as many as it has, and then of those that wait."""
        free = len(self.learner.unlabeled)
        if n <= free:
            return self.learner.ask(n)
        chosen = self.learner.ask(free) if free else np.zeros(0, np.int64)
        return np.concatenate([chosen, np.array(waiting[: n - free], np.int64)])

    def accuracy(self, confidence: float = 0.95) -> Interval:
        """Estimate the accuracy on the pool from the random rows that have labels, with an exact interval.

        Labels that were corrected since count as they are now.
        """
        return clopper_pearson(*self._right(self.random), confidence)

    def surprise(self, confidence: float = 0.95) -> Interval:
        """Estimate how much more often the model errs on chosen rows than on random ones.

        Above zero the strategy still finds what the model does not know. Near zero its rows tell no more than
        random ones. It is no proof that labels are of use: on rows that cannot be told, a model errs for ever.
        """
        (right, n), (right_at_random, m) = self._right(self.chosen), self._right(self.random)
        return difference((n - right, n), (m - right_at_random, m), confidence)

    def _right(self, predicted: dict[int, Any]) -> tuple[int, int]:
        labels = dict(zip(self.learner.labeled.tolist(), self.learner.labels.tolist(), strict=True))
        hits = [labels[row] == label for row, label in predicted.items() if row in labels][-self.window :]
        return sum(hits), len(hits)
