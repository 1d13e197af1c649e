"""Labels of any kind as positions among the classes of a picture."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from tinynn.backend import backend_of
from tinynn.checks import check_classes


def positions(y: Any, n: int, classes: Sequence[Any], what: str) -> np.ndarray:
    """Return where each of n labels stands among the classes.

    Labels are of the classes' kind, such as 3 among (3, 5, 7) or "cat" among ("cat", "dog"), or they are whole numbers
    that count names: 1 is then the second of ("cat", "dog"). That is how `tinynn.datasets` labels.

    Raises
    ------
    ValueError
        For labels that are none of the classes; the message begins with `what`.

    Examples
    --------
    >>> positions([5, 3, 5], 3, [3, 5, 7], "y").tolist(), positions([1, 0], 2, ("cat", "dog"), "y").tolist()
    ([1, 0, 1], [1, 0])
    """
    labels, known = as_labels(y, n, what), plain_array(classes)
    if len(known) == 0:
        raise ValueError("classes is empty: name at least one class, or leave it out")
    if is_text(labels) == is_text(known):
        order = np.argsort(known, kind="stable")
        found = order[np.searchsorted(known, labels, sorter=order).clip(max=len(known) - 1)]
        wrong = known[found] != labels
        expected = f"one of {known.tolist()}"
    elif is_text(labels):
        raise ValueError(
            f"{what} holds text, such as {labels[0].item()!r}, and the classes are numbers: {known.tolist()}"
        )
    else:
        found = labels.astype(np.int64)
        wrong = (found < 0) | (found >= len(known))
        expected = f"from 0 to {len(known) - 1}, as there are {len(known)} classes"
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"{what} has label {labels[first].item()!r} in row {first}, which should be {expected}"
        )
    return found


def as_labels(y: Any, n: int, what: str) -> np.ndarray:
    """Return n labels as a plain array."""
    labels = to_numpy(y)
    try:
        return plain_array(check_classes(labels, n))
    except ValueError as error:
        hint = "; of probabilities take the most probable class: p.argmax(axis=1)" if labels.ndim == 2 else ""
        raise ValueError(f"{what}: {error}{hint}") from None


def to_numpy(array: Any) -> np.ndarray:
    """Bring an array from wherever it lives to the host; lists become arrays."""
    return backend_of(array).to_numpy(array)


def plain_array(values: Any) -> np.ndarray:
    """Return an array of numbers or of text, also of what came as objects."""
    return np.array(np.asarray(values).tolist())


def is_text(array: np.ndarray) -> bool:
    """Whether labels are text."""
    return array.dtype.kind in "US"
