"""What a classifier mistakes for what: the table of all confusions, and images of the most confident ones."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinynn.checks import check_rows, whole
from tinynn.plotting.images import gallery, shape_of_image
from tinynn.plotting.labels import as_labels, is_text, plain_array, positions, to_numpy
from tinynn.plotting.look import COLORS, DARK, GREY, LIGHT, bare, new_figure, shades

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_COUNTS, MOST_NAMES = 30, 40  # classes up to which counts fit into the cells, and names beside them
SHORT = 5  # letters of a class's name up to which two names stand in one line


def plot_confusion(
    y_true: Any,
    y_predicted: Any,
    classes: Sequence[Any] | None = None,
    *,
    title: str = "",
    ax: "Axes | None" = None,
) -> "Figure":
    """Draw how often each class was taken for each: the confusion matrix.

    Row i, column j holds the number of rows of class i that were predicted as j. Colours show shares of a row of the
    matrix: on the diagonal, what was right, in blue from 0 to 1; beside it the mistakes, in orange up to the largest
    one, since on the scale of the diagonal they could not be seen.

    Parameters
    ----------
    y_true, y_predicted : array (n,)
        Labels.
    classes : sequence, optional
        All labels in the order to show them, or names that whole-number labels count, as ``data.classes`` does. By
        default the labels that occur.
    title : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For lengths that differ, and labels that are none of the classes.

    Examples
    --------
    >>> figure = plot_confusion(["cat", "cat", "dog"], ["cat", "dog", "dog"])
    >>> [text.get_text() for text in figure.axes[0].texts]
    ['1', '1', '1']
    """
    n = len(y_true)
    if n == 0:
        raise ValueError("y_true is empty: there is nothing to count")
    true, predicted = as_labels(y_true, n, "y_true"), as_labels(y_predicted, n, "y_predicted")
    if classes is None:
        if is_text(true) != is_text(predicted):
            raise ValueError(
                f"y_true holds {true.dtype} and y_predicted {predicted.dtype}: text cannot equal a number"
            )
        classes = np.unique(np.concatenate([true, predicted])).tolist()
    size = len(classes)
    counts = np.zeros((size, size), dtype=np.int64)
    rows, columns = positions(true, n, classes, "y_true"), positions(predicted, n, classes, "y_predicted")
    np.add.at(counts, (rows, columns), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure = new_figure(*(2 * [min(2.2 + 0.42 * size, 12)])) if ax is None else ax.figure.figure
    axes = figure.subplots() if ax is None else ax
    _cells(axes, counts, shares)
    names = [str(name) for name in plain_array(classes).tolist()]
    _name_cells(axes, names)
    right = int(np.trace(counts))
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_xlabel(f"predicted\n{right:,} of {n:,} right, {right / n:.1%}")
    return figure


def plot_mistakes(
    x: Any,
    y_true: Any,
    probabilities: Any,
    classes: Sequence[Any] | None = None,
    image_shape: Sequence[int] | None = None,
    n: int = 25,
    *,
    title: str = "",
) -> "Figure":
    """Draw the rows that a classifier got wrong and was surest of, the surest first.

    Below each image: what it is → what it was taken for, how probable that seemed, and the number of the row.

    Parameters
    ----------
    x : array (rows, pixels), (rows, height, width) or (rows, height, width, channels)
    y_true : array (rows,)
        Labels.
    probabilities : array (rows, classes)
        As `predict_proba` returns them.
    classes : sequence, optional
        What the columns of the probabilities stand for: labels, or names that whole-number labels count. By default 0,
        1, 2 and so on.
    image_shape : tuple of int, optional
        (height, width) or (height, width, 3); by default a square.
    n : int, optional
        How many at most.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        One that says so when there is no mistake.

    Raises
    ------
    ValueError
        For lengths that differ, rows that are no images, and probabilities that are none.

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(10)], epochs=5).fit(data.x_train, data.y_train)
    >>> figure = plot_mistakes(data.x_test, data.y_test, model.predict_proba(data.x_test), data.classes, n=5)
    >>> len(figure.axes[0].images)
    5
    """
    x, n = to_numpy(x), whole("n", n)
    x = check_rows(x, x.shape[1:])
    p = _check_probabilities(probabilities, len(x))
    classes = range(p.shape[1]) if classes is None else classes
    if len(classes) != p.shape[1]:
        raise ValueError(f"there are {len(classes)} classes, and probabilities have {p.shape[1]} columns")
    true, predicted = positions(y_true, len(x), classes, "y_true"), p.argmax(axis=1)
    shape = shape_of_image(x.shape[1:], image_shape, "a row of x")
    wrong = np.flatnonzero(true != predicted)
    # A stable sort of negated numbers: equally sure mistakes stay in the order of the rows.
    shown = wrong[np.argsort(-p[wrong, predicted[wrong]], kind="stable")][:n]
    if len(shown) == 0:
        return _no_mistakes(len(x), title)
    names = [str(name) for name in classes]
    arrow = " → " if max(map(len, names)) <= SHORT else " →\n"
    captions = [
        f"{names[true[i]]}{arrow}{names[predicted[i]]}\n{_sure(p[i, predicted[i]])}, row {i}" for i in shown
    ]
    note = f"{len(wrong):,} of {len(x):,} rows are wrong, {len(wrong) / len(x):.1%}"
    note += "; the surest mistakes first" if len(shown) == len(wrong) else f"; here the {len(shown)} surest"
    look: dict[str, Any] = {} if len(shape) == 3 else {"cmap": "gray_r", "vmin": 0, "vmax": 1}
    tiles = [image.reshape(shape) for image in _brightness(x, shown)]
    columns = max(5, math.isqrt(len(shown)))
    return gallery(tiles, captions, columns, title=title, note=note, **look)


def _cells(axes: "Axes", counts: np.ndarray, shares: np.ndarray) -> None:
    """Draw two images over each other, the mistakes and what was right, and the counts."""
    size, diagonal = len(counts), np.eye(len(counts), dtype=bool)
    worst = float(shares[~diagonal].max(initial=0)) or 1.0
    for hidden, color, largest in ((diagonal, COLORS[1], worst), (~diagonal, COLORS[0], 1.0)):
        image = np.ma.masked_array(shares, hidden)
        axes.imshow(image, cmap=shades(color), vmin=0, vmax=largest, interpolation="nearest")
    font = float(np.interp(size, [10, 20, MOST_COUNTS], [9, 7, 5]))
    for i, j in np.argwhere(counts) if size <= MOST_COUNTS else ():
        color = (
            "white" if i == j and shares[i, j] > 0.7 else DARK
        )  # the contrast on orange is that of dark ink
        axes.text(j, i, str(counts[i, j]), ha="center", va="center", fontsize=font, color=color)


def _name_cells(axes: "Axes", names: list[str]) -> None:
    size = len(names)
    font = float(np.interp(size, [10, 20, MOST_NAMES], [10, 8, 5]))
    shown = range(0, size, -(-size // MOST_NAMES))
    cell = axes.get_window_extent().width / axes.figure.dpi / size  # inches, roughly
    slanted = max(map(len, names)) * font / 72 * 0.65 > cell * shown.step
    look: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"} if slanted else {}
    axes.set_xticks(shown, [names[i] for i in shown], fontsize=font, **look)
    axes.set_yticks(shown, [names[i] for i in shown], fontsize=font)
    axes.set_ylabel("true")
    axes.tick_params(length=0)
    axes.spines[:].set_color(LIGHT)
    if size <= MOST_COUNTS:
        edges = np.arange(size + 1) - 0.5
        axes.set_xticks(edges, minor=True)
        axes.set_yticks(edges, minor=True)
        axes.grid(which="minor", color="#F0F0F0", linewidth=0.6)
        axes.tick_params(which="minor", length=0)


def _check_probabilities(probabilities: Any, n: int) -> np.ndarray:
    p = to_numpy(probabilities)
    if p.ndim != 2 or len(p) != n or p.shape[1] < 2:
        raise ValueError(
            f"probabilities must have shape ({n}, classes), one row for each row of x, but have shape {p.shape}"
        )
    wrong = ~(np.isfinite(p).all(axis=1) & (p >= 0).all(axis=1) & (np.abs(p.sum(axis=1) - 1) < 1e-3))
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"row {first} of the probabilities, {p[first]}, is no distribution: it must be ≥ 0 and sum to one. "
            "Of logits take nn.softmax(logits)"
        )
    return p


def _sure(p: float) -> str:
    """Write a probability in percent, and never as certain what is not."""
    return ">99.9%" if 0.9995 <= p < 1 else f"{p:.1%}"


def _brightness(x: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Bring the pixels of some rows to 0 to 1: uint8 from 0 to 255, others from the least to the largest of all."""
    low, high = (0, 255) if x.dtype == np.uint8 else (float(x.min()), float(x.max()))
    return (x[rows] - low) / ((high - low) or 1)


def _no_mistakes(n: int, title: str) -> "Figure":
    figure = new_figure(4.5, 1.5)
    axes = figure.subplots()
    axes.text(0.5, 0.5, f"no mistakes in {n:,} rows", ha="center", va="center", fontsize=12, color=GREY)
    bare(axes, title)
    return figure
