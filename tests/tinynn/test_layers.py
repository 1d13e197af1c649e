"""Layers: their values against independent formulas, their buffers, their first weights, their errors."""

import inspect

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

import tinynn as nn
from tests import strict
from tests.tinynn.test_gradients import LAYERS
from tinynn.initializers import INITIALIZERS

ACTIVATIONS = {  # layer -> (f, f')
    nn.ReLU: (lambda x: np.where(x > 0, x, 0), lambda x: np.where(x > 0, 1, 0)),
    nn.Sigmoid: (scipy.special.expit, lambda x: scipy.special.expit(x) * scipy.special.expit(-x)),
    nn.Tanh: (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -50, 50)) ** 2),
}
DTYPES = ["float32", "float64"]


def make(layers, shape, device="cpu", dtype="float64"):
    net = nn.Sequential(layers, shape, device=device, dtype=dtype)
    net.parameters += 0.1  # biases too
    return net


def test_every_activation_is_listed():
    assert set(ACTIVATIONS) == set(
        layer
        for _, layer in inspect.getmembers(nn.layers.activations, inspect.isclass)
        if layer.__module__ == "tinynn.layers.activations"
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_and_its_derivative(activation, dtype, device, backend):
    """Equations `activation-scalar`, `activation-relu` and `activation-backward` of
    `docs/derivations/activations.md`, with a zero among the numbers.
    """
    f, derivative = ACTIVATIONS[activation]
    rng = np.random.default_rng(0)
    x, dy = rng.normal(0, 3, (5, 7)).astype(dtype), rng.normal(size=(5, 7)).astype(dtype)
    x[0, 0] = 0  # the bend of ReLU
    net = make([activation()], (7,), device, dtype)
    y, dx = net.forward(x), net.backward(dy)
    assert y.dtype == dx.dtype == dtype
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    wide = x.astype("float64")
    np.testing.assert_allclose(backend.to_numpy(y), f(wide), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(backend.to_numpy(dx), dy * derivative(wide), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_activation_far_out(activation, dtype, device, backend):
    """No overflow, no NaN: warnings are errors here."""
    f, derivative = ACTIVATIONS[activation]
    x = np.array([[-1e4, 1e4]])
    net = make([activation()], (2,), device, dtype)
    np.testing.assert_allclose(backend.to_numpy(net.forward(x)), f(x), atol=1e-300)
    np.testing.assert_allclose(
        backend.to_numpy(net.backward([[-2, 3]])), [[-2, 3]] * derivative(x), atol=1e-40
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense(dtype, device, backend):
    """Equations `dense-layer-forward`, `dense-layer-sum-over-rows` and `dense-layer-backward` of
    `docs/derivations/dense.md`.
    """
    rng = np.random.default_rng(0)
    net = make([nn.Dense(3)], (5,), device, dtype)
    dense = net.layers[0]
    assert (dense.W.shape, dense.b.shape) == ((5, 3), (3,))
    W, b = backend.to_numpy(dense.W), backend.to_numpy(dense.b)
    x, dy = rng.normal(size=(7, 5)).astype(dtype), rng.normal(size=(7, 3)).astype(dtype)
    y, dx = net.forward(x), net.backward(dy)
    tolerance = {"rtol": 1e-5, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-12}
    for ours, sums in (
        (y, np.einsum("ni,iu->nu", x, W) + b),
        (dense.dW, np.einsum("ni,nu->iu", x, dy)),
        (dense.db, np.einsum("nu->u", dy)),
        (dx, np.einsum("nu,iu->ni", dy, W)),
    ):
        assert ours.dtype == dtype
        np.testing.assert_allclose(backend.to_numpy(ours), sums, **tolerance)


# Buffers without tears.


def both_ways(net, x):
    """One forward and one backward pass, with a gradient that depends on the outputs."""
    y = net.forward(x)
    return y, net.backward(y * y - 1), net.gradients.copy()


@pytest.mark.parametrize("name", LAYERS)
@given(batches=st.lists(st.integers(1, 9), min_size=2, max_size=5))
def test_batches_of_any_size_after_each_other(name, batches):
    case = LAYERS[name]
    kept = make([case.make()], case.largest)
    for rows in batches:
        x = np.random.default_rng(rows).normal(size=(rows, *case.largest))
        fresh = make([case.make()], case.largest)
        for ours, expected in zip(both_ways(kept, x), both_ways(fresh, x), strict=True):
            np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("name", LAYERS)
def test_no_memory_is_taken_for_batches_that_are_not_larger(name):
    case = LAYERS[name]
    net = make([case.make()], case.largest, "strict")
    x = net.backend.asarray(np.ones((9, *case.largest)))
    dy = net.backend.asarray(np.ones((9, *net.output_shape)))

    def pass_through(rows):
        net.propagate(x[:rows], training=True)
        net.backpropagate(dy[:rows], input_gradient=True)

    pass_through(9)
    with strict.forbid("allocations", "transfers", "synchronisations"):
        for rows in (9, 8, 1, 5, 9):
            pass_through(rows)


# The two that are left out return views of what they get.
@pytest.mark.parametrize("name", [name for name in LAYERS if name not in ("Flatten", "Reshape")])
def test_layer_returns_its_buffer(name):
    """A layer's own methods give out the array they will write to next; that is what makes them cheap."""
    case = LAYERS[name]
    layer = make([case.make()], case.largest).layers[0]
    large, small = np.ones((6, *case.largest)), np.ones((2, *case.largest))
    y = layer.forward(large, training=True)
    dx = layer.backward(np.ones_like(y))
    for x in (small, large):
        again = layer.forward(x, training=True)
        assert np.shares_memory(y, again)
        assert np.shares_memory(dx, layer.backward(np.ones_like(again)))


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_network_returns_copies_and_leaves_the_callers_arrays_alone(name, training):
    case = LAYERS[name]
    net = make([case.make()], case.largest)
    x = np.random.default_rng(0).normal(size=(6, *case.largest))
    dy = np.random.default_rng(1).normal(size=(6, *net.output_shape))
    given_arrays = x.copy(), dy.copy()
    y = net.forward(x, training=training)
    dx = net.backward(dy)
    returned = y.copy(), dx.copy()
    net.forward(-x, training=training)
    net.backward(-dy)
    for array, before in zip((x, dy, y, dx), (*given_arrays, *returned), strict=True):
        np.testing.assert_array_equal(array, before)
    y[...] = dx[...] = np.nan  # what the caller writes reaches neither the network nor its inputs
    assert np.isfinite(net.forward(x, training=training)).all()
    assert np.isfinite(net.backward(dy)).all()
    for array, before in zip((x, dy), given_arrays, strict=True):
        np.testing.assert_array_equal(array, before)


# First weights.


@pytest.mark.parametrize(
    ("name", "variance"), [("he", 2 / 300), ("glorot", 2 / (300 + 200)), ("lecun", 1 / 300)]
)
def test_spread_of_first_weights(name, variance):
    """Equations `init-lecun`, `init-he` and `init-glorot` of `docs/derivations/initialization.md`."""
    net = nn.Sequential([nn.Dense(200, name)], (300,), seed=3, dtype="float64")
    W = net.layers[0].W
    n = W.size
    kurtosis = np.mean(W**4) / np.mean(W**2) ** 2
    expected = 9 / 5 if name == "glorot" else 3  # uniform, or normal
    assert abs(W.mean()) < 5 * np.sqrt(variance / n)
    assert W.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / n))
    assert kurtosis == pytest.approx(expected, abs=5 * np.sqrt(24 / n))
    assert not net.layers[0].b.any()
    assert set(INITIALIZERS) == {"he", "glorot", "lecun"}


@pytest.mark.parametrize(("name", "activation"), [("he", nn.ReLU), ("lecun", nn.Tanh), ("glorot", nn.Tanh)])
def test_signals_keep_their_size_through_ten_layers(name, activation):
    x = np.random.default_rng(0).normal(0, 0.1, (50, 200))  # small: where tanh is nearly straight
    net = nn.Sequential([layer for _ in range(10) for layer in (nn.Dense(200, name), activation())], (200,))
    gain = np.mean(net.forward(x) ** 2) / np.mean(x**2)
    assert 0.8 < gain ** (1 / 10) < 1.25


# Specifications and errors.


def test_layers_are_specifications():
    dense = nn.Dense(3, "glorot")
    make([dense], (2,))
    assert repr(dense) == "Dense(3, initializer='glorot')"
    assert repr(nn.Dense(3)) == "Dense(3)"
    assert repr(nn.Dropout()) == "Dropout()"
    assert vars(dense.copy()) == {"units": 3, "initializer": "glorot"}


@pytest.mark.parametrize(
    ("make_layer", "says"),
    [
        (lambda: nn.Dense(0), "at least 1, not 0"),
        (lambda: nn.Dense(2.5), "whole number of units, at least 1, not 2.5"),
        (lambda: nn.Dense(2, "xavier"), "one of he, glorot, lecun, not 'xavier'"),
        (lambda: nn.Dropout(1), "at least 0 and below 1, not 1"),
        (lambda: nn.Dropout(-0.1), "at least 0 and below 1, not -0.1"),
        (lambda: nn.Dropout(float("nan")), "at least 0 and below 1, not nan"),
    ],
)
def test_settings_that_cannot_be(make_layer, says):
    with pytest.raises(ValueError, match=says):
        make_layer()


def test_shapes_that_do_not_fit_name_the_layer_and_the_fix():
    with pytest.raises(ValueError, match=r"layer 1, Dense\(3\).*shape \(8, 8\).*reshape\(len\(x\), -1\)"):
        nn.Sequential([nn.ReLU(), nn.Dense(3)], (8, 8))
