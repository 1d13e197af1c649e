"""CIFAR-10's binary version: six files of records, each a label and the red, green and blue planes of an image.

========= ===========================================
bytes     meaning, in a record
========= ===========================================
0         label, 0 to 9
1-1024    red, 32 lines of 32 pixels
1025-2048 green
2049-3072 blue
========= ===========================================
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tinynn.datasets.errors import BrokenFileError

SIDE, COLOURS, CLASSES = 32, 3, 10
RECORD = 1 + COLOURS * SIDE * SIDE
TRAINING = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST = "test_batch.bin"


def parse_cifar(files: Mapping[str, bytes | memoryview]) -> tuple[NDArray[np.uint8], ...]:
    """Read the images and labels of CIFAR-10's six files, whose lengths are whole records.

    Parameters
    ----------
    files : mapping of str to bytes
        The five of `TRAINING` and `TEST`, by their names.

    Returns
    -------
    x_train, y_train, x_test, y_test : ndarray of uint8
        Images (n, 32, 32, 3), the colours of a pixel side by side, as the layers here take them; labels (n,).

    Raises
    ------
    BrokenFileError
        For a label above 9.

    Examples
    --------
    >>> record = bytes([7]) + bytes([255]) * 1024 + bytes(2048)  # a red image of class 7
    >>> x, y, _, _ = parse_cifar(dict.fromkeys((*TRAINING, TEST), record))
    >>> x.shape, x[0, 0, 0].tolist(), y.tolist()
    ((5, 32, 32, 3), [255, 0, 0], [7, 7, 7, 7, 7])
    """
    return (*_join(files, TRAINING), *_join(files, (TEST,)))


def _join(files: Mapping[str, bytes | memoryview], names: tuple[str, ...]) -> tuple[NDArray[np.uint8], ...]:
    """Read some files into one array of images and one of labels."""
    n = sum(len(files[name]) // RECORD for name in names)
    images, labels = np.empty((n, SIDE, SIDE, COLOURS), np.uint8), np.empty(n, np.uint8)
    start = 0
    for name in names:
        records = np.frombuffer(files[name], np.uint8).reshape(-1, RECORD)
        if len(wrong := np.flatnonzero(records[:, 0] >= CLASSES)):
            label = records[wrong[0], 0]
            raise BrokenFileError(
                f"record {wrong[0]} of {name} has the label {label}, outside 0..{CLASSES - 1}"
            )
        some = slice(start, start + len(records))
        labels[some] = records[:, 0]
        images[some] = records[:, 1:].reshape(-1, COLOURS, SIDE, SIDE).transpose(0, 2, 3, 1)
        start += len(records)
    return images, labels
