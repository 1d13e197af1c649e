"""Exercise 6: batch normalisation, as it is in training.

Question. Each feature is brought to mean 0 and variance 1 over the batch: x̂ = (x − mean) / σ, σ = √(variance + ε).
If one number x[r, j] grows a little, three things move: the number itself, the mean of its column, and σ of its
column. What does each of the three contribute to ∂L/∂x[r, j]? Add them up; the sum is shorter than the parts.

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/06_batch_norm.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "batch-norm"


class BatchNorm:
    """y = γ x̂ + β, each feature normalised over the rows of the batch. gamma and beta have shape (features,)."""

    def __init__(self, gamma: np.ndarray, beta: np.ndarray, epsilon: float = 1e-5) -> None:
        self.gamma = gamma
        self.beta = beta
        self.epsilon = epsilon

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, (n, features), for x of that shape, and keep what `backward` needs.

        mean = (1/n) Σ x and variance = (1/n) Σ (x − mean)², each one number a feature.
        """
        raise NotImplementedError("y = γ (x − mean) / √(variance + ε) + β")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """From dy, (n, features), compute the three gradients.

        Store self.dgamma and self.dbeta, (features,). Return dx, (n, features); mean and σ depend on x, too.
        """
        raise NotImplementedError("dgamma, dbeta and dx")
