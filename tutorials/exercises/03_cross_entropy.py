"""Exercise 3: softmax, and the cross-entropy of what it says.

Question. Logits z are any numbers; softmax makes probabilities p of them. The loss is the mean of −ln p of what is
right. Write ln p[label] as a difference with z in it, and differentiate by each z[k]: first for k = label, then for
the others. Both results fit into one short formula, in which no logarithm is left. Which?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/03_cross_entropy.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "cross-entropy"


def softmax(z: np.ndarray) -> np.ndarray:
    """Return p[i, k] = exp z[i, k] / Σ_j exp z[i, j] for z of shape (n, K): every row sums to 1.

    Logits of ±1000 are allowed, and must not give NaN.
    """
    raise NotImplementedError("p[i, k] = exp z[i, k] / Σ_j exp z[i, j]")


class SoftmaxCrossEntropy:
    """L = −(1/n) Σ_i ln p[i, label of i] with p = softmax(logits), in nats."""

    def forward(self, logits: np.ndarray, labels: np.ndarray) -> float:
        """Return L, one number, for logits (n, K) and whole labels (n,) from 0 to K − 1; keep what `backward` needs.

        For a sure and wrong answer, logits (1000, 0) and label 1, the loss is large, and still finite.
        """
        raise NotImplementedError("L = −(1/n) Σ_i ln p[i, label of i]")

    def backward(self) -> np.ndarray:
        """Return ∂L/∂logits, (n, K), of the last forward."""
        raise NotImplementedError("∂L/∂logits")
