"""The strict device computes what NumPy computes: same values, dtypes, shapes and errors, over all that it offers."""

from typing import Any

import hypothesis.extra.numpy as some
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests import strict
from tests.strict.programs import PROGRAMS, Program
from tests.strict.surface import SURFACE

# Few examples each: there are two hundred programs, and NumPy does the arithmetic on both sides.
few = settings(max_examples=6, deadline=None, database=None)
dtypes = st.sampled_from(["float32", "float64", "int64", "int32", "uint8", "uint32", "bool", "complex64"])
shapes = some.array_shapes(min_dims=2, max_dims=2, min_side=2, max_side=4)
matrices = dtypes.flatmap(lambda dtype: some.arrays(dtype, shapes))

FLOATS = np.array([[0.5, -1.0, 2.0], [3.0, 0.25, -4.0]], np.float32)
INTEGERS = np.array([[5, 1, 2], [3, 0, 4]], np.int64)


def on_numpy(program: Any, *hosts: np.ndarray) -> Any:
    with np.errstate(all="ignore"):
        return _outcome(program, np, [host.copy() for host in hosts])


def on_device(program: Any, *hosts: np.ndarray) -> Any:
    return _outcome(program, strict, [strict.asarray(host) for host in hosts])


def _outcome(program: Any, xp: Any, arrays: list[Any]) -> Any:
    """Return the result as nested lists of NumPy arrays, or the type of the error."""
    try:
        return _to_host(program(xp, *arrays))
    except (TypeError, ValueError, OverflowError, np.linalg.LinAlgError) as error:
        return type(error)


def _to_host(result: Any) -> Any:
    if isinstance(result, tuple | list):
        return [_to_host(item) for item in result]
    return result.get() if isinstance(result, strict.ndarray) else np.asarray(result)


def assert_same(actual: Any, expected: Any) -> None:
    if isinstance(expected, list):
        assert isinstance(actual, list)
        for one, other in zip(actual, expected, strict=True):
            assert_same(one, other)
    elif isinstance(expected, type):
        assert actual is expected
    else:
        np.testing.assert_array_equal(actual, expected, strict=True)


@pytest.mark.parametrize("name", sorted(SURFACE["ufuncs"]))
@few
@given(a=matrices, data=st.data())
def test_ufuncs(name: str, a: np.ndarray, data: st.DataObject) -> None:
    operands = [a]
    if getattr(getattr(np, name), "nin", 1) == 2:
        operands += [data.draw(some.arrays(a.dtype, st.sampled_from([a.shape, a.shape[1:], (1, 1)])))]

    def program(xp: Any, *arrays: Any) -> Any:
        return getattr(xp, name)(*arrays)

    assert_same(on_device(program, *operands), on_numpy(program, *operands))


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@few
@given(a=matrices)
@example(a=FLOATS)
@example(a=INTEGERS)
def test_programs(program: Program, a: np.ndarray) -> None:
    assert_same(on_device(program, a), on_numpy(program, a))


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_programs_run(program: Program) -> None:
    """Agreement on an error is not enough: each program has a matrix on which NumPy runs it."""
    assert not all(isinstance(on_numpy(program, a), type) for a in (FLOATS, INTEGERS))


@settings(max_examples=60, deadline=None, database=None)
@given(a=some.arrays("float32", (3, 4), elements=st.floats(-9, 9, width=32)), data=st.data())
def test_basic_indices(a: np.ndarray, data: st.DataObject) -> None:
    key = data.draw(some.basic_indices(a.shape, max_dims=5, allow_newaxis=True))
    assert_same(on_device(lambda xp, a: a[key], a), on_numpy(lambda xp, a: a[key], a))
    x = strict.asarray(a)
    with strict.count() as counts:
        assert x[key].size == 0 or strict.shares_memory(x[key], x)
        x[key] = 5.0
    assert counts == strict.Counts(launches=1)
    a[key] = 5.0
    np.testing.assert_array_equal(x.get(), a)
