"""What a comparison found: every run, and what the runs of each strategy say together."""

from dataclasses import dataclass
from typing import Any

from tinyal.simulation import RunRecord
from tinyal.statistics import (
    Interval,
    LabelsToReach,
    area_under_curve,
    bootstrap_mean,
    labels_saved,
    mean_labels_to_reach,
    target_accuracy,
)


@dataclass
class StrategyRun(RunRecord):
    """One run, with the name of its strategy and its seed."""

    strategy: str = ""
    seed: int = 0


class Comparison:
    """Runs of several strategies with the same seeds.

    Parameters
    ----------
    runs : list of StrategyRun
        Every strategy with every seed.
    """

    def __init__(self, runs: list["StrategyRun"]) -> None:
        self.runs = runs

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

    def final_accuracy(self, strategy: str) -> Interval:
        """Return the mean accuracy at the end of the budget, with its 95 % interval."""
        return bootstrap_mean([run.accuracy[-1] for run in self.of(strategy)])

    def area(self, strategy: str) -> Interval:
        """Return the mean accuracy over the whole curve, with its 95 % interval."""
        return bootstrap_mean([area_under_curve(run.labels, run.accuracy) for run in self.of(strategy)])

    def target(self, reference: str) -> float:
        """Return the accuracy to reach: the reference's mean final accuracy, rounded down to a whole percent."""
        return target_accuracy([run.accuracy[-1] for run in self.of(reference)])

    def labels_to(self, strategy: str, target: float) -> LabelsToReach:
        """Return how many labels the runs of a strategy needed to reach an accuracy for the first time."""
        return mean_labels_to_reach(((run.labels, run.accuracy) for run in self.of(strategy)), target)

    def labels_saved(self, strategy: str, target: float, reference: str) -> Interval | None:
        """Return the share of the reference's labels that a strategy saves, or None where one was not to be had.

        Below zero, it needed more. See `tinyal.statistics.labels_saved`.
        """
        own, other = self.labels_to(strategy, target), self.labels_to(reference, target)
        if own.labels is None or other.labels is None:
            return None
        return labels_saved(own.per_run, other.per_run)

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


def _figures(interval: Interval) -> dict[str, Any]:
    return {"mean": interval.mean, "low": interval.low, "high": interval.high}


def _labels(labels: LabelsToReach) -> dict[str, Any] | None:
    if labels.labels is None:
        return None
    return {**_figures(labels.labels), "reached": labels.reached, "runs": len(labels.per_run)}
