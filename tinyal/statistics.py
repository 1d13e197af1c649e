"""Say what several runs show together: areas, labels to a target, labels saved, each with an interval."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyal.bootstrap import Interval, bootstrap, bootstrap_mean, bootstrap_of_means, mean_curve, numbers
from tinyal.paired import (
    PairedTest,
    holm,
    paired_test,
    permutation_test,
    seeds_needed,
    smallest_p,
    wilcoxon_test,
)

__all__ = [
    "Interval",
    "LabelsToReach",
    "PairedTest",
    "area_under_curve",
    "bootstrap",
    "bootstrap_mean",
    "holm",
    "labels_saved",
    "labels_to_reach",
    "mean_curve",
    "mean_labels_to_reach",
    "paired_test",
    "permutation_test",
    "seeds_needed",
    "smallest_p",
    "target_accuracy",
    "wilcoxon_test",
]

Crossing = Literal["first", "last"]


@dataclass(frozen=True)
class LabelsToReach:
    """How many labels several runs needed for one target.

    Attributes
    ----------
    labels : Interval or None
        Mean over runs, where a run that never got there counts with its whole budget: a lower bound once that
        happens, and None where fewer than half of the runs got there.
    per_run : tuple of int
        What that mean is taken over, in the order of the runs.
    reached : int
        How many runs got there.

    Examples
    --------
    >>> print(LabelsToReach(Interval(36.67, 30, 40), per_run=(30, 40, 40), reached=2))  # one spent all its 40 in vain
    ≥ 36.67 [30, 40] (2 of 3 runs)
    """

    labels: Interval | None
    per_run: tuple[int, ...]
    reached: int

    def __str__(self) -> str:
        share = f"({self.reached} of {len(self.per_run)} runs)"
        if self.labels is None:
            return f"not reached {share}"
        return f"{'' if self.reached == len(self.per_run) else '≥ '}{self.labels} {share}"


def area_under_curve(labels: ArrayLike, accuracy: ArrayLike) -> float:
    """Compute the area under a learning curve, divided by its width: the mean accuracy on the way.

    Trapezoids, Σ_i (l_{i+1} − l_i)(a_i + a_{i+1})/2 / (l_m − l_1). Comparable only between curves with the
    same first and last number of labels.

    Parameters
    ----------
    labels : array, shape (m,)
        Labels spent at each evaluation, increasing.
    accuracy : array, shape (m,)
        Test accuracy at each.

    Raises
    ------
    ValueError
        For unequal lengths, labels that do not increase, or fewer than two evaluations.

    Examples
    --------
    >>> round(area_under_curve([20, 30, 60], [0.5, 0.7, 0.9]), 6)
    0.75
    """
    x, y = _curve(labels, accuracy)
    if len(x) < 2:
        raise ValueError("one evaluation spans no area: evaluate at two or more numbers of labels")
    return float(np.trapezoid(y, x) / (x[-1] - x[0]))


def labels_to_reach(
    labels: ArrayLike, accuracy: ArrayLike, target: float, crossing: Crossing = "first"
) -> int | None:
    """Find the labels spent when a curve reaches a target; None where it does not.

    It is not interpolated: between two evaluations nobody knows the accuracy.

    Parameters
    ----------
    labels, accuracy : array, shape (m,)
        As in `area_under_curve`.
    target : float
        A share, such as 0.95.
    crossing : ``"first"`` or ``"last"``
        The first evaluation with accuracy ≥ target, which a lucky outlier may be, or the one from which on the
        accuracy never falls below the target again. The last is never the smaller one.

    Examples
    --------
    >>> curve = [20, 30, 40, 50], [0.5, 0.7, 0.6, 0.8]
    >>> labels_to_reach(*curve, target=0.7), labels_to_reach(*curve, target=0.7, crossing="last")
    (30, 50)
    """
    if crossing not in ("first", "last"):
        raise ValueError(f"a target is crossed 'first' or for the 'last' time, not {crossing!r}")
    x, y = _curve(labels, accuracy)
    if crossing == "first":
        reached = np.flatnonzero(y >= target)
        return int(x[reached[0]]) if len(reached) else None
    below = np.flatnonzero(y < target)
    stays = below[-1] + 1 if len(below) else 0
    return int(x[stays]) if stays < len(x) else None


def mean_labels_to_reach(
    runs: Iterable[tuple[ArrayLike, ArrayLike]],
    target: float,
    confidence: float = 0.95,
    seed: int = 0,
    crossing: Crossing = "first",
) -> LabelsToReach:
    """Compute the mean number of labels to a target over runs, some of which may never get there.

    To leave those out would reward a strategy for its failures. They count with all the labels they spent:
    a mean restricted to the budget, as in survival analysis.

    Parameters
    ----------
    runs : iterable of (labels, accuracy)
        The learning curve of each run, two arrays (m,), as in `labels_to_reach`.
    target, confidence, seed, crossing
        As in `labels_to_reach` and `bootstrap`.

    Examples
    --------
    >>> spent = [20, 30, 40]
    >>> runs = [(spent, [0.5, 0.7, 0.8]), (spent, [0.5, 0.6, 0.7]), (spent, [0.4, 0.5, 0.6])]
    >>> print(mean_labels_to_reach(runs, target=0.7))
    ≥ 36.67 [30, 40] (2 of 3 runs)
    """
    curves = [_curve(*run) for run in runs]
    if not curves:
        raise ValueError("there are no runs to take a mean over")
    needed = [labels_to_reach(x, y, target, crossing) for x, y in curves]
    reached = sum(labels is not None for labels in needed)
    per_run = tuple(
        int(x[-1]) if labels is None else labels for (x, _), labels in zip(curves, needed, strict=True)
    )
    mean = bootstrap_mean(per_run, confidence, seed) if 2 * reached >= len(curves) else None
    return LabelsToReach(mean, per_run, reached)


def labels_saved(
    strategy_labels: ArrayLike, reference_labels: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Compute the share of labels a strategy saves against a reference, 1 − mean(strategy)/mean(reference).

    Drawn in pairs: runs of one seed share split and initial set, and what these do to both cancels out.

    Parameters
    ----------
    strategy_labels, reference_labels : array, shape (n,)
        Labels to the same target with the same seeds, such as `LabelsToReach.per_run`. A strategy's run that
        never arrived stands there with its whole budget, which flatters the strategy: look at `reached` too.
    confidence, seed
        As in `bootstrap`.

    Returns
    -------
    Interval
        Above 0 for labels saved, below 0 for labels wasted.

    Raises
    ------
    ValueError
        For unequal lengths, or labels that are not positive.

    Examples
    --------
    >>> print(f"{labels_saved([120, 150, 130, 140, 110], [260, 240, 250, 300, 250]):.0%}")
    50% [40%, 56%]
    """
    strategy = numbers(strategy_labels, "strategy_labels", ndim=1)
    reference = numbers(reference_labels, "reference_labels", ndim=1)
    if min(strategy.min(), reference.min()) <= 0:
        raise ValueError("numbers of labels are positive")

    return bootstrap_of_means(lambda s, r: 1 - s / r, strategy, reference, confidence=confidence, seed=seed)


def target_accuracy(final_accuracies: ArrayLike) -> float:
    """Choose a target: the mean of the final accuracies, rounded down to a whole percent.

    Parameters
    ----------
    final_accuracies : array, shape (n,)
        Shares from 0 to 1, those of the reference's runs as a rule.

    Raises
    ------
    ValueError
        For values outside 0 to 1: are they percentages?

    Examples
    --------
    >>> target_accuracy([0.88, 0.8898])
    0.88
    """
    final = numbers(final_accuracies, "final_accuracies", ndim=1)
    if final.min() < 0 or final.max() > 1:
        span = f"{final.min():g} to {final.max():g}"
        raise ValueError(f"accuracies are shares from 0 to 1, these go from {span}: are they percentages?")
    # Rounded to 1e-9 percent first: 100 * 0.29 is 28.999999999999996 in floating point.
    return math.floor(round(100 * float(final.mean()), 9)) / 100


def _curve(labels: ArrayLike, accuracy: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    x, y = numbers(labels, "labels", ndim=1), numbers(accuracy, "accuracy", ndim=1)
    if len(x) != len(y):
        raise ValueError(f"a curve pairs them, but got {len(x)} labels, {len(y)} accuracies")
    for before, after in pairwise(x):
        if after <= before:
            raise ValueError(
                f"labels spent must increase, but {after:g} follows {before:g}: is this one run?"
            )
    return x, y
