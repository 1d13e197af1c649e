"""What the command lines share: whole numbers as arguments, and how many processor cores there are to use."""

import argparse
import os


def whole_number(text: str) -> int:
    """Return a whole number of at least 1 from a command line, for argparse's ``type=``.

    Raises
    ------
    argparse.ArgumentTypeError
        For anything else; argparse says which option it was.

    Examples
    --------
    >>> whole_number("12")
    12
    >>> whole_number("-1")
    Traceback (most recent call last):
    ...
    argparse.ArgumentTypeError: must be a whole number of at least 1, not '-1'
    """
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least 1, not {text!r}")
    return int(text)


def cores() -> int:
    """Return how many processor cores this process may use: in a container, fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
