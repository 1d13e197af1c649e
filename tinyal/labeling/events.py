"""What can happen while people label: the kinds of events, and what one looks like in the journal."""

from dataclasses import dataclass

from tinyal.labeling.names import clean_name

ANSWERS = ("label", "skip", "cannot-tell", "defer", "known")
ACTIONS = (*ANSWERS, "undo", "class")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that somebody did; it is never changed afterwards.

    Attributes
    ----------
    number : int
        1 for the first event of a journal, without gaps.
    request : str
        What the asker called it: an answer that is sent twice has the same, and counts once.
    time : float
        Seconds since 1970, UTC.
    who : str
        A person's name, or nothing.
    action : str
        One of `ACTIONS`.
    item : int or None
        What an answer is about; of an undo, what the undone answer was about.
    label : str or None
        Of "label", "known" and "class".
    seconds : float or None
        How long the person looked.
    guess, probability : str and float, or None
        What the model thought beforehand.
    undoes, replaces : int or None
        The number of another event.
    how : str or None
        The way an item came: "strategy", "random", "review"; "known" for what was there before anybody was asked.
        Where items were drawn at random, the guesses tell how often the model is right.

    Examples
    --------
    >>> Event(1, "request-1", 0.0, "Ada", "label", item=7, label="cat").label
    'cat'
    """

    number: int
    request: str
    time: float
    who: str
    action: str
    item: int | None = None
    label: str | None = None
    seconds: float | None = None
    guess: str | None = None
    probability: float | None = None
    undoes: int | None = None
    how: str | None = None
    replaces: int | None = None


class AlreadyAnswered(ValueError):  # noqa: N818 - no failure, but news
    """Somebody else was faster.

    Attributes
    ----------
    standing : Event
        The answer that counts.
    """

    def __init__(self, standing: Event) -> None:
        super().__init__(
            f"item {standing.item} has an answer already: {standing.label or standing.action} by "
            f"{standing.who or 'somebody'}, event {standing.number}; replaces={standing.number} corrects it"
        )
        self.standing = standing


def check(event: Event) -> None:
    """Raise a ValueError for an event that makes no sense, whatever happened before it."""
    if event.action not in ACTIONS:
        raise ValueError(f"action must be one of {', '.join(ACTIONS)}, not {event.action!r:.80}")
    if not isinstance(event.request, str) or not event.request:
        raise ValueError("an event needs a request: a text of its own, by which a second sending is known")
    if not isinstance(event.who, str):
        raise ValueError(f"who is a person's name, or an empty text, not {event.who!r:.80}")
    for name in ("request", "who", "guess", "how", "label"):
        text = getattr(event, name)
        if text is not None and text != "" and clean_name(text, name) != text:
            raise ValueError(f"{name} is kept as clean_name returns it: {clean_name(text)!r}, not {text!r}")
    if (event.action in ("label", "known", "class")) != bool(event.label):
        raise ValueError(f"{event.action!r} with the label {event.label!r}: it has one if it gives one")
    if event.action != "undo" and (event.action in ANSWERS) != (event.item is not None):
        raise ValueError(f"{event.action!r} with item={event.item!r:.80}: it has one if it is an answer")
    if (event.action == "undo") != (event.undoes is not None):
        raise ValueError(f"{event.action!r} with undoes={event.undoes!r:.80}: it has one if it is an undo")
    for name in ("item", "undoes", "replaces"):
        number = getattr(event, name)
        if number is not None and not (type(number) is int and 0 <= number < 2**62):
            raise ValueError(f"{name} must be a whole number (int) of at least 0, not {number!r:.80}")
    for name, most in (("seconds", 1e9), ("probability", 1.0)):
        number = getattr(event, name)
        if number is not None and not (isinstance(number, int | float) and 0 <= number <= most):
            raise ValueError(f"{name} must be a number from 0 to {most:g}, not {number!r:.80}")
