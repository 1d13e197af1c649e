"""Which classes the labels went to: bands of the labelled set over time, and the counts at the end."""

import numpy as np
from numpy.typing import NDArray

from tinyal.comparison import Comparison
from tinyal.report.markup import Html, svg_tag, table, tag
from tinyal.report.pool import Pool
from tinynn.plotting.look import MANY_COLORS

WIDTH, HEIGHT = 220, 130


def class_balance(comparison: Comparison, pool: Pool) -> Html:
    """Draw one small picture a strategy: the share of each class in the labelled set, mean over seeds."""
    pictures, final = [], {}
    for name in comparison.strategies:
        labels, shares = _shares(comparison, name, pool)
        final[name] = labels[-1] * shares[-1]
        pictures.append(_picture(name, labels, shares, pool.classes))
    pool_shares = np.bincount(pool.positions, minlength=len(pool.classes)) / len(pool.x)
    end = comparison.runs[0].labels[-1]
    rows = [
        [
            tag("span", _color_box(k), class_name),
            f"{end * pool_shares[k]:.1f}",
            *(f"{final[name][k]:.1f}" for name in comparison.strategies),
        ]
        for k, class_name in enumerate(pool.classes)
    ]
    caption = f"Labels of each class among the {end}, mean over seeds, and what the pool's shares would make of them"
    counts = table(caption, ["class", "pool's share", *comparison.strategies], rows)
    return tag("div", tag("div", pictures, class_="small"), counts)


def _shares(comparison: Comparison, name: str, pool: Pool) -> tuple[list[int], NDArray[np.float64]]:
    """Return the labels at each evaluation and the mean share of each class then, (evaluations, classes)."""
    runs, shares = comparison.of(name), []
    for run in runs:
        pool.check([row for rows in run.queried for row in rows])
        counts = np.cumsum([pool.counts(rows) for rows in run.queried], axis=0)
        shares.append(counts / counts.sum(axis=1, keepdims=True))
    return runs[0].labels, np.mean(shares, axis=0)


def _picture(name: str, labels: list[int], shares: NDArray[np.float64], classes: tuple[str, ...]) -> Html:
    span = max(labels[-1] - labels[0], 1)
    x = [round(WIDTH * (spent - labels[0]) / span, 1) for spent in labels]
    edges = HEIGHT * np.cumsum(np.column_stack([np.zeros(len(shares)), shares]), axis=1)
    bands = []
    for k in range(len(classes)):
        upper = [f"{a:g} {b:.1f}" for a, b in zip(x, edges[:, k], strict=True)]
        lower = [f"{a:g} {b:.1f}" for a, b in zip(x, edges[:, k + 1], strict=True)]
        bands.append(svg_tag("path", d=f"M{'L'.join([*upper, *lower[::-1]])}Z", fill=_color(k)))
    most = int(np.argmax(shares[-1]))
    most_of_all = f"Most at the end: {classes[most]}, {shares[-1][most]:.0%}"
    words = f"{name}: from {labels[0]} to {labels[-1]} labels. {most_of_all}."
    picture = svg_tag(
        "svg",
        svg_tag("title", words),
        bands,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
        preserveAspectRatio="none",
    )
    ends = tag("span", tag("span", labels[0]), tag("span", f"{labels[-1]} labels"), class_="ends")
    return tag("figure", tag("figcaption", name), picture, ends)


def _color(k: int) -> str:
    return MANY_COLORS[k % len(MANY_COLORS)]


def _color_box(k: int) -> Html:
    return tag("span", class_="box", style=f"background:{_color(k)}", aria_hidden="true")
