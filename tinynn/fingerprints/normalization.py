"""Mistakes with normalisations: what they subtract and divide by depends on x, too."""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence, fits
from tinynn.fingerprints.activation import claimed_slopes

LOOK = "backward: the ways from x through the mean and through the variance add their parts to dx"


def normalised_axes(e: Evidence) -> list[tuple[int, ...]]:
    """Return the sets of axes along which x may be shifted, or stretched, without a change of y (but for an ε)."""
    J, x = e.dx_jacobian(), e.values.get(e.input_name)
    if J is None or x is None or x.shape != e.y.shape or not x.size or np.isnan(J).any():
        return []
    J = J.reshape(-1, *x.shape)
    size = float(np.abs(J).max())
    found = []
    for axes in _groups(x):
        over = tuple(axis + 1 for axis in axes)
        shifted = float(np.abs(J.sum(axis=over)).max()) < 1e-6 * size
        stretched = float(np.abs((J * x).sum(axis=over)).max()) < 1e-2 * float(np.abs(J * x).max())
        if shifted or stretched:
            found.append(axes)
    return found


def _groups(x: np.ndarray) -> Iterator[tuple[int, ...]]:
    for count in range(1, x.ndim + 1):
        for axes in combinations(range(x.ndim), count):
            if np.prod([x.shape[axis] for axis in axes]) > 2:
                yield axes


def statistics_as_constants(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · s, with one s for each feature or row, in a layer that normalises."""
    slopes = claimed_slopes(e)
    if e.input_name not in names or slopes is None or e.slopes() is not None or not normalised_axes(e):
        return None
    axes = [
        axis for axis in range(slopes.ndim) if np.allclose(slopes, slopes.take([0], axis=axis), rtol=1e-6)
    ]
    return Diagnosis(
        "statistics-as-constants",
        "each output is taken to depend on its own input only; mean, variance or another sum is treated as a constant",
        f"claimed = dy · s, element by element{', with the same s along axis ' + str(axes[0]) if axes else ''}; "
        "but every output depends on several inputs",
        LOOK,
        (e.input_name,),
    )


def one_statistic_as_constant(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed − expected = a constant (the mean's part), or in proportion to x − mean (the variance's part)."""
    claimed = e.stacked(e.input_name) if e.input_name in names else None
    if claimed is None:
        return None
    x, rest = e.values[e.input_name], claimed - e.expected[e.input_name]
    for axes in normalised_axes(e):
        over = tuple(axis + 1 for axis in axes)
        parts = {"mean": np.ones_like(x), "variance": x - x.mean(axis=axes, keepdims=True), "norm": x}
        for what, part in parts.items():
            along = (rest * part).sum(axis=over, keepdims=True) / (
                (part**2).sum(axis=axes, keepdims=True) + 1e-300
            )
            if fits(along * part, rest):
                kind = (
                    "one number"
                    if what == "mean"
                    else "in proportion to x" + " − mean" * (what == "variance")
                )
                return Diagnosis(
                    "statistics-as-constants",
                    f"the {what} is treated as if it did not depend on x",
                    f"claimed − true is {kind} along axis {', '.join(map(str, axes))}: exactly the {what}'s part",
                    LOOK,
                    (e.input_name,),
                )
    return None
