"""What a labelling session hands out, and who listens to it."""

from dataclasses import dataclass
from typing import Protocol

from tinyal.labeling.messages import Guess, Reason


class Teacher(Protocol):
    """What trains while people answer."""

    @property
    def busy(self) -> bool:
        """Whether there are answers that no finished training knows."""

    def wake(self) -> None:
        """Hear that something has changed; return at once."""


class UnknownItem(LookupError):  # noqa: N818 - like AlreadyAnswered: news, no failure
    """There is no item of this number."""


@dataclass(frozen=True)
class Question:
    """What a person is asked.

    Attributes
    ----------
    item : int
    name : str
    text : str or None
    picture : bool
        Whether there is one to show.
    how : str
        The way the item comes: "random", "strategy", "typical", or "spare" where no model was ready.
    """

    item: int
    name: str
    text: str | None
    picture: bool
    how: str


@dataclass(frozen=True)
class Handout:
    """What a client gets when it asks for questions.

    Attributes
    ----------
    questions : list of Question
    drop : list of int
        What it holds in vain: others have it, or have answered it.
    done : bool
        Whether every item has an answer.
    """

    questions: list[Question]
    drop: list[int]
    done: bool


@dataclass(frozen=True)
class Undone:
    """An answer that was taken back: its item, and the question where the client has it again."""

    item: int
    question: Question | None


@dataclass(frozen=True)
class Review:
    """A label that is worth a second look: the event that gave it, and what a model would say."""

    question: Question
    label: str
    event: int
    guess: Guess


@dataclass(frozen=True)
class Why:
    """What is known about how an item comes to be asked, and the labels of its neighbours, the nearest first."""

    how: str
    reason: Reason | None
    neighbours: dict[int, str]
