"""What the models took for what, before the first question and after the last label."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyal.comparison import Comparison
from tinyal.report.markup import Html, join, table, tag

LARGEST = 20  # classes that a table has room for; of more, the most frequent mistakes are listed
LISTED = 10


def confusions(comparison: Comparison, classes: tuple[str, ...] | None) -> Html:
    """Write two tables for each strategy, summed over its seeds; say so where the runs did not record them."""
    if any(run.confusion is None for run in comparison.runs):
        return tag(
            "p",
            "These runs did not record what was taken for what: ",
            tag("code", "compare(..., confusion=True)"),
            " does.",
            class_="note",
        )
    parts = []
    for name in comparison.strategies:
        tables = [np.asarray(run.confusion) for run in comparison.of(name)]
        if len({t.shape for t in tables}) > 1:
            raise ValueError(f"the runs of {name!r} have confusion tables of different sizes")
        before, after = sum(tables[1:], start=tables[0])
        k = len(before)
        names = classes if classes is not None and len(classes) == k else tuple(map(str, range(k)))
        labels = comparison.of(name)[0].labels
        content = [
            _one(f"{name}, {spent} labels", counts, names)
            for spent, counts in ((labels[0], before), (labels[-1], after))
        ]
        wrong = [1 - np.trace(counts) / max(counts.sum(), 1) for counts in (before, after)]
        words = f"{name}: {wrong[0]:.1%} wrong at the start, {wrong[1]:.1%} at the end"
        parts.append(tag("details", tag("summary", words), tag("div", content, class_="rounds")))
    return join(parts)


def _one(caption: str, counts: NDArray[Any], names: tuple[str, ...]) -> Html:
    if len(counts) > LARGEST:
        return _mistakes(caption, counts, names)
    totals = np.maximum(counts.sum(axis=1), 1)
    rows = [
        [
            names[i],
            *(
                tag(
                    "td",
                    count or "",
                    class_="right" if i == j else "wrong",
                    style=f"--s:{count / totals[i]:.2f}",
                )
                for j, count in enumerate(counts[i].tolist())
            ),
        ]
        for i in range(len(counts))
    ]
    return table(f"{caption}: true class by line, guess by column", ["", *names], rows, "matrix")


def _mistakes(caption: str, counts: NDArray[Any], names: tuple[str, ...]) -> Html:
    off = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    order = [divmod(int(place), len(off)) for place in np.argsort(-off, axis=None, kind="stable")[:LISTED]]
    rows = [[names[i], names[j], int(off[i, j])] for i, j in order if off[i, j]]
    return table(f"{caption}: the most frequent mistakes", ["true class", "guess", "rows"], rows)
