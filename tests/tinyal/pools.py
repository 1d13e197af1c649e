"""Pools for tests of strategies that go by where rows lie: points, probabilities and views of them."""

import numpy as np
import pytest

from tinyal.strategies import get
from tinyal.strategies.names import LOOK_AHEAD
from tinyal.view import PoolView


class Placed:
    """A model whose features and probabilities are known beforehand: row i of its pool holds the number i."""

    def __init__(self, points, p=None):
        self.points = np.asarray(points)
        self.p = np.full((len(self.points), 3), 1 / 3) if p is None else np.asarray(p)
        self.classes_ = np.arange(self.p.shape[1])
        self.asked = []

    def embed(self, x):
        self.asked.append(len(x))
        return self.points[x[:, 0].astype(int)]

    def predict_proba(self, x):
        return self.p[x[:, 0].astype(int)]


def view_of(points, labeled=(), candidates=None, p=None):
    """Show points, features of a model; of three classes unless there are probabilities."""
    model = Placed(points, p)
    labeled = np.asarray(labeled, dtype=np.int64)
    if candidates is None:
        candidates = np.setdiff1d(np.arange(len(points)), labeled)
    rows = np.arange(len(points))[:, None].astype(float)
    return PoolView(model, rows, np.asarray(candidates), labeled, labeled % 3, model.classes_, 5)


def random_view(n=40, d=3, seed=0, dtype=np.float64):
    """Show points in general position; three of four are candidates, two are labelled."""
    rng = np.random.default_rng(seed)
    points, p = rng.normal(size=(n, d)).astype(dtype), rng.dirichlet([1, 1, 1], n)
    return view_of(points, [0, 8], np.flatnonzero(np.arange(n) % 4), p)


def tied_view(n=40):
    """Show points of which many are the same, and many as far from others as others."""
    kinds = np.array([[0, 0], [1, 0], [0, 1], [-1, 0]])
    p = np.array([[0.5, 0.5, 0], [1, 0, 0], [0.5, 0.3, 0.2], [0, 0.5, 0.5]])
    kind = np.arange(n) % 4
    return view_of(kinds[kind].astype(float), [0, 5], np.flatnonzero(np.arange(n) % 5), p[kind])


def equal_view(n=7, candidates=None):
    """Show nothing but copies of one labelled row."""
    return view_of(np.ones((n + 1, 3)), [0], candidates, np.tile([0.5, 0.3, 0.2], (n + 1, 1)))


def blobs(sizes, distance=50, seed=0):
    """Return points of two numbers in well-separated heaps of these sizes, one heap after the other."""
    rng = np.random.default_rng(seed)
    centers = distance * np.column_stack([np.arange(len(sizes)), np.arange(len(sizes)) % 2])
    return np.repeat(centers, sizes, axis=0) + rng.normal(size=(sum(sizes), 2))


def select(strategy, view, n, seed=0):
    return strategy.select(view, n, np.random.default_rng(seed))


def quick(name, n_samples=None):
    """Return a strategy by its name; one that trains networks to look ahead looks at few rows."""
    few = {"candidates": 2, "rows": 10} if name in LOOK_AHEAD else {}
    return get(name, n_samples, **few)


def by_patience(names):
    """Return parameters for the names of strategies; those that train a model for every answer are slow."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in LOOK_AHEAD else name for name in names]
