"""Normalisation: numbers are brought to mean 0 and variance 1, then scaled and shifted by what is learned.

With m numbers normalised together, x̂ = (x − mean) / σ depends on each x three times: directly, through the mean and
through σ = √(variance + ε). With g = ∂L/∂x̂, the three ways add up to

    dx = (g − mean(g) − x̂ mean(g x̂)) / σ.
"""

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.checks import positive, share
from tinynn.layers.base import Layer


class _Normalization(Layer):
    """y = γ x̂ + β with γ and β learned for each feature: what both ways to normalise end with, and begin back with."""

    gamma: Array
    beta: Array
    dgamma: Array
    dbeta: Array
    epsilon: float
    normalized: Array
    deviation: Array

    def initial_parameters(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """γ = 1, β = 0."""
        features = self.input_shape[-1]
        return {"gamma": np.ones(features), "beta": np.zeros(features)}

    def _finish(self, variance: Array, y: Array) -> None:
        """From x − mean in `normalized` and the variance: σ = √(variance + ε), x̂ = (x − mean) / σ, y = γ x̂ + β."""
        self.deviation = self.buffer("deviation", variance.shape)
        self.xp.add(variance, self.epsilon, out=self.deviation)
        self.xp.sqrt(self.deviation, out=self.deviation)
        self.xp.divide(self.normalized, self.deviation, out=self.normalized)
        self.xp.multiply(self.normalized, self.gamma, out=y)
        self.xp.add(y, self.beta, out=y)

    def _fill_gradients(self, dy: Array) -> Array:
        """dβ = Σ dy, dγ = Σ dy x̂; return dy x̂, which may be written over."""
        ones = self.constant(1.0, (len(dy),))
        product = self.buffer("product", dy.shape)
        self.xp.multiply(dy, self.normalized, out=product)
        self.xp.matmul(ones, dy, out=self.dbeta)
        self.xp.matmul(ones, product, out=self.dgamma)
        return product


class BatchNorm(_Normalization):
    """y = γ x̂ + β, each feature normalised over the batch (Ioffe & Szegedy 2015, Algorithms 1 and 2).

    Features are the last axis; for images (n, height, width, channels) a channel is normalised over the batch and
    all its pixels. In training, mean and variance are the batch's. Otherwise they are running means of what training
    saw, so that a row's output does not depend on the others. x and y are (n, ..., features).

    Derivation: `docs/derivations/normalization.md`, `norm-backward` and `norm-batch`.

    Parameters
    ----------
    momentum : float, optional
        How much of the running means is kept at each training step.
    epsilon : float, optional
        ε.

    Notes
    -----
    The running variance averages the unbiased estimate, m / (m − 1) times the batch's variance, as in the paper.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.BatchNorm()], input_shape=2)
    >>> net.forward([[1.0, 10.0], [3.0, 30.0]], training=True).round(3).tolist()  # every column: mean 0, variance 1
    [[-1.0, -1.0], [1.0, 1.0]]
    """

    running_mean: Array
    running_variance: Array

    def __init__(self, momentum: float = 0.9, epsilon: float = 1e-5) -> None:
        self.momentum = share("momentum", momentum)
        self.epsilon = positive("epsilon", epsilon)

    def initial_state(self) -> dict[str, np.ndarray]:
        """Mean 0, variance 1."""
        features = self.input_shape[-1]
        return {"running_mean": np.zeros(features), "running_variance": np.ones(features)}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = γ (x − mean) / √(variance + ε) + β."""
        rows = x.reshape(-1, x.shape[-1])
        features = rows.shape[1:]
        mean, variance = self.buffer("mean", features), self.buffer("variance", features)
        self.normalized = self.buffer("normalized", rows.shape)
        y = self.buffer("y", rows.shape)
        self.batch = training
        if training:
            self._mean(rows, out=mean)
            self.xp.subtract(rows, mean, out=self.normalized)
            self.xp.multiply(self.normalized, self.normalized, out=y)
            self._mean(y, out=variance)
            self._remember(mean, variance, len(rows))
        else:
            self.xp.copyto(mean, self.running_mean)
            self.xp.copyto(variance, self.running_variance)
            self.xp.subtract(rows, mean, out=self.normalized)
        self._finish(variance, y)
        return y.reshape(x.shape)

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dβ = Σ dy, dγ = Σ dy x̂, dx as above; with running means, which do not depend on x, dx = γ dy / σ."""
        rows = dy.reshape(-1, dy.shape[-1])
        product = self._fill_gradients(rows)
        if not input_gradient:
            return None
        dx = self.buffer("dx", rows.shape)
        scale = self.buffer("scale", self.deviation.shape)
        self.xp.divide(self.gamma, self.deviation, out=scale)
        if self.batch:
            mean = self.buffer("mean", self.deviation.shape)
            self.xp.multiply(self.dgamma, 1 / len(rows), out=mean)
            self.xp.multiply(self.normalized, mean, out=product)
            self.xp.subtract(rows, product, out=dx)
            self.xp.multiply(self.dbeta, 1 / len(rows), out=mean)
            self.xp.subtract(dx, mean, out=dx)
            self.xp.multiply(dx, scale, out=dx)
        else:
            self.xp.multiply(rows, scale, out=dx)
        return dx.reshape(dy.shape)

    def _mean(self, rows: Array, out: Array) -> None:
        self.xp.matmul(self.constant(1.0, (len(rows),)), rows, out=out)
        self.xp.multiply(out, 1 / len(rows), out=out)

    def _remember(self, mean: Array, variance: Array, m: int) -> None:
        new = self.buffer("new", mean.shape)
        for running, value, correction in (
            (self.running_mean, mean, 1.0),
            (self.running_variance, variance, m / max(m - 1, 1)),
        ):
            running *= self.momentum
            self.xp.multiply(value, (1 - self.momentum) * correction, out=new)
            running += new


class LayerNorm(_Normalization):
    """y = γ x̂ + β, each row normalised over its last axis (Ba, Kiros & Hinton 2016, eq. 4).

    A row's output depends on that row alone, in training as otherwise. x and y are (n, ..., features).

    Derivation: `docs/derivations/normalization.md`, `norm-backward` and `norm-parameters`.

    Parameters
    ----------
    epsilon : float, optional
        ε.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.LayerNorm()], input_shape=2)
    >>> net.forward([[1.0, 3.0], [30.0, 10.0]]).round(3).tolist()  # every row: mean 0, variance 1
    [[-1.0, 1.0], [1.0, -1.0]]
    """

    def __init__(self, epsilon: float = 1e-5) -> None:
        self.epsilon = positive("epsilon", epsilon)

    def build(self, input_shape: Shape) -> Shape:
        """Take rows with at least two numbers along the last axis."""
        if not input_shape or input_shape[-1] < 2:
            raise ValueError(
                f"LayerNorm needs two numbers or more to normalise, and rows have shape {input_shape}"
            )
        return input_shape

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = γ (x − mean) / √(variance + ε) + β."""
        rows = x.reshape(-1, x.shape[-1])
        self.normalized, y = self.buffer("normalized", rows.shape), self.buffer("y", rows.shape)
        mean, variance = self.buffer("mean", (len(rows), 1)), self.buffer("variance", (len(rows), 1))
        self.xp.mean(rows, axis=1, keepdims=True, out=mean)
        self.xp.subtract(rows, mean, out=self.normalized)
        self.xp.multiply(self.normalized, self.normalized, out=y)
        self.xp.mean(y, axis=1, keepdims=True, out=variance)
        self._finish(variance, y)
        return y.reshape(x.shape)

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dβ = Σ dy, dγ = Σ dy x̂, and dx as above with g = γ dy."""
        rows = dy.reshape(-1, dy.shape[-1])
        product = self._fill_gradients(rows)
        if not input_gradient:
            return None
        dx, mean = self.buffer("dx", rows.shape), self.buffer("mean", (len(rows), 1))
        self.xp.multiply(rows, self.gamma, out=dx)
        self.xp.multiply(dx, self.normalized, out=product)
        self.xp.mean(product, axis=1, keepdims=True, out=mean)
        self.xp.multiply(self.normalized, mean, out=product)
        self.xp.mean(dx, axis=1, keepdims=True, out=mean)
        self.xp.subtract(dx, mean, out=dx)
        self.xp.subtract(dx, product, out=dx)
        self.xp.divide(dx, self.deviation, out=dx)
        return dx.reshape(dy.shape)
