"""A data set: rows to learn from, rows to be tested on, and where they come from."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, repr=False, eq=False)
class Dataset:
    """Labelled rows, images as a rule, split into a training and a test set.

    Parameters
    ----------
    name : str
        As given to `load`.
    x_train, x_test : ndarray of uint8, (n, pixels), or of float64, (n, features)
        One image per row, its pixel rows one after the other, 0 to 255, the colours of a pixel side by side; or what
        was measured of one thing.
    y_train, y_test : ndarray of int64, (n,)
        Class of each row, an index into `classes`.
    classes : tuple of str
        What each label stands for.
    image_shape : tuple of int
        Shape that turns a row back into an image: (height, width), or (height, width, 3) in colour. Rows that are no
        images have (features,).
    licence, citation : str
        Terms under which the data may be used, and the work to cite.

    Examples
    --------
    >>> from tinynn import datasets
    >>> data = datasets.load("digits")
    >>> data
    Dataset 'digits': 1348 training and 449 test images of 8×8 pixels, 10 classes (0, 1, 2, ... 9)
    >>> data.x_train[0].reshape(data.image_shape)[:3]
    array([[  0,   0,  80, 207, 143,  16,   0,   0],
           [  0,   0, 207, 239, 159, 239,  80,   0],
           [  0,  48, 239,  32,   0, 175, 128,   0]], dtype=uint8)
    >>> data.classes[data.y_train[0]]
    '0'
    """

    name: str
    x_train: NDArray[Any]
    y_train: NDArray[np.int64]
    x_test: NDArray[Any]
    y_test: NDArray[np.int64]
    classes: tuple[str, ...]
    image_shape: tuple[int, ...]
    licence: str
    citation: str

    def __repr__(self) -> str:
        shape = "×".join(map(str, self.image_shape))
        kind, unit = ("images", "pixels") if len(self.image_shape) > 1 else ("rows", "numbers")
        names = self.classes if len(self.classes) < 5 else (*self.classes[:3], f"... {self.classes[-1]}")
        return (
            f"Dataset {self.name!r}: {len(self.x_train)} training and {len(self.x_test)} test {kind} "
            f"of {shape} {unit}, {len(self.classes)} classes ({', '.join(names)})"
        )
