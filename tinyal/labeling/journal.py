"""The journal: every answer is on the disk before anybody hears that it was taken, and nothing is ever written over."""

import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from tinyal.labeling import events, journal_file
from tinyal.labeling.events import Event
from tinyal.labeling.journal_file import read as read
from tinyal.labeling.ledger import Ledger, State


class Journal:
    """Events in an SQLite file; several threads may use it at once, and one process at a time may write.

    An event is committed and synced (WAL, ``synchronous=FULL``) before `append` returns: after a crash, a kill or a
    power cut, what was acknowledged is there, and the rest is not.

    Parameters
    ----------
    path : path
        Made if it is not there; its folder must be.

    Raises
    ------
    ValueError
        For a file that is no journal, is damaged, or was written by a newer version.
    OSError
        For a file that cannot be read or written.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     journal = Journal(f"{folder}/labels.sqlite")
    ...     added = journal.append("class", request="1", who="Ada", label="cat")
    ...     first = journal.append("label", request="2", who="Ada", item=7, label="cat", seconds=1.3)
    ...     again = journal.append("label", request="2", who="Ada", item=7, label="cat", seconds=1.3)
    ...     state = journal.state()
    ...     journal.close()
    >>> again == first, state.labels[7].label, len(state.labels)
    (True, 'cat', 1)
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = threading.RLock()
        self._database, self._events = journal_file.open_to_write(self.path)
        try:
            self._ledger = Ledger(self._events)
        except ValueError as error:
            self._database.close()
            raise ValueError(f"{self.path} holds what cannot have happened: {error}") from error
        self._by_request = {event.request: event for event in self._events}

    def append(
        self,
        action: str,
        *,
        request: str,
        who: str,
        item: int | None = None,
        label: str | None = None,
        seconds: float | None = None,
        guess: str | None = None,
        probability: float | None = None,
        how: str | None = None,
        undoes: int | None = None,
        replaces: int | None = None,
    ) -> Event:
        """Write an event down, and return it when it is on the disk.

        The same request again returns the event of the first time, and writes nothing; so does a class that exists.

        Parameters
        ----------
        action, request, who, item, label, seconds, guess, probability, how, undoes, replaces
            As `Event` says. `replaces` is the number of the answer that this one corrects.

        Raises
        ------
        AlreadyAnswered
            For an answer about an item that has one which is not the one that it replaces.
        ValueError
            For an event that makes no sense, or an undo of what does not stand.
        OSError
            When nothing can be written: the disk is full, another process wrote. Then nothing was.
        """
        with self._lock:
            if isinstance(request, str) and request in self._by_request:
                return self._by_request[request]
            event = Event(
                number=len(self._events) + 1,
                request=request,
                time=time.time(),
                who=who,
                action=action,
                item=item,
                label=label,
                seconds=seconds,
                guess=guess,
                probability=probability,
                undoes=undoes,
                how=how,
                replaces=replaces,
            )
            events.check(event)
            if action == "class" and (known := self._ledger.class_event(label)):
                return known
            self._ledger.check(event)
            if undoes is not None and (taken_back := self._ledger.undoable(undoes)):
                event = replace(event, item=taken_back.item)
            self._write([event])
            return event

    def undo(self, who: str, *, request: str) -> Event | None:
        """Take back the last thing that a person did and that still stands; return the undo, or None if there is none.

        What it took back is ``events()[undo.undoes - 1]``.
        """
        with self._lock:
            last = self.last_undoable(who)
            if self.find(request) is None and last is None:
                return None
            return self.append("undo", request=request, who=who, undoes=last.number if last else None)

    def add_known(self, classes: Iterable[str], labels: Mapping[int, str]) -> int:
        """Write down what is known before anybody is asked, such as the folders' names; return how many labels.

        All of it is one transaction. Classes that exist and items that ever had an answer are left as they are, so
        that this may be said again whenever a project is opened.
        """
        with self._lock:
            seen = {event.item for event in self._events}
            new = [name for name in classes if not self._ledger.class_event(name)]
            fresh = {item: label for item, label in labels.items() if item not in seen}
            what: list[tuple[str, int | None, str]] = [("class", None, name) for name in dict.fromkeys(new)]
            what += [("known", item, label) for item, label in fresh.items()]
            begun, now = len(self._events), time.time()
            written = [
                Event(begun + i, f"known-{uuid4().hex}", now, "", action, item, label, how="known")
                for i, (action, item, label) in enumerate(what, start=1)
            ]
            trial = {*self._ledger.state.classes, *new}
            for event in written:
                events.check(event)
                if event.label not in trial:
                    raise ValueError(f"item {event.item} is known to be {event.label!r}, which is no class")
            self._write(written)
            return len(fresh)

    def _write(self, new: list[Event]) -> None:
        """Commit events, and then let them count."""
        journal_file.insert(self._database, self.path, new)
        for event in new:
            self._events.append(event)
            self._by_request[event.request] = event
            self._ledger.apply(event)

    def events(self) -> list[Event]:
        """Return all that ever happened, in order."""
        with self._lock:
            return self._events.copy()

    def state(self) -> State:
        """Return what counts now, a copy."""
        with self._lock:
            return self._ledger.state.copy()

    def standing(self, item: int) -> Event | None:
        """Return the answer of an item that counts, or None."""
        with self._lock:
            return self._ledger.state.answers.get(item)

    def find(self, request: str) -> Event | None:
        """Return the event that a request led to, or None."""
        with self._lock:
            return self._by_request.get(request)

    def last_undoable(self, who: str) -> Event | None:
        """Return the last event of a person that can be undone, or None: also after a restart."""
        with self._lock:
            return self._ledger.last_undoable(who)

    def close(self) -> None:
        """Close the file; the journal is then one file again, without helpers beside it."""
        with self._lock:
            self._database.close()
