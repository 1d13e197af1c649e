"""Activations with a wrong derivative."""

import numpy as np

from tests.museum.exhibits import dense, elementwise, mistake, sizes


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class Sigmoid:
    """The right one: y = σ(x), dx = dy · y (1 − y)."""

    def forward(self, x):
        self.x, self.y = x, sigmoid(x)
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


@mistake("missing-activation-derivative", elementwise)
class SigmoidPassedBy(Sigmoid):
    """The gradient goes past the activation."""

    def backward(self, dy):
        return dy


@mistake("derivative-at-input", elementwise)
class SigmoidOfInput(Sigmoid):
    """y (1 − y) is a formula in the output; this is x (1 − x)."""

    def backward(self, dy):
        return dy * self.x * (1 - self.x)


@mistake("derivative-at-output", elementwise)
class SigmoidTwice(Sigmoid):
    """σ(y) where σ(x) is meant: the sigmoid was applied already."""

    def backward(self, dy):
        s = sigmoid(self.y)
        return dy * s * (1 - s)


class Tanh:
    """The right one: y = tanh x, dx = dy · (1 − y²)."""

    def forward(self, x):
        self.x, self.y = x, np.tanh(x)
        return self.y

    def backward(self, dy):
        return dy * (1 - self.y**2)


@mistake("derivative-at-input", elementwise)
class TanhOfInput(Tanh):
    """1 − x², with the input."""

    def backward(self, dy):
        return dy * (1 - self.x**2)


@mistake("derivative-at-output", elementwise)
class TanhTwice(Tanh):
    """1 − tanh² y, with the output."""

    def backward(self, dy):
        return dy * (1 - np.tanh(self.y) ** 2)


@mistake("wrong-activation-derivative", elementwise)
class TanhWithDerivativeOfSigmoid(Tanh):
    """Copied from the layer above."""

    def backward(self, dy):
        return dy * sigmoid(self.x) * (1 - sigmoid(self.x))


@mistake("wrong-activation-derivative", elementwise)
class TanhWithoutSquare(Tanh):
    """1 − y instead of 1 − y²."""

    def backward(self, dy):
        return dy * (1 - self.y)


@mistake("wrong-activation-derivative", elementwise)
class LeakyReLUWithoutLeak:
    """What leaks forward must leak backward."""

    def forward(self, x):
        self.x = x
        return np.where(x > 0, x, 0.1 * x)

    def backward(self, dy):
        return dy * (self.x > 0)


@mistake("missing-upstream-gradient", elementwise)
class TanhWithoutChainRule(Tanh):
    """The derivative alone: what came from above is lost."""

    def backward(self, dy):
        return 1 - self.y**2


@mistake("missing-activation-derivative", dense)
class DenseTanh:
    """y = tanh(x W + b) in one layer, differentiated as if it were x W + b."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return np.tanh(x @ self.W + self.b)

    def backward(self, dy):
        self.dW, self.db = self.x.T @ dy, dy.sum(axis=0)
        return dy @ self.W.T


@mistake("diagonal-softmax", elementwise)
class DiagonalSoftmax:
    """Softmax differentiated like a sigmoid: but every output depends on every input of its row."""

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y

    def backward(self, dy):
        return dy * self.y * (1 - self.y)


@mistake("statistics-as-constants", elementwise)
class Standardize:
    """Mean and deviation of a feature depend on every row, too."""

    def forward(self, x):
        self.deviation = np.sqrt(x.var(axis=0) + 1e-5)
        return (x - x.mean(axis=0)) / self.deviation

    def backward(self, dy):
        return dy / self.deviation


def function_pair(rng, wrong):
    return np.tanh, wrong, rng.normal(size=sizes(rng, 2))


@mistake("derivative-at-input", function_pair)
def tanh_prime(y):
    """The derivative for those who pass y, checked as a function of x."""
    return 1 - y**2


class Half:
    """A branch of a residual block: f(x) = tanh(x) / 2."""

    def forward(self, x):
        self.y = np.tanh(x)
        return self.y / 2

    def backward(self, dy):
        return dy * (1 - self.y**2) / 2


@mistake("missing-skip", elementwise)
class ResidualWithoutSkip:
    """y = x + f(x) forward, f alone backward."""

    def __init__(self):
        self.f = Half()
        self.mixing = np.cos(np.arange(100.0)).reshape(10, 10)

    def forward(self, x):
        k = x.shape[1]
        return x + self.f.forward(x @ self.mixing[:k, :k])

    def backward(self, dy):
        k = dy.shape[1]
        return self.f.backward(dy) @ self.mixing[:k, :k].T
