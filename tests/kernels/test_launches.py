"""What a training step costs on a device: budgets of launches, transfers and waits. No time is measured."""

import numpy as np
import pytest

import tinynn as nn
from tests import strict

ROWS, BATCH = 48, 16


def mlp():
    return [nn.Dense(12), nn.ReLU(), nn.Dense(7), nn.ReLU(), nn.Dense(3)]


def with_dropout():
    return [nn.Dense(12), nn.Tanh(), nn.Dropout(0.5), nn.Dense(7), nn.GELU(), nn.Dropout(0.3), nn.Dense(3)]


def convolutional():
    return [nn.Conv2D(4, 3), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(), nn.Dense(3)]


def pixels(shape, n=ROWS):
    rng = np.random.default_rng(0)
    return rng.integers(256, size=(n, *shape), dtype=np.uint8), rng.integers(3, size=n)


def trained(layers, device, shape=(10,), optimizer=None, loss=None, dtype="float32", **settings):
    x, y = pixels(shape)
    net = nn.Sequential(layers, shape, device=device, seed=1, dtype=dtype)
    settings = {"epochs": 2, "batch_size": BATCH} | settings
    history = nn.fit(net, loss or nn.SoftmaxCrossEntropy(), optimizer or nn.Adam(0.01), x, y, **settings)
    return net, history


def costs_of_a_step(layers, device, shape=(10,)):
    """The difference between trainings of two numbers of steps within one epoch."""
    found = []
    for steps in (2, 3):
        with strict.count() as counts:
            trained([layer.copy() for layer in layers], device, shape, steps=steps)
        found.append(counts)
    return {kind: getattr(found[1], kind) - getattr(found[0], kind) for kind in strict.counts.KINDS}


@pytest.mark.parametrize(
    ("layers", "shape", "with_kernels", "without"),
    [
        # Gather 2; forward 3 products, 2 biases with ReLU, 1 bias; loss 2; back 3 weights' and 3 biases' gradients,
        # 2 inputs' gradients and 2 slopes of ReLU; Adam 1.
        (mlp, (10,), 21, 53),
        # Dropout adds one launch forward and one back, each.
        (with_dropout, (10,), 25, 97),
        (convolutional, (6, 6, 1), 35, 65),
    ],
)
def test_launches_of_a_training_step(layers, shape, with_kernels, without):
    fused, plain = costs_of_a_step(layers(), "fused", shape), costs_of_a_step(layers(), "strict", shape)
    assert fused["launches"] == with_kernels
    assert plain["launches"] <= without
    for costs in (fused, plain):
        assert {costs[kind] for kind in ("allocations", "transfers", "synchronisations", "copies")} == {0}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "optimizer",
    [nn.Adam(0.01), nn.AdamW(0.01, weight_decay=0.1), nn.Clipped(nn.Adam(0.01), 0.5), nn.SGD(0.1)],
    ids=repr,
)
@pytest.mark.parametrize(("layers", "shape"), [(with_dropout, (10,)), (convolutional, (6, 6, 1))])
def test_kernels_train_as_the_processor_does(layers, shape, optimizer, dtype):
    """The same masks, batches and steps; sums and exponentials differ in their last bits."""
    nets = [
        trained(layers(), device, shape, optimizer.copy(), dtype=dtype)
        for device in ("cpu", "strict", "fused")
    ]
    expected, history = nets[0]
    assert history.loss[-1] < history.loss[0]
    scale = np.abs(expected.parameters).max()
    for net, other in nets[1:]:
        np.testing.assert_allclose(other.loss, history.loss, rtol=2e-4 if dtype == "float32" else 1e-10)
        there = net.backend.to_numpy(net.parameters)
        tolerance = 2e-3 if dtype == "float32" else 1e-9
        np.testing.assert_allclose(there, expected.parameters, rtol=0, atol=tolerance * scale)


def test_bytes_travel_once_as_bytes():
    """The pool of pixels is sent once, a byte a pixel; the order once an epoch, eight bytes a row."""
    with strict.count() as one:
        trained(mlp(), "fused", epochs=1)
    with strict.count() as three:
        trained(mlp(), "fused", epochs=3)
    assert three.transfers - one.transfers == 2
    assert three.synchronisations - one.synchronisations == 2  # the losses of an epoch
    assert three.bytes - one.bytes == 2 * 8 * ROWS


def test_a_watched_layer_is_not_fused_away():
    x, _ = pixels((10,))
    net, seen = nn.Sequential(mlp(), (10,), device="fused"), []
    expected = net.backend.to_numpy(net.forward(x))
    relu = net.layers[1]
    own = type(relu).forward
    relu.forward = lambda x, training=False: seen.append(x) or own(relu, x, training)
    np.testing.assert_allclose(net.backend.to_numpy(net.forward(x)), expected, rtol=1e-6)
    assert len(seen) == 1
    assert bool((seen[0] < 0).any())


def test_a_subclass_computes_its_own_way():
    class Doubled(nn.ReLU):
        def forward(self, x, training=False):
            return 2 * super().forward(x, training)

    x, _ = pixels((10,))
    nets = [nn.Sequential([nn.Dense(5), Doubled()], (10,), device=device) for device in ("cpu", "fused")]
    here, there = (net.backend.to_numpy(net.forward(x)) for net in nets)
    np.testing.assert_allclose(there, here, rtol=1e-5)


def test_what_no_kernel_computes_is_computed_as_written(backend):
    """Weights, smoothing, distributions: the loss in words of arrays, on every device."""
    rng = np.random.default_rng(0)
    z, labels, weights = rng.normal(size=(9, 4)), rng.integers(4, size=9), rng.random(9)
    for loss, targets, given in (
        (nn.SoftmaxCrossEntropy(label_smoothing=0.1), labels, None),
        (nn.SoftmaxCrossEntropy(class_weights=[1, 2, 3, 4]), labels, None),
        (nn.SoftmaxCrossEntropy(), labels, weights),
        (nn.SoftmaxCrossEntropy(), np.eye(4)[labels], None),
        (nn.SoftmaxCrossEntropy(), labels, None),
    ):
        here = loss.copy()
        expected = float(here.forward(z, targets, given)), here.backward()
        arrays = [None if a is None else backend.asarray(a) for a in (z, targets, given)]
        value = float(loss.forward(*arrays))
        assert value == pytest.approx(expected[0], rel=1e-12)
        np.testing.assert_allclose(backend.to_numpy(loss.backward()), expected[1], atol=1e-15)
        assert float(loss.forward(z, targets, given)) == pytest.approx(expected[0], rel=1e-15)
        np.testing.assert_array_equal(loss.backward(), expected[1])  # and afterwards on the processor again
