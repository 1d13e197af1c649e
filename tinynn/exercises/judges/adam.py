"""Exercise 7: the optimiser Adam."""

from functools import partial
from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial

Array = np.ndarray
SHOWN = (1, 2, 6)


def _walk(
    theta: Array,
    gradients: Array,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    corrected: tuple[bool, bool] = (True, True),
    root: str = "outside",
    first: int = 1,
    square: bool = True,
    kept: bool = False,
    sign: float = -1.0,
) -> Outputs:
    """θ after some steps, of Adam or of one that is wrong in a known way."""
    theta, m, v = theta.copy(), np.zeros_like(theta), np.zeros_like(theta)
    shown: Outputs = {}
    for step, g in enumerate(gradients, 1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * (g**2 if square else g)
        t = step + first - 1
        m_hat = m / (1 - beta1**t) if corrected[0] else m
        v_hat = v / (1 - beta2**t) if corrected[1] else v
        if kept:
            m, v = m_hat, v_hat
        below = {
            "outside": np.sqrt(v_hat) + epsilon,
            "inside": np.sqrt(v_hat + epsilon),
            "none": v_hat + epsilon,
        }[root]
        theta += sign * rate * m_hat / below
        if step in SHOWN:
            shown[f"theta after step {step}"] = theta.copy()
    return shown


def _trials(rng: np.random.Generator) -> list[Trial]:
    settings = {"rate": 0.1, "beta1": 0.9, "beta2": 0.99, "epsilon": 0.001}
    small = {"theta": np.array([1.0, -1.0]), "gradients": np.array([[0.5, -2.0]] * 6)}
    return [
        {**small, **settings},
        {"theta": rng.normal(size=4), "gradients": rng.normal(size=(6, 4)), **settings},
    ]


def _ask(
    kind: Any, theta: Array, gradients: Array, rate: float, beta1: float, beta2: float, epsilon: float
) -> Outputs:
    optimizer = kind(len(theta), rate, beta1, beta2, epsilon)
    theta, shown = theta.copy(), {}
    for step, g in enumerate(gradients, 1):
        optimizer.step(theta, g)
        if step in SHOWN:
            shown[f"theta after step {step}"] = theta.copy()
    return shown


EXERCISE = Exercise(
    "The optimiser Adam",
    (
        Part(
            "Adam.step",
            "m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g², θ ← θ − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / "
            "(1 − β₂ᵗ)",
            _ask,
            _walk,
            _trials,
            (
                "Go through the first step by hand: m = (1 − β₁) g, which is much too small, and dividing by 1 − β₁¹ "
                "makes it g again. So the first step is about η long in every parameter, whatever g is.",
                "t counts the steps and is 1 in the first. self.m and self.v stay as they are from step to step; m̂ "
                "and v̂ are made from them each time. θ is changed in place: theta -= ..., not theta = ...",
                "self.t += 1; self.m = β₁ m + (1 − β₁) g; self.v = β₂ v + (1 − β₂) g**2; theta -= rate * (self.m / "
                "(1 - beta1**self.t)) / (np.sqrt(self.v / (1 - beta2**self.t)) + epsilon).",
            ),
            (
                Mistake(
                    "missing-bias-correction",
                    "m and v are used as they are; they start at 0, and are too small for many steps",
                    "m̂ = m / (1 − β₁ᵗ) and v̂ = v / (1 − β₂ᵗ)",
                    partial(_walk, corrected=(False, False)),
                ),
                Mistake(
                    "missing-bias-correction",
                    "v is not corrected, m is",
                    "v̂ = v / (1 − β₂ᵗ)",
                    partial(_walk, corrected=(True, False)),
                ),
                Mistake(
                    "missing-bias-correction",
                    "m is not corrected, v is",
                    "m̂ = m / (1 − β₁ᵗ)",
                    partial(_walk, corrected=(False, True)),
                ),
                Mistake(
                    "t-starts-at-zero",
                    "the correction of the first step is 1 − β⁰ = 0: divided by zero",
                    "t is 1 in the first step: add 1 before it is used",
                    partial(_walk, first=0),
                ),
                Mistake(
                    "corrected-moments-kept",
                    "the corrected m̂ and v̂ are kept as m and v, and corrected again in the next step",
                    "m̂ and v̂ are made for this step only; self.m and self.v stay uncorrected",
                    partial(_walk, kept=True),
                ),
                Mistake(
                    "epsilon-inside-root",
                    "ε is under the root",
                    "√v̂ + ε",
                    partial(_walk, root="inside"),
                ),
                Mistake(
                    "missing-root",
                    "divided by v̂, and should be by its root",
                    "√v̂ + ε: the step has the unit of θ only with the root",
                    partial(_walk, root="none"),
                ),
                Mistake(
                    "missing-square",
                    "v is a mean of g, and should be one of g²",
                    "(1 − β₂) g²",
                    partial(_walk, square=False),
                ),
                Mistake(
                    "swapped-betas",
                    "β₁ and β₂ are swapped",
                    "β₁ is m's, β₂ is v's",
                    lambda theta, gradients, rate, beta1, beta2, epsilon: _walk(
                        theta, gradients, rate, beta2, beta1, epsilon
                    ),
                ),
                Mistake(
                    "wrong-sign",
                    "the step goes uphill",
                    "θ ← θ − ...: against the gradient",
                    partial(_walk, sign=1.0),
                ),
                Mistake(
                    "not-in-place",
                    "θ stays where it was",
                    "theta = theta - ... makes a new array that nobody sees; theta -= ... changes the one that was "
                    "given",
                    partial(_walk, sign=0.0),
                ),
            ),
        ),
    ),
    "tinynn/adaptive.py",
)
