"""A learner as a file: all that was told, from which the same next question follows. JSON, nothing that runs."""

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import numpy as np

from tinyal.answers import Answers
from tinyal.description import describe
from tinynn.vector_file import replaced_when_complete

if TYPE_CHECKING:
    from tinyal.learner import ActiveLearner

Learner = TypeVar("Learner", bound="ActiveLearner")
FORMAT = "tinyal learner"
VERSION = 1
_CHUNK = 4096  # rows hashed at a time, so that a pool on disk stays there


def save(self: "ActiveLearner", path: str | os.PathLike[str], overwrite: bool = False) -> None:
    """Write down what was told, skipped, deferred and reserved, with the settings and the pool's fingerprint.

    It is written aside and takes its name when complete: a crash leaves the file that was there.

    Parameters
    ----------
    path : path
    overwrite : bool, optional
        Replace a file of that name.

    Raises
    ------
    FileExistsError
        If there is such a file, and `overwrite` is not given.
    TypeError
        For labels that JSON does not know: they are words, numbers, or True and False.
    """
    answers = self._answers
    journal = [(int(index), label) for index, label in answers.journal]
    for label in [*(label for _, label in journal), *(answers.classes or [])]:
        if not isinstance(label, str | int | float | None):
            raise TypeError(f"the label {label!r} cannot be saved; labels in files are words or numbers")
    content = {
        "settings": _settings(self, self._trainer.specification),
        "pool": _fingerprint(self.pool, len(self.pool)),
        "classes": answers.classes,
        "journal": journal,
        "skipped": sorted(answers.skipped),
        "deferred": sorted(answers.deferred.items()),
        "reserved": sorted(answers.reserved),
        "trainings": self._trainer.rounds,
    }
    whole = {"format": FORMAT, "version": VERSION, "checksum": _checksum(content), **content}
    data = json.dumps(whole, indent=None, allow_nan=False).encode("ascii")
    with replaced_when_complete(path, overwrite) as file:
        file.write(data + b"\n")


def load(
    cls: "type[Learner]", path: str | os.PathLike[str], model: Any, pool: Any, strategy: Any, **others: Any
) -> "Learner":
    """Return a learner that asks what the saved one would have asked.

    Parameters
    ----------
    path : path
    model, pool, strategy
        Those of the saved learner: what is in the file are labels, not rows and not weights. A warm learner's
        trainings are done again when its model is first needed.
    **others
        ``pseudo``, where the saved learner had it.

    Raises
    ------
    ValueError
        For a file that is damaged or no learner's, and where model, pool or strategy are not those it was saved
        with; it says what differs.
    OSError
        When it cannot be read.
    """
    with open(path, "rb") as file:
        data = file.read()
    try:
        content = _read(data)
        settings = content["settings"]
        keywords = {name: settings[name] for name in ("seed", "candidates", "warm")}
        _check_settings(content["classes"], **keywords)
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise ValueError(f"{os.fspath(path)!r} is not a saved learner: {_brief(error)}") from None
    made = cls(model, pool, strategy, classes=content["classes"], **keywords, **others)
    now = _settings(made, model)
    for name in now:
        if settings.get(name) != now[name]:
            raise ValueError(
                f"{os.fspath(path)!r} was saved with the {name} {settings.get(name)}, and now it is {now[name]}. "
                "Load it with the same, or tell its labels to a new learner"
            )
    _check_pool(os.fspath(path), content["pool"], made.pool)
    try:
        _restore(made, content)
    except (ValueError, LookupError, TypeError, OverflowError) as error:
        raise ValueError(f"{os.fspath(path)!r} is not a saved learner: {_brief(error)}") from None
    return made


def _settings(learner: "ActiveLearner", model: Any) -> dict[str, Any]:
    return {
        "seed": int(learner.seed),
        "candidates": None if learner.candidates is None else int(learner.candidates),
        "warm": bool(learner.warm),
        "strategy": describe(learner.strategy),
        "model": describe(model),
        "pseudo": None if learner.pseudo is None else describe(learner.pseudo),
    }


def _check_settings(classes: Any, seed: Any, candidates: Any, warm: Any) -> None:
    if (
        type(seed) is not int
        or seed < 0
        or type(candidates) not in (int, type(None))
        or type(warm) is not bool
    ):
        raise ValueError(
            f"it holds impossible settings, seed={seed!r}, candidates={candidates!r}, warm={warm!r}"
        )
    if classes is not None and not (
        isinstance(classes, list) and all(isinstance(label, str | int | float) for label in classes)
    ):
        raise ValueError(f"its classes are {classes!r}")


def _fingerprint(pool: Any, rows: int) -> dict[str, Any]:
    digest = hashlib.sha256()
    for start in range(0, rows, _CHUNK):
        digest.update(np.ascontiguousarray(np.asarray(pool[start : min(start + _CHUNK, rows)])).tobytes())
    return {
        "rows": rows,
        "shape": list(pool.shape[1:]),
        "dtype": np.dtype(pool.dtype).str,
        "sha256": digest.hexdigest(),
    }


def _check_pool(path: str, saved: Any, pool: Any) -> None:
    now = _fingerprint(pool, len(pool))
    if saved == now:
        return
    rows = saved.get("rows") if isinstance(saved, dict) else None
    if isinstance(rows, int) and 0 < rows < len(pool) and _fingerprint(pool, rows) == saved:
        raise ValueError(
            f"{path!r} was saved when the pool had {rows} rows, the first of these {len(pool)}: load it with "
            f"pool[:{rows}], then learner.extend(pool[{rows}:])"
        )
    for name in now:
        if not isinstance(saved, dict) or saved.get(name) != now[name]:
            what = (
                "other values"
                if name == "sha256"
                else f"the {name} {saved.get(name) if rows else '?'}, not {now[name]}"
            )
            raise ValueError(f"{path!r} was saved with another pool: it had {what}")


def _read(data: bytes) -> dict[str, Any]:
    def no_number(text: str) -> NoReturn:
        raise ValueError(f"{text} is no label")

    whole = json.loads(data.decode("ascii"), parse_constant=no_number)
    if not isinstance(whole, dict) or whole.pop("format", None) != FORMAT:
        raise ValueError("it does not say that it is one")
    version = whole.pop("version", None)
    if version != VERSION:
        raise ValueError(f"it is of version {version!r}, and this tinyal reads version {VERSION}")
    if whole.pop("checksum", None) != _checksum(whole):
        raise ValueError("its checksum is wrong, so it was changed or damaged")
    return whole


def _restore(learner: "ActiveLearner", content: dict[str, Any]) -> None:
    answers = learner._answers
    for index, label in content["journal"]:
        _whole(answers, index)
        if label is None:
            answers.forget([index])
        else:
            answers.tell([index], [label], correct=True)
    if len(answers.journal) != len(content["journal"]):
        raise ValueError("its journal holds entries that change nothing")
    skipped, reserved = content["skipped"], content["reserved"]
    deferred = dict(content["deferred"])
    _whole(answers, *skipped, *reserved, *deferred)
    if answers.labels.keys() & {*skipped, *deferred} or set(skipped) & set(deferred):
        raise ValueError("a row is told, skipped and deferred at once")
    rounds = [(changes, skips) for changes, skips in content["trainings"]]
    if not all(
        type(n) is int and 0 <= n < 2**31 for n in [*deferred.values(), *(n for pair in rounds for n in pair)]
    ):
        raise ValueError("it counts by something else than whole numbers")
    for changes, _ in rounds:
        if changes > len(answers.journal) or len(set(answers.after(changes).values())) < 2:
            raise ValueError("it says that a model was trained when there was nothing to train on")
    answers.skipped, answers.reserved, answers.deferred = set(skipped), set(reserved), deferred
    learner._trainer.rounds = rounds


def _whole(answers: Answers, *indices: Any) -> None:
    for index in indices:
        if type(index) is not int or not 0 <= index < answers.rows:
            raise ValueError(f"{index!r} is no row of a pool of {answers.rows}")


def _checksum(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("ascii")).hexdigest()


def _brief(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error)[:300]}"
