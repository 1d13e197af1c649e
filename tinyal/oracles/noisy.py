"""An oracle that errs: as often as it is told to, and in the way it is told to."""

from typing import Any

import numpy as np


class NoisyOracle:
    """Answer with a wrong label now and then; people do.

    Row i of class c is answered with class k with probability C[c, k], where C is the confusion matrix. With
    only a rate r given, C[c, c] = 1 − r, and each other class gets r/(K − 1).

    Parameters
    ----------
    y : array (N,)
        The true labels.
    rate : float, optional
        Which share of the rows is answered wrongly.
    confusion : array (K, K), optional
        Instead of a rate: rows are true classes, sorted, columns answers; rows sum to one.
    classes : sequence, optional
        All classes; by default those in `y`.
    seed : int, optional
    repeat : bool, optional
        Let a row that is asked again be answered anew, by the next draw. Without it the same row gets the same answer
        however often it is asked: a person's error is no coin that is thrown each time.

    Raises
    ------
    ValueError
        For a rate or a confusion matrix that are no probabilities, or both of them, or none.

    Examples
    --------
    >>> y = [0, 1] * 500
    >>> answers = NoisyOracle(y, rate=0.1).answer(range(1000))
    >>> bool(0.05 < np.mean(answers != np.array(y)) < 0.15)
    True
    """

    def __init__(
        self,
        y: Any,
        rate: float | None = None,
        *,
        confusion: Any = None,
        classes: Any = None,
        seed: int = 0,
        repeat: bool = False,
    ) -> None:
        y = np.asarray(y)
        if y.ndim != 1:
            raise ValueError(f"a NoisyOracle needs one label a row, shape (n,), not {y.shape}")
        self.classes = np.unique(y if classes is None else np.asarray(classes))
        if len(missing := np.setdiff1d(y, self.classes)):
            raise ValueError(f"labels {missing.tolist()} are not among the classes {self.classes.tolist()}")
        if (rate is None) == (confusion is None):
            raise ValueError("a NoisyOracle needs a rate of errors or a confusion matrix, one of them")
        self.confusion = (
            _flips(rate, len(self.classes)) if rate is not None else _checked(confusion, self.classes)
        )
        self.seed = seed
        self.repeat = repeat
        self._true = np.searchsorted(self.classes, y)
        self._times: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._true)

    def answer(self, indices: Any) -> np.ndarray:
        """Return what is answered for these dataset indices."""
        rows = np.atleast_1d(np.asarray(indices))
        drawn = np.array([self._draw(row) for row in rows.tolist()])
        limits = np.cumsum(self.confusion[self._true[rows]], axis=1)
        limits[:, -1] = 1.0  # rounding must not leave a gap above
        return self.classes[(drawn[:, None] >= limits).sum(axis=1)]

    def _draw(self, row: int) -> float:
        times = self._times.get(row, 0)
        if self.repeat:
            self._times[row] = times + 1
        return float(np.random.default_rng((self.seed, row, times)).random())


def _flips(rate: float, classes: int) -> np.ndarray:
    if not 0 <= rate <= 1:
        raise ValueError(f"the rate of errors is a share from 0 to 1, not {rate}")
    if classes < 2:
        raise ValueError("with one class there is no wrong answer; name all classes with classes=")
    return np.where(np.eye(classes, dtype=bool), 1 - rate, rate / (classes - 1))


def _checked(confusion: Any, classes: np.ndarray) -> np.ndarray:
    confusion = np.asarray(confusion, dtype=np.float64)
    if confusion.shape != (len(classes),) * 2:
        raise ValueError(
            f"the confusion matrix needs a row and a column for each of the classes {classes.tolist()}, and has the "
            f"shape {confusion.shape}"
        )
    if not (confusion >= 0).all() or not np.allclose(confusion.sum(axis=1), 1):
        raise ValueError(
            f"rows of the confusion matrix are probabilities of answers, and sum to {confusion.sum(axis=1).tolist()}"
        )
    return confusion
