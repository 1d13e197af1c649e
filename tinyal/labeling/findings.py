"""What trainings found: guesses, why an item is asked, and labels that are worth a second look."""

from collections.abc import Sequence

from tinyal.labeling.ledger import State
from tinyal.labeling.messages import Doubt, Guess, Learned, Reason
from tinyal.labeling.tally import Tally


class Findings:
    """What a session knows from its models.

    Parameters
    ----------
    state : State
        What was answered; it is looked at again for every doubt.
    tally : Tally
        The first labels with the guesses before them.

    Attributes
    ----------
    rounds, trained_on : int
        How many models there were, and how many labels the last one knows.
    problem : str or None
        Why the last training failed.

    Examples
    --------
    >>> findings = Findings(State(), Tally({}))
    >>> findings.take_in(Learned(20, True, [4], "strategy", {4: Guess("cat", 0.9)}), on_screens=[])
    >>> findings.rounds, findings.trained_on, findings.guess(4).label, findings.guess(5)
    (1, 20, 'cat', None)
    """

    def __init__(self, state: State, tally: Tally) -> None:
        self.rounds = 0
        self.trained_on = 0
        self.problem: str | None = None
        self._state = state
        self._tally = tally
        self._guesses: dict[int, Guess] = {}
        self._reasons: dict[int, Reason] = {}
        self._doubts: list[Doubt] = []

    def take_in(self, news: Learned, on_screens: Sequence[int]) -> None:
        """Take in what a training found; items on screens keep what was known of them when they were asked."""
        self._reasons = {i: self._reasons[i] for i in on_screens if i in self._reasons} | news.reasons
        self.problem = None
        if news.trained:
            self.rounds += 1
            self.trained_on = news.labels
            self._guesses = {i: self._guesses[i] for i in on_screens if i in self._guesses} | news.guesses

    def doubted(self, doubts: Sequence[Doubt]) -> None:
        """Take in which labels are worth a second look."""
        self._doubts = list(doubts)

    def reason(self, item: int) -> Reason | None:
        """Return why the strategy wants an item, if it does."""
        return self._reasons.get(item)

    def guess(self, item: int) -> Guess | None:
        """Return the guess of a model that was never told this item's answer."""
        if (first := self._tally.first(item)) is None:
            return self._guesses.get(item)
        if first.guess is None or first.probability is None:
            return None
        return Guess(first.guess, first.probability)

    def in_doubt(self) -> list[tuple[Doubt, int]]:
        """Return the doubts that still are some, and the events that gave the labels."""
        standing = ((doubt, self._state.labels.get(doubt.item)) for doubt in self._doubts)
        return [
            (doubt, event.number)
            for doubt, event in standing
            if event is not None and event.label == doubt.label and event.how != "review"
        ]
