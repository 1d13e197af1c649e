"""Exercise 11: BALD, where several models disagree (Houlsby et al. 2011).

Question. Ask several models, or one with dropout several times. Two reasons make their mean unsure: each of them is
unsure, or each is sure of something else. Only in the second case would a label tell them apart. The entropy of the
mean sees both, the mean of the entropies sees the first. What is their difference for two models that say (½, ½) and
(½, ½), and what for (1, 0) and (0, 1)?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/11_bald.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "bald"


def bald(samples: np.ndarray) -> np.ndarray:
    """Return I = H(mean_t p_t) − mean_t H(p_t) of each row, in nats, with 0 ln 0 = 0.

    `samples` has shape (T, n, K): the probabilities of K classes for n rows, by T models. I has shape (n,).
    """
    raise NotImplementedError("I = H(mean_t p_t) − mean_t H(p_t)")


def query(scores: np.ndarray, candidates: np.ndarray, n: int) -> np.ndarray:
    """Return the dataset indices, (n,), of the n candidates with the largest scores, the largest first.

    scores[i] belongs to the row candidates[i] of the data set: candidates without a label are not rows 0, 1, 2 ...
    """
    raise NotImplementedError("dataset indices of the n largest scores")
