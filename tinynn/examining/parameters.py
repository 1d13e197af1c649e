"""Which numbers of a layer are parameters, and where their gradients stand: found by trying, not only by name.

What forward puts there itself is a cache. What changes the output and stays where it is put is a parameter, and
needs a gradient.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.places import Path, gradient_paths, is_float, read, write
from tinynn.examining.specimen import Specimen
from tinynn.layers import Layer

STATISTICS = ("running", "moving")  # remembered, not learned


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
    """

    gradients: dict[str, tuple[int, Path]] = field(default_factory=dict)
    unstored: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)


def find(layer: Any, x: np.ndarray, training: bool) -> Found:
    """Go forward and backward, and see which numbers have a gradient, and which would need one."""
    trial = Specimen(layer, np.float64, training)
    before: dict[tuple[str, int, Path], Any] = {}
    with suppress(UnusableError):  # the check itself will meet it again, and report it
        y = np.asarray(trial.forward(x.copy()))
        for name in trial.parameters:
            before |= {(name, k, path): _seen(value) for k, path, value in _candidates(trial, name)}
        trial.backward(np.ones_like(y))
    found = Found()
    for name, places in trial.parameters.items():
        gradient = _gradient(trial, name, before)
        if gradient is not None:
            found.gradients[name] = gradient
        part, path = places[0]
        ours = type(part).__module__.startswith("tinynn.")
        if ours or (gradient is None and not isinstance(read(part, path), np.ndarray)):
            continue
        kept, effect = _influence(layer, x, name, training)
        if not kept:
            found.gradients.pop(name, None)
        elif gradient is None and not isinstance(part, Layer):
            constant = name in trial.constants or any(word in name.lower() for word in STATISTICS)
            (found.unstored if effect and not constant else found.unused).append(name)
    gradients = {id(read(trial.parameters[n][k][0], path)) for n, (k, path) in found.gradients.items()}
    found.unused = [
        name
        for name in found.unused
        if id(read(*trial.parameters[name][0])) not in gradients
        and not name.split(".")[-1].startswith("d")  # dx and dy of an earlier pass
    ]
    return found


def _candidates(trial: Specimen, name: str) -> list[tuple[int, Path, Any]]:
    found = []
    for k, (part, path) in enumerate(trial.parameters[name]):
        own = {p for _, p in trial.parameters[name]}
        found += [(k, p, read(part, p)) for p in gradient_paths(path) if p not in own]
    return [(k, p, value) for k, p, value in found if value is not None]


def _seen(value: Any) -> tuple[int, Any, Any]:
    return id(value), value, value.copy() if isinstance(value, np.ndarray) else value  # keeps the id alive


def _gradient(trial: Specimen, name: str, before: dict[Any, Any]) -> tuple[int, Path] | None:
    """Return the place that backward wrote to, or else an array that looks like a gradient."""
    value = read(*trial.parameters[name][0])
    likely = []
    for k, path, claimed in _candidates(trial, name):
        if not (is_float(claimed) or isinstance(claimed, int | np.ndarray | np.generic | list)):
            continue
        old = before.get((name, k, path))
        written = old is None or old[0] != id(claimed) or not np.array_equal(old[2], claimed, equal_nan=False)
        fitting = isinstance(value, np.ndarray) and np.shape(claimed) == value.shape
        if written or fitting:
            likely.append((not written, k, path))
    if not likely:
        return None
    _, k, path = min(likely, key=lambda place: place[0])
    return k, path


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
                write(part, path, moved.copy() if value.ndim else moved[()])
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
