"""GraphCenters: the middle of every cluster of the neighbour graph, and what holds for every strategy."""

import numpy as np
import pytest
from scipy.sparse import csgraph

import tinyal as al
import tinynn as nn
from tests.tinyal.pools import blobs, equal_view, random_view, select, tied_view, view_of
from tinyal.neighbor_graph import neighbor_graph
from tinyal.strategies import choose
from tinyal.strategies.graph import GraphCenters, central_rows
from tinyal.view import PoolView
from tinynn import toys

STRATEGY = GraphCenters(neighbors=4, eigenvectors=5, space="embed")


@pytest.mark.parametrize("make", [random_view, tied_view, equal_view])
def test_any_number_of_rows_comes_once_each_from_the_candidates(make):
    view = make()
    for n in (1, 2, 3, 5, len(view) - 1, len(view)):
        chosen = choose(STRATEGY, view, n, np.random.default_rng(0))
        assert len(set(chosen.tolist())) == n
        assert chosen.tolist() == select(STRATEGY, view, n).tolist()


def test_indices_are_the_data_sets_wherever_candidates_stand():
    points = np.concatenate([np.full((1000, 2), 1e3), blobs([10, 20, 15])])
    candidates = np.arange(1000, 1045)[::-1]
    strategy = GraphCenters(neighbors=4, eigenvectors=3, space="embed")
    chosen = select(strategy, view_of(points, candidates=candidates), 3)
    assert set(chosen.tolist()) <= set(candidates.tolist())
    assert np.searchsorted([1010, 1030], chosen, "right").tolist() == [1, 2, 0], "the largest heap first"


def test_a_row_of_every_heap_is_asked_for_and_it_is_near_the_middle():
    sizes = [40, 60, 50]
    points, heap = blobs(sizes), np.repeat(np.arange(3), sizes)
    assert csgraph.connected_components(neighbor_graph(points, 4))[0] == 3
    for seed in range(5):
        chosen = select(STRATEGY, view_of(points), 3, seed)
        assert heap[chosen].tolist() == [1, 2, 0]


def test_heaps_with_a_label_come_last():
    sizes = [40, 60, 50]
    view = view_of(blobs(sizes), labeled=[45])
    heap = np.repeat(np.arange(3), sizes)
    assert heap[select(STRATEGY, view, 2)].tolist() == [2, 0]


def test_it_follows_moons_that_straight_distances_tear_apart():
    """Two labels, one for each moon: by k-means of the points themselves each cluster is half of both."""
    x, y = toys.moons(600, noise=0.05, seed=0)
    strategy = GraphCenters(neighbors=8, eigenvectors=2, space="embed")
    for seed in range(5):
        assert sorted(y[select(strategy, view_of(x), 2, seed)]) == [0, 1]


def test_central_rows_are_those_nearest_to_the_means():
    points = np.concatenate([np.linspace(-1, 1, 21), np.linspace(9, 11, 11)])[:, None]
    assert central_rows(points, 32, 2, np.random.default_rng(0)).tolist() == [10, 26]
    assert sorted(central_rows(points, 32, 4, np.random.default_rng(0)).tolist()) != [10, 26]


def test_small_clusters_come_last():
    points = np.concatenate([np.zeros((20, 1)), np.full((3, 1), 100.0), np.ones((20, 1))])
    points += np.random.default_rng(0).normal(size=points.shape) / 50
    first, second, third = central_rows(points, 43, 3, np.random.default_rng(0))
    assert 20 <= third < 23
    assert {first // 20, second // 23} == {0, 1}


def test_rows_themselves_or_features_of_the_model():
    data = nn.datasets.load("digits")
    strategy = GraphCenters(candidates=300)
    assert not strategy.needs_model
    assert GraphCenters(space="embed").needs_model
    learner = al.ActiveLearner(nn.Classifier(steps=5, classes=range(10)), data.x_train, strategy, seed=0)
    first = learner.ask(20)
    assert len(set(data.y_train[first].tolist())) >= 8
    assert learner.ask(20).tolist() == first.tolist()


def test_one_row_is_the_only_choice():
    view = PoolView(None, np.eye(3), np.array([2]), np.array([], int), np.array([]), np.arange(2))
    assert select(GraphCenters(), view, 1).tolist() == [2]


def test_bad_settings_and_pools_are_refused():
    for name in ("neighbors", "eigenvectors", "components"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, not 0"):
            GraphCenters(**{name: 0})
    with pytest.raises(ValueError, match="space is 'embed'"):
        GraphCenters(space="y")
    view = PoolView(None, np.zeros((5, 0)), np.arange(5), np.array([], int), np.array([]), np.arange(2))
    with pytest.raises(ValueError, match="no features"):
        select(GraphCenters(), view, 1)
    with pytest.raises(ValueError, match="cannot choose 9 of 7 candidates"):
        select(STRATEGY, equal_view(), 9)


def test_it_asks_the_same_on_every_device(device):
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    pool = rng.normal(size=(60, 4)) + np.eye(3, 4)[y] * 2

    def run(device):
        model = nn.Classifier(
            [nn.Dense(8), nn.ReLU(), nn.Dense(3)], steps=20, classes=range(3), device=device, dtype="float64"
        )
        learner = al.ActiveLearner(model, pool, STRATEGY, seed=1)
        return al.simulate(learner, al.oracles.ArrayOracle(y), test=(pool, y), initial=6, budget=14, batch=4)

    assert run(device).queried == run("cpu").queried
