"""Something to check a class with: an object of it, from the file or made here, or the reason why there is none."""

import dis
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError, call, described_with_place, required
from tinynn.examining.places import is_machine
from tinynn.examining.trial_inputs import ROWS, inputs_for

SMALL = (5, 4, 3)  # for arguments without default: sizes that differ from each other, and from the batch
Candidate = tuple[Any, tuple[Any, ...] | str]


def candidates(kind: type, module: ModuleType) -> Iterator[Candidate]:
    """Yield objects of a class with inputs, or with the reason why there are none."""
    if "example" in dir(kind):
        try:
            example = call(f"{kind.__name__}.example", kind.example)  # type: ignore[attr-defined]
        except UnusableError as error:
            yield None, described_with_place(error)
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
        yield None, described_with_place(error)
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
