"""Ties: where several inputs are equally large, a maximum has a kink, and yet its gradient must add up.

Moved together, equal numbers stay equal, and the function is smooth along that direction. So its slope there must be
the sum of the gradients of all of them.
"""

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence, claim
from tinynn.oracles import differences, mover


def probe(e: Evidence, rng: np.random.Generator) -> Diagnosis | None:
    """Round x to a few values, and compare slope and summed gradient for each of them."""
    x = e.values["x"]
    if e.subject.kind != "layer" or x.size < 4 or e.dx_jacobian() is None:
        return None
    coarse = float(x.std()) / 1.5 or 1.0
    tied = (np.floor(x / coarse) + 0.5) * coarse
    dy = e.dys[0]
    try:
        session = e.subject.open(np.float64)
        session.arrays["x"][...] = tied
        if not np.isfinite(np.asarray(session.forward())).all():
            return None
        claimed = np.asarray(claim(e.subject.open, dy, {"x": tied})["x"], dtype=np.float64)
        values = np.unique(tied)
        groups = [(tied == value).astype(np.float64) for value in values]
        moves = [mover(session.arrays["x"], group) for group in groups]
        slopes, smooth, _ = differences(
            lambda: np.array([np.sum(dy * session.forward())]), moves, 0.1 * coarse, rng
        )
    except UnusableError as error:
        return Diagnosis("raised", f"inputs with equal numbers fail: {error}", "", error.where or "backward")
    sums = np.array([float((claimed * group).sum()) for group in groups])
    error_ = np.where(smooth, np.abs(sums - slopes[:, 0]), 0)
    if not np.max(error_) > 1e-5 * max(
        1e-6, float(np.abs(slopes[smooth]).max(initial=0)), float(np.abs(sums).max())
    ):
        return None
    worst = int(np.argmax(error_))
    J = e.dx_jacobian()
    pools = J is not None and bool(np.all(np.isnan(J) | (np.abs(J) < 1e-7) | (np.abs(J - 1) < 1e-7)))
    evidence = (
        f"moving all inputs of {values[worst]:.3g} together changes L by {slopes[worst, 0]:.4g} a step; "
        f"their gradients add up to {sums[worst]:.4g}"
    )
    if pools:
        return Diagnosis(
            "pool-ties-counted",
            "where several numbers of a window are the largest, each gets the whole gradient",
            evidence,
            "the mask x == y in backward: give dy to the first largest number only, or share it out",
            ("x",),
        )
    return Diagnosis(
        "wrong-at-ties",
        "the gradient is wrong where several inputs are equal",
        evidence,
        "comparisons between inputs in backward",
        ("x",),
    )
