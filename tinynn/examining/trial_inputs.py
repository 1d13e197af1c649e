"""Something to check a class with: an object of it, and inputs that it accepts."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError, call, required
from tinynn.examining.specimen import Specimen
from tinynn.examining.subjects import placed

SMALL = (5, 4, 3)  # for arguments without default: sizes that differ from each other, and from the batch
ROWS = 6
Candidate = tuple[Any, tuple[Any, ...] | str]


def candidates(kind: type, module: ModuleType) -> Iterator[Candidate]:
    """Yield objects of a class with inputs, or with the reason why there are none."""
    if "example" in dir(kind):
        try:
            example = call(f"{kind.__name__}.example", kind.example)  # type: ignore[attr-defined]
        except UnusableError as error:
            yield None, _text(error)
            return
        thing, *inputs = example if isinstance(example, tuple) else (example,)
        yield thing, tuple(inputs) or inputs_for(thing)
        return
    instances = [thing for thing in vars(module).values() if type(thing) is kind]
    if instances:
        for thing in instances:
            yield thing, inputs_for(thing)
        return
    try:
        thing = construct(kind)
    except UnusableError as error:
        yield None, _text(error)
        return
    yield thing, inputs_for(thing)


def construct(kind: type) -> Any:
    """Make an object without arguments, or with small numbers for those that have no default."""
    try:
        count = required(kind)
    except (TypeError, ValueError):
        count = 0
    if count <= len(SMALL):
        try:
            return call(f"{kind.__name__}()", kind, *SMALL[:count])
        except UnusableError as error:
            if not count:
                raise
            why = str(error)
    else:
        why = f"it takes {count} arguments"
    raise UnusableError(
        "no-example",
        f"cannot guess the arguments of {kind.__name__}{inspect.signature(kind)} ({why}). Add to the class\n"
        f"    @staticmethod\n    def example(): return {kind.__name__}(...)\n"
        "or a tuple of the object and its inputs, or put an object at the top level of the file.",
    )


def inputs_for(thing: Any) -> tuple[Any, ...] | str:
    """Find inputs that `forward` accepts: x for a layer, outputs and targets for a loss."""
    rng = np.random.default_rng(0)
    wanted = required(thing.forward)
    if wanted not in (1, 2):
        return f"forward must take x, or outputs and targets, and it takes {wanted} arrays"
    first = ""
    for inputs in _batches(thing, rng) if wanted == 1 else _targets(rng):
        try:
            tested = Specimen(placed(thing, inputs[0]), np.float64, training=True)
            y = np.asarray(tested.forward(*(array.copy() for array in inputs)), dtype=np.float64)
        except UnusableError as error:
            first = first or _text(error)
            continue
        except (TypeError, ValueError) as error:
            first = first or f"forward returned something else than numbers: {error}"
            continue
        if np.isfinite(y).all() and (wanted == 1 or y.ndim == 0):
            return inputs
        first = first or "forward gave values that are not finite, or a loss that is not one number"
    return f"no input that was tried is accepted. With the first, {first}"


def _batches(thing: Any, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    sizes = [5, 4, 3, 2, 7]
    for value in getattr(thing, "__dict__", {}).values():  # a weight matrix tells how many inputs there are
        if isinstance(value, np.ndarray) and value.ndim == 2:
            sizes = [*value.shape, *sizes]
    for size in dict.fromkeys(sizes):
        yield (rng.normal(size=(ROWS, size)),)
    for shape in ((6, 8, 3), (6, 8, 5), (3, 6, 8), (8, 8, 1), (28, 28, 1)):
        yield (rng.normal(size=(3, *shape)),)
    yield (rng.uniform(0.1, 0.9, (ROWS, 5)),)


def _targets(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    z = rng.normal(size=(ROWS, 5))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = rng.integers(5, size=ROWS)
    q = rng.dirichlet(np.ones(5), ROWS)
    for outputs in (z, p):
        yield outputs, labels
        yield outputs, q
    column, yes = z[:, :1], rng.uniform(0.1, 0.9, (ROWS, 1))
    for outputs in (column, 1 / (1 + np.exp(-column))):
        yield outputs, yes
        yield outputs[:, 0], yes[:, 0]


def _text(error: UnusableError) -> str:
    return f"{error}" + (f" ({error.where})" if error.where else "")
