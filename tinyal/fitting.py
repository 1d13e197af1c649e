"""Train a model on some rows of a pool: anew from its specification, or on from a model that was trained before."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinyal.answers import Answers
from tinyal.outputs import Model, predict
from tinyal.pool import gather


class Trainer:
    """Trains the model of each round of an `ActiveLearner`.

    Parameters
    ----------
    specification : Model
        Copied for every training.
    warm : bool
        Whether to go on from the model of the round before.

    Attributes
    ----------
    rounds : list of (int, int)
        When warm trainings were: after how many entries of the journal, and skips. A warm model depends on all
        of them, and a learner that is loaded from a file goes through them again.
    """

    def __init__(self, specification: Model, warm: bool) -> None:
        if warm:
            check_goes_on(specification)
        self.specification = specification
        self.warm = warm
        self.rounds: list[tuple[int, int]] = []
        self._last: Model | None = None

    def way(self, pool: Any, seed: int) -> Callable[[np.ndarray, np.ndarray], Model]:
        """Return a function of indices and labels that trains as the next round would."""
        return partial(train, self.specification, pool, seed, self._last)

    def on_labels(self, pool: Any, answers: Answers, seed: Callable[[int, int], int]) -> Model:
        """Return a model trained on all labels told, with ``seed(labels, skips)``."""
        now = (len(answers.journal), len(answers.skipped))
        if not self.warm:
            labels = answers.labels
            return self.way(pool, seed(len(labels), now[1]))(*_arrays(labels))
        rounds = self.rounds if self.rounds[-1:] == [now] else [*self.rounds, now]
        model = self._last
        for changes, skips in rounds if model is None else rounds[len(self.rounds) :]:
            labels = answers.after(changes)
            model = train(self.specification, pool, seed(len(labels), skips), model, *_arrays(labels))
        self.rounds, self._last = rounds, model  # only now: a training that is interrupted leaves no trace
        assert model is not None, "this round is the last of rounds"
        return model


def train(
    specification: Model, pool: Any, seed: int, start: Model | None, indices: np.ndarray, labels: np.ndarray
) -> Model:
    """Return a trained model; neither the specification nor the start is touched.

    Parameters
    ----------
    specification : Model
        Copied, and its ``seed`` or ``random_state`` set.
    pool : array (N, ...)
    seed : int
    start : Model or None
        A model to go on from, where it knows just the classes that these labels have; otherwise, for a class
        needs an output, training starts anew.
    indices : int array (m,)
    labels : array (m,)
    """
    warm = start is not None and _knows_just(start, labels, specification)
    model: Any = copy.deepcopy(start if warm else specification)
    set_seed(model, seed)
    if warm:
        model.set_params(**dict.fromkeys(_settings(model, "warm_start"), True))
    model.fit(gather(pool, indices), labels)
    return model


def predicted_labels(model: Model, x: Any) -> np.ndarray:
    """Return the model's most probable label for each row, (n,)."""
    known = np.asarray(model.classes_)
    return known[predict(model, x, known).argmax(axis=1)]


def set_seed(model: Any, seed: int) -> None:
    """Seed a model by whatever its setting is called; inside a scikit-learn pipeline, each step."""
    names = _settings(model, "seed", "random_state")
    if names:
        model.set_params(**dict.fromkeys(names, seed))


def check_goes_on(model: Any) -> None:
    """Raise a TypeError unless training can go on from a fitted model of this kind.

    That is what scikit-learn calls ``warm_start``. Its ensembles have the setting, too, but there it adds trees
    to those that are kept, and adds none while their number stays the same.
    """
    parts = [model, *(model.get_params().values() if hasattr(model, "get_params") else [])]
    ensembles = [part for part in parts if type(part).__module__.startswith("sklearn.ensemble")]
    if ensembles:
        raise TypeError(
            f"warm=True cannot go on from a fitted {type(ensembles[0]).__name__}: its warm_start keeps the trees as "
            "they are and would learn nothing from new labels. Leave warm=False"
        )
    if not _settings(model, "warm_start"):
        raise TypeError(
            f"warm=True goes on from the model fitted before, and {type(model).__name__} has no warm_start; "
            "tinynn.Classifier goes on, and so do scikit-learn's MLPClassifier, LogisticRegression, SGDClassifier"
        )


def _arrays(labels: dict[int, Any]) -> tuple[np.ndarray, np.ndarray]:
    return np.fromiter(labels, np.int64, len(labels)), np.array(list(labels.values()))


def _knows_just(model: Model, labels: np.ndarray, specification: Any) -> bool:
    named = getattr(specification, "classes", None)
    return np.array_equal(
        np.unique(labels if named is None else np.asarray(named)), np.asarray(model.classes_)
    )


def _settings(model: Any, *wanted: str) -> list[str]:
    """Return which of a model's settings, or of its steps', have one of these names."""
    if not hasattr(model, "get_params"):
        return []
    return [name for name in model.get_params() if name.split("__")[-1] in wanted]
