"""Randomness put back: the generators that code draws from, found wherever they stand, and their states."""

import contextlib
import inspect
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinynn.examining.places import parts

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
SEEDED = (np.random.RandomState(0).get_state(), random.Random(0).getstate())


def shared_generators(original: Any) -> list[Any]:
    """Return the generators of random numbers that stand in modules, closures and classes, not in the object."""
    found: dict[int, Any] = {}
    for _, part in parts(original):
        for kind in type(part).__mro__:
            for thing in vars(kind).values():
                function = inspect.unwrap(getattr(thing, "__func__", thing)) if callable(thing) else thing
                found |= {
                    id(v): v for v in [function, *generators_around(function)] if isinstance(v, GENERATORS)
                }
    return list(found.values())


def generators_around(function: Any) -> list[Any]:
    """Return the generators among the globals, the enclosed variables and the default values of a function."""
    code = getattr(function, "__code__", None)
    if code is None:
        return []
    module = function.__globals__
    found = list(module.values()) if not module.get("__name__", "").startswith("tinynn.") else []
    found += [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # an empty cell
            found.append(cell.cell_contents)
    return [value for value in found if isinstance(value, GENERATORS)]


def state_of(generator: Any) -> Any:
    """Return the state of a generator of random numbers."""
    if isinstance(generator, np.random.Generator):
        return generator.bit_generator.state
    return generator.get_state() if isinstance(generator, np.random.RandomState) else generator.getstate()


def put_back(generator: Any, state: Any) -> None:
    """Give a generator of random numbers a state that it had."""
    if isinstance(generator, np.random.Generator):
        generator.bit_generator.state = state
    elif isinstance(generator, np.random.RandomState):
        generator.set_state(state)
    else:
        generator.setstate(state)


def rewinding(generator: Any) -> Callable[[], None]:
    """Return a function that puts a generator to where it is now."""
    state = state_of(generator)
    return lambda: put_back(generator, state)


@contextlib.contextmanager
def untouched(generators: list[Any]) -> Iterator[None]:
    """Let code draw from some generators, and leave them as they were."""
    states = [(generator, state_of(generator)) for generator in generators]
    try:
        yield
    finally:
        for generator, state in states:
            put_back(generator, state)


@contextlib.contextmanager
def seeded() -> Iterator[list[bool]]:
    """Let code draw from the global generators, started anew; the list tells afterwards whether it did."""
    drew: list[bool] = []
    outside = global_state()
    set_global_state(SEEDED)
    try:
        yield drew
    finally:
        drew.append(not equal(SEEDED, global_state()))
        set_global_state(outside)


def global_state() -> tuple[Any, Any]:
    """Return the states of the generators that all code shares."""
    return np.random.get_state(), random.getstate()  # noqa: NPY002 - learners draw from np.random


def set_global_state(state: tuple[Any, Any]) -> None:
    """Put them back."""
    np.random.set_state(state[0])  # noqa: NPY002
    random.setstate(state[1])


def equal(a: tuple[Any, Any], b: tuple[Any, Any]) -> bool:
    """Whether two such states are the same."""
    return a[1] == b[1] and a[0][2:] == b[0][2:] and bool(np.array_equal(a[0][1], b[0][1]))
