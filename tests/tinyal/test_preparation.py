"""Pools made on purpose: what is split off, left out, copied and disturbed, and that a seed decides it."""

import numpy as np
import pytest

from tinyal.preparation import Preparation

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, size=(300, 6), dtype=np.uint8)
X[0, 0], X[1, 0] = 0, 255
Y = np.repeat(["a", "b", "c"], 100)
TEST = X[:10], Y[:10]


def draw(seed=0, test=TEST, x=X, y=Y, **settings):
    return Preparation(**settings).draw(x, y, test, seed)


def test_without_settings_nothing_is_done():
    drawn = draw()
    assert drawn.x is X
    assert drawn.y is Y
    assert (drawn.x_test, drawn.y_test) == TEST
    np.testing.assert_array_equal(drawn.rows, np.arange(300))


def test_a_test_set_has_its_share_of_every_class_and_nothing_in_common_with_the_pool():
    drawn = Preparation(test=0.2).draw(X, Y, None, seed=3)
    assert [np.sum(drawn.y_test == label) for label in "abc"] == [20, 20, 20]
    rest = np.setdiff1d(np.arange(300), drawn.rows)
    assert len(rest) == 60
    np.testing.assert_array_equal(drawn.x_test, X[rest])
    np.testing.assert_array_equal(drawn.x, X[drawn.rows])
    np.testing.assert_array_equal(drawn.y, Y[drawn.rows])


def test_no_copy_of_a_test_row_is_in_the_pool():
    x = np.arange(300.0)[:, None]
    drawn = Preparation(test=0.3, copies=3, pool=50).draw(x, Y, None, seed=0)
    assert not set(drawn.x.ravel()) & set(drawn.x_test.ravel())
    assert drawn.x.shape == (150, 1)


def test_the_seed_decides_everything():
    settings = {"pool": 40, "copies": 2, "noise": 0.1, "imbalance": 4}
    first, again, other = (Preparation(test=0.2, **settings).draw(X, Y, None, seed) for seed in (1, 1, 2))
    for part in ("x", "y", "x_test", "y_test", "rows"):
        np.testing.assert_array_equal(getattr(first, part), getattr(again, part))
    assert (first.rows != other.rows).any()


def test_imbalance_is_a_geometric_progression():
    drawn = draw(imbalance=16)
    assert [int(np.sum(drawn.y == label)) for label in "abc"] == [100, 25, round(100 / 16)]
    np.testing.assert_array_equal(drawn.y, Y[drawn.rows])


def test_copies_have_noise_of_the_asked_for_size_and_differ():
    x = np.full((300, 400), 100, dtype=np.uint8)
    x[0, 0], x[1, 0] = 0, 200
    drawn = draw(x=x, copies=3, noise=0.05)
    assert drawn.x.dtype == np.uint8
    assert np.bincount(drawn.rows).tolist() == [3] * 300
    for row in (5, 200):
        copies = drawn.x[drawn.rows == row].astype(float)
        assert (copies[0] != copies[1]).any()
        assert copies.std() == pytest.approx(10, rel=0.1), "a twentieth of the span of 200"
        assert copies.mean() == pytest.approx(100, abs=1)
    assert drawn.x.max() <= 200


def test_pixels_do_not_wrap_around():
    x = np.tile(np.array([[0, 255]], dtype=np.uint8), (300, 200))
    noisy = draw(x=x, noise=0.02).x.astype(int)
    assert np.abs(noisy - x).max() < 50
    assert noisy.std() > 0


def test_floats_get_floats_and_the_data_are_left_alone():
    x = np.linspace(-1, 1, 600, dtype=np.float32).reshape(300, 2)
    before = x.copy()
    noisy = draw(x=x, noise=0.1).x
    np.testing.assert_array_equal(x, before)
    assert noisy.dtype == np.float32
    assert (noisy - x).std() == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"test": 1.0}, "test must be a share"),
        ({"imbalance": 0.5}, "imbalance must be at least 1"),
        ({"pool": 0}, "pool must be at least 1"),
        ({"copies": 0}, "copies must be at least 1"),
        ({"noise": -0.1}, "noise must be at least 0"),
        ({"noise": float("nan")}, "noise must be at least 0"),
    ],
)
def test_settings_that_make_no_sense(settings, message):
    with pytest.raises(ValueError, match=message):
        Preparation(**settings)


def test_data_that_does_not_fit():
    with pytest.raises(ValueError, match="this data has a test set"):
        Preparation(test=0.2).draw(X, Y, TEST, 0)
    with pytest.raises(ValueError, match="no test set"):
        draw(test=None)
    with pytest.raises(ValueError, match="a pool of 301 rows cannot be drawn from 300"):
        draw(pool=301)
    with pytest.raises(ValueError, match="300 rows and 299 labels"):
        draw(y=Y[1:])
    with pytest.raises(ValueError, match="noise is added to numbers"):
        draw(x=X.astype(str), noise=0.1)
