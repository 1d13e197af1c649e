"""Layers that only rearrange: the numbers stay, the shape of a row changes."""

import math
from collections.abc import Sequence

from tinynn.backend import Array
from tinynn.buffers import Shape
from tinynn.layers.base import Layer


class Flatten(Layer):
    """Turn each row into one axis: (n, height, width, channels) becomes (n, height · width · channels).

    Examples
    --------
    >>> import tinynn as nn
    >>> nn.Sequential([nn.Flatten()], input_shape=(28, 28, 3)).output_shape
    (2352,)
    """

    def build(self, input_shape: Shape) -> Shape:
        """Take rows of any shape."""
        return (math.prod(input_shape),)

    def forward(self, x: Array, training: bool = False) -> Array:
        """Return a view of x."""
        return x.reshape(len(x), *self.output_shape)

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """Return a view of dy, in x's shape."""
        return dy.reshape(len(dy), *self.input_shape) if input_gradient else None


class Reshape(Flatten):
    """Give each row another shape with as many numbers, such as (784,) to (28, 28, 1): x (n, ...) becomes (n, *shape).

    Parameters
    ----------
    shape : sequence of int
        Of one row, without the batch axis.

    Examples
    --------
    >>> import tinynn as nn
    >>> nn.Sequential([nn.Reshape((2, 3))], input_shape=6).forward([[1, 2, 3, 4, 5, 6]]).tolist()
    [[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]
    """

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = tuple(shape)

    def build(self, input_shape: Shape) -> Shape:
        """Take rows with as many numbers as the new shape has."""
        if math.prod(self.shape) != math.prod(input_shape):
            raise ValueError(
                f"rows of shape {input_shape} hold {math.prod(input_shape)} numbers, and shape {self.shape} takes "
                f"{math.prod(self.shape)}"
            )
        return self.shape
