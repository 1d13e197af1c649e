"""Whole networks and functions: a wrong layer among right ones, and penalties on the weights."""

import numpy as np

import tinynn as nn
from tests.museum.exhibits import mistake, sizes
from tests.museum.losses import CrossEntropyWithoutMean


def chain(rng, layer):
    n, inputs, hidden, classes = sizes(rng, 4)
    net = nn.Sequential(
        [nn.Dense(hidden), layer(), nn.Dense(classes)], input_shape=(inputs,), seed=int(rng.integers(99))
    )
    return net, nn.SoftmaxCrossEntropy(), rng.normal(size=(n, inputs)), rng.integers(classes, size=n)


@mistake("derivative-at-input", chain)
class TanhOfInput(nn.Tanh):
    """A layer of a network, with 1 − x²."""

    def forward(self, x, training=False):
        self.x = x.copy()
        return super().forward(x, training)

    def backward(self, dy, input_gradient=True):
        return dy * (1 - self.x**2)


@mistake("wrong-sign", chain)
class TanhUphill(nn.Tanh):
    """A sign lost between two right layers."""

    def backward(self, dy, input_gradient=True):
        return -super().backward(dy)


def with_loss(rng, loss):
    n, inputs, hidden, classes = sizes(rng, 4)
    net = nn.Sequential([nn.Dense(hidden), nn.Tanh(), nn.Dense(classes)], input_shape=(inputs,))
    return net, loss(), rng.normal(size=(n, inputs)), rng.integers(classes, size=n)


mistake("missing-mean", with_loss)(CrossEntropyWithoutMean)


def ridge(rng, gradient):
    n, inputs, outputs = sizes(rng, 3)
    x, t = rng.normal(size=(n, inputs)), rng.normal(size=(n, outputs))
    penalty = float(rng.uniform(0.05, 0.9))

    def ridge_regression(W, b):
        return np.mean((x @ W + b - t) ** 2) + penalty / 2 * (np.sum(W**2) + np.sum(b**2))

    def wrong(W, b):
        dy = 2 * (x @ W + b - t) / t.size
        dW, db = x.T @ dy + penalty * W, dy.sum(axis=0) + penalty * b
        return gradient(dW, db, W, b, penalty)

    return ridge_regression, wrong, rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)


@mistake("missing-regularisation", ridge)
def without_penalty(dW, db, W, b, penalty):
    """λ/2 ‖W‖² is in the loss; its gradient λ W is not."""
    return dW - penalty * W, db - penalty * b


@mistake("missing-regularisation", ridge)
def without_penalty_on_biases(dW, db, W, b, penalty):
    """Biases are often left out of the penalty: then in forward and backward both."""
    return dW, db - penalty * b


@mistake("doubled-regularisation", ridge)
def with_penalty_twice(dW, db, W, b, penalty):
    """Once in the gradient of the loss, and once more as weight decay."""
    return dW + penalty * W, db + penalty * b


def mean_over(rng, gradient):
    n, inputs, outputs = sizes(rng, 3)
    x, t = rng.normal(size=(n, inputs)), rng.normal(size=(n, outputs))

    def regression(W, b):
        return np.sum((x @ W + b - t) ** 2) / n

    def wrong(W, b):
        dy = 2 * (x @ W + b - t) / n
        return gradient(x.T @ dy, dy.sum(axis=0), n)

    return regression, wrong, rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)


@mistake("missing-mean", mean_over)
def sum_over_rows(dW, db, n):
    """No 1/n at all."""
    return n * dW, n * db


@mistake("partial-mean", mean_over)
def mean_for_weights_only(dW, db, n):
    """1/n for the weights, forgotten for the biases."""
    return dW, n * db
