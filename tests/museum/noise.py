"""Dropout and max-pooling: the backward pass must meet the choices that the forward pass made."""

import numpy as np

from tests.museum.exhibits import mistake, sizes


def dropping(rng, layer):
    rate = float(rng.choice([rng.uniform(0.2, 0.45), rng.uniform(0.55, 0.75)]))
    return layer(rate, int(rng.integers(99))), rng.normal(size=(8, 3 + int(rng.integers(6))))


class Dropout:
    """The right one: dx = dy · m with the m of forward."""

    def __init__(self, rate, seed):
        self.rate, self.rng = rate, np.random.default_rng(seed)

    def draw(self, shape):
        return (self.rng.random(shape) >= self.rate) / (1 - self.rate)

    def forward(self, x):
        self.mask = self.draw(x.shape)
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


@mistake("dropout-scale-missing", dropping)
class DropoutWithoutScale(Dropout):
    """Backward drops the same numbers, and forgets 1 / (1 − p)."""

    def backward(self, dy):
        return dy * (self.mask > 0)


@mistake("redrawn-dropout-mask", dropping)
class DropoutRedrawn(Dropout):
    """A new mask for the way back."""

    def backward(self, dy):
        return dy * self.draw(dy.shape)


@mistake("redrawn-dropout-mask", dropping)
class DropoutRedrawnGlobally(Dropout):
    """The same with the generator that all of numpy shares."""

    def draw(self, shape):
        return (np.random.rand(*shape) >= self.rate) / (1 - self.rate)  # noqa: NPY002

    def backward(self, dy):
        return dy * self.draw(dy.shape)


@mistake("missing-dropout-mask", dropping)
class DropoutPassedBy(Dropout):
    """Dropped forward, let through backward."""

    def backward(self, dy):
        return dy


def pooling(rng, layer):
    n, height, width, channels = sizes(rng, 4)
    return layer(), rng.normal(size=(n, 2 * height, 2 * width, channels))[:3, :6, :8, :3]


@mistake("pool-ties-counted", pooling)
class MaxPoolEveryWinner:
    """The mask x == y has several ones where numbers tie, as in an image's background."""

    def forward(self, x):
        n, height, width, channels = x.shape
        self.windows = x.reshape(n, height // 2, 2, width // 2, 2, channels)
        self.y = self.windows.max(axis=(2, 4))
        return self.y

    def backward(self, dy):
        winners = self.windows == self.y[:, :, None, :, None]
        dx = winners * dy[:, :, None, :, None]
        n, height, _, width, _, channels = dx.shape
        return dx.reshape(n, 2 * height, 2 * width, channels)
