"""What a report may show of the data: rows as images or as numbers, and what their labels are called."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets import Dataset


class Pool:
    """The rows that could be asked for.

    Parameters
    ----------
    data : Dataset, (x, y) or (pool x, pool y, test x, test y)
        Rows of x of one axis are numbers; of two axes, or three with 3 colours in the last one, images.

    Raises
    ------
    ValueError
        For data of another form.
    """

    def __init__(self, data: Any) -> None:
        names: tuple[str, ...] | None = None
        self.image_shape: tuple[int, ...] | None = None
        if isinstance(data, Dataset):
            self.x, y = np.asarray(data.x_train), np.asarray(data.y_train)
            names = data.classes
            if len(data.image_shape) > 1:  # of rows that are no images it is their length
                self.image_shape = tuple(data.image_shape)
        elif isinstance(data, tuple) and len(data) in (2, 4):
            self.x, y = np.asarray(data[0]), np.asarray(data[1])
            if self.x.ndim > 2:
                self.image_shape = self.x.shape[1:]
        else:
            raise ValueError(
                "data is a Dataset, (x, y) or (pool x, pool y, test x, test y), as for tinyal.compare"
            )
        if len(self.x) != len(y):
            raise ValueError(f"data has {len(self.x)} rows and {len(y)} labels")
        if self.image_shape is not None:
            if len(self.image_shape) == 3 and self.image_shape[2] == 1:
                self.image_shape = self.image_shape[:2]
            if len(self.image_shape) != 2 and self.image_shape[2:] != (3,):
                raise ValueError(
                    f"images are (height, width) or (height, width, 3), not {self.image_shape}; move the axis of "
                    "colours to the end, or give x as (rows, features)"
                )
        self.labels: NDArray[Any] = np.unique(y) if names is None else np.arange(len(names))
        self.positions = np.searchsorted(self.labels, y)  # of each row's label among the classes
        self.classes = names or tuple(str(label) for label in self.labels.tolist())
        self.low, self.high = float(self.x.min()), float(self.x.max())

    def check(self, rows: list[int]) -> None:
        """Raise a ValueError unless all of these are rows of this data."""
        if max(rows) >= len(self.x):
            raise ValueError(
                f"the row {max(rows)} was asked for, and the data have {len(self.x)}: are they those compared on?"
            )

    def names(self, rows: list[int]) -> list[str]:
        """Return what the rows' labels are called."""
        return [self.classes[position] for position in self.positions[rows]]

    def counts(self, rows: list[int]) -> NDArray[Any]:
        """Return how many of the rows are of each class."""
        return np.bincount(self.positions[rows], minlength=len(self.classes))
