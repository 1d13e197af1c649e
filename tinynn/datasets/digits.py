"""The 1797 small handwritten digits that travel with the package, so that everything works offline."""

from importlib.resources import files

import numpy as np

from tinynn.datasets.dataset import Dataset

BRIGHTEST = 16  # each pixel counts the ink in a block of 4×4 finer ones


def load_digits() -> Dataset:
    """Return the digits, 8×8 pixels, every fourth row (3, 7, 11, ...) in the test set.

    These are the test images of the UCI data set "Optical Recognition of Handwritten Digits", in the order in
    which scikit-learn distributes them, written by 13 people. The split is by row, so the same people wrote
    training and test images: accuracy here says little about a stranger's handwriting. Stored values 0..16
    are spread over 0..255.

    Returns
    -------
    Dataset
        1348 training and 449 test rows of 64 values.

    References
    ----------
    E. Alpaydin, C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine Learning Repository.
    https://doi.org/10.24432/C50P49

    Examples
    --------
    >>> data = load_digits()
    >>> data.x_train.shape, data.x_test.shape, int(data.x_train.max())
    ((1348, 64), (449, 64), 255)
    """
    with (files("tinynn.datasets") / "digits.npz").open("rb") as stream, np.load(stream) as stored:
        x = np.rint(stored["images"] * (255 / BRIGHTEST)).astype(np.uint8)
        y = stored["labels"].astype(np.int64)
    test = np.arange(len(y)) % 4 == 3
    return Dataset(
        name="digits",
        x_train=x[~test],
        y_train=y[~test],
        x_test=x[test],
        y_test=y[test],
        classes=tuple("0123456789"),
        image_shape=(8, 8),
        licence="CC BY 4.0",
        citation="E. Alpaydin, C. Kaynak (1998). Optical Recognition of Handwritten Digits. UCI Machine "
        "Learning Repository. https://doi.org/10.24432/C50P49",
    )
