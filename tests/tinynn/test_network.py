"""The network: one vector of parameters, the same numbers on every device, and what a step costs there."""

import numpy as np
import pytest

import tinynn as nn
from tests import strict

DTYPES = ["float32", "float64"]


def make(device="cpu", dtype="float32", seed=0):
    layers = [nn.Dense(7), nn.ReLU(), nn.Dropout(0.5), nn.Dense(4, "glorot"), nn.Tanh(), nn.Dense(3)]
    return nn.Sequential(layers, (5,), seed=seed, device=device, dtype=dtype)


def some(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


# One vector.


def test_parameters_are_views_into_one_vector(device, backend):
    net = make(device)
    dense = [net.layers[i] for i in (0, 3, 5)]
    for vector, names in ((net.parameters, ("W", "b")), (net.gradients, ("dW", "db"))):
        views = [getattr(layer, name) for layer in dense for name in names]
        vector[...] = backend.xp.arange(vector.size, dtype=net.dtype)
        read = np.concatenate([backend.to_numpy(view).ravel() for view in views])
        np.testing.assert_array_equal(read, np.arange(vector.size))
        for i, view in enumerate(views):
            view[...] = -i
        written = np.concatenate([np.full(view.size, -i) for i, view in enumerate(views)])
        np.testing.assert_array_equal(backend.to_numpy(vector), written)
    assert net.parameters.size == 5 * 7 + 7 + 7 * 4 + 4 + 4 * 3 + 3
    assert repr(net).endswith("with 89 parameters")


def test_backward_fills_the_whole_gradient_vector(backend, device):
    net = make(device)
    y = net.forward(some(6, 5))
    net.gradients[...] = np.nan
    net.backward(backend.xp.ones_like(y))
    assert np.isfinite(backend.to_numpy(net.gradients)).all()
    once = backend.to_numpy(net.gradients).copy()
    net.backward(backend.xp.ones_like(y))
    np.testing.assert_array_equal(backend.to_numpy(net.gradients), once)  # it fills, it does not add up


def test_input_gradient_only_when_wanted(device, backend):
    net = make(device, "float64")
    x, dy = some(6, 5), some(6, 3)
    net.forward(x)
    assert net.backward(dy).shape == (6, 5)
    wanted = backend.to_numpy(net.gradients).copy()
    net.gradients[...] = np.nan
    assert net.backward(dy, input_gradient=False) is None
    np.testing.assert_array_equal(backend.to_numpy(net.gradients), wanted)


@pytest.mark.parametrize("below", [[nn.Tanh], [nn.Tanh, nn.Sigmoid]])
def test_activations_below_the_first_dense(below):
    layers = [*(layer() for layer in below), nn.Dense(3), nn.ReLU()]
    net = nn.Sequential(layers, (5,), dtype="float64")
    dy = some(6, 3)
    net.forward(some(6, 5))
    dx = net.backward(dy)
    assert dx.shape == (6, 5)
    wanted = net.gradients.copy()
    net.gradients[...] = np.nan
    assert net.backward(dy, input_gradient=False) is None
    np.testing.assert_array_equal(net.gradients, wanted)


class NeverBackward(nn.Tanh):
    def backward(self, dy, input_gradient=True):
        raise AssertionError("nothing below here is learned")


def test_layers_below_the_first_parameters_are_spared():
    net = nn.Sequential([NeverBackward(), nn.Dense(3), nn.Tanh()], (5,))
    net.backward(net.forward(some(6, 5)), input_gradient=False)
    costs = []
    for wanted in (False, True):
        net = nn.Sequential([nn.Dense(3)], (5,), device="strict")
        y = net.forward(some(6, 5))
        with strict.count() as counts:
            net.backpropagate(y, wanted)
        costs.append(counts.launches)
    assert costs[0] < costs[1]


def test_nothing_to_learn_and_no_input_gradient_wanted():
    net = nn.Sequential([nn.Tanh()], (5,))
    y = net.forward(some(6, 5))
    assert net.backward(y, input_gradient=False) is None
    assert net.backward(y).shape == (6, 5)


# The same numbers everywhere.


@pytest.mark.parametrize("dtype", DTYPES)
def test_seed_decides_the_parameters_on_every_device(device, backend, dtype):
    net = make(device, dtype, seed=3)
    assert net.parameters.dtype == net.gradients.dtype == dtype
    parameters = backend.to_numpy(net.parameters)
    np.testing.assert_array_equal(parameters, make("cpu", "float64", seed=3).parameters.astype(dtype))
    weights = parameters != 0  # biases start at zero
    assert weights.sum() == 5 * 7 + 7 * 4 + 4 * 3
    assert (parameters != backend.to_numpy(make(device, dtype, seed=4).parameters))[weights].all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("training", [False, True])
def test_passes_agree_between_devices(device, backend, dtype, training):
    x, dy = some(6, 5), some(6, 3)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    nets = [make(device, dtype), make("cpu", dtype)]
    ours, cpu = ([net.forward(x, training), net.backward(dy), net.gradients] for net in nets)
    for a, b in zip(ours, cpu, strict=True):
        assert a.dtype == b.dtype == dtype
        np.testing.assert_allclose(backend.to_numpy(a), b, rtol=tolerance, atol=tolerance)
    assert nets[0].step == int(training)


@pytest.mark.parametrize("dtype", DTYPES)
def test_inputs_of_any_type(device, backend, dtype):
    """uint8 is pixels and becomes 0 to 1; other numbers are taken as they are."""
    net = make(device, dtype)
    pixels = np.random.default_rng(0).integers(256, size=(6, 5), dtype=np.uint8)
    expected = backend.to_numpy(net.forward(pixels / 255))
    np.testing.assert_allclose(backend.to_numpy(net.forward(pixels)), expected, rtol=1e-5)
    whole = backend.to_numpy(net.forward(pixels.astype(float)))
    for x in (pixels.astype(np.int64), pixels.tolist(), backend.asarray(pixels.astype(np.float32))):
        np.testing.assert_array_equal(backend.to_numpy(net.forward(x)), whole)
    assert pixels.dtype == np.uint8
    assert pixels.max() > 1


@pytest.mark.parametrize("dtype", [None, *DTYPES])
def test_copy_is_a_network_of_its_own(dtype, device, backend):
    net = make(device)
    x = some(6, 5)
    net.forward(x, training=True)
    net.parameters += 1
    before = backend.to_numpy(net.parameters).copy()
    other = net.copy(dtype)
    assert other.dtype == (dtype or "float32")
    for training in (False, True):  # the same masks too: the step came along
        ours, theirs = (
            backend.to_numpy(net.forward(x, training)),
            backend.to_numpy(other.forward(x, training)),
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    other.parameters.fill(0)
    np.testing.assert_array_equal(backend.to_numpy(net.parameters), before)


def test_no_rows():
    net = make()
    assert net.forward(np.zeros((0, 5))).shape == (0, 3)


# Errors.


def dense_in_use():
    dense = nn.Dense(5)
    nn.Sequential([dense], (5,))
    return dense


@pytest.mark.parametrize(
    ("build", "says"),
    [
        (lambda: nn.Sequential([nn.ReLU(), dense_in_use()], (5,)), r"layer 1, Dense\(5\).*layer\.copy\(\)"),
        (lambda: nn.Sequential([nn.ReLU()] * 2, (5,)), r"layer 1, ReLU\(\), is part of a network already"),
        (lambda: nn.Sequential([], (5,)), "at least one layer"),
        (
            lambda: nn.Sequential([nn.ReLU()], (5,), dtype="float16"),
            '"float32" or "float64", not \'float16\'',
        ),
        (lambda: nn.Sequential([nn.ReLU()], (5,), dtype="int32"), "not 'int32'"),
        (lambda: nn.Sequential([nn.ReLU()], (5,), device="gpu"), '"cpu", "cuda" or "auto", not \'gpu\''),
        (
            lambda: make().forward(np.zeros((2, 4))),
            r"rows of shape \(5,\).*\(n, 5\).*got one of shape \(2, 4\)",
        ),
        (lambda: make().forward(np.zeros(5)), r"rows of shape \(5,\).*got one of shape \(5,\)"),
        (lambda: make().forward(np.zeros((1, 2, 5))), r"got one of shape \(1, 2, 5\)"),
    ],
)
def test_what_cannot_be(build, says):
    with pytest.raises(ValueError, match=says):
        build()


def test_layers_may_be_used_after_a_mistake():
    layers = [nn.ReLU(), nn.Dense(3)]
    with pytest.raises(ValueError, match="layer 1"):
        nn.Sequential(layers, (2, 2))
    assert nn.Sequential(layers, (4,)).output_shape == (3,)


def test_a_copied_layer_makes_another_network():
    layer = dense_in_use()
    assert nn.Sequential([layer.copy()], (7,)).layers[0].W.shape == (7, 5)


# What a step costs.


@pytest.mark.parametrize("optimizer", [nn.SGD(0.1), nn.SGD(0.1, momentum=0.9), nn.Adam()], ids=repr)
def test_training_step_takes_no_memory_and_never_waits(optimizer):
    net, loss = make("strict"), nn.SoftmaxCrossEntropy()
    x, y = strict.asarray(some(8, 5).astype(np.float32)), strict.asarray(np.arange(8) % 3)
    value = strict.empty((), np.float32)

    def step(rows):
        logits = net.propagate(x[:rows], training=True)
        loss.forward(logits, y[:rows], out=value)
        net.backpropagate(loss.backward())
        optimizer.step(net.parameters, net.gradients)

    step(8)
    before = strict.asnumpy(net.parameters)
    with strict.forbid("allocations", "transfers", "synchronisations"):
        for rows in (8, 8, 3, 8):
            step(rows)
    assert (strict.asnumpy(net.parameters) != before).any()
    assert net.step == 5


def test_an_input_shape_of_one_axis_may_be_a_number():
    assert nn.Sequential([nn.Dense(2)], 3).input_shape == (3,)


def test_backward_before_forward_says_what_is_missing():
    with pytest.raises(RuntimeError, match="call forward first"):
        nn.Sequential([nn.Dense(2)], 3).backward(np.ones((1, 2)))
