"""Where an object keeps its numbers: in attributes, dicts, lists and the small objects that it holds."""

import copy
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.buffers import Buffered

Path = tuple[Any, ...]  # the attribute, then keys, indices and attributes within it

DEPTH = 4  # how deep containers are followed
WIDTH = 1000  # how long they may be
VALUES = ("value", "data", "val", "array")  # W.value beside W.grad is called W
KINDS = ("grads", "gradients", "grad", "gradient", "dparams", "d_params")
PARAMETERS = ("params", "parameters", "_params", "_parameters", "weights")


def is_machine(thing: object) -> bool:
    """Whether something has `forward` and `backward`."""
    return callable(getattr(thing, "forward", None)) and callable(getattr(thing, "backward", None))


def is_float(value: Any) -> bool:
    """Whether something is a floating-point number or an array of them."""
    return isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "fc"
    )


def is_list(value: Any) -> bool:
    """Whether something is a list of numbers, or of such lists of the same length: a weight without numpy."""
    if not isinstance(value, list | tuple) or not value or len(value) > WIDTH:
        return False
    if isinstance(value[0], list | tuple):
        lengths = {len(row) if isinstance(row, list | tuple) else -1 for row in value}
        return len(lengths) == 1 and all(map(is_list, value))
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in value)


def is_weight(value: Any) -> bool:
    """Whether something may be a weight if it has a gradient: numbers of any kind, whole ones and lists of them too."""
    if is_float(value) or is_list(value):
        return True
    if isinstance(value, np.ndarray):
        return value.dtype.kind in "iu"
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def copied(value: Any) -> Any:
    """Return what an object held, so that it stays as it was: arrays and lists are copied."""
    if isinstance(value, list | tuple):
        return copy.deepcopy(value)
    return value.copy() if isinstance(value, np.ndarray) else value


def as_held(array: np.ndarray, kept: Any) -> Any:
    """Return an array as what stood in its place before: an array, a list or a number."""
    if isinstance(kept, list | tuple):
        return array.tolist()
    return array if isinstance(kept, np.ndarray) else array[()]


def attributes(thing: Any) -> dict[str, Any]:
    """Return the attributes that an object itself holds, in its dict or in slots."""
    found = dict(getattr(thing, "__dict__", {}))
    for kind in type(thing).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in [slots] if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(thing, name):
                found[name] = getattr(thing, name)
    return found


def class_arrays(thing: Any) -> dict[str, np.ndarray]:
    """Return the floating-point arrays that stand in somebody's class, and not in the object itself."""
    if isinstance(thing, Buffered):
        return {}
    found: dict[str, np.ndarray] = {}
    for kind in reversed(type(thing).__mro__):
        found |= {n: v for n, v in vars(kind).items() if isinstance(v, np.ndarray) and v.dtype.kind == "f"}
    return {name: value for name, value in found.items() if name not in getattr(thing, "__dict__", {})}


def is_record(value: Any) -> bool:
    """Whether something is a plain object of somebody's class, such as a parameter with its gradient."""
    module = type(value).__module__.split(".")[0]
    return (
        module not in ("numpy", "builtins", "random", "functools", "collections", "tinynn")
        and not isinstance(value, type | ModuleType)
        and (hasattr(value, "__dict__") or hasattr(type(value), "__slots__"))
    )


def items(value: Any) -> list[tuple[Any, Any]] | None:
    """Return keys and values of a container or a plain object, or None for anything else."""
    if isinstance(value, dict):
        return list(value.items())[:WIDTH]
    if isinstance(value, list | tuple):
        return list(enumerate(value))[:WIDTH]
    return list(attributes(value).items()) if is_record(value) else None


def held(part: Any) -> list[tuple[str, Any]]:
    """Return the attributes to look at: all, but not the buffers of a layer of ours."""
    ours = isinstance(part, Buffered)
    return [(name, value) for name, value in attributes(part).items() if not (ours and name.startswith("_"))]


def numbers(part: Any) -> Iterator[tuple[Path, Any]]:
    """Go through the numbers of an object, but not those of the layers that it holds; a list of numbers is one."""
    seen = {id(part)}
    wanted = is_float if isinstance(part, Buffered) else is_weight

    def within(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
        if wanted(value):
            yield path, value
        elif not (isinstance(part, Buffered) or is_machine(value) or id(value) in seen or len(path) > DEPTH):
            seen.add(id(value))
            for key, item in items(value) or ():
                if isinstance(item, np.ndarray) or not isinstance(value, list | tuple) or not wanted(item):
                    yield from within(item, (*path, key))
                elif is_list(item):
                    yield (*path, key), item

    for name, value in held(part):
        yield from within(value, (name,))


def parts(root: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Go through an object and the objects with `forward` and `backward` that it holds, with their names."""
    seen: set[int] = set()
    names: set[str] = set()

    def within(value: Any, above: str, label: str, place: str, depth: int) -> Iterator[tuple[str, Any]]:
        if id(value) in seen or isinstance(value, type | np.ndarray) or depth > DEPTH:
            return
        if is_machine(value):
            name = f"{above}{label}."
            if name in names:  # two lists of layers
                name = f"{above}{place} {label}."
            yield from machine(value, name)
            return
        inner = items(value)
        if inner is not None:
            seen.add(id(value))
            for key, item in inner:
                yield from within(item, above, f"{key} {type(item).__name__}", f"{place} {key}", depth + 1)

    def machine(part: Any, name: str) -> Iterator[tuple[str, Any]]:
        seen.add(id(part))
        names.add(name)
        yield name, part
        for attribute, value in held(part):
            yield from within(value, name, attribute, attribute, 0)

    yield from machine(root, path)


def read(part: Any, path: Path) -> Any:
    """Return what an object holds at a path, or None."""
    for step in path:
        try:
            part = part[step] if isinstance(part, dict | list | tuple) else getattr(part, step, None)
        except (KeyError, IndexError, TypeError):
            return None
    return part


def write(part: Any, path: Path, value: Any) -> None:
    """Put something at a path; what cannot be replaced is overwritten."""
    owner = read(part, path[:-1])
    if isinstance(owner, dict | list):
        owner[path[-1]] = value
    elif isinstance(owner, tuple):
        owner[path[-1]][...] = value
    else:
        setattr(owner, path[-1], value)


def title(path: Path) -> str:
    """Write a path as a name: W, params.W, params.0; what a record calls its value needs no word."""
    short = path[:-1] if len(path) > 1 and path[-1] in VALUES else path
    return ".".join(map(str, short))


def gradient_names(name: str) -> list[str]:
    """Return what people call the gradient of something of this name, the commonest first."""
    stem = name.lstrip("_")
    forms = [f"d{stem}", f"d_{stem}", f"grad_{stem}", f"{stem}_grad", f"grad{stem}", f"{stem}grad"]
    forms += [f"gradient_{stem}", f"{stem}_gradient", f"{stem}_grads", f"{stem}_gradients", f"grads_{stem}"]
    forms += [f"{stem}Grad", f"dL_d{stem}", f"dL{stem}", f"dLd{stem}", f"nabla_{stem}"]
    return [f"d{name}", *forms, *(f"_{form}" for form in forms)]


def gradient_paths(path: Path) -> Iterator[Path]:
    """Go through the paths at which the gradient of what stands at a path may stand."""
    for k in reversed(range(len(path))):
        if isinstance(path[k], str):
            for name in gradient_names(path[k]):
                yield (*path[:k], name, *path[k + 1 :])
    if path[-1] in VALUES:
        yield from ((*path[:-1], name) for name in KINDS)
    kinds = [*KINDS, *(f"_{kind}" for kind in KINDS)]
    last = [path[-1], *(gradient_names(path[-1]) if isinstance(path[-1], str) else [])]
    if len(path) == 1:
        yield from ((kind, name) for kind in kinds for name in last)
    elif isinstance(path[0], str):
        yield from ((kind, *path[1:-1], name) for kind in kinds for name in last)
        if isinstance(path[-1], str):
            yield from ((name,) for name in last[1:])
