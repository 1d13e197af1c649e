"""Histograms of gradients: where in an image strokes run which way, as a row of numbers that forgives small moves."""

import numpy as np

from tinynn.backend import CPU

ROWS = 1024  # images at a time, so that memory is bounded


def gradient_histograms(
    x: np.ndarray, image_shape: tuple[int, int], cells: int = 7, directions: int = 8
) -> np.ndarray:
    """Return how much each cell of an image changes in which direction, on the host, (n, cells² · directions).

    At each pixel the gradient is the difference of its neighbours, g = (right − left, above − below). Its length is
    shared out between the two nearest of so many directions around the circle, and between the four nearest of
    cells × cells places, each with the weight that bilinear interpolation gives it. Of the sums the roots are taken,
    and the row is brought to length 1. So the distance between two rows changes little where a stroke moves by a
    pixel, and much where it runs another way: nearer to how digits differ than the distance between pixels is.

    After Dalal & Triggs (2005), who count gradients without their sign, and bring blocks of cells to length 1. An
    image without any gradient is a row of zeros.

    Time n · height · width · directions, memory the answer and 1024 images at a time.

    Parameters
    ----------
    x : array (n, height · width)
        uint8 pixels become 0 to 1.
    image_shape : (height, width)
    cells : int, optional
        Places along each side. 7 on 28 pixels are 4 pixels apart.
    directions : int, optional

    Returns
    -------
    array (n, cells² · directions)
        In float32; the numbers of a cell stand together, its directions counter-clockwise in steps of 2π / directions
        from "brighter to the right", as the picture is looked at.

    Raises
    ------
    ValueError
        For rows that are no such images, and settings below 1.

    Examples
    --------
    >>> edge = np.zeros((1, 6, 6), np.float32)
    >>> edge[:, :, 3:] = 1  # brighter to the right
    >>> gradient_histograms(edge.reshape(1, 36), (6, 6), cells=1, directions=4)
    array([[1., 0., 0., 0.]], dtype=float32)
    """
    height, width = image_shape
    x = np.asarray(x)
    if x.ndim != 2 or x.shape[1] != height * width:
        raise ValueError(
            f"images of {height} x {width} pixels are rows of {height * width} numbers, not {x.shape}"
        )
    if cells < 1 or directions < 1:
        raise ValueError(f"cells and directions must be at least 1, not {cells} and {directions}")
    down, across = _shares(height, cells), _shares(width, cells)
    found = np.empty((len(x), cells * cells * directions), np.float32)
    for start in range(0, len(x), ROWS):
        part = x[start : start + ROWS]
        images: np.ndarray = np.empty(part.shape, np.float32)
        CPU.to_floats(part, images)
        images = images.reshape(-1, height, width)
        histograms = np.empty((len(part), cells, cells, directions), np.float32)
        for direction, lengths in enumerate(_by_direction(images, directions)):
            histograms[..., direction] = down @ lengths @ across.T
        found[start : start + ROWS] = histograms.reshape(len(part), -1)
    np.sqrt(found, out=found)
    norms = np.linalg.norm(found, axis=1, keepdims=True)
    found /= np.where(norms > 0, norms, 1)
    return found


def _by_direction(images: np.ndarray, directions: int) -> list[np.ndarray]:
    """Return the lengths of the gradients shared out to the directions, (n, height, width) each."""
    gx, gy = np.zeros_like(images), np.zeros_like(images)
    gx[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    gy[:, 1:-1] = images[:, :-2] - images[:, 2:]  # upwards, as angles are counted
    length = np.hypot(gx, gy)
    angle = np.arctan2(gy, gx) * np.float32(directions / (2 * np.pi)) % directions
    # How far an angle is from a direction, in steps around the circle; a neighbour at one step gets nothing.
    apart = (np.abs((angle - d + directions / 2) % directions - directions / 2) for d in range(directions))
    return [length * np.maximum(1 - a, 0) if directions > 1 else length for a in apart]


def _shares(size: int, cells: int) -> np.ndarray:
    """Return what share of each pixel along a side goes to each cell, (cells, size); columns sum to 1."""
    place = (np.arange(size) + 0.5) * cells / size - 0.5
    place = np.clip(place, 0, cells - 1)  # beyond the middle of the outermost cell all is its own
    return np.maximum(0, 1 - np.abs(place - np.arange(cells)[:, None])).astype(np.float32)
