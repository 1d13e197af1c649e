"""Distortions of images: the right pixels, from the right places, by random amounts that are distributed as they say.

Many tests look at ramps, images whose pixels hold their own coordinates: bilinear interpolation carries these over
exactly, so that a warped ramp tells where each of its pixels came from.
"""

import copy
import math
import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage, stats

from tests import strict
from tinynn.augmentation import Augment
from tinynn.backend import CPU, get_backend
from tinynn.warping import Warp, field_basis, source_terms

EVERYTHING = {"rotate": 12.0, "scale": 0.12, "shear": 0.1, "shift": 1.5, "elastic": 1.2}


def images(*shape, dtype="float32", seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def ramps(n, height, width):
    """Images with channels y, x and 1; where the last is still 1 after a warp, nothing came from outside."""
    y, x = np.indices((height, width), dtype=np.float64)
    return np.tile(np.stack([y, x, np.ones_like(y)], axis=-1), (n, 1, 1, 1))


def sources(augment, n, height, width, **call):
    """Where the pixels of n images came from: (n, height, width, 2), NaN for those from outside."""
    warped = augment(ramps(n, height, width), **{"seed": 0, "step": 0, **call})
    return np.where(warped[..., 2:] > 1 - 1e-12, warped[..., :2], np.nan)


def matrices(augment, n, size=41):
    """The affine maps of n images from new to old places, about the middle: (n, 2, 3) over v, u, 1."""
    v, u = np.indices((size, size)).reshape(2, -1) - size // 2
    places = np.stack([v, u, np.ones_like(v)], axis=1)
    found = []
    for old in sources(augment, n, size, size).reshape(n, -1, 2) - size // 2:
        inside = ~np.isnan(old[:, 0])
        terms, residuals, _, _ = np.linalg.lstsq(places[inside], old[inside], rcond=None)
        assert (residuals < 1e-12).all()  # affine, everywhere
        found.append(terms.T)
    return np.array(found)


def warp(x, coefficients, basis, backend=CPU):
    """Run a Warp on host arrays."""
    out = backend.xp.empty(x.shape, dtype=x.dtype)
    fetch = Warp(backend, basis, x.shape[1:3], x.dtype)
    fetch(backend.asarray(x), backend.asarray(coefficients.astype(x.dtype)), out)
    return backend.to_numpy(out)


def transformed(x, shift=(0, 0), degrees=0, factor=(1, 1), shear=0):
    """One fixed affine map for all images of x, (n, height, width)."""
    ones = np.ones(len(x))
    terms = source_terms(
        np.outer(shift, ones), math.radians(degrees) * ones, np.outer(factor, ones), shear * ones, x.shape[1:]
    )
    return warp(x[..., None], terms, field_basis(x.shape[1:], 0))[..., 0]


# -- The right pixels from the right places --


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("height", "width", "channels"), [(28, 28, 1), (5, 9, 3), (1, 7, 2), (8, 1, 1)])
def test_pixels_between_pixels_are_those_of_scipy(height, width, channels, dtype, backend):
    x = images(60, height, width, channels, dtype=dtype)
    rng = np.random.default_rng(1)
    places = rng.uniform(-4, 4 + max(height, width), (2, 60, height * width)).astype(dtype)
    here = np.zeros((height * width, height * width), dtype)
    np.fill_diagonal(here, 1)  # with unit vectors for a basis the coefficients are the places themselves
    ours = warp(x, places, here, backend)
    for n in range(0, 60, 7):
        for c in range(channels):
            expected = ndimage.map_coordinates(
                x[n, ..., c].astype(float), places[:, n].astype(float), order=1, mode="grid-constant"
            )
            np.testing.assert_allclose(ours[n, ..., c].ravel(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(28, 28), (31, 24)])
def test_a_distortion_with_everything_on_is_that_of_scipy_at_its_own_places(shape):
    """The channels of an image move together, or the ramps would not tell where the pixels came from."""
    x = np.concatenate([ramps(20, *shape), images(20, *shape, 1, dtype="float64")], axis=-1)
    warped = Augment(**EVERYTHING)(x, seed=3, step=4)
    inside = warped[..., 2] > 1 - 1e-12
    assert inside.mean() > 0.5
    for before, after, there in zip(x, warped, inside, strict=True):
        places = after[there][:, :2].T
        expected = ndimage.map_coordinates(before[..., 3], places, order=1, mode="grid-constant")
        np.testing.assert_allclose(after[there][:, 3], expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [6, 7])
@pytest.mark.parametrize("turns", [1, 2, 3, -1])
def test_turns_by_right_angles_are_those_of_numpy(size, turns):
    x = images(3, size, size)
    np.testing.assert_allclose(
        transformed(x, degrees=90 * turns), np.rot90(x, turns, axes=(1, 2)), rtol=0, atol=1e-5
    )


@pytest.mark.parametrize(("down", "right"), [(2, 0), (0, 3), (-1, 2), (-2, -3), (20, 0)])
def test_shifts_by_whole_pixels_are_slices(down, right):
    x = images(2, 6, 9)
    around = np.pad(x, ((0, 0), (25, 25), (25, 25)))
    expected = around[:, 25 - down : 31 - down, 25 - right : 34 - right]
    np.testing.assert_array_equal(transformed(x, shift=(down, right)), expected)


def test_a_shear_moves_lower_rows_to_the_right():
    x = np.zeros((1, 5, 5), np.float32)
    x[0, :, 2] = 1
    np.testing.assert_array_equal(transformed(x, shear=1)[0], np.eye(5))


def test_a_larger_image_fetches_from_nearer_the_middle():
    x = np.zeros((1, 9, 13), np.float32)
    x[0, 3:6, 5:8] = 1  # 3 × 3 pixels
    larger = transformed(x, factor=(2, 3))[0]
    np.testing.assert_allclose(larger.sum(axis=0)[6], 6, atol=1e-5)
    np.testing.assert_allclose(larger.sum(axis=1)[4], 9, atol=1e-5)


def test_the_source_is_the_inverse_of_turning_what_was_sheared_after_stretching():
    shift, angle, factor, shear = [[0.7], [-1.3]], 0.4, [[1.2], [0.8]], 0.3
    turn = [
        [np.cos(angle), -np.sin(angle)],
        [np.sin(angle), np.cos(angle)],
    ]  # of (v, u): u = 1 goes to v = −sin
    forward = np.array(turn) @ [[1, 0], [shear, 1]] @ np.diag(np.ravel(factor))
    terms = source_terms(np.array(shift), np.array([angle]), np.array(factor), np.array([shear]), (5, 8))[
        :, 0
    ]
    np.testing.assert_allclose(terms[:, 1:], np.linalg.inv(forward))
    np.testing.assert_allclose(terms[:, :1], [[2], [3.5]] - np.linalg.inv(forward) @ shift)


# -- Random amounts --


def assert_uniform(values, low, high):
    assert values.min() >= low - 1e-9
    assert values.max() <= high + 1e-9
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3


def test_shifts_are_uniform():
    found = matrices(Augment(shift=2.5), 500)
    np.testing.assert_allclose(found[..., :2], np.broadcast_to(np.eye(2), (500, 2, 2)), atol=1e-9)
    for axis in range(2):
        assert_uniform(found[:, axis, 2], -2.5, 2.5)
    assert abs(np.corrcoef(found[:, 0, 2], found[:, 1, 2])[0, 1]) < 5 / np.sqrt(500)


def test_angles_are_uniform_and_in_degrees():
    found = matrices(Augment(rotate=20), 500)
    squares = found[..., :2] @ found[..., :2].swapaxes(1, 2)
    np.testing.assert_allclose(squares, np.broadcast_to(np.eye(2), (500, 2, 2)), atol=1e-9)
    np.testing.assert_allclose(found[..., 2], 0, atol=1e-9)  # about the middle
    assert_uniform(np.degrees(np.arctan2(found[:, 0, 1], found[:, 0, 0])), -20, 20)


def test_height_and_width_are_scaled_independently():
    found = matrices(Augment(scale=0.2), 500)
    np.testing.assert_allclose(found[:, [0, 1, 0, 1], [1, 0, 2, 2]], 0, atol=1e-9)
    factors = 1 / found[:, 0, 0], 1 / found[:, 1, 1]
    for values in factors:
        assert_uniform(values, 0.8, 1.2)
    assert abs(np.corrcoef(*factors)[0, 1]) < 5 / np.sqrt(500)


def test_slants_are_uniform():
    found = matrices(Augment(shear=0.3), 500)
    np.testing.assert_allclose(found[:, 0], np.broadcast_to([1, 0, 0], (500, 3)), atol=1e-9)
    assert_uniform(-found[:, 1, 0], -0.3, 0.3)


def displacements(augment, n, height, width):
    """Each pixel's, by the coefficients: also where the source is outside the image."""
    augment(np.zeros((n, height, width)), 0, 0)
    terms = augment.host.buffer("terms", (2, n, 3 + augment.grid**2))
    return (terms[..., 3:] @ field_basis((height, width), augment.grid)[3:]).reshape(2, n, height, width)


def test_elastic_displacements_have_their_spread_at_every_pixel():
    n, sigma = 2000, 1.7
    moved = displacements(Augment(elastic=sigma), n, 21, 28)
    assert np.abs(moved.std(axis=1) / sigma - 1).max() < 5 / np.sqrt(2 * n)
    assert np.abs(moved.mean(axis=1)).max() < 5 * sigma / np.sqrt(n)
    assert np.abs((moved[0] * moved[1]).mean(axis=0)).max() < 5 * sigma**2 / np.sqrt(n)


def test_elastic_displacements_are_as_smooth_as_white_noise_after_a_gaussian():
    """A Gaussian of width s makes neighbours at distance d correlate by exp(−d² / 4 s²)."""
    moved = displacements(Augment(elastic=1), 3000, 28, 28)[:, :, 10:18, 10:18].reshape(-1, 8, 8)
    for distance in (1, 4, 7):  # s = 28 / 7
        expected = math.exp(-(distance**2) / (4 * 4**2))
        assert abs((moved[:, :, distance] * moved[:, :, 0]).mean() - expected) < 0.06
        assert abs((moved[:, distance] * moved[:, 0]).mean() - expected) < 0.06
    slopes = np.diff(moved, axis=1)
    assert slopes.std() == pytest.approx(
        1 / (math.sqrt(2) * 4), rel=0.03
    )  # what the docstring says of folding


def test_bumps_stand_where_their_nodes_divide_the_image_evenly():
    bumps = field_basis((21, 28), 7)[3:].reshape(7, 7, 21, 28)
    np.testing.assert_allclose(bumps, bumps[::-1, ::-1, ::-1, ::-1], atol=1e-12)
    for a in range(1, 6):
        for b in range(1, 6):
            y, x = np.unravel_index(bumps[a, b].argmax(), (21, 28))
            assert abs(y - (3 * a + 1)) <= 0.5  # the middle of three pixels
            assert abs(x - (4 * b + 1.5)) <= 0.5


def test_pixels_really_move_by_the_elastic_displacement():
    augment = Augment(elastic=1.2)
    old = sources(augment, 60, 28, 24)
    moved = np.moveaxis(displacements(augment, 60, 28, 24), 0, -1)  # the same seed and step
    inside = ~np.isnan(old)
    here = np.broadcast_to(np.moveaxis(np.indices((28, 24)), 0, -1), old.shape)
    assert inside.mean() > 0.8
    np.testing.assert_allclose(old[inside], (here + moved)[inside], rtol=0, atol=1e-9)


def test_a_whole_number_shifts_by_whole_pixels_all_equally_often():
    n = 1000
    x = images(n, 9, 9)
    shifted = Augment(shift=2)(x, seed=0, step=0)
    around = np.pad(x, ((0, 0), (2, 2), (2, 2)))
    seen = np.zeros((5, 5), int)
    for down in range(-2, 3):
        for right in range(-2, 3):
            candidate = around[:, 2 - down : 11 - down, 2 - right : 11 - right]
            seen[down + 2, right + 2] = (candidate == shifted).all(axis=(1, 2)).sum()
    assert seen.sum() == n
    assert stats.chisquare(seen.ravel()).pvalue > 1e-3


# -- Seeds --


def test_the_same_seed_and_step_give_the_same_and_no_others():
    x = images(8, 14, 14)
    first = Augment(**EVERYTHING)(x, seed=5, step=9).copy()
    augment = Augment(**EVERYTHING)
    augment(x, seed=1, step=1)
    np.testing.assert_array_equal(augment(x, seed=5, step=9), first)
    for seed, step in ((5, 10), (6, 9), (9, 5)):
        other = augment(x, seed=seed, step=step)
        assert (other != first).any(axis=(1, 2)).all()


def test_images_of_a_batch_are_distorted_each_in_its_own_way():
    x = np.tile(images(1, 14, 14), (20, 1, 1))
    warped = Augment(**EVERYTHING)(x, seed=0, step=0).reshape(20, -1)
    assert len(np.unique(warped, axis=0)) == 20


def test_one_kind_of_distortion_leaves_the_others_numbers_as_they_are():
    alone, together = (
        matrices(Augment(shift=2.0), 30),
        matrices(Augment(shift=2.0, rotate=10.0, scale=0.1), 30),
    )
    moved = -np.linalg.solve(together[..., :2], together[..., 2:])[..., 0]
    np.testing.assert_allclose(moved, -alone[..., 2], atol=1e-9)


# -- Arrays: shapes, devices, memory --


@pytest.mark.parametrize(
    "settings", [{}, EVERYTHING, {"shift": 2}], ids=["nothing", "everything", "whole pixels"]
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shape_and_dtype_stay_and_x_too(settings, dtype, backend):
    augment = Augment(**settings, image_shape=(6, 8))
    flat = images(5, 48, dtype=dtype)
    results = []
    for shape in ((5, 48), (5, 6, 8), (5, 6, 8, 1)):
        x = backend.asarray(flat.reshape(shape).copy())
        warped = augment(x, seed=1, step=2)
        assert warped is not x
        assert (warped.shape, warped.dtype) == (x.shape, x.dtype)
        results.append(backend.to_numpy(warped).reshape(5, 48).copy())
        np.testing.assert_array_equal(backend.to_numpy(x).reshape(5, 48), flat)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])
    assert (results[0] == flat).all() == (not settings)


def test_every_device_gives_the_same(backend):
    x = images(40, 12, 17, 2)
    on_host = Augment(**EVERYTHING)(x, seed=1, step=2)
    there = Augment(**EVERYTHING)(backend.asarray(x), seed=1, step=2)
    np.testing.assert_allclose(backend.to_numpy(there), on_host, rtol=0, atol=1e-4)


def test_both_precisions_get_the_same_distortions():
    x = images(9, 15, 15)
    augment = Augment(**EVERYTHING)
    single = augment(x, seed=1, step=2).copy()
    np.testing.assert_allclose(augment(x.astype("float64"), seed=1, step=2), single, rtol=0, atol=1e-4)


def test_devices_shapes_and_sizes_after_each_other(backend):
    """Kept arrays never let one batch shine through in another."""
    kept = Augment(**EVERYTHING)
    for n, shape, dtype, where in (
        (70, (14, 14), "float32", backend),
        (3, (14, 14), "float32", backend),
        (90, (14, 14), "float32", backend),
        (5, (20, 9, 3), "float32", backend),
        (5, (20, 9, 3), "float64", backend),
        (2, (14, 14), "float64", CPU),
        (2, (14, 14), "float64", get_backend("strict")),
        (0, (14, 14), "float32", CPU),
    ):
        x = where.asarray(images(n, *shape, dtype=dtype))
        ours = where.to_numpy(kept(x, seed=n, step=1))
        np.testing.assert_array_equal(ours, where.to_numpy(Augment(**EVERYTHING)(x, seed=n, step=1)))


def test_a_batch_is_cut_into_pieces_unseen():
    x = np.tile(images(1, 28, 28), (100, 1, 1))  # more than one piece, by the size of the cache
    shift = np.repeat([[1.0], [2.0]], 100, axis=1)
    terms = source_terms(shift, np.zeros(100), np.ones((2, 100)), np.zeros(100), (28, 28))
    warped = warp(x[..., None], terms, field_basis((28, 28), 0))
    np.testing.assert_array_equal(warped, np.tile(warped[:1], (100, 1, 1, 1)))
    np.testing.assert_array_equal(warped[0, 1:, 2:, 0], x[0, :-1, :-2])


def test_a_large_batch_needs_working_memory_for_one_piece_only():
    x = images(2000, 28, 28)
    tracemalloc.start()
    Augment(**EVERYTHING)(x, seed=0, step=0, out=x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < x.nbytes


@pytest.mark.parametrize("settings", [{}, EVERYTHING], ids=["nothing", "everything"])
def test_the_caller_may_say_where_to_write(settings, backend):
    x = backend.asarray(images(100, 28, 28))
    augment = Augment(**settings)
    expected = backend.to_numpy(augment(x, seed=0, step=1)).copy()
    out = backend.xp.empty(x.shape, dtype=x.dtype)
    assert augment(x, seed=0, step=1, out=out) is out
    np.testing.assert_array_equal(backend.to_numpy(out), expected)
    assert augment(x, seed=0, step=1, out=x) is x
    np.testing.assert_array_equal(backend.to_numpy(x), expected)


def test_steps_take_no_memory():
    """What is allocated are the few numbers of affine maps, and NumPy's own 64 KiB: less than one image."""
    augment, x = Augment(**EVERYTHING), images(4, 200, 200)
    augment(x, seed=0, step=0)
    tracemalloc.start()
    for step in range(3):
        augment(x, seed=0, step=step)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100_000 < x[0].nbytes


def test_steps_on_a_device_send_one_small_array_and_never_wait():
    augment = Augment(**EVERYTHING, image_shape=(28, 28))
    x = get_backend("strict").asarray(images(128, 784))
    augment(x, seed=0, step=0)
    with strict.forbid("synchronisations", "copies"), strict.count() as counts:
        for rows in (128, 5, 128):
            augment(x[:rows], seed=0, step=1)
    assert (counts.transfers, counts.allocations) == (3, 3)  # an array that is sent is a new one there
    assert counts.bytes < 3 * x.nbytes / 5


# -- Settings --


def test_it_says_what_it_is_and_copies_carry_it():
    augment = Augment(shift=2, rotate=np.float64(12), image_shape=[28, 28])
    assert repr(augment) == "Augment(shift=2, rotate=12.0, image_shape=(28, 28))"
    x = images(4, 784)
    expected = augment(x, seed=0, step=0).copy()
    for double in (augment.copy(), copy.deepcopy(augment), pickle.loads(pickle.dumps(augment))):
        assert double.config() == augment.config()
        assert "_memory" not in vars(double)
        np.testing.assert_array_equal(double(x, seed=0, step=0), expected)


@pytest.mark.parametrize("name", ["shift", "rotate", "scale", "shear", "elastic"])
@pytest.mark.parametrize("value", [-0.1, -1, math.nan, math.inf])
def test_settings_that_cannot_be(name, value):
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and finite"):
        Augment(**{name: value})


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"scale": 1.0}, ValueError, "scale must be at least 0 and below 1"),
        ({"shift": "2"}, TypeError, "shift must be a number, not '2'"),
        ({"grid": 0}, ValueError, "grid must be at least 1"),
        ({"grid": 2.5}, ValueError, "grid must be at least 1, and a whole number"),
        ({"image_shape": 28}, ValueError, r"image_shape must be \(height, width\)"),
        ({"image_shape": (28, 28, 1)}, ValueError, r"image_shape must be \(height, width\)"),
        ({"image_shape": (28, 0)}, ValueError, "width must be at least 1"),
    ],
)
def test_other_settings_that_cannot_be(settings, error, says):
    with pytest.raises(error, match=says):
        Augment(**settings)


@pytest.mark.parametrize(
    ("image_shape", "x", "error", "says"),
    [
        (None, np.zeros((2, 784), "f"), ValueError, r"flat rows, shape \(2, 784\).*image_shape=\(28, 28\)"),
        ((28, 27), np.zeros((2, 784), "f"), ValueError, "28 · 27 = 756 pixels, but .* 784 features"),
        (
            (5, 4),
            np.zeros((2, 4, 5), "f"),
            ValueError,
            r"images of \(4, 5\) pixels, but image_shape=\(5, 4\)",
        ),
        (None, np.zeros(5, "f"), ValueError, r"must have shape .* but has shape \(5,\)"),
        (None, np.zeros((2, 28, 28), "u1"), TypeError, "not uint8; uint8 pixels are divided by 255 first"),
        (None, [[0.0]], TypeError, "float32 or float64, not list"),
    ],
)
def test_images_that_do_not_fit(image_shape, x, error, says):
    with pytest.raises(error, match=says):
        Augment(shift=1.0, image_shape=image_shape)(x, seed=0, step=0)


@pytest.mark.parametrize("shift", [4, 4.0, 30])
def test_shifts_as_large_as_the_image(shift):
    with pytest.raises(ValueError, match="moves images of 5 x 4 pixels out of sight"):
        Augment(shift=shift)(np.zeros((2, 5, 4), "f"), seed=0, step=0)


@pytest.mark.parametrize(
    ("out", "says"),
    [
        (np.zeros((2, 5, 4), "f"), "out must be like x"),
        (np.zeros((2, 4, 5)), "out must be like x"),
        (strict.asarray(np.zeros((2, 4, 5), "f")), "out must be like x"),
        (np.zeros((2, 5, 4), "f").swapaxes(1, 2), "out must be contiguous"),
    ],
)
def test_places_to_write_that_do_not_fit(out, says):
    with pytest.raises(ValueError, match=says):
        Augment(shift=1.0)(np.zeros((2, 4, 5), "f"), seed=0, step=0, out=out)


def test_images_with_more_pixels_than_floats_can_count():
    with pytest.raises(ValueError, match="more than float32 can count"):
        Warp(CPU, np.zeros((1, 1)), (5000, 5000), np.dtype("float32"))
