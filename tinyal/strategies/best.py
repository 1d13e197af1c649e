"""The n largest of scores that come a chunk at a time, with ties broken at random: a pool of any size is ranked."""

import numpy as np


class Best:
    """The n largest of scores that come a chunk at a time: those above the n-th largest, and who ties with it.

    Memory: 16 bytes for each score above, and one bit for each of a chunk in which something ties. What is chosen
    does not depend on the chunks.

    Parameters
    ----------
    n : int

    Examples
    --------
    >>> best = Best(2)
    >>> best.add(np.array([0.1, 0.9]))
    >>> best.add(np.array([0.5, 0.3]))
    >>> best.positions(np.random.default_rng(0)).tolist()
    [1, 2]
    """

    def __init__(self, n: int) -> None:
        if n < 1:
            raise ValueError(f"a batch has at least 1 row, not {n}")
        self.n = n
        self._seen = 0
        self._threshold = -np.inf  # the n-th largest score so far, and while there are fewer, this
        self._scores, self._above = np.zeros(0), np.zeros(0, np.int64)
        self._tied = np.zeros(
            0, np.int64
        )  # positions of ties from the chunk that set the threshold, and before
        self._tied_later: list[
            tuple[int, int, np.ndarray]
        ] = []  # (start, how many, packed bits) of later chunks

    def add(self, scores: np.ndarray) -> None:
        """Take the scores of the next rows."""
        scores = np.asarray(scores, np.float64)
        larger = np.flatnonzero(scores > self._threshold)
        ties = scores == self._threshold
        if count := int(np.count_nonzero(ties)):
            self._tied_later.append((self._seen, count, np.packbits(ties)))
        self._scores = np.concatenate([self._scores, scores[larger]])
        self._above = np.concatenate([self._above, larger + self._seen])
        self._seen += len(scores)
        if len(self._scores) >= self.n:
            self._threshold = np.partition(self._scores, -self.n)[-self.n]
            self._tied, self._tied_later = self._above[self._scores == self._threshold], []
            above = self._scores > self._threshold
            self._scores, self._above = self._scores[above], self._above[above]

    def positions(self, rng: np.random.Generator) -> np.ndarray:
        """Return the positions of the n largest, largest first, ties in random order.

        Raises
        ------
        ValueError
            For fewer than n scores.
        """
        if self.n > self._seen:
            raise ValueError(f"cannot choose {self.n} of {self._seen} candidates")
        count = len(self._tied) + sum(many for _, many, _ in self._tied_later)
        tied = self._ties(rng.choice(count, self.n - len(self._above), replace=False))
        mixed = rng.permutation(len(self._above))
        ranked = mixed[np.argsort(-self._scores[mixed], kind="stable")]
        return np.concatenate([self._above[ranked], tied])

    def _ties(self, numbers: np.ndarray) -> np.ndarray:
        """Return the positions of the ties with these numbers, counted from 0 in the order of the rows."""
        positions = np.empty(len(numbers), np.int64)
        here = numbers < len(self._tied)
        positions[here] = self._tied[numbers[here]]
        first = len(self._tied)
        for start, many, packed in self._tied_later:
            here = (first <= numbers) & (numbers < first + many)
            if here.any():
                positions[here] = start + np.flatnonzero(np.unpackbits(packed))[numbers[here] - first]
            first += many
        return positions


def top(scores: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of the n largest of some scores (N,), largest first, ties in random order: (n,).

    Examples
    --------
    >>> top(np.array([0.1, 0.9, 0.5]), 2, np.random.default_rng(0)).tolist()
    [1, 2]
    """
    best = Best(n)
    best.add(scores)
    return best.positions(rng)
