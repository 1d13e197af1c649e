"""Settings that a person wrote: every name and every type is checked, and what is wrong is said with its place."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any


@dataclass(frozen=True)
class Kind:
    """What a setting may be: in words, and as a question."""

    words: str
    fits: Callable[[Any], bool]


def _is_whole(value: Any) -> bool:
    return type(value) is int and value >= 1


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)


WHOLE = Kind("a whole number of at least 1", _is_whole)
SHARE = Kind("a share between 0 and 1", lambda value: _is_number(value) and 0 < value < 1)
NUMBER = Kind("a number of at least 0", lambda value: _is_number(value) and 0 <= value < float("inf"))
TEXT = Kind('text, "in quotes"', lambda value: isinstance(value, str) and bool(value))

NAMES = Kind(
    'a list of names, such as ["random", "margin"]',
    lambda value: isinstance(value, list) and value != [] and all(isinstance(name, str) for name in value),
)


def one_of(*words: str) -> Kind:
    """Return the kind of a setting that is one of these words."""
    return Kind(" or ".join(f'"{word}"' for word in words), lambda value: value in words)


def either(*kinds: Kind) -> Kind:
    """Return the kind of a setting that is of one of these kinds."""
    return Kind(
        ", or ".join(kind.words for kind in kinds), lambda value: any(kind.fits(value) for kind in kinds)
    )


def checked(
    table: Any, place: str, known: Mapping[str, Kind], required: Iterable[str] = ()
) -> dict[str, Any]:
    """Return a table of settings after a look at all of them.

    Parameters
    ----------
    table : mapping
        What somebody wrote.
    place : str
        Where it stands, such as ``"budget"``; empty for the top of a file.
    known : mapping of name to Kind
    required : iterable of str, optional
        Names that must be there.

    Raises
    ------
    ValueError
        It names the setting with its place, what was expected, what came, and for an unknown name the nearest
        known one.

    Examples
    --------
    >>> checked({"batch": 10}, "budget", {"batch": WHOLE, "total": WHOLE})
    {'batch': 10}
    >>> checked({"bach": 10}, "budget", {"batch": WHOLE, "total": WHOLE})
    Traceback (most recent call last):
    ...
    ValueError: there is no setting budget.bach. Did you mean budget.batch? There are batch, total
    """
    if not isinstance(table, Mapping):
        raise ValueError(f"{place} must be a table of settings, not {table!r}")
    path = f"{place}." if place else ""
    for name, value in table.items():
        if name not in known:
            close = get_close_matches(str(name), known, n=1, cutoff=0.5)
            raise ValueError(
                f"there is no setting {path}{name}.{f' Did you mean {path}{close[0]}?' if close else ''} "
                f"There are {', '.join(known)}"
            )
        if not known[name].fits(value):
            raise ValueError(f"{path}{name} must be {known[name].words}, not {value!r}")
    if missing := [name for name in required if name not in table]:
        raise ValueError(f"{path}{missing[0]} is missing: {known[missing[0]].words}")
    return dict(table)
