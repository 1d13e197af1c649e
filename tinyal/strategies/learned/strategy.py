"""A learned strategy: a network that has seen what labels brought elsewhere says what they may bring here."""

import os
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import resources
from typing import Self

import numpy as np

from tinyal.strategies.learned.episodes import play
from tinyal.strategies.learned.gain import GainModel
from tinyal.strategies.learned.state import State
from tinyal.strategies.learned.tasks import Task, digits, mixture
from tinyal.strategies.pointwise import Sampled
from tinyal.view import PoolView

CARRIED = "gain.npz"


class LearnedStrategy(Sampled):
    """Ask for the rows whose labels promise the largest gain, by a network that was trained on other tasks.

    After Konyushkova, Sznitman & Fua 2017 ("Learning active learning from data"), who learn by regression how much a
    label brings down the test error, for two classes and random forests. Here for any number of classes, and for
    networks: of tasks with known answers, `tinyal.strategies.learned.play` notes for groups of unlabelled rows what
    they looked like, in numbers without units (`tinyal.strategies.learned.FEATURES`), and what their labels brought; a
    network learns to predict the one from the other. The score is its prediction.

    What it knows is what paid in those tasks, with those models. Nothing makes that true of others.

    Time: T samples, and n·(r + m)·d for the distances of n candidates to r = 500 of them and to m labelled rows;
    memory a chunk of these.

    Parameters
    ----------
    gains : GainModel, optional
        By default one that travels with the package; ``python -m tinyal.strategies.learned`` makes it.
    n_samples : int, optional
        Posterior samples, T, that disagreement is measured by.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies.learned import FEATURES
    >>> one, other = [[1, 0], [1, 0], [0.5, 0.5], [0.9, 0.1]], [[1, 0], [0, 1], [0.5, 0.5], [0.6, 0.4]]
    >>> view = known_view(samples=[one, other], labeled=[0])  # two samples, and what they say of four rows
    >>> class DisagreementPays:  # as if that had been learned
    ...     def predict(self, features):
    ...         return features[:, FEATURES.index("disagreement")]
    >>> LearnedStrategy(DisagreementPays()).score(view).round(4).tolist()  # in shares of ln 2, for two classes
    [1.0, 0.0, 0.0913]
    >>> LearnedStrategy().score(view).shape  # what was learned for the package
    (3,)
    """

    def __init__(self, gains: GainModel | None = None, n_samples: int = 10) -> None:
        super().__init__(n_samples)
        self.gains = gains

    def score(self, view: PoolView) -> np.ndarray:
        """Return the predicted gains, (n,); their zero is the mean gain, their unit of no meaning."""
        return self._predict(State.of(view, self.n_samples), view)

    def scored(self, view: PoolView) -> Iterator[np.ndarray]:
        """Score the candidates a chunk at a time, each as one of the whole pool."""
        state = State.of(view, self.n_samples)
        for chunk in view.chunks():
            yield self._predict(state, chunk)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the predicted gains."""
        return {"predicted gain": self.scores(view)}

    def _predict(self, state: State, view: PoolView) -> np.ndarray:
        self.samples(view)  # says what is missing where a model cannot sample
        gains = self.gains or carried()
        return gains.predict(state.features(view)).astype(np.float64)

    @classmethod
    def train(
        cls,
        tasks: Sequence[Task] = (mixture, mixture, digits),
        rounds: int = 500,
        *,
        n_samples: int = 10,
        seed: int = 0,
        progress: bool = True,
    ) -> Self:
        """Learn from tasks with known answers; see `tinyal.strategies.learned.play`.

        Parameters
        ----------
        tasks : sequence of callable
            Each draws an episode: ``task(rng) -> tinyal.strategies.learned.Episode``. Never what the strategy is to be
            judged by.
        rounds : int, optional
            About two seconds each.
        n_samples, seed, progress
            As in `tinyal.strategies.learned.play`.
        """
        lessons = play(tasks, rounds, n_samples=n_samples, seed=seed, progress=progress)
        return cls(GainModel.fit(lessons.groups, lessons.gains, seed=seed), n_samples)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write what was learned to a file, without pickle."""
        (self.gains or carried()).save(path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str], n_samples: int = 10) -> Self:
        """Read a file of `save`; nothing in it is run."""
        return cls(GainModel.load(path), n_samples)


@cache
def carried() -> GainModel:
    """Return the model that travels with the package."""
    with resources.as_file(resources.files("tinyal.strategies.learned") / CARRIED) as path:
        return GainModel.load(path)
