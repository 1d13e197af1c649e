"""How weights start: random, with a spread that keeps signals the same size from layer to layer.

A sum of ``fan_in`` terms has ``fan_in`` times the variance of one term. Weights of variance 1 / fan_in
therefore leave the variance of a signal as it is on the way forward, 1 / fan_out on the way back. Derivation:
`docs/derivations/initialization.md`, `init-lecun`, `init-he` and `init-glorot`.
"""

from collections.abc import Callable

import numpy as np

Initializer = Callable[[np.random.Generator, tuple[int, ...], int, int], np.ndarray]


def he(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Normal with variance 2 / fan_in, for ReLU, which halves a signal's power (He et al. 2015, eq. 10)."""
    return rng.normal(0.0, np.sqrt(2.0 / fan_in), shape)


def glorot(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Uniform with variance 2 / (fan_in + fan_out), a compromise between both ways (Glorot & Bengio 2010, eq. 16)."""
    bound = np.sqrt(6.0 / (fan_in + fan_out))
    return rng.uniform(-bound, bound, shape)


def lecun(rng: np.random.Generator, shape: tuple[int, ...], fan_in: int, fan_out: int) -> np.ndarray:
    """Normal with variance 1 / fan_in, for tanh and no activation (LeCun et al. 1998, Efficient BackProp, eq. 16)."""
    return rng.normal(0.0, np.sqrt(1.0 / fan_in), shape)


INITIALIZERS: dict[str, Initializer] = {"he": he, "glorot": glorot, "lecun": lecun}
