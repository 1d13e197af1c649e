"""Rows of a file keep their numbers as long as the file keeps its rows; rows may be added at its end."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.labeling import kept_items

CHUNK = 4096  # rows read at a time, so that an array on disk stays there


def check_rows(
    source: Path, project: Path, x: np.ndarray, texts: Sequence[str] | None = None, *, refresh: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Compare rows with those that were there before, and write down which there are now.

    Parameters
    ----------
    source, project : path
    x : array (n, ...)
    texts : sequence of n str, optional
    refresh : bool
        Whether to write.

    Returns
    -------
    mean, spread : float64 arrays
        Of each feature over the rows of the first time, so that a model's inputs stay what they were when rows are
        added. A feature that never changes has the spread 1. Nothing, for images.

    Raises
    ------
    ValueError
        Where rows are missing or different: labels would belong to others than those they were given to.
    """
    kept = kept_items.load(project, "rows")
    if kept is None:
        mean, spread = moments(x, source) if x.ndim == 2 else (np.zeros(0), np.zeros(0))
    else:
        mean, spread = np.array(kept["mean"]), np.array(kept["spread"])
        n = int(kept["rows"])
        if len(x) < n:
            raise ValueError(
                f"{source} has {len(x)} rows, and had {n} when they were labelled; bring them back, or begin a new "
                "project"
            )
        if fingerprint(x[:n], texts and texts[:n]) != kept["fingerprint"]:
            raise ValueError(
                f"the first {n} rows of {source} are not those that were labelled: labels would belong to other "
                "rows. New rows go to the end; for others, begin a new project"
            )
    if refresh and (kept is None or kept["rows"] < len(x)):
        content: dict[str, Any] = {"rows": len(x), "fingerprint": fingerprint(x, texts)}
        kept_items.save(project, "rows", {**content, "mean": mean.tolist(), "spread": spread.tolist()})
    return mean, spread


def fingerprint(x: np.ndarray, texts: Sequence[str] | None = None) -> str:
    """Return a digest of rows: their numbers, type and shape, and their texts.

    Examples
    --------
    >>> fingerprint(np.zeros((2, 3))) == fingerprint(np.zeros((2, 3)))
    True
    >>> fingerprint(np.zeros((2, 3))) == fingerprint(np.zeros((3, 2)))
    False
    """
    digest = hashlib.sha256(f"{x.dtype.str} {x.shape}".encode())
    for start in range(0, len(x), CHUNK):
        digest.update(np.ascontiguousarray(x[start : start + CHUNK]).tobytes())
    for text in texts or ():
        digest.update(f"{len(text)}:{text}".encode())
    return digest.hexdigest()


def moments(x: np.ndarray, source: Path | str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of each column, a chunk of rows at a time; 1 for one that never changes.

    Raises
    ------
    ValueError
        For NaN and infinity; it says in which row of the source.

    Examples
    --------
    >>> moments(np.array([[1, 5], [3, 5]]), "a table")
    (array([2., 5.]), array([1., 1.]))
    """
    mean, spread = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    for start in range(0, len(x), CHUNK):
        piece = x[start : start + CHUNK].astype(np.float64)
        if not np.isfinite(piece).all():
            row, column = np.argwhere(~np.isfinite(piece))[0]
            raise ValueError(
                f"{source}: row {start + row} holds {piece[row, column]} in column {column}; fill what is missing, "
                "or drop the row"
            )
        mean += piece.sum(axis=0) / len(x)
    for start in range(0, len(x), CHUNK):
        spread += np.square(x[start : start + CHUNK] - mean).sum(axis=0) / len(x)
    spread = np.sqrt(spread)
    return mean, np.where(spread > 0, spread, 1.0)
