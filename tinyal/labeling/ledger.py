"""What counts, of all that was ever answered: the events of a journal in their order, and what they come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tinyal.labeling.events import ANSWERS, AlreadyAnswered, Event


@dataclass
class State:
    """What counts now.

    Attributes
    ----------
    answers : dict of item to Event
        The answer of each item that was neither undone nor replaced.
    labels : dict of item to Event
        Those of them that are labels.
    skipped, unknown, deferred : set of int
        Items whose answer is "skip", "cannot-tell" or "defer".
    classes : list of str
        In the order in which they were added.
    counts : Counter of str
        How many items have each label.
    """

    answers: dict[int, Event] = field(default_factory=dict)
    labels: dict[int, Event] = field(default_factory=dict)
    skipped: set[int] = field(default_factory=set)
    unknown: set[int] = field(default_factory=set)
    deferred: set[int] = field(default_factory=set)
    classes: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def copy(self) -> "State":
        """Return what counts now, for somebody who looks at it while others answer."""
        return State(*(value.copy() for value in vars(self).values()))


class Ledger:
    """Takes in events one by one, and keeps their `state` up to date: no answer waits for a replay.

    Answers of one item lie on each other, and the uppermost counts. An undo takes it away, so that what it replaced
    counts again. What was deferred may be answered as if it were new.

    Parameters
    ----------
    events : iterable of Event, optional
        A journal from its beginning.

    Examples
    --------
    >>> ledger = Ledger([Event(1, "a", 0.0, "Ada", "class", label="cat")])
    >>> ledger.apply(Event(2, "b", 0.0, "Ada", "label", item=7, label="cat"))
    >>> ledger.state.labels[7].label, ledger.last_undoable("Ada").number
    ('cat', 2)
    >>> ledger.apply(Event(3, "c", 0.0, "Ada", "undo", item=7, undoes=2))
    >>> ledger.state.labels, ledger.last_undoable("Ada").action
    ({}, 'class')
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.state = State()
        self._added: dict[str, Event] = {}  # the events that added the classes
        self._of_item: dict[int, list[Event]] = {}  # answers that were not undone; the last one counts
        self._of_person: dict[str, list[Event]] = {}  # what a person did and did not undo
        self._by_number: dict[int, Event] = {}  # the same by number
        self._uses: Counter[str] = Counter()  # of a class: by answers that count, or would after an undo
        for event in events:
            self.check(event)
            self.apply(event)

    def class_event(self, name: str | None) -> Event | None:
        """Return the event that added a class, or None if there is no such class."""
        return self._added.get(name or "")

    def check(self, event: Event) -> None:
        """Raise an error unless an event may happen next.

        Raises
        ------
        AlreadyAnswered
            For an answer about an item that has one, unless ``replaces`` is that one's number.
        ValueError
            For an unknown class, a class that exists, and an undo of what does not stand.
        """
        known = self.class_event(event.label)
        if event.action in ("label", "known") and known is None:
            classes = ", ".join(self.state.classes) or "none yet"
            raise ValueError(f"there is no class {event.label!r}; there are {classes}")
        if event.action == "class" and known is not None:
            raise ValueError(f"there is a class {event.label!r} already")
        if event.undoes is not None and self.undoable(event.undoes) is None:
            raise ValueError(
                f"event {event.undoes} cannot be undone: there is none, it was undone or corrected already, or it "
                "added a class that is in use"
            )
        if event.item is not None and event.action in ANSWERS:
            standing = self.state.answers.get(event.item)
            if standing and standing.action != "defer" and standing.number != event.replaces:
                raise AlreadyAnswered(standing)

    def undoable(self, number: int) -> Event | None:
        """Return the event of that number if it can be undone: an answer that counts, or a class that nobody uses.

        What was known before anybody was asked is no person's doing, and stays.
        """
        event = self._by_number.get(number)
        if event is None or event.action == "class":
            return None if event is None or self._uses[str(event.label)] else event
        return event if event.item is not None and self.state.answers.get(event.item) is event else None

    def last_undoable(self, who: str) -> Event | None:
        """Return the last event of a person that can be undone, or None."""
        return next((e for e in reversed(self._of_person.get(who, [])) if self.undoable(e.number)), None)

    def apply(self, event: Event) -> None:
        """Take in the next event, one that `check` lets through."""
        if event.undoes is not None:
            self._take_back(self._by_number.pop(event.undoes))
            return
        if event.how != "known":
            self._by_number[event.number] = event
            self._of_person.setdefault(event.who, []).append(event)
        if event.item is None:
            self._added[str(event.label)] = event
            self.state.classes.append(str(event.label))
            return
        self._of_item.setdefault(event.item, []).append(event)
        if event.label is not None:
            self._uses[event.label] += 1
        self._settle(event.item)

    def _take_back(self, event: Event) -> None:
        did = self._of_person[event.who]
        del did[next(i for i in reversed(range(len(did))) if did[i] is event)]
        if event.item is None:
            del self._added[str(event.label)]
            self.state.classes.remove(str(event.label))
            return
        self._of_item[event.item].pop()  # it counted, so it lay uppermost
        if event.label is not None:
            self._uses[event.label] -= 1
        self._settle(event.item)

    def _settle(self, item: int) -> None:
        """Put an item where its uppermost answer says."""
        state = self.state
        if (before := state.labels.pop(item, None)) is not None:
            state.counts[str(before.label)] -= 1
        state.answers.pop(item, None)
        sets = {"skip": state.skipped, "cannot-tell": state.unknown, "defer": state.deferred}
        for items in sets.values():
            items.discard(item)
        if not (left := self._of_item[item]):
            del self._of_item[item]
            return
        last = state.answers[item] = left[-1]
        if last.action in sets:
            sets[last.action].add(item)
        else:
            state.labels[item] = last
            state.counts[str(last.label)] += 1
