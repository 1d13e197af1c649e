"""Where rows lie, for strategies that look at distances: a model's features of them or the rows themselves."""

from typing import Literal, TypeAlias

import numpy as np

from tinyal.view import PoolView

Space: TypeAlias = Literal["embed", "x"]
"""``"embed"``: what the model's `embed` makes of rows, or without one the rows; ``"x"``: always the rows themselves."""


def check(space: Space, candidates: int | None) -> None:
    """Refuse settings that no strategy can follow.

    Raises
    ------
    ValueError
        For another space, or fewer than one candidate.
    """
    if space not in ("embed", "x"):
        raise ValueError(
            f"space is 'embed' (the model's features) or 'x' (the rows themselves), not {space!r}"
        )
    if candidates is not None and candidates < 1:
        raise ValueError(f"candidates must be at least 1, or None for all, not {candidates}")


def features(view: PoolView, space: Space) -> np.ndarray:
    """Return the candidates as vectors of floating-point numbers, (n, d); bytes become numbers from 0 to 1.

    Raises
    ------
    ValueError
        For vectors of length zero, and for NaN or infinite numbers.
    """
    return _vectors(view.embed() if _embeds(view, space) else view.x)


def labeled_features(view: PoolView, space: Space) -> np.ndarray:
    """Return the labelled rows as vectors, (m, d), like `features`."""
    if len(view.labeled) == 0:  # nothing to show to a model, which may refuse to look at nothing
        return np.zeros((0, features(view.subset(np.arange(1)), space).shape[1]), dtype=np.float32)
    return _vectors(view.labeled_embed() if _embeds(view, space) else view.labeled_x)


def _embeds(view: PoolView, space: Space) -> bool:
    return space == "embed" and hasattr(view.model, "embed")


def _vectors(rows: np.ndarray) -> np.ndarray:
    flat = np.asarray(rows).reshape(len(rows), -1)
    if flat.shape[1] == 0:
        raise ValueError(
            "these rows have no features: vectors of length 0 all lie at one place, and no distance tells them apart"
        )
    if flat.dtype == np.uint8:
        return flat.astype(np.float32) / np.float32(255)
    if flat.dtype.kind not in "fiub":
        raise TypeError(f"distances are taken between numbers, and these rows hold {flat.dtype}")
    if flat.dtype.kind != "f" or flat.dtype.itemsize < 4:
        flat = flat.astype(np.float32 if flat.dtype.itemsize < 4 else np.float64)
    if not (finite := np.isfinite(flat)).all():
        bad = int((~finite.all(axis=1)).sum())
        raise ValueError(
            f"{bad} of {len(flat)} rows have features that are NaN or infinite: has the training diverged?"
        )
    return flat
