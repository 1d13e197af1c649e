"""Small networks to follow with a pencil: what ``tinynn explain`` explains."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from tinynn.elementwise_losses import MeanSquaredError
from tinynn.layers import Dense, ReLU, Sigmoid
from tinynn.losses import Loss, SoftmaxCrossEntropy
from tinynn.network import Sequential


class Example(NamedTuple):
    """A network with a loss, a batch, and a sentence about them."""

    about: str
    net: Sequential
    loss: Loss
    x: np.ndarray
    y: np.ndarray


def mazur() -> Example:
    """Mazur's "A step by step backpropagation example": two inputs, two hidden neurons, two outputs, all sigmoid.

    His weights have one row a neuron, ours one column. His error, ½ Σ (t − o)², is the mean over the two outputs.
    """
    hidden, output = Dense(2), Dense(2)
    net = Sequential([hidden, Sigmoid(), output, Sigmoid()], (2,), dtype="float64")
    hidden.W[...], hidden.b[...] = [[0.15, 0.25], [0.20, 0.30]], 0.35
    output.W[...], output.b[...] = [[0.40, 0.50], [0.45, 0.55]], 0.60
    return Example(
        'Mazur, "A step by step backpropagation example". His weights have one row a neuron, here it is one column; '
        "his error, half the sum of two squares, is the mean of the two.",
        net,
        MeanSquaredError(),
        np.array([[0.05, 0.10]]),
        np.array([[0.01, 0.99]]),
    )


def softmax() -> Example:
    """Three classes, two features, a hidden layer with a ReLU that passes one number on and stops another."""
    hidden, output = Dense(2), Dense(3)
    net = Sequential([hidden, ReLU(), output], (2,), dtype="float64")
    hidden.W[...], hidden.b[...] = [[0.5, -0.4], [0.3, 0.2]], [0.1, 0.0]
    output.W[...], output.b[...] = [[0.6, -0.2, 0.1], [-0.3, 0.4, 0.5]], [0.0, 0.1, -0.1]
    return Example(
        "Two features, two hidden neurons, three classes. The right class is 2; the ReLU stops one neuron.",
        net,
        SoftmaxCrossEntropy(),
        np.array([[1.0, 0.5]]),
        np.array([2]),
    )


EXAMPLES: dict[str, Callable[[], Example]] = {"mazur": mazur, "softmax": softmax}
