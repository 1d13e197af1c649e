"""Exercise 5: convolution.

Question. The same small block of weights is laid over every place of an image; at each place it makes one weighted sum.
How many places are there above each other, for a block of h rows in an image of H rows? One weight has a part in the
sums of all places, and one pixel has a part in the sums of several: so what is ∂L/∂W[k, m], and what is ∂L/∂x[i, j],
as a sum? (Compare with a Dense layer whose rows are the windows.)

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/05_convolution.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "convolution"


class Conv2D:
    """y[n, i, j, f] = Σ_k Σ_m Σ_c x[n, i+k, j+m, c] W[k, m, c, f] + b[f]: no padding, the window moves by one place.

    W has shape (h, w, channels, filters); b has shape (filters,). As in all libraries, W is not turned round.
    """

    def __init__(self, W: np.ndarray, b: np.ndarray) -> None:
        self.W = W
        self.b = b

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, (n, H − h + 1, width − w + 1, filters), for images x, (n, H, width, channels).

        Loops over places or over weights are fine.
        """
        raise NotImplementedError("a weighted sum of each window, and the bias")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """From dy, of the shape of y, compute the three gradients.

        Store self.dW, of the shape of W, and self.db, (filters,). Return dx, of the shape of x.
        """
        raise NotImplementedError("dW, db and dx")
