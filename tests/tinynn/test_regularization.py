"""Penalties whose gradient is that of what they add to the loss, and limits that hold after every step."""

import numpy as np
import pytest

import tinynn as nn


def make(device="cpu", dtype="float64"):
    layers = [nn.Conv2D(3, 2), nn.ReLU(), nn.Residual([nn.Conv2D(3, 1)]), nn.Flatten(), nn.Dense(2)]
    return nn.Sequential(layers, (4, 3, 2), device=device, dtype=dtype, seed=1)


def data(n=12):
    rng = np.random.default_rng(0)
    return rng.normal(size=(n, 4, 3, 2)), np.arange(n) % 2


def fit(net, *callbacks, rate=0.1, optimizer=None, **settings):
    return nn.fit(
        net, nn.SoftmaxCrossEntropy(), optimizer or nn.SGD(rate), *data(), callbacks=callbacks, **settings
    )


@pytest.mark.parametrize("penalty", [nn.L1(0.03), nn.L2(0.03)])
def test_gradient_is_that_of_the_penalty(penalty, device, backend):
    """One step of gradient descent with it, less one without, is −η ∂penalty/∂θ by central differences."""
    plain, penalised = make(device), make(device)
    start = backend.to_numpy(plain.parameters).copy()
    fit(plain)
    fit(penalised, penalty)
    found = backend.to_numpy(plain.parameters - penalised.parameters) / 0.1
    reference, expected, h = make(), np.zeros_like(start), 1e-4
    for i in range(len(start)):
        ends = []
        for step in (h, -h):
            reference.parameters[:] = start
            reference.parameters[i] += step
            ends.append(penalty.penalty(reference))
        expected[i] = (ends[0] - ends[1]) / (2 * h)
    assert np.abs(expected).max() > 0.01
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_biases_are_left_alone():
    net = make()
    net.layers[-1].b = [1.0, -1.0]
    with_biases = nn.L1(1).penalty(net), nn.L2(1).penalty(net)
    net.layers[-1].b = 0
    assert (nn.L1(1).penalty(net), nn.L2(1).penalty(net)) == with_biases


def test_l2_is_weight_decay_where_there_are_no_biases():
    """SGD's own penalty counts biases too, so they are compared where biases get none: after one step, on W."""
    one, other = make(), make()
    fit(one, nn.L2(0.01))
    fit(other, optimizer=nn.SGD(0.1, weight_decay=0.01))
    for a, b in zip(one.layers, other.layers, strict=True):
        if "W" in a.parameter_names:
            np.testing.assert_allclose(a.W, b.W, rtol=1e-12)


def test_l1_leaves_few_weights():
    """Of eleven inputs one says the class: the weights of the rest go to zero."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 11))
    y = (x[:, 0] > 0).astype(int)
    nets = [nn.Sequential([nn.Dense(2)], 11) for _ in range(2)]
    for net, callbacks in zip(nets, ([], [nn.L1(0.05)]), strict=True):
        optimizer = nn.SGD(nn.CosineDecay(0.3))
        nn.fit(net, nn.SoftmaxCrossEntropy(), optimizer, x, y, epochs=60, callbacks=callbacks)
    idle = [np.abs(net.layers[0].W[1:]).mean() for net in nets]
    assert idle[1] < 0.2 * idle[0]
    assert np.abs(nets[1].layers[0].W[0]).min() > 0.3


def test_no_unit_is_longer_than_the_limit(device, backend):
    net = make(device)
    lengths = []

    def look(training):
        for layer in (training.net.layers[0], training.net.layers[2].layers[0], training.net.layers[4]):
            W = backend.to_numpy(layer.W)
            lengths.append(np.sqrt((W.reshape(-1, W.shape[-1]) ** 2).sum(axis=0)))

    fit(net, nn.MaxNorm(0.7), look, rate=1.0, epochs=5)
    lengths = np.concatenate(lengths)
    assert lengths.max() <= 0.7 * (1 + 1e-12)
    assert (lengths > 0.6999).any()  # some were cut
    assert (lengths < 0.69).any()  # and some were left alone


def test_a_limit_that_is_never_reached_changes_nothing():
    free, limited = make(), make()
    fit(free, epochs=3)
    fit(limited, nn.MaxNorm(1e6), epochs=3)
    np.testing.assert_allclose(free.parameters, limited.parameters, rtol=1e-13)


@pytest.mark.parametrize("make_it", [nn.L1, nn.L2, nn.MaxNorm])
@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_strengths_are_positive(make_it, value):
    with pytest.raises(ValueError, match="must be a positive number"):
        make_it(value)
