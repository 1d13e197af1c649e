"""Losses with a wrong gradient."""

import numpy as np

from tests.museum.exhibits import classification, mistake, probabilities, regression


class SoftmaxCrossEntropy:
    """The right one: L = −(1/n) Σ ln p[i, tᵢ], ∂L/∂z = (p − onehot(t)) / n."""

    def forward(self, logits, labels):
        z = logits - logits.max(axis=1, keepdims=True)
        self.p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
        self.onehot = np.eye(logits.shape[1])[labels]
        return -np.mean(np.log(self.p[np.arange(len(labels)), labels]))

    def backward(self):
        return (self.p - self.onehot) / len(self.p)


@mistake("missing-mean", classification)
class CrossEntropyWithoutMean(SoftmaxCrossEntropy):
    """Forward takes the mean over the batch, backward forgets it."""

    def backward(self):
        return self.p - self.onehot


@mistake("extra-mean", classification)
class CrossEntropyWithTwoMeans(SoftmaxCrossEntropy):
    """Divided by n twice."""

    def backward(self):
        return super().backward() / len(self.p)


@mistake("wrong-sign", classification)
class CrossEntropyUphill(SoftmaxCrossEntropy):
    """Right answer minus prediction: descent becomes ascent."""

    def backward(self):
        return (self.onehot - self.p) / len(self.p)


class SquareLoss:
    """The right one: L = mean (y − t)², ∂L/∂y = 2 (y − t) / size."""

    def forward(self, y, t):
        self.y, self.t = y, t
        return np.mean((y - t) ** 2)

    def backward(self):
        return 2 * (self.y - self.t) / self.y.size


@mistake("missing-factor-two", regression)
class SquareWithoutTwo(SquareLoss):
    """The derivative of u² is 2 u."""

    def backward(self):
        return (self.y - self.t) / self.y.size


@mistake("extra-factor-two", regression)
class HalfSquareWithTwo(SquareLoss):
    """The half in forward is there to cancel the 2."""

    def forward(self, y, t):
        return super().forward(y, t) / 2


@mistake("missing-mean", regression)
class MeanOverRowsOnly(SquareLoss):
    """Forward divides by all numbers, backward by the rows only."""

    def backward(self):
        return 2 * (self.y - self.t) / len(self.y)


@mistake("wrong-sign", regression, "swapped-prediction-and-target")
class SquareSwapped(SquareLoss):
    """Target minus prediction. For a square that is the same function as the wrong sign."""

    def backward(self):
        return 2 * (self.t - self.y) / self.y.size


class BinaryCrossEntropy:
    """The right one, of probabilities y: L = −mean (t ln y + (1 − t) ln(1 − y))."""

    def forward(self, y, t):
        self.y, self.t = y, t
        return -np.mean(t * np.log(y) + (1 - t) * np.log(1 - y))

    def backward(self):
        return (self.y - self.t) / (self.y * (1 - self.y)) / self.y.size


@mistake("swapped-prediction-and-target", probabilities)
class BinaryCrossEntropySwapped(BinaryCrossEntropy):
    """Backward takes the target for the prediction."""

    def backward(self):
        return (self.t - self.y) / (self.t * (1 - self.t)) / self.y.size


@mistake("swapped-prediction-and-target", probabilities)
class DerivativeByTarget(BinaryCrossEntropy):
    """The derivative of the loss by its target: right, and of no use."""

    def backward(self):
        return -(np.log(self.y) - np.log(1 - self.y)) / self.y.size
