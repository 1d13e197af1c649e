"""Activations: the non-linear functions between layers, each applied to every number on its own.

With y = f(x) element by element, the chain rule is a product element by element: dx = dy · f′(x).
"""

from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.layers.base import Layer


def sigmoid(xp: Any, x: Array, out: Array) -> Array:
    """Compute σ(x) = (1 + tanh(x/2)) / 2 into `out`: the same function in a form that never overflows."""
    xp.multiply(x, 0.5, out=out)
    xp.tanh(out, out=out)
    xp.add(out, 1.0, out=out)
    return xp.multiply(out, 0.5, out=out)


class ReLU(Layer):
    """y = max(x, 0), so dx = dy where x > 0 and 0 elsewhere (also at the kink, x = 0), for x (n, ...).

    Derivation: `docs/derivations/activations.md`, `activation-relu`.

    >>> relu = ReLU()
    >>> relu.forward(np.array([[-2.0, 0.0, 3.0]])).tolist(), relu.backward(np.ones((1, 3))).tolist()
    ([[0.0, 0.0, 3.0]], [[0.0, 0.0, 1.0]])
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max(x, 0). An array of zeros is compared faster than the number 0."""
        self.y = self.buffer("y", x.shape)
        self.xp.maximum(x, self.constant(0.0, x.shape), out=self.y)
        return self.y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · [y > 0]."""
        if not input_gradient:
            return None
        passed = self.buffer("passed", dy.shape, dtype=np.bool_)
        self.xp.greater(self.y, 0, out=passed)
        dx = self.buffer("dx", dy.shape)
        self.xp.copyto(dx, passed)  # converted first: 20 % faster than a product of floats with booleans
        self.xp.multiply(dx, dy, out=dx)
        return dx


class Sigmoid(Layer):
    """y = σ(x) = 1 / (1 + e⁻ˣ), so dx = dy · y (1 − y), for x (n, ...).

    Derivation: `docs/derivations/activations.md`, `activation-sigmoid`.

    >>> layer = Sigmoid()
    >>> layer.forward(np.zeros((1, 1))).tolist(), layer.backward(np.ones((1, 1))).tolist()  # nowhere steeper than 1/4
    ([[0.5]], [[0.25]])
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = σ(x)."""
        self.y = sigmoid(self.xp, x, out=self.buffer("y", x.shape))
        return self.y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · y (1 − y)."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.subtract(1.0, self.y, out=dx)
        self.xp.multiply(dx, self.y, out=dx)
        self.xp.multiply(dx, dy, out=dx)
        return dx


class Tanh(Layer):
    """y = tanh x, so dx = dy · (1 − y²), for x (n, ...).

    Derivation: `docs/derivations/activations.md`, `activation-tanh`.

    >>> layer = Tanh()
    >>> print(layer.forward(np.array([[0.0, 1.0]])).round(4), layer.backward(np.ones((1, 2))).round(4))
    [[0.     0.7616]] [[1.   0.42]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = tanh x."""
        self.y = self.buffer("y", x.shape)
        self.xp.tanh(x, out=self.y)
        return self.y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · (1 − y²)."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.multiply(self.y, self.y, out=dx)
        self.xp.subtract(1.0, dx, out=dx)
        self.xp.multiply(dx, dy, out=dx)
        return dx
