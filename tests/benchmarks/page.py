"""The same table as Markdown, for the site: a table for each work, the kernels beside each other."""

from tests.benchmarks.table import Row
from tests.benchmarks.text import about, growth_rates, megabytes, ratio, series, time
from tests.benchmarks.work import Work


def page(table: list[Row], works: dict[str, Work]) -> str:
    """Write a heading and a table for each work, in their order."""
    names = list(dict.fromkeys(row.work for row in table))
    parts = []
    for name in names:
        rows = [row for row in table if row.work == name]
        blocks = {
            kernel: [r for r in rows if r.kernel == kernel]
            for kernel in dict.fromkeys(r.kernel for r in rows)
        }
        lines = _growing(blocks) if name.startswith("scaling") else _compared(blocks)
        parts += [f"**{name}**: {about(name, works)}.", "\n".join(lines)]
    return "\n\n".join(parts)


def _compared(blocks: dict[str, list[Row]]) -> list[str]:
    """A line for each peer: its median, our ratio to it, and what its result was."""
    heads = [f"{what}, {kernel}" for kernel in blocks for what in ("median", "ours / it")]
    lines = _head(["", *heads, "result"])
    for peer in dict.fromkeys(row.peer for block in blocks.values() for row in block):
        found = [next((row for row in block if row.peer == peer), None) for block in blocks.values()]
        cells = [cell for row in found for cell in _cells(row)]
        lines.append(_line([peer, *cells, _checked([row for row in found if row])]))
    return lines


def _cells(row: Row | None) -> tuple[str, str]:
    if row is None or row.median is None:
        return "–", "–"
    median = (megabytes if row.work == "process memory" else time)(row.median)
    judged = "" if row.wanted is None else f" (≤ {row.wanted:g} {'met' if row.met else '**missed**'})"
    if row.ratio is not None:
        return median, f"{ratio(row.ratio)}{judged}"
    return f"{median}{judged}", "" if row.products is None else f"products {row.products:.2f} of it"


def _checked(rows: list[Row]) -> str:
    """What a peer's result was with the first kernel, and whatever is to be said of it with any."""
    numbers = (
        f"{name} {value:.4g}" for name, value in rows[0].check.items() if name in ("accuracy", "spread")
    )
    return "; ".join(dict.fromkeys([*(row.note for row in rows if row.note), ", ".join(numbers)])).strip("; ")


def _growing(blocks: dict[str, list[Row]]) -> list[str]:
    """Time and memory against rows, and how fast they grow."""
    points = {kernel: {n: rest for n, *rest in series(block)} for kernel, block in blocks.items()}
    lines = _head(["rows", *(f"{what}, {kernel}" for kernel in blocks for what in ("time", "memory"))])
    for n in sorted({n for block in points.values() for n in block}):
        cells = [
            cell
            for block in points.values()
            for cell in ((time(block[n][0]), megabytes(block[n][1])) if n in block else ("–", "–"))
        ]
        lines.append(_line([f"{n:,d}", *cells]))
    rates = [f"{kernel}, {said}" for kernel, block in blocks.items() if (said := growth_rates(block))]
    return [*lines, "", *(f"{said}.  " for said in rates)]


def _head(cells: list[str]) -> list[str]:
    return [_line(cells), _line(["---", *["---:"] * (len(cells) - 1)])]


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
