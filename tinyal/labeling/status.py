"""How far a labelling session is, in the numbers that a page shows."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tinyal.labeling.books import Books
from tinyal.labeling.desk import Desk
from tinyal.labeling.keys import class_keys
from tinyal.labeling.tally import Accuracy

if TYPE_CHECKING:
    from tinyal.labeling.session import Session


def status(
    session: "Session", books: Books, desk: Desk, client: str | None, who: str | None
) -> dict[str, Any]:
    """Return everything as JSON can say it, while the caller keeps the session from changing.

    Parameters
    ----------
    session : Session
    books : Books
    desk : Desk
    client, who : str or None
        Who asks.
    """
    state, tally = books.state, books.tally
    accuracy = tally.accuracy()
    agreed, of = tally.agreement()
    return {
        "classes": [
            {"name": name, "key": key, "count": state.counts[name]}
            for name, key in zip(state.classes, class_keys(state.classes), strict=True)
        ],
        "answered": len(state.answers) - len(state.deferred),
        "labelled": len(state.labels),
        "skipped": len(state.skipped),
        "cannot_tell": len(state.unknown),
        "deferred": len(state.deferred),
        "total": len(state.answers) - len(state.deferred) + desk.left(),
        "training": session.teacher is not None and session.teacher.busy,
        "rounds": session.findings.rounds,
        "trained_on": session.findings.trained_on,
        "problem": session.findings.problem,
        "accuracy": None if accuracy is None else _point(accuracy, "estimate"),
        "agreement": {"share": agreed / of, "n": of} if of else None,
        "curve": [_point(point, "accuracy") for point in tally.curve()],
        "can_undo": who is not None and books.ledger.last_undoable(who) is not None,
        "others": desk.others(client),
        "to_review": session.to_review(),
        "events": len(books),  # of two replies, the one that knows of more is newer
    }


def _point(point: Accuracy, name: str) -> dict[str, Any]:
    numbers = asdict(point)
    return {name: numbers.pop("estimate"), **numbers}
