"""Exercise 2: a fully connected layer."""

from typing import Any

import numpy as np

from tinynn.exercises.comparing import MISSING
from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray


def _layer(rng: np.random.Generator, n: int, inputs: int, units: int) -> Trial:
    return {
        "x": rng.normal(size=(n, inputs)),
        "W": rng.normal(size=(inputs, units)),
        "b": rng.normal(size=units),
    }


def _forward_trials(rng: np.random.Generator) -> list[Trial]:
    # A square W first: there a transposed one gives wrong numbers instead of shapes that do not fit.
    small = {
        "x": np.array([[1.0, 2.0]]),
        "W": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "b": np.array([10.0, 20.0]),
    }
    return [small, _layer(rng, 5, 3, 4)]


def _backward_trials(rng: np.random.Generator) -> list[Trial]:
    small = {
        "x": np.array([[1.0, 2.0], [3.0, 0.0], [0.0, -1.0]]),
        "W": np.array([[1.0, 2.0], [3.0, 4.0]]),
        "b": np.array([10.0, 20.0]),
        "dy": np.array([[1.0, -2.0], [4.0, 3.0], [-1.0, 5.0]]),
    }
    return [small, {**_layer(rng, 5, 3, 4), "dy": rng.normal(size=(5, 4))}]


def _backward(kind: Any, x: Array, W: Array, b: Array, dy: Array) -> Outputs:
    layer = kind(W, b)
    layer.forward(x)
    dx = layer.backward(dy)
    return {"dW": getattr(layer, "dW", MISSING), "db": getattr(layer, "db", MISSING), "dx": dx}


def _check(kind: Any) -> Any:
    trial = _layer(np.random.default_rng(1), 6, 3, 4)
    return check_gradients(kind(trial["W"], trial["b"]), trial["x"])


EXERCISE = Exercise(
    "A fully connected layer",
    (
        Part(
            "Dense.forward",
            "y = x W + b",
            lambda kind, x, W, b: {"y": kind(W, b).forward(x)},
            lambda x, W, b: {"y": x @ W + b},
            _forward_trials,
            (
                "Every row of x becomes a row of y. Which product of x (n, inputs) and W (inputs, units) is (n, "
                "units)?",
                "The matrix product is @. b has one number a unit; NumPy adds it to every row by itself.",
                "self.x = x, then return x @ self.W + self.b.",
            ),
            (
                Mistake(
                    "transposed-weights",
                    "x is multiplied by Wᵀ",
                    "here W is (inputs, units), one column a unit: x @ W",
                    lambda x, W, b: x @ W.T + b,
                ),
                Mistake(
                    "missing-bias",
                    "the bias is not added",
                    "x W + b: b belongs to every row",
                    lambda x, W, b: x @ W,
                ),
                Mistake("wrong-sign", "the bias is subtracted", "x W + b", lambda x, W, b: x @ W - b),
                Mistake(
                    "product-by-element",
                    "* multiplies element by element",
                    "the matrix product is @",
                    lambda x, W, b: x * W + b,
                ),
            ),
        ),
        Part(
            "Dense.backward",
            "dW = xᵀ dy, db = Σ_rows dy, dx = dy Wᵀ",
            _backward,
            lambda x, W, b, dy: {"dW": x.T @ dy, "db": dy.sum(axis=0), "dx": dy @ W.T},
            _backward_trials,
            (
                "Look at one weight: W[i, j] takes x[r, i] to y[r, j] in every row r. So ∂L/∂W[i, j] = Σ_r x[r, i] "
                "dy[r, j]. b[j] goes to y[r, j] in every row. x[r, i] goes to every y[r, j] of its row, by W[i, j].",
                "The shapes help: dW is (inputs, units) as W is, and only one product of xᵀ or x with dy is that. A "
                "sum over the inner index of two matrices is a matrix product.",
                "self.dW = self.x.T @ dy; self.db = dy.sum(axis=0); return dy @ self.W.T.",
            ),
            (
                Mistake(
                    "transposed-weights",
                    "dy is multiplied by W where Wᵀ is meant",
                    "dx[r, i] = Σ_j dy[r, j] W[i, j]: dy @ W.T, which is (n, inputs) as x is",
                    lambda x, W, b, dy: dy @ W,
                    of="dx",
                ),
                Mistake(
                    "wrong-axis",
                    "dy is summed over the units, and should be over the rows",
                    "b[j] is added to every row: dy.sum(axis=0), one number a unit",
                    lambda x, W, b, dy: dy.sum(axis=1),
                    of="db",
                ),
            ),
            after="Dense.forward",
            gradients=_check,
        ),
    ),
    "tinynn/layers/dense.py",
)
