"""Exercise 6: batch normalisation."""

from typing import Any

import numpy as np

from tinynn.exercises.comparing import MISSING
from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray


def _normal(x: Array, epsilon: float) -> Array:
    return np.asarray((x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon))


def _layer(rng: np.random.Generator, n: int, features: int) -> Trial:
    return {
        "x": 3 * rng.normal(size=(n, features)) + 2,
        "gamma": rng.uniform(0.5, 2, features),
        "beta": rng.normal(size=features),
        "epsilon": 0.01,
    }


def _trials(rng: np.random.Generator) -> list[Trial]:
    small = {"x": np.array([[1.0, 10.0], [3.0, 10.0], [5.0, 40.0]]), "gamma": np.array([1.0, 2.0])}
    return [{**small, "beta": np.array([0.0, 5.0]), "epsilon": 0.01}, _layer(rng, 6, 4)]


def _backward_trials(rng: np.random.Generator) -> list[Trial]:
    return [{**t, "dy": rng.normal(size=t["x"].shape)} for t in _trials(rng)]


def _gradients(x: Array, gamma: Array, beta: Array, epsilon: float, dy: Array) -> Outputs:
    z, g = _normal(x, epsilon), gamma * dy
    dx = (g - g.mean(axis=0) - z * (g * z).mean(axis=0)) / np.sqrt(x.var(axis=0) + epsilon)
    return {"dgamma": (dy * z).sum(axis=0), "dbeta": dy.sum(axis=0), "dx": dx}


def _ask_backward(kind: Any, x: Array, gamma: Array, beta: Array, epsilon: float, dy: Array) -> Outputs:
    layer = kind(gamma, beta, epsilon)
    layer.forward(x)
    dx = layer.backward(dy)
    return {"dgamma": getattr(layer, "dgamma", MISSING), "dbeta": getattr(layer, "dbeta", MISSING), "dx": dx}


def _check(kind: Any) -> Any:
    trial = _layer(np.random.default_rng(1), 6, 3)
    return check_gradients(kind(trial["gamma"], trial["beta"], trial["epsilon"]), trial["x"])


EXERCISE = Exercise(
    "Batch normalisation",
    (
        Part(
            "BatchNorm.forward",
            "y = γ x̂ + β, x̂ = (x − mean) / √(variance + ε), mean and variance of each feature over the batch",
            lambda kind, x, gamma, beta, epsilon: {"y": kind(gamma, beta, epsilon).forward(x)},
            lambda x, gamma, beta, epsilon: {"y": gamma * _normal(x, epsilon) + beta},
            _trials,
            (
                "Each column of x̂ has mean 0 and variance nearly 1. Over which axis are the mean and variance taken?",
                "x.mean(axis=0) and x.var(axis=0) have one number a feature. var divides by n, which is what is "
                "wanted.",
                "self.sigma = np.sqrt(x.var(axis=0) + self.epsilon); self.z = (x - x.mean(axis=0)) / self.sigma; "
                "return self.gamma * self.z + self.beta.",
            ),
            (
                Mistake(
                    "wrong-axis",
                    "each row is normalised, which is layer normalisation; here it is each feature over the batch",
                    "axis=0",
                    lambda x, gamma, beta, epsilon: gamma * _normal(x.T, epsilon).T + beta,
                ),
                Mistake(
                    "unbiased-variance",
                    "the variance is divided by n − 1, and should be by n",
                    "x.var(axis=0), without ddof=1: it is the variance of this batch, no estimate",
                    lambda x, gamma, beta, epsilon: (
                        gamma * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0, ddof=1) + epsilon) + beta
                    ),
                ),
                Mistake(
                    "epsilon-outside-root",
                    "ε is added to the standard deviation, and should be to the variance",
                    "√(variance + ε)",
                    lambda x, gamma, beta, epsilon: (
                        gamma * (x - x.mean(axis=0)) / (np.sqrt(x.var(axis=0)) + epsilon) + beta
                    ),
                ),
                Mistake(
                    "missing-epsilon",
                    "ε is left out: a feature that is the same in all rows divides 0 by 0",
                    "√(variance + ε)",
                    lambda x, gamma, beta, epsilon: gamma * _normal(x, 0.0) + beta,
                ),
                Mistake(
                    "variance-for-deviation",
                    "divided by the variance, and should be by its square root",
                    "√(variance + ε)",
                    lambda x, gamma, beta, epsilon: (
                        gamma * (x - x.mean(axis=0)) / (x.var(axis=0) + epsilon) + beta
                    ),
                ),
            ),
        ),
        Part(
            "BatchNorm.backward",
            "dγ = Σ dy x̂, dβ = Σ dy, dx = (g − mean(g) − x̂ mean(g x̂)) / σ with g = γ dy, σ = √(variance + ε)",
            _ask_backward,
            _gradients,
            _backward_trials,
            (
                "x enters three times: directly, through the mean, and through σ. Write each way down and add them up.",
                "Through the mean comes −mean(g) / σ for every row; through σ comes −x̂ mean(g x̂) / σ. All means "
                "run over the batch. γ and β are as the weight and bias of a Dense layer of one input a feature.",
                "self.dgamma = (dy * self.z).sum(axis=0); self.dbeta = dy.sum(axis=0); g = dy * self.gamma; return "
                "(g - g.mean(axis=0) - self.z * (g * self.z).mean(axis=0)) / self.sigma.",
            ),
            (
                Mistake(
                    "missing-gamma",
                    "γ is not in dx",
                    "g = γ dy is what comes to x̂; from there on g in place of dy",
                    lambda x, gamma, beta, epsilon, dy: _gradients(x, 1 + 0 * gamma, beta, epsilon, dy)["dx"],
                    of="dx",
                ),
                Mistake(
                    "input-for-normalised",
                    "dγ is taken with x, and γ multiplies x̂",
                    "dγ = Σ dy x̂: forward has to keep x̂",
                    lambda x, gamma, beta, epsilon, dy: (dy * x).sum(axis=0),
                    of="dgamma",
                ),
            ),
            after="BatchNorm.forward",
            gradients=_check,
        ),
    ),
    "tinynn/layers/normalization.py",
)
