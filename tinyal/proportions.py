"""Intervals of proportions: what k successes in n trials say about how often it succeeds."""

import math

from tinyal.bootstrap import Interval


def clopper_pearson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Compute the exact interval of a proportion: it holds the true one at least as often as it says.

    Its ends are the quantiles a = (1 − confidence)/2 of Beta(k, n − k + 1) and 1 − a of Beta(k + 1, n − k)
    (Clopper & Pearson 1934). Without trials it is 0 to 1, with the mean in the middle.

    Parameters
    ----------
    successes, trials : int
        k of n.
    confidence : float, optional

    Raises
    ------
    ValueError
        Unless 0 ≤ k ≤ n and 0 < confidence < 1.

    Examples
    --------
    >>> print(f"{clopper_pearson(9, 10):.3f}")
    0.900 [0.555, 0.997]
    """
    _check(successes, trials, confidence)
    from scipy.special import betaincinv  # here, for it takes a quarter of a second to import

    if trials == 0:
        return Interval(0.5, 0.0, 1.0)
    k, n, a = successes, trials, (1 - confidence) / 2
    low = float(betaincinv(k, n - k + 1, a)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1 - a)) if k < n else 1.0
    return Interval(k / n, low, high)


def wilson(successes: int, trials: int, confidence: float = 0.95) -> Interval:
    """Compute the score interval of a proportion: narrower than the exact one, and right on the average.

    With z = Φ⁻¹((1 + confidence)/2): (p + z²/2n ± z sqrt(p(1 − p)/n + z²/4n²)) / (1 + z²/n) (Wilson 1927).

    Examples
    --------
    >>> print(f"{wilson(9, 10):.3f}")
    0.900 [0.596, 0.982]
    """
    _check(successes, trials, confidence)
    from scipy.special import ndtri

    if trials == 0:
        return Interval(0.5, 0.0, 1.0)
    p, n, z = successes / trials, trials, float(ndtri((1 + confidence) / 2))
    centre = p + z * z / (2 * n)
    spread = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low, high = ((centre + sign * spread) / (1 + z * z / n) for sign in (-1, 1))
    return Interval(p, 0.0 if successes == 0 else low, 1.0 if successes == trials else high)


def difference(first: tuple[int, int], second: tuple[int, int], confidence: float = 0.95) -> Interval:
    """Compute the difference of two independent proportions p₁ − p₂, with its interval.

    From the score intervals (l, u) of both: p₁ − p₂ − sqrt((p₁ − l₁)² + (u₂ − p₂)²) to
    p₁ − p₂ + sqrt((u₁ − p₁)² + (p₂ − l₂)²) (Newcombe 1998, method 10).

    Parameters
    ----------
    first, second : (int, int)
        Successes and trials of each. Without trials nothing is known, and the interval is −1 to 1.

    Examples
    --------
    >>> print(f"{difference((56, 70), (48, 80)):.3f}")
    0.200 [0.052, 0.334]
    """
    one, two = wilson(*first, confidence), wilson(*second, confidence)
    if first[1] == 0 or second[1] == 0:
        return Interval(one.mean - two.mean, -1.0, 1.0)
    d = one.mean - two.mean
    return Interval(d, d - math.hypot(_below(one), _above(two)), d + math.hypot(_above(one), _below(two)))


def _below(interval: Interval) -> float:
    return interval.mean - (interval.low or 0.0)


def _above(interval: Interval) -> float:
    return (1.0 if interval.high is None else interval.high) - interval.mean


def _check(successes: int, trials: int, confidence: float) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes in {trials} trials cannot be")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is a share between 0 and 1, such as 0.95, not {confidence}")
