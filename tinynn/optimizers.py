"""Optimisers: how a gradient g changes the parameters θ. A few lines each, in place, on two flat vectors."""

import math

from tinynn.backend import Array, array_module
from tinynn.checks import positive, share
from tinynn.configured import Configured


class Optimizer(Configured):
    """Something that takes steps down the gradient.

    A subclass stores each constructor argument under its own name and defines `step`. Its vectors of moments are
    made at the first step, beside the parameters; a copy starts without any.
    """

    learning_rate: float

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change `parameters` in place, once."""
        raise NotImplementedError

    def vector(self, name: str, parameters: Array) -> Array:
        """Return a kept vector as long as θ, zeros at first."""
        kept = self.__dict__.setdefault("_vectors", {})
        if name not in kept:
            kept[name] = array_module(parameters).zeros_like(parameters)
        elif kept[name].shape != parameters.shape:
            raise ValueError(
                f"this {type(self).__name__} has taken steps on {kept[name].size} parameters and cannot go on "
                f"with {parameters.size}; use a new one, or its copy()"
            )
        return kept[name]


class SGD(Optimizer):
    """Stochastic gradient descent: v ← μ v + g, θ ← θ − η v; with μ = 0, θ ← θ − η g.

    Parameters
    ----------
    learning_rate : float, optional
        η.
    momentum : float, optional
        μ: how much of the last velocity v is kept.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 2.0])
    >>> SGD(0.5).step(theta, np.array([1.0, -1.0]))
    >>> theta.tolist()
    [0.5, 2.5]
    """

    def __init__(self, learning_rate: float = 0.1, momentum: float = 0.0) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.momentum = share("momentum", momentum)

    def step(self, parameters: Array, gradients: Array) -> None:
        """Take one step."""
        xp = array_module(parameters)
        update = self.vector("update", parameters)
        if self.momentum:
            velocity = self.vector("velocity", parameters)
            velocity *= self.momentum
            velocity += gradients
            gradients = velocity
        xp.multiply(gradients, self.learning_rate, out=update)
        parameters -= update


class Adam(Optimizer):
    r"""Steps of about equal size in every parameter (Kingma & Ba 2015, Algorithm 1).

        m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
        θ ← θ − η m̂ / (√v̂ + ε)        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

    Kept here are the sums M = m / (1 − β₁) and V = v / (1 − β₂), which saves two passes over the vectors: the
    constants move into the step size and ε, and the steps are the same.

    Parameters
    ----------
    learning_rate : float, optional
        η.
    beta1, beta2 : float, optional
        How much of the last moments is kept.
    epsilon : float, optional
        ε, keeps the quotient finite.
    """

    def __init__(
        self, learning_rate: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8
    ) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.beta1 = share("beta1", beta1)
        self.beta2 = share("beta2", beta2)
        self.epsilon = positive("epsilon", epsilon)
        self.t = 0

    def step(self, parameters: Array, gradients: Array) -> None:
        """Take one step."""
        xp = array_module(parameters)
        M, V = self.vector("M", parameters), self.vector("V", parameters)
        update = self.vector("update", parameters)
        self.t += 1
        M *= self.beta1
        M += gradients
        xp.multiply(gradients, gradients, out=update)
        V *= self.beta2
        V += update
        # √v̂ = scale · √V, and with it both constants leave the vectors.
        scale = math.sqrt((1 - self.beta2) / (1 - self.beta2**self.t))
        step_size = self.learning_rate * (1 - self.beta1) / (1 - self.beta1**self.t) / scale
        xp.sqrt(V, out=update)
        update += self.epsilon / scale
        xp.divide(M, update, out=update)
        update *= step_size
        parameters -= update
