"""Where arrays begin: from the host by a counted transfer, or out of memory that holds garbage."""

from typing import Any

import numpy as np

from .counts import charge
from .device_array import ndarray, wrap

_POISON = b"\xa5"  # as an integer of any width this is nobody's label and out of every array's bounds


def array(
    obj: Any,
    dtype: Any = None,
    copy: bool | None = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
) -> ndarray:
    """Return a new array on the device: a copy of a device array, or a transfer of a host value."""
    if isinstance(obj, ndarray):
        host = np.array(obj._host, dtype=dtype, copy=copy, order=order, ndmin=ndmin)
        if np.may_share_memory(host, obj._host):
            return obj if host.ndim == obj.ndim else wrap(host, type(obj))
        charge("array", launches=1, allocations=1, nbytes=host.nbytes)
        return wrap(host, type(obj))
    _refuse_nested(obj)
    host = np.array(obj, dtype=dtype, copy=True, order=order, ndmin=ndmin)
    if host.dtype.kind not in "biufc" or host.dtype.itemsize > 8 * (1 + (host.dtype.kind == "c")):
        raise ValueError(
            f"Unsupported dtype {host.dtype}: a device holds booleans, integers, floats and complex"
        )
    charge("array", transfers=1, allocations=1, nbytes=host.nbytes)
    return wrap(host)


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: bool | None = None) -> ndarray:
    """Return a device array as it is where that will do; bring everything else over."""
    return array(a, dtype=dtype, copy=copy, order=order or "K")


asanyarray = asarray


def ascontiguousarray(a: Any, dtype: Any = None) -> ndarray:
    return array(a, dtype=dtype, copy=None, order="C", ndmin=1)


def asfortranarray(a: Any, dtype: Any = None) -> ndarray:
    return array(a, dtype=dtype, copy=None, order="F", ndmin=1)


def asnumpy(a: Any, stream: None = None, order: str = "C", out: np.ndarray | None = None) -> np.ndarray:
    """Return a host copy of a device array; the host waits for it."""
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a)


def empty(shape: Any, dtype: Any = float, order: Any = "C") -> ndarray:
    """Return an array that holds garbage: NaN for floats, a senseless pattern for integers."""
    return _poisoned(np.empty(shape, dtype, order))


def empty_like(
    prototype: ndarray, dtype: Any = None, order: Any = "K", subok: None = None, shape: Any = None
) -> ndarray:
    if not isinstance(prototype, ndarray):
        raise TypeError(f"Unsupported type {type(prototype)}: prototype of empty_like")
    return _poisoned(np.empty_like(prototype._host, dtype, order, True, shape))


def _poisoned(host: np.ndarray) -> ndarray:
    if host.dtype.kind in "fc":
        host.fill(np.nan)
    elif host.dtype.kind == "b":
        host.fill(True)
    elif host.size:
        host.fill(np.frombuffer(_POISON * host.itemsize, host.dtype)[0])
    charge("empty", allocations=bool(host.size), nbytes=host.nbytes)
    return wrap(host)


def _refuse_nested(obj: Any) -> None:
    if isinstance(obj, tuple | list):
        for item in obj:
            if isinstance(item, ndarray):
                raise TypeError("a list of device arrays: xp.stack or xp.concatenate says which is meant")
            _refuse_nested(item)
