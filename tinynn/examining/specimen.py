"""A copy of somebody's layer or loss to experiment on: in float64, its randomness held, its parameters found."""

import copy
import inspect
import random
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.buffers import Buffered
from tinynn.examining.calling import FLAGS, call

FLAT_VECTORS = (
    "parameters",
    "gradients",
    "state",
)  # a Sequential's; its layers hold the same numbers by name


def is_machine(thing: object) -> bool:
    """Whether something has `forward` and `backward`."""
    return callable(getattr(thing, "forward", None)) and callable(getattr(thing, "backward", None))


def parts(root: Any, path: str = "", seen: set[int] | None = None) -> Iterator[tuple[str, Any]]:
    """Go through an object and the objects with `forward` and `backward` that it holds, with their names."""
    seen = set() if seen is None else seen
    seen.add(id(root))
    yield path, root
    for name, value in list(getattr(root, "__dict__", {}).items()):
        if name.startswith("_"):
            continue
        held: Any = value.items() if isinstance(value, dict) else None
        if held is None and isinstance(value, list | tuple):
            held = enumerate(value)
        for key, item in held if held is not None else [(name, value)]:
            if is_machine(item) and id(item) not in seen and not isinstance(item, type):
                label = f"{key} {type(item).__name__}" if held is not None else str(key)
                yield from parts(item, f"{path}{label}.", seen)


def duplicate(original: Any, dtype: Any) -> Any:
    """Return a deep copy whose floating-point arrays have another dtype."""
    modules: dict[int, Any] = {id(np): np}  # modules are shared, they cannot be copied
    for _, part in parts(original):
        modules |= {id(v): v for v in getattr(part, "__dict__", {}).values() if isinstance(v, ModuleType)}
    double = call(f"copying {type(original).__name__}", copy.deepcopy, original, modules)
    for _, part in parts(double):
        if isinstance(part, Buffered):
            part.drop_buffers()
            part.dtype = np.dtype(dtype)
        if "bound" in getattr(
            part, "__dict__", {}
        ):  # a layer of ours: the copy's arrays are no views of a vector
            part.bound = frozenset()
        for name, value in list(vars(part).items() if hasattr(part, "__dict__") else ()):
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                setattr(part, name, value.astype(dtype))
            elif name == "dtype" and isinstance(value, np.dtype):
                part.dtype = np.dtype(dtype)
    return double


def uses_single_precision(original: Any) -> bool:
    """Whether there are float32 numbers in an object."""
    return any(
        isinstance(value, np.ndarray) and value.dtype == np.float32
        for _, part in parts(original)
        for name, value in getattr(part, "__dict__", {}).items()
        if not name.startswith("_")
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
        self.generators: list[np.random.Generator] = []
        self.watched = {"forward", "backward"}
        self.parameters: dict[str, tuple[Any, str]] = {}
        self.held: list[Callable[[], None]] = []
        for path, part in parts(self.object):
            for name, value in list(vars(part).items() if hasattr(part, "__dict__") else ()):
                if is_float(value) and not (name in FLAT_VECTORS and hasattr(part, "layers")):
                    self.parameters[path + name] = (part, name)
                elif isinstance(value, int):
                    self.held.append(_keeping(part, name, value))
                elif isinstance(value, np.random.Generator):
                    self.generators.append(value)
        for value in getattr(getattr(type(original).forward, "__globals__", None), "values", dict)():
            if isinstance(value, np.random.Generator):
                self.generators.append(value)
        self.held += [_rewinding(generator) for generator in self.generators]

    def keep_only(self, names: list[str]) -> None:
        """Treat these as parameters, and put all other numbers back before each forward pass."""
        for name, (part, attribute) in list(self.parameters.items()):
            if name not in names:
                del self.parameters[name]
                value = getattr(part, attribute)
                if not attribute.startswith("d"):
                    self.held.append(_keeping(part, attribute, value))

    def forward(self, *inputs: Any) -> Any:
        """Call `forward` with everything random and remembered put back."""
        for hold in self.held:
            hold()
        self.global_state = None
        self.result = self._call("forward", *inputs)
        return self.result

    def backward(self, *dy: Any) -> Any:
        """Call `backward`, and see whether it draws random numbers."""
        before = [str(generator.bit_generator.state) for generator in self.generators]
        dx = self._call("backward", *dy)
        after = [str(generator.bit_generator.state) for generator in self.generators]
        self.drew = before != after or "backward" in self.watched
        return dx

    def _call(self, method: str, *arguments: Any) -> Any:
        what, function, flags = f"{self.name}.{method}", getattr(self.object, method), self._flags(method)
        if method not in self.watched:
            return call(what, function, *arguments, **flags)
        outside = _global_state()
        before = self.global_state or SEEDED
        _set_global_state(before)
        try:
            return call(what, function, *arguments, **flags)
        finally:
            self.global_state = _global_state()
            _set_global_state(outside)
            if _equal(before, self.global_state):
                self.watched.discard(method)  # it draws nothing from the generators that all share

    def gradient(self, name: str) -> Any:
        """Return what `backward` left as gradient of a parameter."""
        part, attribute = self.parameters[name]
        return getattr(part, "d" + attribute, None)

    def has_gradient(self, name: str) -> bool:
        """Whether a parameter W has an attribute dW."""
        part, attribute = self.parameters[name]
        return hasattr(part, "d" + attribute)

    def _flags(self, method: str) -> dict[str, Any]:
        if method not in self.flags:
            try:
                accepted = inspect.signature(getattr(self.object, method)).parameters
            except (TypeError, ValueError):
                accepted = {}  # type: ignore[assignment]
            flags: dict[str, Any] = dict.fromkeys(FLAGS, self.training) | {"input_gradient": True}
            self.flags[method] = {name: value for name, value in flags.items() if name in accepted}
        return self.flags[method]


def _global_state() -> tuple[Any, Any]:
    return np.random.get_state(), random.getstate()  # noqa: NPY002 - learners draw from np.random


def _equal(a: tuple[Any, Any], b: tuple[Any, Any]) -> bool:
    return a[1] == b[1] and a[0][2:] == b[0][2:] and bool(np.array_equal(a[0][1], b[0][1]))


def _set_global_state(state: tuple[Any, Any]) -> None:
    np.random.set_state(state[0])  # noqa: NPY002
    random.setstate(state[1])


SEEDED = (np.random.RandomState(0).get_state(), random.Random(0).getstate())


def is_float(value: Any) -> bool:
    """Whether something is a floating-point number or an array of them."""
    return isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "fc"
    )


def _keeping(part: Any, name: str, value: Any) -> Callable[[], None]:
    kept = value.copy() if isinstance(value, np.ndarray) else value

    def hold() -> None:
        if isinstance(kept, np.ndarray):
            value[...] = kept
        setattr(part, name, value)

    return hold


def _rewinding(generator: np.random.Generator) -> Callable[[], None]:
    state = generator.bit_generator.state

    def hold() -> None:
        generator.bit_generator.state = state

    return hold
