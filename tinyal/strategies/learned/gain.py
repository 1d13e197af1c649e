"""A network that predicts what a label would bring, from the features of a candidate; trained on groups of them."""

import os
import zlib
from typing import Any, Self

import numpy as np

import tinynn as nn
from tinyal.strategies.learned.state import FEATURES

HIDDEN = 32
WIDTH = len(FEATURES)


def layers() -> "list[nn.Layer]":
    """Return a network for each candidate of a group, then the mean over the group and one number.

    A convolution of 1 x 1 is a dense layer that every candidate goes through on its own.
    """
    return [
        *[nn.Conv2D(HIDDEN, 1), nn.ReLU()],
        *[nn.Conv2D(HIDDEN, 1), nn.ReLU()],
        *[nn.GlobalAveragePool2D(), nn.Dense(1)],
    ]


class GainModel:
    """Predicts the gain of single candidates: f in  gain of a group = mean over its rows x of f(x).

    One label changes a test error by less than chance does. Labels in groups change it more, and if gains add up,
    f can be learned from groups and asked for single rows.

    Parameters
    ----------
    network : Sequential
        Of rows (1, 1, features), one output.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> groups = rng.normal(size=(400, 5, len(FEATURES))).astype(np.float32)
    >>> gains = groups[:, :, 3].mean(axis=1)  # what is really worth something: the fourth feature
    >>> model = GainModel.fit(groups, gains, epochs=30)
    >>> row = np.zeros((2, len(FEATURES)), np.float32)
    >>> row[1, 3] = 1
    >>> low, high = model.predict(row)
    >>> bool(low < high)
    True
    """

    def __init__(self, network: "nn.Sequential") -> None:
        if network.input_shape != (1, 1, WIDTH) or network.output_shape != (1,):
            raise ValueError(
                f"a model of gains has rows of shape (1, 1, {WIDTH}), one number for each of {', '.join(FEATURES)}, "
                f"and one output; this network has {network.input_shape} and {network.output_shape}"
            )
        self.network = network

    def __repr__(self) -> str:
        return f"GainModel({zlib.crc32(np.ascontiguousarray(self.network.parameters).tobytes()):08x})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GainModel) and repr(self) == repr(other)

    def __hash__(self) -> int:
        return hash(repr(self))

    @classmethod
    def fit(
        cls, groups: np.ndarray, gains: np.ndarray, *, epochs: int = 30, seed: int = 0, progress: bool = False
    ) -> Self:
        """Learn from groups of candidates.

        Parameters
        ----------
        groups : array (G, rows, features)
        gains : array (G,)
            What the labels of each group brought.
        """
        if groups.ndim != 3 or groups.shape[2] != WIDTH or len(groups) != len(gains):
            raise ValueError(
                f"groups have the shape (G, rows, {WIDTH}) and gains (G,), not {groups.shape} and {np.shape(gains)}"
            )
        mean = groups.mean(axis=(0, 1))
        deviation = np.maximum(groups.std(axis=(0, 1)), 1e-3)  # a feature that never changed stays out
        network = nn.Sequential(layers(), (groups.shape[1], 1, WIDTH), seed=seed)
        nn.fit(
            network,
            nn.Huber(),
            nn.AdamW(nn.CosineDecay(3e-3), weight_decay=0.01),
            ((groups - mean) / deviation)[:, :, None, :].astype(np.float32),
            np.asarray(gains, np.float32)[:, None],
            epochs=epochs,
            batch_size=64,
            seed=seed,
            progress=progress,
        )
        single = nn.Sequential(layers(), (1, 1, WIDTH))
        single.parameters[:] = network.parameters
        # (x − mean) / deviation becomes part of the first layer: the file is a network, and nothing besides.
        first: Any = single.layers[0]
        first.W[:] /= deviation[:, None].astype(first.W.dtype)
        first.b[:] -= mean.astype(first.b.dtype) @ first.W.reshape(WIDTH, HIDDEN)
        return cls(single)

    def predict(self, features: np.ndarray) -> np.ndarray:
        """Return the gain of each candidate, (n,), from its features, (n, features)."""
        rows = np.ascontiguousarray(features, np.float32)[:, None, None, :]
        return np.concatenate(
            [self.network.forward(rows[start : start + 4096])[:, 0] for start in range(0, len(rows), 4096)]
        )

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the network to a file, without pickle; see `tinynn.Sequential.save`."""
        self.network.save(path, overwrite=overwrite)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a file of `save`; nothing in it is run."""
        return cls(nn.Sequential.load(path))
