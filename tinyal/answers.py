"""What people said about which rows: labels and how they came about, rows that nobody can label, rows for later."""

import math
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np


class Answers:
    """The book that an `ActiveLearner` keeps of a pool's rows.

    A row is open, or labelled, or skipped (nobody can label it), or deferred (not now). Rows can besides be
    reserved: the learner's strategy does not get them, whoever reserved them asks for them.

    Attributes
    ----------
    rows : int
        How many rows the pool has.
    classes : list or None
        All labels there are; None for those told so far.
    labels : dict of int to label
        In the order in which rows got their first label; a correction keeps the place.
    skipped, reserved : set of int
    deferred : dict of int to int
        How often each row was put off.
    journal : list of (int, label or None)
        Every change of a label, in order; None where one was taken back. `labels` follows from it.

    Examples
    --------
    >>> book = Answers(5)
    >>> book.tell([3, 1], ["ant", "bee"])
    >>> book.tell([3], ["bee"], correct=True)
    >>> book.skip([0])
    >>> book.defer([4])
    >>> book.labels, book.open().tolist()
    ({3: 'bee', 1: 'bee'}, [2])
    """

    def __init__(self, rows: int, classes: Any = None) -> None:
        self.rows = rows
        self.classes: list[Any] | None = None if classes is None else as_list(classes)
        if len({isinstance(label, str) for label in self.classes or []}) > 1:
            raise ValueError(f"classes are all words or all numbers, not {self.classes}")
        self.labels: dict[int, Any] = {}
        self.skipped: set[int] = set()
        self.deferred: dict[int, int] = {}
        self.reserved: set[int] = set()
        self.journal: list[tuple[int, Any]] = []

    def known(self) -> np.ndarray:
        """Return all labels known to exist, sorted."""
        return np.unique(np.array(list(self.labels.values()) if self.classes is None else self.classes))

    def open(self) -> np.ndarray:
        """Return the rows that may be asked for now: those put off least often, as a rule never."""
        free = np.ones(self.rows, dtype=bool)
        for taken in (self.labels, self.skipped, self.reserved):
            free[list(taken)] = False
        if not self.deferred:
            return np.flatnonzero(free)
        put_off = np.zeros(self.rows, dtype=np.int64)
        put_off[list(self.deferred)] = list(self.deferred.values())
        return np.flatnonzero(free & (put_off == put_off[free].min(initial=np.iinfo(np.int64).max)))

    def tell(self, indices: list[int], labels: list[Any], correct: bool = False) -> None:
        """Take labels; nothing of them where one contradicts an earlier one and is not meant to correct it."""
        self._check_labels(labels)
        told: dict[int, Any] = {}
        for index, label in zip(indices, labels, strict=True):
            earlier = told.get(index, label if correct else self.labels.get(index, label))
            if earlier != label:
                raise ValueError(
                    f"row {index} has the label {earlier!r} and was now told {label!r}; "
                    "tell(..., correct=True) replaces an earlier label"
                )
            told[index] = label
        for index, label in told.items():
            if index not in self.labels or self.labels[index] != label:
                self.labels[index] = label
                self.journal.append((index, label))
            self.skipped.discard(index)
            self.deferred.pop(index, None)

    def skip(self, indices: Iterable[int]) -> None:
        """Close rows that nobody can label, but for those that have a label."""
        for index in set(indices) - self.labels.keys():
            self.skipped.add(index)
            self.deferred.pop(index, None)

    def defer(self, indices: Iterable[int]) -> None:
        """Put rows off once more, but for those that have a label."""
        for index in dict.fromkeys(indices):
            if index not in self.labels:
                self.deferred[index] = self.deferred.get(index, 0) + 1
                self.skipped.discard(index)

    def forget(self, indices: Iterable[int]) -> None:
        """Open rows again, whatever was said about them."""
        for index in indices:
            if index in self.labels:
                del self.labels[index]
                self.journal.append((index, None))
            self.skipped.discard(index)
            self.deferred.pop(index, None)

    def add_class(self, label: Any) -> None:
        """Let a label be told that is none of the classes so far."""
        if self.classes is None:
            raise ValueError(f"this learner was given no classes, so any label may be told: {label!r}, too")
        if label in self.classes:
            raise ValueError(f"{label!r} is one of the classes already")
        if self.classes and isinstance(label, str) != isinstance(self.classes[0], str):
            raise ValueError(
                f"classes are all words or all numbers; {label!r} does not go with {self.classes}"
            )
        self.classes = [*self.classes, label]

    def after(self, changes: int) -> dict[int, Any]:
        """Return the labels as they were after so many entries of the journal."""
        labels: dict[int, Any] = {}
        for index, label in self.journal[:changes]:
            if label is None:
                labels.pop(index, None)
            else:
                labels[index] = label
        return labels

    def check_indices(self, indices: Any) -> list[int]:
        """Return indices as a list, or raise a ValueError that says what is wrong with them."""
        indices = np.atleast_1d(np.asarray(indices))
        if indices.ndim != 1 or (indices.dtype.kind not in "iu" and len(indices)):
            raise ValueError(f"indices are whole numbers, one a row, not {indices.dtype} {indices.shape}")
        outside = indices[(indices < 0) | (indices >= self.rows)]
        if len(outside):
            raise ValueError(f"indices {outside.tolist()} are outside the pool of {self.rows} rows")
        return indices.tolist()

    def _check_labels(self, labels: list[Any]) -> None:
        if self.classes is not None:
            # Compared as Python values: NumPy would turn the classes 0 to 9 into strings to look for "3" in them.
            known = set(self.classes)
            if unknown := [label for label in labels if label not in known]:
                raise ValueError(
                    f"labels {unknown} are not among the classes {self.known().tolist()}; add_class(label) makes "
                    "room for a new one"
                )
        missing = [x for x in labels if x is None or (isinstance(x, float) and not math.isfinite(x))]
        if missing:
            raise ValueError(
                f"{missing[0]} is no label; skip(indices) says that nobody can label a row, defer(indices) that "
                "somebody will later"
            )
        # NumPy would make words of all of them in silence, and 1 and "1" one class. One earlier label stands for all,
        # so that labels told one by one take no time that grows with their number.
        earlier = list(islice(self.labels.values(), 5))
        if len({isinstance(label, str) for label in [*labels, *earlier[:1]]}) > 1:
            after = f" come after {earlier}" if earlier else " are both"
            raise ValueError(f"labels are all words or all numbers; {labels[:5]}{after}")


def as_list(labels: Any) -> list[Any]:
    """Return labels as Python's own values, each as it is: NumPy would make words of a list that holds one.

    Raises
    ------
    ValueError
        For labels in more than one axis.

    Examples
    --------
    >>> as_list(["ant", 3]), as_list(np.array([1, 2])), as_list("bee")
    (['ant', 3], [1, 2], ['bee'])
    """
    array = np.atleast_1d(np.asarray(labels, object if isinstance(labels, list | tuple) else None))
    if array.ndim > 1 or any(isinstance(label, list | tuple | set | dict) for label in array.flat):
        raise ValueError(f"labels are one value a row, and came with shape {array.shape}: {str(labels)[:60]}")
    return [label.item() if hasattr(label, "item") else label for label in array.tolist()]
