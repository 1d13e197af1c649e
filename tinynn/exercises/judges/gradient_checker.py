"""Exercise 9: a gradient checker."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Part, Trial

Array = np.ndarray
Function = Callable[[Array], Any]


class _Cubic:
    """f(x) = Σ a x³ + Π over the first two numbers: neighbours matter, and a difference on one side errs visibly."""

    def __call__(self, x: Array) -> float:
        flat = x.reshape(-1)
        return float(np.sum((1 + np.arange(flat.size)) * flat**3) + flat[0] * flat[1])


def _moved(x: Array, index: tuple[int, ...], by: float) -> Array:
    x = x.copy()
    x[index] += by
    return x


def _central(f: Function, x: Array, h: float) -> Array:
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        g[i] = (f(_moved(x, i, h)) - f(_moved(x, i, -h))) / (2 * h)
    return g


def _one_sided(f: Function, x: Array, h: float) -> Array:
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        g[i] = (f(_moved(x, i, h)) - f(x)) / h
    return g


def _not_put_back(f: Function, x: Array, h: float) -> Array:
    """Moved up by h, down by 2h, and left there."""
    x, g = x.copy(), np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        g[i] = (f(_moved(x, i, h)) - f(_moved(x, i, -h))) / (2 * h)
        x[i] -= h
    return g


def _put_back_half(f: Function, x: Array, h: float) -> Array:
    """Moved up by h, and then down by h instead of 2h: f(x + h) − f(x) over 2h."""
    return _one_sided(f, x, h) / 2


def _gradient_trials(rng: np.random.Generator) -> list[Trial]:
    return [
        {"f": _Cubic(), "x": np.array([1.0, 2.0, -1.0]), "h": 0.01},
        {"f": _Cubic(), "x": rng.normal(size=(2, 3)), "h": 0.02},
    ]


def _error_trials(rng: np.random.Generator) -> list[Trial]:
    values = (([1.0, 2.0], [1.0, 4.0]), ([3.0, 1.0], [2.0, 0.0]), ([0.0, 0.0], [1.0, -2.0]), ([0.0], [0.0]))
    return [{"claimed": np.array(c), "true": np.array(t)} for c, t in values]


def _error(claimed: Array, true: Array) -> float:
    size = max(np.abs(claimed).max(), np.abs(true).max())
    return float(np.abs(claimed - true).max() / size) if size else 0.0


def _undefined(claimed: Array, true: Array) -> Any:
    return np.abs(claimed - true).max() / max(np.abs(claimed).max(), np.abs(true).max())


EXERCISE = Exercise(
    "A gradient checker",
    (
        Part(
            "numerical_gradient",
            "g[i] = (f(x + h eᵢ) − f(x − h eᵢ)) / 2h",
            lambda gradient, f, x, h: {"g": gradient(f, x, h)},
            lambda f, x, h: {"g": _central(f, x, h)},
            _gradient_trials,
            (
                "Move one number of x up by h, look at f; down by h, look again. The slope is the difference over "
                "2h. Then put the number back before the next one moves.",
                "for i in np.ndindex(*x.shape) visits every index of an array of any shape, and x[i] is that number. "
                "Work on a copy of x, so that the caller's stays.",
                "up, down = x.copy(), x.copy(); up[i] += h; down[i] -= h; g[i] = (f(up) - f(down)) / (2 * h).",
            ),
            (
                Mistake(
                    "one-sided-difference",
                    "the difference is taken on one side; its error shrinks as h only, that of the central one as h²",
                    "f(x + h) − f(x − h), over 2h",
                    _one_sided,
                ),
                Mistake(
                    "missing-factor-two",
                    "the two points are 2h apart, and the difference is divided by h",
                    "/ (2 * h); in Python a / 2 * h is (a / 2) · h",
                    lambda f, x, h: 2 * _central(f, x, h),
                ),
                Mistake(
                    "precedence",
                    "a / 2 * h is (a / 2) · h in Python",
                    "/ (2 * h), with parentheses",
                    lambda f, x, h: _central(f, x, h) * h**2,
                ),
                Mistake(
                    "not-put-back",
                    "a number that was moved is not put back before the next one moves",
                    "after x[i] += h and x[i] -= 2 * h comes x[i] += h; or move a fresh copy",
                    _not_put_back,
                ),
                Mistake(
                    "moved-by-half",
                    "the number is moved up by h and then down by h, which is where it was, and divided by 2h",
                    "from x + h to x − h it is 2h",
                    _put_back_half,
                ),
                Mistake(
                    "all-moved-at-once",
                    "all numbers are moved together: this is the slope along (1, 1, ...), in every place",
                    "one number at a time: for i in np.ndindex(*x.shape)",
                    lambda f, x, h: np.full(x.shape, (f(x + h) - f(x - h)) / (2 * h)),
                ),
                Mistake(
                    "wrong-sign",
                    "the difference is taken the wrong way round",
                    "f(x + h) − f(x − h)",
                    lambda f, x, h: -_central(f, x, h),
                ),
                Mistake(
                    "step-not-used",
                    "another step than the h that was given: 1e-5",
                    "h is an argument",
                    lambda f, x, h: _central(f, x, 1e-5),
                ),
            ),
        ),
        Part(
            "relative_error",
            "max |claimed − true| / max(max |claimed|, max |true|), and 0 where both are 0 everywhere",
            lambda error, claimed, true: {"error": error(claimed, true)},
            lambda claimed, true: {"error": _error(claimed, true)},
            _error_trials,
            (
                "1e-7 is nothing for a gradient of 1, and everything for one of 1e-7. So compare the difference with "
                "the size of the gradients. What should come out where one is zero and the other is not?",
                "All three maxima are of absolute values. Where both arrays are zero the quotient is 0 / 0; say 0 "
                "there, before dividing.",
                "size = max(np.abs(claimed).max(), np.abs(true).max()); return np.abs(claimed - true).max() / size "
                "if size else 0.0.",
            ),
            (
                Mistake(
                    "zero-by-zero",
                    "two gradients that are zero everywhere give 0 / 0",
                    "where the size is 0, so is the error",
                    _undefined,
                ),
                Mistake(
                    "absolute-error",
                    "this is the absolute error: small gradients pass whatever they are",
                    "divide by the size of the gradients",
                    lambda claimed, true: np.abs(claimed - true).max(),
                ),
                Mistake(
                    "missing-absolute-value",
                    "claimed − true without its absolute value: what is too small is not seen",
                    "np.abs(claimed - true)",
                    lambda claimed, true: (
                        (claimed - true).max() / max(np.abs(claimed).max(), np.abs(true).max())
                        if claimed.any() or true.any()
                        else 0.0
                    ),
                ),
                Mistake(
                    "mean-for-maximum",
                    "the mean difference: one wrong number among thousands drowns in it",
                    "max",
                    lambda claimed, true: (
                        np.abs(claimed - true).mean() / max(np.abs(claimed).max(), np.abs(true).max())
                        if claimed.any() or true.any()
                        else 0.0
                    ),
                ),
                Mistake(
                    "error-of-each-number",
                    "each number is divided by its own size, so that one true 0 spoils all",
                    "one size for the whole array",
                    lambda claimed, true: (np.abs(claimed - true) / np.abs(true)).max(),
                ),
            ),
        ),
    ),
    "tinynn/oracles.py and tinynn/examining/verdicts.py",
)
