"""One round of learning from the labels so far: a model, what to ask next and why, and what the model guesses."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import cast

import numpy as np

from tinyal import outputs, strategies
from tinyal.labeling import kept_model
from tinyal.labeling.messages import Doubt, Guess, Learned, Reason, Snapshot
from tinyal.labeling.models import make_model
from tinyal.labeling.review import doubtful
from tinyal.labeling.settings import Settings
from tinyal.learner import ActiveLearner
from tinyal.neighbors import Cloud, squared_distances
from tinyal.pool import gather
from tinyal.strategies import Strategy, TypiClust, choose
from tinyal.strategies.space import Space, features, labeled_features
from tinyal.view import PoolView
from tinynn.classifier import Classifier

RANKED = 300  # items: more than anybody answers while a model trains
EXPLAINED = 60  # the first of them, for which is kept why
NEIGHBOURS = 6
LOOKED_AT = 2000  # items among which typical ones are looked for: the first questions are waited for
NO_CLASSES = (
    "none yet",
)  # for a model that is not trained: typical items are there before the first class is named
MEMORY = 1000  # labelled items among which neighbours are looked for, the last ones


def first_labels(classes: int) -> int:
    """Return how many labels there are to be before the strategy chooses; until then typical items are asked."""
    return max(20, 2 * classes)


class Rounds:
    """Learns from one snapshot of the labels after the other, each time anew.

    Parameters
    ----------
    pool : array (n, h, w, c) or (n, d)
        All items, as the model sees them.
    settings : Settings
    model_path : path, optional
        Where every model is saved, replacing the one before.
    """

    def __init__(self, pool: np.ndarray, settings: Settings, model_path: Path | None = None) -> None:
        self.pool = pool
        self.settings = settings
        self.model_path = model_path
        self._strategy = strategies.get(settings.strategy)

    def learn(self, snapshot: Snapshot) -> Learned:
        """Train on the labels, if there are two classes, and rank what to ask next.

        The first questions are typical items, by TypiClust; then the settings' strategy chooses.
        """
        labels, classes = len(snapshot.labels), len(snapshot.classes)
        two = len(set(snapshot.labels.values())) > 1
        typical = not two or labels < first_labels(classes)
        present = TypiClust(candidates=LOOKED_AT) if typical else self._strategy
        learner = self._learner(snapshot, present)
        n = min(RANKED, len(learner.unlabeled), self.settings.candidates)
        if typical:
            n = min(n, max(10, first_labels(classes) - labels))
        ranking: list[int] = []
        reasons: dict[int, Reason] = {}
        if n:
            view = learner.view()
            rng = np.random.default_rng((self.settings.seed, labels))
            ranking = choose(present, view, n, rng).tolist()
            reasons = _reasons(present, view, ranking[:EXPLAINED], with_parts=not typical)
        guesses: dict[int, Guess] = {}
        if two:
            wanted = dict.fromkeys([*ranking, *(i for i in snapshot.wanted if i not in snapshot.labels)])
            guesses = _guesses(learner, list(wanted))
            self._save(learner, labels)
        return Learned(labels, two, ranking, "typical" if typical else "strategy", guesses, reasons)

    def doubts(self, snapshot: Snapshot, stop: Callable[[], bool] = lambda: False) -> list[Doubt] | None:
        """Return labels that are worth a second look, the surest first; None where `stop` said so."""
        if len(snapshot.classes) < 2:
            return []
        model = make_model(self.pool.shape[1:], snapshot.classes, self.settings)
        items, labels = list(snapshot.labels), list(snapshot.labels.values())
        return doubtful(model, self.pool, items, labels, seed=self.settings.seed, stop=stop)

    def _learner(self, snapshot: Snapshot, strategy: Strategy) -> ActiveLearner:
        classes = snapshot.classes or NO_CLASSES
        learner = ActiveLearner(
            make_model(self.pool.shape[1:], classes, self.settings),
            self.pool,
            strategy,
            seed=self.settings.seed,
            classes=classes,
            candidates=self.settings.candidates,
        )
        learner.tell(list(snapshot.labels), list(snapshot.labels.values()))
        learner.skip(snapshot.closed)
        learner.reserve(snapshot.reserved)
        return learner

    def _save(self, learner: ActiveLearner, labels: int) -> None:
        if self.model_path is not None:
            model = cast(Classifier, learner.model)  # as make_model made it
            kept_model.save(self.model_path, model.network_, [str(name) for name in model.classes_], labels)


def _guesses(learner: ActiveLearner, items: list[int]) -> dict[int, Guess]:
    if not items:
        return {}
    classes = learner.classes
    p = outputs.predict(learner.model, gather(learner.pool, np.array(items, np.int64)), classes)
    best = p.argmax(axis=1)
    return {
        item: Guess(str(classes[column]), min(1.0, float(row[column])))  # rounding may pass 1
        for item, column, row in zip(items, best.tolist(), p, strict=True)
        if np.isfinite(row).all()
    }


def _reasons(
    strategy: Strategy, view: PoolView, chosen: Sequence[int], with_parts: bool
) -> dict[int, Reason]:
    """Return why these candidates were chosen: the strategy's numbers, and the nearest labelled items."""
    places = {int(item): i for i, item in enumerate(view.candidates.tolist())}
    positions = np.array([places[item] for item in chosen], np.int64)
    parts = {}
    if with_parts:
        for name, values in strategy.parts(view).items():
            ranks = len(values) - np.searchsorted(np.sort(values), values[positions], side="right") + 1
            parts[name] = (np.asarray(values)[positions], ranks)
    near = _nearest(view, positions)
    return {
        item: Reason(
            repr(strategy),
            len(view),
            tuple((name, float(values[i]), int(ranks[i])) for name, (values, ranks) in parts.items()),
            tuple(near[i]),
        )
        for i, item in enumerate(chosen)
    }


def _nearest(view: PoolView, positions: np.ndarray) -> list[list[int]]:
    """Return the labelled items that are nearest to some candidates, as the model sees them where there is one."""
    if len(view.labeled) == 0:
        return [[] for _ in positions]
    last = slice(-MEMORY, None)
    shown = PoolView(
        view.model, view.pool, view.candidates[positions], view.labeled[last], view.labels[last], view.classes
    )
    space: Space = "x" if view.model is None else "embed"
    here = Cloud(features(shown, space))
    distances = squared_distances(here, Cloud(labeled_features(shown, space), here.origin))
    return shown.labeled[np.argsort(distances, axis=1, kind="stable")[:, :NEIGHBOURS]].tolist()
