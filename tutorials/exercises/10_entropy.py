"""Exercise 10: entropy, and whom to ask about.

Question. A model says with which probabilities an example belongs to each of K classes. How unsure is it? The entropy
H(p) = −Σ p ln p is one answer. What is it for (1, 0, 0), what for (⅓, ⅓, ⅓), and why can it never be larger? What is
the limit of p ln p for p → 0, and what does NumPy make of 0 * log(0)?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/10_entropy.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "entropy"


def entropy(p: np.ndarray) -> np.ndarray:
    """Return H = −Σ_k p_k ln p_k of each row, in nats: (n,) for probabilities p of shape (n, K). 0 ln 0 counts as 0."""
    raise NotImplementedError("H = −Σ_k p_k ln p_k")


def most_uncertain(scores: np.ndarray, n: int) -> np.ndarray:
    """Return the positions of the n largest of the scores, whole numbers (n,), the largest first."""
    raise NotImplementedError("the positions of the n largest scores")
