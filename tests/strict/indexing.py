"""Square brackets: views for free, gathers and scatters by device indices, no host arrays."""

from typing import Any

import numpy as np

from .arguments import SCALARS, deliver, to_host
from .counts import charge
from .device_array import ndarray, wrap
from .graphs import do_or_record


def getitem(array: ndarray, key: Any) -> ndarray:
    """Return ``array[key]``: a view, or a new array where an index is an array; never a NumPy scalar."""
    parts = _parts(key)
    advanced = _charge_indices(parts)
    result = array._host[_host_key(parts)]
    if not advanced:
        return wrap(result, type(array))
    return deliver("getitem", result.copy(), [], kind=type(array))


def setitem(array: ndarray, key: Any, value: Any) -> None:
    """Write ``array[key] = value`` from a device array or a number."""
    parts = _parts(key)
    if not isinstance(value, (ndarray, *SCALARS)):
        raise TypeError(f"Unsupported type {type(value)}: assigned to a device array; xp.asarray is the door")
    several = isinstance(value, ndarray) and value.ndim > 0
    advanced = _charge_indices(parts, waits=several)
    host_key = _host_key(parts)
    if advanced and several:
        _refuse_repeated(array, host_key)
    if isinstance(value, ndarray) and not advanced:
        target = array._host[host_key]
        if _is_same(target, value._host):  # what the interpreter writes back after array[key] += value
            return
        if np.may_share_memory(target, value._host):
            charge(
                "setitem from overlapping memory", launches=1, allocations=1, copies=1, nbytes=value.nbytes
            )
    charge("setitem", launches=1)
    do_or_record(array._host.__setitem__, host_key, to_host(value, "setitem"))


def _parts(key: Any) -> tuple[Any, ...]:
    parts = key if isinstance(key, tuple) else (key,)
    for part in parts:
        if isinstance(part, np.ndarray):
            raise TypeError(
                "a NumPy array as an index: CuPy would copy it to the device each time, unseen; "
                "xp.asarray(index) once"
            )
    return parts


def _charge_indices(parts: tuple[Any, ...], waits: bool = True) -> bool:
    """Return whether an index is an array. A mask makes the host wait, a list has to be sent over."""
    for part in parts:
        if isinstance(part, list):
            charge("a list as an index", transfers=1, allocations=1)
        if isinstance(part, ndarray) and part.dtype == np.bool_ and waits:
            charge("a mask as an index", synchronisations=1)
    return any(isinstance(part, ndarray | list) for part in parts)


def _host_key(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    """NumPy's key; its ellipsis at the end makes ``array[i, j]`` a 0-d view and no scalar."""
    host = tuple(to_host(part, "an index") for part in parts)
    return host if any(part is ... for part in parts) else (*host, ...)


def _refuse_repeated(array: ndarray, host_key: tuple[Any, ...]) -> None:
    positions = np.arange(array.size).reshape(array.shape)[host_key]
    if np.unique(positions).size < positions.size:
        raise ValueError(
            "assignment to repeated positions: on a GPU any one of the writes may win; "
            "xp.add.at accumulates them"
        )


def _is_same(target: np.ndarray, value: np.ndarray) -> bool:
    """Same memory in the same layout."""
    layouts = [(a.ctypes.data, a.shape, a.strides, a.dtype) for a in (target, value)]
    return layouts[0] == layouts[1]


ndarray.__getitem__ = getitem  # type: ignore[attr-defined]
ndarray.__setitem__ = setitem  # type: ignore[attr-defined]
