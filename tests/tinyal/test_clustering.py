"""Strategies that go by clusters and density, each against its definition, and the clusters themselves."""

import itertools

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import chisquare

import tinynn as nn
from tests.tinyal.pools import blobs, equal_view, random_view, select, view_of
from tinyal.clusters import average_linkage, k_means, take_turns
from tinyal.neighbors import Cloud
from tinyal.strategies import BALD, Margin, Pointwise
from tinyal.strategies import clustering as cluster_margin
from tinyal.strategies.clustering import ClusterMargin
from tinyal.strategies.density import DensityWeighted
from tinyal.strategies.typiclust import TypiClust
from tinyal.view import PoolView


def same_groups(a, b):
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


# Clusters.


@pytest.mark.parametrize("cluster", [k_means, lambda cloud, k, rng: average_linkage(cloud, k)])
def test_heaps_are_found(cluster):
    sizes = [30, 5, 12, 1]
    found = cluster(Cloud(blobs(sizes)), 4, np.random.default_rng(0))
    assert found.min() >= 0
    assert found.max() < 4
    assert same_groups(found.tolist(), np.repeat(np.arange(4), sizes).tolist())


@pytest.mark.parametrize("seed", range(5))
def test_k_means_ends_where_every_point_is_nearest_to_the_mean_of_its_cluster(seed):
    x = np.random.default_rng(seed).normal(size=(60, 3)).astype(np.float32)
    found = k_means(Cloud(x), 4, np.random.default_rng(seed))
    assert found.tolist() == k_means(Cloud(x), 4, np.random.default_rng(seed)).tolist()
    means = np.array([x[found == k].mean(axis=0) for k in range(4)])
    assert (cdist(x, means).argmin(axis=1) == found).all()


def test_k_means_of_fewer_points_than_clusters_leaves_some_empty():
    x = np.repeat(np.eye(3), 5, axis=0)
    found = k_means(Cloud(x), 6, np.random.default_rng(0))
    assert len(found) == 15
    assert all(len(set(found[x[:, k] == 1].tolist())) == 1 for k in range(3))
    assert len(set(k_means(Cloud(x), 15, np.random.default_rng(0)).tolist())) == 3
    assert k_means(Cloud(x[:1]), 1, np.random.default_rng(0)).tolist() == [0]


def test_average_linkage_joins_the_two_clusters_of_the_least_mean_distance():
    x = np.random.default_rng(3).normal(size=(14, 2))
    distances, groups = cdist(x, x), [[i] for i in range(14)]
    while len(groups) > 4:
        a, b = min(
            ((a, b) for a in range(len(groups)) for b in range(a)),
            key=lambda pair: distances[np.ix_(groups[pair[0]], groups[pair[1]])].mean(),
        )
        groups[b] += groups.pop(a)
    expected = [next(k for k, group in enumerate(groups) if i in group) for i in range(14)]
    assert same_groups(average_linkage(Cloud(x), 4).tolist(), expected)
    assert average_linkage(Cloud(x[:1]), 1).tolist() == [0]


@pytest.mark.parametrize("seed", range(5))
def test_groups_take_turns(seed):
    rng = np.random.default_rng(seed)
    groups, places = rng.integers(0, 5, 30), rng.permutation(30)
    heaps = [sorted(np.flatnonzero(groups == k), key=lambda i: places[i]) for k in range(5)]
    expected = [heap[turn] for turn in range(30) for heap in heaps if turn < len(heap)]
    assert take_turns(groups, places, 30).tolist() == expected
    assert take_turns(groups, places, 7).tolist() == expected[:7]


# Cluster-Margin.


def doubts(margins):
    """Return probabilities of three classes with these margins."""
    margins = np.asarray(margins, dtype=float)
    return np.column_stack([(1 + margins) / 2, (1 - margins) / 2, np.zeros(len(margins))])


@pytest.mark.parametrize("most", [2000, 5])
def test_cluster_margin_asks_in_every_heap_the_smallest_first(most, monkeypatch):
    """Four heaps of ten; with six rows kept of heap 0, three of heap 1, two of heap 2 and one of heap 3."""
    monkeypatch.setattr(cluster_margin, "HIERARCHICAL", most)  # above it k-means
    heap = np.repeat(np.arange(4), 10)
    kept = np.arange(40) % 10 < np.array([6, 3, 2, 1])[heap]
    margins = np.where(kept, 0.1, 0.9) + np.arange(40) / 1000
    view = view_of(blobs([10] * 4), p=doubts(margins))
    chosen = {}
    for seed in range(20):
        rows = select(ClusterMargin(factor=2), view, 6, seed)
        assert kept[rows].all()
        assert heap[rows].tolist() == [3, 2, 1, 0, 2, 1]
        for place, row in enumerate(rows):
            chosen.setdefault(place, set()).add(int(row))
    assert chosen[0] == {30}
    assert chosen[1] == {20, 21}
    assert len(chosen[3]) > 2, "within a cluster the row is drawn at random"


def test_cluster_margin_that_keeps_as_many_as_it_wants_is_margin():
    view = random_view()
    expected = set(select(Margin(), view, 9).tolist())
    assert set(select(ClusterMargin(factor=1), view, 9).tolist()) == expected
    np.testing.assert_allclose(ClusterMargin().parts(view)["margin"], 1 - Margin().scores(view))
    with pytest.raises(ValueError, match=r"at least 1, not 0\.5"):
        ClusterMargin(factor=0.5)


def test_clusters_of_equal_size_have_their_turns_in_any_order():
    view = view_of(blobs([10] * 3), p=doubts(np.full(30, 0.2)))
    first = [int(select(ClusterMargin(), view, 3, seed)[0]) // 10 for seed in range(300)]
    assert chisquare(np.bincount(first, minlength=3)).pvalue > 1e-4


# TypiClust.


def most_typical(points, rows, place=0):
    distances = np.sort(cdist(points[rows], points[rows]), axis=1)[:, 1 : min(21, len(rows))]
    return int(rows[np.argsort(distances.mean(axis=1))[place]])


@pytest.mark.parametrize("space", ["x", "embed"])
def test_typiclust_asks_for_the_most_typical_row_of_each_heap_the_largest_first(space):
    sizes = [15, 40, 25]
    points, heap = blobs(sizes), np.repeat(np.arange(3), sizes)
    view = view_of(points)
    if space == "x":
        view.pool = points
    expected = [most_typical(points, np.flatnonzero(heap == k)) for k in (1, 2, 0)]
    for seed in range(5):
        assert select(TypiClust(space), view, 3, seed).tolist() == expected


def test_typiclust_leaves_heaps_with_a_label_for_later():
    sizes = [15, 40, 25]
    points, heap = blobs(sizes), np.repeat(np.arange(3), sizes)
    view = view_of(points, labeled=[most_typical(points, np.flatnonzero(heap == 1))])
    expected = [most_typical(points, np.flatnonzero(heap == k)) for k in (2, 0)]
    assert select(TypiClust("embed"), view, 2).tolist() == expected


def test_typiclust_asks_for_outliers_last():
    """Four clusters for four rows: the outlier is one, and instead of it the largest heap gives its second."""
    points = np.concatenate([blobs([40, 20, 10]), [[900, 900]]])
    chosen = select(TypiClust("embed"), view_of(points), 4).tolist()
    rows = [np.arange(40), np.arange(40, 60), np.arange(60, 70)]
    assert chosen == [*(most_typical(points, part) for part in rows), most_typical(points, rows[0], 1)]
    labeled = select(TypiClust("embed"), view_of(points[:60]), 2)
    heaps = np.concatenate([blobs([40, 20]), [[900, 900]]])
    assert select(TypiClust("embed"), view_of(heaps, labeled=labeled), 1)[0] < 40, (
        "rather a heap with a label"
    )
    few = np.array([[0.0, 0], [1, 0], [90, 0], [0, 90]])
    assert sorted(select(TypiClust("embed"), view_of(few), 4).tolist()) == [0, 1, 2, 3]


def test_typiclust_never_looks_at_a_model():
    class Untrained:
        @property
        def embed(self):
            raise ValueError("fit me first")

        predict_proba = embed

    points = blobs([20, 10])
    nothing = np.zeros(0, dtype=np.int64)
    for model in (None, Untrained()):
        view = PoolView(model, points, np.arange(30), nothing, nothing, nothing)
        chosen = select(TypiClust(), view, 2)
        assert [row // 20 for row in chosen] == [0, 1]
        assert TypiClust().parts(view)["typicality"].shape == (30,)


def test_typicality_is_shown_for_the_whole_pool():
    """Equation `few-typicality` of `docs/derivations/few-labels.md`."""
    points = np.random.default_rng(0).normal(size=(60, 3))
    view = view_of(points, labeled=[7])
    rows = np.delete(points, 7, axis=0)
    expected = 1 / np.sort(cdist(rows, rows), axis=1)[:, 1:21].mean(axis=1)
    np.testing.assert_allclose(TypiClust("embed").parts(view)["typicality"], expected)
    expected = []
    for i in range(59):  # at most 20 of 59: every third row is a possible neighbour
        others = [j for j in range(0, 59, 3) if j != i]
        expected.append(1 / np.sort(cdist(rows[i : i + 1], rows[others])[0])[:19].mean())
    np.testing.assert_allclose(TypiClust("embed", candidates=20).parts(view)["typicality"], expected)
    assert (TypiClust("embed").parts(equal_view(30))["typicality"] == np.inf).all()


# Why few labels need it: doubt far out, and what chance finds.


def test_doubt_between_two_means_is_a_line_and_vanishes_far_out():
    """Equations `few-nearest-mean`, `few-log-odds` and `few-rays` of `docs/derivations/few-labels.md`."""
    means, x = np.array([-1.0, 2.5]), np.linspace(-10, 10, 41)
    bumps = np.exp(-((x[:, None] - means) ** 2) / 2)
    p = bumps / bumps.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(nn.softmax(-((x[:, None] - means) ** 2) / 2), p, rtol=1e-10)
    line = (means[1] - means[0]) * (x - means.mean())
    np.testing.assert_allclose(np.log(p[:, 1] / p[:, 0]), line, rtol=1e-10, atol=1e-10)
    net = nn.Sequential([nn.Dense(4)], (3,), dtype="float64")  # its biases start at zero
    rows = np.random.default_rng(0).normal(size=(6, 3))
    doubts = []
    for c in (1, 2, 8, 1000):
        np.testing.assert_allclose(net.forward(c * rows), c * net.forward(rows), rtol=1e-10)
        doubts.append(1 - nn.softmax(net.forward(c * rows)).max(axis=1))
    assert (np.diff(doubts, axis=0) < 0).all()
    assert np.max(doubts[-1]) < 1e-6


@pytest.mark.parametrize(("K", "b"), [(2, 5), (3, 4), (5, 5)])
def test_how_many_classes_chance_meets(K, b):
    """Equation `few-met` of `docs/derivations/few-labels.md`, over all sequences of b labels."""
    met = [len(set(labels)) for labels in itertools.product(range(K), repeat=b)]
    assert np.mean(met) == pytest.approx(K * (1 - (1 - 1 / K) ** b), rel=1e-12)


@pytest.mark.parametrize("K", [1, 2, 6, 10])
def test_how_many_labels_until_chance_has_met_all_classes(K):
    """Equation `few-collector` of `docs/derivations/few-labels.md`.

    With j classes met, t_j labels are left, and one of them is the next: t_j = 1 + (j/K) t_j + (1 − j/K) t_j₊₁.
    """
    known = np.arange(K) / K  # the chance that a label is of a class met before, when j are
    steps = np.linalg.solve(np.eye(K) - np.diag(known) - np.diag(1 - known[:-1], k=1), np.ones(K))
    assert steps[0] == pytest.approx(sum(K / (K - j) for j in range(K)), rel=1e-12)
    assert steps[0] == pytest.approx(K * sum(1 / j for j in range(1, K + 1)), rel=1e-12)


# Density.


class Given(Pointwise):
    """Scores that are known beforehand."""

    def __init__(self, table):
        self.table = np.asarray(table)

    def score(self, view):
        return self.table[view.x[:, 0].astype(int)]


@pytest.mark.parametrize("beta", [0, 0.5, 1, 3])
def test_density_is_the_mean_cosine_with_all_candidates(beta, monkeypatch):
    view = random_view(d=4)
    points = view.model.points[view.candidates]
    mean = np.maximum((1 - cdist(points, points, "cosine")).mean(axis=1), 0)
    scores = Margin().scores(view) * mean**beta
    strategy = DensityWeighted(Margin(), beta)
    np.testing.assert_allclose(strategy.parts(view)["density"], mean, atol=1e-14)
    np.testing.assert_allclose(strategy.scores(view), scores, atol=1e-14)
    positive = np.flatnonzero(scores > 1e-9)
    best = view.candidates[positive[np.argsort(-scores[positive])]]
    assert select(strategy, view, len(best)).tolist() == best.tolist()
    monkeypatch.setattr("tinyal.view.CHUNK", 4)
    assert select(strategy, random_view(d=4), len(best)).tolist() == best.tolist()


def test_an_outlier_of_much_doubt_comes_after_many_rows_alike():
    points = np.concatenate([np.tile([1.0, 0.1], (10, 1)) + 0.01 * blobs([10]), [[-0.1, 1.0]]])
    scores = np.r_[np.full(10, 0.8), 0.9]
    assert select(Given(scores), view_of(points), 1).tolist() == [10]
    assert select(DensityWeighted(Given(scores)), view_of(points), 10).tolist() != [10]
    assert 10 not in select(DensityWeighted(Given(scores)), view_of(points), 10)


def test_rows_of_zeros_are_like_nothing_and_copies_tie():
    rng = np.random.default_rng(0)
    points = np.abs(rng.normal(size=(47, 37))).astype(np.float32)
    points[4] = 0
    points[10:] = points[10]
    density = DensityWeighted(Margin()).density(view_of(points))
    assert density[4] == 0
    assert len(set(density[10:].tolist())) == 1
    assert (np.delete(density, 4) > 0).all()


def test_density_needs_scores_from_zero_up():
    with pytest.raises(ValueError, match=r"Given gave a score of -0\.5.*0 and more"):
        select(DensityWeighted(Given([0.1, -0.5, 0.2])), view_of(np.ones((3, 2))), 1)
    with pytest.raises(TypeError, match="scores of a pointwise strategy"):
        DensityWeighted(TypiClust())
    for beta in (-1, float("nan")):
        with pytest.raises(ValueError, match="beta must be at least 0"):
            DensityWeighted(BALD(), beta=beta)
