"""A run asks the same questions on every device."""

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests.tinyal.pools import by_patience, quick


@pytest.mark.parametrize("name", by_patience(al.strategies.NAMES))
def test_every_strategy_asks_the_same_on_every_device(name, device):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    pool = rng.normal(size=(60, 4)) + np.eye(3, 4)[y] * 2

    def run(device):
        layers = [nn.Dense(8), nn.ReLU(), nn.Dropout(0.5), nn.Dense(3)]
        model = nn.Classifier(layers, steps=20, classes=range(3), device=device, dtype="float64")
        learner = al.ActiveLearner(model, pool, quick(name, 5), seed=1)
        return al.simulate(learner, al.oracles.ArrayOracle(y), test=(pool, y), initial=6, budget=18, batch=4)

    assert run(device).queried == run("cpu").queried
