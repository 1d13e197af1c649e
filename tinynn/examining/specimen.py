"""A copy of somebody's layer or loss to experiment on: in float64, its randomness held, its parameters found."""

import contextlib
import copy
import inspect
from collections.abc import Callable, Collection
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.buffers import Buffered
from tinynn.examining.calling import FLAGS, UnusableError, call, is_ragged, one_answer
from tinynn.examining.places import (
    Path,
    attributes,
    class_arrays,
    is_list,
    is_machine,
    numbers,
    parts,
    read,
    title,
    write,
)
from tinynn.examining.randomness import (
    GENERATORS,
    SEEDED,
    equal,
    global_state,
    put_back,
    rewinding,
    set_global_state,
    shared_generators,
    state_of,
)

__all__ = ["Specimen", "duplicate", "is_machine", "parts", "uses_single_precision"]

FLAT_VECTORS = (
    "parameters",
    "gradients",
    "state",
)  # a Sequential's; its layers hold the same numbers by name

FORWARD = "it must return its output alone; what backward needs belongs into the object, as self.cache = ..."
BACKWARD = "it must return the gradient of its input alone; store those of parameters, as self.dW = ..."


def duplicate(original: Any, dtype: Any) -> Any:
    """Return a deep copy whose floating-point arrays have another dtype."""
    modules: dict[int, Any] = {id(np): np}  # modules are shared, they cannot be copied
    for _, part in parts(original):
        modules |= {id(v): v for v in attributes(part).values() if isinstance(v, ModuleType)}
    for generator in shared_generators(original):  # put back by a specimen after each use
        modules[id(generator)] = generator
    double = call(f"copying {type(original).__name__}", copy.deepcopy, original, modules)
    for _, part in parts(double):
        for name, value in class_arrays(part).items():  # to be moved in this copy alone
            with contextlib.suppress(AttributeError):
                setattr(part, name, value.copy())
    converted: dict[int, tuple[Any, Any]] = {}  # one array under two names stays one array
    for _, part in parts(double):
        if isinstance(part, Buffered):
            part.drop_buffers()
            part.dtype = np.dtype(dtype)
        if "bound" in getattr(
            part, "__dict__", {}
        ):  # a layer of ours: the copy's arrays are no views of a vector
            part.bound = frozenset()
        for path, value in list(numbers(part)):
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                old_and_new = converted.setdefault(id(value), (value, value.astype(dtype)))
                _replace(part, path, old_and_new[1])
        if isinstance(attributes(part).get("dtype"), np.dtype):
            part.dtype = np.dtype(dtype)
    return double


def _replace(part: Any, path: Path, value: Any) -> None:
    """Put an array at a path, where a tuple on the way is replaced by another."""
    owner = read(part, path[:-1])
    if isinstance(owner, tuple):
        inner = list(owner)
        inner[path[-1]] = value
        _replace(part, path[:-1], type(owner)(*inner) if hasattr(owner, "_fields") else tuple(inner))
    else:
        write(part, path, value)


def uses_single_precision(original: Any) -> bool:
    """Whether there are float32 numbers in an object."""
    return any(
        isinstance(value, np.ndarray) and value.dtype == np.float32
        for _, part in parts(original)
        for _, value in numbers(part)
    )


class Specimen:
    """A copy of an object with `forward` and `backward`, which starts each forward pass from the same state.

    Before each forward pass, generators of random numbers, counters and remembered statistics are put back to where
    they were; what a pass caches for `backward` is left alone. So a dropout mask is the same each time.
    """

    def __init__(self, original: Any, dtype: Any, training: bool) -> None:
        self.object = duplicate(original, dtype)
        self.name = type(original).__name__
        self.training = training
        self.flags: dict[str, dict[str, Any]] = {}
        self.global_state: Any = None
        self.drew = False
        self.generators: list[Any] = []
        self.watched = {"forward", "backward"}
        self.parameters: dict[str, list[tuple[Any, Path]]] = {}
        self.gradients: dict[str, tuple[int, Path]] = {}
        self.held: list[Callable[[], None]] = []
        self.counters: dict[tuple[int, Path], Callable[[], None]] = {}
        known: dict[int, str] = {}
        for place, part in parts(self.object):
            for path, value in numbers(part):
                if len(path) == 1 and path[0] in FLAT_VECTORS and hasattr(part, "layers"):
                    continue
                name = known.get(id(value), "") if isinstance(value, np.ndarray) else ""
                name = name or place + title(path)
                self.parameters.setdefault(name, []).append((part, path))
                if isinstance(value, np.ndarray):
                    known[id(value)] = name
            for name, value in attributes(part).items():
                if isinstance(value, int):
                    self.counters[id(part), (name,)] = _keeping(part, (name,), value)
                elif isinstance(value, GENERATORS):
                    self.generators.append(value)
        self.constants = {
            place + title(path)
            for place, part in parts(original)
            for path, value in numbers(part)
            if isinstance(value, np.ndarray) and not value.flags.writeable
        }
        self.constants |= {place + name for place, part in parts(original) for name in class_arrays(part)}
        shared = shared_generators(original)
        self.shared = [(generator, state_of(generator)) for generator in shared]
        self.reached = list(self.shared)
        own = {id(generator): generator for generator in self.generators}
        self.generators = [g for i, g in own.items() if i not in {id(s) for s in shared}]
        self.held += [rewinding(generator) for generator in self.generators]

    def keep_only(self, names: Collection[str]) -> None:
        """Treat these as parameters, and put all other numbers back before each forward pass."""
        gradients = {(id(self.parameters[n][k][0]), path) for n, (k, path) in self.gradients.items()}
        for name, places in list(self.parameters.items()):
            if name in names:
                for part, path in places:
                    self.counters.pop((id(part), path), None)
            else:
                del self.parameters[name]
                for part, path in places:
                    if is_list(read(part, path)):
                        continue
                    if not str(path[0]).startswith("d") and (id(part), path) not in gradients:
                        self.held.append(_keeping(part, path, read(part, path)))

    def forward(self, *inputs: Any) -> Any:
        """Call `forward` with everything random and remembered put back."""
        for hold in (*self.counters.values(), *self.held):
            hold()
        self.global_state = None
        self.reached = list(self.shared)
        self.result = one_answer(f"{self.name}.forward", self._call("forward", *inputs), FORWARD)
        if isinstance(self.result, list) and is_ragged(self.result):
            raise UnusableError("wrong-shape", "forward returned a ragged list, not an array", "forward")
        return self.result

    def backward(self, *dy: Any) -> Any:
        """Call `backward`, and see whether it draws random numbers."""
        before = [str(state_of(generator)) for generator in self.generators]
        reached = [str(state) for _, state in self.reached]
        dx = one_answer(f"{self.name}.backward", self._call("backward", *dy), BACKWARD)
        after = [str(state_of(generator)) for generator in self.generators]
        self.drew = before != after or "backward" in self.watched
        self.drew = self.drew or reached != [str(state) for _, state in self.reached]
        return dx

    def _call(self, method: str, *arguments: Any) -> Any:
        """Call a method with the shared generators as this specimen left them, and others find them untouched."""
        lent = [(generator, state_of(generator)) for generator, _ in self.shared]
        for generator, state in self.reached:
            put_back(generator, state)
        try:
            return self._call_seeded(method, *arguments)
        finally:
            self.reached = [(generator, state_of(generator)) for generator, _ in self.shared]
            for generator, state in lent:
                put_back(generator, state)

    def _call_seeded(self, method: str, *arguments: Any) -> Any:
        what, function, flags = f"{self.name}.{method}", getattr(self.object, method), self._flags(method)
        if method not in self.watched:
            return call(what, function, *arguments, **flags)
        outside = global_state()
        before = self.global_state or SEEDED
        set_global_state(before)
        try:
            return call(what, function, *arguments, **flags)
        finally:
            self.global_state = global_state()
            set_global_state(outside)
            if equal(before, self.global_state):
                self.watched.discard(method)  # it draws nothing from the generators that all share

    def value(self, name: str) -> Any:
        """Return a parameter."""
        return read(*self.parameters[name][0])

    def set(self, name: str, value: Any) -> None:
        """Replace a parameter, under all of its names."""
        old = self.value(name)
        for part, path in self.parameters[name]:
            if read(part, path) is old:
                write(part, path, value)

    def gradient(self, name: str) -> Any:
        """Return what `backward` left as gradient of a parameter."""
        k, path = self.gradients[name]
        return read(self.parameters[name][k][0], path)

    def _flags(self, method: str) -> dict[str, Any]:
        if method not in self.flags:
            try:
                accepted = inspect.signature(getattr(self.object, method)).parameters
            except (TypeError, ValueError):
                accepted = {}  # type: ignore[assignment]
            flags: dict[str, Any] = dict.fromkeys(FLAGS, self.training) | {"input_gradient": True}
            self.flags[method] = {name: value for name, value in flags.items() if name in accepted}
        return self.flags[method]


def _keeping(part: Any, path: Path, value: Any) -> Callable[[], None]:
    kept = value.copy() if isinstance(value, np.ndarray) else value

    def hold() -> None:
        if isinstance(kept, np.ndarray):
            value[...] = kept
        if len(path) == 1:  # within a container it may have been thrown away since
            setattr(part, path[0], value)

    return hold
