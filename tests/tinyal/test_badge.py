"""BADGE: the gradients that it says, distances without writing them out, and draws that go by them."""

import tracemalloc

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import chisquare

from tests.tinyal.pools import random_view, select, view_of
from tinyal.strategies.badge import BADGE, Gradients


def written_out(p, h):
    """Return r ⊗ h of each row, (n, K·d), in float64."""
    r = p.astype(np.float64) - np.eye(p.shape[1])[p.argmax(axis=1)]
    return np.einsum("ik,id->ikd", r, h.astype(np.float64)).reshape(len(p), -1)


def by_definition(p, h, n, rng):
    """k-means++ seeding on the gradients themselves, from the longest one."""
    g = written_out(p, h)
    chosen = [int((g**2).sum(axis=1).argmax())]
    rng.choice(1, 1, replace=False)  # the strategy draws among the longest, of which there is one here
    while len(chosen) < n:
        squares = cdist(g, g[chosen], "sqeuclidean").min(axis=1)
        squares[chosen] = 0
        chosen.append(int(rng.choice(len(g), p=squares / squares.sum())))
    return chosen


def test_the_gradient_of_three_classes_and_two_features():
    """p = (.7, .2, .1), h = (1, 2): (−.3, −.6, .2, .4, .1, .2), of squared length .7.

    Equation `badge-outer` of `docs/derivations/badge.md`.
    """
    p, h = np.array([[0.7, 0.2, 0.1], [0, 1, 0]]), np.array([[1.0, 2.0], [30, 40]])
    np.testing.assert_allclose(written_out(p, h)[0], [-0.3, -0.6, 0.2, 0.4, 0.1, 0.2])
    g = Gradients(p, h)
    np.testing.assert_allclose(g.r[0], [-0.3, 0.2, 0.1])
    np.testing.assert_allclose(g.squares, [0.7, 0], atol=1e-15)
    np.testing.assert_allclose(g.distances_to(1), [0.7, 0], atol=1e-15)


def test_the_gradient_is_the_one_that_backward_gives():
    """Of cross-entropy with the most probable class as label, by the weights of the last layer.

    Equations `badge-last-layer`, `badge-residual`, `badge-weight` and `badge-outer` of
    `docs/derivations/badge.md`.
    """
    import tinynn as nn

    net = nn.Sequential([nn.Dense(3)], input_shape=(4,), seed=0, dtype="float64")
    h = np.random.default_rng(0).normal(size=(5, 4))
    loss = nn.SoftmaxCrossEntropy()
    for row in h:
        logits = net.forward(row[None]).copy()
        p = np.exp(logits) / np.exp(logits).sum()
        loss.forward(logits, logits.argmax(axis=1))
        net.backward(loss.backward())
        np.testing.assert_allclose(written_out(p, row[None])[0], net.layers[0].dW.T.ravel(), atol=1e-12)
        np.testing.assert_allclose(Gradients(p, row[None]).squares, (net.layers[0].dW ** 2).sum())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_distances_are_those_of_the_gradients_written_out(dtype):
    """Equation `badge-distance` of `docs/derivations/badge.md`."""
    rng = np.random.default_rng(0)
    p, h = rng.dirichlet(np.ones(5), 50).astype(dtype), rng.normal(3, 1, (50, 9)).astype(dtype)
    p[10:20], h[10:20] = p[0], h[0]  # copies
    h[20:30] = h[1] * (1 + 1e-3 * rng.normal(size=(10, 9)).astype(dtype))  # and nearly copies
    p[20:30] = p[1]
    g, found = written_out(p, h), Gradients(p, h)
    for i in (0, 1, 15, 25, 40):
        exact = ((g - g[i]) ** 2).sum(axis=1)
        np.testing.assert_allclose(found.distances_to(i), exact, rtol=5000 * np.finfo(dtype).eps, atol=0)
    assert (found.distances_to(0)[10:20] == 0).all()


def test_products_fall_apart_and_the_believed_label_gives_the_shortest_gradient():
    """Equations `badge-inner` and `badge-shortest` of `docs/derivations/badge.md`."""
    rng = np.random.default_rng(0)
    p, h = rng.dirichlet(np.ones(4), 20), rng.normal(size=(20, 3))
    g, r = written_out(p, h), p - np.eye(4)[p.argmax(axis=1)]
    np.testing.assert_allclose(g @ g.T, (r @ r.T) * (h @ h.T), rtol=1e-10, atol=1e-14)
    lengths = np.array([((p - np.eye(4)[y]) ** 2).sum(axis=1) for y in range(4)]).T
    np.testing.assert_allclose(lengths, (p**2).sum(axis=1, keepdims=True) - 2 * p + 1, rtol=1e-12)
    np.testing.assert_allclose(Gradients(p, h).squares, lengths.min(axis=1) * (h**2).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_rows_are_drawn_as_from_the_gradients_written_out(seed, dtype):
    """Equations `badge-distance` and `badge-draw` of `docs/derivations/badge.md`."""
    view = random_view(n=80, d=7, seed=seed, dtype=dtype)
    p, h = view.model.p[view.candidates], view.model.points[view.candidates]
    expected = view.candidates[by_definition(p, h, 20, np.random.default_rng(seed))]
    assert select(BADGE(), view, 20, seed).tolist() == expected.tolist()


def test_the_origin_is_no_center():
    """Rows 0 and 2 are the same, row 1 is certain: g = 0, far from the others. With 0 as a centre it never came."""
    view = view_of(np.array([[5.0], [5.0], [5.0]]), p=[[0.6, 0.4, 0], [1, 0, 0], [0.6, 0.4, 0]])
    drawn = {tuple(select(BADGE(), view, 2, seed)) for seed in range(30)}
    assert drawn == {(0, 1), (2, 1)}


def test_the_second_row_is_drawn_in_proportion_to_its_squared_distance():
    """Equation `badge-draw` of `docs/derivations/badge.md`."""
    p = np.array([[0.5, 0.5], [0.9, 0.1], [0.6, 0.4], [0.3, 0.7]])
    h = np.array([[4.0, 0], [1, 3], [2, 2], [0, 1]])
    g = written_out(p, h)
    view = view_of(h, p=p)
    drawn = np.array([select(BADGE(), view, 2, seed) for seed in range(400)])
    assert (drawn[:, 0] == 0).all()
    share = ((g - g[0]) ** 2).sum(axis=1)[1:]
    assert chisquare(np.bincount(drawn[:, 1])[1:], 400 * share / share.sum()).pvalue > 1e-4


def test_of_rows_that_are_certain_one_is_enough():
    rng = np.random.default_rng(0)
    p = np.tile([1.0, 0, 0], (60, 1))
    p[:20] = rng.dirichlet([2, 2, 2], 20)
    chosen = select(BADGE(), view_of(rng.normal(5, 1, (60, 4)), p=p), 20)
    assert (chosen >= 20).sum() <= 1


def test_doubt_and_length_are_shown():
    view = random_view()
    g = written_out(view.model.p[view.candidates], view.model.points[view.candidates])
    np.testing.assert_allclose(BADGE().parts(view)["gradient norm"], np.linalg.norm(g, axis=1))


def test_gradients_are_never_written_out():
    """2000 rows, 50 classes, 100 features: 80 MB if they were."""
    rng = np.random.default_rng(0)
    view = view_of(rng.normal(size=(2000, 100)), p=rng.dirichlet(np.ones(50), 2000))
    view.proba(), view.embed()
    tracemalloc.start()
    select(BADGE(), view, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6
