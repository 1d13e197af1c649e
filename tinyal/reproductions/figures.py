"""The figures of a reproduction's tables: labels to an accuracy, and errors, with their intervals."""

from typing import Any

import numpy as np

from tinyal.bootstrap import Interval, bootstrap
from tinyal.comparison import Comparison
from tinyal.statistics import labels_to_reach

NEVER = 1e9  # labels, and finite, for the bootstrap wants finite numbers


def median_labels(result: Comparison, strategy: str, accuracy: float) -> str:
    """Say the median number of labels at which runs first reach an accuracy, with its 95 % interval.

    A run that never gets there needs more labels than it had. That is all that a median asks of it, so nothing is made
    up: where the median, or an end of the interval, is such a run, it reads ``> 500``. The median is a value that
    occurs, of an even number of runs the lower one of the two in the middle, as for survival times.

    Parameters
    ----------
    result : Comparison
    strategy : str
    accuracy : float
        A share, such as 0.95.

    Examples
    --------
    >>> from tinyal import StrategyRun
    >>> ends = {0: [0.9, 0.95], 1: [0.95, 0.96], 2: [0.8, 0.9]}
    >>> runs = [StrategyRun([10, 20], curve, strategy="margin", seed=seed) for seed, curve in ends.items()]
    >>> median_labels(Comparison(runs), "margin", 0.95)
    '20 [10, > 20]'
    """
    needed, budget = _needed(result, strategy, accuracy)
    found = bootstrap(_median, needed)
    if found.low is None or found.high is None:
        return f"{_words(found.mean, budget)} [one run]"
    return f"{_words(found.mean, budget)} [{_words(found.low, budget)}, {_words(found.high, budget)}]"


def quartiles(result: Comparison, strategy: str, accuracy: float) -> str:
    """Say the 25 %, 50 % and 75 % quantiles of that number, as papers print them: 70 / 90 / 110."""
    needed, budget = _needed(result, strategy, accuracy)
    values = np.quantile(needed, [0.25, 0.5, 0.75], method="inverted_cdf")
    return " / ".join(_words(value, budget) for value in values)


def share_of(result: Comparison, strategy: str, reference: str, accuracy: float) -> str:
    """Say the ratio of two strategies' median labels, with an interval from drawing seeds in pairs.

    Where a run of either does not arrive, the ratio is not known, and a dash is all that is said.
    """
    own, other = (_needed(result, name, accuracy)[0] for name in (strategy, reference))
    if NEVER in own or NEVER in other:
        return "-"
    return f"{bootstrap(lambda a, b: _median(a) / _median(b), own, other):.0%}"


def error_at(result: Comparison, strategy: str, labels: int) -> str:
    """Say the mean test error at a number of labels, with its 95 % interval; a dash where none was measured."""
    spent, means = result.curve(strategy)
    if labels not in spent:
        return "-"
    mean = means[spent.index(labels)]
    ends = (None, None) if mean.low is None or mean.high is None else (1 - mean.high, 1 - mean.low)
    return f"{Interval(1 - mean.mean, *ends):.2%}"


def _needed(result: Comparison, strategy: str, accuracy: float) -> tuple[list[float], int]:
    """Return the labels that each run needed, `NEVER` where it did not arrive, and the largest budget."""
    runs = result.of(strategy)
    needed = (labels_to_reach(run.labels, run.accuracy, accuracy) for run in runs)
    return [NEVER if labels is None else labels for labels in needed], max(run.labels[-1] for run in runs)


def _median(values: Any) -> Any:
    return np.quantile(values, 0.5, method="inverted_cdf")


def _words(labels: float, budget: int) -> str:
    return f"> {budget}" if labels >= NEVER else f"{labels:.0f}"
