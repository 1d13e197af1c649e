"""Exercise 9: a gradient checker.

Question. A derivative can be had without calculus: move a number a little, see what the function does. Write f(x + h)
and f(x − h) as Taylor series. What is the error of (f(x + h) − f(x)) / h, and what of (f(x + h) − f(x − h)) / 2h, as a
power of h? And if two gradients differ by 1e-7, is that much?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/09_gradient_checker.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

from collections.abc import Callable

import numpy as np

EXERCISE = "gradient-checker"


def numerical_gradient(f: Callable[[np.ndarray], float], x: np.ndarray, h: float = 1e-5) -> np.ndarray:
    """Return g, of the shape of x, with g[i] = (f(x + h eᵢ) − f(x − h eᵢ)) / 2h: one number of x moves at a time.

    x may have any number of axes. It holds the same numbers afterwards.
    """
    raise NotImplementedError("a central difference for each number of x")


def relative_error(claimed: np.ndarray, true: np.ndarray) -> float:
    """Return max |claimed − true| / max(max |claimed|, max |true|), one number; 0 where both are 0 everywhere."""
    raise NotImplementedError("the largest difference, relative to the largest number")
