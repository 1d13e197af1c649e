"""Who answers, and what an answer may be besides a label: nobody can tell, later, not yet."""

from enum import Enum
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    from tinyal.learner import ActiveLearner


class NoLabel(Enum):
    """What may stand in an answer in the place of a label. None stands for `SKIP`.

    Examples
    --------
    >>> [each.value for each in NoLabel]
    ['nobody can label it', 'somebody will later', 'it was not looked at']
    """

    SKIP = "nobody can label it"
    DEFER = "somebody will later"
    OPEN = "it was not looked at"


SKIP, DEFER, OPEN = NoLabel.SKIP, NoLabel.DEFER, NoLabel.OPEN


class Oracle(Protocol):
    """Whoever answers: an array, a model of an annotator, a person.

    Examples
    --------
    >>> class Parity:
    ...     def answer(self, indices):
    ...         return [None if index > 99 else int(index) % 2 for index in indices]
    >>> oracle: Oracle = Parity()
    >>> oracle.answer([4, 7, 100])
    [0, 1, None]
    """

    def answer(self, indices: Any) -> Any:
        """Return, for each of some dataset indices (n,), a label, or None or a `NoLabel` where there is none."""


class ArrayOracle:
    """Answer from a label array, as experiments do. It alone knows the hidden labels.

    Parameters
    ----------
    y : array (N,)
        The label of every row of the pool.

    Examples
    --------
    >>> ArrayOracle([3, 1, 4, 1]).answer([0, 2]).tolist()
    [3, 4]
    """

    def __init__(self, y: Any) -> None:
        self._y = np.asarray(y)
        if self._y.ndim != 1:
            raise ValueError(f"an ArrayOracle needs one label a row, shape (n,), not {self._y.shape}")

    def __len__(self) -> int:
        return len(self._y)

    def answer(self, indices: Any) -> np.ndarray:
        """Return the labels of these dataset indices."""
        return self._y[np.asarray(indices)]


def pass_on(learner: "ActiveLearner", oracle: Oracle, indices: Any) -> np.ndarray:
    """Have an oracle answer, and the learner take what it says: labels are told, the others skipped or deferred.

    Parameters
    ----------
    learner : ActiveLearner
    oracle : Oracle
        Its ``corrections``, where it has some ({index: answer}), are passed on, too, and emptied.
    indices : int array (n,)
        As from ``learner.ask(n)``.

    Returns
    -------
    int array
        Those of `indices` that got a label.

    Raises
    ------
    ValueError
        For an oracle that gives more or fewer answers than there are indices.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=150), [[0.0], [1.0], [2.0]], al.strategies.Random())
    >>> class Hesitant:
    ...     def answer(self, indices):
    ...         return ["ant", None, DEFER]
    >>> pass_on(learner, Hesitant(), [0, 1, 2]).tolist()
    [0]
    >>> learner.unlabeled.tolist()
    [2]
    """
    rows = np.atleast_1d(np.asarray(indices))
    answers = oracle.answer(rows)
    answers = answers.tolist() if isinstance(answers, np.ndarray) else list(answers)
    if len(answers) != len(rows):
        raise ValueError(f"{type(oracle).__name__} gave {len(answers)} answers for {len(rows)} rows")
    corrections = getattr(oracle, "corrections", {})
    for index, answer in corrections.items():
        if _is_label(answer):
            learner.tell([index], [answer], correct=True)
        else:
            learner.forget([index])
            _close(learner, [index], [answer])
    corrections.clear()
    told = [i for i, answer in enumerate(answers) if _is_label(answer)]
    learner.tell(rows[told], [answers[i] for i in told])
    _close(learner, rows.tolist(), answers)
    return rows[told]


def _close(learner: "ActiveLearner", indices: list[int], answers: list[Any]) -> None:
    learner.skip([i for i, answer in zip(indices, answers, strict=True) if answer in (None, SKIP)])
    learner.defer([i for i, answer in zip(indices, answers, strict=True) if answer is DEFER])


def _is_label(answer: Any) -> bool:
    return answer is not None and not isinstance(answer, NoLabel)
