"""Where a training broke: the step, the layer, and the usual cause, when the loss is no finite number any more."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.callbacks import Training
from tinynn.history import EpochLoss
from tinynn.layers.base import Layer
from tinynn.layers.chain import walk
from tinynn.network import Sequential

FAR = 20.0  # inputs usually lie within −3 to 3


def check_loss(training: Training, losses: EpochLoss, rows: Array | None = None) -> None:
    """Raise a FloatingPointError when a loss is no finite number; it says where that began, and why it usually does.

    Parameters
    ----------
    training : Training
    losses : EpochLoss
    rows : array, optional
        The last batch, where the optimiser has not yet done its step: only the last loss is looked at, and only where
        that does not wait for a device. Without, all losses of the epoch are; if one is no number, parameters and
        gradients are by now those of a later step.
    """
    if rows is not None:
        if not losses.bad_now():
            return
        step, value = training.step + 1, losses.values()[-1]
    else:
        bad = losses.first_bad()
        if bad is None:
            return
        step, value = training.step - len(losses.sizes) + bad + 1, losses.values()[bad]
    net = training.net
    where = _in_parameters(net) or (_in_outputs(net, rows) if rows is not None else "")
    raise FloatingPointError(
        f"the loss became {value} at step {step}, in epoch {training.epoch + 1}. {where}{_cause(training, rows)}"
    )


def _in_parameters(net: Sequential) -> str:
    """Name the layer whose gradients or parameters went first, if they did: backward goes from the last layer down."""
    layers = [(layer, name) for layer in walk(net.layers) for name in layer.parameter_names]
    broken = [(layer, name) for layer, name in layers if not _finite(net, getattr(layer, name))]
    if not broken:
        return ""
    culprits = [(layer, name) for layer, name in layers if not _finite(net, getattr(layer, f"d{name}"))]
    found = culprits or broken
    layer = found[-1][0]
    name = next(name for owner, name in found if owner is layer)
    what = f"gradient d{name}" if culprits else f"parameter {name}"
    return (
        f"It began before this step: the {what} of {_place(net, layer)}, is not finite, and with it the parameters "
        f"of {len({id(owner) for owner, _ in broken})} layer(s) are lost. "
    )


def _in_outputs(net: Sequential, rows: Array) -> str:
    """Name the first layer that gives numbers that are not finite."""
    if not _finite(net, rows):
        return "The batch itself holds NaN or infinity. "
    h = rows
    for layer in net.layers:
        h = layer.forward(h, training=True)
        if not _finite(net, h):
            return f"It began in {_place(net, layer)}, whose outputs are not finite; its inputs were. "
    largest = float(net.backend.to_numpy(abs(h).max()))
    return f"It began in the loss: the outputs of the network are finite, the largest {largest:.3g}. "


def _cause(training: Training, rows: Array | None) -> str:
    """Say what usually brings this about."""
    net = training.net
    if rows is not None and not _finite(net, rows):
        return (
            f"Look at what makes the batches, and whether their numbers are too large for {net.dtype.name}, which "
            f"holds up to {np.finfo(net.dtype).max:.0e}"
        )
    if rows is not None:
        largest = float(net.backend.to_numpy(abs(rows).max()))
        if largest > FAR:
            return (
                f"The usual cause are inputs as large as here, {largest:.3g}: bring them to about −1 to 1 (pixels as "
                "uint8 are divided by 255 for you)"
            )
    rate = training.optimizer.rate
    return (
        f"The usual cause is a learning rate that is too large: it was {rate:.3g}, try {min(rate / 10, 0.1):.1g}; or "
        f"bound the gradient, nn.Clipped(nn.{type(training.optimizer).__name__}(...))"
    )


def _place(net: Sequential, layer: Layer) -> str:
    """Say where a layer is: its number, or the number of the block that holds it."""
    for i, outer in enumerate(net.layers):
        if layer is outer:
            return f"layer {i}, {layer!r}"
        if any(inner is layer for inner in _within(outer)):
            return f"{layer!r} in layer {i}, {type(outer).__name__}"
    raise LookupError(f"{layer!r} is not in this network")


def _within(layer: Layer) -> Iterator[Layer]:
    return iter(list(walk([layer]))[1:])


def _finite(net: Sequential, array: Any) -> bool:
    return bool(net.backend.to_numpy(net.backend.xp.isfinite(array).all()))
