"""Normalisations and softmax: what is divided by depends on x, in several ways that can be forgotten one by one."""

import numpy as np

from tests.museum.exhibits import elementwise, mistake


class Standardize:
    """The right one: x̂ = (x − mean) / s along `axis`, dx = (dy − mean(dy) − x̂ mean(dy x̂)) / s."""

    axis = 0

    def mean(self, values):
        return values.mean(axis=self.axis, keepdims=True)

    def forward(self, x):
        centred = x - self.mean(x)
        self.s = np.sqrt(self.mean(centred**2) + 1e-5)
        self.y = centred / self.s
        return self.y

    def backward(self, dy):
        return (dy - self.mean(dy) - self.y * self.mean(dy * self.y)) / self.s


@mistake("statistics-as-constants", elementwise)
class VarianceAsConstant(Standardize):
    """The way through the mean is there, the one through the variance is not."""

    def backward(self, dy):
        return (dy - self.mean(dy)) / self.s


@mistake("statistics-as-constants", elementwise)
class MeanAsConstant(Standardize):
    """The other way round, in the rows of a layer normalisation."""

    axis = 1

    def backward(self, dy):
        return (dy - self.y * self.mean(dy * self.y)) / self.s


@mistake("statistics-as-constants", elementwise)
class NormAsConstant:
    """Each row divided by its length, and the length taken for a number that is given."""

    def forward(self, x):
        self.length = np.linalg.norm(x, axis=1, keepdims=True)
        return x / self.length

    def backward(self, dy):
        return dy / self.length


@mistake("missing-activation-derivative", elementwise)
class NormalizationPassedBy(Standardize):
    """The gradient goes past it."""

    def backward(self, dy):
        return dy


class Softmax:
    """The right one: dx = y (dy − Σ dy y)."""

    def forward(self, x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = e / e.sum(axis=1, keepdims=True)
        return self.y

    def backward(self, dy):
        return self.y * (dy - (dy * self.y).sum(axis=1, keepdims=True))


@mistake("missing-activation-derivative", elementwise)
class SoftmaxPassedBy(Softmax):
    """Right only where the loss above has softmax in its own gradient."""

    def backward(self, dy):
        return dy


@mistake("diagonal-softmax", elementwise)
class SoftmaxTimesOutput(Softmax):
    """The sum over the row is forgotten."""

    def backward(self, dy):
        return self.y * dy
