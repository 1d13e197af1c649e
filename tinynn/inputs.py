"""Rows on their way into a network: brought to its device and precision, and refused where they do not fit."""

from typing import TYPE_CHECKING, Any

from tinynn.backend import Array

if TYPE_CHECKING:
    from tinynn.network import Sequential


def to_input(net: "Sequential", x: Any) -> Array:
    """Bring rows x (n, *input_shape) to the network's device and dtype; uint8 pixels 0 to 255 become 0 to 1.

    Raises
    ------
    ValueError
        For rows of another shape.
    """
    x = net.backend.asarray(x)
    if x.shape[1:] != net.input_shape or x.ndim != len(net.input_shape) + 1:
        raise ValueError(
            f"the network takes rows of shape {net.input_shape}, so an array of shape "
            f"{('n', *net.input_shape)}, and got one of shape {x.shape}".replace("'", "")
        )
    if x.dtype == net.dtype:
        return x
    converted = net.backend.xp.empty(x.shape, dtype=net.dtype)
    net.backend.to_floats(x, converted)
    return converted
