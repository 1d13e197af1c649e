"""Self-training: what the network is taught, that it keeps the labels given, and that it helps."""

import numpy as np
import pytest
from scipy import sparse

import tinynn as nn
from tests.tinyal.pools import blobs
from tinyal.neighbor_graph import neighbor_graph
from tinyal.self_training import UNLABELED, SelfTraining
from tinyal.spreading import spread
from tinyal.strategies.graph import GraphCenters
from tinyal.view import PoolView

LAYERS = [nn.Dense(16), nn.ReLU(), nn.Dropout(0.2), nn.Dense(3)]


def heaps(sizes=(40, 30, 20), labels=(0, 40, 70)):
    """Return three heaps of points, their classes, and y that knows one of each."""
    x, truth = blobs(sizes, distance=6).astype(np.float32), np.repeat([2, 0, 1], sizes)
    y = np.full(len(x), UNLABELED)
    y[list(labels)] = truth[list(labels)]
    return x / 6, truth, y


def small(**settings):
    return SelfTraining(LAYERS, **({"steps": 60, "rounds": 2, "optimizer": nn.Adam(0.01)} | settings))


def test_one_label_for_each_heap_teaches_all_of_them(device):
    x, truth, y = heaps()
    model = small(device=device, dtype="float64").fit(x, y)
    assert model.score(x, truth) > 0.97
    assert model.classes_.tolist() == [0, 1, 2]
    assert model.sample_proba(x, 3).shape == (3, 90, 3)
    assert model.embed(x).shape == (90, 16)
    on_the_host = small(dtype="float64").fit(x, y)
    np.testing.assert_allclose(model.predict_proba(x), on_the_host.predict_proba(x), atol=1e-6)


def test_what_the_graph_says_is_what_spreading_says():
    x, _, y = heaps()
    graph, labeled = neighbor_graph(x, 5), np.flatnonzero(y != UNLABELED)
    for balance in (None, "equal", "estimated", [0.2, 0.2, 0.6]):
        model = small(graph=graph, balance=balance, alpha=0.9, steps=1, rounds=1).fit(x, y)
        expected = spread(graph, labeled, y[labeled], 3, alpha=0.9, balance=balance)
        np.testing.assert_array_equal(model.spread_, expected)
        np.testing.assert_array_equal(model.believed_, expected)


def test_the_first_network_is_taught_by_the_graph_and_the_second_by_the_first():
    x, _, y = heaps()
    one, two = small(rounds=1).fit(x, y), small(rounds=2).fit(x, y)
    np.testing.assert_array_equal(one.spread_, two.spread_)
    np.testing.assert_allclose(two.believed_, one.predict_proba(x), atol=1e-6)
    shares = [0.3, 0.25, 0.45]
    balanced = small(rounds=2, balance=shares, alpha=0.5).fit(x, y)
    np.testing.assert_allclose(balanced.believed_.mean(axis=0), balanced.spread_.mean(axis=0), atol=1e-3)


def test_a_label_that_was_given_stays_where_the_graph_says_otherwise():
    """A row of class 1 whose only neighbours are rows of class 0; the network that sees it alone must believe it."""
    x = np.zeros((20, 4), np.float32)
    x[:10, 0] = x[10:, 1] = 1
    x[0] = [0, 0, 1, 0]
    graph = sparse.csr_array(np.kron(np.eye(2), np.ones((10, 10))) - np.eye(20))
    y = np.full(20, UNLABELED)
    y[[0, 1, 2, 3, 12]] = [1, 0, 0, 0, 1]
    model = SelfTraining(
        [nn.Dense(2)], graph=graph, alpha=0.9, rounds=1, steps=400, optimizer=nn.Adam(0.05)
    ).fit(x, y)
    assert model.predict(x[[0, 5, 15]]).tolist() == [1, 0, 1]


def test_rows_that_the_graph_knows_nothing_about_teach_nothing():
    """Half of the rows are joined to no label: moving them changes no network."""
    x, _, y = heaps(labels=(0, 40))
    settings = {"graph": neighbor_graph(x, 4), "rounds": 1, "classes": [0, 2]}
    layers = [nn.Dense(8), nn.ReLU(), nn.Dense(2)]
    before = SelfTraining(layers, steps=20, **settings).fit(x, y)
    assert np.allclose(before.spread_[70:], 0.5)
    moved = x.copy()
    moved[70:] += 100
    after = SelfTraining(layers, steps=20, **settings).fit(moved, y)
    np.testing.assert_array_equal(before.network_.parameters, after.network_.parameters)


def test_the_seed_decides_and_settings_are_scikit_learns():
    x, _, y = heaps()
    first = small(seed=4).fit(x, y).predict_proba(x)
    np.testing.assert_array_equal(small(seed=4).fit(x, y).predict_proba(x), first)
    assert (small(seed=5).fit(x, y).predict_proba(x) != first).any()
    model = small().set_params(rounds=1)
    assert model.get_params()["rounds"] == 1
    assert "rounds=1" in repr(model)
    with pytest.raises(ValueError, match="not fitted"):
        model.predict(x)


def test_few_labels_and_many_rows_are_worth_more_than_few_labels():
    data = nn.datasets.load("digits")
    nobody = np.array([], np.int64)
    view = PoolView(None, data.x_train, np.arange(len(data.x_train)), nobody, nobody, np.arange(10))
    chosen = GraphCenters().select(view, 20, np.random.default_rng(0))
    y = np.full(len(data.x_train), UNLABELED)
    y[chosen] = data.y_train[chosen]
    layers = [nn.Dense(64), nn.ReLU(), nn.Dense(10)]
    few = SelfTraining(layers, steps=200, rounds=1, balance="equal", classes=range(10)).fit(data.x_train, y)
    alone = nn.Classifier(layers, steps=200, classes=range(10)).fit(data.x_train[chosen], y[chosen])
    assert few.score(data.x_test, data.y_test) > alone.score(data.x_test, data.y_test) + 0.05


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda x, y: (x, np.full(len(y), UNLABELED)), ValueError, "no row has a label: all of y is -1"),
        (
            lambda x, y: (x, y.astype(float)),
            TypeError,
            "whole numbers, -1 for a row without a label, not float64",
        ),
        (lambda x, y: (x[:50], y[:50]), ValueError, "the graph joins 90 rows, and x has 50"),
        (lambda x, y: (x, y[:-1]), ValueError, "one label a row"),
        (lambda x, y: (x, np.where(y == 2, 7, y)), ValueError, r"labels \[7\] are not among"),
    ],
)
def test_what_does_not_fit_is_refused(change, error, message):
    x, _, y = heaps()
    with pytest.raises(error, match=message):
        small(graph=neighbor_graph(x, 4), classes=range(3)).fit(*change(x, y))
