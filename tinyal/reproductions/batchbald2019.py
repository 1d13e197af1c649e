"""Kirsch, van Amersfoort & Gal (2019): ten rows that are informative together, and ten that say the same.

"BatchBALD: Efficient and Diverse Batch Acquisition for Deep Bayesian Active Learning", section 4.1: BALD takes the ten
highest scores, BatchBALD the ten rows that together tell most. On MNIST, and on a pool in which every image is there
three times with slight noise.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import tinynn as nn
from tinyal.preparation import Preparation
from tinyal.reproductions.figures import error_at, median_labels, quartiles
from tinyal.reproductions.report import Report
from tinyal.reproductions.study import Study, carry_out, comparisons, seeds_of
from tinyal.strategies import BALD, BatchBALD, Random, Strategy
from tinynn.datasets import Dataset

NAME = "batchbald2019"
TITLE = "Kirsch, van Amersfoort & Gal 2019: BatchBALD"
REFERENCE = "random"
PANELS = {"MNIST": 1, "repeated MNIST": 3}  # and how often each image is in the pool
INITIAL, BATCH = 20, 10
NOISE = 0.1 * 0.3081  # of a pixel's span: 0.1 standard deviations of MNIST, as the paper has it
# Labels at the first crossing of 90 % and of 95 %, quartiles over 6 seeds: table 1. On repeated MNIST there are curves.
PUBLISHED = {
    "batchbald": ("70 / 90 / 110", "190 / 200 / 230"),
    "bald": ("120 / 120 / 170", "250 / 250 / > 300"),
    "bald, one by one": ("85 / 96 / 101", "197 / 206 / 226"),
}
MEDIANS = {"batchbald": [(90, 0.90), (200, 0.95)], "bald": [(120, 0.90), (250, 0.95)]}


@dataclass(frozen=True)
class Profile:
    """How much of the experiment is done.

    Parameters
    ----------
    seeds, budget : int
    pool : int or None
        Different images in the pool, drawn for each seed; all of them are scored each round.
    n_samples : int
        T, stochastic passes.
    steps : int
        Of each training.
    paper : bool
        Whether to take the paper's network, in which everything is stochastic, or one that is so at its end only.
    one_by_one : bool
        Whether to do BALD with batches of one, too.
    test : int or None
        How many test images accuracy is measured on.
    """

    seeds: int
    budget: int
    pool: int | None
    n_samples: int
    steps: int
    paper: bool = False
    one_by_one: bool = False
    test: int | None = None


PROFILES = {
    "quick": Profile(1, 40, 200, 10, 40, test=1000),
    "cpu": Profile(6, 300, 3000, 100, 200),
    "full": Profile(6, 300, None, 100, 200, paper=True, one_by_one=True),
}


def network(image_shape: tuple[int, ...], steps: int, paper: bool) -> nn.Classifier:
    """Return the paper's network, or one of half its filters with dropout around its hidden layer alone.

    What comes before the first dropout is computed once for all samples. In the paper's that is one convolution; in the
    other one all of them, so that 100 samples cost hardly more than one.
    """
    filters, drops = (32, [nn.Dropout(0.5)]) if paper else (16, [])
    return nn.Classifier(
        [
            nn.Reshape((*image_shape, 1)),
            *[nn.Conv2D(filters, 5), *drops, nn.MaxPool2D(2), nn.ReLU()],
            *[nn.Conv2D(2 * filters, 5), *drops, nn.MaxPool2D(2), nn.ReLU()],
            *[nn.Flatten(), *([] if paper else [nn.Dropout(0.5)])],
            *[nn.Dense(128), nn.Dropout(0.5), nn.ReLU(), nn.Dense(10)],
        ],
        steps=steps,
        batch_size=32,
        optimizer=nn.AdamW(nn.CosineDecay(2e-3), weight_decay=0.05),
        classes=range(10),
    )


def studies(asked: Profile, data: Dataset) -> list[Study]:
    """Return what a profile compares, on MNIST and on repeated MNIST."""
    T = asked.n_samples
    strategies: dict[str, Strategy] = {"batchbald": BatchBALD(T), "bald": BALD(T), REFERENCE: Random()}
    test = data.x_test[: asked.test], data.y_test[: asked.test]
    found = []
    for panel, copies in PANELS.items():
        settings: dict[str, Any] = {
            "model": network(data.image_shape, asked.steps, asked.paper),
            "data": (data.x_train, data.y_train, *test),
            "initial": INITIAL,
            "budget": asked.budget,
            "batch": BATCH,
            "preparation": Preparation(pool=asked.pool, copies=copies, noise=NOISE if copies > 1 else 0.0),
        }
        name = panel.replace(" ", "-").lower()
        found.append(Study(panel, name, strategies, settings))
        if asked.one_by_one and copies == 1:
            alone: dict[str, Strategy] = {"bald, one by one": BALD(T)}
            found.append(Study(panel, f"{name}-one-by-one", alone, {**settings, "batch": 1}))
    return found


run = partial(carry_out, NAME, PROFILES, studies)


def table(record: dict[str, Any]) -> Report:
    """Say how many labels it took to 90 % and to 95 %, published and here."""
    budget = PROFILES[record["profile"]].budget
    tables = []
    for place, accuracy in enumerate((0.90, 0.95)):
        rows = [["pool", f"labels to {accuracy:.0%}", "published", "here", "median"]]
        for panel, result in comparisons(record).items():
            for name in result.strategies:
                published = PUBLISHED[name][place] if name in PUBLISHED and PANELS[panel] == 1 else "-"
                found = quartiles(result, name, accuracy), median_labels(result, name, accuracy)
                rows.append([panel, name, published, *found])
        tables.append(rows)
    errors = [["pool", "test error", f"at {budget} labels"]]
    for panel, result in comparisons(record).items():
        errors += [[panel, name, error_at(result, name, budget)] for name in result.strategies]
    return Report([*tables, errors], _notes(record))


def draw(record: dict[str, Any], path: Path) -> None:
    """Draw the learning curves on both pools, and the published medians."""
    figure(record).savefig(path, dpi=130)


def figure(record: dict[str, Any]) -> Any:
    """Return the figure that `draw` writes."""
    from tinyal.reproductions import plotting

    title = f"BatchBALD, profile {record['profile']}; diamonds: published"
    return plotting.panels(comparisons(record), {"MNIST": MEDIANS}, reference=REFERENCE, title=title)


def _notes(record: dict[str, Any]) -> list[str]:
    asked, n = PROFILES[record["profile"]], seeds_of(record)
    net = "The network is the paper's"
    if not asked.paper:
        net = (
            "The network has half the paper's filters, and dropout only around its hidden layer instead of after "
            "every layer: the convolutions are computed once for all samples, which makes them cheap, and less varied"
        )
    pool = (
        "all training images" if asked.pool is None else f"{asked.pool} training images, drawn for each seed"
    )
    return [
        f"Labels at which a run first reaches the accuracy: quartiles over {n} seed{'s' * (n != 1)}, then the median "
        "with its 95 % interval. The paper counts the labels before the batch with which a run arrived; here that "
        "batch is counted, too, so that figures here are 10 higher for the same run.",
        f"What differs: {net}. The pool is {pool}, on repeated MNIST each three times with noise of 0.1 of the pixels' "
        f"standard deviation, and all of it is scored each round. Training takes {asked.steps} steps, without "
        "early stopping and without validation labels. The 20 labels at the start are drawn at random, not balanced. "
        "For repeated MNIST the paper has curves, figure 2: BatchBALD copes with the copies, and BALD does worse than "
        "random choice.",
    ]
