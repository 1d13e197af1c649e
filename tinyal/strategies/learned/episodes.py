"""Play episodes: label groups of rows whose answers are known, train, and note what each group brought."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyal.fitting import train
from tinyal.strategies.learned.state import State
from tinyal.strategies.learned.tasks import Episode, Task
from tinyal.view import PoolView
from tinynn.progress import progress_bar

STRENGTHS = (0.0, 1.0, 3.0, 10.0)  # of a group's preference for much, or for little, of a feature; 0 is none
NOTHING = 1e-3  # what a gain is divided by at least: gains of a round that are all alike are noise


@dataclass(frozen=True)
class Lessons:
    """What was seen: groups of candidates and what their labels brought.

    Attributes
    ----------
    groups : array (G, rows, features)
        Each candidate as it was before its label was known.
    gains : array (G,)
        By how much the test error fell, less the mean over the groups of the same round, over their deviation:
        which of several groups to label is all that a strategy decides.
    rounds : int array (G,)
        Groups of the same round have the same number.
    """

    groups: np.ndarray
    gains: np.ndarray
    rounds: np.ndarray


def play(
    tasks: Sequence[Task],
    rounds: int,
    *,
    groups: int = 20,
    rows: int = 10,
    repeats: int = 2,
    n_samples: int = 10,
    seed: int = 0,
    progress: bool = True,
) -> Lessons:
    """Play one round in each of many episodes, of the tasks by turns, and return what was seen.

    A round: some labels are drawn at random and a model is trained on them. Then, for each of several groups of
    unlabelled rows, a model is trained on these labels and the group's, and both are tested. Groups are drawn so that
    they differ: each prefers rows that have more, or less, of one feature, some strongly and some hardly.

    Cost: rounds · (groups + 1) · repeats trainings.

    Parameters
    ----------
    tasks : sequence of callable
        From a generator of random numbers to an `Episode`, such as `mixture` and `digits`.
    rounds : int
    groups, rows : int, optional
        Groups a round, and rows a group.
    repeats : int, optional
        Trainings that a test error is the mean of.
    n_samples : int, optional
        Posterior samples that disagreement is measured by.
    seed : int, optional
    progress : bool, optional
        Show a bar.
    """
    seen: list[np.ndarray] = []
    brought: list[np.ndarray] = []
    with progress_bar(rounds, "round", None if progress else False) as bar:
        for number in range(rounds):
            rng = np.random.default_rng((seed, number))
            episode = tasks[number % len(tasks)](rng)
            features, chosen, errors = _round(episode, rng, groups, rows, repeats, n_samples)
            fallen = errors.mean() - errors
            brought.append(fallen / max(float(fallen.std()), NOTHING))
            seen.append(features[chosen])
            bar.update()
    return Lessons(
        np.concatenate(seen),
        np.concatenate(brought),
        np.repeat(np.arange(rounds), [len(g) for g in brought]),
    )


def _round(
    episode: Episode,
    rng: np.random.Generator,
    groups: int,
    rows: int,
    repeats: int,
    n_samples: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the candidates' features (n, F), groups of their positions (groups, rows), and test errors (groups,)."""
    order = rng.permutation(len(episode.x))
    labeled, candidates = order[: episode.initial], np.sort(order[episode.initial :])
    seeds = [int(s) for s in rng.integers(2**31, size=repeats)]
    model = train(episode.model, episode.x, seeds[0], None, labeled, episode.y[labeled])
    classes = np.asarray(model.classes_)
    view = PoolView(model, episode.x, candidates, labeled, episode.y[labeled], classes, seeds[0])
    features = State.of(view, n_samples).features(view)
    chosen = np.stack([_by_a_feature(features, rows, rng) for _ in range(groups)])
    errors = np.zeros(groups)
    for i, group in enumerate(chosen):
        told = np.concatenate([labeled, candidates[group]])
        for (
            one
        ) in seeds:  # the same seeds for all groups: the same first weights, a smaller difference by chance
            after = train(episode.model, episode.x, one, None, told, episode.y[told])
            guess = classes[np.asarray(after.predict_proba(episode.x_test)).argmax(axis=1)]
            errors[i] += np.mean(guess != episode.y_test) / repeats
    return features, chosen, errors


def _by_a_feature(features: np.ndarray, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Draw some rows, more of those with a large, or small, value of one feature (Gumbel top-k)."""
    values = features.astype(np.float64)
    column = values[:, rng.choice(np.flatnonzero(values.std(axis=0) > 1e-6))]
    strength = rng.choice([-1, 1]) * rng.choice(STRENGTHS)
    keys = strength * (column - column.mean()) / column.std() + rng.gumbel(size=len(column))
    return np.argpartition(-keys, rows)[:rows]
