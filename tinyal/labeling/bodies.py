"""What a request may say: every field of every body by its name, its kind and how long it may be."""

import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from tinyal.labeling.names import clean_name

Field = tuple[Callable[[Any], Any], bool]  # how it is read, and whether it must be there
MOST_AT_ONCE = 50  # questions
MOST_HELD = 500
LARGEST = 2**53  # a whole number that JavaScript can say


def parse(body: bytes, fields: Mapping[str, Field]) -> dict[str, Any]:
    """Return the fields of a JSON object, checked.

    Parameters
    ----------
    body : bytes
    fields : mapping of name to (reader, needed)
        A field that is not needed may be left out or null, and is None then.

    Raises
    ------
    ValueError
        For anything else than such an object; it names the field.

    Examples
    --------
    >>> parse(b'{"client": "a", "count": 2}', NEXT)
    {'client': 'a', 'count': 2, 'holding': None}
    >>> parse(b'{"client": "../a", "count": 2}', NEXT)
    Traceback (most recent call last):
    ...
    ValueError: client is 1 to 64 letters, digits, - and _, not '../a'
    """
    try:
        said = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise ValueError("the body is no JSON") from None
    if not isinstance(said, dict):
        raise ValueError("the body is a JSON object, { }")
    if odd := said.keys() - fields.keys():
        raise ValueError(f"there is no field {min(odd)!r:.80}; there are {', '.join(fields)}")
    found: dict[str, Any] = {}
    for name, (read, needed) in fields.items():
        value = said.get(name)
        if value is None and needed:
            raise ValueError(f"{name} is missing")
        try:
            found[name] = None if value is None else read(value)
        except ValueError as error:
            raise ValueError(f"{name} {error}") from None
    return found


def identifier(value: Any) -> str:
    """Read an id that a page made."""
    if not isinstance(value, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", value):
        raise ValueError(f"is 1 to 64 letters, digits, - and _, not {value!r:.80}")
    return value


def whole(low: int, high: int) -> Callable[[Any], int]:
    """Return what reads a whole number from `low` to `high`."""

    def read(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise ValueError(f"is a whole number from {low} to {high}, not {value!r:.80}")
        return value

    return read


def items(value: Any) -> list[int]:
    """Read numbers of items."""
    if not isinstance(value, list) or len(value) > MOST_HELD:
        raise ValueError(f"is a list of at most {MOST_HELD} numbers of items")
    return [whole(0, LARGEST)(item) for item in value]


def name(value: Any) -> str:
    """Read a name that a person typed."""
    if not isinstance(value, str):
        raise ValueError(f"is a text, not {value!r:.80}")
    try:
        return clean_name(value, "")
    except ValueError as error:
        raise ValueError(str(error).strip()) from None


def seconds(value: Any) -> float:
    """Read how long something took."""
    if type(value) not in (int, float) or not 0 <= value < LARGEST or not math.isfinite(value):
        raise ValueError(f"is a number of seconds from 0, not {value!r:.80}")
    return float(value)


def text(value: Any) -> str:
    """Read a text that is looked up, and not kept."""
    if not isinstance(value, str):
        raise ValueError(f"is a text, not {value!r:.80}")
    return value


def _no_constant(word: str) -> None:
    raise ValueError(f"{word} is no JSON")


CLIENT: dict[str, Field] = {"client": (identifier, True)}
PERSON: dict[str, Field] = {**CLIENT, "who": (name, True), "request": (identifier, True)}
ITEM = whole(0, LARGEST)
NEXT: dict[str, Field] = {**CLIENT, "count": (whole(0, MOST_AT_ONCE), True), "holding": (items, False)}
ANSWER: dict[str, Field] = {
    **PERSON,
    "item": (ITEM, True),
    "action": (text, True),
    "label": (text, False),
    "seconds": (seconds, False),
    "replaces": (ITEM, False),
    "of": (identifier, False),
}
UNDO: dict[str, Field] = {**PERSON, "of": (identifier, False)}
CLASS: dict[str, Field] = {**PERSON, "name": (name, True)}
