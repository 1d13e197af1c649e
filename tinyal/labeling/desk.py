"""The desk at which questions are handed out: which item goes to whom, and when a random one is due."""

import time
from collections.abc import Callable, Sequence

from tinyal.labeling.items import Items
from tinyal.labeling.leases import Leases
from tinyal.labeling.ledger import State
from tinyal.labeling.questions import Questions
from tinyal.labeling.settings import Settings
from tinyal.labeling.tally import Tally

AHEAD = 50  # random questions for which a guess is wanted at hand


class Desk:
    """Hands out items that have no answer, each to one client at a time.

    Parameters
    ----------
    items : Items
    settings : Settings
    state : State
        What was answered; it is looked at again for every question.
    tally : Tally
        How many answers tested a guess, and how many of these at random.
    clock : callable, optional
        Seconds, for leases.

    Attributes
    ----------
    testing : bool
        Whether there is a model, so that random questions test something.
    """

    def __init__(
        self,
        items: Items,
        settings: Settings,
        state: State,
        tally: Tally,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.testing = False
        self._items = items
        self._share = settings.share
        self._state = state
        self._tally = tally
        self._leases = Leases(clock)
        self._questions = Questions(len(items), settings)

    def heard(self, client: str) -> None:
        """Note a sign of a client, and take back what silent ones had."""
        self._leases.seen(client)
        self.take_back()

    def take_back(self) -> None:
        """Take back what clients had that fell silent."""
        for item in self._leases.lapsed():
            self._questions.hand_back(item)

    def give(self, client: str, count: int, holding: Sequence[int]) -> tuple[list[int], list[int]]:
        """Return up to `count` items for a client, and those of `holding` that it holds in vain.

        What the client has and does not name comes first.
        """
        vain = [item for item in dict.fromkeys(holding) if not self.hold(item, client)]
        given = [item for item in self._leases.held(client) if item not in holding][:count]
        while len(given) < count:
            item = self._next()
            if item is None:
                break
            self._leases.take(item, client)
            given.append(item)
        return given, vain

    def hold(self, item: int, client: str) -> bool:
        """Lease an item to a client that says it has it; return whether that can be."""
        holder, answers = self._leases.holder(item), self._state.answers
        # What was put off a moment ago has no lease: it comes at the end, and not because a page still names it.
        answered = item in answers and (item not in self._state.deferred or holder is None)
        if answered or item in self._items.gone or holder not in (None, client):
            return False
        if holder is None:
            self._leases.take(item, client)
        return True

    def release(self, item: int) -> None:
        """End an item's lease, for it has an answer."""
        self._leases.release(item)

    def rank(self, ranking: Sequence[int], how: str) -> None:
        """Hand out these first from now on."""
        self._questions.rank(ranking, how)

    def how(self, item: int) -> str:
        """Return the way an item comes."""
        return self._questions.how(item)

    @property
    def reserved(self) -> list[int]:
        """The items of the random questions."""
        return self._questions.reserved

    def out(self) -> list[int]:
        """Return the items that somebody has now."""
        return self._leases.all()

    def soon(self) -> list[int]:
        """Return items that come next whatever a strategy wants."""
        return self._questions.soon(AHEAD)

    def left(self) -> int:
        """Return how many items have no answer yet; one that was put off has none."""
        answers, deferred = self._state.answers, self._state.deferred
        gone = sum(item not in answers or item in deferred for item in self._items.gone)
        return len(self._items) - len(answers) + len(deferred) - gone

    def others(self, client: str | None) -> int:
        """Return how many other clients there are."""
        return self._leases.others(client)

    def _next(self) -> int | None:
        """Return the next item for somebody; what was put off comes at the end, the longest ago first."""
        answers, gone, holder = self._state.answers, self._items.gone, self._leases.holder

        def free(item: int) -> bool:
            return item not in answers and item not in gone and holder(item) is None

        item = self._questions.take(free, self._random_is_due())
        if item is None:
            later = (item for item in self._state.deferred if item not in gone and holder(item) is None)
            return min(later, key=lambda item: answers[item].number, default=None)
        return item

    def _random_is_due(self) -> bool:
        if not self.testing:
            return False
        out = self._leases.all()
        random = self._tally.tested_at_random + sum(self.how(item) == "random" for item in out)
        return random < int(self._share * (self._tally.tested + len(out) + 1) + 1e-9)
