"""Toy data lie on the curves of their formulas, and nothing but the noise and the order depends on the seed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import make_circles, make_moons

from tinynn import toys

MAKERS = {
    "moons": toys.moons,
    "circles": toys.circles,
    "two spirals": toys.spirals,
    "three spirals": lambda *args, **kwargs: toys.spirals(*args, classes=3, **kwargs),
}
each = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def in_order(x, y):
    """Rows as a set: rounded and sorted, with their labels."""
    rows = np.column_stack([y, x.round(9) + 0.0])
    return rows[np.lexsort(rows.T)]


@each
@given(n=st.integers(3, 60), seed=st.integers(0, 2**40))
def test_shapes_types_and_balance(make, n, seed):
    x, y = make(n, seed=seed)
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((n, 2), np.float64, (n,), np.int64)
    sizes = np.bincount(y)
    assert sizes.sum() == n
    assert sizes.max() - sizes.min() <= 1


@each
def test_the_seed_decides(make):
    first, again, other = make(50, seed=3), make(50, seed=3), make(50, seed=4)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1])
    assert (np.diff(first[1]) < 0).any()  # not sorted by class


@each
def test_noise_has_its_spread_and_changes_neither_order_nor_curve(make):
    clean, labels = make(4000, noise=0, seed=1)
    noisy, noisy_labels = make(4000, noise=0.2, seed=1)
    assert np.array_equal(labels, noisy_labels)
    moved = noisy - clean
    assert np.abs(moved.mean(axis=0)).max() < 0.02
    assert moved.std(axis=0) == pytest.approx([0.2, 0.2], rel=0.05)
    # Another seed without noise: the same points in another order.
    assert np.array_equal(in_order(clean, labels), in_order(*make(4000, noise=0, seed=2)))


@pytest.mark.parametrize("n", [40, 41])
def test_moons_and_circles_are_those_of_scikit_learn(n):
    assert np.array_equal(in_order(*toys.moons(n, noise=0)), in_order(*make_moons(n)))
    assert np.array_equal(
        in_order(*toys.circles(n, noise=0, ratio=0.3)), in_order(*make_circles(n, factor=0.3))
    )


@pytest.mark.parametrize(("classes", "turns"), [(2, 1.0), (3, 1.5), (5, 0.25)])
def test_spirals_turn_as_they_say(classes, turns):
    x, y = toys.spirals(50 * classes, classes, turns, noise=0)
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    assert (radius.min(), radius.max()) == pytest.approx((0.1, 1))
    behind = angle - 2 * np.pi * (turns * radius + y / classes)
    assert np.sin(behind) == pytest.approx(0, abs=1e-9)
    assert np.cos(behind) == pytest.approx(1)
    # Arms are the same but for a rotation by 1/K of a turn.
    turned = np.exp(2j * np.pi / classes) * (x[y == 0] @ [1, 1j])
    assert np.sort(turned) == pytest.approx(np.sort(x[y == 1] @ [1, 1j]))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: toys.moons(1), "n must be at least 2, one point a class"),
        (lambda: toys.moons(10.0), "n must be at least 1, and a whole number"),
        (lambda: toys.moons(10, noise=-0.1), "noise is a standard deviation"),
        (lambda: toys.moons(10, noise=np.nan), "noise is a standard deviation"),
        (lambda: toys.circles(10, ratio=1.0), "between 0 and 1, not 1.0"),
        (lambda: toys.circles(10, ratio=0.0), "between 0 and 1, not 0.0"),
        (lambda: toys.spirals(2, classes=3), "n must be at least 3"),
        (lambda: toys.spirals(10, classes=1), "classes must be at least 2"),
        (lambda: toys.spirals(10, turns=0), "turns must be a positive number"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
