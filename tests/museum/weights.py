"""Dense layers, y = x W + b, with a wrong gradient of the parameters."""

import numpy as np

from tests.museum.exhibits import dense, mistake, sizes


class Dense:
    """The right one: dW = xᵀ dy, db = Σ dy, dx = dy Wᵀ."""

    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.db = dy.sum(axis=0)
        return dy @ self.W.T


@mistake("partial-mean", dense)
class MeanOfWeightsOnly(Dense):
    """The loss has the 1/n already, and dW gets another; db does not."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = self.dW / len(dy)
        return dx


@mistake("partial-mean", dense)
class MeanOfParameters(Dense):
    """Both parameters divided by n; what is sent down is not."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dW, self.db = self.dW / len(dy), dy.mean(axis=0)
        return dx


@mistake("transposed-weight-gradient", dense)
class TransposedGradient(Dense):
    """dyᵀ x is the gradient of Wᵀ."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = dy.T @ self.x
        return dx


@mistake("transposed-weight-gradient", dense)
class ReshapedGradient(Dense):
    """The shapes did not fit, so they were made to."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = (dy.T @ self.x).reshape(self.W.shape)
        return dx


@mistake("unsummed-bias", dense)
class UnsummedBias(Dense):
    """b is added to every row, so every row has a say in db."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.db = dy
        return dx


@mistake("unsummed-bias", dense)
class BiasOfOneRow(Dense):
    """db from the first row: right for a batch of one."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.db = dy[0]
        return dx


@mistake("wrong-sign", dense)
class Uphill(Dense):
    """A minus that belongs to the optimiser."""

    def backward(self, dy):
        dx = super().backward(dy)
        self.dW = -self.dW
        return dx


@mistake("zero-gradient", dense)
class ForgottenGradient(Dense):
    """dW is computed, and never stored."""

    def backward(self, dy):
        dW = np.zeros_like(self.W)
        dx = super().backward(dy)
        self.dW = dW
        return dx


def images(rng, layer):
    n, height, width, channels, filters = sizes(rng, 5)
    return layer(rng.normal(size=(channels, filters)), rng.normal(size=filters)), rng.normal(
        size=(n, height, width, channels)
    )


@mistake("unsummed-bias", images)
class PointwiseConvolution(Dense):
    """A 1 × 1 convolution: its bias is added to every pixel of every image, and summed over the images only."""

    def backward(self, dy):
        self.dW = np.tensordot(self.x, dy, axes=([0, 1, 2], [0, 1, 2]))
        self.db = dy.sum(axis=0)
        return dy @ self.W.T
