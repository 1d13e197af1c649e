"""Tasks to learn from whom to ask: small data sets all of whose answers are known, drawn at random."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

import tinynn as nn

TESTED = 1000  # test rows: an error is then known to about one percent
MODELS = (32, 64, 128)  # hidden units


@dataclass(frozen=True)
class Episode:
    """One task: a pool with its answers, a test set, and a model that is trained again and again.

    Attributes
    ----------
    x, x_test : array (n, ...), (m, ...)
    y, y_test : int array (n,), (m,)
        Numbers of classes, 0 to K − 1.
    model : Classifier
        With the classes named, since first labels may miss some.
    initial : int
        Labels to start from.
    """

    x: np.ndarray
    y: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray
    model: "nn.Classifier"
    initial: int


Task = Callable[[np.random.Generator], Episode]
"""Draws an episode; all that is random comes from the generator."""


def mixture(rng: np.random.Generator) -> Episode:
    """Draw classes that are mixtures of Gaussians: 2 to 10 of 1 to 4 parts each, near or far, often unequal."""
    k, d = int(rng.integers(2, 11)), int(rng.integers(5, 41))
    parts = rng.integers(1, 5, k)
    owner = np.repeat(np.arange(k), parts)
    shares = rng.dirichlet(np.full(k, rng.choice([2.0, 10.0, 1000.0])))[owner] / parts[owner]
    centers = rng.normal(size=(len(owner), d)) * rng.uniform(0.4, 1.2)
    spreads = rng.uniform(0.5, 1.5, (len(owner), d))
    n = 3000
    part = rng.choice(len(owner), n + TESTED, p=shares)
    x = (centers[part] + spreads[part] * rng.normal(size=(n + TESTED, d))).astype(np.float32)
    y = owner[part]
    flipped = rng.random(n) < rng.choice([0.0, 0.05])
    answers = np.where(flipped, rng.integers(0, k, n), y[:n])
    return Episode(x[:n], answers, x[n:], y[n:], _model(rng, k), _initial(rng, k))


def digits(rng: np.random.Generator) -> Episode:
    """Draw three quarters of the carried digits as the pool; the others are the test set."""
    data = nn.datasets.load("digits")
    x, y = np.concatenate([data.x_train, data.x_test]), np.concatenate([data.y_train, data.y_test])
    order = rng.permutation(len(x))
    pool, test = order[: len(x) * 3 // 4], order[len(x) * 3 // 4 :]
    return Episode(x[pool], y[pool], x[test], y[test], _model(rng, 10), _initial(rng, 10))


def _model(rng: np.random.Generator, k: int) -> "nn.Classifier":
    return nn.Classifier(
        [nn.Dense(int(rng.choice(MODELS))), nn.ReLU(), nn.Dropout(0.5), nn.Dense(k)],
        steps=150,
        batch_size=32,
        optimizer=nn.Adam(nn.CosineDecay(5e-3)),
        classes=range(k),
    )


def _initial(rng: np.random.Generator, k: int) -> int:
    """Draw how many labels there are at the start: 2 to 50 a class, each power of two as likely as the next."""
    return round(k * float(np.exp(rng.uniform(np.log(2), np.log(50)))))
