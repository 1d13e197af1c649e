"""Mistakes with losses: a penalty left out or counted twice, arguments swapped."""

import numpy as np

from tinynn.examining.argument_order import in_order
from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence, fits, gradient_of
from tinynn.examining.specimen import Specimen


def regularisation(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed − expected = k · value: a penalty λ/2 ‖value‖² is missing (k = −λ) or counted once more (k = λ)."""
    found: dict[str, float] = {}
    for name in names:
        claimed, value = e.stacked(name), e.values[name]
        if claimed is None or value.size < 2 or not value.any():
            continue
        rest = claimed[0] - e.expected[name][0]
        known = np.isfinite(rest)
        k = float(np.sum(rest[known] * value[known]) / np.sum(value[known] ** 2))
        if k and fits(np.where(known, k * value, 0), rest):
            found[name] = k / (e.dys[0].item() if e.dys[0].size == 1 else 1.0)
    if not found:
        return None
    k = next(iter(found.values()))
    same = tuple(name for name, other in found.items() if abs(other - k) < 1e-4 * abs(k))
    which, code = ", ".join(same), "missing-regularisation" if k < 0 else "doubled-regularisation"
    return Diagnosis(
        code,
        f"the gradient of {which} {'lacks' if k < 0 else 'has once too often'} that of a penalty {abs(k) / 2:.4g} ‖·‖²",
        f"claimed − true = {k:.6g} × {which}, in every entry",
        "the penalty λ/2 ‖W‖² belongs into the loss and its gradient λ W into the gradient, once each",
        same,
    )


def swapped_prediction_and_target(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = the gradient with prediction and target in each other's place."""
    if e.subject.kind != "loss" or "outputs" not in names:
        return None
    outputs, targets = e.subject.inputs
    claimed = e.claimed["outputs"][0]
    if targets.shape != outputs.shape or targets.dtype.kind != "f" or claimed is None:
        return None
    loss = Specimen(e.subject.loss, np.float64, training=True)
    moved = targets.copy()
    try:
        order = loss.object.forward
        at_swapped = gradient_of(lambda: loss.forward(*in_order(order, moved.copy(), outputs.copy())), moved)
        by_target = gradient_of(lambda: loss.forward(*in_order(order, outputs.copy(), moved.copy())), moved)
    except UnusableError:
        return None
    ways = {
        "it is the gradient of L(target, prediction)": at_swapped,
        "it is ∂L/∂target": by_target,
    }
    for way, gradient in ways.items():
        if np.isfinite(gradient).all() and (fits(claimed, gradient) or fits(-claimed, gradient)):
            return Diagnosis(
                "swapped-prediction-and-target",
                "prediction and target are in each other's place in backward",
                f"the claimed gradient is not ∂L/∂prediction: {way}"
                + ("" if fits(claimed, gradient) else ", with the sign turned"),
                "the order of the arguments in forward and backward; forward is called with the outputs first",
                ("outputs",),
            )
    return None
