"""What the labelling session and the process that trains tell each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Snapshot:
    """What a training starts from.

    Attributes
    ----------
    classes : sequence of str
    labels : mapping of item to class
    closed : sequence of int
        Items that are not to be asked: skipped, put off, or answered by "cannot tell".
    reserved : sequence of int
        Items of the random questions, which the strategy does not get.
    wanted : sequence of int
        Items that may be answered soon: a guess is wanted for each.
    """

    classes: Sequence[str]
    labels: Mapping[int, str]
    closed: Sequence[int] = ()
    reserved: Sequence[int] = ()
    wanted: Sequence[int] = ()


@dataclass(frozen=True)
class Guess:
    """What the model thinks of an item: its most probable class, and that probability."""

    label: str
    probability: float


@dataclass(frozen=True)
class Reason:
    """Why the strategy wants an item.

    Attributes
    ----------
    strategy : str
    candidates : int
        How many items it chose from.
    parts : tuple of (str, float, int)
        What it went by: the name of each quantity, its value, and its rank among the candidates, 1 for the largest.
    neighbours : tuple of int
        The nearest labelled items, the nearest first.
    """

    strategy: str
    candidates: int
    parts: tuple[tuple[str, float, int], ...] = ()
    neighbours: tuple[int, ...] = ()


@dataclass(frozen=True)
class Learned:
    """What came of a training.

    Attributes
    ----------
    labels : int
        How many labels there were.
    trained : bool
        Whether there is a model: it needs labels of two classes.
    ranking : list of int
        Items in the order in which they should be asked.
    how : str
        What chose them: "typical" or "strategy".
    guesses : dict of item to Guess
    reasons : dict of item to Reason
    """

    labels: int
    trained: bool
    ranking: list[int]
    how: str
    guesses: dict[int, Guess] = field(default_factory=dict)
    reasons: dict[int, Reason] = field(default_factory=dict)


@dataclass(frozen=True)
class Doubt:
    """A label that models trained without it find unlikely.

    Attributes
    ----------
    item : int
    label : str
        What was said.
    probability : float
        Of that, by a model that was not told.
    guess : Guess
        What that model would have said.
    """

    item: int
    label: str
    probability: float
    guess: Guess


@dataclass(frozen=True)
class Doubts:
    """All labels that are worth a second look, the least probable first."""

    found: list[Doubt]


@dataclass(frozen=True)
class Trouble:
    """A training that failed, and why."""

    sentence: str
