"""What goes into an operation of the strict device and what comes out: checked, unwrapped, charged for."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from .counts import charge
from .device_array import ndarray, wrap

SCALARS = (bool, int, float, complex, np.generic)
_SETTINGS = (*SCALARS, str, slice, type, np.dtype, type(None), type(...))


def to_host(value: Any, operation: str) -> Any:
    """Return the NumPy value behind an argument; refuse what does not live on the device."""
    if isinstance(value, ndarray):
        return value._host
    if isinstance(value, tuple | list):
        return type(value)(to_host(item, operation) for item in value)
    if isinstance(value, np.ndarray):
        raise TypeError(
            f"Unsupported type {np.ndarray}: {operation} got a host array; xp.asarray is the door"
        )
    if isinstance(value, _SETTINGS):
        return value
    raise TypeError(f"Unsupported type {type(value)}: argument of {operation}")


def device_arrays(value: Any) -> list[ndarray]:
    """Return all device arrays in an argument, nested ones too."""
    if isinstance(value, ndarray):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, tuple | list):
        return []
    return [array for item in value for array in device_arrays(item)]


def refuse_lists(operation: str, bound: dict[str, Any], names: Iterable[str]) -> None:
    """Refuse a list or tuple where CuPy wants an array or a scalar."""
    for name in names:
        if isinstance(bound.get(name), tuple | list):
            raise TypeError(
                f"Unsupported type {type(bound[name])}: {name} of {operation} must be a device array"
            )


def refuse_promotion(operation: str, operands: Iterable[Any]) -> None:
    """Refuse a scalar or 0-d array whose dtype turns a float32 result into float64.

    Python's numbers adapt to the array's dtype; NumPy's scalars and 0-d arrays do not (NEP 50, which CuPy 14
    follows). On most GPUs float64 runs at a small fraction of the speed of float32.
    """
    typed = [value for value in operands if isinstance(value, ndarray | np.generic)]
    arrays = [value for value in typed if isinstance(value, ndarray) and value.ndim]
    arrays = arrays or [value for value in typed if isinstance(value, ndarray)]
    if not arrays:
        return
    narrow, wide = (np.result_type(*(value.dtype for value in group)) for group in (arrays, typed))
    if narrow.kind in "fc" and np.finfo(wide).bits > np.finfo(narrow).bits:
        culprit = next(value for value in typed if np.result_type(narrow, value.dtype) != narrow)
        raise TypeError(
            f"{operation}: a 0-d {culprit.dtype} promotes {narrow} to {wide}; "
            f"make it a Python number, or an array of dtype {narrow}"
        )


def deliver(
    operation: str, result: Any, inputs: list[ndarray], out: Any = None, kind: type[ndarray] = ndarray
) -> Any:
    """Charge for an operation by what it gave: nothing for a view, launch and allocation for a new array."""
    if result is None or out is not None:  # written in place
        charge(operation, launches=1)
        return out
    fresh = [array for array in _new_arrays(result) if not _is_view(array, inputs)]
    charge(operation, launches=bool(fresh), allocations=len(fresh), nbytes=sum(a.nbytes for a in fresh))
    return _wrap_all(result, type(inputs[0]) if inputs else kind)


def _new_arrays(result: Any) -> list[Any]:
    if isinstance(result, tuple | list):
        return [array for item in result for array in _new_arrays(item)]
    return [result] if isinstance(result, np.ndarray | np.generic) and result.size else []


def _is_view(array: Any, inputs: list[ndarray]) -> bool:
    return any(_root(array) is _root(other._host) for other in inputs)


def _root(array: Any) -> Any:
    while getattr(array, "base", None) is not None:
        array = array.base
    return array


def _wrap_all(result: Any, kind: type[ndarray]) -> Any:
    if isinstance(result, np.ndarray | np.generic):
        return wrap(result, kind)
    if isinstance(result, tuple) and hasattr(result, "_make"):
        return result._make(_wrap_all(item, kind) for item in result)
    if isinstance(result, tuple | list):
        return type(result)(_wrap_all(item, kind) for item in result)
    return result
