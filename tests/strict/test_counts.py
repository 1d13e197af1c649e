"""The books of the strict device: what counts as a launch, an allocation, a copy, a wait and a transfer."""

import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import strict as xp

HOST = np.ones((3, 4), np.float32)


@pytest.fixture
def x() -> Any:
    return xp.asarray(np.arange(12, dtype=np.float32).reshape(3, 4))


def test_doors() -> None:
    with xp.count() as counts:
        y = xp.asarray(HOST)
        y.set(2 * HOST)
        xp.array(y)
    assert (counts.transfers, counts.allocations, counts.launches, counts.bytes) == (2, 2, 1, 96)
    copied = np.empty_like(HOST)
    with xp.count() as counts:
        assert y.get(out=copied) is copied
        assert xp.asnumpy(y).tolist() == y.tolist() == (2 * HOST).tolist()
        assert y.tobytes() == (2 * HOST).tobytes()
        assert bool(y[0, 0])
        repr(y)
        pickle.dumps(y)
    assert counts == xp.Counts(synchronisations=7)
    assert xp.asnumpy(HOST) is HOST


def test_out(x: Any) -> None:
    y, rows = xp.empty_like(x), xp.asarray(np.array([0, 2]))
    with xp.count() as counts, xp.forbid("allocations", "copies"):
        assert xp.exp(x, out=y) is y
        assert xp.tanh(y, y) is y
        x += y
        x[1:] *= 2.0
        x.sum(axis=0, out=y[0])
        xp.take(x, rows, axis=0, out=y[:2])
        xp.copyto(y, x)
        y.fill(0)
        y[...] = x
        y[0] = 3.0
    assert counts == xp.Counts(launches=10)
    with pytest.raises(TypeError, match="same_kind"):
        xp.multiply(x, 0.5, out=xp.empty(x.shape, np.int32))
    with pytest.raises(ValueError, match="C-contiguous"):
        xp.dot(x, x.T, out=xp.empty((3, 3), np.float32).T)
    with pytest.raises(ValueError, match="dtype combination"):
        x.dot(x.T, out=xp.empty((3, 3), np.float64))


def test_hidden_copies(x: Any) -> None:
    square = xp.empty((3, 3), np.float32)
    batch = xp.ones((2, 3, 4), np.float32)
    costs: list[tuple[Callable[[], Any], tuple[int, int, int]]] = [
        (lambda: xp.matmul(x, x.T, out=square), (1, 0, 0)),
        (lambda: xp.matmul(x, x.T, out=square.T), (2, 1, 1)),
        (lambda: xp.matmul(square, square, out=square), (2, 1, 1)),
        (lambda: xp.matmul(x[:, ::2], x[:, 1::2].T, out=square), (3, 0, 2)),
        (lambda: batch @ batch.transpose(0, 2, 1), (2, 1, 1)),
        (lambda: batch.T @ square[:2], (2, 1, 1)),
        (lambda: xp.exp(x[:2], out=x[:2]), (2, 1, 1)),
        (lambda: xp.cumsum(x, axis=0, out=x), (2, 1, 1)),
        (lambda: x.__setitem__(slice(1, 3), x[:2]), (2, 1, 1)),
        (lambda: x.T.reshape(-1), (1, 1, 0)),
    ]
    for program, expected in costs:
        with xp.count() as counts:
            program()
        assert (counts.launches, counts.allocations, counts.copies) == expected


def test_counts_of_a_small_program(x: Any) -> None:
    """One step of logistic regression, as one would write it first."""
    labels = xp.asarray(np.array([0, 1, 0]))
    W = xp.zeros((4, 2), np.float32)
    with xp.count() as step, xp.count() as outer:
        logits = x @ W  # one launch, one allocation
        p = xp.exp(logits - logits.max(axis=1, keepdims=True))  # three of each
        p /= p.sum(axis=1, keepdims=True)  # two launches, one allocation
        p[xp.arange(3), labels] -= 1  # arange, gather, subtract in place, scatter
        W -= 0.1 * (x.T @ p)  # three launches, two allocations
        loss = float(p.mean())  # one launch, one allocation, one wait
    assert (step.launches, step.allocations, step.synchronisations, step.transfers) == (14, 10, 1, 0)
    assert step == outer
    assert loss == pytest.approx(0, abs=1e-7)
    assert step.bytes == 4 * (6 + 3 + 6 + 6 + 3 + 3 + 8 + 8 + 1) + 8 * 3
    assert sum(step.places.values()) == 14 + 10 + 1
    assert "1 x synchronisations: float() at test_counts.py" in str(step)


def test_costs_end_with_the_block_and_reach_threads(x: Any) -> None:
    with xp.count() as counts:
        worker = threading.Thread(target=xp.exp, args=(x,))
        worker.start()
        worker.join()
    xp.exp(x)
    assert counts.launches == 1
    with pytest.raises(xp.ForbiddenError), xp.forbid("launches"):
        x.sum()
    x.sum()
    with pytest.raises(ValueError, match="a cost is one of launches"), xp.forbid("kernels"):
        pass


def test_average_without_weights_does_not_wait(x: Any) -> None:
    with xp.forbid("synchronisations"):
        xp.average(x)
        xp.where(x > 1, x, 0.0)
        with pytest.raises(xp.ForbiddenError):
            xp.average(x, axis=0, weights=x[:, 0])
        with pytest.raises(xp.ForbiddenError):
            xp.where(x > 1)
