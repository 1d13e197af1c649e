"""A network at a glance: a table of its layers, their shapes, and what they take of memory."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tinynn.layers.base import Layer
from tinynn.layers.reshape import Flatten

if TYPE_CHECKING:
    from tinynn.network import Sequential

WIDTH = 80
WIDEST_SHAPE = 24
HEADS = ("layer", "output shape", "parameters", "memory", "activations")


def summarize(net: "Sequential") -> str:
    """Return a table of the layers: shape of one output row, parameters, and their memory.

    Activations are the outputs of the layers for a batch of one, in training the larger part: a batch of n takes n
    times as much. What a layer keeps besides (masks, windows written out) and gradients are not counted; layers that
    only rearrange take nothing. Layers within a block are indented.

    Returns
    -------
    str
        No line is longer than 80 characters.

    Examples
    --------
    >>> import tinynn as nn
    >>> print(nn.Sequential([nn.Dense(128), nn.ReLU(), nn.Dense(10)], input_shape=784).summary())
    layer       output shape  parameters   memory  activations
    ----------------------------------------------------------
    input       (784,)                 0      0 B      3.1 KiB
    Dense(128)  (128,)           100,480  392 KiB        512 B
    ReLU()      (128,)                 0      0 B        512 B
    Dense(10)   (10,)              1,290  5.0 KiB         40 B
    ----------------------------------------------------------
    total                        101,770  398 KiB      4.1 KiB
    """
    itemsize = net.dtype.itemsize
    rows = [("input", net.input_shape, 0, math.prod(net.input_shape)), *_rows(net.layers)]
    cells = [
        (label, _cut(str(shape), WIDEST_SHAPE), f"{count:,}", human(count * itemsize), human(kept * itemsize))
        for label, shape, count, kept in rows
    ]
    count, kept = sum(row[2] for row in rows), sum(row[3] for row in rows)
    total = ("total", "", f"{count:,}", human(count * itemsize), human(kept * itemsize))
    widths = [max(map(len, column)) for column in zip(HEADS, *cells, total, strict=True)]
    widths[0] = min(widths[0], WIDTH - sum(widths[1:]) - 2 * (len(HEADS) - 1))
    rule = "-" * (sum(widths) + 2 * (len(HEADS) - 1))
    lines = [_line(HEADS, widths), rule, *(_line(row, widths) for row in cells), rule, _line(total, widths)]
    return "\n".join(lines)


def human(size: float) -> str:
    """Return a number of bytes in the unit that makes it short.

    Examples
    --------
    >>> human(40), human(3136), human(407080), human(2**30)
    ('40 B', '3.1 KiB', '398 KiB', '1.0 GiB')
    """
    units = iter(("B", "KiB", "MiB", "GiB", "TiB"))
    unit = next(units)
    while size >= 1023.5 and unit != "TiB":
        size, unit = size / 1024, next(units)
    return f"{size:.1f} {unit}" if size < 9.95 and unit != "B" else f"{size:,.0f} {unit}"


def _rows(layers: Sequence[Layer], indent: str = "") -> Iterator[tuple[str, tuple[int, ...], int, int]]:
    """Yield label, output shape, number of parameters and of outputs that are kept."""
    for layer in layers:
        label = type(layer).__name__ if layer.chain else repr(layer)
        count = sum(getattr(layer, name).size for name in layer.parameter_names)
        kept = 0 if isinstance(layer, Flatten) else math.prod(layer.output_shape)
        yield indent + label, layer.output_shape, count, kept
        yield from _rows(layer.chain, indent + "  ")


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    label, shape, *numbers = cells
    left = [_cut(label, widths[0]).ljust(widths[0]), shape.ljust(widths[1])]
    return "  ".join([*left, *(n.rjust(width) for n, width in zip(numbers, widths[2:], strict=True))])


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
