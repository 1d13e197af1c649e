"""Label spreading against its closed form and scikit-learn's; balancing against what it promises."""

import numpy as np
import pytest
from scipy import sparse

from tests.tinyal.pools import blobs
from tinyal.neighbor_graph import neighbor_graph
from tinyal.spreading import balanced, confidence, estimated_shares, spread


def small_graph(n=60, k=5, seed=0):
    return neighbor_graph(np.random.default_rng(seed).normal(size=(n, 3)), k)


def some_labels(n=60, m=8, classes=3, seed=0):
    rng = np.random.default_rng(seed)
    return rng.choice(n, m, replace=False), np.concatenate(
        [np.arange(classes), rng.integers(0, classes, m - classes)]
    )


def closed_form(graph, labeled, labels, classes, alpha):
    w = graph.toarray()
    s = w / np.sqrt(np.outer(w.sum(axis=1), w.sum(axis=1)))
    y = np.zeros((len(w), classes))
    y[labeled, labels] = 1
    f = (1 - alpha) * np.linalg.solve(np.eye(len(w)) - alpha * s, y)
    return f / f.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("alpha", [0.0, 0.3, 0.9, 0.99, 0.999])
@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_closed_form(alpha, seed):
    graph, (labeled, labels) = small_graph(seed=seed), some_labels(seed=seed)
    expected = closed_form(graph, labeled, labels, 3, alpha) if alpha else None
    found = spread(graph, labeled, labels, 3, alpha=alpha, tolerance=1e-12)
    if alpha == 0:  # nothing flows: labels stay where they are, and all else is undecided
        expected = np.full((60, 3), 1 / 3)
        expected[labeled] = np.eye(3)[labels]
    np.testing.assert_allclose(found, expected, atol=1e-8)


def test_it_is_what_scikit_learn_computes():
    semi_supervised = pytest.importorskip("sklearn.semi_supervised")
    graph, (labeled, labels) = small_graph(), some_labels()
    y = np.full(60, -1)
    y[labeled] = labels
    w = graph.toarray()
    theirs = semi_supervised.LabelSpreading(kernel=lambda a, b: w, alpha=0.9, max_iter=2000, tol=1e-12)
    theirs.fit(np.zeros((60, 1)), y)
    found = spread(graph, labeled, labels, 3, alpha=0.9, tolerance=1e-12)
    np.testing.assert_allclose(found, theirs.label_distributions_, atol=1e-8)


@pytest.mark.parametrize("tolerance", [1e-2, 1e-4, 1e-6])
def test_the_error_is_no_larger_than_the_tolerance_says(tolerance):
    """Of F before rows are divided by their sums; one class, whose probabilities would all be one, beside another."""
    graph, (labeled, labels), alpha = small_graph(200), some_labels(200), 0.95
    from tinyal import spreading
    from tinyal.neighbor_graph import normalized

    s, y = normalized(graph), np.zeros((200, 3))
    y[labeled, labels] = 1
    exact = (1 - alpha) * np.linalg.solve(np.eye(200) - alpha * s.toarray(), y)
    error = np.linalg.norm(spreading._conjugate_gradients(s, alpha, y, tolerance) - exact, axis=0)
    assert (error <= tolerance * np.linalg.norm(y, axis=0)).all()
    assert error.max() > 1e-3 * tolerance, "it does no more work than it must"


@pytest.mark.parametrize("balance", [None, "equal", "estimated", [0.2, 0.3, 0.5]])
def test_the_order_of_rows_and_the_numbers_of_classes_do_not_matter(balance):
    graph, (labeled, labels) = small_graph(), some_labels()
    found = spread(graph, labeled, labels, 3, balance=balance, tolerance=1e-10)
    order, names = np.random.default_rng(1).permutation(60), np.array([2, 0, 1])
    shuffled = sparse.csr_array(graph.toarray()[np.ix_(order, order)])
    if isinstance(balance, list):
        balance = [balance[k] for k in np.argsort(names)]
    other = spread(shuffled, np.argsort(order)[labeled], names[labels], 3, balance=balance, tolerance=1e-10)
    np.testing.assert_allclose(other[:, names], found[order], atol=1e-5)


@pytest.mark.parametrize("balance", [None, "equal", "estimated", [0.1, 0.3, 0.6]])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_are_probabilities_whatever_is_balanced(balance, dtype):
    graph, (labeled, labels) = small_graph().astype(dtype), some_labels()
    p = spread(graph, labeled, labels, 3, balance=balance)
    assert p.dtype == dtype
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    if balance == "equal":
        np.testing.assert_allclose(p.mean(axis=0), 1 / 3, rtol=1e-3)
    if isinstance(balance, list):
        np.testing.assert_allclose(p.mean(axis=0), balance, rtol=1e-3)


def test_heaps_that_are_apart_take_the_class_of_their_label():
    sizes = [30, 10, 20]
    graph, heap = neighbor_graph(blobs(sizes), 4), np.repeat(np.arange(3), sizes)
    for balance in (None, "estimated"):
        p = spread(graph, [0, 30, 40], [2, 0, 1], 3, balance=balance)
        assert p.argmax(axis=1).tolist() == np.array([2, 0, 1])[heap].tolist()
        assert p.max(axis=1).min() > 0.99


def test_an_assumption_that_is_false_spoils_the_answer_and_a_true_one_does_not():
    """Two heaps that touch, of 300 and 60 rows: one label each."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.normal(size=(300, 2)), rng.normal(size=(60, 2)) * 0.5 + [3, 0]])
    y, graph = np.repeat([0, 1], [300, 60]), neighbor_graph(x, 8)

    def accuracy(balance):
        return (spread(graph, [0, 330], [0, 1], 2, balance=balance).argmax(axis=1) == y).mean()

    assert accuracy([300, 60]) > 0.97
    assert accuracy("estimated") > 0.93
    assert accuracy("equal") < 0.8


def test_rows_that_no_label_reaches_and_classes_without_labels():
    graph = neighbor_graph(blobs([10, 10, 10]), 3)
    p = spread(graph, [0, 10], [0, 2], 4)
    np.testing.assert_allclose(p[20:], np.tile([0.5, 0, 0.5, 0], (10, 1)))
    assert confidence(p)[:20].min() > confidence(p)[20:].max()
    for balance in ("equal", [0.25, 0.25, 0.25, 0.25]):
        p = spread(graph, [0, 10, 11], [0, 2, 2], 4, balance=balance)
        np.testing.assert_allclose(p[20:], np.tile([0.5, 0, 0.5, 0], (10, 1)))
    p = spread(graph, [0, 10], [0, 2], 4, balance="estimated")
    assert not p[:, [1, 3]].any()


# Balancing.


@pytest.mark.parametrize("seed", range(4))
def test_balancing_multiplies_columns_and_nothing_else(seed):
    rng = np.random.default_rng(seed)
    p, shares = rng.dirichlet(np.ones(4), 200), rng.dirichlet(3 * np.ones(4))
    q = balanced(p, shares)
    np.testing.assert_allclose(q.mean(axis=0), shares, rtol=1e-3)
    np.testing.assert_allclose(q.sum(axis=1), 1)
    odds = q / p
    odds /= odds[:, :1]
    np.testing.assert_allclose(odds, np.tile(odds[0], (200, 1)), rtol=1e-6)
    np.testing.assert_allclose(balanced(p * [5, 1, 0.1, 2], shares), q, atol=1e-3)


def test_shares_are_estimated_where_classes_fill_the_graph_unequally():
    """Of two overlapping densities, mixed 4 to 1, whatever their labels' numbers are."""
    rng = np.random.default_rng(0)
    kind = rng.random(20_000) < 0.2
    x = rng.normal(np.where(kind, 2.0, 0.0))
    found = np.exp(-((x[:, None] - [0.0, 2.0]) ** 2) / 2) / np.exp(-(x[:, None] ** 2) / 8)
    proposal = np.exp(
        -(x**2) / 8
    )  # rows are drawn from the mixture, so density over rows is class over mixture
    mixture = 0.8 * np.exp(-(x**2) / 2) + 0.2 * np.exp(-((x - 2) ** 2) / 2)
    density = found * (proposal / mixture)[:, None]
    np.testing.assert_allclose(estimated_shares(density), [0.8, 0.2], atol=0.02)
    np.testing.assert_allclose(estimated_shares(density * [7, 1]), [0.8, 0.2], atol=0.02)


# What is refused.


@pytest.mark.parametrize(
    ("labeled", "labels", "settings", "error", "message"),
    [
        ([], [], {}, ValueError, "at least one"),
        ([0, 1], [0], {}, ValueError, r"rows \(2,\), labels \(1,\)"),
        ([0, 0], [0, 1], {}, ValueError, "different rows"),
        ([0, 60], [0, 1], {}, ValueError, "from 0 to 59"),
        ([-1, 5], [0, 1], {}, ValueError, "from 0 to 59"),
        ([0, 1], [0, 3], {}, ValueError, "from 0 to 2; these go from 0 to 3"),
        ([0.0, 1.0], [0, 1], {}, TypeError, "whole numbers, not float64"),
        ([0], [0], {"alpha": 1.0}, ValueError, "from 0 to below 1, not 1.0"),
        ([0], [0], {"tolerance": 0}, ValueError, "above 0"),
        ([0], [0], {"balance": "even"}, ValueError, '"equal", "estimated".*not \'even\''),
        ([0], [0], {"balance": [1, 2]}, ValueError, "each of 3 classes"),
        ([0], [0], {"balance": [0, 1, 1]}, ValueError, "each of 3 classes"),
    ],
)
def test_what_does_not_fit_is_refused(labeled, labels, settings, error, message):
    with pytest.raises(error, match=message):
        spread(
            small_graph(),
            np.array(labeled, dtype=float if error is TypeError else int),
            labels,
            3,
            **settings,
        )
