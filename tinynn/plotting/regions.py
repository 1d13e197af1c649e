"""What a model makes of the plane: its probabilities as colours, with the points it was asked about on top."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinynn import inference
from tinynn.checks import check_rows, whole
from tinynn.layers import Sigmoid, Softmax
from tinynn.network import Sequential
from tinynn.plotting.labels import positions, to_numpy
from tinynn.plotting.look import DARK, new_figure, palette, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARKERS = "os^DvP<p>h"
MARGIN = 0.12  # around the points, in widths of the data
STRONGEST = (
    0.6  # how much of a class's colour stands where the model is certain; points are drawn in all of it
)


def plot_decision_regions(
    model: Any, x: Any, y: Any, resolution: int = 200, *, title: str = "", ax: "Axes | None" = None
) -> "Figure":
    """Draw which class a model sees where in the plane, and how sure it is.

    Each place has the colour of its most probable class k among K, mixed with white by (p[k] − 1/K) / (1 − 1/K): white
    where all classes are equally probable, full where the model is certain. Points have the colour and the marker of
    their true class; those that the model gets wrong have a dark ring.

    Parameters
    ----------
    model : Sequential, or an object with predict_proba
        A `tinynn.Classifier` or scikit-learn's. Of a Sequential the outputs are taken as logits, by softmax, or with a
        single output by the sigmoid, unless its last layer is one of these already.
    x : array (n, 2)
    y : array (n,)
        Labels: those of ``model.classes_`` where it has them, whole numbers from 0 otherwise.
    resolution : int, optional
        Places to ask for along each axis.
    title : str, optional
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default a figure of its own.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    TypeError
        For a model that gives no probabilities.
    ValueError
        For rows that are no points of the plane, and labels that do not fit.

    Examples
    --------
    >>> import tinynn as nn
    >>> from tinynn import toys
    >>> x, y = toys.moons(100)
    >>> model = nn.Classifier(epochs=20).fit(x, y)
    >>> figure = plot_decision_regions(model, x, y, resolution=50)
    >>> figure.axes[0].images[0].get_array().shape
    (50, 50, 3)
    """
    x = to_numpy(x)
    if x.ndim != 2 or x.shape[1] != 2:
        raise ValueError(
            f"decision regions are drawn over two features: x must have shape (n, 2), and has {x.shape}. Of more "
            "features choose two, x[:, [0, 1]], and fit the model on these"
        )
    x, resolution = check_rows(x, (2,)), whole("resolution", resolution)
    low, high = x.min(axis=0).astype(float), x.max(axis=0).astype(float)
    margin = np.where(high > low, (high - low) * MARGIN, 1.0)
    (left, bottom), (right, top) = low - margin, high + margin
    across, up = _centres(left, right, resolution), _centres(bottom, top, resolution)
    plane = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    p, said = _probabilities(model, plane), _probabilities(model, x)
    classes = getattr(model, "classes_", range(p.shape[1]))
    y = to_numpy(y)
    labels = positions(y[:, 0] if y.shape == (len(x), 1) else y, len(x), classes, "y")
    colors = palette(p.shape[1], "classes")

    # A circle should look like one, as long as that leaves no thin strip.
    wide = (right - left) / (top - bottom)
    equal = 1 / 3 < wide < 3
    height = min(4.8 / wide + 0.8, 6.5) if equal else 5
    figure = new_figure(6.4, height) if ax is None else ax.figure.figure
    axes = figure.subplots() if ax is None else ax
    image = _shade(p, colors).reshape(resolution, resolution, 3)
    axes.imshow(image, origin="lower", extent=(left, right, bottom, top), interpolation="bilinear")
    _points(axes, x, labels, labels != said.argmax(axis=1), classes, colors)
    axes.set_aspect("equal" if equal else "auto")
    axes.set(xlabel="x₀", ylabel="x₁")
    plain(axes, title)
    return figure


def _centres(start: float, stop: float, count: int) -> np.ndarray:
    """Return the centres of equally wide pixels from start to stop."""
    return start + (np.arange(count) + 0.5) * (stop - start) / count


def _probabilities(model: Any, x: np.ndarray) -> np.ndarray:
    """Return what the model says, as probabilities of at least two classes."""
    if isinstance(model, Sequential):
        return _of_network(model, x)
    if isinstance(model, type) or not hasattr(model, "predict_proba"):
        raise TypeError(
            "model must be a Sequential or have predict_proba, as tinynn.Classifier and most classifiers of "
            f"scikit-learn do, and {model!r} has none"
        )
    p = np.asarray(model.predict_proba(x))
    fits = p.ndim == 2 and len(p) == len(x) and p.shape[1] >= 2
    if not fits or not np.isfinite(p).all():
        returned = "NaN or infinity" if fits else f"shape {p.shape}"
        raise ValueError(
            f"predict_proba of {len(x)} rows must return numbers of shape ({len(x)}, classes), for at least two "
            f"classes, and returned {returned}"
        )
    return p


def _of_network(net: Sequential, x: np.ndarray) -> np.ndarray:
    if len(net.output_shape) != 1:
        raise ValueError(
            f"the network must end with one number a class, and its outputs have shape {net.output_shape}"
        )
    if net.output_shape[0] > 1 and not isinstance(net.layers[-1], Softmax):
        return inference.predict_proba(net, x)
    outputs = np.concatenate(
        [net.backend.to_numpy(net.propagate(chunk)).copy() for _, chunk in inference.chunks(net, x)]
    )
    if net.output_shape[0] > 1:
        return outputs
    # tanh does not overflow where the exponential in 1 / (1 + exp(−z)) does.
    p = outputs if isinstance(net.layers[-1], Sigmoid) else 0.5 + 0.5 * np.tanh(outputs / 2)
    return np.concatenate([1 - p, p], axis=1)


def _shade(p: np.ndarray, colors: Sequence[str]) -> np.ndarray:
    """Mix the colour of each row's most probable class with white, the less the surer: (n, K) to (n, 3)."""
    from matplotlib.colors import to_rgb

    uniform = 1 / p.shape[1]
    sure = ((p.max(axis=1) - uniform) / (1 - uniform)).clip(0, 1)
    full = np.array([to_rgb(color) for color in colors])[p.argmax(axis=1)]
    return 1 - STRONGEST * sure[:, None] * (1 - full)


def _points(
    axes: "Axes",
    x: np.ndarray,
    labels: np.ndarray,
    wrong: np.ndarray,
    classes: Sequence[Any],
    colors: Sequence[str],
) -> None:
    size = float(np.interp(len(x), [100, 2000], [34, 8]))
    for k, color in enumerate(colors):
        points = x[labels == k]
        axes.scatter(
            points[:, 0],
            points[:, 1],
            s=size,
            c=color,
            marker=MARKERS[k],
            edgecolors="white",
            linewidths=0.6 if size > 20 else 0.3,
            label=str(classes[k]),
        )
    if wrong.any():
        rings = x[wrong]
        axes.scatter(
            rings[:, 0],
            rings[:, 1],
            s=3 * size,
            facecolors="none",
            edgecolors=DARK,
            linewidths=1.1,
            label="wrong",
        )
    legend = axes.legend(
        markerscale=(34 / size) ** 0.5,
        loc="upper left",
        bbox_to_anchor=(1.01, 1),
        frameon=False,
        borderaxespad=0,
    )
    if wrong.any():  # beside the picture the ring stands on the page, which may be dark
        ring = legend.legend_handles[-1]
        assert ring is not None, "every entry has a handle"
        ring.set_edgecolor(legend.get_texts()[-1].get_color())  # type: ignore[attr-defined]
