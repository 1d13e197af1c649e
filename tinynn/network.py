"""A chain of layers over one flat vector of parameters."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn import random_bits
from tinynn.backend import Array, get_backend
from tinynn.layers.base import Layer, Shape
from tinynn.layers.dropout import Dropout


class Sequential:
    """Layers applied one after the other: y = fₗ(… f₂(f₁(x))).

    All parameters are views into one vector θ and all gradients views into another of the same order, so an
    optimiser is a few lines on two vectors, and a gradient check changes one number of θ at a time.

    Parameters
    ----------
    layers : list of Layer
        Each belongs to one network only; ``layer.copy()`` makes a fresh one.
    input_shape : tuple of int
        Shape of one row, without the batch axis.
    seed : int, optional
        Decides the starting weights and the dropout masks, each by a stream of its own.
    device : {"cpu", "cuda", "auto"}, optional
    dtype : {"float32", "float64"}, optional
        float64 for checking gradients, float32 for everything else.

    Attributes
    ----------
    parameters, gradients : array (P,)
        The two flat vectors.
    input_shape, output_shape : tuple of int
    step : int
        How many training passes went forward. Dropout masks depend on it: set it back and the masks come again.

    Raises
    ------
    ValueError
        For shapes that do not fit, naming the layer.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(128), nn.ReLU(), nn.Dense(10)], input_shape=(784,))
    >>> net.parameters.shape
    (101770,)
    >>> net.forward(np.zeros((5, 784))).shape
    (5, 10)
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        input_shape: Shape,
        *,
        seed: int = 0,
        device: str = "cpu",
        dtype: str | np.dtype[Any] = "float32",
    ) -> None:
        self.layers = list(layers)
        self.input_shape = tuple(input_shape)
        self.seed = seed
        self.backend = get_backend(device)
        self.dtype = np.dtype(dtype)
        self.step = 0
        if self.dtype not in (np.float32, np.float64):
            raise ValueError(f'dtype must be "float32" or "float64", not {dtype!r}')
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        self.output_shape = self._connect()
        self._allocate()
        self._initialize()

    def _connect(self) -> Shape:
        """Tell every layer its place, and check that shapes fit from one to the next."""
        shape = self.input_shape
        for i, layer in enumerate(self.layers):
            if "input_shape" in layer.__dict__:
                raise ValueError(
                    f"layer {i}, {layer!r}, is part of a network already; give each its own: layer.copy()"
                )
            try:
                layer.output_shape = layer.build(shape)
            except ValueError as error:
                raise ValueError(f"layer {i}, {layer!r}: {error}") from None
            layer.input_shape, shape = shape, layer.output_shape
            layer.xp, layer.dtype = self.backend.xp, self.dtype
            if isinstance(layer, Dropout):
                layer.key = random_bits.key(self.seed, i)
        return shape

    def _allocate(self) -> None:
        """Make θ and its gradient, and give each layer its named views."""
        shapes = [
            (layer, name, shape) for layer in self.layers for name, shape in layer.parameter_shapes().items()
        ]
        size = sum(math.prod(shape) for _, _, shape in shapes)
        self.parameters = self.backend.xp.zeros(size, dtype=self.dtype)
        self.gradients = self.backend.xp.zeros(size, dtype=self.dtype)
        start = 0
        for layer, name, shape in shapes:
            stop = start + math.prod(shape)
            setattr(layer, name, self.parameters[start:stop].reshape(shape))
            setattr(layer, f"d{name}", self.gradients[start:stop].reshape(shape))
            start = stop

    def _initialize(self) -> None:
        """Draw the first weights on the host, so that they are the same on every device."""
        rng = np.random.default_rng(np.random.SeedSequence(self.seed).spawn(1)[0])
        for layer in self.layers:
            for name, values in layer.initial_parameters(rng).items():
                getattr(layer, name)[...] = self.backend.asarray(values, dtype=self.dtype)

    def forward(self, x: Any, training: bool = False) -> Array:
        """Compute the outputs of a batch, without a softmax: logits.

        Parameters
        ----------
        x : array (n, *input_shape)
            From host or device, converted to the network's dtype; uint8 pixels 0 to 255 become 0 to 1.
        training : bool, optional
            Whether dropout drops.

        Returns
        -------
        array (n, *output_shape)
            A copy; on the network's device.
        """
        return self.propagate(self.to_input(x), training).copy()

    def backward(self, dy: Any, input_gradient: bool = True) -> Array | None:
        """Fill `gradients` from dy = ∂L/∂y of the last forward pass.

        Parameters
        ----------
        dy : array (n, *output_shape)
        input_gradient : bool, optional
            Whether ∂L/∂x is wanted too; without it the first layers are spared the work.

        Returns
        -------
        array (n, *input_shape) or None
            ∂L/∂x, a copy; None when it is not wanted.
        """
        dx = self.backpropagate(self.backend.asarray(dy, dtype=self.dtype), input_gradient)
        return None if dx is None else dx.copy()

    def propagate(self, x: Array, training: bool = False) -> Array:
        """`forward` without conversion and without the copy: the result is the last layer's buffer."""
        if training:
            self.step += 1
        for layer in self.layers:
            if training and isinstance(layer, Dropout):
                layer.step = self.step
            x = layer.forward(x, training)
        return x

    def backpropagate(self, dy: Array, input_gradient: bool = False) -> Array | None:
        """`backward` without the copy: the result is the first layer's buffer.

        Below the lowest layer with parameters there is nothing to fill, so there it stops.
        """
        last = 0 if input_gradient else self._lowest_with_parameters()
        for i in range(len(self.layers) - 1, last - 1, -1):
            dx = self.layers[i].backward(dy, input_gradient or i > last)
            if dx is None:
                return None
            dy = dx
        return dy

    def _lowest_with_parameters(self) -> int:
        return next((i for i, layer in enumerate(self.layers) if layer.parameter_shapes()), len(self.layers))

    def to_input(self, x: Any) -> Array:
        """Bring rows to the network's device and dtype (uint8 pixels 0 to 255 become 0 to 1), checking their shape."""
        x = self.backend.asarray(x)
        if x.shape[1:] != self.input_shape or x.ndim != len(self.input_shape) + 1:
            raise ValueError(
                f"the network takes rows of shape {self.input_shape}, so an array of shape "
                f"{('n', *self.input_shape)}, and got one of shape {x.shape}".replace("'", "")
            )
        if x.dtype == self.dtype:
            return x
        converted = self.backend.xp.empty(x.shape, dtype=self.dtype)
        self.backend.to_floats(x, converted)
        return converted

    def __repr__(self) -> str:
        layers = ", ".join(map(repr, self.layers))
        return (
            f"Sequential([{layers}], input_shape={self.input_shape}) with {len(self.parameters):,} parameters"
        )
