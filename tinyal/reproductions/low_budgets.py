"""Few labels: typical rows first, or uncertain ones? The order of the two turns around as labels come in.

Hacohen, Dekel & Weinshall (2022), "Active Learning on a Budget: Opposite Strategies Suit High and Low Budgets": with
few labels typical examples teach more than random ones, and uncertain ones less; with many it is the other way round.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tinynn as nn
from tinyal.bootstrap import bootstrap_of_means
from tinyal.comparison import Comparison
from tinyal.reproductions.report import Report
from tinyal.reproductions.study import Study, carry_out, comparisons, seeds_of
from tinyal.strategies import Entropy, Margin, Random, Strategy, TypiClust
from tinynn.datasets import Dataset

NAME = "low-budgets"
TITLE = "Hacohen, Dekel & Weinshall 2022: typical rows first, with few labels"
PANEL = "MNIST"
REFERENCE = "random"
TYPICAL = "typiclust"
INITIAL = 10
AT = (10, 20, 30, 50, 100, 200, 500)  # labels
# How much more accurate typical rows first are than these, as labels come in.
PUBLISHED = {
    "margin": "above 0, later below",
    "entropy": "above 0, later below",
    REFERENCE: "above 0 at first",
}


@dataclass(frozen=True)
class Profile:
    """How much of the experiment is done.

    Parameters
    ----------
    seeds, budget : int
    candidates : int
        Rows that are looked at each round, drawn at random from the pool.
    steps : int
        Of each training.
    test : int or None
        How many test images accuracy is measured on.
    """

    seeds: int
    budget: int
    candidates: int
    steps: int
    test: int | None = None


PROFILES = {
    "quick": Profile(2, 50, 500, 60, 2000),
    "cpu": Profile(10, 500, 5000, 200),
    "full": Profile(20, 1000, 10_000, 200),
}


def network(steps: int) -> nn.Classifier:
    """Return a network with one hidden layer and dropout."""
    return nn.Classifier(
        [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
        steps=steps,
        batch_size=32,
        optimizer=nn.Adam(nn.CosineDecay(5e-3)),
        classes=range(10),
    )


def studies(asked: Profile, data: Dataset) -> list[Study]:
    """Return what a profile compares: strategies choose from the first row on, where they can without a model."""
    strategies: dict[str, Strategy] = {
        TYPICAL: TypiClust(candidates=None),
        "margin": Margin(),
        "entropy": Entropy(),
        REFERENCE: Random(),
    }
    settings: dict[str, Any] = {
        "model": network(asked.steps),
        "data": (data.x_train, data.y_train, data.x_test[: asked.test], data.y_test[: asked.test]),
        "initial": INITIAL,
        "budget": asked.budget,
        "batch": [(100, 10), (None, 50)],
        "candidates": asked.candidates,
        "first": "strategy",
    }
    return [Study(PANEL, "strategies", strategies, settings)]


run = partial(carry_out, NAME, PROFILES, studies)


def table(record: dict[str, Any]) -> Report:
    """Say how accurate each strategy's network was, and by how much typical rows were better or worse."""
    (result,) = comparisons(record).values()
    spent = result.runs[0].labels
    at = [labels for labels in AT if labels in spent]
    rows = [["test accuracy at", *(f"{labels} labels" for labels in at)]]
    for name in result.strategies:
        means = result.curve(name)[1]
        rows.append([name, *(f"{means[spent.index(labels)]:.1%}" for labels in at)])
    ahead = [["typiclust minus", "published", *(f"{labels} labels" for labels in at)]]
    for name in result.strategies[1:]:
        differences = (_difference(result, name, spent.index(labels)) for labels in at)
        ahead.append([name, PUBLISHED[name], *differences])
    return Report([rows, ahead], _notes(record))


def draw(record: dict[str, Any], path: Path) -> None:
    """Draw the learning curves."""
    figure(record).savefig(path, dpi=130)


def figure(record: dict[str, Any]) -> Any:
    """Return the figure that `draw` writes."""
    from tinyal.reproductions import plotting

    title = f"Few labels on MNIST, profile {record['profile']}"
    return plotting.panels(comparisons(record), {}, reference=REFERENCE, title=title, lowest=0.3)


def _difference(result: Comparison, other: str, place: int) -> str:
    """Say by how many percentage points typical rows are ahead, with an interval from drawing seeds in pairs."""
    own, theirs = ([100 * run.accuracy[place] for run in result.of(name)] for name in (TYPICAL, other))
    return f"{bootstrap_of_means(lambda a, b: a - b, own, theirs):+.1f}"


def _notes(record: dict[str, Any]) -> list[str]:
    asked, n = PROFILES[record["profile"]], seeds_of(record)
    return [
        f"Means over {n} seed{'s' * (n != 1)} with 95 % intervals; differences in percentage points, in pairs of one "
        f"seed. TypiClust chooses its first {INITIAL} rows, too; the others begin with {INITIAL} random ones, for they "
        "ask a model.",
        "Published is an order, without figures for MNIST: on CIFAR-10, CIFAR-100 and parts of ImageNet, with features "
        "learned without labels. Here distances are between raw pixels, and the network is 784-128-10 with dropout, "
        f"trained for {asked.steps} steps; each round {asked.candidates} rows of the pool are looked at. No validation "
        "labels are used.",
    ]
