"""The table as text, for a terminal of 100 columns."""

import math
from itertools import groupby
from typing import Any

from tests.benchmarks.table import Row
from tests.benchmarks.work import Work

MANY = 10_000  # rows: more than a chunk, so that growth is that of the pool and not of the first chunk


def text(table: list[Row], works: dict[str, Work]) -> str:
    """Write all rows, a paragraph for each work; works without peers by the number of rows."""
    paragraphs = []
    for (name, kernel), group in groupby(table, key=lambda row: (row.work, row.kernel)):
        block = list(group)
        head = f"{name}: {about(name, works)}; {kernel}"
        lines = [growth(block)] if name.startswith("scaling") else _compared(block)
        paragraphs.append("\n".join([head, *lines]))
    return "\n\n".join(paragraphs)


def about(name: str, works: dict[str, Work]) -> str:
    """Say what is measured by a work, or by what is kept of it besides its time."""
    if name == "process memory":
        return "largest resident set, in megabytes"
    return f"{works[name].about}; time per {works[name].each}"


def _compared(block: list[Row]) -> list[str]:
    lines = [f"  {'':20} {'median':>10}  {'quartiles':>17}  {'ours / it':>9}  {'rounds':>11}  {'wanted':>7}"]
    memory = block[0].work == "process memory"
    for row in block:
        if row.median is None or row.low is None or row.high is None:
            lines.append(f"  {row.peer:20} {row.note}")
            continue
        show = megabytes if memory else time
        line = f"  {row.peer:20} {show(row.median):>10}  {show(row.low) + '–' + show(row.high):>17}  "
        if row.ratio is not None:
            rounds = f"{ratio(row.ratio_low)}–{ratio(row.ratio_high)}"
            line += f"{ratio(row.ratio):>9}  {rounds:>11}  "
        elif row.products is not None:
            line += f"matrix products alone: {row.products:.2f} of it  "
        if row.wanted is not None:
            wanted = f"≤ {row.wanted:g}"
            line += f"{wanted:>7} {'met' if row.met else 'MISSED' if row.met is False else ''} "
        facts = ", ".join(
            f"{name} {value:.4g}" for name, value in row.check.items() if isinstance(value, float)
        )
        lines.append((line + (row.note or facts)).rstrip())
    return lines


def growth(block: list[Row]) -> str:
    """Write time and memory against rows, and the slope of their logarithms: 1 is linear."""
    lines = [f"  {'rows':>10} {'time':>10} {'a row':>10} {'memory':>10}"]
    points = series(block)
    for n, seconds, memory in points:
        lines.append(f"  {n:10,d} {time(seconds):>10} {time(seconds / n):>10} {megabytes(memory):>10}")
    lines += [f"  {row.peer}: {row.note}" for row in block if row.median is None]
    if rates := growth_rates(block):
        lines.append(f"  {rates}")
    return "\n".join(lines)


def growth_rates(block: list[Row]) -> str:
    """Say how time and memory grow with the rows, beyond the first chunk of them."""
    whole = [point for point in series(block) if point[0] >= MANY]
    if len(whole) < 2:
        return ""
    (n0, t0, m0), (n1, t1, m1) = whole[0], whole[-1]
    power = math.log(t1 / t0) / math.log(n1 / n0)
    return (
        f"from {n0:,d} to {n1:,d}: time grows as rows^{power:.2f}, memory by {1e6 * (m1 - m0) / (n1 - n0):.1f} "
        "bytes a row"
    )


def series(block: list[Row]) -> list[tuple[int, float, float]]:
    """Return (rows, seconds, megabytes) of all sizes that were measured."""
    return [(int(r.check["rows"]), r.median, r.check["megabytes"]) for r in block if r.median is not None]


def time(seconds: float) -> str:
    """Write a time with three digits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= 0.9995 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def ratio(value: float | None) -> str:
    """Two places, or for what is far below one two digits."""
    return "" if value is None else f"{value:.2f}" if value >= 0.1 else f"{value:.2g}"


def megabytes(value: float) -> str:
    """Write a size with three digits."""
    return f"{value:.3g} MB"


def introduction(record: dict[str, Any]) -> str:
    """Say on what machine, with what and how the table was measured."""
    machine, how = record["machine"], record["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    load = "" if machine["load"] is None else f", load {machine['load']:.1f} at the start"
    quick = "; QUICK: less data and one repeat, not to be quoted" if how["quick"] else ""
    return (
        f"{machine['processor']}, {machine['cores']} cores ({how['threads']} used), {machine['system']}, "
        f"Python {machine['python']}{load}\n{versions}\n"
        f"{how['rounds']} round(s), seed {how['seed']}; data: {record['data']}{quick}"
    )
