"""Exercise 2: a fully connected layer, forward and backward.

Question. y = x W + b, so the weight W[i, j] takes the input x[r, i] to the output y[r, j], in every row r of the batch.
If this one weight grows a little, by how much does the loss L change? Write ∂L/∂W[i, j] as a sum over rows, and see
which product of two matrices that is. Then the same for b[j], which is added to every row, and for x[r, i], which goes
to every output of its row.

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/02_dense.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "dense"


class Dense:
    """A layer of `units` neurons, each a weighted sum of all inputs.

    W has shape (inputs, units), one column a neuron; b has shape (units,).
    """

    def __init__(self, W: np.ndarray, b: np.ndarray) -> None:
        self.W = W
        self.b = b

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y = x W + b, of shape (n, units), for x of shape (n, inputs), and keep what `backward` needs."""
        raise NotImplementedError("y = x W + b")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """From dy = ∂L/∂y, (n, units), compute the three gradients.

        Store self.dW = ∂L/∂W, (inputs, units), and self.db = ∂L/∂b, (units,). Return dx = ∂L/∂x, (n, inputs).
        A mean over the batch, if there is one, is the loss's business: dy has it already.
        """
        raise NotImplementedError("dW, db and dx")
