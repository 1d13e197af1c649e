"""Dropout: what its masks look like as random numbers, and when they come, stay and go."""

import itertools

import numpy as np
import pytest

import tinynn as nn
from tests import strict

EIGHT_BITS = [1 / 256, 0.25, 0.5, 0.75, 255 / 256]
THIRTY_TWO_BITS = [1e-3, 0.1, 0.3, 0.9, 0.999]
RATES = EIGHT_BITS + THIRTY_TWO_BITS
BOTH_PATHS = [0.5, 0.3]


def make(rate, features, seed=0, device="cpu", dtype="float64"):
    return nn.Sequential([nn.Dropout(rate)], (features,), seed=seed, device=device, dtype=dtype)


def masks(net, rows):
    """What a training pass multiplies by."""
    ones = net.backend.xp.ones((rows, *net.input_shape), dtype=net.dtype)
    return net.backend.to_numpy(net.forward(ones, training=True))


def assert_uncorrelated(a, b):
    """Correlation of n independent pairs is about normal with spread 1/√n."""
    r = np.corrcoef(a.ravel(), b.ravel())[0, 1]
    assert abs(r) < 5 / np.sqrt(a.size)


@pytest.mark.parametrize("rate", RATES)
def test_share_that_is_dropped(rate):
    """Equation `dropout-scalar` of `docs/derivations/dropout.md`: how often which value comes."""
    dropped = masks(make(rate, 500), 800) == 0
    assert abs(dropped.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / dropped.size)


@pytest.mark.parametrize("rate", RATES)
def test_expectation_is_kept(rate):
    """The rest is scaled by 1 / (1 − p), so that E[y] = x.

    Equation `dropout-scalar` of `docs/derivations/dropout.md`: the two values.
    """
    values = np.unique(masks(make(rate, 500), 100))
    np.testing.assert_allclose(values, [0, 1 / (1 - rate)], rtol=0 if rate in EIGHT_BITS else 1e-6)


@pytest.mark.parametrize("rate", RATES)
def test_mean_and_variance_of_a_mask(rate):
    """Equations `dropout-mean` and `dropout-variance` of `docs/derivations/dropout.md`, up to five standard errors."""
    m = masks(make(rate, 500), 400)
    fourth = rate + rate**4 / (1 - rate) ** 3  # E (m − 1)⁴
    assert abs(m.mean() - 1) < 5 * np.sqrt(rate / (1 - rate) / m.size)
    noise = np.sqrt((fourth - (rate / (1 - rate)) ** 2) / m.size)
    assert abs(((m - 1) ** 2).mean() - rate / (1 - rate)) < 5 * noise + 1e-6


@pytest.mark.parametrize("rate", RATES)
def test_dropout_punishes_large_weights(rate):
    """In the exact mean over all masks of four inputs, each counted as often as it comes.

    Equations `dropout-sum` and `dropout-penalty` of `docs/derivations/dropout.md`.
    """
    rng = np.random.default_rng(0)
    w, x, t = rng.normal(size=4), rng.normal(size=4), 0.7
    kept = np.array(list(itertools.product((0, 1), repeat=4)))
    often = np.where(kept, 1 - rate, rate).prod(axis=1)
    z = (kept / (1 - rate)) @ (w * x)
    mean, noise = w @ x, rate / (1 - rate) * (w**2 * x**2).sum()
    assert often @ z == pytest.approx(mean, rel=1e-9)
    assert often @ (z - mean) ** 2 == pytest.approx(noise, rel=1e-9)
    assert often @ (z - t) ** 2 == pytest.approx((mean - t) ** 2 + noise, rel=1e-9)


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_every_position_is_dropped_equally_often(rate):
    net = make(rate, 7)
    steps = 1500
    dropped = sum((masks(net, 5) == 0).astype(int) for _ in range(steps))
    sigma = np.sqrt(steps * rate * (1 - rate))
    z = (dropped - steps * rate) / sigma
    assert np.abs(z).max() < 5
    assert 10 < (z**2).sum() < 80  # χ² with 35 degrees of freedom: neither too uneven nor too even


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_masks_are_independent(rate):
    """Of neighbours in every direction, of the last step's, of another seed's, of another layer's."""
    net = make(rate, 403)
    m = masks(net, 400)
    for lag in range(1, 9):  # one hashed word serves four neighbours
        assert_uncorrelated(m.ravel()[lag:], m.ravel()[:-lag])
    assert_uncorrelated(m[1:], m[:-1])
    assert_uncorrelated(m, masks(net, 400))
    assert_uncorrelated(m, masks(make(rate, 403, seed=1), 400))
    two = nn.Sequential([nn.Dropout(rate), nn.Dropout(rate)], (403,))
    two.forward(np.ones((400, 403)), training=True)
    assert_uncorrelated(two.layers[0].mask, two.layers[1].mask)


@pytest.mark.parametrize("rate", RATES)
def test_masks_do_not_depend_on_device_or_precision(rate, device, backend):
    expected = masks(make(rate, 13), 50)
    for dtype in ("float32", "float64"):
        m = masks(make(rate, 13, device=device, dtype=dtype), 50)
        assert m.dtype == dtype
        np.testing.assert_array_equal(m, expected.astype(dtype))


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_mask_belongs_to_the_step(rate):
    net = make(rate, 11)
    first, second, third = (masks(net, 6) for _ in range(3))
    for a, b in itertools.combinations((first, second, third), 2):
        assert (a != b).any()
    net.step = 1
    np.testing.assert_array_equal(masks(net, 6), second)
    np.testing.assert_array_equal(masks(make(rate, 11), 6), first)
    net.forward(np.ones((2, 11)))  # an evaluation is no step
    np.testing.assert_array_equal(masks(net, 6), third)


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_rows_keep_their_masks_in_a_smaller_batch(rate):
    net = make(rate, 10)
    m = masks(net, 20)
    net.step = 0
    np.testing.assert_array_equal(masks(net, 3), m[:3])


@pytest.mark.parametrize("rate", BOTH_PATHS)
@pytest.mark.parametrize("features", [1, 3, 4, 10])
def test_part_of_a_batch_keeps_its_masks(rate, features, device, backend):
    """One hashed word serves four neighbours, so a part may begin anywhere within a word."""
    net = make(rate, features, device=device)
    m = masks(net, 40)
    for first in (0, 1, 2, 3, 7, 20):
        net.step, net.layers[0].first_row = 0, first
        np.testing.assert_array_equal(masks(net, 40 - first), m[first:])
        net.step = 0
        np.testing.assert_array_equal(masks(net, 5), m[first : first + 5])


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_forward_and_backward_share_a_mask(rate, device, backend):
    """Equations `dropout-backward-scalar` and `dropout-batch` of `docs/derivations/dropout.md`."""
    net = make(rate, 5, device=device)
    x, dy = np.random.default_rng(0).normal(size=(2, 9, 5))
    y, dx = backend.to_numpy(net.forward(x, training=True)), backend.to_numpy(net.backward(dy))
    net.step = 0
    m = masks(net, 9)
    assert 0 < (m == 0).sum() < m.size
    np.testing.assert_array_equal(y, x * m)
    np.testing.assert_array_equal(dx, dy * m)


def test_off_in_evaluation_and_at_rate_zero():
    x, dy = np.random.default_rng(0).normal(size=(2, 9, 5))
    for net, training in ((make(0.5, 5), False), (make(0.0, 5), True)):
        np.testing.assert_array_equal(net.forward(x, training=training), x)
        np.testing.assert_array_equal(net.backward(dy), dy)
    net = make(0.5, 5)
    net.forward(x, training=True)
    np.testing.assert_array_equal(net.forward(x), x)  # the mask of training has gone
    np.testing.assert_array_equal(net.backward(dy), dy)


# Thinned networks: one mask for all rows.


def thin_masks(rate, samples, features=50, seed=7):
    layer = make(rate, features).layers[0]
    return np.concatenate([layer.thin(k, seed) for k in range(samples)])


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_thinned_network_drops_the_same_features_in_every_row(rate, device, backend):
    net = make(rate, 12, device=device)
    x = np.random.default_rng(0).normal(size=(30, 12))
    layer = net.layers[0]
    layer.thinned = layer.thin(3, seed=7)
    m = backend.to_numpy(layer.thinned)
    np.testing.assert_array_equal(m, thin_masks(rate, 4, features=12)[3:])
    assert set(np.unique(m)) <= {0, 2**32 / round(2**32 * (1 - rate))}
    np.testing.assert_array_equal(backend.to_numpy(net.forward(x)), x * m)
    np.testing.assert_array_equal(backend.to_numpy(net.backward(x)), x * m)
    layer.thinned = None
    np.testing.assert_array_equal(backend.to_numpy(net.forward(x)), x)


@pytest.mark.parametrize("rate", RATES)
def test_share_of_features_in_thinned_networks(rate):
    dropped = thin_masks(rate, 2000) == 0
    assert abs(dropped.mean() - rate) < 5 * np.sqrt(rate * (1 - rate) / dropped.size)


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_thinned_networks_are_independent(rate):
    m = thin_masks(rate, 1000)
    assert_uncorrelated(m[1:], m[:-1])
    assert_uncorrelated(m[:, 1:], m[:, :-1])
    assert_uncorrelated(m, thin_masks(rate, 1000, seed=8))
    assert len(np.unique(m, axis=0)) == 1000
    two = nn.Sequential([nn.Dropout(rate), nn.Dropout(rate)], (1000,)).layers
    assert_uncorrelated(*(np.concatenate([layer.thin(k, seed=7) for k in range(50)]) for layer in two))


@pytest.mark.parametrize("rate", BOTH_PATHS)
def test_training_masks_allocate_nothing(rate):
    net = make(rate, 12, device="strict", dtype="float32")
    x = net.backend.asarray(np.ones((8, 12), np.float32))
    for books in (strict.count(), strict.forbid("allocations", "transfers", "synchronisations")):
        with books:
            net.propagate(x, training=True)
            net.backpropagate(x, input_gradient=True)
