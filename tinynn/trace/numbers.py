"""Numbers as text: one number, a small array written out, a large one summed up in a line."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np

SUMMARY_DIGITS = 4
GAP = "   "
FEW_BITS = 4  # rounding errors of a few operations
NUMBER = re.compile(r"\d[\d.]*(e[+−]?\d+)?|∞|nan")


def number(value: Any, digits: int) -> str:
    """Write a number with this many decimals; what needs fewer is written as short as it is.

    So 0.35 is 0.35, up to the last bits, and 0.350000 is a number that only rounds to it. What would lose its digits
    that way, the very large and the very small, takes an exponent.

    Examples
    --------
    >>> import numpy as np
    >>> number(np.float64(0.1 + 0.2), 6), number(np.float64(-1 / 3), 6), number(np.float64(1e-9 / 3), 6)
    ('0.3', '−0.333333', '3.33333e−10')
    """
    value = np.asarray(value)[()]
    if value.dtype.kind != "f":
        text = str(int(value))
    elif not np.isfinite(value):
        text = str(value).replace("inf", "∞")
    else:
        text = _decimal(value, digits)
    return text.replace("-", "−")


def _decimal(value: Any, digits: int) -> str:
    if value == 0:
        return "0"
    text = f"{float(value):.{digits}f}"
    if abs(value) < 1e6:
        short = text.rstrip("0").removesuffix(".")
        error = FEW_BITS * float(np.spacing(abs(value)))
        # Many numbers of low precision are that near to some short one; those do not count as short.
        meant = 1000 * error < 10.0 ** -len(short.partition(".")[2])
        if meant and float(short) and abs(float(short) - float(value)) <= error:
            return short
        if abs(value) >= 10.0 ** -max(digits - 2, 1):
            return text
    return re.sub(r"e(-?)\+?0?(\d+)$", r"e\1\2", f"{float(value):.{digits - 1}e}")


def _rows(array: np.ndarray, digits: int) -> list[list[str]]:
    """Write an array out, row by row, with the decimal points of the whole array below each other."""
    split = [number(value, digits).partition(".") for value in array.reshape(-1)]
    before = max((len(whole) for whole, _, _ in split), default=0)
    after = max((len(point + decimals) for _, point, decimals in split), default=0)
    cells = [whole.rjust(before) + (point + decimals).ljust(after) for whole, point, decimals in split]
    columns = array.shape[-1] if array.ndim else 1
    return [cells[start : start + columns] for start in range(0, len(cells), columns)]


def block(array: np.ndarray, digits: int, width: int) -> list[str]:
    """Write an array out as lines of at most this width; rows of more than two axes say where they stand."""
    while array.ndim > 2 and array.shape[-1] == 1:  # an image of one channel is written as a picture
        array = array[..., 0]
    lines: list[str] = []
    places = np.ndindex(array.shape[:-1]) if array.ndim > 2 else None
    for cells in _rows(array, digits):
        label = f"{place(next(places))}  " if places else ""
        fitting = max(1, (width - len(label) + len(GAP)) // (len(cells[0]) + len(GAP)))
        for start in range(0, len(cells), fitting):
            line = GAP.join(cells[start : start + fitting]).rstrip()
            lines.append(label + line if start == 0 else " " * (len(label) + 2) + line)
    return lines


def place(index: tuple[int, ...]) -> str:
    """Write an index as it stands behind a name: ``[0,1]``."""
    return f"[{','.join(map(str, index))}]" if index else ""


def count(text: str) -> int:
    """Return how many numbers are written in a text."""
    return len(NUMBER.findall(text))


def summary(array: np.ndarray, digits: int) -> str:
    """Say in one line what a large array holds."""
    return GAP.join(f"{name} {value}" for name, value in _facts(array, min(digits, SUMMARY_DIGITS)))


def _facts(array: np.ndarray, digits: int) -> Iterator[tuple[str, str]]:
    finite = array[np.isfinite(array)]
    if broken := array.size - finite.size:
        yield "NaN or ∞ in", f"{broken} of {array.size} places"
    if not finite.size:
        return
    values = finite.astype(np.float64)
    for name, value in (("min", values.min()), ("max", values.max()), ("mean", values.mean())):
        yield name, number(value, digits)
    yield "zeros", f"{(values == 0).mean():.0%}"
    # The root of a sum of squares, scaled so that no square overflows.
    largest = abs(values).max() or 1.0
    yield "norm", number(largest * np.sqrt(((values / largest) ** 2).sum()), digits)
