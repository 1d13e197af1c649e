"""How many rows a device has room for: estimated from the arrays that a network keeps for one."""

import math
from collections.abc import Sequence
from typing import Any

from tinynn.layers.base import Layer
from tinynn.layers.chain import walk
from tinynn.layers.conv import Conv2D
from tinynn.network import Sequential

MOST_ROWS = 8192  # of a chunk: with more, a launch is no smaller share of the time
SHARE = 0.5  # of the free memory, for what is estimated


def bytes_a_row(net: Sequential, layers: Sequence[Layer] | None = None) -> int:
    """Return how much memory a row takes on its way through these layers, all of the network's by default.

    That is the input, what each layer gives, and of a convolution the windows written out; see
    `tinynn.layers.lowering`. A way back takes about as much again.

    Examples
    --------
    >>> import tinynn as nn
    >>> bytes_a_row(nn.Sequential([nn.Dense(128), nn.Dense(10)], input_shape=784)) == 4 * (784 + 128 + 10)
    True
    """
    layers = net.layers if layers is None else layers
    numbers = math.prod(layers[0].input_shape) if layers else 0
    for layer in walk(layers):
        numbers += math.prod(layer.output_shape)
        if isinstance(layer, Conv2D):
            places = math.prod(layer.output_shape[:2])
            numbers += places * math.prod(layer.window) * layer.input_shape[2]
    return numbers * net.dtype.itemsize


def rows_that_fit(net: Sequential, layers: Sequence[Layer] | None = None, passes: int = 1) -> int | None:
    """Return how many rows fit into what is free now, for one pass forward, or two with the way back; at least 1.

    None where a device does not say what is free.
    """
    backend: Any = net.backend
    free = backend.free_bytes()
    if free is None:
        return None
    return max(1, int(SHARE * free / (passes * bytes_a_row(net, layers))))


def not_even_one(net: Sequential, problem: str) -> str:
    """Say that the device has no room for one row."""
    return (
        f"the device has no room for the network and a single row of {bytes_a_row(net):,} bytes ({problem}): end what "
        'else uses it (nvidia-smi shows that), or take a smaller network or device="cpu"'
    )


def batch_too_large(net: Sequential, rows: int, problem: str) -> str:
    """Say that a batch does not fit, and which would."""
    fit = rows_that_fit(net, passes=2)
    if fit is None or fit >= rows:
        fit = max(1, rows // 2)
    return f"the device has no room for a batch of {rows} rows ({problem}); one of {fit} should fit: batch_size={fit}"
