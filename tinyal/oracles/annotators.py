"""Several annotators for one pool: who is asked, what the majority says, and what it costs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyal.oracles.base import NoLabel, Oracle


class Annotators:
    """Answer by the majority of several oracles, which err in ways of their own.

    Each row is shown to `votes` of them, drawn at random. Where the vote is tied, one more is asked, and then one
    more; a row on which all of them together are tied, or that none can label, is answered with None.

    Parameters
    ----------
    annotators : sequence of Oracle
    votes : int, optional
        How many are asked for each row at first; all of them by default. With ``votes=1`` each row has one
        annotator, which buys the most rows (Khetan, Lipton & Anandkumar 2018).
    prices : sequence of float, optional
        What an answer of each costs, 1 by default.
    seed : int, optional

    Attributes
    ----------
    cost : float
        What all answers so far have cost: a budget of labels hides that one label may be three answers.
    given : list of (int, int, label)
        Row, annotator and label of every answer that was a label; `dawid_skene` learns from it who errs how.

    Examples
    --------
    >>> from tinyal.oracles import ArrayOracle, NoisyOracle
    >>> y = [0, 1, 1, 0]
    >>> three = Annotators([ArrayOracle(y), ArrayOracle(y), NoisyOracle(y, rate=1.0)])
    >>> three.answer([0, 1, 2])
    [0, 1, 1]
    >>> three.cost
    9.0
    """

    def __init__(
        self,
        annotators: Sequence[Oracle],
        votes: int | None = None,
        *,
        prices: Sequence[float] | None = None,
        seed: int = 0,
    ) -> None:
        self.annotators = list(annotators)
        self.votes = len(self.annotators) if votes is None else votes
        self.prices = [1.0] * len(self.annotators) if prices is None else list(prices)
        self.seed = seed
        if not 1 <= self.votes <= len(self.annotators):
            raise ValueError(f"{votes} votes need so many annotators; there are {len(self.annotators)}")
        if len(self.prices) != len(self.annotators):
            raise ValueError(f"{len(self.annotators)} annotators came with {len(self.prices)} prices")
        self.cost = 0.0
        self.given: list[tuple[int, int, Any]] = []
        self._times: dict[int, int] = {}

    def __len__(self) -> int:
        return min(len(annotator) for annotator in self.annotators)  # type: ignore[arg-type]

    def answer(self, indices: Any) -> list[Any]:
        """Return the majority's label for each of some dataset indices (n,), None where there is none."""
        return [self._vote(row) for row in np.atleast_1d(np.asarray(indices)).tolist()]

    def _vote(self, row: int) -> Any:
        # Other annotators when the row comes back: the same would say the same.
        times = self._times[row] = self._times.get(row, -1) + 1
        order = np.random.default_rng((self.seed, row, times)).permutation(len(self.annotators)).tolist()
        counts: Counter[Any] = Counter()
        for asked, who in enumerate(order, start=1):
            (label,) = self.annotators[who].answer(np.array([row]))
            label = label.item() if isinstance(label, np.generic) else label
            self.cost += self.prices[who]
            if label is not None and not isinstance(label, NoLabel):
                self.given.append((row, who, label))
                counts[label] += 1
            best = counts.most_common(2)
            if asked >= self.votes and best and (len(best) == 1 or best[0][1] > best[1][1]):
                return best[0][0]
        return None
