"""From single times to a table: medians and quartiles, ratios within rounds, and whether all did the same work."""

from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from tests.benchmarks.targets import wanted
from tests.benchmarks.work import Work

Results = list[dict[str, Any]]


@dataclass
class Row:
    """One peer at one work with one kernel.

    Attributes
    ----------
    median, low, high : float
        Of all its times in seconds, or of megabytes, with quartiles; of none, nothing.
    ratio, ratio_low, ratio_high : float, optional
        Ours divided by its, within each round; the median over rounds, with quartiles.
    wanted : float, optional
    products : float, optional
        The time of the matrix products alone as a share of our time.
    note : str
        Why it is missing, or in what its result differs.
    check : dict
        What came out.
    """

    work: str
    kernel: str
    peer: str
    median: float | None = None
    low: float | None = None
    high: float | None = None
    ratio: float | None = None
    ratio_low: float | None = None
    ratio_high: float | None = None
    wanted: float | None = None
    products: float | None = None
    note: str = ""
    check: dict[str, Any] = field(default_factory=dict)

    @property
    def met(self) -> bool | None:
        """Whether what is wanted was reached; of ours, megabytes are wanted, of others a ratio."""
        reached = self.median if self.peer == "ours" else self.ratio
        return None if self.wanted is None or reached is None else reached <= self.wanted


def rows(results: Results, works: dict[str, Work]) -> list[Row]:
    """Return a row for each peer, work and kernel, in the order of the works; memory is a work of its own."""
    table: list[Row] = []
    for coretype in sorted({result["coretype"] for result in results}, key=str):
        for work in works.values():
            found = [r for r in results if r["work"] == work.name and r["coretype"] == coretype]
            if not found:
                continue
            kernel = _kernel(found, coretype)
            table += _block(work, work.name, kernel, found, "seconds")
            if work.name == "process":
                table += _block(work, "process memory", kernel, found, "megabytes")
    return table


def _kernel(found: Results, coretype: str | None) -> str:
    """Return the kernel that was really in use, which a processor without it may not be the one asked for."""
    names = {r["blas"]["architecture"] for r in found if "blas" in r}
    return " or ".join(sorted(map(str, names))) or coretype or "unknown"


def _block(work: Work, name: str, kernel: str, found: Results, figure: str) -> list[Row]:
    ours = [r for r in found if r["peer"] == "ours"]
    block = []
    for peer in work.peers:
        theirs = [r for r in found if r["peer"] == peer]
        if not theirs:
            continue
        row = Row(name, kernel, peer, wanted=wanted(name, peer, kernel))
        block.append(row)
        values = [value for result in theirs for value in figures(result, figure)]
        if not values:
            row.note = next(r.get("missing") or r.get("failed", "") for r in theirs)
            continue
        row.low, row.median, row.high = spread(values)
        row.check = next(r["check"] for r in theirs if "check" in r)
        if figure == "seconds" and any(r.get("products") for r in theirs):
            row.products = median(p for r in theirs for p in r.get("products", ())) / row.median
        if peer != "ours" and (pairs := _pairs(ours, theirs, figure)):
            row.ratio_low, row.ratio, row.ratio_high = spread([our / their for our, their in pairs])
            row.note = difference(work, ours, theirs)
    return block


def figures(result: dict[str, Any], figure: str) -> list[float]:
    """Return the times of a result, or its memory."""
    if figure == "seconds":
        return list(result.get("seconds", ()))
    return [result["check"][figure]] if figure in result.get("check", {}) else []


def spread(values: list[float]) -> tuple[float, float, float]:
    """Return lower quartile, median, upper quartile; of a single value, itself.

    >>> spread([3.0, 1.0, 2.0, 4.0, 5.0])
    (2.0, 3.0, 4.0)
    """
    if len(values) == 1:
        return values[0], values[0], values[0]
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return low, middle, high


def _pairs(ours: Results, theirs: Results, figure: str) -> list[tuple[float, float]]:
    """Return our median and theirs of each round that has both: load that comes and goes touches both."""
    pairs = []
    for number in sorted({result["round"] for result in theirs}):
        of_round = [
            [value for r in side if r["round"] == number for value in figures(r, figure)]
            for side in (ours, theirs)
        ]
        if all(of_round):
            pairs.append((median(of_round[0]), median(of_round[1])))
    return pairs


def difference(work: Work, ours: Results, theirs: Results) -> str:
    """Say in what a peer's results differ from ours by more than they may: then it did not do the same work."""
    for mine in (r["check"] for r in ours if "check" in r):
        for other in (r["check"] for r in theirs if "check" in r):
            for name, most in work.agreement.items():
                a, b = mine[name], other[name]
                if isinstance(a, list):
                    if len(set(a) ^ set(b)) > most * len(a):
                        return f"NOT THE SAME: {name}, {len(set(a) - set(b))} of {len(a)} are others"
                elif not abs(a - b) <= most:  # a NaN is not the same either
                    return f"NOT THE SAME: {name} {b:.4g}, ours {a:.4g}"
    return ""
