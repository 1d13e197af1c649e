"""Exercise 13: the loop of active learning, ask and tell."""

from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.exercises.judges.rounds import ROUNDS, label_of

Array = np.ndarray


def _train(x: Array, labels: Array) -> tuple[list[float], list[int]]:
    """A model that is no more than its training set, so that it can be compared."""
    return np.asarray(x)[:, 0].tolist(), np.asarray(labels).tolist()


def _score(model: Any, x: Array) -> Array:
    """Twice the distance to the mean of the training rows: a row's score depends on that row and the model alone."""
    return np.asarray(2 * np.abs(x[:, 0] - np.mean(model[0])))


def _learner(kind: Any, pool: Array, told: list[int]) -> Any:
    learner = kind(pool, _train, _score)
    learner.labels = {index: label_of(index) for index in told}
    learner.model = _train(pool[told], label_of(np.array(told)))
    return learner


def _scores(pool: Array, told: list[int]) -> Array:
    return _score((pool[told, 0].tolist(), []), pool)


def _open(pool: Array, told: list[int]) -> Array:
    return np.setdiff1d(np.arange(len(pool)), told)


def _asked(pool: Array, told: list[int], n: int, sign: float = -1.0) -> Array:
    rows = _open(pool, told)
    return rows[np.argsort(sign * _scores(pool, told)[rows])[:n]]


def _ask_trials(rng: np.random.Generator) -> list[Trial]:
    line = np.array([[9.0], [4.5], [5.0], [3.0], [7.0]])
    return [
        {"pool": line, "told": [0, 2], "n": 2},
        {"pool": rng.normal(size=(12, 2)), "told": [10, 1, 4], "n": 4},
        {"pool": np.array([[0.0], [8.0], [1.0], [-5.0]]), "told": [1, 3], "n": 1},
    ]


def _tell_trials(rng: np.random.Generator) -> list[Trial]:
    pool = np.array([[0.5], [1.5], [2.5], [3.5], [4.5], [5.5]])
    return [
        {"pool": pool, "indices": np.array([4, 1]), "labels": np.array([7, 8]), "then": np.array([3])},
        {"pool": pool, "indices": np.array([5, 0, 2]), "labels": np.array([1, 0, 2]), "then": np.array([4])},
    ]


def _tell(kind: Any, pool: Array, indices: Array, labels: Array, then: Array) -> Outputs:
    learner = kind(pool, _train, _score)
    learner.tell(indices, labels)
    learner.tell(then, label_of(then))
    return _state(learner.labels, learner.model)


def _state(labels: Any, model: Any) -> Outputs:
    """What a learner knows, with rows in the order of their numbers: the order of telling does not matter."""
    rows = sorted((int(i), int(y)) for i, y in labels.items())
    trained = sorted(zip(*model, strict=True)) if model is not None else []
    return {
        "(row, label) known": np.array(rows).reshape(-1, 2),
        "(x, label) trained on": np.array(trained).reshape(-1, 2),
    }


def _told(pool: Array, indices: Array, labels: Array, then: Array) -> Outputs:
    known = {
        **dict(zip(indices.tolist(), labels.tolist(), strict=True)),
        int(then[0]): label_of(int(then[0])),
    }
    return _state(known, _train(pool[list(known)], np.array(list(known.values()))))


def _only_new(pool: Array, indices: Array, labels: Array, then: Array) -> Array:
    return _state({}, _train(pool[then], label_of(then)))["(x, label) trained on"]


def _one_late(pool: Array, indices: Array, labels: Array, then: Array) -> Array:
    return _state({}, _train(pool[indices], labels))["(x, label) trained on"]


def _in_order_of_rows(pool: Array, indices: Array, labels: Array, then: Array) -> Array:
    rows = np.sort([*indices, *then])
    return _state({}, _train(pool[rows], np.array([*labels, *label_of(then)])))["(x, label) trained on"]


EXERCISE = Exercise(
    "The loop of active learning: ask and tell",
    (
        Part(
            "Learner.ask",
            "the numbers of the n rows without a label that have the largest scores, the largest first",
            lambda kind, pool, told, n: {"indices": _learner(kind, pool, told).ask(n)},
            lambda pool, told, n: {"indices": _asked(pool, told, n)},
            _ask_trials,
            (
                "Nobody pays twice for a label: only rows that are not in self.labels may come.",
                "rows = the numbers of all rows without a label. Score pool[rows]; the scores' positions are "
                "positions in rows, not in the pool.",
                "rows = np.array([i for i in range(len(self.pool)) if i not in self.labels]); scores = "
                "self.score(self.model, self.pool[rows]); return rows[np.argsort(-scores)[:n]].",
            ),
            (
                Mistake(
                    "positions-for-indices",
                    "these are positions among the rows without a label, and row numbers of the pool are wanted",
                    "rows[positions]",
                    lambda pool, told, n: np.argsort(-_scores(pool, told)[_open(pool, told)])[:n],
                ),
                Mistake(
                    "labelled-rows-asked",
                    "rows are asked for that have a label already",
                    "leave out what is in self.labels before the scores are sorted",
                    lambda pool, told, n: np.argsort(-_scores(pool, told))[:n],
                ),
                Mistake(
                    "argmin-for-argmax",
                    "these are the rows with the smallest scores",
                    "argsort goes from small to large: sort −scores",
                    lambda pool, told, n: _asked(pool, told, n, sign=1.0),
                ),
                Mistake(
                    "smallest-first",
                    "the right rows, but the most wanted one comes last",
                    "turn them round: [::-1]",
                    lambda pool, told, n: _asked(pool, told, n)[::-1],
                ),
            ),
        ),
        Part(
            "Learner.tell",
            "labels[i] = y for each told row, then model = train(x, y) of all rows told so far",
            _tell,
            _told,
            _tell_trials,
            (
                "The learner knows more after each tell, and trains on all it knows: old labels as well as new ones.",
                "Rows and labels must come in the same order. A dict keeps its keys and values in one order, that of "
                "telling.",
                "self.labels.update(zip(indices.tolist(), labels.tolist())); rows = list(self.labels); self.model = "
                "self.train(self.pool[rows], np.array([self.labels[i] for i in rows])).",
            ),
            (
                Mistake(
                    "earlier-labels-forgotten",
                    "the model is trained on the newest labels only",
                    "train on everything in self.labels",
                    _only_new,
                    of="(x, label) trained on",
                ),
                Mistake(
                    "trained-too-early",
                    "the model is trained before the new labels are in",
                    "first self.labels, then self.train",
                    _one_late,
                    of="(x, label) trained on",
                ),
                Mistake(
                    "labels-out-of-order",
                    "rows are sorted, and their labels are not: each row is trained with another one's label",
                    "sort both or neither: [self.labels[i] for i in rows]",
                    _in_order_of_rows,
                    of="(x, label) trained on",
                ),
                Mistake(
                    "not-trained",
                    "the labels are kept, and no model is trained",
                    "self.model = self.train(...)",
                    lambda pool, indices, labels, then: np.zeros((0, 2)),
                    of="(x, label) trained on",
                ),
            ),
        ),
        ROUNDS,
    ),
    "tinyal/learner.py and tinyal/simulation.py",
)
