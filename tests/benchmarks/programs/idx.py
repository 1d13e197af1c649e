"""Read MNIST's compressed files with nothing but NumPy, for the programs of the other libraries."""

import gzip
from pathlib import Path

import numpy as np


def load(folder: str, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Return images (n, 784) and labels (n,) as bytes; the headers have 16 and 8 bytes."""
    with gzip.open(Path(folder) / f"{part}-images-idx3-ubyte.gz") as images:
        x = np.frombuffer(images.read(), dtype=np.uint8, offset=16).reshape(-1, 784)
    with gzip.open(Path(folder) / f"{part}-labels-idx1-ubyte.gz") as labels:
        return x, np.frombuffer(labels.read(), dtype=np.uint8, offset=8)
