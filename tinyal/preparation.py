"""Pools made on purpose, anew for each seed: a test set split off, smaller, lopsided, or full of near copies."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# The learner's own streams have the numbers 0 to 4 in this place.
_STREAM = 5
_SPLIT, _IMBALANCE, _POOL, _NOISE = range(4)
_AT_A_TIME = 1024  # rows: the noise of all at once would take four times the memory of as many pixels


@dataclass(frozen=True)
class Drawn:
    """What one run works with.

    Attributes
    ----------
    x, y : array
        The pool and its labels.
    x_test, y_test : array
    rows : int array
        For each row of the pool, the row of the data that it is, or is a copy of.
    """

    x: Any
    y: Any
    x_test: Any
    y_test: Any
    rows: np.ndarray


@dataclass(frozen=True)
class Preparation:
    """What is done to data before a run, in this order. Runs of one seed get the same.

    Parameters
    ----------
    test : float, optional
        The share of the rows of every class to test on, for data without a test set.
    imbalance : float, optional
        How many times as often the first class is kept as the last one; the classes between follow in a geometric
        progression: of class k of K, a share of imbalance^(−k/(K−1)) (as in Cui et al. 2019, "Class-balanced loss
        based on effective number of samples"). The test set stays as it is.
    pool : int, optional
        How many rows to choose from, drawn at random; by default all.
    copies : int, optional
        How often each row is in the pool. With four copies and some noise, this is a redundant pool like the
        "repeated MNIST" of Kirsch, van Amersfoort & Gal (2019, "BatchBALD"): who asks for the single best row several
        times over learns little.
    noise : float, optional
        Standard deviation of what is added to every number of the pool, as a share of the span from the smallest to
        the largest. Whole numbers, such as pixels, are rounded, and cut off where the span ends.

    Examples
    --------
    >>> x, y = np.arange(40, dtype=np.uint8).reshape(20, 2), np.repeat([0, 1], 10)
    >>> drawn = Preparation(test=0.2, pool=5, copies=3, noise=0.01).draw(x, y, None, seed=0)
    >>> drawn.x.shape, drawn.x_test.shape, len(set(drawn.rows))
    ((15, 2), (4, 2), 5)
    """

    test: float | None = None
    imbalance: float = 1.0
    pool: int | None = None
    copies: int = 1
    noise: float = 0.0

    def __post_init__(self) -> None:
        if self.test is not None and not 0 < self.test < 1:
            raise ValueError(f"test must be a share of the rows between 0 and 1, not {self.test!r}")
        if not 1 <= self.imbalance < np.inf:
            raise ValueError(f"imbalance must be at least 1 (balanced), not {self.imbalance!r}")
        if self.pool is not None and self.pool < 1:
            raise ValueError(f"pool must be at least 1 row, not {self.pool!r}")
        if self.copies < 1:
            raise ValueError(f"copies must be at least 1 (each row once), not {self.copies!r}")
        if not 0 <= self.noise < np.inf:
            raise ValueError(f"noise must be at least 0, not {self.noise!r}")

    def draw(self, x: Any, y: Any, test: tuple[Any, Any] | None, seed: int) -> Drawn:
        """Return a seed's pool and test set.

        Parameters
        ----------
        x, y : array (n, ...), array (n,)
        test : (x, y) or None
            None for data without a test set, which is then split off.
        seed : int

        Raises
        ------
        ValueError
            For data that has a test set and is to be split all the same, or neither, or too few rows.
        """
        if len(x) != len(y):
            raise ValueError(f"the pool has {len(x)} rows and {len(y)} labels")
        rows, held_out = self.rows(y, test is not None, seed)
        x_test, y_test = (x[held_out], y[held_out]) if test is None else test
        whole = len(rows) == len(x) and self.copies == 1  # nothing is left out: no copy of all the data
        x, y = (x, y) if whole else (x[rows], y[rows])
        return Drawn(self._noisy(x, seed) if self.noise else x, y, x_test, y_test, rows)

    def rows(self, y: Any, has_test: bool, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return which rows of the data a seed's pool is made of, copies included, and which it is tested on."""
        rows, held_out = np.arange(len(y)), np.arange(0)
        if has_test and self.test is not None:
            raise ValueError("this data has a test set: leave test= out")
        if not has_test:
            if self.test is None:
                raise ValueError(
                    "this data has no test set: say what share of it to test on, such as test=0.25"
                )
            held_out = _shares(y, dict.fromkeys(_classes(y), self.test), _rng(seed, _SPLIT))
            rows = np.setdiff1d(rows, held_out)
        if self.imbalance > 1:
            classes = _classes(y)
            kept = self.imbalance ** -np.linspace(0, 1, len(classes))
            by_class = dict(zip(classes, kept.tolist(), strict=True))
            rows = rows[_shares(y[rows], by_class, _rng(seed, _IMBALANCE))]
        if self.pool is not None:
            if self.pool > len(rows):
                raise ValueError(f"a pool of {self.pool} rows cannot be drawn from {len(rows)}")
            rows = np.sort(_rng(seed, _POOL).choice(rows, self.pool, replace=False))
        return np.repeat(rows, self.copies), held_out

    def _noisy(self, x: Any, seed: int) -> Any:
        if x.dtype.kind not in "iuf":
            raise ValueError(f"noise is added to numbers, and these rows are {x.dtype}")
        rng, noisy, (low, high) = _rng(seed, _NOISE), x.copy(), (x.min(), x.max())
        spread = self.noise * (float(high) - float(low))
        for start in range(0, len(x), _AT_A_TIME):
            part = noisy[start : start + _AT_A_TIME]
            changed = part + np.float32(spread) * rng.standard_normal(part.shape, dtype=np.float32)
            part[...] = changed if x.dtype.kind == "f" else np.clip(np.rint(changed), low, high)
        return noisy


def _classes(y: Any) -> list[Any]:
    return np.unique(y).tolist()


def _shares(y: Any, shares: dict[Any, float], rng: np.random.Generator) -> np.ndarray:
    """Return rows with a share of each class, at least one, in order."""
    taken = []
    for label, share in shares.items():
        rows = np.flatnonzero(y == label)
        taken.append(rng.choice(rows, min(len(rows), max(1, round(share * len(rows)))), replace=False))
    return np.sort(np.concatenate(taken))


def _rng(seed: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng((seed, _STREAM, purpose))
