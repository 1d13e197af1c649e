"""Covering strategies: the farthest row, the middle of what is not covered, and distances that keep their digits."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import chisquare, ortho_group

from tests.tinyal.pools import blobs, random_view, select, view_of
from tinyal import neighbors
from tinyal.neighbors import Cloud, mean_neighbor_distance, nearest, squared_distances
from tinyal.seeding import farthest_first, plus_plus
from tinyal.strategies.diversity import DISTANCE, FacilityLocation, KCenter

LINE = np.array([[0.0], [1], [4], [9], [10]])


def farthest_by_definition(points, centers, candidates, n):
    centers, chosen = list(centers), []
    for _ in range(n):
        left = [i for i in candidates if i not in chosen]
        chosen.append(max(left, key=lambda i: min(np.linalg.norm(points[i] - points[c]) for c in centers)))
        centers.append(chosen[-1])
    return chosen


# k-center.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1000])
def test_k_center_on_a_line_takes_the_far_end_then_the_middle_then_one_of_two(dtype, offset):
    """0, 1, 4, 9, 10 with 0 labelled: 10, then 4, then 1 and 9 are as far from a centre."""
    view = view_of((LINE + offset).astype(dtype), labeled=[0])
    drawn = [select(KCenter(), view, 4, seed).tolist() for seed in range(200)]
    assert {tuple(chosen[:2]) for chosen in drawn} == {(4, 2)}
    third = [chosen[2] for chosen in drawn]
    assert chisquare([third.count(1), third.count(3)]).pvalue > 1e-4
    assert all(set(chosen) == {1, 2, 3, 4} for chosen in drawn)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("seed", range(4))
def test_k_center_is_the_farthest_point_each_time(dtype, seed):
    view = random_view(seed=seed, d=5, dtype=dtype)
    expected = farthest_by_definition(
        view.model.points.astype(float), view.labeled, view.candidates.tolist(), 20
    )
    assert select(KCenter(), view, 20).tolist() == expected


def test_k_center_asks_no_copy_of_a_labelled_or_chosen_row_while_there_are_others():
    """Heaps far from the origin and close together, in float32: ‖a‖² + ‖b‖² − 2 a·b alone gives them noise."""
    rng = np.random.default_rng(0)
    kinds = 300 + rng.normal(size=(12, 40)).astype(np.float32) * 0.01
    kinds[:3] -= 600
    kind = np.arange(120) % 12
    view = view_of(kinds[kind], labeled=[0, 13])
    chosen = select(KCenter(), view, 11)
    assert set(kind[chosen[:10]].tolist()) == set(range(2, 12))
    assert kind[chosen[10]] in range(12)
    shown = KCenter().parts(view)[DISTANCE]
    copies = np.isin(kind[view.candidates], [0, 1])
    assert (shown[copies] == 0).all()
    assert (shown[~copies] > 0.01).all()


def test_copies_of_the_farthest_row_tie_although_their_distances_are_rounded_differently():
    x = np.random.default_rng(1).normal(size=(31, 128)).astype(np.float32)
    x[3:] = 9 * x[3]
    first = {int(select(KCenter(), view_of(x, labeled=[0]), 1, seed)[0]) for seed in range(300)}
    assert first == set(range(3, 31))


def test_far_from_the_origin_few_distances_are_taken_twice(monkeypatch):
    """The pairs that come out close are taken again, slowly; without the shift all would be."""
    again = []
    monkeypatch.setattr(neighbors, "blocks", lambda n, width: again.append(n) or [slice(0, n)])
    cloud = Cloud(1000 + np.random.default_rng(0).normal(size=(100, 20)))
    squared_distances(cloud, cloud)
    assert again == [100], "each with itself"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [0, 1e-3])
def test_many_equal_rows_are_compared_once_and_no_digit_differs(monkeypatch, dtype, spread):
    """Of n equal rows n² pairs are close: taken one by one, 10,000 empty images took minutes."""
    rng = np.random.default_rng(0)
    few = rng.normal(size=(1, 17)) + spread * rng.normal(size=(4, 17))
    x = np.concatenate([rng.normal(size=(40, 17)), few[rng.integers(0, 4, 300)]]).astype(dtype)
    cloud, asked = Cloud(x), []
    directly = neighbors._directly
    monkeypatch.setattr(
        neighbors, "_directly", lambda a, b, i, j: asked.append(len(i)) or directly(a, b, i, j)
    )
    found = squared_distances(cloud, cloud), squared_distances(cloud.part(slice(30, 200)), cloud)
    assert sum(asked) < 2 * (40 + 4 * 4) + 50
    monkeypatch.setattr(neighbors, "MANY", np.inf)
    asked.clear()
    one_by_one = squared_distances(cloud, cloud), squared_distances(cloud.part(slice(30, 200)), cloud)
    assert sum(asked) > 300 * 300
    for quick, slow in zip(found, one_by_one, strict=True):
        assert quick.tobytes() == slow.tobytes()


def test_distances_do_not_depend_on_where_and_how_the_points_lie():
    view = random_view(d=4)
    moved = view.model.points @ ortho_group.rvs(4, random_state=0) * 7 + 100
    turned = view_of(moved, view.labeled, view.candidates)
    for strategy in (KCenter(), FacilityLocation()):
        assert select(strategy, turned, 12).tolist() == select(strategy, view, 12).tolist()


def test_greedy_centers_reach_at_most_twice_as_far_as_the_best_ones():
    """Equation `kcenter-radius` of `docs/derivations/k-center.md`, at most twice the least."""
    for seed in range(5):
        points = np.random.default_rng(seed).normal(size=(9, 2))
        cloud = Cloud(points)
        chosen = farthest_first(cloud.distances_to, np.full(9, np.inf), 3, np.random.default_rng(0))
        reach = cdist(points, points[chosen]).min(axis=1).max()
        best = min(
            cdist(points, points[list(three)]).min(axis=1).max()
            for three in itertools.combinations(range(9), 3)
        )
        assert reach <= 2 * best


@pytest.mark.parametrize("seed", range(5))
def test_why_greedy_centers_reach_at_most_twice_as_far(seed):
    """Rows chosen and the worst-covered one lie a radius apart, and two of them share a centre of the best choice.

    Equations `kcenter-apart` and `kcenter-pigeons` of `docs/derivations/k-center.md`.
    """
    points, labeled, b = np.random.default_rng(seed).normal(size=(9, 2)), [0], 3
    distances = cdist(points, points)
    cloud = Cloud(points)
    chosen = farthest_first(cloud.distances_to, cloud.distances_to(0), b, np.random.default_rng(0)).tolist()
    covered = distances[:, labeled + chosen].min(axis=1)
    apart = [*chosen, int(covered.argmax())]
    for i, j in itertools.combinations(apart, 2):
        assert distances[i, j] >= covered.max() - 1e-12
    assert distances[np.ix_(apart, labeled)].min() >= covered.max() - 1e-12
    best = min(
        (labeled + list(three) for three in itertools.combinations(range(1, 9), b)),
        key=lambda centers: distances[:, centers].min(axis=1).max(),
    )
    radius = distances[:, best].min(axis=1).max()
    centers = [int(distances[i, best].argmin()) for i in [*labeled, *apart]]
    shared = [
        (i, j)
        for (i, a), (j, c) in itertools.combinations(zip([*labeled, *apart], centers, strict=True), 2)
        if a == c
    ]
    assert shared
    for i, j in shared:
        c = best[centers[[*labeled, *apart].index(i)]]
        assert distances[i, j] <= distances[i, c] + distances[c, j] + 1e-12 <= 2 * radius + 2e-12


def test_the_factor_two_does_occur():
    """Equation `kcenter-pigeons` of `docs/derivations/k-center.md`, with equality: a label at 0, rows at 2, 3 and 4."""
    line = np.array([[0.0], [2], [3], [4]])
    distances = cdist(line, line)
    (chosen,) = select(KCenter(), view_of(line, labeled=[0]), 1)
    reach = {row: distances[:, [0, row]].min(axis=1).max() for row in (1, 2, 3)}
    assert reach[chosen] == 2 * min(reach.values())
    assert distances[1, 3] == distances[1, 2] + distances[2, 3] == 2 * reach[2]


def test_a_loss_that_changes_slowly_is_small_where_a_label_is_near():
    """Equation `kcenter-bound` of `docs/derivations/k-center.md`, for slopes of at most λ in every direction."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        points, places, slope = rng.normal(size=(30, 2)), rng.normal(size=(4, 2)), 1.7
        loss = slope * cdist(points, places).min(axis=1)  # a distance changes by at most 1 for each unit
        labels = rng.choice(30, 5, replace=False)
        radius = cdist(points, points[labels]).min(axis=1).max()
        assert loss.max() <= loss[labels].max() + slope * radius
    steepest = slope * cdist(points, points[labels]).min(axis=1)
    assert steepest.max() == pytest.approx(steepest[labels].max() + slope * radius)


def test_what_is_shown_is_the_distance_to_the_nearest_label():
    view = random_view(d=6)
    exact = cdist(view.model.points[view.candidates], view.model.points[view.labeled]).min(axis=1)
    for strategy in (KCenter(), FacilityLocation()):
        np.testing.assert_allclose(strategy.parts(view)[DISTANCE], exact, rtol=1e-12)
    rows = KCenter("x").parts(view)[DISTANCE]  # row i holds the number i; 0 and 8 are labelled
    np.testing.assert_allclose(rows, np.minimum(view.candidates, abs(view.candidates - 8)))


# Facility location.


@pytest.mark.parametrize("labeled", [[0, 8], []])
@pytest.mark.parametrize("seed", range(4))
def test_each_row_of_facility_location_has_the_largest_gain_of_all(seed, labeled):
    points = np.random.default_rng(seed).normal(size=(40, 4))
    view = view_of(points, labeled)
    distances = cdist(points, points)[np.ix_(view.candidates, view.candidates)]
    covered = np.full(len(view), distances.max())
    for row in labeled:
        covered = np.minimum(covered, cdist(points[view.candidates], points[[row]])[:, 0])
    for row in select(FacilityLocation(), view, 20):
        gains = np.maximum(covered - distances, 0).sum(axis=1)
        i = np.flatnonzero(view.candidates == row)[0]
        assert gains[i] > gains.max() - 1e-4
        covered = np.minimum(covered, distances[i])


def test_facility_location_asks_in_the_middle_and_k_center_at_the_edge():
    points = np.concatenate([blobs([30, 20], seed=1), [[25, 400]]])
    first, second = select(FacilityLocation(), view_of(points), 2)
    assert np.linalg.norm(points[first] - points[:30].mean(axis=0)) < 1.5
    assert np.linalg.norm(points[second] - points[30:50].mean(axis=0)) < 1.5
    assert 50 in select(KCenter(), view_of(points), 2)


def test_greedy_saves_most_of_what_the_best_batch_saves():
    for seed in range(5):
        points = np.random.default_rng(seed).normal(size=(10, 2))
        distances = cdist(points, points)

        def saved(rows, distances=distances):
            return (distances.max() - distances[list(rows)].min(axis=0)).sum()

        best = max(map(saved, itertools.combinations(range(10), 3)))
        assert saved(select(FacilityLocation(), view_of(points), 3)) >= (1 - 1 / np.e) * best


# Distances and seeding.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 50])
@pytest.mark.parametrize("spread", [1, 1e-3])
def test_squared_distances_keep_their_digits(dtype, offset, spread):
    """Equation `kcenter-matrix` of `docs/derivations/k-center.md`."""
    rng = np.random.default_rng(0)
    x = (offset + spread * rng.normal(size=(60, 33)) + 5 * rng.integers(0, 2, (60, 1))).astype(dtype)
    x[::7] = x[3]
    cloud = Cloud(x)
    found = squared_distances(cloud, cloud.part(slice(0, 20)))
    exact = cdist(x.astype(np.float64), x[:20].astype(np.float64), "sqeuclidean")
    assert found.dtype == dtype
    assert (found[exact == 0] == 0).all()
    # Shifting rounds each number by up to half a unit in the last place of the numbers themselves.
    rounding = 64 * np.finfo(dtype).eps * max(1, offset) * np.sqrt(exact * 33)
    np.testing.assert_array_less(abs(found - exact), 200 * np.finfo(dtype).eps * exact + rounding + 1e-300)


def test_blocks_change_the_memory_and_not_the_distances(monkeypatch):
    x = np.random.default_rng(0).normal(size=(50, 4))
    a, b, own = Cloud(x), Cloud(x[:23], x.mean(axis=0)), np.where(np.arange(50) < 23, np.arange(50), -1)
    whole = nearest(a, b), mean_neighbor_distance(a, b, own, 5)
    monkeypatch.setattr(neighbors, "BLOCK", 100)
    np.testing.assert_allclose(nearest(a, b), whole[0])
    np.testing.assert_allclose(mean_neighbor_distance(a, b, own, 5), whole[1])


def test_the_mean_distance_to_neighbors_leaves_out_the_point_and_no_copy_of_it():
    x = np.array([[0.0], [0.0], [3.0], [7.0]])
    cloud = Cloud(x)
    np.testing.assert_allclose(mean_neighbor_distance(cloud, cloud, np.arange(4), 2), [1.5, 1.5, 3, 5.5])
    np.testing.assert_allclose(mean_neighbor_distance(cloud, cloud, np.arange(4), 9)[0], 10 / 3)
    others = Cloud(np.array([[1.0], [5.0], [5.0]]), cloud.origin)
    np.testing.assert_allclose(mean_neighbor_distance(cloud, others, np.full(4, -1), 2)[2], 2)
    one = Cloud(x[:1])
    assert mean_neighbor_distance(one, one, np.array([0]), 5).tolist() == [np.inf]


def test_plus_plus_draws_in_proportion_to_the_squared_distance():
    """Equation `badge-draw` of `docs/derivations/badge.md`."""
    x = np.array([0.0, 1, 2, 5, 0])
    drawn = [
        plus_plus(lambda i: (x - x[i]) ** 2, 0, 2, np.random.default_rng(seed))[1] for seed in range(900)
    ]
    counts = np.bincount(drawn, minlength=5)
    assert counts[0] == counts[4] == 0
    assert chisquare(counts[1:4], 900 * np.array([1, 4, 25]) / 30).pvalue > 1e-4
    for seed in range(20):  # then only copies are left
        assert sorted(plus_plus(lambda i: (x - x[i]) ** 2, 0, 5, np.random.default_rng(seed))) == [
            0,
            1,
            2,
            3,
            4,
        ]
