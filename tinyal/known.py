"""A view whose numbers are written down: to see by hand what a strategy chooses, and to test one of your own."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from tinyal.view import PoolView


def known_view(
    p: Any = None, *, samples: Any = None, features: Any = None, labeled: Sequence[int] = ()
) -> PoolView:
    """Return a view of rows about which the model says what is written here.

    Row i of the pool holds the number i, by which the model looks its answers up. It has ``sample_proba`` and ``embed``
    only where samples and features are given. It cannot be trained, so strategies that look ahead need another.

    Parameters
    ----------
    p : array (N, K), optional
        Class probabilities of every row. By default the mean of the samples, and without these two undecided classes.
    samples : array (T, N, K), optional
        What T posterior samples say.
    features : array (N, d), optional
        Where the rows lie.
    labeled : sequence of int, optional
        Rows that have a label, all the same one; the others are the candidates.

    Returns
    -------
    PoolView

    Raises
    ------
    ValueError
        Where nothing is given, and for arrays that disagree about how many rows and classes there are.

    Examples
    --------
    >>> view = known_view([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3]], labeled=[0])
    >>> view.candidates.tolist(), view.proba().tolist()
    ([1, 2], [[0.5, 0.5], [0.7, 0.3]])
    """
    said = None if samples is None else np.asarray(samples, np.float64)
    places = None if features is None else np.asarray(features, np.float64)
    if p is not None:
        answers = np.asarray(p, np.float64)
    elif said is not None:
        answers = said.mean(axis=0)
    elif places is not None:
        answers = np.full((len(places), 2), 0.5)
    else:
        raise ValueError("nothing is known about these rows: give p=, samples= or features=")
    if answers.ndim != 2 or (said is not None and said.shape[1:] != answers.shape):
        raise ValueError(
            f"p has the axes (N, K) and samples (T, N, K), not {answers.shape} and {np.shape(samples)}"
        )
    if places is not None and (places.ndim != 2 or len(places) != len(answers)):
        raise ValueError(f"features of {len(answers)} rows have the axes (N, d), not {places.shape}")
    model: Any = SimpleNamespace(classes_=np.arange(answers.shape[1]))
    model.predict_proba = lambda x: answers[x[:, 0]]
    if said is not None:
        model.members_ = said  # so that a strategy which wants twenty samples takes as many as there are
        model.sample_proba = lambda x, n_samples, seed: said[:n_samples, x[:, 0]]
    if places is not None:
        model.embed = lambda x: places[x[:, 0]]
    rows, told = np.arange(len(answers)), np.asarray(labeled, np.int64)
    unlabeled = np.setdiff1d(rows, told)
    return PoolView(model, rows[:, None], unlabeled, told, np.zeros_like(told), model.classes_)
