"""How a run spends its labels: some at the start, some to judge training by, then a batch a round. All are counted."""

import re
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

Batch = int | Sequence[tuple[int | None, int]] | Callable[[int], int]


def rounds(initial: int, budget: int, batch: Batch, validation: int = 0) -> list[int]:
    """Return how many labels are paid for before each evaluation; the sum is the budget.

    Parameters
    ----------
    initial : int
        Labels at the start, drawn at random, to train on.
    budget : int
        Labels in all.
    batch : int, list of (until, batch), or callable
        Labels a round. ``[(100, 10), (None, 50)]`` asks for 10 at a time until there are 100 labels, then for 50; a
        function gets the number of labels so far and returns the next batch. The last round takes what is left, and
        a batch ends where its part of the schedule does.
    validation : int, optional
        Labels at the start that are not trained on. They cost as much as others.

    Raises
    ------
    ValueError
        For numbers that do not fit each other.

    Examples
    --------
    >>> rounds(20, 55, 10)
    [20, 10, 10, 10, 5]
    >>> rounds(20, 300, [(50, 20), (None, 100)], validation=10)
    [30, 20, 100, 100, 50]
    >>> rounds(10, 100, lambda labels: labels)
    [10, 10, 20, 40, 20]
    """
    if not 1 <= initial <= budget or (isinstance(batch, int) and batch < 1):
        raise ValueError(
            f"a run needs 1 <= initial <= budget and batch >= 1, not initial={initial}, budget={budget}, batch={batch}"
        )
    if initial + validation > budget:
        raise ValueError(
            f"{initial} initial labels and {validation} for validation are more than the budget of {budget}: labels "
            "that training is judged by are paid for like others"
        )
    spent = [initial + validation]
    while (labels := sum(spent)) < budget:
        spent.append(min(_next(batch, labels), budget - labels))
    return spent


def as_pairs(initial: int, budget: int, batch: Batch, validation: int = 0) -> int | list[tuple[int, int]]:
    """Return batches as a number, or as pairs, which can be written down and sent elsewhere; a function cannot.

    Examples
    --------
    >>> as_pairs(10, 60, lambda labels: labels)
    [(20, 10), (40, 20), (60, 20)]
    """
    if isinstance(batch, int):
        return batch
    spent = rounds(initial, budget, batch, validation)
    return list(zip(accumulate(spent), spent, strict=True))[1:]


def check_budget(pool: int, initial: int, budget: int, batch: Batch, validation: int = 0) -> None:
    """Raise a ValueError unless a run can spend its labels like this on a pool of this many rows."""
    rounds(initial, budget, batch, validation)
    if budget > pool:
        raise ValueError(f"a budget of {budget} labels is more than the pool has: {pool} rows")


def parse_batch(text: str) -> list[tuple[int | None, int]]:
    """Read a schedule of batches as a person writes it.

    Raises
    ------
    ValueError
        For other words; it shows how to write one.

    Examples
    --------
    >>> parse_batch("10 to 100, 25 to 300, then 50")
    [(100, 10), (300, 25), (None, 50)]
    """
    *parts, last = [part.strip() for part in text.split(",")]
    steps = [re.fullmatch(r"(\d+) to (\d+)", part) for part in parts]
    rest = re.fullmatch(r"then (\d+)", last)
    if not parts or rest is None or None in steps:
        raise ValueError(f'a schedule of batches reads like "10 to 100, then 50", not {text!r}')
    return [(int(step[2]), int(step[1])) for step in steps if step] + [(None, int(rest[1]))]


def _next(batch: Batch, labels: int) -> int:
    """Return the batch that is due at so many labels."""
    if callable(batch):
        return _whole(batch(labels), f"the schedule at {labels} labels")
    if not isinstance(batch, Sequence):
        return _whole(batch, "batch")
    for until, size in batch:
        if until is None:
            return _whole(size, "the last batch of the schedule")
        if labels < until:
            return min(_whole(size, f"the batch until {until} labels"), until - labels)
    raise ValueError(
        f"the schedule of batches {list(batch)} ends before the budget does: it says nothing about {labels} labels. "
        "Let it end with (None, batch)"
    )


def _whole(size: Any, what: str) -> int:
    if isinstance(size, bool) or not hasattr(size, "__index__") or size < 1:
        raise ValueError(f"{what} must be a whole number of at least 1, not {size!r}")
    return int(size)
