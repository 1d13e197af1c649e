"""Exercise 3: softmax, and the cross-entropy of what it says."""

from functools import partial
from typing import Any

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Outputs, Part, Trial
from tinynn.gradcheck import check_gradients

Array = np.ndarray


def _softmax(z: Array) -> Array:
    p = np.exp(z - z.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def _summed_over(z: Array, axis: int | None, shift: str) -> Array:
    """A softmax that divides by a sum over the wrong axis, whatever was subtracted before."""
    largest = {"rows": z.max(axis=1, keepdims=True), "columns": z.max(axis=0), "all": z.max(), "nothing": 0}
    e = np.exp(z - largest[shift])
    return np.asarray(e / e.sum(axis=axis))


def _log_p(logits: Array, labels: Array) -> Array:
    """ln p of what is right, one number a row."""
    z = logits - logits.max(axis=1, keepdims=True)
    return z[np.arange(len(z)), labels] - np.log(np.exp(z).sum(axis=1))


def _gradient(logits: Array, labels: Array) -> Array:
    return (_softmax(logits) - np.eye(logits.shape[1])[labels]) / len(logits)


def _softmax_trials(rng: np.random.Generator) -> list[Trial]:
    return [
        {"z": np.array([[5.0, 1.0, 0.1], [0.0, 0.0, 0.0]])},
        {"z": np.array([[1000.0, 999.0], [-1000, 0]])},
    ]


def _trials(rng: np.random.Generator) -> list[Trial]:
    small = {"logits": np.array([[2.0, 0.0, -1.0], [0.5, 1.0, 0.0]]), "labels": np.array([0, 2])}
    return [small, {"logits": rng.normal(size=(5, 4)), "labels": np.array([3, 0, 1, 1, 2])}]


def _loss_trials(rng: np.random.Generator) -> list[Trial]:
    # A sure and wrong answer: its p is 0 as a float, and its loss is not infinite but the difference of the logits.
    return [*_trials(rng), {"logits": np.array([[1000.0, 0.0], [0.0, 0.0]]), "labels": np.array([1, 0])}]


def _backward(kind: Any, logits: Array, labels: Array) -> Outputs:
    loss = kind()
    loss.forward(logits, labels)
    return {"dlogits": loss.backward()}


def _check(kind: Any) -> Any:
    trial = _trials(np.random.default_rng(1))[1]
    return check_gradients(kind(), *trial.values())


EXERCISE = Exercise(
    "Softmax, and the cross-entropy of what it says",
    (
        Part(
            "softmax",
            "p[i, k] = exp z[i, k] / Σ_j exp z[i, j]",
            lambda softmax, z: {"p": softmax(z)},
            lambda z: {"p": _softmax(z)},
            _softmax_trials,
            (
                "Each row of p sums to 1, whatever the other rows are. Over which axis does the sum run?",
                "keepdims=True keeps the summed axis with length 1, so that the rows can be divided. exp(1000) "
                "overflows; what happens to p if you subtract the same number from every logit of a row?",
                "e = np.exp(z - z.max(axis=1, keepdims=True)), then return e / e.sum(axis=1, keepdims=True).",
            ),
            (
                Mistake(
                    "overflow",
                    "for large logits it is inf / inf, which is no number",
                    "subtract each row's largest logit first: p stays the same, and no exponential overflows",
                    lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
                ),
                *(
                    Mistake(
                        "wrong-axis",
                        f"{what} sums to 1, and each row should",
                        "e.sum(axis=1, keepdims=True): the sum runs over the classes",
                        partial(_summed_over, axis=axis, shift=shift),
                    )
                    for axis, what in ((0, "each column"), (None, "the whole array"))
                    for shift in ("nothing", "rows", "columns", "all")
                ),
            ),
        ),
        Part(
            "SoftmaxCrossEntropy.forward",
            "L = −(1/n) Σ_i ln p[i, label of i]",
            lambda kind, logits, labels: {"L": kind().forward(logits, labels)},
            lambda logits, labels: {"L": -_log_p(logits, labels).mean()},
            _loss_trials,
            (
                "Only the probability of the right class counts: one number from each row. Then the mean, with a "
                "minus.",
                "log_p[np.arange(n), labels] picks them. Take the logarithm of the quotient by hand, ln p = z − ln Σ "
                "exp z: then no logarithm meets a zero.",
                "z = logits - logits.max(axis=1, keepdims=True); log_p = z - np.log(np.exp(z).sum(axis=1, "
                "keepdims=True)); return -log_p[np.arange(n), labels].mean(), and keep np.exp(log_p) and labels for "
                "backward.",
            ),
            (
                Mistake(
                    "missing-mean",
                    "the rows are summed, and L is their mean",
                    "divide by n: a loss should not grow with the batch",
                    lambda logits, labels: -_log_p(logits, labels).sum(),
                ),
                Mistake(
                    "wrong-sign",
                    "the sign is wrong: this is −L",
                    "the logarithm of a probability is negative, and L = −(1/n) Σ ln p is positive",
                    lambda logits, labels: _log_p(logits, labels).mean(),
                ),
                Mistake(
                    "bits-for-nats",
                    "this is L in bits: the logarithm has base 2",
                    "np.log is the natural one",
                    lambda logits, labels: -_log_p(logits, labels).mean() / np.log(2),
                ),
                Mistake(
                    "log-of-zero",
                    "the logarithm of a p that is 0 as a float: infinite, where L is large and finite",
                    "ln p = z − ln Σ exp z, which never takes the logarithm of 0",
                    lambda logits, labels: -np.log(_softmax(logits)[np.arange(len(labels)), labels]).mean(),
                ),
                Mistake(
                    "mean-over-classes",
                    "divided by all numbers of the array; L is a mean over rows",
                    "divide by n only",
                    lambda logits, labels: -_log_p(logits, labels).sum() / logits.size,
                ),
            ),
        ),
        Part(
            "SoftmaxCrossEntropy.backward",
            "∂L/∂z = (p − t) / n, with t[i, k] = 1 where k is the label of i, else 0",
            _backward,
            lambda logits, labels: {"dlogits": _gradient(logits, labels)},
            _trials,
            (
                "ln p[label] = z[label] − ln Σ exp z. Differentiate both terms by z[k]; the second gives p[k].",
                "So a row of the gradient is p − t, and 1/n comes from the mean. t is zero but for one 1 in each row.",
                "dz = self.p.copy(); dz[np.arange(n), self.labels] -= 1; return dz / n.",
            ),
            (
                Mistake(
                    "missing-target",
                    "this is p / n: what was right is not in it",
                    "p − t: subtract 1 at the label of each row",
                    lambda logits, labels: _softmax(logits) / len(logits),
                ),
                Mistake(
                    "missing-mean",
                    "L is a mean over n rows, and its gradient lacks the 1/n",
                    "(p − t) / n",
                    lambda logits, labels: _gradient(logits, labels) * len(logits),
                ),
                Mistake(
                    "wrong-sign",
                    "this is (t − p) / n: it points downhill",
                    "the gradient points to where L grows: p − t",
                    lambda logits, labels: -_gradient(logits, labels),
                ),
            ),
            after="SoftmaxCrossEntropy.forward",
            gradients=_check,
        ),
    ),
    "tinynn/losses.py",
)
