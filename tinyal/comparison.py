"""What a comparison found: every run, and what the runs of each strategy say together."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from tinyal.paired import PairedTest, holm, paired_test
from tinyal.sentences import labels_sentences
from tinyal.simulation import RunRecord
from tinyal.standings import Standings
from tinyal.statistics import (
    Crossing,
    Interval,
    LabelsToReach,
    area_under_curve,
    bootstrap_mean,
    labels_saved,
    mean_curve,
    mean_labels_to_reach,
    target_accuracy,
)

Measure = Literal["area", "final_accuracy", "labels"]


@dataclass
class StrategyRun(RunRecord):
    """One run, with the name of its strategy and its seed.

    Examples
    --------
    >>> runs = [StrategyRun([10, 20], [0.5, end], strategy="margin", seed=i) for i, end in enumerate([0.7, 0.8])]
    >>> [f"{run.strategy} {run.seed}: {run.accuracy[-1]:.0%} with {run.labels[-1]} labels" for run in runs]
    ['margin 0: 70% with 20 labels', 'margin 1: 80% with 20 labels']
    """

    strategy: str = ""
    seed: int = 0


class Comparison:
    """Runs of several strategies with the same seeds.

    Parameters
    ----------
    runs : list of StrategyRun
        Every strategy with every seed.
    settings : mapping, optional
        What all runs share, in numbers and strings, for the record.
    """

    def __init__(self, runs: list["StrategyRun"], settings: Mapping[str, Any] | None = None) -> None:
        self.runs = runs
        self.settings = dict(settings or {})

    @property
    def strategies(self) -> list[str]:
        """Names of the strategies, in the order they were given."""
        return list(dict.fromkeys(run.strategy for run in self.runs))

    def of(self, strategy: str) -> list["StrategyRun"]:
        """Return the runs of one strategy, by seed as they were given."""
        runs = [run for run in self.runs if run.strategy == strategy]
        if not runs:
            raise ValueError(f"{strategy!r} was not compared; {', '.join(self.strategies)} were")
        return runs

    def curve(self, strategy: str) -> tuple[list[int], list[Interval]]:
        """Return the labels at each evaluation and the mean accuracy there, with its 95 % interval."""
        runs = self.of(strategy)
        for run in runs:
            if run.labels != runs[0].labels:
                raise ValueError(
                    f"{strategy!r} was evaluated at {runs[0].labels} labels with seed {runs[0].seed} and at "
                    f"{run.labels} with seed {run.seed}: these runs are not of one comparison"
                )
        return runs[0].labels, mean_curve([run.accuracy for run in runs])

    def final_accuracy(self, strategy: str) -> Interval:
        """Return the mean accuracy at the end of the budget, with its 95 % interval."""
        return bootstrap_mean([run.accuracy[-1] for run in self.of(strategy)])

    def area(self, strategy: str) -> Interval:
        """Return the mean accuracy over the whole curve, with its 95 % interval."""
        return bootstrap_mean([area_under_curve(run.labels, run.accuracy) for run in self.of(strategy)])

    def target(self, reference: str) -> float:
        """Return the accuracy to reach: the reference's mean final accuracy, rounded down to a whole percent."""
        return target_accuracy([run.accuracy[-1] for run in self.of(reference)])

    def labels_to(self, strategy: str, target: float, crossing: Crossing = "first") -> LabelsToReach:
        """Return how many labels the runs of a strategy needed to reach an accuracy.

        For the first time, or, with ``crossing="last"``, never to fall below it again.
        """
        curves = ((run.labels, run.accuracy) for run in self.of(strategy))
        return mean_labels_to_reach(curves, target, crossing=crossing)

    def labels_saved(
        self, strategy: str, target: float, reference: str, crossing: Crossing = "first"
    ) -> Interval | None:
        """Return the share of the reference's labels that a strategy saves, or None where one was not to be had.

        Below zero, it needed more. See `tinyal.statistics.labels_saved`.
        """
        self._check_pairs(strategy, reference)
        own, other = self.labels_to(strategy, target, crossing), self.labels_to(reference, target, crossing)
        if own.labels is None or other.labels is None:
            return None
        return labels_saved(own.per_run, other.per_run)

    def paired(
        self,
        strategy: str,
        reference: str,
        measure: Measure = "area",
        *,
        target: float | None = None,
        crossing: Crossing = "first",
    ) -> PairedTest:
        """Test whether a strategy differs from another by more than luck, in pairs of runs with the same seed.

        Parameters
        ----------
        strategy, reference : str
            The difference is the first's minus the second's.
        measure : ``"area"``, ``"final_accuracy"`` or ``"labels"``
            One number from each run. The labels to a target are counted with the whole budget where a run
            did not reach it.
        target, crossing
            For ``"labels"``; see `labels_to`.

        Returns
        -------
        PairedTest
            Not corrected for other comparisons: see `tinyal.statistics.holm`.

        Raises
        ------
        ValueError
            Where the two were not run with the same seeds.

        Examples
        --------
        >>> runs = [StrategyRun([10, 20], [0.5, end], strategy=name, seed=seed)
        ...         for name, ends in {"random": [0.6, 0.7, 0.6], "margin": [0.8, 0.8, 0.7]}.items()
        ...         for seed, end in enumerate(ends)]
        >>> test = Comparison(runs).paired("margin", "random", "final_accuracy")
        >>> print(f"{test.difference:.0%}, p = {test.p:g}; with 3 seeds never below {test.smallest_p:g}")
        13% [10%, 20%], p = 0.25; with 3 seeds never below 0.25
        """
        self._check_pairs(strategy, reference)
        first, second = (self._values(name, measure, target, crossing) for name in (strategy, reference))
        return paired_test(first, second)

    def matrix(
        self,
        measure: Measure = "area",
        *,
        level: float = 0.05,
        target: float | None = None,
        crossing: Crossing = "first",
    ) -> Standings:
        """Test every strategy against every other: who wins, who loses, and where nothing was shown.

        Parameters
        ----------
        measure, target, crossing
            As in `paired`.
        level : float
            A pair with a larger p, after Holm's correction over all pairs, is a tie.
        """
        tests = {
            (a, b): self.paired(a, b, measure, target=target, crossing=crossing)
            for a, b in combinations(self.strategies, 2)
        }
        return Standings(tuple(self.strategies), tests, measure != "labels", level)

    def against(
        self,
        reference: str,
        measure: Measure = "area",
        *,
        target: float | None = None,
        crossing: Crossing = "first",
    ) -> dict[str, tuple[PairedTest, float]]:
        """Test every other strategy against a reference.

        Returns
        -------
        dict of strategy to (PairedTest, float)
            The number is the test's p after Holm's correction over all of them.
        """
        others = [name for name in self.strategies if name != reference]
        tests = [self.paired(name, reference, measure, target=target, crossing=crossing) for name in others]
        return dict(zip(others, zip(tests, holm([test.p for test in tests]), strict=True), strict=True))

    def sentences(
        self,
        reference: str,
        target: float | None = None,
        *,
        crossing: Crossing = "first",
        level: float = 0.05,
    ) -> list[str]:
        """Say in one sentence each how many labels the strategies need compared with a reference.

        Parameters
        ----------
        reference : str
        target : float, optional
            The accuracy to reach; by default what the reference reaches at the end, see `target`.
        crossing
            As in `labels_to`.
        level : float
            A difference with a larger p, after Holm's correction over all sentences, is not claimed.
        """
        return labels_sentences(self, reference, target, crossing, level)

    def summary(self, targets: list[float]) -> dict[str, Any]:
        """Return the figures of every strategy, ready for JSON."""
        return {
            strategy: {
                "final_accuracy": _figures(self.final_accuracy(strategy)),
                "area": _figures(self.area(strategy)),
                "labels_to": {
                    f"{target:.2f}": _labels(self.labels_to(strategy, target)) for target in targets
                },
            }
            for strategy in self.strategies
        }

    def to_json(self, path: str | Path, *, overwrite: bool = False) -> None:
        """Write all runs into a file, for `load`; see `tinyal.results.write`."""
        from tinyal import results

        results.write(self, path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | Path) -> "Comparison":
        """Read a comparison from its JSON file or folder; see `tinyal.results.read`."""
        from tinyal import results

        return results.read(path)

    def _check_pairs(self, strategy: str, reference: str) -> None:
        own, other = ([run.seed for run in self.of(name)] for name in (strategy, reference))
        if own != other:
            raise ValueError(
                f"{strategy!r} was run with the seeds {own} and {reference!r} with {other}; they are compared in "
                "pairs of the same seed, in the same order. Is the comparison finished?"
            )

    def _values(
        self, strategy: str, measure: Measure, target: float | None, crossing: Crossing
    ) -> tuple[float, ...]:
        runs = self.of(strategy)
        if measure == "area":
            return tuple(area_under_curve(run.labels, run.accuracy) for run in runs)
        if measure == "final_accuracy":
            return tuple(run.accuracy[-1] for run in runs)
        if measure != "labels":
            raise ValueError(f"{measure!r} is not measured; 'area', 'final_accuracy' and 'labels' are")
        if target is None:
            raise ValueError("labels are counted to a target: target=0.9, or comparison.target('random')")
        return self.labels_to(strategy, target, crossing).per_run


def _figures(interval: Interval) -> dict[str, Any]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _labels(labels: LabelsToReach) -> dict[str, Any] | None:
    if labels.labels is None:
        return None
    return {**_figures(labels.labels), "reached": labels.reached, "runs": len(labels.per_run)}
