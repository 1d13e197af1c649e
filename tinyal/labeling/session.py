"""A labelling session: it hands out questions, takes answers, and knows how far the work is."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from tinyal.labeling.asking import Handout, Question, Review, Teacher, Undone, UnknownItem, Why
from tinyal.labeling.books import Books
from tinyal.labeling.desk import Desk
from tinyal.labeling.events import ANSWERS, Event
from tinyal.labeling.findings import Findings
from tinyal.labeling.items import Items
from tinyal.labeling.journal import Journal
from tinyal.labeling.messages import Doubt, Learned, Snapshot
from tinyal.labeling.names import clean_name
from tinyal.labeling.settings import Settings
from tinyal.labeling.status import status


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
    findings : Findings
        What the trainings found.
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
        self._journal = journal
        self._lock = threading.RLock()
        self._books = Books(journal.events())
        self._desk = Desk(items, settings, self._books.state, self._books.tally, clock)
        self.findings = Findings(self._books.state, self._books.tally)

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
        of: str | None = None,
    ) -> Event:
        """Take an answer; when this returns, it is on the disk. The same request again returns the first event.

        Parameters
        ----------
        client, who, request, item, action, label, seconds
        replaces : int, optional
            The number of the answer that this one corrects.
        of : str, optional
            The request of an earlier correction by the same page, which has perhaps heard of no number yet: the server
            was away. If that correction came through and stands, it is what this one replaces.

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
            if (before := self._books.made_by(request, item=item, action=action, label=label)) is not None:
                return before
            standing = self._books.state.answers.get(item)
            if replaces is not None and standing is not None and standing.request == of:
                replaces = standing.number
            guess = self.findings.guess(item) if action == "label" else None
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
            event = self._books.made_by(request, action="undo")
            if event is None:
                ledger = self._books.ledger
                last = self._books.made_by(of) if of else ledger.last_undoable(who)
                if last is None or ledger.undoable(last.number) is None:
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
            if self._books.made_by(request, action="class") is None:
                self._changed(self._journal.append("class", request=request, who=who, label=clean_name(name)))

    def snapshot(self) -> Snapshot:
        """Return what a training needs to know, as it is now."""
        with self._lock:
            state = self._books.state
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
            self.findings.take_in(news, self._desk.out())
            self._desk.rank(news.ranking, news.how)
            self._desk.testing = self._desk.testing or news.trained

    def doubted(self, doubts: Sequence[Doubt]) -> None:
        """Take in which labels are worth a second look."""
        with self._lock:
            self.findings.doubted(doubts)

    def review(self, most: int) -> list[Review]:
        """Return labels that a model finds unlikely and nobody confirmed or corrected yet, so many at most."""
        with self._lock:
            return [
                Review(self._question(doubt.item), doubt.label, number, doubt.guess)
                for doubt, number in self.findings.in_doubt()[:most]
            ]

    def to_review(self) -> int:
        """Return how many labels wait for a second look."""
        with self._lock:
            return len(self.findings.in_doubt())

    def why(self, item: int) -> Why:
        """Return what is known about how an item comes to be asked.

        Raises
        ------
        UnknownItem
            For a number that is no item's.
        """
        self._check(item)
        with self._lock:
            reason, labels = self.findings.reason(item), self._books.state.labels
            near = [i for i in reason.neighbours if i in labels] if reason else []
            return Why(self._desk.how(item), reason, {i: str(labels[i].label) for i in near})

    def status(self, client: str | None = None, who: str | None = None) -> dict[str, Any]:
        """Return how far the work is, as JSON can say it; with a client and a person, also what is theirs."""
        with self._lock:
            self._desk.take_back()
            return status(self, self._books, self._desk, client, who)

    def events(self) -> list[Event]:
        """Return all that ever happened, in order."""
        return self._journal.events()

    def _check(self, item: int) -> None:
        if not 0 <= item < len(self.items):
            raise UnknownItem(f"there is no item {item}: there are {len(self.items)}, from 0")

    def _question(self, item: int) -> Question:
        items = self.items
        return Question(
            item, items.name(item), items.text(item), items.kind == "images", self._desk.how(item)
        )

    def _changed(self, event: Event) -> None:
        self._books.take_in(event)
        if self.teacher is not None:
            self.teacher.wake()
