"""The labels as a file that other programs read: a CSV table of what counts, or JSON with all that ever happened."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tinyal.labeling.events import Event
from tinyal.labeling.ledger import Ledger, State

COLUMNS = (
    "item",
    "name",
    "label",
    "action",
    "who",
    "time",
    "seconds",
    "model_guess",
    "model_probability",
    "how",
)
DANGEROUS = tuple("=+-@\t\r\n＝＋－＠'")


def rows(state: State, name: Callable[[int], str]) -> list[dict[str, Any]]:
    """Return what counts of each item that was answered, by `COLUMNS`, in the order of the items.

    Parameters
    ----------
    state : State
    name : callable
        Of an item.
    """
    return [
        {
            "item": item,
            "name": name(item),
            "label": event.label,
            "action": event.action,
            "who": event.who,
            "time": iso(event.time),
            "seconds": event.seconds,
            "model_guess": event.guess,
            "model_probability": event.probability,
            "how": event.how,
        }
        for item, event in sorted(state.answers.items())
    ]


def labels_csv(events: Iterable[Event], name: Callable[[int], str]) -> str:
    """Return the labels as a table, a line an item. What is not known is an empty cell.

    Examples
    --------
    >>> events = [Event(1, "a", 0.0, "Ada", "class", label="cat"), Event(2, "b", 0.5, "Ada", "label", 7, "cat")]
    >>> print(labels_csv(events, "{}.jpg".format))
    item,name,label,action,who,time,seconds,model_guess,model_probability,how
    7,7.jpg,cat,label,Ada,1970-01-01T00:00:00.500Z,,,,
    """
    return table(COLUMNS, rows(Ledger(events).state, name))


def labels_json(events: Sequence[Event], name: Callable[[int], str]) -> str:
    """Return the labels as in the table, the classes, and the whole log: answers that were undone or corrected, too."""
    state = Ledger(events).state
    log = [asdict(event) | {"time": iso(event.time)} for event in events]
    content = {"format": "tinyal labels", "version": 1, "classes": state.classes}
    return json.dumps({**content, "labels": rows(state, name), "log": log}, indent=1, ensure_ascii=False)


def table(columns: Sequence[str], lines: Iterable[Mapping[str, Any]]) -> str:
    """Return lines as CSV (RFC 4180) with a first line of names; every text is a `safe` one."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(columns)
    for line in lines:
        writer.writerow(
            safe(value) if isinstance(value, str) else value for value in map(line.__getitem__, columns)
        )
    return file.getvalue()


def safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: an apostrophe goes before what might be one.

    A file may be called ``=cmd|' /C calc'!A0.jpg``, and a spreadsheet would run it. Texts that begin with an
    apostrophe get one, too: whoever takes one apostrophe away from every text that has one in front has the texts as
    they were.

    Examples
    --------
    >>> safe("=1+1"), safe("cat.jpg"), safe("'tis")
    ("'=1+1", 'cat.jpg', "''tis")
    """
    return "'" + text if text.startswith(DANGEROUS) else text


def iso(seconds: float) -> str:
    """Return a time in seconds since 1970 as ISO 8601, UTC.

    Examples
    --------
    >>> iso(0.25)
    '1970-01-01T00:00:00.250Z'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
