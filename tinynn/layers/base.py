"""The contract of a layer: shapes, named parameters, forward, backward, and the buffers it keeps."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered, Shape
from tinynn.configured import Configured


class Layer(Buffered, Configured):
    """A differentiable function y = f(x; parameters) of a batch of rows.

    A subclass defines `forward` and `backward`, and where it needs them `build` and `initial_parameters`. Its
    constructor stores each argument under the argument's own name; that is what lets a layer be copied, printed and
    saved. Derivation: `docs/derivations/chain-rule.md`, `chain-vector-jacobian`.

    The network hands each layer its parameters as attributes, views into one flat vector: what
    `initial_parameters` calls ``"W"`` becomes ``self.W`` and, for the gradient, ``self.dW``. Assigning to them writes
    into the vector.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
        Shapes of one row, without the batch axis. Known once the layer is part of a network.
    parameter_names : tuple of str
        Set by the network; so is `bound`, the attributes that are views into its vectors.
    chain : list of Layer
        Layers that this one holds, if it holds any.

    Examples
    --------
    >>> class Square(Layer):
    ...     def forward(self, x, training=False):
    ...         self.x = x
    ...         return x * x
    ...     def backward(self, dy, input_gradient=True):
    ...         return 2 * self.x * dy
    >>> import tinynn as nn
    >>> nn.check_gradients(Square(), np.array([[1.0, -2.0], [3.0, 0.5], [-1.0, 4.0]])).ok
    True
    """

    input_shape: Shape
    output_shape: Shape
    parameter_names: tuple[str, ...] = ()
    bound: frozenset[str] = frozenset()
    chain: Sequence["Layer"] = ()

    def __setattr__(self, name: str, value: Any) -> None:
        """Write an assigned parameter into the network's vector: ``layer.W = values`` never takes it out."""
        if name in self.bound:
            getattr(self, name)[...] = value
        else:
            object.__setattr__(self, name, value)

    def build(self, input_shape: Shape) -> Shape:
        """Check the shape of one input row and return the shape of one output row."""
        return input_shape

    def initial_parameters(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        """Draw the parameters' starting values on the host; called after `build`, which fixes their shapes."""
        return {}

    def initial_state(self) -> dict[str, np.ndarray]:
        """Return what a layer remembers besides parameters, such as running means, as it starts."""
        return {}

    def forward(self, x: Array, training: bool = False) -> Array:
        """Compute y (n, *output_shape) from x (n, *input_shape), keeping what `backward` will need.

        The result is a buffer of this layer, valid until its next `forward`.
        """
        raise NotImplementedError

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """Apply the chain rule: from dy = ∂L/∂y, of y's shape, fill the parameters' gradients and return dx = ∂L/∂x.

        The result is a buffer of this layer, valid until its next `backward`; None if `input_gradient` is False.
        """
        raise NotImplementedError
