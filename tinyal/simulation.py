"""A whole run against an oracle that knows the answers: label, train, measure, ask, until the budget is spent."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyal.learner import ActiveLearner
from tinyal.oracles import ArrayOracle


@dataclass
class RunRecord:
    """What happened in one run.

    Attributes
    ----------
    labels : list of int
        How many labels had been paid for at each evaluation.
    accuracy : list of float
        Test accuracy of the model trained on them.
    queried : list of list of int
        Dataset indices labelled before each evaluation; the first list is the initial set.
    probabilities : list of (list of list of float) or None
        What the model said about each row when it was asked for; None for the initial set.
    """

    labels: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    queried: list[list[int]] = field(default_factory=list)
    probabilities: list[list[list[float]] | None] = field(default_factory=list)

    def check(self) -> None:
        """Raise a ValueError unless the lists fit each other."""
        if not len(self.labels) == len(self.accuracy) == len(self.queried) == len(self.probabilities) > 0:
            raise ValueError(
                "labels, accuracy, queried and probabilities must be equally long, and not empty"
            )
        if self.labels != np.cumsum([len(rows) for rows in self.queried]).tolist():
            raise ValueError("labels must count the rows queried so far")
        if not all(0 <= accuracy <= 1 for accuracy in self.accuracy):
            raise ValueError("accuracies must be shares from 0 to 1")


def simulate(
    learner: ActiveLearner,
    oracle: ArrayOracle,
    *,
    test: tuple[Any, Any],
    initial: int = 20,
    budget: int = 300,
    batch: int = 10,
    report: Callable[[int], None] | None = None,
) -> RunRecord:
    """Let a learner spend a budget of labels, and measure it on a test set after every batch.

    The initial rows are chosen at random, by the learner's seed alone: learners that differ in their strategy
    start from the same rows. They count in the budget.

    Parameters
    ----------
    learner : ActiveLearner
        One that has been told nothing yet.
    oracle : ArrayOracle
        Who answers.
    test : (x, y)
        Rows to measure accuracy on. No choice is made by it.
    initial, budget, batch : int
        Labels at the start, in all, and a round. The last round takes what is left of the budget.
    report : callable, optional
        Called after every evaluation with the number of labels.

    Returns
    -------
    RunRecord

    Raises
    ------
    ValueError
        For numbers that do not fit each other or the pool.
    """
    x_test, y_test = test
    if not hasattr(oracle, "answer"):
        raise TypeError(
            f"the oracle answers by answer(indices); {type(oracle).__name__} does not. al.oracles.ArrayOracle(y)"
        )
    check_budget(len(learner.pool), initial, budget, batch)
    if len(oracle) != len(learner.pool):
        raise ValueError(f"the oracle knows {len(oracle)} labels for a pool of {len(learner.pool)} rows")
    if len(x_test) != len(y_test) or len(x_test) == 0:
        raise ValueError(f"the test set has {len(x_test)} rows and {len(y_test)} labels")
    if len(learner.labeled):
        raise ValueError("this learner has been told labels already; simulate starts with a new one")
    record = RunRecord()
    chosen, beliefs = learner.ask(initial), None
    while True:
        learner.tell(chosen, oracle.answer(chosen))
        record.queried.append(chosen.tolist())
        record.probabilities.append(beliefs)
        record.labels.append(len(learner.labeled))
        record.accuracy.append(float(np.mean(_predict(learner, x_test) == np.asarray(y_test))))
        if report is not None:
            report(record.labels[-1])
        left = budget - record.labels[-1]
        if left == 0:
            return record
        chosen = learner.ask(min(batch, left))
        beliefs = _beliefs(learner, chosen)


def check_budget(pool: int, initial: int, budget: int, batch: int) -> None:
    """Raise a ValueError unless a run can spend its labels like this on a pool of this many rows."""
    if not 1 <= initial <= budget or batch < 1:
        raise ValueError(
            f"a run needs 1 <= initial <= budget and batch >= 1, not initial={initial}, budget={budget}, batch={batch}"
        )
    if budget > pool:
        raise ValueError(f"a budget of {budget} labels is more than the pool has: {pool} rows")


def _predict(learner: ActiveLearner, x: Any) -> np.ndarray:
    """Return predicted labels; with labels of one class only, that class."""
    if not learner.can_train():
        return np.repeat(learner.labels[:1], len(x))
    p = np.asarray(learner.model.predict_proba(x))
    return np.asarray(learner.model.classes_)[p.argmax(axis=1)]


def _beliefs(learner: ActiveLearner, rows: np.ndarray) -> list[list[float]] | None:
    if not learner.can_train():
        return None
    p = np.asarray(learner.model.predict_proba(learner.pool[rows]), dtype=np.float64)
    return p.round(4).tolist()
