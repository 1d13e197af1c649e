"""What a loss must do, one property a function."""

import math
from dataclasses import dataclass

import numpy as np

from tinynn.examining.asked_loss import CLASSES, ROWS, AskedLoss, softmax


@dataclass(frozen=True)
class Finding:
    """One property of a loss: its code, whether it holds (None where it does not apply), and a sentence."""

    code: str
    holds: bool | None
    sentence: str


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-9)


def uniform(ask: AskedLoss) -> Finding:
    """Knowing nothing about K classes costs ln K."""
    code = "uniform-is-ln-k"
    if ask.kind == "regression":
        return Finding(code, None, "a distance between numbers knows no classes")
    k = 2 if ask.kind == "binary" else CLASSES
    value = ask(ask.outputs(np.zeros((ROWS, CLASSES))), ask.targets())
    sentence = f"knowing nothing about {k} classes costs {value:.6g}, and ln {k} = {math.log(k):.6g}"
    ratios = {
        1 / math.log(2): "logarithms to base 2",
        1 / math.log(10): "logarithms to base 10",
        ROWS: "a sum over the batch",
        1 / ROWS: "the mean taken twice",
        1 / CLASSES: "a mean over the classes too",
        CLASSES: "a sum over the outputs",
        -1: "the sign",
    }
    for ratio, what in ratios.items():
        if _close(value, ratio * math.log(k)):
            sentence += f": {what}"
    return Finding(code, _close(value, math.log(k)), sentence)


def shift(ask: AskedLoss) -> Finding:
    """A softmax ignores what is added to a whole row."""
    code = "shift-invariance"
    if ask.kind != "classification" or ask.probabilities:
        return Finding(code, None, "only a cross-entropy of logits ignores a constant added to a row")
    z, t = ask.rng.normal(size=(ROWS, CLASSES)), ask.targets()
    value, shifted, far = ask(z, t), ask(z + 7.5, t), ask(z + 1e4, t)
    if _close(value, shifted) and not math.isclose(value, far, rel_tol=1e-4):
        return Finding(
            code,
            False,
            f"with 10000 added to all logits it gives {far:.6g} in place of {value:.6g}: an overflow",
        )
    return Finding(
        code, _close(value, shifted), f"{value:.6g}, and with 7.5 added to all logits {shifted:.6g}"
    )


def duplicates(ask: AskedLoss) -> Finding:
    """A mean does not depend on how many rows there are."""
    z, t = ask.outputs(ask.rng.normal(size=(ROWS, CLASSES))), ask.targets()
    once, twice = ask(z, t), ask(np.concatenate([z, z]), np.concatenate([t, t]))
    sentence = f"{once:.6g} for a batch, {twice:.6g} for the same rows twice"
    if _close(twice, 2 * once):
        sentence += ": a sum, so the learning rate depends on the batch size"
    return Finding("mean-over-batch", _close(once, twice), sentence)


def swapped(ask: AskedLoss) -> Finding:
    """A cross-entropy is linear in its target and curved in its output, and refuses labels as outputs."""
    code = "swapped-arguments"
    z, t = ask.outputs(ask.rng.normal(size=(ROWS, CLASSES))), ask.targets()
    if ask.kind == "regression":
        return Finding(code, None, "a distance is the same both ways")
    if ask.labels:
        value = ask(t, z)
        return Finding(
            code,
            not np.isfinite(value),
            "labels in the place of outputs are "
            + (f"taken, and give {value:.6g}" if np.isfinite(value) else "refused"),
        )
    inside = [ask.outputs(ask.rng.normal(size=(ROWS, CLASSES))) for _ in range(2)]
    targets = [softmax(ask.rng.normal(size=(ROWS, CLASSES))) for _ in range(2)]

    def bend(values: list[float]) -> float:
        return abs(values[0] + values[2] - 2 * values[1])

    in_target = bend([ask(inside[0], (1 - s) * targets[0] + s * targets[1]) for s in (0.0, 0.5, 1.0)])
    in_output = bend([ask((1 - s) * inside[0] + s * inside[1], targets[0]) for s in (0.0, 0.5, 1.0)])
    holds = in_target < 1e-9 and not in_output < 1e-9
    sentence = (
        "linear in the target and curved in the output, as −Σ t ln p is"
        if holds
        else (f"curved in the target (by {in_target:.3g}) where −Σ t ln p is linear: is it −Σ p ln t?")
    )
    return Finding(code, holds, sentence)


def perfect(ask: AskedLoss) -> Finding:
    """Nothing costs less than the right answer."""
    t = ask.targets()
    if ask.kind == "regression":
        best = ask(t, t)
    else:
        full = np.eye(CLASSES)[t] if ask.labels else t
        sure = [ask(ask.outputs(s * (2 * full - 1)), t) for s in np.linspace(0, 15, 61)]
        best = min((v for v in sure if np.isfinite(v)), default=float("nan"))
    others = [ask(ask.outputs(ask.rng.normal(0, 2, (ROWS, CLASSES))), t) for _ in range(100)]
    least = float(np.nanmin(others))
    return Finding(
        "perfect-prediction",
        bool(best <= least + 1e-12),
        f"the right answer costs {best:.6g}, the best of 100 wrong ones {least:.6g}",
    )


PROPERTIES = (uniform, shift, duplicates, swapped, perfect)
