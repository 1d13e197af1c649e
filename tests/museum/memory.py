"""Layers that are right once: what they remember, or forget to remember, spoils the next pass."""

import numpy as np

from tests.museum.activations import Sigmoid, Tanh
from tests.museum.exhibits import dense, elementwise, mistake, sizes
from tests.museum.weights import Dense


@mistake("accumulated-gradient", dense)
class AccumulatedGradient(Dense):
    """+= without ever setting to zero."""

    def __init__(self, W, b):
        super().__init__(W, b)
        self.dW, self.db = np.zeros_like(W), np.zeros_like(b)

    def backward(self, dy):
        self.dW += self.x.T @ dy
        self.db += dy.sum(axis=0)
        return dy @ self.W.T


@mistake("stale-cache", dense)
class StaleCache(Dense):
    """x is stored once, at the first batch."""

    x = None

    def forward(self, x):
        if self.x is None:
            self.x = x
        return x @ self.W + self.b


@mistake("stale-cache", elementwise)
class SharedCache(Tanh):
    """The cache belongs to the class, so the next layer's forward pass overwrites it."""

    cache: dict = {}  # noqa: RUF012

    def forward(self, x):
        self.cache["y"] = np.tanh(x)
        return self.cache["y"]

    def backward(self, dy):
        return dy * (1 - self.cache["y"] ** 2)


@mistake("overwritten-activation", elementwise)
class TanhInPlace(Tanh):
    """Writes y over x, which the layer below has stored for its own backward pass."""

    def forward(self, x):
        self.y = np.tanh(x, out=x)
        return self.y


@mistake("overwritten-activation", elementwise)
class ReLUInPlace:
    """The classic: x[x < 0] = 0."""

    def forward(self, x):
        x[x < 0] = 0
        self.y = x
        return x

    def backward(self, dy):
        return dy * (self.y > 0)


@mistake("overwritten-activation", elementwise)
class SigmoidUsingUpItsCache(Sigmoid):
    """Backward computes y (1 − y) in the place of y."""

    def backward(self, dy):
        self.y *= 1 - self.y
        return dy * self.y


@mistake("updated-before-propagated", dense)
class LearnsTooEarly(Dense):
    """The step is taken before the gradient goes through W: it meets weights that forward never saw."""

    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        self.W -= 0.1 * self.dW
        self.b -= 0.1 * self.db
        return dy @ self.W.T


def two_layers(rng, network):
    n, inputs, hidden, outputs = sizes(rng, 4)
    return network(rng, inputs, hidden, outputs), rng.normal(size=(n, inputs))


@mistake("right-above-wrong-below", two_layers)
class TwoLayers:
    """A network in one class. On the way from layer 2 to layer 1 the derivative of tanh is lost."""

    def __init__(self, rng, inputs, hidden, outputs):
        self.W1, self.b1 = rng.normal(size=(inputs, hidden)), rng.normal(size=hidden)
        self.W2, self.b2 = rng.normal(size=(hidden, outputs)), rng.normal(size=outputs)

    def forward(self, x):
        self.x = x
        self.h = np.tanh(x @ self.W1 + self.b1)
        return self.h @ self.W2 + self.b2

    def through(self, dh):
        return dh

    def backward(self, dy):
        self.dW2, self.db2 = self.h.T @ dy, dy.sum(axis=0)
        dz = self.through(dy @ self.W2.T)
        self.dW1, self.db1 = self.x.T @ dz, dz.sum(axis=0)
        return dz @ self.W1.T


@mistake("right-above-wrong-below", two_layers)
class TwoLayersMixed(TwoLayers):
    """The same network with the derivative at a wrong place."""

    def through(self, dh):
        return dh * (1 - self.h)
