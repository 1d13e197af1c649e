"""Sessions to test with: rows of numbers, a journal in a folder, a clock that stands still, a teacher that listens."""

from pathlib import Path

import numpy as np

from tinyal.labeling.journal import Journal
from tinyal.labeling.messages import Guess, Learned
from tinyal.labeling.row_items import RowItems
from tinyal.labeling.session import Session
from tinyal.labeling.settings import Settings

CLASSES = ("cat", "dog")


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class Listener:
    busy = False

    def __init__(self):
        self.woken = 0

    def wake(self):
        self.woken += 1


def rows(n, gone=()):
    x = np.arange(2.0 * n).reshape(n, 2)
    items = RowItems(x, np.zeros(2), np.ones(2), ["a", "b"], classes=CLASSES)
    items.gone = frozenset(gone)
    return items


def open_session(folder: Path, n=20, *, gone=(), clock=None, **settings):
    """Return a session on n rows, going on from the folder's journal if there is one."""
    items = rows(n, gone)
    journal = Journal(folder / "labels.sqlite")
    journal._database.execute(
        "PRAGMA synchronous=OFF"
    )  # what is on the disk after a crash is tested elsewhere
    journal.add_known(items.classes, items.known)
    session = Session(items, journal, Settings(**settings), clock or Clock())
    session.teacher = Listener()
    return session


def learned(session, ranking=(), how="strategy", label="cat", probability=0.8):
    """Pretend that a model was trained which takes every item for a cat."""
    n = len(session.items)
    guesses = {item: Guess(label, probability) for item in range(n)}
    labels = session.status()["labelled"]
    session.learned(Learned(labels, True, list(ranking), how, guesses))
