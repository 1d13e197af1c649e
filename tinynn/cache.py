"""How much to work on at a time: as many rows as stay in a processor's cache."""

import sys
from typing import Any

import numpy as np

CACHED_NUMBERS = 2**18  # one megabyte of float32


def rows_at_a_time(xp: Any, numbers_per_row: int) -> int:
    """Return how many rows to work on together when each needs this many numbers of working memory.

    On a processor as many as stay in its cache; on a GPU, where a launch costs more than memory, all of them.

    Examples
    --------
    >>> rows_at_a_time(np, 1000), rows_at_a_time(np, 10**9)
    (262, 1)
    """
    return max(1, CACHED_NUMBERS // numbers_per_row) if xp is np else sys.maxsize
