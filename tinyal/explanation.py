"""The answer to "why this row?": numbers a strategy went by, the model's guess, neighbours, what a label would do."""

import json
import math
import textwrap
from dataclasses import asdict, dataclass
from typing import Any

WIDTH = 80
GUESSES = 3  # classes named in the text


@dataclass(frozen=True)
class Part:
    """One number that the choice was made by.

    Attributes
    ----------
    name : str
        The quantity.
    value : float
    above : float
        The share of the other candidates that have less, from 0 to 1.
    rank : int
        1 for the largest; rows that tie share the better rank.
    """

    name: str
    value: float
    above: float
    rank: int


@dataclass(frozen=True)
class Neighbour:
    """A labelled row and its Euclidean distance."""

    index: int
    label: Any
    distance: float


@dataclass(frozen=True)
class Answer:
    """What one label would do.

    Attributes
    ----------
    label
        The answer.
    probability : float
        By the model so far.
    gradient : float or None
        ‖(p − e_y) ⊗ (h, 1)‖ = ‖p − e_y‖ √(‖h‖² + 1): the length of the gradient of −ln p_y with respect to weights and
        biases of the last layer, a softmax of a linear function of the model's features h. None without features.
    changed : int or None
        How many of `looked_at` other candidates a model trained with this answer puts into another class. None where
        none was trained.
    """

    label: Any
    probability: float
    gradient: float | None = None
    changed: int | None = None


@dataclass(frozen=True)
class Explanation:
    """Why a row may be worth a label. ``str`` of it is plain sentences, ``to_json`` all numbers.

    Attributes
    ----------
    strategy : str
    index : int
        The row's dataset index.
    candidates : int
    parts : tuple of Part
        Nothing for a strategy that has no numbers for single rows.
    neighbours : tuple of Neighbour
        The nearest labelled rows, the nearest first.
    space : {"embed", "x"}
        Where they are near: among the model's features, or among the rows themselves.
    answers : tuple of Answer
        One for every class, the most probable first; nothing without a model.
    looked_at : int
        How many other candidates `Answer.changed` counts; 0 where no model was trained.

    Examples
    --------
    >>> answers = (Answer("bee", 0.6, gradient=1.0), Answer("ant", 0.4, gradient=1.5))
    >>> why = Explanation("Entropy()", 7, 100, (Part("score", 0.673, above=1.0, rank=1),), answers=answers)
    >>> round(why.expected_gradient, 6)  # 0.6 · 1 + 0.4 · 1.5
    1.2
    >>> print(why)
    Row 7, one of 100 candidates, as Entropy() sees it
    - Score: 0.673, the largest of all candidates.
    - The model guesses bee (60 %), then ant (40 %).
    - No row has a label yet that it could be compared with.
    - An answer pulls the last layer by a gradient of length 1 if it is bee, 1.5 if
      it is ant; 1.2 is expected over all answers.
    """

    strategy: str
    index: int
    candidates: int
    parts: tuple[Part, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    space: str = "x"
    answers: tuple[Answer, ...] = ()
    looked_at: int = 0

    @property
    def expected_gradient(self) -> float | None:
        """Σ_y p(y) × the gradient's length, the expected gradient length (Settles, Craven & Ray 2008)."""
        lengths = [(a.probability, a.gradient) for a in self.answers]
        return math.fsum(p * g for p, g in lengths if g is not None) if self._has_gradients else None

    @property
    def _has_gradients(self) -> bool:
        return any(a.gradient is not None for a in self.answers)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists, dictionaries, numbers and strings."""
        return {**asdict(self), "expected_gradient": self.expected_gradient}

    def to_json(self) -> str:
        """Return `to_dict` as JSON."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def __str__(self) -> str:
        head = f"Row {self.index}, one of {self.candidates:,} candidates, as {self.strategy} sees it"
        paragraphs = [self._numbers(), self._guess(), self._nearest(), self._consequences()]
        lines = [textwrap.shorten(head, WIDTH, placeholder=" …")]
        for sentences in filter(None, paragraphs):
            lines += textwrap.wrap(sentences, WIDTH, initial_indent="- ", subsequent_indent="  ")
        return "\n".join(lines)

    def _numbers(self) -> str:
        if not self.parts:
            return "The strategy has no number for a single row."
        return " ".join(
            f"{part.name[:1].upper()}{part.name[1:]}: {part.value:.3g}, {self._place(part)}."
            for part in self.parts
        )

    def _place(self, part: Part) -> str:
        if part.above == 1:
            return "the largest of all candidates"
        return f"more than {_percent(part.above)} of the other candidates (rank {part.rank:,})"

    def _guess(self) -> str:
        if not self.answers:
            return "There is no model yet that would guess."
        guesses = [f"{a.label} ({_percent(a.probability)})" for a in self.answers[:GUESSES]]
        return f"The model guesses {', then '.join(guesses)}."

    def _nearest(self) -> str:
        if not self.neighbours:
            return "No row has a label yet that it could be compared with."
        near = [f"row {n.index}, labelled {n.label}, at {n.distance:.3g}" for n in self.neighbours]
        where = "the model's features" if self.space == "embed" else "the rows themselves"
        return f"The nearest labelled rows, by distance between {where}: {'; '.join(near)}."

    def _consequences(self) -> str:
        said = []
        if self._has_gradients:
            pulls = [f"{a.gradient:.3g} if it is {a.label}" for a in self.answers[:GUESSES]]
            said.append(
                f"An answer pulls the last layer by a gradient of length {', '.join(pulls)}; "
                f"{self.expected_gradient:.3g} is expected over all answers."
            )
        for a in self.answers:
            if a.changed is not None:
                said.append(
                    f"Told that it is {a.label}, the model would put {a.changed:,} of {self.looked_at:,} other "
                    "candidates into another class."
                )
        return " ".join(said)


def _percent(share: float) -> str:
    """Write a share in whole percent, except what is nearly none or nearly all."""
    if 0 < share < 0.01 or 0.99 < share < 1:
        return f"{100 * share:.2g} %" if share < 0.5 else f"{math.floor(1000 * share) / 10:g} %"
    return f"{100 * share:.0f} %"
