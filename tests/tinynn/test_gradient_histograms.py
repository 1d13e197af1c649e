"""Histograms of gradients against a loop over pixels, and the invariances that they promise."""

import numpy as np
import pytest

from tinynn import datasets
from tinynn.gradient_histograms import gradient_histograms

SHAPE = (28, 28)


def by_pixels(image, cells, directions):
    """Count the gradients of one image, pixel by pixel."""
    height, width = image.shape
    found = np.zeros((cells, cells, directions))
    for v in range(height):
        for u in range(width):
            gx = image[v, u + 1] - image[v, u - 1] if 0 < u < width - 1 else 0
            gy = image[v - 1, u] - image[v + 1, u] if 0 < v < height - 1 else 0
            angle = np.arctan2(gy, gx) / (2 * np.pi) * directions
            first = int(np.floor(angle))
            for d, share in ((first, 1 - angle + first), (first + 1, angle - first)):
                places = [
                    np.clip((p + 0.5) * cells / size - 0.5, 0, cells - 1)
                    for p, size in ((v, height), (u, width))
                ]
                for i in range(cells):
                    for j in range(cells):
                        weight = max(0, 1 - abs(places[0] - i)) * max(0, 1 - abs(places[1] - j))
                        found[i, j, d % directions] += np.hypot(gx, gy) * share * weight
    found = np.sqrt(found.ravel())
    return found / np.linalg.norm(found)


def digits(n=20):
    return datasets.load("digits").x_train[:n]


@pytest.mark.parametrize(("cells", "directions"), [(1, 4), (3, 8), (4, 5), (8, 2)])
def test_it_counts_pixel_by_pixel(cells, directions):
    x = digits(4)
    expected = [by_pixels(row.reshape(8, 8) / 255, cells, directions) for row in x]
    found = gradient_histograms(x, (8, 8), cells, directions)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_a_turn_by_a_quarter_turns_cells_and_directions():
    x = digits().reshape(-1, 8, 8)
    turned = np.rot90(x, axes=(1, 2)).reshape(-1, 64)  # counter-clockwise
    before = gradient_histograms(x.reshape(-1, 64), (8, 8), 4, 8).reshape(-1, 4, 4, 8)
    after = gradient_histograms(turned, (8, 8), 4, 8).reshape(-1, 4, 4, 8)
    np.testing.assert_allclose(after, np.roll(np.rot90(before, axes=(1, 2)), 2, axis=3), atol=1e-3)


def test_neither_brightness_nor_contrast_matters():
    x = digits().astype(np.float32) / 255
    expected = gradient_histograms(x, (8, 8), 4)
    np.testing.assert_allclose(gradient_histograms(0.3 * x + 0.5, (8, 8), 4), expected, atol=1e-3)
    np.testing.assert_allclose(gradient_histograms(digits(), (8, 8), 4), expected, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, rtol=1e-5)


def test_a_move_by_a_pixel_matters_less_than_between_pixels():
    x = np.kron(digits(40).reshape(-1, 8, 8) / np.float32(255), np.ones((1, 3, 3), np.float32))
    x = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    moved = np.roll(x, 1, axis=2)

    def change(rows, other):
        """How far rows move, relative to how far different rows are apart."""
        apart = np.linalg.norm(rows[:, None] - rows, axis=2)
        return np.mean(np.linalg.norm(other - rows, axis=1)) / np.mean(apart[apart > 0])

    flat, flat_moved = (images.reshape(40, -1) for images in (x, moved))
    histograms, after = (gradient_histograms(rows, SHAPE) for rows in (flat, flat_moved))
    assert change(histograms, after) < 0.75 * change(flat, flat_moved)


def test_many_images_come_in_pieces(monkeypatch):
    x = digits(50)
    whole = gradient_histograms(x, (8, 8))
    monkeypatch.setattr("tinynn.gradient_histograms.ROWS", 7)
    np.testing.assert_array_equal(gradient_histograms(x, (8, 8)), whole)


def test_an_image_without_gradient_is_zeros():
    assert not gradient_histograms(np.full((2, 784), 200, np.uint8), SHAPE).any()


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"28 x 28 pixels are rows of 784 numbers, not \(3, 64\)"):
        gradient_histograms(np.zeros((3, 64)), SHAPE)
    with pytest.raises(ValueError, match="at least 1, not 0 and 8"):
        gradient_histograms(np.zeros((3, 784)), SHAPE, cells=0)
