"""Pictures of a reproduction: learning curves, with what was published as marks beside them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from tinyal.comparison import Comparison
from tinynn.plotting.look import COLORS, GREY, name_ends, new_figure, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Published = Mapping[str, Sequence[tuple[float, float]]]
"""For each strategy the points (labels, accuracy) that were published."""


def panels(
    results: Mapping[str, Comparison],
    published: Mapping[str, Published],
    *,
    reference: str,
    title: str,
    lowest: float = 0.5,
) -> "Figure":
    """Draw a panel of learning curves for each comparison: means with 95 % bands, and published points as diamonds.

    Parameters
    ----------
    results : mapping of str to Comparison
        By the panels' names.
    published : mapping of str to Published
        By the panels' names.
    reference : str
        The strategy to draw in grey.
    title : str
    lowest : float
        Where the vertical axis begins.
    """
    figure = new_figure(7.5 * len(results) + 1, 4.8)
    names = list(dict.fromkeys(name for result in results.values() for name in result.strategies))
    others = [name for name in names if name != reference]
    colors = {reference: GREY} | {name: COLORS[i % len(COLORS)] for i, name in enumerate(others)}
    grid = figure.subplots(1, len(results), sharey=True, squeeze=False).ravel()
    for axes, (panel, result) in zip(grid, results.items(), strict=True):
        ends = [_curve(axes, result, name, colors[name]) for name in result.strategies]
        for name, points in published.get(panel, {}).items():
            for labels, accuracy in points:
                axes.plot(labels, accuracy, "D", color=colors[name], markersize=7, fillstyle="none", zorder=4)
        plain(axes, f"{panel}. {title}" if len(results) > 1 else title)
        percent(axes)
        axes.set(xlabel="labels", ylim=(lowest, 1.0))
        axes.grid(axis="y", color="#797979", alpha=0.25, linewidth=0.6)
        figure.canvas.draw()  # so that the heights of the names' places are known
        name_ends(axes, ends)
    grid[0].set_ylabel("test accuracy")
    return figure


def _curve(axes: "Axes", result: Comparison, name: str, color: str) -> tuple[float, str, str]:
    """Draw one strategy's curve; return its end for `name_ends`."""
    labels, points = result.curve(name)
    mean = np.array([point.mean for point in points])
    axes.plot(labels, mean, color=color, linewidth=1.8)
    if len(result.of(name)) > 1:
        low, high = (np.array([getattr(point, end) for point in points]) for end in ("low", "high"))
        axes.fill_between(labels, low, high, color=color, alpha=0.15, linewidth=0)
    return float(mean[-1]), name, color
