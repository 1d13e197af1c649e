"""Rows that are to be a pool, or the end of one: looked at before they are taken, with a word on what to do instead."""

from typing import Any

import numpy as np

from tinyal.pool import check_finite, outside_memory


def as_pool(rows: Any) -> Any:
    """Return rows as something that has a shape and can be indexed, after a look at all of them.

    Raises
    ------
    TypeError
        For a table or a sparse matrix; it says how to make an array of it.
    ValueError
        For NaN or infinite values, as `check_finite`.
    """
    for way in ("toarray", "to_numpy"):
        if hasattr(rows, way):
            raise TypeError(
                f"the pool is a {type(rows).__name__}, and must be an array of numbers: give pool.{way}()"
            )
    rows = rows if hasattr(rows, "shape") else np.asarray(rows)
    check_finite(rows)
    return rows


def extended(pool: Any, rows: Any) -> np.ndarray:
    """Return a copy of a pool in memory with new rows (n, ...) at its end, as numbers of the pool's own kind.

    Raises
    ------
    TypeError
        For a pool outside memory.
    ValueError
        For rows of another shape, or numbers that the pool's kind cannot hold.
    """
    if outside_memory(pool):
        raise TypeError(
            "rows cannot be added to a pool outside memory: add them to its file, make a new learner, and tell it "
            "the labels"
        )
    rows = as_pool(rows)
    if rows.shape[1:] != pool.shape[1:]:
        raise ValueError(f"the pool has rows of shape {pool.shape[1:]}, not {rows.shape[1:]}")
    # Digits may be lost, as when the pool was made; whole numbers that are too large would become others.
    casting: Any = "safe" if pool.dtype.kind in "iu" else "same_kind"
    if not np.can_cast(rows.dtype, pool.dtype, casting):
        raise ValueError(
            f"the pool holds {pool.dtype}, and these rows {rows.dtype}: convert them the way the pool was made"
        )
    if pool.dtype.kind != "U":
        with np.errstate(over="ignore"):
            rows = rows.astype(pool.dtype)
        check_finite(rows)  # again: a number may be too large for a smaller type
    return np.concatenate([pool, rows])
