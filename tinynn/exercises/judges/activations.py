"""Exercise 1: three activations and their slopes."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Function = Callable[[np.ndarray], np.ndarray]
Hints = tuple[str, str, str]

INPUTS = np.random.default_rng(1).normal(size=(4, 5))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))


def _slope_of_sigmoid(x: np.ndarray) -> np.ndarray:
    return _sigmoid(x) * (1 - _sigmoid(x))


def _forward(name: str, f: Function, formula: str, hints: Hints, mistakes: tuple[Mistake, ...]) -> Part:
    def trials(rng: np.random.Generator) -> list[Trial]:
        return [{"x": np.array([[-2.0, -0.5, 0.3], [1.5, 3.0, -1.0]])}, {"x": np.array([[-1000.0, 1000.0]])}]

    return Part(
        f"{name}.forward",
        formula,
        lambda kind, x: {"y": kind().forward(x)},
        lambda x: {"y": f(x)},
        trials,
        hints,
        mistakes,
    )


def _backward(name: str, slope: Function, formula: str, hints: Hints, mistakes: tuple[Mistake, ...]) -> Part:
    def trials(rng: np.random.Generator) -> list[Trial]:
        x = np.array([[-2.0, -0.5, 0.3], [1.5, 3.0, -1.0]])
        return [{"x": x, "dy": rng.normal(size=x.shape)}]

    def ask(kind: Any, x: np.ndarray, dy: np.ndarray) -> Outputs:
        layer = kind()
        layer.forward(x)
        return {"dx": layer.backward(dy)}

    return Part(
        f"{name}.backward",
        formula,
        ask,
        lambda x, dy: {"dx": dy * slope(x)},
        trials,
        hints,
        mistakes,
        after=f"{name}.forward",
        gradients=lambda kind: check_gradients(kind(), INPUTS),
    )


MASK_OF_DY = Mistake(
    "mask-of-the-gradient",
    "dy is passed where dy is positive; what decides is whether x was",
    "forward keeps x (or y); backward compares that with 0, and never dy",
    lambda x, dy: np.maximum(dy, 0),
)
UPSTREAM = "dy itself: the chain rule multiplies by it, dx = dy · f′(x)"

EXERCISE = Exercise(
    "Three activations and their slopes",
    (
        _forward(
            "ReLU",
            lambda x: np.maximum(x, 0),
            "y = max(x, 0)",
            (
                "Each number is treated by itself. What becomes of a negative one, and of a positive one?",
                "np.maximum compares two arrays, or an array and a number, element by element; np.max is another "
                "thing.",
                "self.x = x, then return np.maximum(x, 0).",
            ),
            (
                Mistake("absolute-value", "negative numbers are turned round", "max(x, 0), not |x|", np.abs),
                Mistake(
                    "minimum-for-maximum",
                    "the negative half is kept, and the positive one lost",
                    "np.maximum(x, 0)",
                    lambda x: np.minimum(x, 0),
                ),
                Mistake(
                    "step-for-relu",
                    "this is 1 where x > 0: the slope of the function, not the function",
                    "the mask times x",
                    lambda x: (x > 0).astype(float),
                ),
            ),
        ),
        _backward(
            "ReLU",
            lambda x: (x > 0).astype(float),
            "dx = dy · [x > 0]",
            (
                "To the right of 0 the function is y = x; to the left it is flat. What are the two slopes?",
                "So the slope is 1 or 0, and x decides which. forward has to keep x for that.",
                "return dy * (self.x > 0).",
            ),
            (
                MASK_OF_DY,
                Mistake(
                    "missing-upstream-gradient", "the slope alone", UPSTREAM, lambda x, dy: (x > 0) * 1.0
                ),
            ),
        ),
        _forward(
            "Sigmoid",
            _sigmoid,
            "y = 1 / (1 + e⁻ˣ)",
            (
                "It rises from 0 to 1, and is ½ at x = 0. Check these three by hand.",
                "np.exp takes the exponential of every number of an array. The exponent is −x.",
                "self.y = 1 / (1 + np.exp(-x)), then return self.y: backward needs y, not x.",
            ),
            (
                Mistake(
                    "wrong-sign-in-exponent",
                    "this falls from 1 to 0: the exponent lost its minus",
                    "e⁻ˣ is np.exp(-x)",
                    lambda x: _sigmoid(-x),
                ),
                Mistake(
                    "overflow",
                    "for large x it is inf / inf, which is no number",
                    "eˣ / (1 + eˣ) is the same function, and overflows; divide both by eˣ",
                    lambda x: np.exp(x) / (1 + np.exp(x)),
                ),
            ),
        ),
        _backward(
            "Sigmoid",
            _slope_of_sigmoid,
            "dx = dy · y (1 − y)",
            (
                "Differentiate (1 + e⁻ˣ)⁻¹. The result can be written with y alone.",
                "The slope is y (1 − y) with the y that forward returned: keep it there.",
                "return dy * self.y * (1 - self.y).",
            ),
            (
                Mistake(
                    "missing-upstream-gradient",
                    "the slope alone",
                    UPSTREAM,
                    lambda x, dy: _slope_of_sigmoid(x),
                ),
            ),
        ),
        _forward(
            "Tanh",
            np.tanh,
            "y = tanh x",
            (
                "It rises from −1 to 1, and is 0 at x = 0.",
                "NumPy has it. Written out with exponentials it overflows for large x.",
                "self.y = np.tanh(x), then return self.y.",
            ),
            (
                Mistake(
                    "overflow",
                    "for large x it is inf / inf, which is no number",
                    "np.tanh(x) is the same function without the overflow",
                    lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)),
                ),
                Mistake(
                    "sigmoid-for-tanh",
                    "this is the sigmoid; tanh x = 2 σ(2x) − 1 goes from −1 to 1",
                    "np.tanh(x)",
                    _sigmoid,
                ),
            ),
        ),
        _backward(
            "Tanh",
            lambda x: 1 - np.tanh(x) ** 2,
            "dx = dy · (1 − y²)",
            (
                "tanh is sinh / cosh. Differentiate the quotient; cosh² − sinh² = 1.",
                "The slope is 1 − y² with the y that forward returned: keep it there.",
                "return dy * (1 - self.y**2).",
            ),
            (
                Mistake(
                    "missing-square",
                    "the slope is 1 − y², and here it is 1 − y",
                    "self.y ** 2",
                    lambda x, dy: dy * (1 - np.tanh(x)),
                ),
                Mistake(
                    "missing-upstream-gradient",
                    "the slope alone",
                    UPSTREAM,
                    lambda x, dy: 1 - np.tanh(x) ** 2,
                ),
            ),
        ),
    ),
    "tinynn/layers/activations.py",
)
