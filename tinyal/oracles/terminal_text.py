"""An example as text: an image in characters of different darkness, a text wrapped, features in lines."""

import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np

WIDTH = 80
BLOCKS = " ░▒▓█"
ASCII = " .:-=+*#%@"
_MOST_FEATURES = 60


def describe(
    row: Any,
    image_shape: tuple[int, ...] | None = None,
    names: Sequence[str] | None = None,
    shades: str = BLOCKS,
) -> str:
    """Return lines of at most 80 characters that show one row.

    Parameters
    ----------
    row : array
        A text; pixels, (height, width) or with channels first or last; or features, (n,).
    image_shape : tuple of int, optional
        Of the image that a row of pixels is.
    names : sequence of str, optional
        Of the features.
    shades : str, optional
        Characters from empty to full.

    Examples
    --------
    >>> print(describe(np.array([[0, 255], [0, 255], [255, 255], [255, 255]], np.uint8)))
     █
    ██
    >>> print(describe([5.1, 3.5], names=["sepal length", "sepal width"]))
    sepal length  5.1
    sepal width   3.5
    """
    row = np.asarray(row)
    if image_shape is not None:
        row = row.reshape(image_shape)
    if row.dtype.kind not in "fiub":
        return _text(str(row))
    if row.ndim >= 2:
        return _image(row.astype(np.float64), 255.0 if row.dtype == np.uint8 else None, shades)
    return _features(np.atleast_1d(row), names)


def printable(text: str) -> str:
    r"""Return text in which nothing steers the terminal: examples come from anywhere.

    Examples
    --------
    >>> printable("red \x1b[31m")
    'red \\x1b[31m'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def _text(text: str) -> str:
    lines = [printable(line) for line in text.splitlines() or [""]]
    return "\n".join("\n".join(textwrap.wrap(line, WIDTH) or [""]) for line in lines)


def _features(row: np.ndarray, names: Sequence[str] | None) -> str:
    if names is not None and len(names) != len(row):
        raise ValueError(f"there are {len(row)} features and {len(names)} names")
    shown = [printable(str(name)) for name in names or [f"feature {i}" for i in range(len(row))]][
        :_MOST_FEATURES
    ]
    width = min(max(map(len, shown)), WIDTH - 16)
    lines = [
        f"{name[:width].ljust(width)}  {value:.6g}" for name, value in zip(shown, row.tolist(), strict=False)
    ]
    left = len(row) - len(lines)
    return "\n".join([*lines, *([f"... and {left} more"] if left else [])])


def _image(pixels: np.ndarray, brightest: float | None, shades: str) -> str:
    """Draw with one character for so many pixels that it fits; a character is about twice as high as it is wide."""
    if pixels.ndim > 3:
        raise ValueError(f"an image has height, width, and perhaps channels, not the shape {pixels.shape}")
    if pixels.ndim == 3:
        pixels = pixels.mean(axis=0 if pixels.shape[0] in (1, 3) and pixels.shape[2] not in (1, 3, 4) else 2)
    wide = -(-pixels.shape[1] // WIDTH)
    pixels = _means(pixels, 2 * wide, wide)
    low = 0.0 if brightest is not None else float(pixels.min())
    span = (brightest if brightest is not None else float(pixels.max())) - low
    level = (pixels - low) / span if span > 0 else np.zeros_like(pixels)
    drawn = np.array(list(shades))[np.rint(level * (len(shades) - 1)).astype(int)]
    return "\n".join("".join(line).rstrip() for line in drawn)


def _means(pixels: np.ndarray, high: int, wide: int) -> np.ndarray:
    """Return means over tiles of high × wide pixels; what is missing at the edges repeats the last."""
    rows, columns = pixels.shape
    pixels = np.pad(pixels, ((0, -rows % high), (0, -columns % wide)), mode="edge")
    return pixels.reshape(pixels.shape[0] // high, high, -1, wide).mean(axis=(1, 3))
