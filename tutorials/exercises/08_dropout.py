"""Exercise 8: dropout.

Question. In training each number is set to 0 with probability p. What is then the mean of y over many masks, and by
what must the numbers that stay be multiplied so that it is x? Why is there nothing left to do when training ends? And
why must backward use the mask of forward, instead of one drawn in the same way?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/08_dropout.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "dropout"


class Dropout:
    """In training y = x · m with m = 0 with probability p (the rate), else m = 1 / (1 − p); otherwise y = x."""

    def __init__(self, rate: float, rng: np.random.Generator) -> None:
        self.rate = rate
        self.rng = rng

    def forward(self, x: np.ndarray, training: bool = True) -> np.ndarray:
        """Return y, of the shape of x, and keep what `backward` needs.

        To be comparable: draw once, u = self.rng.random(x.shape), and drop where u < p.
        """
        raise NotImplementedError("y = x · m")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dx, of the shape of dy, for the last forward, be it with training or without."""
        raise NotImplementedError("dx")
