"""A key for each class: digits first, then letters."""

from collections.abc import Iterator

TAKEN = "cdwz"  # letters with which a person says: cannot tell, defer, why, zoom


def class_keys() -> Iterator[str | None]:
    """Yield the keys of the first class, the second, and so on; None where no key is left.

    Examples
    --------
    >>> keys = class_keys()
    >>> "".join(next(keys) for _ in range(32))
    '1234567890abefghijklmnopqrstuvxy'
    >>> next(keys) is None
    True
    """
    yield from "1234567890"
    yield from (letter for letter in "abcdefghijklmnopqrstuvwxyz" if letter not in TAKEN)
    while True:
        yield None
