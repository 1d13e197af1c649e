"""A study: comparisons whose curves belong in one picture, done, kept as plain numbers, and read back from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinyal.comparison import Comparison, StrategyRun
from tinyal.experiment import compare
from tinyal.reproductions import profile as profile_of
from tinyal.strategies import Strategy
from tinynn import datasets
from tinynn.datasets import Dataset

VERSION = 1


@dataclass(frozen=True)
class Study:
    """Strategies that are compared under the same conditions.

    Parameters
    ----------
    panel : str
        The picture that its curves belong in. A panel may have several studies: some strategies may go on for longer
        than others.
    name : str
        Of its folder.
    strategies : mapping of name to Strategy
    settings : mapping
        All else that `tinyal.compare` takes: ``model``, ``data``, ``budget`` ...
    """

    panel: str
    name: str
    strategies: Mapping[str, Strategy]
    settings: Mapping[str, Any] = field(repr=False)

    def run(self, out: Path, seeds: int, workers: int, progress: bool | None) -> Comparison:
        """Do what is not there yet of it in the folder `out`."""
        folder = out / self.name
        return compare(
            self.strategies,
            **self.settings,
            seeds=seeds,
            workers=workers,
            directory=folder / "runs",
            times=folder / "times",
            progress=progress,
        )


def carry_out(
    name: str,
    profiles: dict[str, Any],
    studies: Callable[[Any, Dataset], list[Study]],
    profile: str,
    out: Path,
    seeds: int | None,
    workers: int,
    progress: bool | None,
    data: Dataset | None = None,
) -> dict[str, Any]:
    """Do the studies of a reproduction one after the other, and return its record: settings and learning curves.

    A module with `PROFILES` and `studies` has all that `tinyal.reproductions.Reproduction` asks of ``run`` in
    ``run = partial(carry_out, NAME, PROFILES, studies)``.

    Parameters
    ----------
    name : str
        Of the reproduction.
    profiles : mapping of str to profile
        Each says at least for how many ``seeds``.
    studies : callable
        Returns what a profile compares on a data set.
    profile : str
        Which profile to do.
    out : path
        Folder for finished runs: what is there is not done again.
    seeds : int or None
        Instead of the profile's.
    workers : int
        Processes.
    progress : bool or None
        Whether to show bars; by default on a terminal.
    data : Dataset, optional
        Other images than MNIST.

    Returns
    -------
    dict
        Plain data: of each panel its ``"runs"``, and the settings of its studies by their names.
    """
    asked = profile_of(profile, profiles)
    panels: dict[str, Any] = {}
    for study in studies(asked, data or datasets.load("mnist")):
        result = study.run(out, seeds or asked.seeds, workers, progress)
        panel = panels.setdefault(study.panel, {"studies": {}, "runs": []})
        described = {key: repr(strategy) for key, strategy in study.strategies.items()}
        panel["studies"][study.name] = {"strategies": described, **result.settings}
        panel["runs"] += [
            {"strategy": run.strategy, "seed": run.seed, "labels": run.labels, "accuracy": run.accuracy}
            for run in result.runs
        ]
    return {"version": VERSION, "reproduction": name, "profile": profile, "panels": panels}


def comparisons(record: Mapping[str, Any]) -> dict[str, Comparison]:
    """Return the panels of a record as comparisons, whose strategies may have different budgets.

    Examples
    --------
    >>> runs = [{"strategy": "margin", "seed": 0, "labels": [10, 20], "accuracy": [0.5, 0.75]}]
    >>> comparisons({"panels": {"MNIST": {"studies": {}, "runs": runs}}})["MNIST"].final_accuracy("margin").mean
    0.75
    """
    return {
        name: Comparison([StrategyRun(**run) for run in panel["runs"]], panel["studies"])
        for name, panel in record["panels"].items()
    }


def seeds_of(record: Mapping[str, Any]) -> int:
    """Return how many seeds each strategy of a record was run with."""
    return len({run["seed"] for panel in record["panels"].values() for run in panel["runs"]})
