"""A whole run against an oracle that knows the answers: label, train, measure, ask, until the budget is spent."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinyal.budget import Batch, check_budget, rounds
from tinyal.learner import ActiveLearner
from tinyal.oracles import ArrayOracle

FIRST = ("random", "strategy", "balanced")


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
        Dataset indices labelled before each evaluation; the first list is the initial set, and the rows set aside.
    probabilities : list of (list of list of float) or None
        What the model said about each row when it was asked for; None for the initial set.
    confusion : list of list of list of int, or None
        Where it was asked for, two tables (classes, classes) of the test set, at the first and at the last
        evaluation: how many rows of each class, line by line, were taken for each.
    seconds : dict of str to list of float
        How long each round took: "choosing" its rows, and "training" the model on them and measuring it. No part
        of what makes two records equal.

    Examples
    --------
    >>> RunRecord(labels=[10, 20], accuracy=[0.5, 0.75]).check()
    >>> RunRecord(labels=[20, 10], accuracy=[0.5, 0.75]).check()
    Traceback (most recent call last):
    ValueError: labels must be whole numbers that increase
    """

    labels: list[int] = field(default_factory=list)
    accuracy: list[float] = field(default_factory=list)
    queried: list[list[int]] = field(default_factory=list)
    probabilities: list[list[list[float]] | None] = field(default_factory=list)
    confusion: list[list[list[int]]] | None = None
    seconds: dict[str, list[float]] = field(default_factory=dict, compare=False, repr=False)

    def check(self, details: bool = False) -> None:
        """Raise a ValueError unless the lists fit each other.

        Parameters
        ----------
        details : bool, optional
            Whether the rows queried must be there; otherwise they may have been left out, as in small records.
        """
        lists: list[list[Any]] = [self.labels, self.accuracy]
        if details or self.queried:
            lists += [self.queried, self.probabilities]
        if not len({len(values) for values in lists}) == 1 or not self.labels:
            raise ValueError(
                "labels, accuracy, queried and probabilities must be equally long, and not empty"
            )
        if not all(_is_row(row) for rows in self.queried for row in rows):
            raise ValueError("queried rows must be whole numbers of at least 0")
        if not all(map(_is_row, self.labels)) or self.labels != sorted(set(self.labels)):
            raise ValueError("labels must be whole numbers that increase")
        if self.queried and self.labels != np.cumsum([len(rows) for rows in self.queried]).tolist():
            raise ValueError("labels must count the rows queried so far")
        if not all(0 <= accuracy <= 1 for accuracy in self.accuracy):
            raise ValueError("accuracies must be shares from 0 to 1")
        for rows, beliefs in zip(self.queried, self.probabilities, strict=False):
            p = np.zeros((len(rows), 0)) if beliefs is None else np.asarray(beliefs, dtype=np.float64)
            if p.ndim != 2 or len(p) != len(rows) or not ((p >= 0) & (p <= 1)).all():
                raise ValueError("probabilities must be shares from 0 to 1, a line for each row queried")
        if self.confusion is not None:
            tables = np.asarray(self.confusion)
            if tables.dtype.kind not in "iu" or tables.ndim != 3 or tables.shape[0] != 2 or tables.min() < 0:
                raise ValueError("confusion must be two tables of counts, (classes, classes)")


def simulate(
    learner: ActiveLearner,
    oracle: ArrayOracle,
    *,
    test: tuple[Any, Any],
    initial: int = 20,
    budget: int = 300,
    batch: Batch = 10,
    first: str = "random",
    set_aside: Sequence[int] = (),
    confusion: bool = False,
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
        Rows (n, ...) to measure accuracy on, and their labels (n,). No choice is made by it.
    initial, budget : int
        Labels at the start, and in all.
    batch : int, list of (until, batch), or callable
        Labels a round; see `tinyal.budget.rounds`. The last round takes what is left of the budget.
    first : "random", "strategy" or "balanced", optional
        How the initial rows are chosen. A strategy can choose them that needs no model; for one that does, they are
        random. With "balanced" they are drawn at random from each class in turn, for which the labels of the whole
        pool are looked at. What looking for them takes is NOT COUNTED: to draw 2 rows of each of ten classes, some 46
        have to be looked at on average. Some papers begin so; use it to compare with their figures, and for nothing
        else.
    set_aside : sequence of int, optional
        Rows whose labels the model is judged by while it trains. They are never asked for, and their labels count
        in the budget from the start. The caller gives them to the model: ``validation=`` of `compare` does.
    confusion : bool, optional
        Whether to record what was mistaken for what at the first and at the last evaluation.
    report : callable, optional
        Called after every evaluation with the number of labels.

    Returns
    -------
    RunRecord

    Raises
    ------
    ValueError
        For numbers that do not fit each other or the pool.
    TypeError
        For an oracle that does not know all answers, or, with a balanced start, is no `ArrayOracle`.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], steps=100, classes=range(10))
    >>> learner = al.ActiveLearner(model, data.x_train, al.strategies.Margin(), seed=0)
    >>> record = simulate(learner, ArrayOracle(data.y_train), test=(data.x_test, data.y_test), budget=60, batch=20)
    >>> record.labels, record.accuracy[-1] > record.accuracy[0]
    ([20, 40, 60], True)
    """
    x_test, y_test = test
    if not hasattr(oracle, "answer"):
        raise TypeError(
            f"the oracle answers by answer(indices); {type(oracle).__name__} does not. al.oracles.ArrayOracle(y)"
        )
    check_budget(len(learner.pool), initial, budget, batch, len(set_aside))
    if first not in FIRST:
        raise ValueError(
            f"first says how the initial rows are chosen, {' or '.join(FIRST)}, and not {first!r}"
        )
    if not hasattr(oracle, "__len__"):
        raise TypeError(
            f"simulate needs an oracle that knows all answers, and {type(oracle).__name__} has no length; to work with "
            "one that may not answer, use learner.ask and al.oracles.pass_on"
        )
    if first == "balanced" and not isinstance(oracle, ArrayOracle):
        raise TypeError(
            f"a balanced start looks at the labels of the whole pool, and {type(oracle).__name__} would have to answer "
            'for all of them; take an ArrayOracle, or first="random"'
        )
    if len(oracle) != len(learner.pool):
        raise ValueError(f"the oracle knows {len(oracle)} labels for a pool of {len(learner.pool)} rows")
    if len(x_test) != len(y_test) or len(x_test) == 0:
        raise ValueError(f"the test set has {len(x_test)} rows and {len(y_test)} labels")
    if len(learner.labeled):
        raise ValueError("this learner has been told labels already; simulate starts with a new one")
    learner.skip(set_aside)
    record = RunRecord(seconds={"choosing": [], "training": []})
    guesses: list[np.ndarray] = []
    for n in rounds(initial, budget, batch, len(set_aside)):
        start, begun = not record.labels, time.perf_counter()
        chosen = _first_rows(learner, oracle, initial, first) if start else learner.ask(n)
        record.seconds["choosing"].append(time.perf_counter() - begun)
        record.probabilities.append(None if start else _beliefs(learner, chosen))
        begun = time.perf_counter()
        learner.tell(chosen, oracle.answer(chosen))
        guesses = [*guesses[:1], _predict(learner, x_test)]
        record.seconds["training"].append(time.perf_counter() - begun)
        record.accuracy.append(float(np.mean(guesses[-1] == np.asarray(y_test))))
        record.queried.append([*chosen.tolist(), *(set_aside if start else ())])
        record.labels.append(sum(map(len, record.queried)))
        if report is not None:
            report(record.labels[-1])
    if confusion:
        record.confusion = [_confusion(learner.classes, y_test, guess) for guess in (guesses[0], guesses[-1])]
    return record


def _first_rows(learner: ActiveLearner, oracle: ArrayOracle, n: int, first: str) -> np.ndarray:
    if first == "random":
        return learner.ask_at_random(n)
    if first == "balanced":
        return learner.ask_in_turns(n, oracle.answer(np.arange(len(oracle))))
    return learner.ask(n)


def _is_row(row: Any) -> bool:
    return type(row) is int and row >= 0


def _confusion(classes: np.ndarray, truth: Any, guesses: np.ndarray) -> list[list[int]]:
    """Return how many rows of each class, line by line, were taken for each, classes in order."""
    labels = np.unique(np.concatenate([classes, truth]))  # a guess is a label that was told
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, (np.searchsorted(labels, truth), np.searchsorted(labels, guesses)), 1)
    return table.tolist()


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
