"""The patient: copies of a network, its loss and its optimiser, and a sample of the rows, to experiment on."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from tinynn.backend import Array, backend_of
from tinynn.health.baselines import Baselines
from tinynn.layers.base import Layer
from tinynn.layers.chain import walk
from tinynn.layers.dropout import Dropout
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer

SAMPLE = 256  # rows that are looked at: enough for shares of a few per cent, and a moment's work
BATCH = 32


class Patient:
    """Everything that the checks look at. But for the optimiser, nothing is shared with the user.

    Attributes
    ----------
    net : Sequential
        A copy that is never changed; its dropout is off, as it would blur every measurement.
    names : dict of int to str
        What its layers are called, by identity.
    dropouts : set of str
        Names of the layers that drop something in the user's network.
    loss : Loss
    optimizer : Optimizer or None
        The user's own, never to be stepped: `at_rate` makes copies.
    baselines : Baselines
    x, y : array
        A sample of the rows as they were given, on the host, and its targets.
    targets : array
        All targets.
    finite : bool
        Whether all given rows are finite numbers.
    inputs, wanted : array
        The sample as the network and the loss take it, on the network's device.
    """

    def __init__(
        self, net: Sequential, loss: Loss, x: Any, y: np.ndarray, optimizer: Optimizer | None, seed: int
    ) -> None:
        self.seed = seed
        self.net = net.copy()
        self.names = {id(layer): name for name, layer in named(self.net.layers)}
        drops = [layer for layer in walk(self.net.layers) if isinstance(layer, Dropout) and layer.rate]
        self.dropouts = {self.names[id(layer)] for layer in drops}
        for layer in drops:
            layer.rate = 0.0
        self.loss = loss.copy()
        self.optimizer = optimizer
        self.baselines = Baselines(self.loss, self.net.output_shape)
        rows = np.sort(np.random.default_rng((seed, 0)).permutation(len(x))[:SAMPLE])
        home = backend_of(x)
        self.x = home.to_numpy(home.xp.take(x, home.asarray(rows), axis=0))
        self.y, self.targets = y[rows], y
        self.finite = x.dtype.kind != "f" or bool(home.xp.isfinite(x).all())
        self.inputs, self.wanted = self.prepared(self.net, self.x, self.y)

    @cached_property
    def passed(self) -> Sequential:
        """A copy after one forward and backward pass with the sample: its gradients are to be read."""
        net = self.network()
        self.first_loss = self.loss_of(net, self.inputs, self.wanted)
        net.backpropagate(self.loss.backward())
        return net

    @cached_property
    def first_loss(self) -> float:
        """The loss of the sample, now."""
        return self.loss_of(self.network(), self.inputs, self.wanted)

    @cached_property
    def chance(self) -> float:
        """What a guess costs on the sample."""
        return self.baselines.chance(self.y)

    @property
    def far_above_chance(self) -> bool:
        """Whether the network is so wrong that it must be sure of it: after training sooner than at the start.

        A start some times above chance is mended by the first steps; residual blocks without normalisation have one.
        """
        if math.isnan(self.chance):
            return False
        if self.net.step and self.baselines.kind != "numbers":
            return self.first_loss > self.chance + 3  # nats
        return self.first_loss > 20 * max(self.chance, 1e-30)

    @property
    def trained(self) -> bool:
        """Whether the loss shows that the network has learned something already."""
        return self.first_loss < 0.8 * self.baselines.constant(self.y)

    def network(self, dtype: str | None = None) -> Sequential:
        """Return a copy to be changed, without dropout."""
        return self.net.copy(dtype)

    def prepared(self, net: Sequential, x: np.ndarray, y: np.ndarray) -> tuple[Array, Array]:
        """Return rows and targets on the network's device; what is no label gets the network's dtype."""
        labels = y.ndim == 1 and y.dtype.kind in "iu"
        return net.to_input(x), net.backend.asarray(y, dtype=None if labels else net.dtype)

    def loss_of(self, net: Sequential, x: Array, y: Array) -> float:
        """Return the loss of these rows as a training step would see it."""
        return float(self.loss.forward(net.propagate(x, training=True), y))

    def train(
        self, net: Sequential, optimizer: Optimizer, x: Array, y: Array, steps: int, batch: int = BATCH
    ) -> Iterator[int]:
        """Take steps on random batches of these rows; yields after each."""
        rng, xp = np.random.default_rng((self.seed, 1)), net.backend.xp
        for step in range(steps):
            rows = net.backend.asarray(rng.permutation(len(x))[:batch])
            outputs = net.propagate(xp.take(x, rows, axis=0), training=True)
            self.loss.forward(outputs, xp.take(y, rows, axis=0))
            net.backpropagate(self.loss.backward())
            optimizer.step(net.parameters, net.gradients)
            yield step


def named(layers: Sequence[Layer], path: str = "") -> Iterator[tuple[str, Layer]]:
    """Go through all layers in order, with names such as ``"layer 2.1, Dense(10)"`` for what a block holds."""
    for i, layer in enumerate(layers):
        text = type(layer).__name__ if layer.chain else repr(layer)
        yield f"layer {path}{i}, {text}", layer
        yield from named(layer.chain, f"{path}{i}.")


def weights(layer: Layer) -> list[str]:
    """Return the names of a layer's parameters that are weights; one with fewer than two axes is a bias or a scale."""
    return [name for name in layer.parameter_names if getattr(layer, name).ndim > 1]
