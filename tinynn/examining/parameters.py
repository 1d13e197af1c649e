"""Which numbers of a layer are parameters, and where their gradients stand: found by trying, not only by name.

What forward puts there itself is a cache. What changes the output and stays where it is put is a parameter, and
needs a gradient.
"""

import dis
import inspect
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.constants import is_constant
from tinynn.examining.places import (
    Path,
    as_held,
    copied,
    gradient_paths,
    is_float,
    read,
    write,
)
from tinynn.examining.specimen import Specimen
from tinynn.layers import Layer


@dataclass
class Found:
    """The parameters of a layer.

    Attributes
    ----------
    gradients : dict
        For each parameter the object and the path where `backward` leaves its gradient.
    unstored : list of str
        Arrays that change the output although they have no gradient.
    unused : list of str
        Arrays that have no gradient and seem to need none.
    outside : list of str
        Arrays that `forward` reads from the module, where a copy cannot be given others.
    """

    gradients: dict[str, tuple[int, Path]] = field(default_factory=dict)
    unstored: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)


def find(layer: Any, x: np.ndarray, training: bool) -> Found:
    """Go forward and backward, and see which numbers have a gradient, and which would need one."""
    trial = Specimen(layer, np.float64, training)
    before: dict[tuple[str, int, Path], Any] = {}
    with suppress(UnusableError):  # the check itself will meet it again, and report it
        y = np.asarray(trial.forward(x.copy()))
        for name in trial.parameters:
            before |= {(name, k, path): _seen(value) for k, path, value in _candidates(trial, name)}
        trial.backward(np.ones_like(y))
    found = Found(outside=_read_from_module(layer))
    arrays = [read(*places[0]) for places in trial.parameters.values()]
    for name, places in trial.parameters.items():
        gradient = _gradient(trial, name, before)
        if gradient is not None:
            found.gradients[name] = gradient
        part, path = places[0]
        ours = type(part).__module__.startswith("tinynn.")
        value = read(part, path)
        if ours or (gradient is None and (not isinstance(value, np.ndarray) or value.dtype.kind in "iu")):
            continue
        kept, effect = _influence(layer, x, name, training)
        if not kept or not (
            effect or is_float(value)
        ):  # a whole number is a weight if a fraction of it counts
            found.gradients.pop(name, None)
        elif gradient is None and not isinstance(part, Layer):
            constant = name in trial.constants or is_constant(part, path, arrays)
            (found.unstored if effect and not constant else found.unused).append(name)
    gradients = {id(read(trial.parameters[n][k][0], path)) for n, (k, path) in found.gradients.items()}
    found.unused = [
        name
        for name in found.unused
        if id(read(*trial.parameters[name][0])) not in gradients
        and not name.split(".")[-1].startswith("d")  # dx and dy of an earlier pass
    ]
    return found


def _read_from_module(layer: Any) -> list[str]:
    """Name the floating-point arrays of a module that `forward` reads."""
    function = inspect.unwrap(getattr(type(layer).forward, "__func__", type(layer).forward))
    code = getattr(function, "__code__", None)
    around = getattr(function, "__globals__", {})
    if code is None:
        return []
    # Not co_names, which has names of attributes, too: self.x is not the module's x.
    names = {step.argval: None for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return [name for name in names if isinstance(around.get(name), np.ndarray)]


def _candidates(trial: Specimen, name: str) -> list[tuple[int, Path, Any]]:
    found = []
    for k, (part, path) in enumerate(trial.parameters[name]):
        own = {p for _, p in trial.parameters[name]}
        found += [(k, p, read(part, p)) for p in gradient_paths(path) if p not in own]
    return [(k, p, value) for k, p, value in found if value is not None]


def _seen(value: Any) -> tuple[int, Any, Any]:
    return id(value), value, copied(value)  # keeps the id alive


def _gradient(trial: Specimen, name: str, before: dict[Any, Any]) -> tuple[int, Path] | None:
    """Return the place that backward wrote to, or else an array that looks like a gradient."""
    value = read(*trial.parameters[name][0])
    likely = []
    for k, path, claimed in _candidates(trial, name):
        if not (is_float(claimed) or isinstance(claimed, int | np.ndarray | np.generic | list)):
            continue
        old = before.get((name, k, path))
        written = old is None or old[0] != id(claimed) or not _equal(old[2], claimed)
        fitting = isinstance(value, np.ndarray | list | tuple) and _shape(claimed) == np.shape(value)
        if written or fitting:
            likely.append((not written, k, path))
    if not likely:
        return None
    _, k, path = min(likely, key=lambda place: place[0])
    return k, path


def _equal(old: Any, new: Any) -> bool:
    return old == new if isinstance(old, list | tuple) else np.array_equal(old, new, equal_nan=False)


def _shape(value: Any) -> tuple[int, ...] | None:
    """Return the shape of what may be a gradient; a ragged list has none."""
    try:
        return np.shape(value)
    except ValueError:
        return None


def _influence(layer: Any, x: np.ndarray, name: str, training: bool) -> tuple[bool, bool]:
    """Whether forward leaves a changed number alone, and whether the output changes with it."""
    kept, effect = True, False
    for mode in {training, True}:
        with suppress(UnusableError, TypeError, ValueError):
            trial = Specimen(layer, np.float64, mode)
            trial.keep_only([name])
            y = np.array(trial.forward(x.copy()))
            again = np.array(trial.forward(x.copy()))
            value = np.array(read(*trial.parameters[name][0]))
            moved = value + 1e-3 * (np.abs(value) + (np.abs(value).mean() or 1.0))
            for part, path in trial.parameters[name]:
                write(part, path, as_held(np.array(moved), read(part, path)))
            other = np.array(trial.forward(x.copy()))
            now = read(*trial.parameters[name][0])
            kept = kept and np.array_equal(moved, now)
            if mode == training:
                effect = np.array_equal(y, again) and not np.array_equal(y, other)
    return kept, effect


def grown(layer: Any, x: np.ndarray, training: bool) -> Any:
    """Return a layer with its weights: one that makes them at its first forward pass has gone through one."""
    young = Specimen(layer, np.float64, training)
    before = set(young.parameters)
    try:
        young.forward(x.copy())
        made = [
            name for name in Specimen(young.object, np.float64, training).parameters if name not in before
        ]
        if not made or type(layer).__module__.startswith("tinynn."):
            return layer
    except UnusableError:
        return layer
    return young.object if any(all(_influence(young.object, x, n, training)) for n in made) else layer
