"""Thinned networks: what dropout leaves of a network when it drops the same features in every row."""

import itertools
from typing import Self

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.layers.base import Layer
from tinynn.layers.chain import walk
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout
from tinynn.layers.reshape import Flatten


class Thinned(Buffered):
    """Layers that become one thinned network after another; in a ``with`` statement, which restores them at its end.

    A mask m that is the same for all rows may be put into the weights that come after it,

        (x · m) W = x W′,        W′[i, j] = m[i] W[i, j],

    which is less work where there are more rows than units; elsewhere the layer multiplies x.

    Parameters
    ----------
    layers : list of Layer
    rows : int
        How many go through each of the networks at a time.
    """

    def __init__(self, layers: list[Layer], rows: int) -> None:
        self.layers = layers
        self.xp, self.dtype = layers[0].xp, layers[0].dtype
        self.drops = [layer for layer in walk(layers) if isinstance(layer, Dropout) and layer.rate]
        after = {
            id(a): b for a, b in itertools.pairwise(layer for layer in layers if type(layer) is not Flatten)
        }
        self.dense: list[tuple[Dense, Array] | None] = []
        for layer in self.drops:
            follower = after.get(id(layer))
            if type(layer) is Dropout and type(follower) is Dense and follower.units < rows:
                self.dense.append((follower, follower.W))
            else:
                self.dense.append(None)

    def become(self, masks: list[Array]) -> None:
        """Become the network in which the dropout layers have these masks, (1, *features) each."""
        for i, (layer, follower, mask) in enumerate(zip(self.drops, self.dense, masks, strict=True)):
            if follower is None:
                layer.thinned = mask
            else:
                dense, W = follower
                thinned = self.buffer(f"W {i}", W.shape)
                self.xp.multiply(W, mask.reshape(-1, 1), out=thinned)
                vars(dense)["W"] = thinned  # an assignment would write it into the network's parameters

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for layer, follower in zip(self.drops, self.dense, strict=True):
            layer.thinned = None
            if follower is not None:
                dense, W = follower
                vars(dense)["W"] = W
