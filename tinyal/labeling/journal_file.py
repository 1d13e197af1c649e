"""The file of a journal: one table of events in SQLite, to which rows are added, and nothing else is ever done."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from tinyal.labeling.events import Event

APPLICATION = 0x74414C6A  # "tALj", in the file's header
VERSION = 1
COLUMNS = tuple(field.name for field in fields(Event))
SCHEMA = """
CREATE TABLE events (
    number INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, time REAL NOT NULL, who TEXT NOT NULL,
    action TEXT NOT NULL, item INTEGER, label TEXT, seconds REAL, guess TEXT, probability REAL, undoes INTEGER,
    how TEXT, replaces INTEGER
);
CREATE TRIGGER nothing_changes BEFORE UPDATE ON events BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
CREATE TRIGGER nothing_goes BEFORE DELETE ON events BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END;
"""
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def open_to_write(path: Path) -> tuple[sqlite3.Connection, list[Event]]:
    """Open a journal, or begin one, and return the connection with all events so far.

    What is written is synced (``synchronous=FULL``) to a log beside the file (WAL), so that others can read meanwhile.

    Raises
    ------
    ValueError
        For a file that is no journal, is damaged, or was written by a newer version.
    OSError
        For one that cannot be opened or written.
    """
    try:
        # Each statement is a transaction of its own, unless one is begun.
        database = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be opened: {error}") from error
    try:
        empty = not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not empty:
            _check(database)  # before anything is changed: it may be the file of another program
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "fullfsync=ON", "checkpoint_fullfsync=ON"):
            database.execute(f"PRAGMA {pragma}")
        if empty:
            database.executescript(
                f"BEGIN IMMEDIATE; PRAGMA application_id={APPLICATION}; PRAGMA user_version={VERSION}; {SCHEMA} COMMIT;"
            )
        return database, _read(database)
    except (sqlite3.Error, ValueError) as error:
        database.close()
        raise _told(path, error) from error


def insert(database: sqlite3.Connection, path: Path, new: Sequence[Event]) -> None:
    """Commit events, all or none.

    Raises
    ------
    ValueError
        For a connection that was closed.
    OSError
        When nothing could be written, and nothing was: the disk is full, or another process wrote.
    """
    try:
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany(INSERT, map(astuple, new))
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise
    except sqlite3.IntegrityError as error:
        raise OSError(
            f"{path}: another process wrote to it; one at a time may ({error}). Nothing was written"
        ) from error
    except sqlite3.ProgrammingError as error:
        raise ValueError(f"{path} was closed") from error
    except sqlite3.Error as error:
        raise OSError(f"{path} cannot be written: {error}. Nothing was") from error


def read(path: str | Path) -> list[Event]:
    """Return the events of a journal that another process may be writing; nothing is changed.

    Raises
    ------
    ValueError
        For a file that is no journal, or damaged.
    OSError
        For one that is missing, or cannot be read now.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: nothing was labelled there yet")
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=5)) as database:
            return _read(database)
    except (sqlite3.Error, ValueError) as error:
        raise _told(path, error) from error


def _check(database: sqlite3.Connection) -> None:
    """Raise an error unless this is a journal, and whole."""
    application, version = (
        database.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
    )
    if application != APPLICATION:
        raise ValueError("it is the database of another program")
    if version > VERSION:
        raise ValueError(f"its version is {version}, and this tinyal reads {VERSION}; a newer one reads it")
    if (found := database.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise ValueError(found)


def _read(database: sqlite3.Connection) -> list[Event]:
    _check(database)
    rows: list[Any] = database.execute(f"SELECT {', '.join(COLUMNS)} FROM events ORDER BY number").fetchall()
    read = [Event(*row) for row in rows]
    if any(event.number != i for i, event in enumerate(read, start=1)):
        raise ValueError("events are missing from it")
    return read


def _told(path: Path, error: Exception) -> Exception:
    """Return an error that says which file it is about, and what can be done."""
    if isinstance(error, sqlite3.OperationalError):
        return OSError(f"{path} cannot be used: {error}")
    return ValueError(
        f"{path} is no journal of labels, or a damaged one: {error}. Nothing was changed; if it was damaged, bring "
        "back a copy"
    )
