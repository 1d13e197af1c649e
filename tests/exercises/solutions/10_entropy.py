"""A solution of exercise 10."""

import numpy as np

EXERCISE = "entropy"


def entropy(p):
    return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)


def most_uncertain(scores, n):
    return np.argsort(-scores)[:n]
