"""Mistakes with functions in which every output depends on several inputs: softmax, normalisation, residuals."""

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence, fits
from tinynn.fingerprints.activation import claimed_slopes


def diagonal_softmax(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · diag(∂y/∂x), the rest of the Jacobian forgotten."""
    J, claimed = e.dx_jacobian(), claimed_slopes(e)
    if e.input_name not in names or J is None or claimed is None:
        return None
    if not fits(claimed.reshape(-1), np.diag(J)):
        return None
    off = float(np.nanmax(np.abs(J - np.diag(np.diag(J)))))
    return Diagnosis(
        "diagonal-softmax",
        "each output is taken to depend on its own input only, and it depends on others too",
        f"claimed = dy · ∂yₖ/∂xₖ exactly; the forgotten ∂yⱼ/∂xₖ are as large as {off:.4g}",
        "backward: for softmax dx = y (dy − Σⱼ dyⱼ yⱼ), not dy · y (1 − y)",
        (e.input_name,),
    )


def statistics_as_constants(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · s, with one s for each feature or row, in a layer that normalises."""
    J, slopes = e.dx_jacobian(), claimed_slopes(e)
    if e.input_name not in names or J is None or slopes is None or e.slopes() is not None:
        return None
    axes = [
        axis for axis in range(slopes.ndim) if np.allclose(slopes, slopes.take([0], axis=axis), rtol=1e-6)
    ]
    return Diagnosis(
        "statistics-as-constants",
        "each output is taken to depend on its own input only; mean, variance or another sum is treated as a constant",
        f"claimed = dy · s, element by element{', with the same s along axis ' + str(axes[0]) if axes else ''}; "
        "but every output depends on several inputs",
        "backward: the ways from x through the mean and through the variance add their parts to dx",
        (e.input_name,),
    )


def missing_skip(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = expected − dy, in a layer y = x + f(x)."""
    x = e.input_name
    claimed = e.stacked(x) if x in names else None
    if claimed is None or claimed[0].shape != e.y.shape or not e.subject.free or not e.y.ndim:
        return None
    if not fits(e.expected[x] - claimed, np.where(np.isfinite(e.expected[x]), np.array(e.dys), np.nan)):
        return None
    return Diagnosis(
        "missing-skip",
        "y = x + f(x), and the gradient of the x alone is missing",
        "true − claimed = dy, everywhere",
        "backward: dx = dy + what comes back through f",
        (x,),
    )
