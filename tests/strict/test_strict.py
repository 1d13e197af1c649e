"""The strict device is strict: its guards, its doors, its views, and the books it keeps."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import strict as xp


@pytest.fixture
def x() -> Any:
    return xp.asarray(np.arange(12, dtype=np.float32).reshape(3, 4))


HOST = np.ones((3, 4), np.float32)


@pytest.mark.parametrize(
    "mixture",
    [
        lambda x: x + HOST,
        lambda x: HOST + x,
        lambda x: HOST @ x.T,
        lambda x: HOST == x,  # noqa: SIM300 (the host array is to be asked first)
        lambda x: np.array(1.0) * x,
        lambda x: x.dot(HOST.T),
        lambda x: xp.concatenate([x, HOST]),
        lambda x: xp.matmul(x, x.T, out=np.empty((3, 3), np.float32)),
        lambda x: x.sum(axis=0, out=np.empty(4, np.float32)),
        lambda x: xp.copyto(x, HOST),
        lambda x: x.__iadd__(HOST),
        lambda x: HOST.copy().__iadd__(x),
        lambda x: HOST.copy().__setitem__(0, x[0]),
        lambda x: HOST[x[0].astype(np.int64)],
        lambda x: np.array([x[0], x[1]]),
        lambda x: list(range(xp.asarray(3))),
        lambda x: np.copyto(x, HOST),
        lambda x: np.testing.assert_array_equal(x, HOST),
        lambda x: xp.array([x[0], x[1]]),
        lambda x: xp.where(x > 0, x, [0.0, 1.0, 2.0, 3.0]),
        lambda x: hash(x),
    ],
)
def test_host_and_device_do_not_mix(mixture: Callable[[Any], Any], x: Any) -> None:
    with pytest.raises((TypeError, IndexError)):
        mixture(x)
    np.testing.assert_array_equal(x.get(), np.arange(12).reshape(3, 4))


def test_refusal_names_the_function_and_the_door(x: Any) -> None:
    with pytest.raises(TypeError, match=r"concatenate got a host array; xp\.asarray is the door"):
        xp.concatenate([x, HOST])


@pytest.mark.parametrize("name", ["errstate", "add_newdoc", "random", "cuda", "save", "nosuchthing"])
def test_unknown_names(name: str, x: Any) -> None:
    assert not hasattr(xp, name)
    assert not hasattr(x, name)


def test_types_are_numpys_own(x: Any) -> None:
    assert xp.float32 is np.float32
    assert xp.newaxis is None
    assert xp.finfo(x.dtype).bits == 32
    assert type(x) is xp.ndarray
    assert xp.linalg.LinAlgError is np.linalg.LinAlgError
    assert (x.shape, x.ndim, x.size, x.nbytes, x.itemsize, len(x)) == ((3, 4), 2, 12, 48, 4, 3)


@pytest.mark.parametrize("number", [2, 2.0, True, np.float32(2), np.float16(2), np.int8(2)])
def test_numbers_keep_float32(number: Any, x: Any) -> None:
    for result in (x * number, number * x, x + number, xp.maximum(x, number), xp.where(x > 1, x, number)):
        assert result.dtype == np.float32


@pytest.mark.parametrize("number", [np.float64(2), np.int64(2), np.uint32(2), np.complex128(2)])
def test_typed_numbers_that_promote(number: Any, x: Any) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: x * number,
        lambda: number * x,
        lambda: x.mean() / number,
        lambda: xp.add(x, number, out=x),
        lambda: xp.where(x > 1, x, number),
        lambda: xp.multiply(x, xp.asarray(number)),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match="promotes float32 to"):
            attempt()
    assert (x.astype(np.float64) * np.float64(2)).dtype == np.float64
    assert xp.multiply(x, np.float64(2), dtype=np.float32).dtype == np.float32


def test_reductions_and_elements_stay_on_the_device(x: Any) -> None:
    for scalar in (
        x.sum(),
        xp.mean(x),
        x[1, 2],
        x.argmax(),
        xp.linalg.norm(x),
        xp.allclose(x, x),
        x @ x[0] @ x[:, 0],
    ):
        assert isinstance(scalar, xp.ndarray)
        assert scalar.shape == ()
    assert (float(x[1, 2]), int(x[1, 2]), x[1, 2].item(), f"{x[1, 2]:.1f}", str(x[1, 2])) == (
        6,
        6,
        6,
        "6.0",
        "6.0",
    )


def test_views_share_memory_and_cost_nothing(x: Any) -> None:
    with xp.count() as counts:
        views = [
            x.T,
            x[1],
            x[:, ::2],
            x[1, 2],
            x.reshape(4, 3),
            x.ravel(),
            x[None],
            x[..., 0],
            x.swapaxes(0, 1),
        ]
        views += [
            xp.transpose(x),
            xp.squeeze(x),
            xp.expand_dims(x, 0),
            xp.broadcast_to(x, (2, 3, 4)),
            x.view(),
        ]
        views += [*xp.split(x, 2, axis=1), xp.moveaxis(x, 0, 1), x.astype(np.float32, copy=False), xp.flip(x)]
        views += [xp.lib.stride_tricks.as_strided(x, (3, 2, 3), (16, 4, 4)), xp.asarray(x), xp.diagonal(x)]
        assert all(xp.shares_memory(view, x) for view in views)
    assert counts == xp.Counts()
    x[...] = 7
    assert all((view == 7).all() for view in views)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", "c8", "i1", "i4", "i8", "u1", "u4", "?"])
def test_empty_holds_no_plausible_value(dtype: str) -> None:
    values = xp.empty((2, 3), dtype).get()
    assert not np.isin(values, range(-50, 50)).any() or dtype == "?"
    np.testing.assert_array_equal(xp.empty_like(xp.zeros((2, 3), dtype)).get(), values)


def test_unsigned_arithmetic_wraps_silently() -> None:
    bits = xp.asarray(np.array([2**32 - 1, 2**31], np.uint32))
    assert (bits * bits + bits).get().tolist() == [0, 2**31]
    assert (bits[0] + bits[0]).item() == 2**32 - 2
    assert xp.log(xp.zeros(2, np.float32)).get().tolist() == [-np.inf, -np.inf]


def test_indexing_by_arrays(x: Any) -> None:
    rows, columns = xp.asarray(np.array([2, 0])), xp.asarray(np.array([1, 3]))
    with xp.count() as counts, xp.forbid("synchronisations", "transfers"):
        picked = x[rows, columns]
        x[rows, columns] = -1.0
        x[x < 0] = 0.0
        x[rows[0]]
    assert picked.get().tolist() == [9, 3]
    assert x.get()[[2, 0], [1, 3]].tolist() == [0, 0]
    assert (counts.launches, counts.allocations) == (5, 3)
    with xp.count() as counts:
        assert x[x > 8].size == 2
    assert counts.synchronisations == 1
    with pytest.raises(IndexError):
        x[rows + 2]


def test_scatter() -> None:
    x, rows = xp.zeros(3, np.float32), xp.asarray(np.array([0, 0, 2]))
    xp.add.at(x, rows, 1.0)
    assert x.get().tolist() == [2, 0, 1]
    assert xp.add.reduce(x).item() == 3
    assert xp.multiply.outer(x, x).shape == (3, 3)
    for absent in (lambda: xp.multiply.at(x, rows, 2.0), lambda: xp.maximum.reduce(x)):
        with pytest.raises(NotImplementedError):
            absent()


def test_copies_are_independent(x: Any) -> None:
    for again in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x)), xp.array(x), x.copy()):
        assert not xp.shares_memory(again, x)
        assert (again == x).all()


def test_only_numbers_live_on_the_device() -> None:
    for host in (np.array(["a"]), np.array([None]), np.ones(2, np.longdouble)):
        with pytest.raises(ValueError, match="Unsupported dtype"):
            xp.asarray(host)
