"""Exercise 11: BALD, the disagreement of several models."""

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Part, Trial

Array = np.ndarray


def _entropy(p: Array) -> Array:
    return np.asarray(-(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1))


def _bald(samples: Array) -> Array:
    return np.asarray(_entropy(samples.mean(axis=0)) - _entropy(samples).mean(axis=0))


def _with_nan(p: Array) -> Array:
    return np.asarray(-(p * np.log(p)).sum(axis=-1))


def _trials(rng: np.random.Generator) -> list[Trial]:
    # Both sure and of different opinions; both unsure; two opinions that differ a little.
    sure = np.array([[[1.0, 0.0], [0.5, 0.5], [0.9, 0.1]], [[0.0, 1.0], [0.5, 0.5], [0.6, 0.4]]])
    return [{"samples": rng.dirichlet(np.ones(3), (4, 5))}, {"samples": sure}]


def _query_trials(rng: np.random.Generator) -> list[Trial]:
    small = {"scores": np.array([0.1, 0.6, 0.3]), "candidates": np.array([20, 7, 31]), "n": 2}
    candidates = rng.permutation(100)[:8]
    return [small, {"scores": rng.uniform(size=8), "candidates": candidates, "n": 3}]


EXERCISE = Exercise(
    "BALD: where several models disagree",
    (
        Part(
            "bald",
            "I = H(mean_t p_t) − mean_t H(p_t), in nats",
            lambda bald, samples: {"I": bald(samples)},
            lambda samples: {"I": _bald(samples)},
            _trials,
            (
                "Two models that both say (½, ½) are unsure and agree: no label would settle anything between them, "
                "I = 0. Two that say (1, 0) and (0, 1) are sure and disagree: I = ln 2. Check both with the formula.",
                "samples is (T, n, K): the mean over models is over axis 0, the entropy's sum over the last axis. "
                "Both terms have one number a row. Mind 0 ln 0 = 0.",
                "H = lambda p: -(p * np.log(np.where(p > 0, p, 1))).sum(axis=-1); return H(samples.mean(axis=0)) - "
                "H(samples).mean(axis=0).",
            ),
            (
                Mistake(
                    "missing-expected-entropy",
                    "this is the entropy of the mean: it does not tell doubt that the models share from disagreement",
                    "subtract mean_t H(p_t)",
                    lambda samples: _entropy(samples.mean(axis=0)),
                ),
                Mistake(
                    "only-expected-entropy",
                    "this is mean_t H(p_t): how unsure the models are by themselves, not how much they disagree",
                    "H(mean_t p_t) − mean_t H(p_t)",
                    lambda samples: _entropy(samples).mean(axis=0),
                ),
                Mistake(
                    "wrong-sign",
                    "the difference is the wrong way round: information is never negative",
                    "H(mean) − mean(H)",
                    lambda samples: -_bald(samples),
                ),
                Mistake(
                    "bits-for-nats",
                    "this is in bits: the logarithm has base 2",
                    "np.log is the natural one",
                    lambda samples: _bald(samples) / np.log(2),
                ),
                Mistake(
                    "zero-log-zero",
                    "a probability of 0 gives 0 · ln 0, which is no number",
                    "0 ln 0 counts as 0: np.log(np.where(p > 0, p, 1))",
                    lambda samples: _with_nan(samples.mean(axis=0)) - _with_nan(samples).mean(axis=0),
                ),
                Mistake(
                    "wrong-axis",
                    "the mean runs over the rows, and should over the models",
                    "samples is (T, n, K): axis 0 counts the models",
                    lambda samples: _entropy(samples.mean(axis=1)) - _entropy(samples).mean(axis=1),
                ),
                Mistake(
                    "sum-for-mean",
                    "the entropies of the models are summed, and should be averaged",
                    ".mean(axis=0)",
                    lambda samples: _entropy(samples.mean(axis=0)) - _entropy(samples).sum(axis=0),
                ),
            ),
        ),
        Part(
            "query",
            "the dataset indices, out of `candidates`, of the n largest scores, the largest first",
            lambda query, scores, candidates, n: {"indices": query(scores, candidates, n)},
            lambda scores, candidates, n: {"indices": candidates[np.argsort(-scores)[:n]]},
            _query_trials,
            (
                "scores[i] belongs to the row candidates[i] of the data set. Position and row number are two things.",
                "Sort the scores for positions first, then look up which rows they are.",
                "return candidates[np.argsort(-scores)[:n]].",
            ),
            (
                Mistake(
                    "positions-for-indices",
                    "these are positions among the candidates, and row numbers of the data set are wanted: somebody "
                    "would label other rows",
                    "candidates[positions]",
                    lambda scores, candidates, n: np.argsort(-scores)[:n],
                ),
                Mistake(
                    "argmin-for-argmax",
                    "these are the rows with the smallest scores",
                    "argsort goes from small to large: sort −scores",
                    lambda scores, candidates, n: candidates[np.argsort(scores)[:n]],
                ),
                Mistake(
                    "smallest-first",
                    "the right rows, but the best one comes last",
                    "turn them round: [::-1]",
                    lambda scores, candidates, n: candidates[np.argsort(scores)[-n:]],
                ),
                Mistake(
                    "first-candidates",
                    "these are the first n candidates, whatever their scores",
                    "sort the scores, not the candidates",
                    lambda scores, candidates, n: candidates[:n],
                ),
            ),
        ),
    ),
    "tinyal/measures/disagreement.py and tinyal/strategies/pointwise.py",
)
