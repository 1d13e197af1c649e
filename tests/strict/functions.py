"""The functions of the array module: CuPy's names and arguments, NumPy's arithmetic, the device's bill."""

import functools
from typing import Any

import numpy as np

from .arguments import deliver, device_arrays, refuse_lists, refuse_promotion, to_host
from .counts import charge
from .device_array import ndarray
from .graphs import do_or_record
from .hidden_copies import charge_hidden_copies
from .surface import SURFACE, Signature, unknown_name

# Arguments in which CuPy takes a device array or a scalar, and nothing array-like.
_ARRAYS = {
    "a", "b", "x", "y", "z", "v", "m", "p", "f", "x1", "x2", "a1", "a2", "a_min", "a_max", "ar", "ar1", "ar2",
    "arr", "arr1", "arr2", "array", "ary", "condition", "element", "indices", "mask", "src", "dst",
    "test_elements", "values", "vals", "weights",
}  # fmt: skip
# These two promote like a ufunc, but are none in CuPy.
_ELEMENTWISE = {"where", "clip", "ndarray.clip"}
# The size of the result is known to the device only: the host has to wait for it.
_WAITS = {
    "argwhere", "unique", "unique_all", "unique_counts", "unique_inverse", "unique_values", "trim_zeros",
    "union1d", "intersect1d", "setdiff1d", "setxor1d", "ndarray.nonzero", "ndarray.compress",
    *SURFACE["synchronising"],
}  # fmt: skip
# NumPy answers with a Python number here, CuPy with a 0-d array.
_ANSWERS_ON_DEVICE = {"allclose", "array_equal", "array_equiv", "count_nonzero"}
# These write into their first argument.
_WRITES = {
    "copyto",
    "fill_diagonal",
    "put",
    "put_along_axis",
    "putmask",
    "place",
    "ndarray.fill",
    "ndarray.sort",
}
_HOST_WORK = {
    "load", "loadtxt", "genfromtxt", "fromfile", "frombuffer", "fromiter", "fromstring", "from_dlpack",
    "save", "savez", "savez_compressed", "savetxt", "array2string", "array_repr", "array_str",
}  # fmt: skip


class DeviceFunction:
    """One function or method: CuPy's signature around the NumPy function of the same name."""

    def __init__(self, name: str, host_function: Any, signature: str) -> None:
        self.__name__ = name
        self.host_function = host_function
        self.signature = Signature(name, signature, host_function)

    def __repr__(self) -> str:
        return f"<strict device function {self.__name__}({self.signature.text})>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        bound = self.signature.bind(args, kwargs)
        self.check_operands(bound)
        out = bound.get("out")
        inputs = device_arrays({name: value for name, value in bound.items() if name != "out"})
        check_out(self.__name__, out)
        if self._waits(bound):
            charge(self.__name__, synchronisations=1)
        charge_hidden_copies(self.__name__, inputs, out)
        host_args = [to_host(value, self.__name__) for value in args]
        host_kwargs = {name: to_host(value, self.__name__) for name, value in kwargs.items()}
        if out is not None or self.__name__ in _WRITES:
            result = do_or_record(self.host_function, *host_args, **host_kwargs)
        else:
            with np.errstate(all="ignore"):  # a GPU raises no floating-point warnings
                result = self.host_function(*host_args, **host_kwargs)
        if self.__name__ in _ANSWERS_ON_DEVICE:
            result = np.asarray(result)
        if self.__name__ == "nan_to_num" and bound.get("copy") is False:
            out = inputs[0]
        return deliver(self.__name__, result, inputs, out)

    def check_operands(self, bound: dict[str, Any]) -> None:
        refuse_lists(self.__name__, bound, _ARRAYS)
        if self.__name__ in _ELEMENTWISE:
            refuse_promotion(self.__name__, bound.values())

    def _waits(self, bound: dict[str, Any]) -> bool:
        if self.__name__ == "where":
            return len(bound) == 1
        if self.__name__ == "average":
            return "weights" in bound
        return self.__name__ in _WAITS


def check_out(name: str, out: Any) -> None:
    """Refuse an ``out`` that is not on the device."""
    for array in out if isinstance(out, tuple) else (out,):
        if array is not None and not isinstance(array, ndarray):
            raise TypeError(f"{name}: out must be a device array, not {type(array)}")


@functools.cache
def function(name: str) -> Any:
    """Return what the array module has under this name; AttributeError where CuPy or NumPy has nothing."""
    from .ufuncs import DeviceUfunc

    host = getattr(np, name, None)
    if name in SURFACE["same_as_numpy"] and hasattr(np, name):
        return host
    if name in _HOST_WORK:
        raise AttributeError(
            f"{name}: files, foreign memory and text are host work here: xp.asnumpy, xp.asarray"
        )
    if host is not None and name in SURFACE["ufuncs"]:
        return DeviceUfunc(name, host, SURFACE["ufuncs"][name])
    if host is not None and name in SURFACE["functions"]:
        return DeviceFunction(name, host, SURFACE["functions"][name])
    if name in SURFACE["functions"] or name in SURFACE["ufuncs"]:
        raise AttributeError(
            f"NumPy {np.__version__} has no {name!r}, only CuPy: the code would not run on both"
        )
    raise unknown_name(name)
