"""The demonstration: how many labels active learning saves on real handwritten digits, and when it does not."""

import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tinynn as nn
from tinyal import strategies
from tinyal.columns import columns
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
    target = result.target(REFERENCE) if reference else None
    title = f"{data.name}: mean over {settings.seeds} paired seeds, 95 % interval"
    if target is not None:
        title += f"; dots: mean number of labels to {target:.0%}"
    curves = plotting.learning_curves(result, reference=reference, target=target, title=title)
    plotting.save(curves, out / "learning_curves.png")
    asked = plotting.queried(result, data.x_train, data.y_train, data.image_shape, data.classes)
    plotting.save(asked, out / "queried.png")


def table(settings: Settings, result: Comparison) -> str:
    """Say in a table how many labels each strategy needed, and how many it saved against random."""
    at_the_end = f"accuracy at {settings.budget.total} labels"
    if REFERENCE not in settings.strategies:
        accuracies = [(name, f"{result.final_accuracy(name):.1%}") for name in settings.strategies]
        return f"{columns([('strategy', at_the_end), *accuracies])}\n\nWithout {REFERENCE!r} there is no yardstick."
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
    note = f"{target:.0%} is what random reaches with {settings.budget.total} labels, rounded down."
    if settings.seeds > 1:
        note += f" In brackets: 95% intervals over {settings.seeds} paired seeds."
    if settings.seeds < 5:
        note += " Fewer than five seeds say little: repeat with --seeds 5."
    if any(row[1].startswith("≥") for row in rows):
        note += " ≥: runs that did not get there count with all their labels."
    return f"{columns(rows)}\n\n{textwrap.fill(note, 100)}"


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
