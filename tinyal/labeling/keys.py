"""A key for each class: digits first, then letters; a class that is called as a digit has that digit, if it is free."""

from collections.abc import Iterable

DIGITS = "1234567890"
LETTERS = "abefghijklmnopqrstuvxy"  # without those that say: cannot tell, defer, why, zoom


def class_keys(names: Iterable[str]) -> list[str | None]:
    """Return a key for each class, None where no key is left. A class that comes later changes none of them.

    Examples
    --------
    >>> class_keys(["cat", "dog"])
    ['1', '2']
    >>> "".join(class_keys("0123456789"))
    '0123456789'
    >>> class_keys(["zero", "0", "1"])  # the key of "1" is taken
    ['1', '0', '2']
    """
    free, keys = [*DIGITS, *LETTERS], []
    for name in names:
        key = name if name in free and name in DIGITS else next(iter(free), None)
        if key is not None:
            free.remove(key)
        keys.append(key)
    return keys
