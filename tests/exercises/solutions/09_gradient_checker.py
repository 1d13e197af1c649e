"""A solution of exercise 9."""

import numpy as np

EXERCISE = "gradient-checker"


def numerical_gradient(f, x, h=1e-5):
    g = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += h
        down[i] -= h
        g[i] = (f(up) - f(down)) / (2 * h)
    return g


def relative_error(claimed, true):
    size = max(np.abs(claimed).max(), np.abs(true).max())
    return np.abs(claimed - true).max() / size if size else 0.0
