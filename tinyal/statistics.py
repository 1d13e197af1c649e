"""Say what several runs show together: areas, labels to a target, labels saved, each with an interval.

Intervals are bootstrapped over runs, of which there are few. With five normal values the usual 95 % interval
of percentiles covers the mean in 84 % of the cases; widened for small samples, as here, in 92 %.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from itertools import combinations_with_replacement, pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 10_000
ENUMERATED = 6  # up to 6 values all resamples count: 462 different ones, where 10 000 would be drawn


@dataclass(frozen=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes
    ----------
    mean : float
        The estimate, from all runs.
    low, high : float or None
        The ends of the interval. None (null in JSON) for a single run, which tells nothing about other runs.

    Examples
    --------
    >>> print(Interval(0.91234, 0.9, 0.92))
    0.9123 [0.9, 0.92]
    >>> f"{Interval(0.91234, 0.9, 0.92):.1%}"
    '91.2% [90.0%, 92.0%]'
    """

    mean: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        return format(self, ".4g")

    def __format__(self, spec: str) -> str:
        if not spec:
            return str(self)
        if self.low is None or self.high is None:
            return f"{self.mean:{spec}} [one run]"
        return f"{self.mean:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


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
    """

    labels: Interval | None
    per_run: tuple[int, ...]
    reached: int

    def __str__(self) -> str:
        share = f"({self.reached} of {len(self.per_run)} runs)"
        if self.labels is None:
            return f"not reached {share}"
        return f"{'' if self.reached == len(self.per_run) else '≥ '}{self.labels} {share}"


def bootstrap(
    statistic: Callable[..., Any], *arrays: ArrayLike, confidence: float = 0.95, seed: int = 0
) -> Interval:
    """Compute the expanded percentile bootstrap interval of a statistic (Hesterberg 2015).

    The n rows are drawn n times with replacement, again and again. Percentiles of the statistic of these
    resamples are too narrow, by sqrt((n − 1)/n) and by a normal where Student's t is due. So the interval
    runs from the a-th to the (1 − a)-th quantile, a = Φ(sqrt(n/(n − 1)) t), where t is the (1 − confidence)/2
    quantile of Student's t with n − 1 degrees of freedom.

    It cannot leave the range of the resamples. Up to n = 4 it is that range, which for a mean is that of the
    values, and holds the centre of a symmetric distribution with probability 1 − 2^(1−n): 50, 75 and 87.5 %.
    Do five runs or more.

    Parameters
    ----------
    statistic : callable
        Takes as many arrays as are given here and returns a number.
    *arrays : array, shape (n, ...)
        Paired: the i-th rows belong to the same run and are drawn together.
    confidence : float
        Share of such intervals that should hold the true value.
    seed : int
        Of the 10 000 resamples drawn for n > 6. Up to there all n^n count, and nothing is random.

    Returns
    -------
    Interval
        Without ends for n = 1.

    Raises
    ------
    ValueError
        For arrays that are empty, not finite or not equally long, and for a statistic that is not finite.

    References
    ----------
    Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician 69(4).

    Examples
    --------
    >>> random, bald = [0.80, 0.84, 0.78, 0.82, 0.81], [0.83, 0.88, 0.80, 0.86, 0.83]
    >>> print(bootstrap(lambda a, b: (b - a).mean(), random, bald))
    0.03 [0.02, 0.04]
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a share between 0 and 1, such as 0.95, not {confidence}")
    samples = [_numbers(array, "values") for array in arrays]
    lengths = [len(sample) for sample in samples]
    if len(set(lengths)) != 1:
        raise ValueError(f"paired arrays, one row for each run, must be equally long; theirs are {lengths}")
    n = lengths[0]
    estimate = float(statistic(*samples))
    resamples = _all_resamples(n) if n <= ENUMERATED else _random_resamples(n, seed)
    drawn = [float(statistic(*(sample[rows] for sample in samples))) for rows, _ in resamples]
    if not np.isfinite(drawn).all():
        raise ValueError("the statistic of some resamples is not finite: does it divide by zero there?")
    if n == 1:
        return Interval(estimate, None, None)
    a = _expanded_tail(n, confidence)
    weights = [weight for _, weight in resamples]
    low, high = np.quantile(drawn, [a, 1 - a], weights=weights, method="inverted_cdf")
    return Interval(estimate, float(low), float(high))


def bootstrap_mean(values: ArrayLike, confidence: float = 0.95, seed: int = 0) -> Interval:
    """Compute the mean of some runs with its expanded percentile interval; see `bootstrap`.

    Parameters
    ----------
    values : array, shape (n,)
        One number for each run.
    confidence, seed
        As in `bootstrap`.

    Examples
    --------
    >>> print(bootstrap_mean([0.90, 0.92, 0.91, 0.93, 0.89]))
    0.91 [0.892, 0.928]
    """
    return bootstrap(np.mean, _numbers(values, "values", ndim=1), confidence=confidence, seed=seed)


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


def labels_to_reach(labels: ArrayLike, accuracy: ArrayLike, target: float) -> int | None:
    """Find the labels spent at the first evaluation with accuracy ≥ target; None where there is none.

    It is not interpolated: between two evaluations nobody knows the accuracy.

    Parameters
    ----------
    labels, accuracy : array, shape (m,)
        As in `area_under_curve`.
    target : float
        A share, such as 0.95.

    Examples
    --------
    >>> labels_to_reach([20, 30, 40], [0.5, 0.7, 0.6], target=0.6)
    30
    """
    x, y = _curve(labels, accuracy)
    reached = np.flatnonzero(y >= target)
    return int(x[reached[0]]) if len(reached) else None


def mean_labels_to_reach(
    runs: Iterable[tuple[ArrayLike, ArrayLike]], target: float, confidence: float = 0.95, seed: int = 0
) -> LabelsToReach:
    """Compute the mean number of labels to a target over runs, some of which may never get there.

    To leave those out would reward a strategy for its failures. They count with all the labels they spent:
    a mean restricted to the budget, as in survival analysis.

    Parameters
    ----------
    runs : iterable of (labels, accuracy)
        The learning curve of each run, as in `labels_to_reach`.
    target, confidence, seed
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
    needed = [labels_to_reach(x, y, target) for x, y in curves]
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
    strategy = _numbers(strategy_labels, "strategy_labels", ndim=1)
    reference = _numbers(reference_labels, "reference_labels", ndim=1)
    if min(strategy.min(), reference.min()) <= 0:
        raise ValueError("numbers of labels are positive")

    def saved(s: NDArray[Any], r: NDArray[Any]) -> float:
        return float(1 - s.mean() / r.mean())

    return bootstrap(saved, strategy, reference, confidence=confidence, seed=seed)


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
    final = _numbers(final_accuracies, "final_accuracies", ndim=1)
    if final.min() < 0 or final.max() > 1:
        span = f"{final.min():g} to {final.max():g}"
        raise ValueError(f"accuracies are shares from 0 to 1, these go from {span}: are they percentages?")
    # Rounded to 1e-9 percent first: 100 * 0.29 is 28.999999999999996 in floating point.
    return math.floor(round(100 * float(final.mean()), 9)) / 100


@cache
def _all_resamples(n: int) -> list[tuple[NDArray[np.intp], float]]:
    """List the resamples of n rows that differ by more than order, each with its share of all n^n."""
    resamples = []
    for rows in combinations_with_replacement(range(n), n):
        orders = math.factorial(n) // math.prod(math.factorial(rows.count(i)) for i in range(n))
        resamples.append((np.array(rows), orders / n**n))
    return resamples


def _random_resamples(n: int, seed: int) -> list[tuple[NDArray[np.intp], float]]:
    rng = np.random.default_rng(seed)
    return [(rng.integers(n, size=n), 1 / RESAMPLES) for _ in range(RESAMPLES)]


def _expanded_tail(n: int, confidence: float) -> float:
    from scipy.special import ndtr, stdtrit  # here, for it takes a quarter of a second to import

    return float(ndtr(math.sqrt(n / (n - 1)) * stdtrit(n - 1, (1 - confidence) / 2)))


def _curve(labels: ArrayLike, accuracy: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    x, y = _numbers(labels, "labels", ndim=1), _numbers(accuracy, "accuracy", ndim=1)
    if len(x) != len(y):
        raise ValueError(f"a curve pairs them, but got {len(x)} labels, {len(y)} accuracies")
    for before, after in pairwise(x):
        if after <= before:
            raise ValueError(
                f"labels spent must increase, but {after:g} follows {before:g}: is this one run?"
            )
    return x, y


def _numbers(values: ArrayLike, name: str, ndim: int | None = None) -> NDArray[Any]:
    array = np.asarray(values, dtype=np.float64)
    if not array.size or array.ndim == 0 or ndim not in (None, array.ndim):
        raise ValueError(f"{name} need one entry for each run or evaluation; got the shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} hold NaN or infinity, first at {np.argwhere(~np.isfinite(array))[0].tolist()}"
        )
    return array
