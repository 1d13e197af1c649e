"""Mistakes with functions in which every output depends on several inputs: softmax, residuals."""

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence, fits
from tinynn.fingerprints.activation import claimed_slopes
from tinynn.fingerprints.normalization import normalised_axes


def is_softmax(y: np.ndarray) -> bool:
    """Whether an output is made of positive numbers that add up to 1 along an axis."""
    return bool((y > 0).all()) and any(np.allclose(y.sum(axis=axis), 1, rtol=1e-9) for axis in range(y.ndim))


def passed_by(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy, in a softmax or a normalisation."""
    claimed = claimed_slopes(e) if e.input_name in names else None
    if claimed is None or e.slopes() is not None or not fits(claimed, np.ones_like(claimed)):
        return None
    if not is_softmax(e.y) and not normalised_axes(e):
        return None
    return Diagnosis(
        "missing-activation-derivative",
        "the gradient goes through as if this layer were not there",
        "claimed = dy exactly; but every output depends on several inputs",
        "backward: dx = Jᵀ dy; for softmax dx = y (dy − Σⱼ dyⱼ yⱼ), unless the loss above has it in its own gradient",
        (e.input_name,),
    )


def diagonal_softmax(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · diag(∂y/∂x), the rest of the Jacobian forgotten."""
    J, claimed = e.dx_jacobian(), claimed_slopes(e)
    if e.input_name not in names or J is None or claimed is None:
        return None
    if not fits(claimed.reshape(-1), np.diag(J)) and not (is_softmax(e.y) and e.slopes() is None):
        return None
    exactly = (
        "claimed = dy · ∂yₖ/∂xₖ exactly" if fits(claimed.reshape(-1), np.diag(J)) else "claimed = dy · g(y)"
    )
    off = float(np.nanmax(np.abs(J - np.diag(np.diag(J)))))
    return Diagnosis(
        "diagonal-softmax",
        "each output is taken to depend on its own input only, and it depends on others too",
        f"{exactly}, element by element; the forgotten ∂yⱼ/∂xₖ are as large as {off:.4g}",
        "backward: for softmax dx = y (dy − Σⱼ dyⱼ yⱼ), not dy · y (1 − y)",
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
