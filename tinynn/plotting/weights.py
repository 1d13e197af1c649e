"""What a layer looks for: the weights of dense layers and the kernels of convolutions, as images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinynn.layers import Conv2D, Dense, Layer
from tinynn.layers.chain import walk
from tinynn.network import Sequential
from tinynn.plotting.images import gallery, shape_of_image
from tinynn.plotting.look import DIVERGING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

L = TypeVar("L", bound=Layer)

MOST_UNITS = 64  # images that one picture has room for
MOST_FILTERS, MOST_CHANNELS = 16, 16


def plot_weights(
    net: Any,
    layer: int | None = None,
    image_shape: Sequence[int] | None = None,
    units: Sequence[int] | None = None,
    *,
    title: str = "",
) -> "Figure":
    """Draw the weights of a Dense layer, one image a unit: what it adds up where in the input.

    Unit j computes Σᵢ x[i] W[i, j] + b[j]. Drawn in the shape of the input, its weights W[:, j] show which pixels speak
    for it (red) and which against it (blue); white is 0. All images share one scale.

    Parameters
    ----------
    net : Sequential or Classifier
    layer : int, optional
        Place of the layer in ``net.layers``; by default the first Dense one.
    image_shape : tuple of int, optional
        (height, width), or (height, width, 3) for colours, where grey is 0. By default the shape of the network's
        input where that is an image, or a square.
    units : sequence of int, optional
        Which units; by default the first 64.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For a network without a Dense layer, a layer that is none, inputs that are no image, units that do not exist.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(10)], input_shape=(784,))
    >>> figure = plot_weights(net)
    >>> figure.axes[0].images[0].get_array().shape
    (28, 28)
    """
    net = _network(net)
    place, dense = _find(net, Dense, layer, "plot_weights")
    W = _weights(net, dense, place)
    inputs, count = W.shape
    row = net.input_shape if len(net.input_shape) > 1 and np.prod(net.input_shape) == inputs else (inputs,)
    shape = shape_of_image(row, image_shape, f"the input of {place}, {dense!r},")
    chosen = list(range(min(count, MOST_UNITS))) if units is None else [_unit(j, count) for j in units]
    if not chosen:
        raise ValueError("units is empty: name at least one unit, or leave it out")
    note = f"{place}, {dense!r}: {_some(len(chosen), count, 'units')}"
    tiles = [W[:, j].reshape(shape) for j in chosen]
    return _draw(tiles, [str(j) for j in chosen], _columns(len(chosen)), title, note)


def plot_kernels(net: Any, layer: int | None = None, *, title: str = "") -> "Figure":
    """Draw the kernels of a Conv2D layer as small images: the patterns that it looks for.

    Of a layer that sees grey images, one image a filter; of one that sees colours, one coloured image a filter, where
    grey is 0. Of any other layer a row for each filter, with one image for each channel of its input. All images share
    one scale, as in `plot_weights`.

    Parameters
    ----------
    net : Sequential or Classifier
    layer : int, optional
        Place of the layer in ``net.layers``; by default the first Conv2D one.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        For a network without a Conv2D layer, or a layer that is none.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Conv2D(8, 5), nn.ReLU(), nn.Conv2D(4, 3)], input_shape=(28, 28, 1))
    >>> len(plot_kernels(net).axes[0].images), len(plot_kernels(net, layer=2).axes[0].images)
    (8, 32)
    """
    net = _network(net)
    place, conv = _find(net, Conv2D, layer, "plot_kernels")
    W = np.moveaxis(_weights(net, conv, place), -1, 0)  # (filters, height, width, channels)
    filters, channels = len(W), W.shape[-1]
    sees_colors = channels == 3 and conv.input_shape == net.input_shape
    if channels == 1 or sees_colors:
        shown = W[:MOST_UNITS]
        tiles = [kernel if sees_colors else kernel[:, :, 0] for kernel in shown]
        note = f"{place}, {conv!r}: {_some(len(tiles), filters, 'filters')}"
        return _draw(tiles, [str(i) for i in range(len(tiles))], _columns(len(tiles)), title, note)
    shown = W[:MOST_FILTERS, :, :, :MOST_CHANNELS]
    tiles = [kernel[:, :, c] for kernel in shown for c in range(shown.shape[-1])]
    note = (
        f"{place}, {conv!r}: {_some(len(shown), filters, 'filters')} down, "
        f"{_some(shown.shape[-1], channels, 'channels')} across"
    )
    return _draw(tiles, None, shown.shape[-1], title, note)


def _network(net: Any) -> Sequential:
    net = getattr(net, "network_", net)
    if not isinstance(net, Sequential):
        raise TypeError(f"net must be a Sequential or a fitted Classifier, not {type(net).__name__}")
    return net


def _find(net: Sequential, kind: type[L], place: int | None, caller: str) -> tuple[str, L]:
    """Return the layer at this place of the network, or the first one of this kind, and what to call it."""
    if place is None:
        for i, layer in enumerate(net.layers):
            for inner in walk([layer]):
                if isinstance(inner, kind):
                    return f"layer {i}", inner
        raise ValueError(f"{caller} draws a {kind.__name__} layer, and this network has none: {net!r}")
    layers = net.layers
    if not isinstance(place, int | np.integer) or not -len(layers) <= place < len(layers):
        raise ValueError(
            f"layer must be the place of a layer, 0 to {len(layers) - 1} in this network, not {place!r}"
        )
    layer = layers[place]
    if not isinstance(layer, kind):
        places = [i for i, other in enumerate(layers) if isinstance(other, kind)]
        where = f"; {kind.__name__} is at {', '.join(map(str, places))}" if places else ""
        raise ValueError(f"{caller} draws a {kind.__name__} layer, and layer {place} is {layer!r}{where}")
    return f"layer {place % len(layers)}", layer


def _weights(net: Sequential, layer: Dense | Conv2D, place: str) -> np.ndarray:
    W = net.backend.to_numpy(layer.W)
    if not np.isfinite(W).all():
        raise ValueError(
            f"{place}, {layer!r}, has weights that are NaN or infinite; the usual cause is a learning rate that is "
            "too large"
        )
    return W


def _unit(j: int, count: int) -> int:
    if not isinstance(j, int | np.integer) or not 0 <= j < count:
        raise ValueError(f"units are numbered 0 to {count - 1} in this layer, and {j!r} is not among them")
    return int(j)


def _some(shown: int, count: int, what: str) -> str:
    return f"{count} {what}" if shown == count else f"{shown} of {count} {what}"


def _columns(count: int) -> int:
    """Choose a grid that is somewhat wider than high; two rows of five rather than four, four and two."""
    return min((n for n in range(1, 13) if n * n >= count), default=12) if count > 10 else min(count, 5)


def _draw(
    tiles: list[np.ndarray], captions: list[str] | None, columns: int, title: str, note: str
) -> "Figure":
    """Draw weights on one scale with 0 in the middle."""
    largest = max(float(np.abs(tile).max()) for tile in tiles) or 1.0
    if tiles[0].ndim == 3:
        note += f"\ngrey is 0, a dark channel −{largest:.2g}, a bright one {largest:.2g}"
        return gallery(
            [0.5 + tile / (2 * largest) for tile in tiles], captions, columns, title=title, note=note
        )
    limits = {"vmin": -largest, "vmax": largest}
    return gallery(tiles, captions, columns, bar=True, title=title, note=note, cmap=DIVERGING, **limits)
