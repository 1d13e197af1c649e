"""Paired tests: whether luck alone could make one strategy look better than another on the same seeds.

Two runs of one seed share split, initial set and model seeds, so their difference is what the strategies make. If a
strategy were no better than the other, each difference could as well have had the other sign.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyal.bootstrap import Interval, bootstrap_mean, numbers

ENUMERATED = 16  # up to 16 pairs all 2^15 patterns of signs are counted: four megabytes, some milliseconds
SAMPLES = 19_999  # beyond; with the observed pattern itself they make 20 000


@dataclass(frozen=True)
class PairedTest:
    """What two strategies' runs with the same seeds say of their difference.

    Attributes
    ----------
    n : int
        How many pairs.
    difference : Interval
        Mean difference, first minus second, with its bootstrap interval.
    p : float
        Of the permutation test, which decides; two-sided.
    wilcoxon_p : float
        Of the signed-rank test, which looks at the order of the differences only; two-sided.

    Examples
    --------
    >>> test = PairedTest(5, Interval(0.03, 0.02, 0.04), p=0.0625, wilcoxon_p=0.0625)
    >>> test.p == test.smallest_p  # with five pairs nothing smaller was to be had
    True
    """

    n: int
    difference: Interval
    p: float
    wilcoxon_p: float

    @property
    def smallest_p(self) -> float:
        """The smallest p that so many pairs can give."""
        return smallest_p(self.n)


def paired_test(first: ArrayLike, second: ArrayLike, seed: int = 0) -> PairedTest:
    """Compare two strategies by one number from each of their runs.

    Parameters
    ----------
    first, second : array, shape (n,)
        In pairs: the i-th of both have the same seed.
    seed : int
        Of the signs drawn for more than 16 pairs, and of the bootstrap.

    Raises
    ------
    ValueError
        For unequal lengths, no values, or NaN.

    Examples
    --------
    >>> test = paired_test([0.83, 0.88, 0.80, 0.86, 0.83], [0.80, 0.84, 0.78, 0.82, 0.81])
    >>> print(test.difference, test.p)
    0.03 [0.02, 0.04] 0.0625
    """
    a, b = _pairs(first, second)
    return PairedTest(
        len(a),
        bootstrap_mean(a - b, seed=seed),
        permutation_test(first, second, seed),
        wilcoxon_test(first, second, seed),
    )


def permutation_test(first: ArrayLike, second: ArrayLike, seed: int = 0) -> float:
    """Compute the two-sided p of Fisher's paired permutation test of the mean difference.

    p is the share of all 2^n ways to give the differences d signs s for which |Σ_i s_i d_i| ≥ |Σ_i d_i|. Up to
    n = 16 all are counted. Beyond, 19 999 are drawn, and the observed one counts with them, so that p is never 0
    and false alarms stay as rare as promised: p = (1 + count)/20 000 (Phipson and Smyth 2010).

    It assumes nothing but that, under the null hypothesis, the two runs of a pair could be exchanged.

    Parameters
    ----------
    first, second, seed
        As in `paired_test`: numbers in pairs, (n,) each.

    Returns
    -------
    float
        1 if all differences are 0; never less than `smallest_p`.

    References
    ----------
    Fisher 1935, "The Design of Experiments", section 21. Phipson and Smyth 2010, "Permutation p-values should
    never be zero", Statistical Applications in Genetics and Molecular Biology 9(1).

    Examples
    --------
    >>> permutation_test([0.9, 0.8, 0.9], [0.7, 0.7, 0.8])  # all three better: 2 of 8 patterns of signs
    0.25
    """
    return _sign_test(_differences(first, second), seed)


def wilcoxon_test(first: ArrayLike, second: ArrayLike, seed: int = 0) -> float:
    """Compute the two-sided p of Wilcoxon's signed-rank test.

    The permutation test once more, of the ranks of |d| with the signs of d instead of d itself: one run far off
    cannot decide. Differences of 0 are left out, and equal ones share their mean rank, for which p remains exact.

    Parameters
    ----------
    first, second, seed
        As in `paired_test`: numbers in pairs, (n,) each.

    References
    ----------
    Wilcoxon 1945, "Individual comparisons by ranking methods", Biometrics Bulletin 1(6).

    Examples
    --------
    >>> wilcoxon_test([5, 7, 6, 9, 8, 9], [4, 5, 7, 5, 3, 3])
    0.09375
    """
    difference = _differences(first, second)
    difference = difference[difference != 0]
    if not len(difference):
        return 1.0
    _, places, counts = np.unique(abs(difference), return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    return _sign_test(np.sign(difference) * ranks, seed)


def smallest_p(n: int) -> float:
    """Return the smallest two-sided p that n pairs can give, 2^−(n−1): all differences have the same sign.

    With equal seeds for everyone, it is known before a comparison what it can show: 5 seeds never give p < 0.05.

    Examples
    --------
    >>> [smallest_p(n) for n in (1, 5, 6)]
    [1.0, 0.0625, 0.03125]
    """
    return 2.0 ** (1 - n) if n <= ENUMERATED else 1 / (SAMPLES + 1)


def seeds_needed(comparisons: int = 1, level: float = 0.05) -> int:
    """Return how many seeds it takes until any of so many comparisons can be significant after Holm's correction.

    The smallest n with comparisons · 2^−(n−1) ≤ level. It is what it takes at least; most differences need more.

    Examples
    --------
    >>> seeds_needed(1), seeds_needed(4), seeds_needed(66)  # 66: every pair of 12 strategies
    (6, 8, 12)
    """
    return 1 + math.ceil(math.log2(comparisons / level))


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values of m tests for having tried so often (Holm 1979).

    Sorted, the i-th is multiplied by m + 1 − i, never falls below the one before, and stays at most 1. Calling
    those ≤ α significant, the probability of even one false alarm is at most α, however the tests depend.

    Parameters
    ----------
    p_values : sequence of float
        Of all tests that were looked at, not only of those that came out well.

    Returns
    -------
    list of float
        In the same order.

    References
    ----------
    Holm 1979, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6(2).

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    if not all(0 <= p <= 1 for p in p_values):
        raise ValueError(f"p-values lie between 0 and 1, and not all of {list(p_values)} do")
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def _pairs(first: ArrayLike, second: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    a, b = numbers(first, "first", ndim=1), numbers(second, "second", ndim=1)
    if len(a) != len(b):
        raise ValueError(
            f"paired values are equally many, not {len(a)} and {len(b)}: the same seeds for both?"
        )
    return a, b


def _differences(first: ArrayLike, second: ArrayLike) -> NDArray[Any]:
    a, b = _pairs(first, second)
    # 0.93 − 0.92 and 0.92 − 0.91 differ in the last bits; here they are equal.
    scale = max(abs(a).max(), abs(b).max()) or 1.0
    return np.round((a - b) / scale, 12)


def _sign_test(d: NDArray[Any], seed: int) -> float:
    n = len(d)
    signs = (
        _all_signs(n) if n <= ENUMERATED else np.random.default_rng(seed).choice([-1.0, 1.0], (SAMPLES, n))
    )
    observed, slack = abs(d.sum()), 1e-9 * abs(d).sum()  # sums in another order differ by rounding
    count = int((abs(signs @ d) >= observed - slack).sum())
    return count / len(signs) if n <= ENUMERATED else (1 + count) / (1 + SAMPLES)


@cache
def _all_signs(n: int) -> NDArray[Any]:
    """List the patterns of n signs of which the first is plus: the others are their mirror images."""
    bits = np.arange(2 ** (n - 1))[:, None] >> np.arange(n) & 1
    return 1.0 - 2.0 * bits
