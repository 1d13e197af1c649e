"""Dropout: in training, each number is set to zero with some probability and the rest are scaled up."""

import math

import numpy as np

from tinynn import random_bits
from tinynn.backend import Array, backend_of
from tinynn.checks import share
from tinynn.layers.base import Layer


class Dropout(Layer):
    """In training y = x · m with m = 0 with probability p and 1 / (1 − p) otherwise; else y = x.

    The scale keeps the expectation, E[y] = x, so nothing needs to change when training ends (inverted dropout;
    Srivastava et al. 2014). Backward passes through the same mask: dx = dy · m.

    A mask is a function of seed, layer, training step and position, the same on CPU and GPU: for the same
    ``step`` the layer drops the same numbers. x, m and y are (n, ...) of one shape.

    Derivation: `docs/derivations/dropout.md`, `dropout-mean`; of posterior samples `dropout-thinned`.

    Parameters
    ----------
    rate : float, optional
        p, the probability of being dropped, 0 ≤ p < 1.

    Notes
    -----
    Where 256 p is a whole number (0.25, 0.5, 0.75 ...), eight random bits a number decide exactly, and one hashed
    word serves four numbers. Other rates take a word each, which realises p to within 2⁻³².

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dropout(0.75)], input_shape=1000)
    >>> y = net.forward(np.ones((1, 1000)), training=True)
    >>> np.unique(y).tolist(), bool(0.2 < (y > 0).mean() < 0.3)  # a quarter is kept, and four times as large
    ([0.0, 4.0], True)
    >>> net.forward(np.ones((1, 1000))).mean().item()  # after training nothing is dropped
    1.0
    """

    def __init__(self, rate: float = 0.5) -> None:
        self.rate = share("rate", rate)
        self.key = 0  # which network and layer this is; the network says
        self.step = 0  # which training step this is; the network counts
        self.first_row = 0  # where in the batch the rows begin that this layer sees; a replica says
        self.thinned: Array | None = None
        self.key_on_device: Array | None = None  # the step's key as two words, while a step is recorded

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x · m in training, y = x otherwise. A thinned network keeps one mask for all rows."""
        self.mask = self.thinned
        if training and self.rate:
            self.mask = self.buffer("mask", x.shape)
            self.draw_mask(self.mask, self.step_key(), self.numbers_before(x))
        if self.mask is None:
            return x
        y = self.buffer("y", x.shape)
        self.xp.multiply(x, self.mask, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · m, with the mask of the last forward pass."""
        if not input_gradient or self.mask is None:
            return dy if input_gradient else None
        dx = self.buffer("dx", dy.shape)
        self.xp.multiply(dy, self.mask, out=dx)
        return dx

    def step_key(self) -> int:
        """Return the key of this training step's mask."""
        if self.key_on_device is not None:
            raise RuntimeError(
                f"{self!r} cannot be recorded here, for its key would be the same in every step"
            )
        return random_bits.key(self.key, self.step)

    def numbers_before(self, x: Array) -> int:
        """Return how many numbers of the batch stand before these rows."""
        return self.first_row * math.prod(x.shape[1:])

    def thresholds(self) -> tuple[int, int, float]:
        """Return how many random bits a number gets, from which value on it is kept, and its scale then."""
        bits = 8 if (256 * self.rate).is_integer() else 32
        threshold = min(round(self.rate * 2**bits), 2**bits - 1)
        return bits, threshold, 2**bits / (2**bits - threshold)

    def thin(self, sample: int, seed: int) -> Array:
        """Return the mask of one posterior sample: one value a feature, the same for every row.

        With it in `thinned`, the layer is part of one thinned network instead of a new one for each row.
        """
        mask = self.xp.empty((1, *self.input_shape), dtype=self.dtype)
        self.draw_mask(mask, random_bits.key(seed, self.key, sample))
        return mask

    def draw_mask(self, mask: Array, key: int, start: int = 0) -> None:
        """Fill `mask` with 0 and 1 / (1 − p), as the part from position `start` on of a larger one."""
        kernels = backend_of(mask).kernels
        if kernels is not None and kernels.fit(mask):
            kernels.draw_mask(self, mask, key, start)
            return
        bits, threshold, scale = self.thresholds()
        first_word, skipped = divmod(start, 32 // bits)
        words = self._words(first_word, -(-(skipped + mask.size) // (32 // bits)), key)
        random = words.view(np.uint8 if bits == 8 else np.uint32)[skipped : skipped + mask.size]
        kept = self.buffer("kept", (mask.size,), np.bool_)
        self.xp.greater_equal(random, random.dtype.type(threshold), out=kept)
        self.xp.multiply(kept.reshape(mask.shape), self.dtype.type(scale), out=mask)

    def _words(self, first: int, n: int, key: int) -> Array:
        words = self.buffer("words", (n,), np.uint32)
        scratch = self.buffer("scratch", (n,), np.uint32)
        random_bits.fill_words(self.xp, self._positions(n), key, words, scratch, first)
        return words

    def _positions(self, n: int) -> Array:
        kept = self.__dict__.get("positions")
        if kept is None or len(kept) < n:
            kept = self.positions = self.xp.arange(n, dtype=np.uint32)
        return kept[:n]
