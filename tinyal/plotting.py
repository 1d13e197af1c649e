"""Pictures of a comparison: learning curves, and the images that each strategy asked for."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyal.comparison import Comparison
from tinynn.plotting.look import COLORS, GREY, name_ends

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STYLES = ("-", "--", "-.", ":")


def learning_curves(
    comparison: Comparison, *, reference: str | None = None, target: float | None = None, title: str = ""
) -> "Figure":
    """Draw mean accuracy against labels, with 95 % bands over the seeds and a name at each curve's end.

    Parameters
    ----------
    comparison : Comparison
    reference : str, optional
        The strategy to draw in grey, as the yardstick.
    target : float, optional
        An accuracy to mark, with the labels that the runs of each strategy needed for it on average.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
    """
    figure = _figure(9, 5.4)
    axes = figure.subplots()
    ends = []
    for i, name in enumerate(comparison.strategies):
        color, style = _look(comparison, name, i, reference)
        labels, points = comparison.curve(name)
        mean = np.array([point.mean for point in points])
        axes.plot(labels, mean, color=color, linestyle=style, linewidth=2)
        if len(comparison.of(name)) > 1:
            axes.fill_between(
                labels,
                np.array([point.low for point in points], dtype=float),
                np.array([point.high for point in points], dtype=float),
                color=color,
                alpha=0.13,
                linewidth=0,
            )
        needed = comparison.labels_to(name, target).labels if target is not None else None
        if target is not None and needed is not None:
            axes.plot(needed.mean, target, "o", color=color, markersize=7, zorder=3)
        ends.append((mean[-1], name, color))
    if target is not None:
        axes.axhline(target, color="#B0B0B0", linewidth=1, zorder=0)
        axes.text(
            0.01,
            target,
            f"{target:.0%}",
            transform=axes.get_yaxis_transform(),
            va="bottom",
            color="#6B6B6B",
        )
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set(xlabel="labels", ylabel="test accuracy")
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#797979", alpha=0.25, linewidth=0.6)
    axes.margins(x=0.01)
    name_ends(axes, ends)
    return figure


def queried(
    comparison: Comparison,
    pool: np.ndarray,
    labels: np.ndarray,
    image_shape: tuple[int, ...],
    classes: tuple[str, ...],
    *,
    each: int = 6,
) -> "Figure":
    """Draw the images each strategy asked for first and last, with what they are and what the model said.

    The first seed's run is shown: `each` images of the first batch that the strategy chose, `each` of the last.
    Under an image stand its label and the two most probable classes at the time it was asked for, with their
    probabilities in percent; the label is red where the model's first guess was wrong.
    """
    names = comparison.strategies
    height = 0.3 + 1.5 * len(names)
    figure = _figure(0.95 * (2 * each + 0.5), height, layout=None)
    grid = figure.add_gridspec(
        len(names),
        2 * each + 1,
        width_ratios=[1] * each + [0.35] + [1] * each,
        hspace=0.8,
        wspace=0.15,
        left=0.01,
        right=0.99,
        top=1 - 0.3 / height,
        bottom=0.75 / height,
    )
    figure.text(
        0.01,
        0.1 / height,
        "Under each image: its label, then the model's two best guesses when it was asked, in percent. "
        "Red: the first guess was wrong.",
        fontsize=8,
        color="#6B6B6B",
    )
    for row, name in enumerate(names):
        run = comparison.of(name)[0]
        rounds = [i for i, beliefs in enumerate(run.probabilities) if beliefs is not None]
        if not rounds:
            continue
        for start, i, word in ((0, rounds[0], "first"), (each + 1, rounds[-1], "last")):
            shown = list(zip(run.queried[i], run.probabilities[i] or [], strict=True))[:each]
            for column, (index, p) in enumerate(shown, start):
                axes = figure.add_subplot(grid[row, column])
                axes.imshow(pool[index].reshape(image_shape), cmap="gray_r", vmin=0, vmax=255)
                axes.set(xticks=[], yticks=[])
                axes.spines[:].set_color("#C8C8C8")
                _caption(axes, p, int(labels[index]), classes)
                if column == start:
                    axes.text(
                        0.0,
                        1.12,
                        f"{name}: {word} batch, after {run.labels[i - 1]} labels",
                        transform=axes.transAxes,
                        fontsize=9,
                    )
    return figure


def save(figure: "Figure", path: Path) -> None:
    """Write a figure as PNG."""
    figure.savefig(path, dpi=130)


def _figure(width: float, height: float, layout: str | None = "constrained") -> "Figure":
    # A Figure of its own, without pyplot: no window, no global list of figures, whatever backend is set.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]


def _look(comparison: Comparison, name: str, i: int, reference: str | None) -> tuple[str, str]:
    if name == reference:
        return GREY, "-"
    others = [other for other in comparison.strategies if other != reference]
    i = others.index(name)
    return COLORS[i % len(COLORS)], STYLES[i // len(COLORS) % len(STYLES)]


def _caption(axes: "Axes", p: list[float], label: int, classes: tuple[str, ...]) -> None:
    order: Any = np.argsort(p)[::-1][:2]
    guesses = "  ".join(f"{classes[k]}: {100 * p[k]:.0f}" for k in order)
    axes.set_xlabel(
        f"{classes[label]}\n{guesses}",
        fontsize=7,
        labelpad=3,
        color="#B00020" if order[0] != label else "#202020",
    )
