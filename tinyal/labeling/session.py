"""A labelling session: it hands out questions, takes answers, and knows how far the work is."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tinyal.labeling.asking import Handout, Question, Review, Teacher, Undone, UnknownItem, Why
from tinyal.labeling.desk import Desk
from tinyal.labeling.events import ANSWERS, Event
from tinyal.labeling.items import Items
from tinyal.labeling.journal import Journal
from tinyal.labeling.ledger import Ledger
from tinyal.labeling.messages import Doubt, Guess, Learned, Reason, Snapshot
from tinyal.labeling.names import clean_name
from tinyal.labeling.settings import Settings
from tinyal.labeling.status import status
from tinyal.labeling.tally import Tally


class Session:
    """Hands out questions, takes answers and keeps the books. Threads may call it at the same time.

    Every answer is in the journal, on the disk, before `answer` returns. A training works on a `snapshot` and brings
    what it `learned`: nobody waits for it.

    Parameters
    ----------
    items : Items
    journal : Journal
        Everything that was ever answered; the session goes on from there, and alone writes to it.
    settings : Settings
    clock : callable, optional
        Seconds, for leases.

    Attributes
    ----------
    teacher : Teacher or None
        Told of every change.
    rounds, trained_on : int
        How many models there were, and how many labels the last one knows.
    problem : str or None
        Why the last training failed.
    """

    def __init__(
        self,
        items: Items,
        journal: Journal,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.items = items
        self.teacher: Teacher | None = None
        self.rounds = 0
        self.trained_on = 0
        self.problem: str | None = None
        self._journal = journal
        self._lock = threading.RLock()
        self._ledger = Ledger()  # the journal's own is behind its lock, and is copied to be looked at
        self._tally = Tally(self._ledger.state.labels)
        self._by_request: dict[str, Event] = {}
        for event in journal.events():
            self._take_in(event)
        self._desk = Desk(items, settings, self._ledger.state, self._tally, clock)
        self._guesses: dict[int, Guess] = {}
        self._reasons: dict[int, Reason] = {}
        self._doubts: list[Doubt] = []

    def next(self, client: str, count: int, holding: Sequence[int] = ()) -> Handout:
        """Hand out up to `count` questions.

        Parameters
        ----------
        client : str
        count : int
        holding : sequence of int
            What the client has already, or is about to send an answer for. What it has and does not name is given to
            it again, first: its page was loaded anew.

        Raises
        ------
        UnknownItem
            For a number that is no item's.
        """
        for item in holding:
            self._check(item)
        with self._lock:
            self._desk.heard(client)
            given, vain = self._desk.give(client, count, holding)
            return Handout(list(map(self._question, given)), vain, self._desk.left() == 0)

    def answer(
        self,
        client: str,
        who: str,
        request: str,
        item: int,
        action: str,
        label: str | None = None,
        seconds: float | None = None,
        replaces: int | None = None,
    ) -> Event:
        """Take an answer; when this returns, it is on the disk. The same request again returns the first event.

        Raises
        ------
        UnknownItem
            For a number that is no item's.
        AlreadyAnswered
            When somebody else answered before; ``replaces=`` the number of that event corrects it.
        ValueError
            For an answer that makes no sense.
        OSError
            When it cannot be written.
        """
        self._check(item)
        if action not in ANSWERS or action == "known":
            raise ValueError(f"action is one of {', '.join(ANSWERS[:-1])}, not {action!r:.80}")
        with self._lock:
            self._desk.heard(client)
            if (before := self._repeated(request, item=item, action=action, label=label)) is not None:
                return before
            guess = self._guess_before(item) if action == "label" else None
            event = self._journal.append(
                action,
                request=request,
                who=who,
                item=item,
                label=label,
                seconds=seconds,
                guess=guess.label if guess else None,
                probability=guess.probability if guess else None,
                how=self._desk.how(item) if replaces is None else "review",
                replaces=replaces,
            )
            self._desk.release(item)
            self._changed(event)
            return event

    def undo(self, client: str, who: str, request: str, of: str | None = None) -> Undone | None:
        """Take back the answer that the request `of` gave, or else the person's last.

        Returns
        -------
        Undone or None
            None where there is nothing to take back.
        """
        with self._lock:
            self._desk.heard(client)
            event = self._repeated(request, action="undo")
            if event is None:
                last = self._by_request.get(of) if of else self._ledger.last_undoable(who)
                if last is None or self._ledger.undoable(last.number) is None:
                    return None
                event = self._journal.append("undo", request=request, who=who, undoes=last.number)
                self._changed(event)
            if event.item is None:
                return None
            mine = self._desk.hold(event.item, client)
            return Undone(event.item, self._question(event.item) if mine else None)

    def add_class(self, client: str, who: str, request: str, name: str) -> None:
        """Add a class; one that is there already stays as it is.

        Raises
        ------
        ValueError
            For what is no name.
        """
        with self._lock:
            self._desk.heard(client)
            if self._repeated(request, action="class") is None:
                self._changed(self._journal.append("class", request=request, who=who, label=clean_name(name)))

    def snapshot(self) -> Snapshot:
        """Return what a training needs to know, as it is now."""
        with self._lock:
            state = self._ledger.state
            return Snapshot(
                tuple(state.classes),
                {item: str(event.label) for item, event in state.labels.items()},
                [*state.skipped, *state.unknown, *state.deferred, *(self.items.gone - state.answers.keys())],
                self._desk.reserved,
                [*self._desk.out(), *self._desk.soon()],
            )

    def learned(self, news: Learned) -> None:
        """Take in what a training found: from now on its questions are asked, and its guesses count."""
        with self._lock:
            out = self._desk.out()  # on screens, with what was known before
            self._desk.rank(news.ranking, news.how)
            self._reasons = {i: self._reasons[i] for i in out if i in self._reasons} | news.reasons
            self.problem = None
            if news.trained:
                self.rounds += 1
                self.trained_on = news.labels
                self._guesses = {i: self._guesses[i] for i in out if i in self._guesses} | news.guesses
                self._desk.testing = True

    def doubted(self, doubts: Sequence[Doubt]) -> None:
        """Take in which labels are worth a second look."""
        with self._lock:
            self._doubts = list(doubts)

    def review(self, most: int) -> list[Review]:
        """Return labels that a model finds unlikely and nobody confirmed or corrected yet, so many at most."""
        with self._lock:
            return [
                Review(self._question(doubt.item), doubt.label, number, doubt.guess)
                for doubt, number in self._in_doubt()[:most]
            ]

    def to_review(self) -> int:
        """Return how many labels wait for a second look."""
        with self._lock:
            return len(self._in_doubt())

    def why(self, item: int) -> Why:
        """Return what is known about how an item comes to be asked.

        Raises
        ------
        UnknownItem
            For a number that is no item's.
        """
        self._check(item)
        with self._lock:
            reason, labels = self._reasons.get(item), self._ledger.state.labels
            near = [i for i in reason.neighbours if i in labels] if reason else []
            return Why(self._desk.how(item), reason, {i: str(labels[i].label) for i in near})

    def status(self, client: str | None = None, who: str | None = None) -> dict[str, Any]:
        """Return how far the work is, as JSON can say it; with a client and a person, also what is theirs."""
        with self._lock:
            self._desk.take_back()
            return status(self, self._ledger, self._tally, self._desk, client, who)

    def events(self) -> list[Event]:
        """Return all that ever happened, in order."""
        return self._journal.events()

    def _check(self, item: int) -> None:
        if not 0 <= item < len(self.items):
            raise UnknownItem(f"there is no item {item}: there are {len(self.items)}, from 0")

    def _guess_before(self, item: int) -> Guess | None:
        """Return the guess of a model that was never told this item's answer."""
        if (first := self._tally.first(item)) is None:
            return self._guesses.get(item)
        if first.guess is None or first.probability is None:
            return None
        return Guess(first.guess, first.probability)

    def _in_doubt(self) -> list[tuple[Doubt, int]]:
        """Return the doubts that still are some, and the events that gave the labels."""
        standing = ((doubt, self._ledger.state.labels.get(doubt.item)) for doubt in self._doubts)
        return [
            (doubt, event.number)
            for doubt, event in standing
            if event is not None and event.label == doubt.label and event.how != "review"
        ]

    def _question(self, item: int) -> Question:
        items = self.items
        return Question(
            item, items.name(item), items.text(item), items.kind == "images", self._desk.how(item)
        )

    def _repeated(self, request: str, **same: Any) -> Event | None:
        """Return the event that this request made before, if it did.

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

    def _changed(self, event: Event) -> None:
        self._take_in(event)
        if self.teacher is not None:
            self.teacher.wake()

    def _take_in(self, event: Event) -> None:
        if event.request not in self._by_request:  # a class may be there already
            self._by_request[event.request] = event
            self._ledger.apply(event)
            self._tally.note(event)
