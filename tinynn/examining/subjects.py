"""What a gradient check can look at, and how a layer, a loss, a network and a function are told from each other."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.examining import argument_order
from tinynn.examining.calling import call
from tinynn.examining.given_arrays import INDICES, are_indices, floats, host
from tinynn.examining.parameters import Found, find, grown
from tinynn.examining.sessions import FunctionSession, LayerSession, LossSession, NetworkSession, Session
from tinynn.examining.specimen import duplicate, is_machine, uses_single_precision
from tinynn.layers import Layer
from tinynn.network import Sequential


@dataclass
class Subject:
    """Something with a claimed gradient.

    Attributes
    ----------
    kind : {"layer", "loss", "network", "function"}
    title : str
        What it is, for the report.
    open : callable
        Starts a `Session` in a dtype.
    rows : int or None
        The size of the batch.
    free : bool
        Whether the output's gradient dy may be chosen; that of a loss is 1.
    model, loss, inputs, training
        What it was made of, for looking at its parts one by one.
    unstored : list of str
        Arrays that change the output and have no gradient.
    indices : bool
        Whether x holds whole numbers that pick something, and has no gradient.
    """

    kind: str
    title: str
    open: Callable[[Any], Session]
    rows: int | None
    free: bool
    notes: list[str] = field(default_factory=list)
    functions: tuple[Any, ...] = ()
    model: Any = None
    loss: Any = None
    inputs: tuple[Any, ...] = ()
    training: bool = True
    unstored: list[str] = field(default_factory=list)
    indices: bool = False


def subject_of(thing: Any, arguments: Sequence[Any], training: bool) -> Subject:
    """Decide what is to be checked.

    ================================== ========================================
    `thing`, `arguments`               checked
    ================================== ========================================
    layer or network, x                with random gradients dy of the output
    layer or network, loss, x, y       with the gradient that the loss gives
    loss, outputs, targets             the loss alone
    function, its gradient, x          also several arrays x
    ================================== ========================================
    """
    for given in (thing, *arguments[:1]):
        if isinstance(given, type) and is_machine(given):
            name = given.__name__
            raise TypeError(f"{name} is a class, and an object of it is to be checked: {name}(...)")
    if is_machine(thing):
        if len(arguments) == 1:
            return layer_subject(thing, arguments[0], training)
        if len(arguments) == 2:
            return loss_subject(thing, arguments[0], arguments[1])
        if len(arguments) == 3 and is_machine(arguments[0]):
            loss, x, y = arguments
            return network_subject(thing, loss, x, y, training)
    elif callable(thing) and len(arguments) >= 2 and callable(arguments[0]):
        return function_subject(thing, arguments[0], arguments[1:])
    raise TypeError(
        "check_gradients takes (network, loss, x, y), (layer, x), (loss, outputs, targets) or (function, gradient, x); "
        f"a layer and a loss have forward and backward. It got ({_names(thing, *arguments)})"
    )


def _names(*things: Any) -> str:
    return ", ".join(type(thing).__name__ for thing in things)


def placed(layer: Any, x: np.ndarray) -> Any:
    """Return a layer that knows its shapes: one of ours becomes part of a network of its own."""
    if isinstance(layer, Sequential) and layer.backend.name != "cpu":
        host = Sequential([inner.copy() for inner in layer.layers], layer.input_shape, seed=layer.seed)
        host = host.copy("float64")
        for name in ("parameters", "state"):
            getattr(host, name)[...] = layer.backend.to_numpy(getattr(layer, name))
        host.step = layer.step
        return host
    if isinstance(layer, Layer) and "input_shape" not in layer.__dict__:
        double = duplicate(layer, np.float64)
        return call(
            f"building {type(layer).__name__}",
            lambda: Sequential([double], x.shape[1:], dtype="float64").layers[0],
        )
    return layer


def layer_subject(layer: Any, x: Any, training: bool) -> Subject:
    """A layer, or a network without its loss."""
    notes = precision_notes(layer) + place_notes(layer)
    layer = placed(layer, x := host(x))
    if whole := are_indices(layer, x, training):
        notes.append(INDICES)
    else:
        x = floats("x", x)
    layer = grown(layer, x, training)
    found = find(layer, x, training)
    return Subject(
        kind="layer",
        title=type(layer).__name__,
        open=lambda dtype: LayerSession(layer, x, found.gradients, dtype, training, whole),
        rows=len(x) if x.ndim else None,
        free=True,
        notes=notes + unused_notes(found),
        unstored=found.unstored,
        model=layer,
        inputs=(x,),
        training=training,
        indices=whole,
    )


def loss_subject(loss: Any, outputs: Any, targets: Any) -> Subject:
    """A loss alone."""
    outputs, targets = host(outputs), host(targets)
    if argument_order.is_own(loss, outputs, targets):
        outputs, targets = targets, outputs
    outputs = floats("outputs", outputs)
    return Subject(
        kind="loss",
        title=type(loss).__name__,
        open=lambda dtype: LossSession(loss, outputs, targets, dtype),
        rows=len(outputs) if outputs.ndim else None,
        free=False,
        notes=precision_notes(loss) + argument_order.note(loss),
        loss=loss,
        inputs=(outputs, targets),
    )


def network_subject(model: Any, loss: Any, x: Any, y: Any, training: bool) -> Subject:
    """A network with its loss, as in a step of training."""
    notes = precision_notes(model, loss) + place_notes(model) + argument_order.note(loss)
    x, targets = host(x), host(y)
    model = placed(model, x)
    if whole := are_indices(model, x, training):
        notes.append(INDICES)
    else:
        x = floats("x", x)
    model = grown(model, x, training)
    found = find(model, x, training)
    return Subject(
        kind="network",
        title=f"{type(model).__name__} with {type(loss).__name__}",
        open=lambda dtype: NetworkSession(
            LayerSession(model, x, found.gradients, dtype, training, whole), loss, targets, dtype
        ),
        rows=len(x),
        free=False,
        notes=notes + unused_notes(found),
        unstored=found.unstored,
        model=model,
        loss=loss,
        inputs=(x, targets),
        training=training,
        indices=whole,
    )


def function_subject(f: Callable[..., Any], gradient: Callable[..., Any], inputs: Sequence[Any]) -> Subject:
    """A function of one array or several; one array is called x, several are called as the function calls them."""
    names = ["x"]
    if len(inputs) > 1:
        names = [*inspect.signature(f).parameters][: len(inputs)]
        if len(names) < len(inputs):
            names = [f"argument {i}" for i in range(len(inputs))]
    arrays = {name: floats(name, array) for name, array in zip(names, inputs, strict=True)}
    return Subject(
        kind="function",
        title=getattr(f, "__name__", "function"),
        open=lambda dtype: FunctionSession(f, gradient, arrays, dtype),
        rows=None,
        free=True,
        functions=(f, gradient),
        inputs=tuple(arrays.values()),
    )


def unused_notes(found: Found) -> list[str]:
    """Say which arrays are taken for constants."""
    return [
        f"{name} is not checked: a parameter is checked when its gradient is beside it, as d{name.split('.')[-1]}."
        for name in found.unused
    ] + [
        f"{name} is not checked: forward reads it from the module; a parameter belongs into the object, as self.{name}."
        for name in found.outside
    ]


def place_notes(layer: Any) -> list[str]:
    """Say that a network on a device was checked on the host."""
    if isinstance(layer, Sequential) and layer.backend.name != "cpu":
        return [
            f"It is on {layer.backend.name}; a copy on the CPU was checked, without the device's own kernels."
        ]
    return []


def precision_notes(*things: Any) -> list[str]:
    """Say that single precision was not what the check used."""
    if any(uses_single_precision(thing) for thing in things):
        return [
            "Its numbers are float32; a copy in float64 was checked, where rounding leaves room to judge."
        ]
    return []
