"""Writes docs/results/strategies.md from a comparison: ``python -m tests.strategy_results FOLDER``.

The folder is what ``tinyal compare docs/results/strategies.toml --out FOLDER`` left. Its learning curves go into
docs/results/strategies.json, the page is drawn from that, and a test holds that the two agree, and that the strategies,
the network and the budget are still the ones that were run.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.recipe_results import ROOT
from tinyal import Comparison, StrategyRun
from tinyal.configuration import configure
from tinyal.paired import PairedTest
from tinyal.results import read

SETTINGS = ROOT / "docs" / "results" / "strategies.toml"
RECORD = ROOT / "docs" / "results" / "strategies.json"
PAGE = ROOT / "docs" / "results" / "strategies.md"
REFERENCE = "random"
LEVEL = 0.05
AT = (100, 200, 500, 1000)  # labels
INTRODUCTION = """\
# How the strategies compare

`tinyal compare docs/results/strategies.toml --out FOLDER` runs them all, and goes on where it was interrupted. A
network 784-128-10 with dropout is trained from scratch on the labels so far; each strategy looks at 10,000 rows a
round, drawn at random (Cluster-Margin and TypiClust at fewer of them, as the file says). 20 labels are drawn at the
start, then 10 a round are asked for up to 100, then 50. No validation labels are used. Ten seeds, the same for all
strategies: runs of one seed start from the same rows.

Tables give the mean test accuracy in percent, then how many labels a strategy saves until it reaches for the first time
what random reaches in the end (rounded down to a whole percent), and, as that flatters, until it never falls below it
again, with 95 % intervals. "n of 10" says how many runs got there where not all did: the others count with all their
labels, which flatters the strategy. The last column tells whether the area under the curve is better or worse than
random's, by a paired permutation test, its p corrected after Holm for all strategies of the table. (All pairs among
each other are too many for ten seeds: no p could fall below 0.05 after the correction.)
[The curves](strategies-drawn.md).

BatchBALD is not among them: what T samples can tell together is at most ln T, which batches of 50 exhaust after a few
rows; it is made for batches of ten.

These are results for one small network and one kind of image. What they say about others is: try.
"""
TITLES = {
    "mnist": "## MNIST, 60,000 images to choose from",
    "repeated": "## Near copies: 10,000 images of MNIST, each four times, with noise",
}


def record(folder: Path) -> dict[str, Any]:
    """Return what is kept of a comparison: settings and learning curves."""
    kept: dict[str, Any] = {"asked for": asked_for()}
    for name in TITLES:
        result = read(folder / name / "results.json")
        runs = [
            {"strategy": run.strategy, "seed": run.seed, "labels": run.labels, "accuracy": run.accuracy}
            for run in result.runs
        ]
        kept[name] = {"config": dict(result.settings), "runs": runs}
    return kept


def load(kept: dict[str, Any], name: str) -> Comparison:
    """Return the comparison on one of the data sets."""
    runs = [StrategyRun(**run) for run in kept[name]["runs"]]
    return Comparison(runs, kept[name]["config"])


def table(result: Comparison) -> list[str]:
    """Return a line of Markdown for each strategy, the largest area first."""
    target = result.target(REFERENCE)
    tests = result.against(REFERENCE)
    heads = [f"{labels} labels" for labels in AT]
    lines = [
        f"| strategy | {' | '.join(heads)} | saved to {target:.0%}, first | saved, last | than random |",
        "|" + "---|" * (len(AT) + 4),
    ]
    for name in sorted(result.strategies, key=lambda name: -result.area(name).mean):
        labels, means = result.curve(name)
        cells = [f"{100 * means[labels.index(at)].mean:.1f}" for at in AT]
        for crossing in ("first", "last"):
            cells.append("" if name == REFERENCE else saved(result, name, target, crossing))
        cells.append(verdict(*tests[name]) if name in tests else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def saved(result: Comparison, name: str, target: float, crossing: Any) -> str:
    """Return the share of random's labels that a strategy saves, with its interval; and what flatters it."""
    share = result.labels_saved(name, target, REFERENCE, crossing)
    needed = result.labels_to(name, target, crossing)
    reached = f"{needed.reached} of {len(needed.per_run)}"
    if share is None:
        return f"({reached})"
    return f"{share:.0%}" + ("" if needed.reached == len(needed.per_run) else f" ({reached})")


def verdict(test: PairedTest, p: float) -> str:
    """Say whether a strategy was shown to be better or worse than random."""
    shown = "not shown" if p > LEVEL else "better" if test.difference.mean > 0 else "worse"
    return f"{shown}, p = {p:.3f}"


def page(kept: dict[str, Any]) -> str:
    """Draw the page."""
    parts = [INTRODUCTION]
    for name, title in TITLES.items():
        result = load(kept, name)
        parts.append("\n".join([title, "", *table(result)]) + "\n")
    return "\n".join(parts)


def asked_for() -> dict[str, str]:
    """Return what the settings ask for, as text: if it changes, the results are another's."""
    written = tomllib.loads(SETTINGS.read_text(encoding="utf-8"))
    small = configure(written | {"data": {"name": "digits"}}, ROOT)  # it is not asked for the data
    return {
        "data": repr(written["data"]),
        "budget": repr(written["budget"]),
        "model": repr(small.setups[0].model),
        **{name: repr(strategy) for name, strategy in small.strategies.items()},
    }


def main(folder: str) -> None:
    """Write record and page."""
    kept = record(Path(folder))
    RECORD.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
