"""Moons, spirals and circles: two-dimensional data to look at, and to see what a network makes of the plane.

Points lie on curves, one a class, equally spaced along them, and are then moved by noise. Classes are equally large,
or differ by one row; rows are shuffled.
"""

import math

import numpy as np

from tinynn.checks import positive, whole

CENTRE = 0.1  # where a spiral's arms begin: at radius 0 all of them would meet


def moons(n: int = 200, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Make two half circles that reach into each other.

    With t from 0 to π along a half circle,

        class 0:  (cos t, sin t)        class 1:  (1 − cos t, 1/2 − sin t),

    each coordinate plus a normal number of standard deviation `noise`. No straight line separates them.

    Parameters
    ----------
    n : int, optional
        Points in all.
    noise : float, optional
        How far points are moved off their curve, one standard deviation; 0 leaves them on it.
    seed : int, optional
        Decides the noise and the order of the rows. The order does not depend on `noise`.

    Returns
    -------
    x : ndarray of float64, (n, 2)
    y : ndarray of int64, (n,)

    Raises
    ------
    ValueError
        For fewer points than classes, or noise below 0.

    Examples
    --------
    >>> x, y = moons(100, noise=0.05)
    >>> x.shape, np.bincount(y).tolist()
    ((100, 2), [50, 50])
    """
    upper, lower = (np.linspace(0, np.pi, count) for count in _sizes(n, 2))
    curves = [
        np.column_stack([np.cos(upper), np.sin(upper)]),
        np.column_stack([1 - np.cos(lower), 0.5 - np.sin(lower)]),
    ]
    return _scatter(curves, noise, seed)


def circles(
    n: int = 200, noise: float = 0.05, ratio: float = 0.5, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make a circle inside another.

    With t once around,

        class 0:  (cos t, sin t)        class 1:  ratio · (cos t, sin t),

    plus noise as in `moons`. The distance from the origin tells the classes apart, and no single coordinate does.

    Parameters
    ----------
    n, noise, seed
        As for `moons`.
    ratio : float, optional
        Radius of the inner circle, above 0 and below 1; the outer one has radius 1.

    Returns
    -------
    x : ndarray of float64, (n, 2)
    y : ndarray of int64, (n,)

    Raises
    ------
    ValueError
        As for `moons`, and for a ratio that is no inner circle.

    Examples
    --------
    >>> x, y = circles(100, noise=0)
    >>> np.linalg.norm(x[y == 1], axis=1).round(6).max()
    np.float64(0.5)
    """
    if not 0 < ratio < 1:
        raise ValueError(
            f"ratio is the inner circle's radius over the outer one's, between 0 and 1, not {ratio!r}"
        )
    outer, inner = (np.linspace(0, 2 * np.pi, count, endpoint=False) for count in _sizes(n, 2))
    curves = [
        np.column_stack([np.cos(outer), np.sin(outer)]),
        ratio * np.column_stack([np.cos(inner), np.sin(inner)]),
    ]
    return _scatter(curves, noise, seed)


def spirals(
    n: int = 200, classes: int = 2, turns: float = 1.0, noise: float = 0.03, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Make spiral arms that are wound around each other, one a class.

    With t from 0.1 to 1, the radius, class k of K is

        t · (cos φ, sin φ),   φ = 2π (turns · t + k / K),

    plus noise as in `moons`. Neighbouring arms are 1 / (turns · K) apart: more turns and more classes are harder.

    Parameters
    ----------
    n, noise, seed
        As for `moons`.
    classes : int, optional
        How many arms, at least 2.
    turns : float, optional
        How often an arm would go around from radius 0 to 1.

    Returns
    -------
    x : ndarray of float64, (n, 2)
    y : ndarray of int64, (n,)

    Raises
    ------
    ValueError
        As for `moons`, and for fewer than two classes or turns that are not above 0.

    Examples
    --------
    >>> x, y = spirals(90, classes=3)
    >>> np.bincount(y).tolist()
    [30, 30, 30]
    """
    if whole("classes", classes) < 2:
        raise ValueError("classes must be at least 2: one arm leaves nothing to tell apart")
    turns = positive("turns", turns)
    curves = []
    for k, count in enumerate(_sizes(n, classes)):
        t = np.linspace(CENTRE, 1, count)
        phi = 2 * np.pi * (turns * t + k / classes)
        curves.append(np.column_stack([t * np.cos(phi), t * np.sin(phi)]))
    return _scatter(curves, noise, seed)


def _sizes(n: int, classes: int) -> list[int]:
    """Divide n points among the classes as equally as it goes."""
    if whole("n", n) < classes:
        raise ValueError(f"n must be at least {classes}, one point a class, not {n}")
    return [n * (k + 1) // classes - n * k // classes for k in range(classes)]


def _scatter(curves: list[np.ndarray], noise: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Shuffle the points of all curves, label them by curve, and add the noise."""
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise is a standard deviation, a number of at least 0, not {noise!r}")
    rng = np.random.default_rng(seed)
    x = np.concatenate(curves)
    y = np.repeat(np.arange(len(curves)), [len(curve) for curve in curves])
    order = rng.permutation(len(x))
    return x[order] + noise * rng.normal(size=x.shape), y[order].astype(np.int64)
