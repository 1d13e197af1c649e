"""What came out with few labels: a table of medians and quartiles, and a dot for every run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.reproductions.report import Report

PUBLISHED = (
    # labels, accuracy, who
    ((190, 230), 0.95, "BatchBALD (Kirsch et al. 2019)"),
    ((295, 355), 0.95, "variation ratios to entropy (Gal et al. 2017)"),
)
BALANCE = {
    None: "Nothing is assumed about how often classes occur, or estimated.",
    "estimated": "How often classes occur is estimated from how far their labels spread.",
    "equal": "Classes are taken to occur equally often.",
}
WORDS = {"graph": "middles of clusters", "random": "random choice"}


def groups(record: Mapping[str, Any]) -> dict[tuple[int, str], list[dict[str, Any]]]:
    """Return the runs of each budget and way to choose, the largest budget first."""
    found: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for run in record["runs"]:
        found.setdefault((run["labels"], run["choice"]), []).append(run)
    return dict(sorted(found.items(), key=lambda item: -item[0][0]))


def table(record: Mapping[str, Any]) -> Report:
    """Say in a table what the networks reached: median, quartiles, the worst seed; and what was published."""
    rows = [["labels", "chosen by", "median", "quartiles", "worst", "runs", "spread labels", "seconds"]]
    for (labels, choice), runs in groups(record).items():
        accuracy = [run["accuracy"] for run in runs]
        low, middle, high = np.quantile(accuracy, [0.25, 0.5, 0.75])
        rows.append(
            [
                str(labels),
                WORDS[choice],
                f"{middle:.2%}",
                f"{low:.2%} to {high:.2%}",
                f"{min(accuracy):.2%}",
                str(len(runs)),
                f"{np.median([run['spread'] for run in runs]):.2%}",
                f"{np.median([run['seconds'] for run in runs]):.0f}",
            ]
        )
    published = "; ".join(
        f"{low} to {high} labels to {accuracy:.0%}, {who}" for (low, high), accuracy, who in PUBLISHED
    )
    settings = record["settings"]
    notes = [
        f"Test accuracy of the network alone on {settings['dataset']}. Spread labels: the median share of the pool's "
        "rows that the graph labels right, counted afterwards. Seconds: of processor time, in the median run; the "
        f"graph, the same for all runs, took {record['seconds for the graph']:.0f}. {BALANCE[settings['balance']]}",
        f"Published, for networks that learn from labelled images alone: {published}.",
    ]
    return Report([rows], notes)


def draw(record: Mapping[str, Any], path: Path) -> None:
    """Write the figure."""
    figure(record).savefig(path, dpi=130)


def figure(record: Mapping[str, Any]) -> Any:
    """Return the figure that `draw` writes: a dot for each run, a bar for the median, and published points."""
    from tinynn.plotting.look import COLORS, GREY, new_figure, percent, plain

    drawn = new_figure(7.5, 4.6)
    axes = drawn.subplots()
    for (choice, word), color, aside in zip(WORDS.items(), (COLORS[0], GREY), (0.96, 1.04), strict=True):
        mine = {labels: runs for (labels, how), runs in groups(record).items() if how == choice}
        for i, (labels, runs) in enumerate(mine.items()):
            accuracy = [run["accuracy"] for run in runs]
            place = labels * aside
            axes.plot([place] * len(runs), accuracy, "o", color=color, alpha=0.5, markersize=5)
            middle = float(np.median(accuracy))
            label = word if i == 0 else None
            axes.plot([place * 0.96, place * 1.04], [middle, middle], color=color, linewidth=3, label=label)
    if record["settings"]["dataset"] == "mnist":
        for ((low, high), reached, who), color in zip(PUBLISHED, COLORS[1:], strict=False):
            axes.plot([low, high], [reached, reached], "-D", color=color, markersize=5, label=who)
    axes.set_xscale("log")
    ticks = sorted({run["labels"] for run in record["runs"]} | {200, 350})
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.minorticks_off()
    plain(axes, f"Few labels on {record['settings']['dataset']}: dots are runs, bars medians")
    percent(axes)
    axes.set(xlabel="labels, logarithmic", ylabel="test accuracy")
    axes.grid(axis="y", color="#797979", alpha=0.25, linewidth=0.6)
    axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize=9)
    return drawn
