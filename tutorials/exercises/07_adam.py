"""Exercise 7: the optimiser Adam (Kingma & Ba 2015, Algorithm 1).

Question. m is a running mean of gradients that starts at 0: m ← β₁ m + (1 − β₁) g. Suppose that every gradient is the
same g. What is m after one step, after two, after t? By what must it be divided to be g? (Sum a geometric series.) And
with m̂ = g and v̂ = g², how long is Adam's step, whatever g is?

Fill in the body, and as often as you like run

    tinynn check tutorials/exercises/07_adam.py

With --hint it gives a hint, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "adam"


class Adam:
    """Steps of about equal length in every parameter.

    m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
    m̂ = m / (1 − β₁ᵗ)              v̂ = v / (1 − β₂ᵗ)              θ ← θ − η m̂ / (√v̂ + ε)

    t is 1 in the first step, m and v are 0 before it.
    """

    def __init__(
        self,
        size: int,
        learning_rate: float = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = learning_rate
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.t = 0
        self.m = np.zeros(size)
        self.v = np.zeros(size)

    def step(self, theta: np.ndarray, g: np.ndarray) -> None:
        """Take one step with the gradient g, (size,): change theta, (size,), in place. Return nothing."""
        raise NotImplementedError("m, v, and a step of theta")
