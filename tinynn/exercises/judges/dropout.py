"""Exercise 8: dropout."""

from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray
SEED = 7


def _mask(x: Array, rate: float) -> Array:
    return (np.random.default_rng(SEED).random(x.shape) >= rate) / (1 - rate)


def _drawn(shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(SEED).random(shape)


def _redrawn(x: Array, rate: float) -> Array:
    """A second mask from the same generator."""
    rng = np.random.default_rng(SEED)
    rng.random(x.shape)
    return (rng.random(x.shape) >= rate) / (1 - rate)


def _trials(rng: np.random.Generator) -> list[Trial]:
    small = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    return [{"x": small, "rate": 0.4}, {"x": rng.normal(size=(20, 6)), "rate": 0.2}]


def _backward_trials(rng: np.random.Generator) -> list[Trial]:
    trials = [{**t, "dy": rng.normal(size=t["x"].shape)} for t in _trials(rng)]
    return [{**t, "training": True} for t in trials] + [{**trials[0], "training": False}]


def _ask_backward(kind: Any, x: Array, rate: float, dy: Array, training: bool) -> Outputs:
    layer = kind(rate, np.random.default_rng(SEED))
    layer.forward(x, training)
    return {"dx": layer.backward(dy)}


def _backward(x: Array, rate: float, dy: Array, training: bool) -> Outputs:
    return {"dx": dy * _mask(x, rate) if training else dy}


def _check(kind: Any) -> Any:
    return check_gradients(
        kind(0.4, np.random.default_rng(SEED)), np.random.default_rng(1).normal(size=(6, 5))
    )


EXERCISE = Exercise(
    "Dropout",
    (
        Part(
            "Dropout.forward",
            "y = x · m, m = 0 where u < p and 1 / (1 − p) elsewhere, u = rng.random(x.shape); without training y = x",
            lambda kind, x, rate: {
                "y": kind(rate, np.random.default_rng(SEED)).forward(x, True),
                "y without training": kind(rate, np.random.default_rng(SEED)).forward(x, False),
            },
            lambda x, rate: {"y": x * _mask(x, rate), "y without training": x},
            _trials,
            (
                "A number is kept with probability 1 − p. By what must it be multiplied, so that the mean of y over "
                "many masks is x?",
                "u = self.rng.random(x.shape) is one number between 0 and 1 for each number of x; u < p happens with "
                "probability p. Keep the mask: backward needs the same one.",
                "self.mask = (self.rng.random(x.shape) >= self.rate) / (1 - self.rate) if training, and None "
                "otherwise; return x * self.mask, or x.",
            ),
            (
                Mistake(
                    "missing-scale",
                    "what is kept is not scaled up, so y is smaller than x on average, and training differs from use",
                    "m = 1 / (1 − p) where a number is kept",
                    lambda x, rate: {"y": x * (_drawn(x.shape) >= rate)},
                ),
                Mistake(
                    "wrong-scale",
                    "what is kept is divided by p, and should be by 1 − p",
                    "p is the probability of being dropped; a number is kept with 1 − p",
                    lambda x, rate: {"y": x * (_drawn(x.shape) >= rate) / rate},
                ),
                Mistake(
                    "kept-for-dropped",
                    "p is taken for the probability of being kept",
                    "dropped where u < p",
                    lambda x, rate: {"y": x * (_drawn(x.shape) < rate) / rate},
                ),
                Mistake(
                    "kept-for-dropped",
                    "what should be kept is dropped",
                    "dropped where u < p: kept where u >= p",
                    lambda x, rate: {"y": x * (_drawn(x.shape) < rate) / (1 - rate)},
                ),
                Mistake(
                    "one-mask-for-all-rows",
                    "every row of the batch drops the same numbers",
                    "rng.random(x.shape): one draw for each number, not for each column",
                    lambda x, rate: {"y": x * (_drawn(x.shape[1:]) >= rate) / (1 - rate)},
                ),
                Mistake(
                    "drops-without-training",
                    "numbers are dropped without training, too",
                    "if not training: return x",
                    lambda x, rate: {"y without training": x * _mask(x, rate)},
                ),
                Mistake(
                    "scaled-without-training",
                    "x is multiplied by 1 − p without training; that belongs to dropout without the scale 1 / (1 − p)",
                    "scale in training, and then y = x without it",
                    lambda x, rate: {"y without training": x * (1 - rate)},
                ),
            ),
        ),
        Part(
            "Dropout.backward",
            "dx = dy · m with the mask of the last forward; without training dx = dy",
            _ask_backward,
            _backward,
            _backward_trials,
            (
                "With the mask fixed, y = x · m is a product of each number with a constant. What is its slope?",
                "The mask is that of forward, scale included: nothing is drawn in backward. Without training there "
                "was none.",
                "return dy if self.mask is None else dy * self.mask.",
            ),
            (
                Mistake(
                    "missing-dropout-mask",
                    "dy goes through unmasked",
                    "what was dropped did not move y: dx = dy · m",
                    lambda x, rate, dy, training: dy,
                ),
                Mistake(
                    "redrawn-dropout-mask",
                    "backward draws a mask of its own",
                    "self.mask, the one that forward drew",
                    lambda x, rate, dy, training: dy * _redrawn(x, rate) if training else dy,
                ),
                Mistake(
                    "dropout-scale-missing",
                    "backward drops what forward drops, but without the scale 1 / (1 − p)",
                    "dx = dy · m: the mask that forward multiplied by, scale included",
                    lambda x, rate, dy, training: dy * (_mask(x, rate) > 0) if training else dy,
                ),
                Mistake(
                    "masked-without-training",
                    "a mask is used although forward was told that this is no training",
                    "forward has to say so: self.mask = None without training",
                    lambda x, rate, dy, training: dy * _mask(x, rate),
                ),
            ),
            after="Dropout.forward",
            gradients=_check,
        ),
    ),
    "tinynn/layers/dropout.py",
)
