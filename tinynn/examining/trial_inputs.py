"""Something to check a class with: an object of it, and inputs that it accepts."""

import dis
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.examining.asked_loss import softmax, takes_probabilities
from tinynn.examining.calling import UnusableError, call, required
from tinynn.examining.specimen import Specimen, is_machine
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
        thing, *inputs = example if isinstance(example, tuple | list) and example else (example,)
        if not is_machine(thing) or isinstance(thing, type):
            given = (
                f"{thing!r}"
                if isinstance(thing, list | tuple) or thing is None
                else f"a {type(thing).__name__}"
            )
            yield (
                thing,
                f"{kind.__name__}.example() returned {given}, and must return an object with forward and backward, "
                "or a tuple of the object and its inputs",
            )
            return
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
    found = inputs_for(thing)
    guessed = isinstance(found, str) and _count(kind)  # so the arguments may be what is wrong
    yield (None if guessed else thing), found


def has_example(kind: type, module: ModuleType) -> bool:
    """Whether the file says what to check a class with."""
    return "example" in dir(kind) or any(type(thing) is kind for thing in vars(module).values())


def unfinished(kind: type, parent: bool) -> str:
    """Say why a class is there to be derived from only, or return nothing."""
    if inspect.isabstract(kind):
        return "an abstract class"
    methods = [getattr(kind, name) for name in ("forward", "backward")]
    if all(_refuses(method) for method in methods):
        return "forward and backward raise NotImplementedError"
    if parent and any(_refuses(method) or _is_empty(method) for method in methods):
        return "a base class: forward or backward is left to the classes derived from it"
    return ""


def _steps(method: Any) -> list[dis.Instruction]:
    if not hasattr(method, "__code__"):
        return []
    idle = ("RESUME", "NOP", "COPY_FREE_VARS", "MAKE_CELL")
    return [step for step in dis.get_instructions(method) if step.opname not in idle]


def _is_empty(method: Any) -> bool:
    """Whether a function does nothing but return None."""
    steps = _steps(method)
    return bool(steps) and all(
        s.opname.startswith(("LOAD_CONST", "RETURN")) and s.argval is None for s in steps
    )


def _refuses(method: Any) -> bool:
    """Whether the first thing that a function does is to raise NotImplementedError."""
    steps = _steps(method)
    raises = [i for i, step in enumerate(steps) if step.opname == "RAISE_VARARGS"]
    return bool(
        raises
        and any(step.argval == "NotImplementedError" for step in steps[:2])
        and not any("JUMP" in step.opname for step in steps[: raises[0]])
    )


class _Spy:
    """An argument, or an item of one, that notices whether it is used as a layer."""

    def __init__(self, seen: list[str], item: bool = False) -> None:
        self._seen, self._item = seen, item

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in ("forward", "backward"):
            self._seen.append(name)
        return _Spy(self._seen)

    def __call__(self, *_: Any, **__: Any) -> Any:
        if self._item:
            self._seen.append("call")
        return np.zeros((ROWS, SMALL[0]))


class _Spies(_Spy):
    """An argument that may be a list of layers. Its items are no lists, or numpy would look into them for ever."""

    def __iter__(self) -> Iterator[Any]:
        return iter([_Spy(self._seen, item=True)] * 2)

    def __len__(self) -> int:
        return 2

    def __getitem__(self, key: Any) -> Any:
        return self if isinstance(key, slice) else _Spy(self._seen, item=isinstance(key, int))


def holds_layers(kind: type) -> bool:
    """Whether a class takes layers as arguments, such as a network, a residual block or a trainer."""
    seen: list[str] = []
    try:
        thing = call("making it", kind, *[_Spies(seen) for _ in range(_count(kind))])
        call("trying it", thing.forward, *[np.zeros((ROWS, SMALL[0]))] * required(thing.forward))
    except (UnusableError, TypeError, ValueError):
        pass  # what it asked for until then tells
    return bool(seen)


def _count(kind: type) -> int:
    try:
        return required(kind)
    except (TypeError, ValueError):
        return 0


def construct(kind: type) -> Any:
    """Make an object without arguments, or with small numbers for those that have no default."""
    count = _count(kind)
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
    try:
        wanted = required(thing.forward)
    except (TypeError, ValueError) as error:
        return f"forward cannot be called: {error}"
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
            return inputs if wanted == 1 else _as_probabilities(tested, *inputs)
        first = first or "forward gave values that are not finite, or a loss that is not one number"
    return f"no input that was tried is accepted. With the first, {first}"


def _as_probabilities(loss: Specimen, outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give a loss of probabilities some: one that clips them takes logits too, at which it is flat."""
    columns = outputs.ndim == 1 or outputs.shape[1] == 1
    p = 1 / (1 + np.exp(-outputs)) if columns else softmax(outputs)

    def value(moved: np.ndarray) -> float:
        try:
            return float(np.asarray(loss.forward(moved.copy(), targets.copy()), dtype=np.float64))
        except (UnusableError, TypeError, ValueError):
            return float("nan")

    inside = bool((outputs > 0).all() and (outputs < 1).all())
    return (p, targets) if not inside and takes_probabilities(value, p) else (outputs, targets)


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
