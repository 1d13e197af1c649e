"""Writes docs/results/learned.md from two comparisons: ``python -m tests.learned_results LATE EARLY``.

The folders are what ``tinyal compare docs/results/learned-late.toml --out LATE`` left, and the same with "early". The
learning curves go into docs/results/learned.json, and the page is drawn from that.
"""

import json
import sys
import tomllib
from pathlib import Path
from typing import Any

from tests.recipe_results import ROOT
from tests.strategy_results import verdict
from tinyal import Comparison, StrategyRun
from tinyal.configuration import configure
from tinyal.results import read
from tinyal.strategies.learned.strategy import carried

FOLDER = ROOT / "docs" / "results"
RECORD = FOLDER / "learned.json"
PAGE = FOLDER / "learned.md"
REFERENCE = "random"
TITLES = {"late": "## From 1000 labels, 50 a round", "early": "## From 20 labels, 20 a round"}
INTRODUCTION = """\
# A learned strategy

`LearnedStrategy` asks a network what a label may bring. It was trained by `python -m tinyal.strategies.learned` on
tasks with known answers, mixtures of Gaussians and the small digits that travel with the package; of MNIST it has seen
nothing, and its settings were not chosen on MNIST. `tinyal compare docs/results/learned-late.toml --out FOLDER` and the
same with `early` repeat the tables: ten seeds, the same first labels for all strategies of a seed, a network 784-128-10
with dropout trained from scratch each round, 10,000 rows looked at a round.

Accuracies are means over the seeds, in percent. "More than random's" is the difference at the end, in pairs of the same
seed, with its 95 % interval; the verdict is that of a paired permutation test, its p corrected after Holm.

What it learned pays on images that it never saw, more than information gain and entropy do. It is not better than
margin, which nobody had to train: late it may be as good, early it is worse. A second version, which after 500 rounds
played 300 more with groups of its own choice, was worse in both tables (92.28 and 88.28 at the end), and was given up
after that had been seen.
"""


def record(folders: dict[str, Path]) -> dict[str, Any]:
    """Return what is kept: settings and learning curves."""
    kept: dict[str, Any] = {}
    for name, folder in folders.items():
        result = read(folder)
        runs = [
            {"strategy": run.strategy, "seed": run.seed, "labels": run.labels, "accuracy": run.accuracy}
            for run in result.runs
        ]
        kept[name] = {"asked for": asked_for(name), "config": dict(result.settings), "runs": runs}
    return kept


def asked_for(name: str) -> dict[str, str]:
    """Return what the settings ask for, as text: if it changes, the results are another's."""
    written = tomllib.loads((FOLDER / f"learned-{name}.toml").read_text(encoding="utf-8"))
    small = configure(written | {"data": {"name": "digits"}, "budget": {"initial": 20, "total": 40}}, ROOT)
    return {
        "budget": repr(written["budget"]),
        "model": repr(small.setups[0].model),
        "carried": repr(carried()),
        **{key: repr(strategy) for key, strategy in small.strategies.items()},
    }


def load(kept: dict[str, Any], name: str) -> Comparison:
    """Return one of the comparisons."""
    return Comparison([StrategyRun(**run) for run in kept[name]["runs"]], kept[name]["config"])


def table(result: Comparison) -> list[str]:
    """Return a line of Markdown for each strategy, the best at the end first."""
    labels = result.curve(REFERENCE)[0]
    at = [labels[round(share * (len(labels) - 1))] for share in (0, 0.25, 0.5, 1)]
    tests = result.against(REFERENCE, "final_accuracy")
    lines = [
        f"| strategy | {' | '.join(f'{n} labels' for n in at)} | more than random's | than random |",
        "|" + "---|" * (len(at) + 3),
    ]
    for name in sorted(result.strategies, key=lambda name: -result.final_accuracy(name).mean):
        means = dict(zip(*result.curve(name), strict=True))
        cells = [f"{100 * means[n].mean:.2f}" for n in at]
        if name in tests:
            test, p = tests[name]
            gap = test.difference
            cells += [
                f"{100 * gap.mean:+.2f} [{100 * gap.low:+.2f}, {100 * gap.high:+.2f}]",
                verdict(test, p),
            ]
        lines.append(f"| {name} | {' | '.join(cells + [''] * (len(at) + 2 - len(cells)))} |")
    return lines


def best_but(result: Comparison, name: str) -> str:
    """Say how a strategy's end compares with that of the best of the others."""
    others = [other for other in result.strategies if other != name]
    best = max(others, key=lambda other: result.final_accuracy(other).mean)
    test = result.paired(name, best, "final_accuracy")
    gap = test.difference
    return (
        f"At the end {name} has {100 * gap.mean:+.2f} % [{100 * gap.low:+.2f}, {100 * gap.high:+.2f}] against the best "
        f"of the others, {best} (p = {test.p:.3f}, one comparison)."
    )


def page(kept: dict[str, Any]) -> str:
    """Draw the page."""
    parts = [INTRODUCTION]
    for name, title in TITLES.items():
        result = load(kept, name)
        parts.append("\n".join([title, "", *table(result), "", best_but(result, "learned")]) + "\n")
    return "\n".join(parts)


def main(late: str, early: str) -> None:
    """Write record and page."""
    kept = record({"late": Path(late), "early": Path(early)})
    RECORD.write_text(json.dumps(kept) + "\n", encoding="utf-8")
    PAGE.write_text(page(kept), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
