"""The residual block: a chain of layers whose output is added to its input."""

from collections.abc import Sequence
from typing import Any, Self

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.layers import chain
from tinynn.layers.base import Layer


class Residual(Layer):
    """y = x + f(x), where f is a chain of layers, so dx = dy + f′(x)ᵀ dy (He et al. 2016).

    The gradient reaches x on two ways, and what comes back on both adds up: whatever f does, dy itself gets through.
    x and y are (n, ...) of one shape. Derivation: `docs/derivations/chain-rule.md`, `chain-two-ways`.

    Parameters
    ----------
    layers : list of Layer
        f; its output must have the shape of its input.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Residual([nn.ReLU()])], input_shape=2)
    >>> net.forward([[-1.0, 3.0]]).tolist(), net.backward([[1.0, 1.0]]).tolist()  # slope 1 even where ReLU is off
    ([[-1.0, 6.0]], [[1.0, 2.0]])
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self.layers = list(layers)
        self.chain = self.layers

    def build(self, input_shape: Shape) -> Shape:
        """Connect the chain."""
        output_shape = chain.connect(self.layers, input_shape, self.xp, self.dtype)
        if output_shape != input_shape:
            raise ValueError(
                f"the chain turns rows of shape {input_shape} into {output_shape}, and a sum needs them equal"
            )
        return output_shape

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x + f(x)."""
        y = self.buffer("y", x.shape)
        self.xp.add(x, chain.forward(self.layers, x, training), out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy + f′(x)ᵀ dy."""
        through = chain.backward(self.layers, dy, input_gradient)
        if through is None:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.add(dy, through, out=dx)
        return dx

    def copy(self) -> Self:
        """Return a new block with copies of the layers."""
        return type(self)([layer.copy() for layer in self.layers])

    def config(self) -> dict[str, Any]:
        """Return the chain."""
        return {"layers": self.layers}
