"""Gal, Islam & Ghahramani (2017): dropout's samples choose which digits to label, and half the labels suffice.

"Deep Bayesian Active Learning with Image Data", section 5.1: a convolutional network with dropout, 20 labels at the
start, two of each class, then the 10 rows that an acquisition function scores highest, again and again.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tinynn as nn
from tinyal import measures
from tinyal.reproductions.figures import error_at, median_labels, share_of
from tinyal.reproductions.report import Report
from tinyal.reproductions.study import Study, carry_out, comparisons, seeds_of
from tinyal.strategies import BALD, MeanStd, Random, Strategy, VariationRatio
from tinyal.strategies.pointwise import Sampled
from tinyal.view import PoolView
from tinynn.datasets import Dataset

NAME = "gal2017"
TITLE = "Gal, Islam & Ghahramani 2017: deep Bayesian active learning with image data"
PANEL = "MNIST"
REFERENCE = "random"
TUNED_ON = 10_000  # of MNIST's training images, the last ones: no pool holds them
INITIAL, BATCH = 20, 10
# Labels to 10 % and to 5 % error, and the error at 1000 labels: table 1 and section 5.1.
PUBLISHED: dict[str, tuple[int, int, float | None]] = {
    "bald": (145, 335, 0.0180),
    "variation-ratios": (120, 295, 0.0164),
    "max-entropy": (165, 355, 0.0174),
    "mean-std": (230, 695, None),
    REFERENCE: (255, 835, 0.0466),
}


@dataclass(frozen=True)
class Profile:
    """How much of the experiment is done.

    Parameters
    ----------
    strategies : tuple of str
    seeds : int
    budget, of_random : int
        Labels in all of a run, and of a run of random choice.
    candidates : int or None
        Rows that are scored each round, drawn at random from the pool.
    n_samples : int
        T, stochastic passes.
    steps : int
        Of each training.
    test : int or None
        How many test images accuracy is measured on.
    """

    strategies: tuple[str, ...]
    seeds: int
    budget: int
    of_random: int
    candidates: int | None
    n_samples: int
    steps: int
    test: int | None = None


PROFILES = {
    "quick": Profile(("bald", REFERENCE), 1, 50, 50, 500, 10, 60, 2000),
    "cpu": Profile(tuple(PUBLISHED), 3, 500, 1000, 2000, 50, 300),
    "full": Profile(tuple(PUBLISHED), 3, 1000, 1000, None, 100, 300),
}


class MaxEntropy(Sampled):
    """Ask where the mean of the samples is widest, H(p̄), p̄ = mean_t p_t: "max entropy", as the paper has it.

    `tinyal.strategies.Entropy` takes the network with dropout switched off instead.
    """

    def score(self, view: PoolView) -> np.ndarray:
        """H(p̄) in nats, from 0 to ln K."""
        return np.asarray(measures.entropy(self.samples(view).mean(axis=0)))


def network(image_shape: tuple[int, ...], steps: int) -> nn.Classifier:
    """Return the paper's network; how it is trained is ours, see `table`."""
    return nn.Classifier(
        [
            nn.Reshape((*image_shape, 1)),
            *[nn.Conv2D(32, 4), nn.ReLU()],
            *[nn.Conv2D(32, 4), nn.ReLU(), nn.MaxPool2D(2), nn.Dropout(0.25)],
            *[nn.Flatten(), nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
        ],
        steps=steps,
        batch_size=16,
        optimizer=nn.AdamW(nn.CosineDecay(2e-3), weight_decay=0.05),
        classes=range(10),
    )


def studies(asked: Profile, data: Dataset) -> list[Study]:
    """Return what a profile compares: strategies, and random choice, which goes on for longer."""
    size = len(data.x_train) - TUNED_ON if len(data.x_train) > 2 * TUNED_ON else len(data.x_train)
    x, y, T = data.x_train[:size], data.y_train[:size], asked.n_samples
    made: dict[str, Strategy] = {
        "bald": BALD(T),
        "variation-ratios": VariationRatio(T),
        "max-entropy": MaxEntropy(T),
        "mean-std": MeanStd(T),
        REFERENCE: Random(),
    }
    settings: dict[str, Any] = {
        "model": network(data.image_shape, asked.steps),
        "data": (x, y, data.x_test[: asked.test], data.y_test[: asked.test]),
        "initial": INITIAL,
        "batch": BATCH,
        "candidates": asked.candidates,
        "first": "balanced",
    }
    chosen = {name: made[name] for name in asked.strategies}
    by_chance = {REFERENCE: chosen.pop(REFERENCE)}
    return [
        Study(PANEL, "strategies", chosen, {**settings, "budget": asked.budget}),
        Study(PANEL, REFERENCE, by_chance, {**settings, "budget": asked.of_random}),
    ]


run = partial(carry_out, NAME, PROFILES, studies)


def table(record: dict[str, Any]) -> Report:
    """Say how many labels it took to 10 % and to 5 % error, published and here."""
    (result,) = comparisons(record).values()
    budget = min(run.labels[-1] for run in result.runs)
    needed = [
        [
            *["labels to", "10 % error: published", "here", "5 % error: published", "here"],
            *["of random's: published", "here"],
        ]
    ]
    errors = [["test error at", f"{budget} labels: here", "1000 labels: published", "here"]]
    for name in (name for name in PUBLISHED if name in result.strategies):
        at_10, at_5, last = PUBLISHED[name]
        needed.append(
            [
                *[name, str(at_10), median_labels(result, name, 0.90)],
                *[str(at_5), median_labels(result, name, 0.95)],
                *[f"{at_5 / PUBLISHED[REFERENCE][1]:.0%}", share_of(result, name, REFERENCE, 0.95)],
            ]
        )
        published = "-" if last is None else f"{last:.2%}"
        errors.append([name, error_at(result, name, budget), published, error_at(result, name, 1000)])
    return Report([needed, errors], _notes(record))


def draw(record: dict[str, Any], path: Path) -> None:
    """Draw the learning curves, and what was published at 10 % and 5 % error."""
    figure(record).savefig(path, dpi=130)


def figure(record: dict[str, Any]) -> Any:
    """Return the figure that `draw` writes."""
    from tinyal.reproductions import plotting

    results = comparisons(record)
    points = {
        name: [(PUBLISHED[name][0], 0.90), (PUBLISHED[name][1], 0.95)] for name in results[PANEL].strategies
    }
    title = f"Gal et al. 2017, profile {record['profile']}; diamonds: published"
    return plotting.panels(results, {PANEL: points}, reference=REFERENCE, title=title, lowest=0.6)


def _notes(record: dict[str, Any]) -> list[str]:
    asked, n = PROFILES[record["profile"]], seeds_of(record)
    scored = (
        "the whole pool"
        if asked.candidates is None
        else f"{asked.candidates} rows of the pool, drawn at random,"
    )
    many = "1 seed" if n == 1 else f"{n} paired seeds"
    return [
        f"Medians over {many} of the labels at which a run first reaches the error, with 95 % intervals; the paper's "
        "are of the mean of 3 runs. The labels of the two rows of each class at the start are counted; those that had "
        "to be looked at to find them are not, as in the paper. Validation labels: none here; the paper's 100 are not "
        "counted.",
        f"What differs: each round {scored} are scored with {asked.n_samples} stochastic passes (100 over the "
        "whole pool in the paper; its authors' program takes 2000 rows); accuracy is that of the network with dropout "
        f"switched off, on {'all' if asked.test is None else asked.test} test images; training is AdamW with cosine "
        f"decay for {asked.steps} steps of 16 rows from fresh weights, chosen on the last {TUNED_ON:,} training "
        "images, which no pool holds. A run is measured after every 10 labels.",
    ]
