"""Rows of numbers as images, and many small images side by side, each with a few words below."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinynn.plotting.look import LIGHT, bare, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE, SMALL = 0.85, 0.5  # width of an image in inches, with words below and without
GAP = 0.1  # between images, in inches
LINE, LETTER = 0.135, 0.062  # height of a line of words and width of a letter in inches


def shape_of_image(row: tuple[int, ...], image_shape: Sequence[int] | None, what: str) -> tuple[int, ...]:
    """Return the shape of the image that a row is, (height, width) or (height, width, 3).

    Parameters
    ----------
    row : tuple of int
        Shape of the row: an image's already, or one long axis.
    image_shape : sequence of int, optional
        What the user says; otherwise a row of one axis must be as long as a square image has pixels.
    what : str
        What the row is, for messages: ``"a row of x"``.

    Raises
    ------
    ValueError
        When the row is no such image.

    Examples
    --------
    >>> shape_of_image((784,), None, "a row of x")
    (28, 28)
    >>> shape_of_image((28, 28, 1), None, "a row of x")
    (28, 28)
    """
    length, side = math.prod(row), math.isqrt(math.prod(row))
    if image_shape is not None:
        shape = tuple(image_shape)
        if math.prod(shape) != length:
            raise ValueError(f"image_shape={shape} has {math.prod(shape)} numbers, and {what} has {length}")
    elif len(row) > 1:
        shape = row
    elif side * side == length:
        shape = (side, side)
    else:
        color = math.isqrt(length // 3)
        example = (color, color, 3) if 3 * color * color == length else (1, length)
        raise ValueError(
            f"{what} has {length} numbers, which is no square image; say image_shape=(height, width), or "
            f"(height, width, 3) for colours. image_shape={example} has as many"
        )
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] != 3):
        raise ValueError(
            f"an image is (height, width), or with channels last (height, width, 1) or (height, width, 3), "
            f"and {what} has shape {shape}"
        )
    return shape


def gallery(
    tiles: Sequence[np.ndarray],
    captions: Sequence[str] | None,
    columns: int,
    *,
    bar: bool = False,
    title: str = "",
    note: str = "",
    **look: Any,
) -> "Figure":
    """Draw images of one shape in a grid, row by row.

    All are in one Axes, which is many times faster than one Axes each.

    Parameters
    ----------
    tiles : sequence of array (height, width) or (height, width, 3)
    captions : sequence of str, or None
        As many as tiles, with the same number of lines each. Without them images are smaller, and rows and columns of
        the grid are numbered.
    columns : int
    bar : bool, optional
        Whether to explain the colours by a bar.
    title, note : str, optional
    **look
        For Matplotlib's ``imshow``: colour map and limits.
    """
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    wide = SIDE if captions else SMALL
    tall = wide * tiles[0].shape[0] / tiles[0].shape[1]
    words = LINE * (1 + captions[0].count("\n")) if captions else 0.0
    longest = max((len(line) for caption in captions or () for line in caption.split("\n")), default=0)
    right, down = max(wide + GAP, LETTER * longest), tall + words + GAP
    height = down * rows + 0.45 + 0.3 * bool(title) + 0.14 * note.count("\n")
    # A title and a note need some width, however few the images are.
    figure = new_figure(max(right * columns + (1.0 if bar else 0.2), 4), height)
    axes = figure.subplots()
    for i, tile in enumerate(tiles):
        x, y = i % columns * right, i // columns * down
        axes.imshow(tile, extent=(x, x + wide, y + tall, y), interpolation="nearest", **look)
        axes.plot(
            [x, x + wide, x + wide, x, x],
            [y, y, y + tall, y + tall, y],
            color=LIGHT,
            linewidth=0.6,
            clip_on=False,
        )
        if captions:
            axes.text(x + wide / 2, y + tall + 0.03, captions[i], fontsize=7, ha="center", va="top")
    axes.set(xlim=(0, columns * right - (right - wide)), ylim=(rows * down - GAP, 0), aspect="equal")
    bare(axes, title, note)
    if not captions:
        axes.tick_params(length=0, labelsize=7, top=True, labeltop=True, labelbottom=False)
        axes.set_xticks([i * right + wide / 2 for i in range(columns)], [str(i) for i in range(columns)])
        axes.set_yticks([i * down + tall / 2 for i in range(rows)], [str(i) for i in range(rows)])
    if bar:
        scale = figure.colorbar(
            axes.images[0], ax=axes, shrink=min(1.0, 3.5 / (down * rows)), pad=0.02, aspect=25
        )
        scale.outline.set_visible(False)
        scale.ax.tick_params(labelsize=8)
    return figure
