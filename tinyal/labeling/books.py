"""The books of a session: what counts of all answers, how good the guesses were, and which request made which event."""

from collections.abc import Iterable
from typing import Any

from tinyal.labeling.events import Event
from tinyal.labeling.ledger import Ledger, State
from tinyal.labeling.tally import Tally


class Books:
    """A journal's events as a session looks at them: without its lock, and without a copy.

    Parameters
    ----------
    events : iterable of Event
        A journal from its beginning.

    Attributes
    ----------
    ledger : Ledger
    tally : Tally

    Examples
    --------
    >>> books = Books([Event(1, "a", 0.0, "Ada", "class", label="cat")])
    >>> books.take_in(Event(2, "b", 0.0, "Ada", "label", item=7, label="cat"))
    >>> books.state.labels[7].label, books.made_by("b", item=7).number, books.made_by("c"), len(books)
    ('cat', 2, None, 2)
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self.ledger = Ledger()
        self.tally = Tally(self.state.labels)
        self._by_request: dict[str, Event] = {}
        for event in events:
            self.take_in(event)

    def __len__(self) -> int:
        return len(self._by_request)

    @property
    def state(self) -> State:
        """What counts now; it changes with the next event."""
        return self.ledger.state

    def take_in(self, event: Event) -> None:
        """Write down what happened next; a class may be there already."""
        if event.request not in self._by_request:
            self._by_request[event.request] = event
            self.ledger.apply(event)
            self.tally.note(event)

    def made_by(self, request: str, **same: Any) -> Event | None:
        """Return the event that a request made before, if it did.

        Parameters
        ----------
        request : str
        **same
            What the request asks for now, by the names of an event's attributes.

        Raises
        ------
        ValueError
            When it was about something else.
        """
        event = self._by_request.get(request)
        if event is not None and any(getattr(event, name) != value for name, value in same.items()):
            raise ValueError(
                "this request was sent before, and asked for something else: give each one its own id"
            )
        return event
