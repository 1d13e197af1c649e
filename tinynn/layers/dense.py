"""The fully connected layer: every output is a weighted sum of every input."""

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.initializers import INITIALIZERS
from tinynn.layers.base import Layer


class Dense(Layer):
    r"""Compute y = x W + b.

    ====== ================== =========================
    x      (n, inputs)        one row an example
    W      (inputs, units)    one column a neuron
    b      (units,)           added to every row
    y      (n, units)
    ====== ================== =========================

    Backward, with dy = ∂L/∂y: the weight W[i, j] carries x[·, i] into y[·, j] in every row, so the rows add up
    (`docs/derivations/dense.md`, `dense-layer-backward`; a unit: `docs/derivations/neuron.md`, `one-neuron-gradients`),

        dW = xᵀ dy        db = Σ_rows dy        dx = dy Wᵀ.

    Parameters
    ----------
    units : int
        Number of outputs.
    initializer : {"he", "glorot", "lecun"}, optional
        Spread of the first weights: `docs/derivations/initialization.md`, `init-he`. Biases start at zero.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=(3,))
    >>> net.layers[0].W.shape, net.layers[0].b.shape
    ((3, 2), (2,))
    """

    W: Array
    b: Array
    dW: Array
    db: Array

    def __init__(self, units: int, initializer: str = "he") -> None:
        if not isinstance(units, int | np.integer) or units < 1:
            raise ValueError(f"Dense needs a whole number of units, at least 1, not {units!r}")
        if initializer not in INITIALIZERS:
            raise ValueError(f"initializer must be one of {', '.join(INITIALIZERS)}, not {initializer!r}")
        self.units = int(units)
        self.initializer = initializer

    def build(self, input_shape: Shape) -> Shape:
        """Take rows of one axis, ``(inputs,)``."""
        if len(input_shape) != 1:
            raise ValueError(
                f"Dense takes rows of one axis, (inputs,), but each row here has shape {input_shape}; "
                "flatten the rows first: x.reshape(len(x), -1)"
            )
        return (self.units,)

    def initial_parameters(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Random weights, zero biases."""
        (inputs,) = self.input_shape
        draw = INITIALIZERS[self.initializer]
        return {"W": draw(rng, (inputs, self.units), inputs, self.units), "b": np.zeros(self.units)}

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x W + b."""
        y = self.product(x)
        self.xp.add(y, self.b, out=y)
        return y

    def product(self, x: Array) -> Array:
        """Return x W, the buffer that becomes y."""
        self.x = x
        y = self.buffer("y", (len(x), self.units))
        return self.xp.matmul(x, self.W, out=y)

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dW = xᵀ dy, db = 1ᵀ dy (a product with ones beats a sum over rows), dx = dy Wᵀ."""
        x = self.x
        self.xp.matmul(x.T, dy, out=self.dW)
        self.xp.matmul(self.constant(1.0, (len(dy),)), dy, out=self.db)
        if not input_gradient:
            return None
        dx = self.buffer("dx", x.shape)
        self.xp.matmul(dy, self.W.T, out=dx)
        return dx
