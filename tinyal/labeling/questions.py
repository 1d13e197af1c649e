"""Which item comes next: the strategy's wish list, some items at random, and something to ask while a model trains."""

from collections import deque
from collections.abc import Callable, Sequence

import numpy as np

from tinyal.labeling.settings import MOST_RESERVED, Settings

_RESERVED, _ORDER = range(2)


class Questions:
    """The items in the order in which they are asked. One that was taken comes again when it is handed back.

    Items of the random questions are drawn once, from all items, and reserved: the strategy never gets them. Those
    that are left after it has chosen would be the easy ones, on which a model looks better than it is (see
    `tinyal.RandomSlice`). Which they are depends on the seed alone, and stays when items are added at the end.

    Parameters
    ----------
    items : int
        How many there are.
    settings : Settings

    Attributes
    ----------
    reserved : list of int
        Items of the random questions in the order in which they are asked.

    Examples
    --------
    >>> questions = Questions(4, Settings(share=0))
    >>> questions.rank([2, 0], "strategy")
    >>> questions.take(lambda item: item != 2, at_random=False), questions.how(0)
    (0, 'strategy')
    """

    def __init__(self, items: int, settings: Settings) -> None:
        drawn = np.random.default_rng((settings.seed, _RESERVED)).random(items)
        order = np.argsort(np.random.default_rng((settings.seed, _ORDER)).random(items))
        chosen = drawn < min(settings.share, MOST_RESERVED)
        self.reserved: list[int] = np.flatnonzero(chosen)[np.argsort(drawn[chosen])].tolist()
        self._is_reserved = frozenset(self.reserved)
        self._at_random = deque(self.reserved)
        self._spare = deque(order[~chosen[order]].tolist())
        self._ranking: deque[int] = deque()
        self._ranked_how = "typical"
        self._back: deque[int] = deque()
        self._how: dict[int, str] = {}  # of items that were taken and are not reserved

    def rank(self, ranking: Sequence[int], how: str) -> None:
        """Ask these first from now on; what was ranked before is forgotten."""
        self._ranking = deque(ranking)
        self._ranked_how = how

    def take(self, free: Callable[[int], bool], at_random: bool) -> int | None:
        """Return the next item that may be asked now, or None where there is none.

        Parameters
        ----------
        free : callable
            Whether an item may be asked now.
        at_random : bool
            Whether a random question is due. Where all of them were asked, there is another one.
        """
        sources = [(self._ranking, self._ranked_how), (self._spare, "spare"), (self._at_random, "random")]
        if at_random:
            sources.insert(0, sources.pop())
        for source, how in [(self._back, ""), *sources]:
            while source:
                item = source.popleft()
                if free(item):
                    if how:
                        self._how[item] = how
                    return item
        return None

    def hand_back(self, item: int) -> None:
        """Let an item that was taken, and not answered, be the next one again."""
        self._back.append(item)

    def how(self, item: int) -> str:
        """Return the way an item comes: "random", "strategy", "typical", or "spare" where no model was ready."""
        return "random" if item in self._is_reserved else self._how.get(item, "strategy")

    def soon(self, n: int) -> list[int]:
        """Return what was handed back, and the next n reserved items; some may be answered already."""
        return [*self._back, *(self._at_random[i] for i in range(min(n, len(self._at_random))))]
