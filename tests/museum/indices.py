"""Embeddings, which are given whole numbers: a row that is picked several times gets several gradients."""

import numpy as np

from tests.museum.exhibits import mistake, sizes


def picking(rng, layer):
    n, length, rows, width = sizes(rng, 4)
    return layer(rng.normal(size=(rows, width))), rng.integers(min(rows, n * length - 1), size=(n, length))


class Embedding:
    """The right one: the rows of dy add up, np.add.at."""

    def __init__(self, E):
        self.E = E

    def forward(self, index):
        self.index = index
        return self.E[index]

    def backward(self, dy):
        self.dE = np.zeros_like(self.E)
        np.add.at(self.dE, self.index, dy)


@mistake("repeated-index", picking)
class EmbeddingAddedOnce(Embedding):
    """dE[index] += dy reads all rows, adds, and writes: of several additions to a row the last remains."""

    def backward(self, dy):
        self.dE = np.zeros_like(self.E)
        self.dE[self.index] += dy


@mistake("repeated-index", picking)
class EmbeddingAssigned(Embedding):
    """Assigned, not added."""

    def backward(self, dy):
        self.dE = np.zeros_like(self.E)
        self.dE[self.index] = dy
