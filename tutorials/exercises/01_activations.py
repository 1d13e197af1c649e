"""Exercise 1: three activations and their slopes.

Question. An activation bends every number by itself: y[i] = f(x[i]). The loss L depends on y, and dy[i] = ∂L/∂y[i] is
known. If x[i] grows a little, by how much does L change? (y[i] grows f′(x[i]) times as much, and no other y moves.)
Work out f′ for the three functions below with a pencil. For two of them it can be written with y alone.

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/01_activations.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "activations"


class ReLU:
    """y = max(x, 0): what is negative becomes 0."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, of the shape of x, and keep in `self` what `backward` will need."""
        raise NotImplementedError("y = max(x, 0)")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dx = dy · f′(x) from dy = ∂L/∂y, for the x of the last forward. At x = 0 take the slope 0."""
        raise NotImplementedError("dx = dy · f′(x)")


class Sigmoid:
    """y = 1 / (1 + e⁻ˣ): from 0 to 1, and ½ at 0."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, of the shape of x; for x = ±1000 it is 1 and 0, and not NaN."""
        raise NotImplementedError("y = 1 / (1 + e⁻ˣ)")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dx = dy · f′(x), for the x of the last forward."""
        raise NotImplementedError("dx = dy · f′(x)")


class Tanh:
    """y = tanh x = (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ): from −1 to 1, and 0 at 0."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, of the shape of x; for x = ±1000 it is ±1, and not NaN."""
        raise NotImplementedError("y = tanh x")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dx = dy · f′(x), for the x of the last forward."""
        raise NotImplementedError("dx = dy · f′(x)")
