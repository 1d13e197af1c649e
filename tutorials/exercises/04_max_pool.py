"""Exercise 4: max-pooling over windows of 2 × 2.

Question. Of each window only the largest number counts. If you raise one of the four numbers a little, does the output
move? So where does the gradient of a window's output go, and what do the other three numbers get? What if two numbers
of the window are equally large?

Fill in the bodies, and as often as you like run

    tinynn check tutorials/exercises/04_max_pool.py

With --hint it gives a hint on the first part that is not right, with --hint 2 and --hint 3 further ones.
"""

import numpy as np

EXERCISE = "max-pool"


class MaxPool:
    """The largest number of each window of 2 × 2; the windows lie side by side."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Return y, (n, height / 2, width / 2, channels), for images x, (n, height, width, channels).

        y[n, i, j, c] is the largest of x[n, 2i, 2j, c], x[n, 2i, 2j+1, c], x[n, 2i+1, 2j, c] and
        x[n, 2i+1, 2j+1, c]. Height and width are even.
        """
        raise NotImplementedError("the largest number of each window")

    def backward(self, dy: np.ndarray) -> np.ndarray:
        """Return dx, of the shape of x, from dy, of the shape of y.

        Where several numbers of a window are the largest, its gradient goes to the first of them, in the order of
        reading: row by row, from left to right.
        """
        raise NotImplementedError("dy goes to the largest number of its window")
