"""Penalties and limits that keep weights small, so that a network cannot lean on few of them."""

from collections.abc import Iterator

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.callbacks import Callback, Training
from tinynn.checks import positive
from tinynn.layers.base import Layer
from tinynn.layers.chain import walk
from tinynn.network import Sequential


def weight_matrices(net: Sequential) -> Iterator[tuple[Layer, Array, Array]]:
    """Yield each layer with weights W, and W and its gradient; biases and scales are left alone."""
    for layer in walk(net.layers):
        if "W" in layer.parameter_names:
            yield layer, layer.W, layer.dW  # type: ignore[attr-defined]


class _OfWeights(Callback, Buffered):
    """Something that is done with the weights, in the network's library and precision."""

    def start(self, training: Training) -> None:
        """Compute where this network does."""
        self.adopt(training.net)

    def adopt(self, net: Sequential) -> None:
        """Compute in the library and precision of a network."""
        if net.backend.xp is not self.xp or net.dtype != self.dtype:
            self.drop_buffers()
            self.xp, self.dtype = net.backend.xp, net.dtype


class L1(_OfWeights):
    """Add λ Σ |w| over all weights to the loss: its gradient, λ sign(w), drives useless weights to zero.

    The loss that `fit` records is without it. A Dense layer's W is (inputs, units); biases are left alone.

    Parameters
    ----------
    strength : float
        λ.

    Examples
    --------
    >>> import numpy as np, tinynn as nn
    >>> net = nn.Sequential([nn.Dense(1)], input_shape=2)
    >>> net.layers[0].W = [[1.0], [-3.0]]
    >>> nn.L1(0.5).penalty(net)
    2.0
    """

    def __init__(self, strength: float) -> None:
        self.strength = positive("strength", strength)

    def penalty(self, net: Sequential) -> float:
        """Return λ Σ |w|."""
        return self.strength * sum(float(abs(W).sum()) for _, W, _ in weight_matrices(net))

    def before_step(self, training: Training) -> None:
        """dW ← dW + λ sign(W)."""
        for i, (_, W, dW) in enumerate(weight_matrices(training.net)):
            gradient = self.buffer(f"gradient {i}", W.shape)
            self.xp.sign(W, out=gradient)
            gradient *= self.strength
            dW += gradient


class L2(_OfWeights):
    """Add λ/2 Σ w² over all weights to the loss: its gradient is λ w.

    The loss that `fit` records is without it. ``SGD(weight_decay=λ)`` does the same to all parameters, biases too;
    ``AdamW`` shrinks beside the gradient, which for Adam is something else. A Dense layer's W is (inputs, units).

    Parameters
    ----------
    strength : float
        λ.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(1)], input_shape=2)
    >>> net.layers[0].W = [[1.0], [-3.0]]
    >>> nn.L2(0.5).penalty(net)
    2.5
    """

    def __init__(self, strength: float) -> None:
        self.strength = positive("strength", strength)

    def penalty(self, net: Sequential) -> float:
        """Return λ/2 Σ w²."""
        return self.strength / 2 * sum(float((W * W).sum()) for _, W, _ in weight_matrices(net))

    def before_step(self, training: Training) -> None:
        """dW ← dW + λ W."""
        for i, (_, W, dW) in enumerate(weight_matrices(training.net)):
            gradient = self.buffer(f"gradient {i}", W.shape)
            self.xp.multiply(W, self.strength, out=gradient)
            dW += gradient


class MaxNorm(_OfWeights):
    """After every step, scale the weights into a unit back to length c where they are longer: w ← w min(1, c / ‖w‖).

    Lets large learning rates explore without weights that blow up; goes well with dropout (Srivastava et al. 2014,
    section 5.1). A unit's weights are all that feed it: one column of a Dense layer's W (inputs, units), one filter of
    a Conv2D.

    Parameters
    ----------
    limit : float, optional
        c; 3 to 4 is usual.

    Examples
    --------
    >>> import numpy as np, tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=2)
    >>> net.layers[0].W = [[3.0, 0.75], [4.0, 1.0]]
    >>> nn.MaxNorm(2.5).apply(net)
    >>> net.layers[0].W.round(3).tolist()
    [[1.5, 0.75], [2.0, 1.0]]
    """

    def __init__(self, limit: float = 3.0) -> None:
        self.limit = positive("limit", limit)

    def apply(self, net: Sequential) -> None:
        """Scale what is too long."""
        self.adopt(net)
        xp = net.backend.xp
        for i, (_, W, _) in enumerate(weight_matrices(net)):
            columns = W.reshape(-1, W.shape[-1])
            squares = self.buffer(f"squares {i}", columns.shape)
            scale = self.buffer(f"scale {i}", (W.shape[-1],))
            xp.multiply(columns, columns, out=squares)
            xp.sum(squares, axis=0, out=scale)
            xp.sqrt(scale, out=scale)
            xp.maximum(
                scale, self.limit, out=scale
            )  # c / max(‖w‖, c) is min(1, c / ‖w‖), and never divides by 0
            xp.divide(self.limit, scale, out=scale)
            columns *= scale

    def after_step(self, training: Training) -> None:
        """Scale what the step made too long."""
        self.apply(training.net)
