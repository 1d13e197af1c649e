"""What each strategy asked for, round by round: as images where the rows are images, as numbers elsewhere."""

import math
from itertools import pairwise

import numpy as np

from tinyal.comparison import Comparison, StrategyRun
from tinyal.report.markup import Html, join, table, tag
from tinyal.report.pool import Pool
from tinyal.report.sprites import data_uri, small_images, tile

LIMIT = 2_000_000  # characters for all images of a report
ACROSS = 10  # images side by side
SIDE = 28  # pixels of an image on the screen, about
FEATURES, ROWS = 8, 5  # numbers of a row and rows of a round that a table shows


def questions_asked(comparison: Comparison, pool: Pool) -> Html:
    """Show the questions of each strategy's run with the first seed, one strategy under the other.

    If the images would make the page too large, fewer of each round are shown, and the page says so.
    """
    runs = [comparison.of(name)[0] for name in comparison.strategies]
    for run in runs:
        pool.check([row for rows in run.queried for row in rows])
    shape = pool.image_shape
    if shape is None:
        return join(_details(run, _numbers(run, pool)) for run in runs)
    each = largest = max(len(rows) for run in runs for rows in run.queried)
    while True:
        sheets = [_sheet(run, pool, shape, each) for run in runs]
        size = sum(map(len, sheets))
        if size <= LIMIT or each == 1:
            break
        each = min(each - 1, max(1, math.floor(each * LIMIT / size)))
    note = None
    if each < largest:
        note = tag("p", f"To keep this page small, {each} of each round are shown at most.", class_="note")
    parts = [
        _details(run, _images(run, pool, shape, each, sheet)) for run, sheet in zip(runs, sheets, strict=True)
    ]
    return join([note, *parts])


def _details(run: StrategyRun, content: Html) -> Html:
    rounds = len(run.queried) - 1
    words = f"{run.strategy}: {rounds} round{'s' * (rounds != 1)}, {run.labels[-1]} labels"
    return tag("details", tag("summary", words), content)


def _sheet(run: StrategyRun, pool: Pool, shape: tuple[int, ...], each: int) -> str:
    rounds = [small_images(pool.x[rows[:each]], shape, pool.low, pool.high) for rows in run.queried]
    return data_uri(np.concatenate([tile(images, min(ACROSS, each)) for images in rounds]))


def _images(run: StrategyRun, pool: Pool, shape: tuple[int, ...], each: int, sheet: str) -> Html:
    """Show windows into one image that holds all rounds, one below the other."""
    height, width = small_images(pool.x[:1], shape, pool.low, pool.high).shape[1:3]
    scale = max(1, round(SIDE / max(height, width)))
    across = min(ACROSS, each)
    # One string for all rounds, in a custom property: the image is in the page once.
    whole = f"--sheet:url({sheet});--w:{across * width * scale}px"
    figures, line = [], 0
    for i, rows in enumerate(run.queried):
        lines = -(-len(rows[:each]) // across)
        names = " ".join(pool.names(rows[:each]))
        window = tag(
            "div",
            class_="window ink" if len(shape) == 2 else "window",
            role="img",
            aria_label=f"{len(rows[:each])} images with the labels {names}",
            style=f"--y:{-line * height * scale}px;--h:{lines * height * scale}px",
        )
        figures.append(tag("figure", tag("figcaption", _caption(run, pool, i), tag("br"), names), window))
        line += lines
    return tag("div", figures, class_="rounds", style=whole)


def _numbers(run: StrategyRun, pool: Pool) -> Html:
    flat = pool.x.reshape(len(pool.x), -1)
    more = flat.shape[1] - FEATURES
    head = ["row", "label", *(f"x{k}" for k in range(min(FEATURES, flat.shape[1])))]
    head += [f"and {more} more"] * (more > 0)
    tables = []
    for i, rows in enumerate(run.queried):
        shown = rows[:ROWS]
        cells = [
            [row, name, *(f"{value:.4g}" for value in flat[row, :FEATURES].tolist()), *["…"] * (more > 0)]
            for row, name in zip(shown, pool.names(shown), strict=True)
        ]
        left = len(rows) - len(shown)
        caption = _caption(run, pool, i) + (f"; {left} more rows are not shown" if left else "")
        tables.append(table(caption, head, cells))
    return tag("div", tables, class_="rounds")


def _caption(run: StrategyRun, pool: Pool, i: int) -> str:
    if i == 0:
        return f"start: {run.labels[0]} labels"
    first, last = list(pairwise(run.labels))[i - 1]
    caption = f"round {i}: {first + 1} to {last}" if last > first + 1 else f"round {i}: {last}"
    beliefs = run.probabilities[i]
    if beliefs is None or len(beliefs[0]) != len(pool.classes):
        return caption
    wrong = int((np.argmax(beliefs, axis=1) != pool.positions[run.queried[i]]).sum())
    return f"{caption}, {wrong} guessed wrong"
