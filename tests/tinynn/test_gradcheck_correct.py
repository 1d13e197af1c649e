"""No correct layer, loss or network is ever accused, whatever its sizes and settings."""

import inspect

import numpy as np
import pytest

import tinynn as nn
from tests.museum.activations import Sigmoid, Tanh
from tests.museum.losses import BinaryCrossEntropy, SoftmaxCrossEntropy, SquareLoss
from tests.museum.noise import Dropout
from tests.museum.weights import Dense
from tinynn import elementwise_losses, layers, losses
from tinynn.gradcheck import check_gradients


def rows(make):
    """Draw a layer and a batch of rows."""
    return lambda rng: (make(rng), rng.normal(size=(rng.integers(2, 7), rng.integers(2, 9))))


def images(make):
    """Draw a layer and a batch of images, at least 3 × 3."""
    return lambda rng: (make(rng), rng.normal(size=(*rng.integers((2, 3, 3), 6), rng.integers(1, 4))))


def convolution(rng):
    size, stride = (int(n) for n in rng.integers(1, 4, 2))
    return layers.Conv2D(int(rng.integers(1, 4)), size, stride, ["valid", "same", 1, (2, 0)][rng.integers(4)])


def residual(rng):
    width = int(rng.integers(2, 6))
    block = [layers.Dense(width), layers.Tanh(), layers.Residual([layers.Dense(width), layers.ReLU()])]
    return layers.Residual(block), rng.normal(size=(4, width))


LAYERS = {  # how to draw each layer of `tinynn.layers`; a new one is covered by being added
    "Dense": rows(lambda rng: layers.Dense(int(rng.integers(1, 9)))),
    "Conv2D": images(convolution),
    "MaxPool2D": images(lambda rng: layers.MaxPool2D(int(rng.integers(2, 4)), int(rng.integers(1, 4)))),
    "AveragePool2D": images(lambda rng: layers.AveragePool2D(2, int(rng.integers(1, 3)))),
    "GlobalAveragePool2D": images(lambda rng: layers.GlobalAveragePool2D()),
    "Flatten": images(lambda rng: layers.Flatten()),
    "Reshape": lambda rng: (layers.Reshape((3, 4)), rng.normal(size=(5, 12))),
    "Residual": residual,
    "LayerNorm": rows(lambda rng: layers.LayerNorm()),
    "Dropout": rows(lambda rng: layers.Dropout(float(rng.uniform(0.1, 0.8)))),
    "LeakyReLU": rows(lambda rng: layers.LeakyReLU(float(rng.uniform(0.01, 0.5)))),
    "ELU": rows(lambda rng: layers.ELU(float(rng.uniform(0.5, 2)))),
    **{
        name: rows(lambda rng, name=name: getattr(layers, name)())
        for name in ("ReLU", "Sigmoid", "Tanh", "GELU", "SiLU", "Softplus", "Softmax")
    },
}


def _normalized(rng):
    draw = (rows, images)[rng.integers(2)]
    return draw(lambda rng: layers.BatchNorm(float(rng.uniform(0.5, 0.95))))(rng)


LAYERS["BatchNorm"] = _normalized


def values(make):
    def draw(rng):
        shape = rng.integers(2, 7, 2)
        return make(rng), rng.normal(size=shape), rng.uniform(0, 1, shape)

    return draw


def labels(rng):
    n, classes = rng.integers(2, 7, 2)
    outputs = rng.normal(0, 2, (n, classes))
    targets = rng.integers(classes, size=n) if rng.integers(2) else rng.dirichlet(np.ones(classes), n)
    weights = None if rng.integers(2) else rng.uniform(0.5, 2, classes)
    return losses.SoftmaxCrossEntropy(float(rng.uniform(0, 0.3)), weights), outputs, targets


LOSSES = {
    "SoftmaxCrossEntropy": labels,
    "MeanSquaredError": values(lambda rng: elementwise_losses.MeanSquaredError()),
    "Huber": values(lambda rng: elementwise_losses.Huber(float(rng.uniform(0.5, 2)))),
    "BinaryCrossEntropy": values(lambda rng: elementwise_losses.BinaryCrossEntropy()),
}


def convolutional(rng):
    chain = [
        nn.layers.Conv2D(2, 3),
        nn.layers.ReLU(),
        nn.layers.MaxPool2D(2),
        nn.layers.Flatten(),
        nn.Dense(3),
    ]
    net = nn.Sequential([*chain, layers.BatchNorm()], (6, 5, 2), seed=int(rng.integers(99)))
    return net, nn.SoftmaxCrossEntropy(), rng.normal(size=(4, 6, 5, 2)), rng.integers(3, size=4)


def dense_network(rng):
    chain = [nn.Dense(6), nn.ReLU(), nn.Dropout(0.4), nn.Dense(5), layers.GELU(), nn.Dense(3)]
    net = nn.Sequential(chain, (4,), seed=int(rng.integers(99)))
    return net, nn.SoftmaxCrossEntropy(), rng.normal(size=(5, 4)), rng.integers(3, size=5)


def learners_dense(rng):
    inputs, outputs = rng.integers(1, 7, 2)
    return Dense(rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)), rng.normal(size=(3, inputs))


OTHERS = {
    "convolutional network": convolutional,
    "dense network": dense_network,
    "a learner's Dense": learners_dense,
    "a learner's Sigmoid": rows(lambda rng: Sigmoid()),
    "a learner's Tanh": rows(lambda rng: Tanh()),
    "a learner's Dropout": rows(lambda rng: Dropout(0.3, int(rng.integers(99)))),
    "a learner's cross-entropy": lambda rng: (
        SoftmaxCrossEntropy(),
        rng.normal(size=(4, 3)),
        rng.integers(3, size=4),
    ),
    "a learner's squared error": values(lambda rng: SquareLoss()),
    "a learner's binary cross-entropy": lambda rng: (
        BinaryCrossEntropy(),
        rng.uniform(0.1, 0.9, (3, 4)),
        rng.uniform(0.1, 0.9, (3, 4)),
    ),
    "an elementwise function": lambda rng: (np.sin, np.cos, rng.normal(size=(3, 4))),
    "a function of a vector": lambda rng: (lambda x: np.sum(x**3), lambda x: 3 * x**2, rng.normal(size=5)),
    "a product": lambda rng: (
        lambda a, b: np.sum(a @ b),
        lambda a, b: (np.tile(b.sum(1), (3, 1)), np.tile(a.sum(0)[:, None], (1, 2))),
        rng.normal(size=(3, 4)),
        rng.normal(size=(4, 2)),
    ),
}
CORRECT = {**LAYERS, **LOSSES, **OTHERS}


def test_every_layer_and_loss_has_a_draw():
    assert set(LAYERS) == set(layers.__all__) - {"Layer"}
    known = {
        name
        for module in (losses, elementwise_losses)
        for name, thing in vars(module).items()
        if inspect.isclass(thing) and issubclass(thing, losses.Loss) and not name.startswith("_")
    }
    assert set(LOSSES) == known - {"Loss"}


def assert_never_accused(name, seeds):
    for seed in seeds:
        report = check_gradients(*CORRECT[name](np.random.default_rng(seed)), seed=seed)
        assert report.ok, f"draw {seed}\n{report}"
        assert report.max_relative_error < 1e-7


@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_one_passes(name):
    assert_never_accused(name, range(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", CORRECT)
def test_a_correct_one_is_never_accused_in_a_thousand_draws(name):
    assert_never_accused(name, range(2, 2 + -(-1000 // len(CORRECT))))


@pytest.mark.parametrize("name", LAYERS)
def test_outside_training_too(name):
    report = check_gradients(*LAYERS[name](np.random.default_rng(3)), training=False)
    assert report.ok, str(report)
