"""Watching a pass: what goes into each forward and backward of a network's layers, and what comes out, is copied."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.layers.base import Layer
from tinynn.network import Sequential
from tinynn.trace.formulas import formula_key

Values = dict[str, np.ndarray]

GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "slope": "s"}


def symbol(name: str) -> str:
    """Return what the mathematics calls a parameter or setting: γ for gamma, dγ for dgamma."""
    stem = name.removeprefix("d")
    return (
        name.removesuffix(stem) + GREEK[stem]
        if stem in GREEK and name not in GREEK
        else GREEK.get(name, name)
    )


# What a layer or loss keeps of its forward pass and its formulas speak of; x is its input.
KEPT: dict[str, Mapping[str, Callable[[Any, np.ndarray], Array]]] = {
    "Dropout in training": {"m": lambda layer, x: layer.mask},
    "BatchNorm": {
        "σ": lambda layer, x: layer.deviation,
        "x̂": lambda layer, x: layer.normalized.reshape(x.shape),
    },
    "LayerNorm": {
        "σ": lambda layer, x: layer.deviation.reshape(*x.shape[:-1], 1),
        "x̂": lambda layer, x: layer.normalized.reshape(x.shape),
    },
    "SoftmaxCrossEntropy": {"p": lambda loss, y: loss.p.T},
    "SoftmaxCrossEntropy with weights": {"p": lambda loss, y: loss.p.T, "q": lambda loss, y: -loss.t.T},
    "Huber": {"c": lambda loss, y: loss.clipped},
}
KEPT["BatchNorm in training"] = KEPT["BatchNorm"]


@dataclass
class Call:
    """One call of a layer's forward or backward, as it happened.

    Attributes
    ----------
    path : str
        ``"2.1"`` for layer 1 in the chain of layer 2.
    thing : Layer or loss, optional
    direction : {"forward", "backward"}
    values : dict of str to array
        What its formulas speak of, by symbol.
    shown : dict of str to str
        The names, in the code, of the values to show, with their symbols.
    parts : list of Call
        The calls that it made.
    """

    path: str
    thing: Any = None
    direction: str = "forward"
    values: Values = field(default_factory=dict)
    shown: dict[str, str] = field(default_factory=dict)
    parts: list["Call"] = field(default_factory=list)

    def note(self, arrays: Values, show: bool = True) -> None:
        """Write arrays down under their names in the code."""
        for name, array in arrays.items():
            self.values[symbol(name)] = array
            if show:
                self.shown[name] = symbol(name)


def watched_pass(
    net: Sequential, loss: Any, x: Any, y: np.ndarray, training: bool
) -> tuple[list[Call], list[Call]]:
    """Run a pass on a copy of the network and of the loss.

    Returns
    -------
    forward, backward : list of Call
        In the order in which they were made: the input, the outermost layers, the loss; the loss, the layers.
    """
    net, loss = net.copy(), _copy(loss)
    watch = Watch(net.backend.to_numpy, training)
    watch.layers(net.layers)
    rows = net.to_input(x)
    # What has the shape of outputs is compared with them; anything else are labels, which stay whole numbers.
    targets = net.backend.asarray(y, dtype=net.dtype if y.ndim > 1 or y.dtype.kind == "f" else None)
    given, verdict, slope = Call("input"), Call("loss", loss), Call("loss", loss, "backward")
    given.note({"x": watch.host(rows)})

    outputs = net.propagate(rows, training)
    sizes = {"n": np.asarray(len(rows)), "N": np.asarray(outputs.size)}
    verdict.note({"y": watch.host(outputs), **sizes}, show=False)
    verdict.note({"t": watch.host(targets)})
    L = watch.host(loss.forward(outputs, targets))
    watch.kept(verdict, verdict.values["y"])
    verdict.note({"L": L})

    dy = loss.backward()
    slope.values |= verdict.values
    slope.note({"dy": watch.host(dy)})
    net.backpropagate(dy, input_gradient=True)
    return [given, *watch.forward, verdict], [slope, *watch.backward]


def _copy(loss: Any) -> Any:
    """Return a loss of the same settings that shares no memory with this one."""
    if not hasattr(loss, "drop_buffers"):
        return copy.deepcopy(loss)
    other = copy.copy(loss)  # a loss may hold a module, xp, which cannot be copied deeply
    other.drop_buffers()
    return other


class Watch:
    """Stands between layers and their callers, passes every call on, and takes notes.

    Attributes
    ----------
    forward, backward : list of Call
        The calls of the outermost layers, in the order in which they were made.
    """

    def __init__(self, to_numpy: Callable[[Array], np.ndarray], training: bool) -> None:
        self.to_numpy = to_numpy
        self.training = training
        self.forward: list[Call] = []
        self.backward: list[Call] = []
        self._open: list[Call] = []
        self._last_forward: dict[int, Call] = {}

    def host(self, array: Any) -> np.ndarray:
        """Return a copy on the host."""
        return np.array(self.to_numpy(array) if hasattr(array, "dtype") else array)

    def layers(self, layers: Sequence[Layer], path: str = "") -> None:
        """Watch these layers and the chains that they hold."""
        for i, layer in enumerate(layers):
            here = f"{path}{i}"
            # Attributes of the instance hide the methods of its class.
            layer.__dict__["forward"] = partial(self._forward, here, layer, layer.forward)
            layer.__dict__["backward"] = partial(self._backward, here, layer, layer.backward)
            self.layers(layer.chain, f"{here}.")

    def kept(self, call: Call, given: np.ndarray) -> None:
        """Note what a layer or loss keeps of its forward pass, and its settings."""
        key = formula_key(call.thing, call.direction, self.training)
        for name, read in KEPT.get(key, {}).items():
            call.note({name: self.host(read(call.thing, given))})
        config = call.thing.config() if hasattr(call.thing, "config") else {}
        for name, value in config.items():
            if isinstance(value, float):
                call.note({name: np.asarray(value)}, show=False)

    def _forward(self, path: str, layer: Layer, method: Any, x: Array, *rest: Any, **named: Any) -> Array:
        call = self._begin(Call(path, layer, "forward"), self.forward)
        call.note({"x": self.host(x)}, show=False)
        call.note({name: self.host(getattr(layer, name)) for name in layer.parameter_names})
        y = method(x, *rest, **named)
        self._open.pop()
        if call.parts:
            call.note({"f": call.parts[-1].values["y"]}, show=False)
        self.kept(call, call.values["x"])
        call.note({"y": self.host(y)})
        call.note({name: self.host(getattr(layer, name)) for name in layer.initial_state()})
        self._last_forward[id(layer)] = call
        return y

    def _backward(self, path: str, layer: Layer, method: Any, dy: Array, *rest: Any, **named: Any) -> Any:
        call = self._begin(Call(path, layer, "backward"), self.backward)
        if id(layer) in self._last_forward:
            call.values |= self._last_forward[id(layer)].values
        call.note({"dy": self.host(dy)}, show=False)
        dx = method(dy, *rest, **named)
        self._open.pop()
        if call.parts and "dx" in call.parts[-1].values:
            call.note({"g": call.parts[-1].values["dx"]}, show=False)
        gradients = {f"d{name}": getattr(layer, f"d{name}") for name in layer.parameter_names}
        call.note({name: self.host(gradient) for name, gradient in gradients.items()})
        if dx is not None:
            call.note({"dx": self.host(dx)})
        return dx

    def _begin(self, call: Call, outermost: list[Call]) -> Call:
        (self._open[-1].parts if self._open else outermost).append(call)
        self._open.append(call)
        return call
