"""The contract of a layer: shapes, named parameters, forward, backward, and the buffers it keeps."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.configured import Configured

Shape = tuple[int, ...]


class Buffered:
    """Something that computes into arrays it keeps, so that a training step allocates nothing.

    Attributes
    ----------
    xp : module
        The array library it computes with.
    dtype : numpy.dtype
        The precision it computes in.
    """

    xp: Any = np
    dtype: np.dtype[Any] = np.dtype(np.float32)

    def buffer(self, name: str, shape: Shape, dtype: Any = None) -> Array:
        """Return an array of this shape that is kept from call to call, with whatever it held before.

        Its memory grows when a larger batch comes, and a smaller one gets a part of it.
        """
        views = self.__dict__.setdefault("_views", {})
        view = views.get(name)
        if view is None or view.shape != shape:
            memory = self.__dict__.setdefault("_memory", {})
            size = math.prod(shape)
            if name not in memory or memory[name].size < size:
                memory[name] = self.xp.empty(size, dtype=dtype or self.dtype)
            view = views[name] = memory[name][:size].reshape(shape)
        return view

    def constant(self, value: float, shape: Shape) -> Array:
        """Return a kept array filled with one value, never to be written to."""
        constants = self.__dict__.setdefault("_constants", {})
        kept = constants.get((value, shape))
        if kept is None:
            kept = constants[value, shape] = self.xp.full(shape, value, dtype=self.dtype)
        return kept

    def drop_buffers(self) -> None:
        """Forget the kept arrays, as is needed when the array library or the precision changes."""
        for kept in ("_views", "_memory", "_constants"):
            self.__dict__.pop(kept, None)


class Layer(Buffered, Configured):
    """A differentiable function y = f(x; parameters) of a batch of rows.

    A subclass defines `forward` and `backward`, and where it needs them `build` and `initial_parameters`. Its
    constructor stores each argument under the argument's own name; that is what lets a layer be copied, printed and
    saved.

    The network hands each layer its parameters as attributes, views into one flat vector: what
    `initial_parameters` calls ``"W"`` becomes ``self.W`` and, for the gradient, ``self.dW``.

    Attributes
    ----------
    input_shape, output_shape : tuple of int
        Shapes of one row, without the batch axis. Known once the layer is part of a network.
    parameter_names : tuple of str
        Set by the network.
    chain : list of Layer
        Layers that this one holds, if it holds any.
    """

    input_shape: Shape
    output_shape: Shape
    parameter_names: tuple[str, ...] = ()
    chain: Sequence["Layer"] = ()

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
        """Compute y from x, keeping what `backward` will need.

        The result is a buffer of this layer, valid until its next `forward`.
        """
        raise NotImplementedError

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """Apply the chain rule: from dy = ∂L/∂y fill the parameters' gradients and return dx = ∂L/∂x.

        The result is a buffer of this layer, valid until its next `backward`; None if `input_gradient` is False.
        """
        raise NotImplementedError
