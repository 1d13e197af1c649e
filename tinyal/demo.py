"""The demonstration: how many labels active learning saves on real handwritten digits, and when it does not."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import tinynn as nn
from tinyal import strategies
from tinyal.comparison import Comparison
from tinyal.experiment import compare
from tinyal.run_files import write_json
from tinyal.statistics import LabelsToReach
from tinynn.datasets import Dataset, DatasetError

REFERENCE = "random"
STRATEGIES = ("random", "margin", "stochastic-entropy", "stochastic-bald", "entropy")
TARGETS = (0.80, 0.85, 0.90, 0.95)


@dataclass(frozen=True)
class Budget:
    """How many labels a run starts with, spends and asks for at a time, and among how many images."""

    initial: int
    total: int
    batch: int
    candidates: int | None = None


# Chosen so that the difference shows and the whole demonstration takes about a minute on two cores.
BUDGETS = {
    "mnist": Budget(initial=20, total=500, batch=20, candidates=5000),
    "fashion-mnist": Budget(initial=20, total=500, batch=20, candidates=5000),
    "digits": Budget(initial=20, total=200, batch=10),
}
QUICK = {
    "mnist": Budget(initial=20, total=200, batch=20, candidates=2000),
    "fashion-mnist": Budget(initial=20, total=200, batch=20, candidates=2000),
    "digits": Budget(initial=20, total=100, batch=10),
}


@dataclass(frozen=True)
class Settings:
    """What decides the results of a demonstration."""

    dataset: str
    strategies: tuple[str, ...]
    seeds: int
    budget: Budget
    samples: int
    device: str = "cpu"

    def config(self) -> dict[str, Any]:
        """Return everything for the record."""
        return {
            "dataset": self.dataset,
            "strategies": list(self.strategies),
            "seeds": self.seeds,
            "initial": self.budget.initial,
            "budget": self.budget.total,
            "batch": self.budget.batch,
            "candidates": self.budget.candidates,
            "samples": self.samples,
            "device": self.device,
            "model": repr(self.model()),
        }

    def model(self, classes: int = 10) -> nn.Classifier:
        """Return the network: one hidden layer, and dropout to sample from."""
        return nn.Classifier(
            [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(classes)],
            steps=150,
            batch_size=32,
            optimizer=nn.Adam(5e-3),
            classes=range(classes),
            device=self.device,
        )


def choose_dataset(name: str) -> tuple[Dataset, str]:
    """Load a data set; for ``auto``, MNIST where it can be had and the carried digits where not.

    Returns
    -------
    data : Dataset
    remark : str
        Why it is the digits, or nothing.

    Raises
    ------
    DatasetError
        When a data set asked for by name cannot be had.
    """
    if name != "auto":
        return nn.datasets.load(name), ""
    try:
        return nn.datasets.load("mnist"), ""
    except DatasetError as error:
        # The error goes on to say what to do; here the digits are done instead, so its first line is enough.
        reason = str(error).splitlines()[0].rstrip(".")
        remark = (
            f"MNIST cannot be had here ({reason}),\nso this runs on the small digits that travel with tinynn. "
            "--dataset mnist says what to do."
        )
        return nn.datasets.load("digits"), remark


def run(settings: Settings, data: Dataset, out: Path, workers: int) -> Comparison:
    """Do all runs, or what is left of them in this folder, and write ``results.json``."""
    result = compare(
        {name: strategies.get(name, settings.samples) for name in settings.strategies},
        model=settings.model(len(data.classes)),
        data=data,
        initial=settings.budget.initial,
        budget=settings.budget.total,
        batch=settings.budget.batch,
        candidates=settings.budget.candidates,
        seeds=range(settings.seeds),
        workers=workers,
        directory=out / "runs",
        progress=True,
    )
    write_json(out / "results.json", _results(settings, data, result), indent=1)
    return result


def draw(settings: Settings, data: Dataset, result: Comparison, out: Path) -> None:
    """Write ``learning_curves.png`` and ``queried.png``."""
    from tinyal import plotting

    reference = REFERENCE if REFERENCE in settings.strategies else None
    curves = plotting.learning_curves(
        result,
        reference=reference,
        target=result.target(REFERENCE) if reference else None,
        title=f"{data.name}: {settings.seeds} paired seeds, mean and 95 % interval",
    )
    plotting.save(curves, out / "learning_curves.png")
    asked = plotting.queried(result, data.x_train, data.y_train, data.image_shape, data.classes)
    plotting.save(asked, out / "queried.png")


def table(settings: Settings, result: Comparison) -> str:
    """Say in a table how many labels each strategy needed, and how many it saved against random."""
    at_the_end = f"accuracy at {settings.budget.total} labels"
    if REFERENCE not in settings.strategies:
        accuracies = [(name, f"{result.final_accuracy(name):.1%}") for name in settings.strategies]
        return f"{_columns([('strategy', at_the_end), *accuracies])}\n\nWithout {REFERENCE!r} there is no yardstick."
    target = result.target(REFERENCE)
    rows: list[tuple[str, ...]] = [("strategy", f"labels to {target:.0%}", "labels saved", at_the_end)]
    for name in settings.strategies:
        labels, saved = result.labels_to(name, target), result.labels_saved(name, target, REFERENCE)
        rows.append(
            (
                name,
                _mean_labels(labels),
                "" if name == REFERENCE else f"{saved:.0%}" if saved else "-",
                f"{result.final_accuracy(name):.1%}",
            )
        )
    note = (
        f"{target:.0%} is what random reaches with {settings.budget.total} labels, rounded down. In brackets: 95% "
        f"intervals over {settings.seeds} paired seeds."
    )
    if settings.seeds < 5:
        note += " Of fewer than five seeds an interval says little: it is too narrow."
    if any(row[1].startswith("≥") for row in rows):
        note += " ≥: runs that did not get there count with all their labels."
    return f"{_columns(rows)}\n\n{textwrap.fill(note, 100)}"


def lessons(settings: Settings, data: Dataset, result: Comparison) -> list[str]:
    """Say which plain top-k strategies did not clearly beat random, and what their questions have in common."""
    if REFERENCE not in settings.strategies:
        return []
    target, notes = result.target(REFERENCE), []
    usual_in_batch, usual_in_pool = _likeness(data.x_train, result, REFERENCE)
    for name in settings.strategies:
        saved = result.labels_saved(name, target, REFERENCE)
        plain = isinstance(strategies.get(name), strategies.Pointwise)
        if not plain or (saved is not None and saved.low is not None and saved.low > 0):
            continue
        in_batch, in_pool = _likeness(data.x_train, result, name)
        causes = []
        if in_pool < 0.98 * usual_in_pool:
            causes.append(
                f"it asks for odd images, which resemble their nearest neighbours less (cosine {in_pool:.2f}) than "
                f"random's do ({usual_in_pool:.2f}), and learns exceptions before the rule"
            )
        if in_batch > 1.05 * usual_in_batch:
            causes.append(
                f"the images of a batch are alike (cosine {in_batch:.2f}, random's {usual_in_batch:.2f}), so that "
                f"{settings.budget.batch} labels teach little more than a few"
            )
        if saved is None or (saved.high is not None and saved.high < 0):
            verdict = "loses to random here"
        else:
            verdict = f"saves no labels here that {settings.seeds} seeds could tell from luck"
        notes.append(
            f"{name}, which simply takes the {settings.budget.batch} highest scores, {verdict}: "
            f"{'; '.join(causes) or 'why, its questions do not show'}. Drawn at random by the same scores "
            f"(stochastic-{name}), a batch keeps the preference without the excess."
        )
    return [textwrap.fill(note, 100) for note in notes]


def _likeness(pool: np.ndarray, result: Comparison, name: str) -> tuple[float, float]:
    """Return the mean cosine between images of one batch, and between an image and its 10 nearest in the pool."""
    rng = np.random.default_rng(0)
    around = _unit(pool[rng.choice(len(pool), min(len(pool), 5000), replace=False)])
    in_batch, in_pool = [], []
    run = result.of(name)[0]
    for rows in run.queried[1:]:
        images = _unit(pool[rows])
        cosines = images @ images.T
        in_batch.append((cosines.sum() - len(rows)) / max(len(rows) * (len(rows) - 1), 1))
        # An image that is in the sample itself is its own nearest neighbour; the next ten count.
        nearest = np.sort(images @ around.T, axis=1)[:, -11:]
        itself = nearest[:, -1] > 0.99999
        in_pool.append(np.where(itself, nearest[:, :-1].mean(axis=1), nearest[:, 1:].mean(axis=1)).mean())
    return float(np.mean(in_batch)), float(np.mean(in_pool))


def _unit(images: np.ndarray) -> np.ndarray:
    images = images.astype(np.float32)
    return images / np.maximum(np.linalg.norm(images, axis=1, keepdims=True), 1)


def _results(settings: Settings, data: Dataset, result: Comparison) -> dict[str, Any]:
    targets = set(TARGETS)
    saved: dict[str, Any] = {}
    if REFERENCE in settings.strategies:
        target = result.target(REFERENCE)
        targets.add(target)
        for name in settings.strategies:
            interval = result.labels_saved(name, target, REFERENCE)
            saved[name] = None if interval is None else vars(interval)
    return {
        "version": 1,
        "config": settings.config(),
        "dataset": {"name": data.name, "n_pool": len(data.x_train), "n_test": len(data.x_test)},
        "runs": [
            {
                "strategy": run.strategy,
                "seed": run.seed,
                "labels": run.labels,
                "accuracy": run.accuracy,
                "queried": run.queried,
            }
            for run in result.runs
        ],
        "summary": result.summary(sorted(targets)),
        "labels_saved": saved,
    }


def _mean_labels(labels: LabelsToReach) -> str:
    """Say the mean number of labels; a mean with runs that never got there is a lower bound."""
    if labels.labels is None:
        return "not reached"
    return f"{'' if labels.reached == len(labels.per_run) else '≥ '}{labels.labels.mean:.0f}"


def _columns(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(map(str.ljust, row, widths)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
