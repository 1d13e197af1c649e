"""Exercise 10: entropy, and whom to ask about."""

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Part, Trial

Array = np.ndarray


def _entropy(p: Array) -> Array:
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1))).sum(axis=1))


def _entropy_trials(rng: np.random.Generator) -> list[Trial]:
    certain = np.array([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    return [{"p": np.array([[0.7, 0.2, 0.1], [1 / 3, 1 / 3, 1 / 3]])}, {"p": certain}]


def _order_trials(rng: np.random.Generator) -> list[Trial]:
    return [{"scores": np.array([0.2, 0.9, 0.1, 0.5]), "n": 2}, {"scores": rng.uniform(size=9), "n": 4}]


EXERCISE = Exercise(
    "Entropy: how unsure is a model",
    (
        Part(
            "entropy",
            "H = −Σ_k p_k ln p_k of each row, in nats, with 0 ln 0 = 0",
            lambda entropy, p: {"H": entropy(p)},
            lambda p: {"H": _entropy(p)},
            _entropy_trials,
            (
                "A sure model, (1, 0, 0), has entropy 0; one that knows nothing of K classes has ln K. One number a "
                "row.",
                "The sum runs over the classes, the last axis. NumPy's 0 * log(0) is 0 · (−∞), which is no number; "
                "the limit of p ln p for p → 0 is 0. np.where replaces the zeros before the logarithm.",
                "return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1).",
            ),
            (
                Mistake(
                    "zero-log-zero",
                    "a probability of 0 gives 0 · ln 0, which is no number",
                    "0 ln 0 counts as 0: np.log(np.where(p > 0, p, 1)), since ln 1 = 0",
                    lambda p: -(p * np.log(p)).sum(axis=1),
                ),
                Mistake(
                    "bits-for-nats",
                    "this is the entropy in bits: the logarithm has base 2",
                    "np.log is the natural one",
                    lambda p: _entropy(p) / np.log(2),
                ),
                Mistake(
                    "bits-for-nats",
                    "this is the entropy in bits, and 0 · log 0 is no number",
                    "np.log is the natural one; np.where(p > 0, p, 1) takes the zeros away",
                    lambda p: -(p * np.log2(p)).sum(axis=1),
                ),
                Mistake(
                    "wrong-sign",
                    "the sign is wrong: logarithms of probabilities are negative, the entropy is not",
                    "the minus in front of the sum",
                    lambda p: -_entropy(p),
                ),
                Mistake(
                    "wrong-axis",
                    "summed over the rows, and should be over the classes",
                    "axis=1: one number a row",
                    lambda p: -(p * np.log(np.where(p > 0, p, 1))).sum(axis=0),
                ),
                Mistake(
                    "mean-for-sum",
                    "the mean over the classes, and should be the sum: the p_k weigh already",
                    ".sum(axis=1)",
                    lambda p: _entropy(p) / p.shape[1],
                ),
                Mistake(
                    "missing-weights",
                    "−Σ ln p: each logarithm is to be weighted by its p",
                    "p * ln p",
                    lambda p: -np.log(np.where(p > 0, p, 1)).sum(axis=1),
                ),
            ),
        ),
        Part(
            "most_uncertain",
            "the positions of the n largest scores, the largest first",
            lambda choose, scores, n: {"positions": choose(scores, n)},
            lambda scores, n: {"positions": np.argsort(-scores)[:n]},
            _order_trials,
            (
                "np.argsort gives positions, from the smallest number to the largest.",
                "Sort the negative scores, or read the result from behind.",
                "return np.argsort(-scores)[:n].",
            ),
            (
                Mistake(
                    "argmin-for-argmax",
                    "these are the smallest scores: the rows of which the model is surest",
                    "argsort goes from small to large: sort −scores",
                    lambda scores, n: np.argsort(scores)[:n],
                ),
                Mistake(
                    "smallest-first",
                    "the right rows, but the most uncertain one comes last",
                    "turn them round: [::-1]",
                    lambda scores, n: np.argsort(scores)[-n:],
                ),
                Mistake(
                    "scores-for-positions",
                    "these are the scores, and their positions are wanted",
                    "np.argsort, not np.sort",
                    lambda scores, n: np.sort(scores)[::-1][:n],
                ),
                Mistake(
                    "all-rows",
                    "all positions, and only n were asked for",
                    "[:n]",
                    lambda scores, n: np.argsort(-scores),
                ),
            ),
        ),
    ),
    "tinyal/measures/prediction.py",
)
