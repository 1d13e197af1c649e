"""Deskewing: images that differ by slant and place come out alike, upright and in the middle."""

import numpy as np
import pytest

from tinynn import datasets
from tinynn.augmentation import Augment
from tinynn.deskewing import deskew

SHAPE = (28, 28)


def bars(n=20, seed=0):
    """Return images with a thick bar at a random place, slanted at random, and their slants."""
    rng = np.random.default_rng(seed)
    v, u = np.indices(SHAPE)
    slant, cv, cu = rng.uniform(-0.5, 0.5, n), rng.uniform(12, 15, n), rng.uniform(11, 16, n)
    dv = v - cv[:, None, None]
    across = u - cu[:, None, None] - slant[:, None, None] * dv
    images = np.clip(3 - np.abs(across), 0, 1) * np.clip(8 - np.abs(dv), 0, 1)
    return images.reshape(n, -1).astype(np.float32), slant


def moments(x):
    """Return the centre of each image, measured from the middle, and the slant of its weight."""
    v, u = np.indices(SHAPE).reshape(2, -1) - 13.5
    total = x.sum(axis=1)
    cv, cu = x @ v / total, x @ u / total
    dv, du = v - cv[:, None], u - cu[:, None]
    return cv, cu, (x * dv * du).sum(axis=1) / (x * dv**2).sum(axis=1)


def test_bars_of_any_slant_become_the_same_bar():
    x, slant = bars()
    np.testing.assert_allclose(moments(x)[2], slant, atol=0.05)
    upright = deskew(x, SHAPE)
    cv, cu, left = moments(upright)
    for what in (cv, cu, left):
        np.testing.assert_allclose(what, 0, atol=0.05)
    assert np.abs(upright - upright[0]).mean() < 0.15 * np.abs(x - x[0]).mean()


def test_digits_stand_upright_in_the_middle():
    data = datasets.load("digits")
    x = np.kron(data.x_train[:50].reshape(-1, 8, 8) / 255, np.ones((1, 3, 3)))
    x = np.pad(x, ((0, 0), (2, 2), (2, 2))).reshape(50, -1).astype(np.float32)
    for what in moments(deskew(x, SHAPE)):
        np.testing.assert_allclose(what, 0, atol=0.1)


def test_a_shift_by_whole_pixels_changes_nothing():
    x, _ = bars()
    moved = Augment(shift=3, image_shape=SHAPE)(x, seed=0, step=0)
    np.testing.assert_allclose(deskew(moved, SHAPE), deskew(x, SHAPE), atol=1e-4)


def test_bytes_are_shares_and_many_images_come_in_pieces(monkeypatch):
    x = (255 * bars()[0]).astype(np.uint8)
    whole = deskew(x, SHAPE)
    assert whole.dtype == np.float32
    assert 0.9 < whole.max() <= 1
    np.testing.assert_allclose(deskew(x.astype(np.float32) / np.float32(255), SHAPE), whole, atol=1e-5)
    monkeypatch.setattr("tinynn.deskewing._ROWS", 7)
    np.testing.assert_array_equal(deskew(x, SHAPE), whole)


def test_images_without_weight_or_height_have_no_slant():
    x = np.zeros((2, 784), np.float32)
    x[1, 280:308] = 0.5  # one line of pixels
    out = deskew(x, SHAPE)
    assert not out[0].any()
    assert np.isfinite(out).all()
    np.testing.assert_allclose(out[1].sum(), x[1].sum(), rtol=1e-5)


def test_rows_that_are_no_such_images_are_refused():
    with pytest.raises(ValueError, match=r"28 x 28 pixels are rows of 784 numbers, not \(3, 64\)"):
        deskew(np.zeros((3, 64)), SHAPE)
