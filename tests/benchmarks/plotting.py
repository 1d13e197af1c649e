"""Two pictures of a record: ratios to the peers with what is wanted, and how time and memory grow with the rows."""

from itertools import groupby
from typing import Any

from matplotlib.figure import Figure

from tests.benchmarks.table import Row
from tests.benchmarks.text import series

BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#6B6B6B"


def ratios(table: list[Row]) -> Figure | None:
    """Draw our time as a share of each peer's, on a logarithmic axis: left of 1 we are faster."""
    shown = [row for row in table if row.ratio is not None]
    if not shown:
        return None
    kernels = list(dict.fromkeys(row.kernel for row in shown))
    names = list(dict.fromkeys(f"{row.work}: {row.peer}" for row in shown))
    figure = Figure(figsize=(9, 1.2 + 0.26 * len(names)), layout="constrained")
    panels: Any = figure.subplots(1, len(kernels), sharex=True, sharey=True, squeeze=False)[0]
    for kernel, axes in zip(kernels, panels, strict=True):
        for row in (row for row in shown if row.kernel == kernel):
            place = names.index(f"{row.work}: {row.peer}")
            color = ORANGE if row.met is False else BLUE
            axes.plot([row.ratio_low, row.ratio_high], [place, place], color=color, linewidth=2)
            axes.plot(row.ratio, place, "o", color=color, markersize=5)
            if row.wanted is not None:
                axes.plot(row.wanted, place, "|", color=GREY, markersize=11, markeredgewidth=1.5)
        axes.axvline(1, color="#B0B0B0", linewidth=1, zorder=0)
        axes.set_xscale("log")
        axes.set_title(kernel, fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="x", color="#E6E6E6", linewidth=0.6)
    panels[0].set_yticks(range(len(names)), names, fontsize=9)
    panels[0].set_ylim(len(names) - 0.4, -0.6)
    figure.supxlabel(
        "our time or memory / that of the peer (median of rounds, quartiles); grey mark: wanted; orange: missed",
        fontsize=10,
    )
    return figure


def growth(table: list[Row]) -> Figure | None:
    """Draw time and peak memory against rows, on logarithmic axes."""
    shown = [row for row in table if row.work.startswith("scaling") and row.median is not None]
    if not shown:
        return None
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    panels: Any = figure.subplots(1, 2)
    for (work, kernel), group in groupby(shown, key=lambda row: (row.work, row.kernel)):
        n, seconds, megabytes = zip(*series(list(group)), strict=True)
        for axes, values in zip(panels, (seconds, megabytes), strict=True):
            axes.loglog(n, values, "o-", markersize=4, label=f"{work.removeprefix('scaling-')}, {kernel}")
    for axes, name in zip(panels, ("seconds", "peak memory allocated, megabytes"), strict=True):
        axes.set(xlabel="rows in the file", ylabel=name)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color="#E6E6E6", linewidth=0.6)
    panels[0].legend(frameon=False)
    return figure
