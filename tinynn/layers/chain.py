"""A chain of layers, one after the other: what a network and a residual block have in common."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinynn.backend import Array, backend_of
from tinynn.buffers import Shape
from tinynn.layers.base import Layer


def walk(layers: Sequence[Layer]) -> Iterator[Layer]:
    """Go through all layers in order, each before the chain that it holds."""
    for layer in layers:
        yield layer
        yield from walk(layer.chain)


def connect(layers: Sequence[Layer], shape: Shape, xp: Any, dtype: np.dtype[Any]) -> Shape:
    """Tell each layer its place, from the shape of one input row to the shape of one output row.

    Raises
    ------
    ValueError
        When shapes do not fit, or a layer has a place already; it names the layer.
    """
    for i, layer in enumerate(layers):
        if not isinstance(layer, Layer):
            hint = f"; write {layer.__name__}()" if isinstance(layer, type) else ""
            raise TypeError(f"layer {i} must be a Layer, not {layer!r}{hint}")
        if "input_shape" in layer.__dict__:
            raise ValueError(
                f"layer {i}, {layer!r}, is part of a network already; give each its own: layer.copy()"
            )
        layer.xp, layer.dtype = xp, dtype
        try:
            output_shape = layer.build(shape)
        except ValueError as error:
            for placed in walk(layers):
                placed.__dict__.pop("input_shape", None)
            raise ValueError(f"layer {i}, {layer!r}: {error}") from None
        layer.input_shape, layer.output_shape = shape, output_shape
        shape = output_shape
    return shape


def forward(layers: Sequence[Layer], x: Array, training: bool = False) -> Array:
    """Apply the layers in order; the result is the last one's buffer. On a device, some go together in one launch."""
    kernels = backend_of(x).kernels
    if kernels is not None:
        return kernels.forward(layers, x, training)
    for layer in layers:
        x = layer.forward(x, training)
    return x


def backward(layers: Sequence[Layer], dy: Array, input_gradient: bool = True) -> Array | None:
    """Apply the chain rule from the last layer to the first; the result is the first one's buffer.

    Without `input_gradient` it stops at the lowest layer with parameters: below, there is nothing to fill.
    """
    lowest = next((i for i, layer in enumerate(layers) if has_parameters(layer)), len(layers))
    last = 0 if input_gradient else lowest
    dx: Array | None = dy
    kernels = backend_of(dy).kernels
    for i in range(len(layers) - 1, last - 1, -1):
        wanted = input_gradient or i > last
        dx = layers[i].backward(dx, wanted) if kernels is None else kernels.backward(layers[i], dx, wanted)
    return dx if input_gradient else None


def has_parameters(layer: Layer) -> bool:
    """Whether there is something to learn in a layer, or in a chain that it holds."""
    return any(inner.parameter_names for inner in walk([layer]))
