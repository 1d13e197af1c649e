"""Windows that step over an image: how many there are, how much padding they need, and what may be said wrong."""

import numpy as np

from tinynn.buffers import Shape

Padding = tuple[tuple[int, int], tuple[int, int]]


def pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Return a size or stride as (down, right), from one number or two."""
    both = (value, value) if isinstance(value, int | np.integer) else tuple(value)
    if len(both) != 2 or not all(isinstance(n, int | np.integer) and n >= 1 for n in both):
        raise ValueError(f"{name} must be a whole number of at least 1, or two of them, not {value!r}")
    return int(both[0]), int(both[1])


def check_image(layer: str, input_shape: Shape) -> None:
    """Raise a ValueError unless rows are images, (height, width, channels)."""
    if len(input_shape) != 3:
        raise ValueError(
            f"{layer} takes images, rows of shape (height, width, channels), but each row here has shape "
            f"{input_shape}; nn.Reshape((28, 28, 1)) makes MNIST's rows of 784 into images"
        )


def window_count(length: int, size: int, stride: int) -> int:
    """Return how many windows fit along one axis."""
    if size > length:
        raise ValueError(f"a window of {size} does not fit an image that is {length} long, padding included")
    return (length - size) // stride + 1


def paddings(
    padding: str | int | tuple[int, int] | Padding,
    shape: Shape,
    size: tuple[int, int],
    stride: tuple[int, int],
) -> Padding:
    """Return the zeros to add as ((above, below), (left, right)).

    Parameters
    ----------
    padding : {"valid", "same"}, int, (int, int) or ((int, int), (int, int))
        None; as much as makes the output ⌈length / stride⌉ long, the odd one below and on the right; so much on
        every side; so much above and below, left and right; each side on its own.
    shape : tuple of int
        Of the image: height, width, channels.
    size, stride : (int, int)
    """
    if padding == "valid":
        return (0, 0), (0, 0)
    if padding == "same":
        down, right = (_same(*axis) for axis in zip(shape[:2], size, stride, strict=True))
        return down, right
    if isinstance(padding, int | np.integer):
        padding = (int(padding), int(padding))
    if isinstance(padding, str) or len(padding) != 2:
        raise ValueError(_message(padding))
    above, left = ((side, side) if isinstance(side, int | np.integer) else tuple(side) for side in padding)
    if len(above) != 2 or len(left) != 2 or min(*above, *left) < 0:
        raise ValueError(_message(padding))
    return (int(above[0]), int(above[1])), (int(left[0]), int(left[1]))


def _same(length: int, size: int, stride: int) -> tuple[int, int]:
    windows = -(-length // stride)
    total = max((windows - 1) * stride + size - length, 0)
    return total // 2, total - total // 2


def _message(padding: object) -> str:
    return (
        'padding must be "valid", "same", a number, (vertical, horizontal) or ((above, below), (left, right)), none '
        f"of them negative, not {padding!r}"
    )
