"""What the answers say about the model: how often its guesses were right, on random items and on all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinyal.labeling.events import Event
from tinyal.proportions import clopper_pearson

WINDOW = 100  # random answers that tell how accurate the model is now: it improves, and old ones say little
LATELY = 50  # answers that tell how often it agrees
FEWEST = 5  # random answers, before which an accuracy is not worth saying
POINTS = 30  # of a curve, at most


@dataclass(frozen=True)
class Accuracy:
    """A share of right guesses with its 95% interval, from n random answers, when there were so many labels."""

    labels: int
    estimate: float
    low: float
    high: float
    n: int


class Tally:
    """Right and wrong guesses, answer by answer.

    A guess counts that was made before anybody answered: a model that was trained on the answer would be right
    whatever it knows. So of each item the first label's guess counts, also when that answer was undone or corrected
    since; what counts as right is the answer that stands now. Items drawn at random estimate the accuracy on all
    items without bias, as it was while they were asked (prequential, Dawid 1984); all items together only tell how
    often person and model agree.

    Parameters
    ----------
    labels : mapping of item to Event
        The labels that stand; it is looked at again whenever something is asked.

    Attributes
    ----------
    tested, tested_at_random : int
        Answers before which there was a guess, also to questions that were asked again; and those of random questions.

    Examples
    --------
    >>> labels = {}
    >>> tally = Tally(labels)
    >>> for item, guess in enumerate(["cat"] * 9 + ["dog"]):
    ...     labels[item] = Event(item + 1, f"{item}", 0.0, "Ada", "label", item, "cat", guess=guess, how="random")
    ...     tally.note(labels[item])
    >>> now = tally.accuracy()
    >>> print(f"{now.estimate:.2f} [{now.low:.2f}, {now.high:.2f}] after {now.labels} labels")
    0.90 [0.55, 1.00] after 10 labels
    """

    def __init__(self, labels: Mapping[int, Event]) -> None:
        self._labels = labels
        self._known = 0
        self._first: dict[int, Event] = {}
        self._guessed: list[int] = []  # items that had a guess, in the order of their first labels
        self._random: dict[int, int] = {}  # of these the random ones, and how many labels there were then
        self._curve: list[Accuracy] | None = None
        self.tested = 0
        self.tested_at_random = 0

    def note(self, event: Event) -> None:
        """Take in what happened next; the labels that stand have it already."""
        if event.action == "known":
            self._known += 1
        elif event.action == "label" and event.replaces is None and event.item not in self._first:
            assert event.item is not None, "a label is one of an item"
            self._first[event.item] = event
            if event.guess is not None:
                self._guessed.append(event.item)
                if event.how == "random":
                    self._random[event.item] = self._known + len(self._first)
        if event.guess is not None and event.replaces is None:
            self.tested += 1
            self.tested_at_random += event.how == "random"
        if event.item in self._random:
            self._curve = None

    def first(self, item: int) -> Event | None:
        """Return the first label that was ever given to an item, whatever became of it."""
        return self._first.get(item)

    def accuracy(self) -> Accuracy | None:
        """Estimate how accurate the model is now, from the last random answers; None while there are few."""
        curve = self.curve()
        return curve[-1] if curve else None

    def agreement(self) -> tuple[int, int]:
        """Return how many of the last answers agreed with the guess, and of how many."""
        lately = [item for item in self._guessed[-2 * LATELY :] if item in self._labels][-LATELY:]
        return sum(map(self._right, lately)), len(lately)

    def curve(self) -> list[Accuracy]:
        """Return how the accuracy grew, the newest point last: each from the `WINDOW` random answers before it."""
        if self._curve is None:
            standing = [(self._right(item), n) for item, n in self._random.items() if item in self._labels]
            ends = np.arange(FEWEST, len(standing) + 1)
            if len(ends) > POINTS:
                ends = ends[np.linspace(0, len(ends) - 1, POINTS).round().astype(int)]
            self._curve = [_point(standing[max(0, end - WINDOW) : end]) for end in ends.tolist()]
        return self._curve

    def _right(self, item: int) -> bool:
        return self._labels[item].label == self._first[item].guess


def _point(answers: list[tuple[bool, int]]) -> Accuracy:
    right = sum(good for good, _ in answers)
    found = clopper_pearson(right, len(answers))
    low, high = found.low or 0.0, 1.0 if found.high is None else found.high
    return Accuracy(answers[-1][1], found.mean, low, high, len(answers))
