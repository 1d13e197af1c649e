"""What a loss must do, one property a function."""

import math
from dataclasses import dataclass
from typing import Any

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


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-4)  # room for an ε inside the logarithm


def likeness(ask: AskedLoss) -> str:
    """Tell by what the right answer costs whether a loss is meant as a cross-entropy.

    Returns "ln p" where that is linear in ln p (or in a logit), whatever the factor, "p" where it is linear in p
    itself, "swapped" where prediction and target are, and nothing for another loss, such as a hinge or a focal loss.
    """
    if not ask.labels:
        if ask.soft and _is_divergence(ask):
            return ""
        in_target, in_output = bends(ask)
        if in_target > 1e-6 and in_output < 1e-9:
            return "swapped"
    if ask.kind == "binary":
        z = np.linspace(-3, 3, 7)
        laws = {"ln p": [-np.logaddexp(0, -z), z], "p": [1 / (1 + np.exp(-z))]}
        costs = []
        for value in z:
            outputs, targets = np.zeros((ROWS, CLASSES)), np.zeros((ROWS, CLASSES))
            outputs[0, 0], targets[0, 0] = value, 1
            costs.append(ask(ask.outputs(outputs), targets))
        fitting = [name for name, values in laws.items() if any(_linear([v], [costs]) for v in values)]
        return fitting[0] if fitting else ""
    rng = np.random.default_rng(1)
    logs, probabilities, columns, table = [], [], [], []
    for _ in range(3):
        z = rng.normal(size=(ROWS, CLASSES))
        labels = rng.integers(CLASSES, size=ROWS)
        row = []
        for k in range(CLASSES):
            labels[0] = k
            row.append(ask(ask.outputs(z), labels if ask.labels else np.eye(CLASSES)[labels]))
        table.append(np.array(row) - _rest(ask, z, labels))
        logs.append(np.log(softmax(z)[0]))
        probabilities.append(softmax(z)[0])
        columns.append(np.log(softmax(z.T).T[0]))
    if _linear(logs, table, each=True) or _linear(columns, table, each=True):
        return "ln p"
    return "p" if _linear(probabilities, table) else ""


def bends(ask: AskedLoss) -> tuple[float, float]:
    """Return how far the loss is from linear in the target, and in the output."""
    rng = np.random.default_rng(2)
    inside = [ask.outputs(rng.normal(size=(ROWS, CLASSES))) for _ in range(2)]
    targets = [softmax(rng.normal(size=(ROWS, CLASSES))) for _ in range(2)]

    def bend(values: list[float]) -> float:
        return abs(values[0] + values[2] - 2 * values[1])

    steps = (0.0, 0.5, 1.0)
    return (
        bend([ask(inside[0], (1 - s) * targets[0] + s * targets[1]) for s in steps]),
        bend([ask((1 - s) * inside[0] + s * inside[1], targets[0]) for s in steps]),
    )


def _rest(ask: AskedLoss, z: np.ndarray, labels: np.ndarray) -> float:
    """Return what all rows but the first cost, in a batch of as many rows."""
    rest = np.concatenate([z[1:2], z[1:]])
    again = np.concatenate([labels[1:2], labels[1:]])
    both = ask(ask.outputs(rest), again if ask.labels else np.eye(CLASSES)[again])
    many = ask(
        ask.outputs(np.repeat(z[1:2], ROWS, axis=0)),
        np.repeat(again[:1], ROWS) if ask.labels else np.eye(CLASSES)[np.repeat(again[:1], ROWS)],
    )
    return both - many / ROWS


def _linear(x: list[np.ndarray], y: list[Any], each: bool = False) -> bool:
    """Whether y = a x + b with a ≠ 0, with a b of its own for each row if wanted."""
    a, b = np.array(x), np.array(y)
    axis = 1 if each else None
    a, b = a - a.mean(axis=axis, keepdims=True), b - b.mean(axis=axis, keepdims=True)
    if not np.isfinite(b).all() or not np.abs(b).max() > 1e-9:
        return False
    slope = np.sum(a * b) / np.sum(a * a)
    return bool(np.abs(b - slope * a).max() < 1e-4 * np.abs(b).max())


def uniform(ask: AskedLoss) -> Finding:
    """Knowing nothing about K classes costs ln K."""
    code = "uniform-is-ln-k"
    if ask.kind == "regression":
        return Finding(code, None, "a distance between numbers knows no classes")
    k = 2 if ask.kind == "binary" else CLASSES
    value = ask(ask.outputs(np.zeros((ROWS, CLASSES))), ask.targets())
    law = likeness(ask)
    if not law and not _near(value, math.log(k)):
        return Finding(code, None, "does not apply: this is no cross-entropy")
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
    if law == "p":
        sentence += ": the probability itself; is its logarithm missing?"
    return Finding(code, _near(value, math.log(k)), sentence)


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
    if not _close(value, shifted) and not likeness(ask):
        return Finding(code, None, "does not apply: this is no cross-entropy")
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
    if not likeness(ask):
        return Finding(code, None, "does not apply: this is no cross-entropy")
    if _is_divergence(ask):
        return Finding(code, None, "a divergence, Σ t ln(t / p), is curved in the target too")
    if ask.labels:
        value = ask(t, z)
        return Finding(
            code,
            not np.isfinite(value),
            "labels in the place of outputs are "
            + (f"taken, and give {value:.6g}" if np.isfinite(value) else "refused"),
        )
    in_target, in_output = bends(ask)
    holds = in_target < 1e-9 and not in_output < 1e-9
    sentence = (
        "linear in the target and curved in the output, as −Σ t ln p is"
        if holds
        else (f"curved in the target (by {in_target:.3g}) where −Σ t ln p is linear: is it −Σ p ln t?")
    )
    return Finding(code, holds, sentence)


def _is_divergence(ask: AskedLoss) -> bool:
    """Whether the target itself costs nothing, which is so for Σ t ln(t / p), and not for −Σ t ln p."""
    t = softmax(ask.rng.normal(size=(ROWS, CLASSES)))
    return ask.kind == "classification" and abs(ask(t if ask.probabilities else np.log(t), t)) < 1e-4


def perfect(ask: AskedLoss) -> Finding:
    """Nothing costs less than the right answer."""
    t = ask.targets()
    if ask.kind == "regression":
        best = ask(t, t)
    else:
        full = np.eye(CLASSES)[t] if ask.labels else t
        sure = [ask(ask.outputs(s * (2 * full - 1)), t) for s in np.linspace(0, 15, 61)]
        if ask.soft:
            sure.append(ask(t if ask.probabilities else np.log(t), t))
        best = min((v for v in sure if np.isfinite(v)), default=float("nan"))
    others = [ask(ask.outputs(ask.rng.normal(0, 2, (ROWS, CLASSES))), t) for _ in range(100)]
    least = float(np.nanmin(others))
    return Finding(
        "perfect-prediction",
        bool(best <= least + 1e-12),
        f"the right answer costs {best:.6g}, the best of 100 wrong ones {least:.6g}",
    )


PROPERTIES = (uniform, shift, duplicates, swapped, perfect)
