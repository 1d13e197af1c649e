"""Mistakes that run on NumPy and must break here: each in a small piece of a layer, a loss or a strategy.

Every piece gets the array module it is to use, and data on that module's device. On NumPy it has to run: a
mistake that NumPy reports would need no strict device.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests import strict

ROWS, CLASSES = 6, 4
LABELS = np.array([0, 3, 1, 2, 2, 0])


@pytest.fixture
def host() -> np.ndarray:
    """Return a batch of activations, one row per example."""
    return np.random.default_rng(0).normal(size=(ROWS, CLASSES)).astype(np.float32)


def relu_with_numpy_scratch(xp: Any, x: Any) -> Any:
    scratch = np.zeros(x.shape, x.dtype)
    return xp.maximum(x, scratch)


def softmax_with_numpy_ufunc(xp: Any, x: Any) -> Any:
    p = np.exp(x - x.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def mean_with_numpy_function(xp: Any, x: Any) -> Any:
    return np.mean(x, axis=0)


def host_values_assigned(xp: Any, x: Any) -> Any:
    x[:2] = np.ones((2, CLASSES), np.float32)
    return x


def dropout_with_ufunc_where(xp: Any, x: Any) -> Any:
    y = xp.zeros_like(x)
    return xp.multiply(x, 2.0, out=y, where=x > 0)


def masked_loss_with_sum_where(xp: Any, x: Any) -> Any:
    return xp.sum(x, axis=1, where=x > 0)


def gradient_into_einsum_out(xp: Any, x: Any) -> Any:
    dW = xp.empty((CLASSES, CLASSES), x.dtype)
    return xp.einsum("ni,nj->ij", x, x, out=dW)


def cross_entropy_with_host_labels(xp: Any, x: Any) -> Any:
    x[np.arange(ROWS), LABELS] -= 1
    return x


def batch_by_numpy_index(xp: Any, x: Any) -> Any:
    return x[np.random.default_rng(0).permutation(ROWS)[:3]]


def gather_clipped(xp: Any, x: Any) -> Any:
    return xp.take(x, xp.asarray(LABELS), axis=1, mode="clip")


def scatter_with_numpy_add_at(xp: Any, x: Any) -> Any:
    dx = xp.zeros_like(x)
    np.add.at(dx, xp.asarray([1, 1, 2]), x[:3])
    return dx


def step_with_float64_rate(xp: Any, x: Any) -> Any:
    learning_rate = np.float64(0.1) * np.cos(0.2)
    x -= learning_rate * x
    return x


def mean_by_numpy_integer(xp: Any, x: Any) -> Any:
    return x / np.int64(ROWS)


def scale_by_float64_array(xp: Any, x: Any) -> Any:
    return x * xp.asarray(0.5)


def scores_by_numpy_asarray(xp: Any, x: Any) -> Any:
    return np.argsort(np.asarray(x).max(axis=1))


def with_numpy_only_name(xp: Any, x: Any) -> Any:
    with xp.errstate(divide="ignore"):
        return xp.log(x * x)


def top_classes_by_position(xp: Any, x: Any) -> Any:
    best = xp.empty(ROWS, np.intp)
    return xp.argmax(x, 1, best)


def with_list_operand(xp: Any, x: Any) -> Any:
    return xp.multiply(x, [0.5, 1.0, 1.5, 2.0])


def scatter_to_repeated_rows(xp: Any, x: Any) -> Any:
    x[xp.asarray([1, 1, 2])] += x[:3]
    return x


def broadcast_into_larger_out(xp: Any, x: Any) -> Any:
    return xp.add(x[0], 1.0, out=xp.zeros_like(x))


REFUSED = [
    (relu_with_numpy_scratch, TypeError, "Unsupported type <class 'numpy.ndarray'>"),
    (softmax_with_numpy_ufunc, TypeError, "NumPy was called on a device array"),
    (mean_with_numpy_function, TypeError, "NumPy was called on a device array"),
    (host_values_assigned, TypeError, "assigned to a device array"),
    (dropout_with_ufunc_where, TypeError, "unexpected keyword argument 'where'"),
    (masked_loss_with_sum_where, TypeError, "unexpected keyword argument 'where'"),
    (gradient_into_einsum_out, TypeError, "unexpected keyword argument 'out'"),
    (cross_entropy_with_host_labels, TypeError, "a NumPy array as an index"),
    (batch_by_numpy_index, TypeError, "a NumPy array as an index"),
    (gather_clipped, TypeError, "unexpected keyword argument 'mode'"),
    (scatter_with_numpy_add_at, TypeError, "NumPy was called on a device array"),
    (step_with_float64_rate, TypeError, "0-d float64 promotes float32 to float64"),
    (mean_by_numpy_integer, TypeError, "0-d int64 promotes float32 to float64"),
    (scale_by_float64_array, TypeError, "0-d float64 promotes float32 to float64"),
    (scores_by_numpy_asarray, TypeError, "Implicit conversion to a NumPy array is not allowed"),
    (with_numpy_only_name, AttributeError, "NumPy has it: the code would run there only"),
    (top_classes_by_position, TypeError, "is 'dtype' in CuPy but another one in NumPy"),
    (with_list_operand, TypeError, "Unsupported type <class 'list'>"),
    (scatter_to_repeated_rows, ValueError, "assignment to repeated positions"),
    (broadcast_into_larger_out, ValueError, "Out shape is mismatched"),
]


@pytest.mark.parametrize(
    ("piece", "error", "message"), REFUSED, ids=lambda value: getattr(value, "__name__", "")
)
def test_refused(piece: Callable[..., Any], error: type[Exception], message: str, host: np.ndarray) -> None:
    piece(np, host.copy())
    with pytest.raises(error, match=message):
        piece(strict, strict.asarray(host))


def loss_read_each_step(xp: Any, x: Any) -> float:
    return float((x * x).mean())


def early_stopping_by_truth_value(xp: Any, x: Any) -> str:
    if xp.max(x) > 100:
        return "diverged"
    return "goes on"


def progress_printed(xp: Any, x: Any) -> str:
    return f"loss {x.mean():.3f}"


def masked_rows(xp: Any, x: Any) -> Any:
    return x[x[:, 0] > 0]


def distinct_classes(xp: Any, x: Any) -> Any:
    return xp.unique(x.argmax(axis=1))


def forgotten_out(xp: Any, x: Any) -> Any:
    return xp.tanh(x)


def out_seen_twice(xp: Any, x: Any) -> Any:
    return xp.maximum(x[:3], 0.0, out=x[:3])


def gradient_into_fortran_out(xp: Any, x: Any) -> Any:
    dW = xp.zeros((CLASSES, CLASSES), x.dtype)
    return xp.matmul(x.T, x, out=dW.T)


def flattened_columns(xp: Any, x: Any) -> Any:
    return x.T.reshape(-1)


def labels_moved_each_step(xp: Any, x: Any) -> Any:
    return x.argmax(axis=1) == xp.asarray(LABELS)


def rows_by_list(xp: Any, x: Any) -> Any:
    return x[[0, 2]]


COSTLY = [
    (loss_read_each_step, "synchronisations"),
    (early_stopping_by_truth_value, "synchronisations"),
    (progress_printed, "synchronisations"),
    (masked_rows, "synchronisations"),
    (distinct_classes, "synchronisations"),
    (forgotten_out, "allocations"),
    (out_seen_twice, "allocations"),
    (gradient_into_fortran_out, "copies"),
    (flattened_columns, "allocations"),
    (labels_moved_each_step, "transfers"),
    (rows_by_list, "transfers"),
]


@pytest.mark.parametrize(("piece", "kind"), COSTLY, ids=lambda value: getattr(value, "__name__", ""))
def test_forbidden(piece: Callable[..., Any], kind: str, host: np.ndarray) -> None:
    piece(np, host.copy())
    x = strict.asarray(host)
    where = rf"{kind} are forbidden in this block: .* at test_planted.py:\d+"
    with strict.forbid(kind), pytest.raises(strict.ForbiddenError, match=where):
        piece(strict, x)


def sum_over_unwritten_rows(xp: Any, x: Any) -> Any:
    total = xp.empty(CLASSES, x.dtype)
    total += x.sum(axis=0)
    return total


def index_unwritten(xp: Any, x: Any) -> Any:
    rows = xp.empty(2, np.intp)
    rows[0] = 0
    return rows


def test_unwritten_buffer_shows(host: np.ndarray) -> None:
    sum_over_unwritten_rows(np, host)
    assert np.isnan(sum_over_unwritten_rows(strict, strict.asarray(host)).get()).all()
    with pytest.raises(IndexError, match="out of bounds"):
        strict.asarray(host)[index_unwritten(strict, None)]
