"""Who answers: here an array that knows all labels; in real use, a person."""

from typing import Any

import numpy as np


class ArrayOracle:
    """Answer from a label array, as experiments do. It alone knows the hidden labels.

    Parameters
    ----------
    y : array (N,)
        The label of every row of the pool.

    Examples
    --------
    >>> ArrayOracle([3, 1, 4, 1]).answer([0, 2]).tolist()
    [3, 4]
    """

    def __init__(self, y: Any) -> None:
        self._y = np.asarray(y)
        if self._y.ndim != 1:
            raise ValueError(f"an ArrayOracle needs one label a row, shape (n,), not {self._y.shape}")

    def __len__(self) -> int:
        return len(self._y)

    def answer(self, indices: Any) -> np.ndarray:
        """Return the labels of these dataset indices."""
        return self._y[np.asarray(indices)]
