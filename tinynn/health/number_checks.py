"""Checks of the numbers of one pass: none may be NaN or infinite, and the loss must be one to begin with."""

import math

import numpy as np

from tinynn.health.health_report import Finding
from tinynn.health.patient import Patient, named
from tinynn.health.vitals import Vitals

BROKEN = (
    "nothing can be learned from here: make the network anew. If training did it, a learning rate ten times smaller, "
    "or nn.Clipped(optimizer, norm=1.0), prevents it"
)
OVERFLOW = "smaller inputs or weights; in a layer of your own, look for log(0), division by 0 and exp of large numbers"
LOGARITHM = "in a loss of your own, look for log(0): compute it from logits, as nn.SoftmaxCrossEntropy does"
CHECK = "nn.check_gradients(net, loss, x[:8], y[:8]) names the mistake"


def check_numbers(patient: Patient, vitals: list[Vitals]) -> list[Finding | str]:
    """Find the first NaN or infinity on the way: in weights, in outputs, in the loss, in gradients."""
    to_numpy = patient.net.backend.to_numpy
    for name, layer in named(patient.net.layers):
        for parameter in layer.parameter_names:
            wrong = int((~np.isfinite(to_numpy(getattr(layer, parameter)))).sum())
            if wrong:
                return [_not_finite(f"{wrong:,} of the numbers in its {parameter}", name, BROKEN)]
    for vital in vitals:
        # A block is known to be wrong after what it holds, and named before: the innermost is the culprit.
        inner = [v for v in vitals if not v.finite and v.name != vital.name and _holds(vital.name, v.name)]
        if not vital.finite and not inner:
            return [_not_finite("some of its outputs", vital.name, OVERFLOW)]
    if not math.isfinite(patient.first_loss):
        return [_not_finite("the loss", type(patient.loss).__name__, LOGARITHM)]
    for vital in reversed(vitals):
        if vital.gradient == math.inf or (vital.reached and math.isnan(vital.gradient)):
            return [_not_finite("its gradient", vital.name, CHECK)]
    return ["numbers: all finite, in weights, outputs, loss and gradients"]


def _not_finite(what: str, where: str, fix: str) -> Finding:
    verb = "is" if what.startswith(("the ", "its ")) else "are"
    return Finding("not-finite", f"{what} {verb} NaN or infinite", fix, layer=where)


def _holds(outer: str, inner: str) -> bool:
    return inner.startswith(outer.split(",")[0] + ".")


def check_first_loss(patient: Patient) -> list[Finding | str]:
    """Before training the loss is that of a guess (Karpathy 2019: verify the loss at initialisation)."""
    now, guess = patient.first_loss, patient.chance
    if math.isnan(guess):
        return [f"loss: {now:.4g} on {len(patient.x)} rows (what a guess costs is not known for this loss)"]
    if patient.far_above_chance:
        numbers = patient.baselines.kind == "numbers"
        fix = (
            "standardise the targets, (y - y.mean()) / y.std(), and undo that for predictions"
            if numbers
            else "smaller weights in the last layer, or smaller inputs; if trained: was it on these rows and labels?"
        )
        sentence = (
            f"the loss is {now:.4g}, but {patient.baselines.meaning} {guess:.4g}: it is wrong, and sure of it"
        )
        return [Finding("loss-above-chance", sentence, fix, value=now)]
    if patient.trained:
        return [f"loss: {now:.4g}, already trained ({patient.baselines.meaning} {guess:.4g})"]
    if now > 2 * guess and not patient.net.step:
        return [
            f"loss: {now:.4g} at first, where {patient.baselines.meaning} {guess:.4g}: outputs start too large or off, "
            "which the first steps have to mend"
        ]
    if patient.net.step:
        return [
            f"loss: {now:.4g}; {patient.baselines.meaning} {guess:.4g}, so little or nothing was learned yet"
        ]
    return [f"loss: {now:.4g}, as it should be at first ({patient.baselines.meaning} {guess:.4g})"]
