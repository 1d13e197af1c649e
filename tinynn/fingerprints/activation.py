"""Mistakes with functions that work element by element: activations and dropout."""

from collections.abc import Callable

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence, fits
from tinynn.fingerprints.weights import bias_without_derivative

DERIVATIVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "sigmoid": lambda x: np.exp(-np.abs(x)) / (1 + np.exp(-np.abs(x))) ** 2,
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "ReLU": lambda x: (x > 0).astype(float),
    "softplus": lambda x: 0.5 * (1 + np.tanh(x / 2)),
    "ELU": lambda x: np.exp(np.minimum(x, 0)),
    "sine": np.cos,
    "exp": np.exp,
}


def claimed_slopes(e: Evidence) -> np.ndarray | None:
    """Return g where claimed = dy · g(x) for every dy."""
    claimed = e.stacked(e.input_name) if e.input_name in e.claimed else None
    if claimed is None or claimed[0].shape != e.y.shape or e.subject.kind == "loss" or not e.y.ndim:
        return None
    slopes = np.array([c / dy for c, dy in zip(claimed, e.dys, strict=True)])
    return slopes[0] if np.allclose(slopes[0], slopes[-1], rtol=1e-6, atol=1e-9) else None


def _elementwise(e: Evidence, names: list[str]) -> tuple[np.ndarray, np.ndarray] | None:
    """Return true and claimed slopes, where the function and the claim both work element by element."""
    true, claimed = e.slopes(), claimed_slopes(e)
    if e.input_name not in names or true is None or claimed is None:
        return None
    return true, claimed


def _two_values(slopes: np.ndarray) -> float | None:
    """Return s if all slopes are 0 or s and both occur, as in dropout."""
    known = slopes[np.isfinite(slopes)]
    s = float(known.max(initial=0))
    two = (np.abs(known) < 1e-7) | (np.abs(known - s) < 1e-6 * s)
    return s if s > 0 and two.all() and (known < s / 2).any() else None


def redrawn_dropout_mask(e: Evidence, names: list[str]) -> Diagnosis | None:
    """Forward and backward both multiply by 0 or s, but not at the same places."""
    true = e.slopes()
    claimed = e.stacked(e.input_name) if e.input_name in names else None
    if true is None or claimed is None or claimed[0].shape != true.shape:
        return None
    s, pattern = _two_values(true), claimed[0] / e.dys[0]
    t = None if s is None else _two_values(pattern)
    session = e.subject.open(np.float64)
    session.forward()
    session.backward(e.dys[0])
    drew = getattr(getattr(session, "specimen", None), "drew", False)
    if s is None or t is None or not (drew or abs(s - 1) > 1e-6):
        return None
    if abs(s - t) > 1e-6 * s and not drew:
        return None
    known = np.isfinite(true)
    other = int(np.count_nonzero((true[known] > 0) != (pattern[known] > 0)))
    return Diagnosis(
        "redrawn-dropout-mask",
        "backward drops other numbers than forward did",
        f"{other} of {true.size} numbers are dropped in one pass and kept in the other"
        + ("; backward draws random numbers" if drew else ""),
        "backward: use the mask that forward kept, self.mask, and draw none",
        (e.input_name,),
    )


def missing_activation_derivative(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy, as if f′ were 1."""
    bias = bias_without_derivative(e, names)
    if bias:
        return Diagnosis(
            "missing-activation-derivative",
            "the gradient goes through the activation as if its derivative were 1",
            f"d{bias} is exactly the sum of the rows of dy; the derivative f′ is missing",
            "the first line of backward: dz = dy * f′(z), and from there on dz in place of dy",
            tuple(names),
        )
    both = _elementwise(e, names)
    if both is None or not fits(both[1], np.ones_like(both[1])):
        return None
    known = both[0][np.isfinite(both[0])]
    s = _two_values(both[0])
    if s is not None and s > 1 + 1e-6:
        return Diagnosis(
            "missing-dropout-mask",
            "backward drops nothing: dx = dy",
            f"forward multiplies by 0 or {s:.4g}, backward by 1",
            "backward: dx = dy * self.mask",
            (e.input_name,),
        )
    return Diagnosis(
        "missing-activation-derivative",
        "the gradient goes through the activation as if its derivative were 1",
        f"claimed = dy exactly; the true derivative lies between {known.min():.4g} and {known.max():.4g}",
        "backward: dx = dy * f′(x)",
        (e.input_name,),
    )


def derivative_at_output(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · f′(y) with y = f(x), where f′(x) is meant."""
    both = _elementwise(e, names)
    if both is None:
        return None
    try:
        there = e.slopes_at(e.y)
    except UnusableError:
        return None
    if not fits(both[1], there):
        return None
    return Diagnosis(
        "derivative-at-output",
        "the activation's derivative is taken at the output y, where the input x is meant",
        _at(e, both[1], "f′(y)", there, "f′(x)", both[0]),
        "backward: a derivative written in x (such as 1/(1 + e⁻ˣ) ...) needs the x of forward, not y",
        (e.input_name,),
    )


def derivative_at_input(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · F(x), where f′(x) = F(y): a formula for the output, such as y (1 − y), given the input."""
    both = _elementwise(e, names)
    if both is None:
        return None
    try:  # with y in the place of x, F gives what it should have given
        raw = e.claim_at(e.dys[0], **{e.input_name: e.y})[e.input_name]
    except UnusableError:
        return None
    if raw is None or not fits(np.asarray(raw, dtype=float) / e.dys[0], both[0]):
        return None
    return Diagnosis(
        "derivative-at-input",
        "the activation's derivative is a formula in the output y, and is given the input x",
        _at(e, both[1], "the claim at y in place of x", both[0], "f′(x)", both[0]),
        "backward: y (1 − y) for the sigmoid, 1 − y² for tanh: use the y that forward returned",
        (e.input_name,),
    )


def _at(
    e: Evidence, claimed: np.ndarray, what: str, value: np.ndarray, true_name: str, true: np.ndarray
) -> str:
    k = int(np.nanargmax(np.abs(claimed - true)))
    x, y = e.values[e.input_name].flat[k], e.y.flat[k]
    return (
        f"at x = {x:.4g}, y = {y:.4g}: claimed = {claimed.flat[k]:.4g} · dy, {what} = {value.flat[k]:.4g}, "
        f"{true_name} = {true.flat[k]:.4g}"
    )


def wrong_activation_derivative(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = dy · g(x) with another g than f′."""
    both = _elementwise(e, names)
    if both is None:
        return None
    true, claimed = both
    x = e.values[e.input_name]
    like = [name for name, f in DERIVATIVES.items() if fits(claimed, f(x))]
    k = int(np.nanargmax(np.abs(claimed - true)))
    return Diagnosis(
        "wrong-activation-derivative",
        "the activation's derivative is another function than f′",
        f"at x = {x.flat[k]:.4g}: claimed = {claimed.flat[k]:.4g} · dy, f′(x) = {true.flat[k]:.4g}"
        + (f"; claimed is the derivative of {like[0]}" if like else ""),
        "the formula of the derivative in backward",
        (e.input_name,),
    )
