"""The array's methods and operators: CuPy's list of methods, and one ufunc behind each operator."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .device_array import ndarray
from .functions import DeviceFunction, function
from .surface import SURFACE

_BINARY = {
    "add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide", "floordiv": "floor_divide",
    "mod": "remainder", "pow": "power", "and": "bitwise_and", "or": "bitwise_or", "xor": "bitwise_xor",
    "lshift": "left_shift", "rshift": "right_shift",
}  # fmt: skip
_COMPARISONS = {
    "lt": "less", "le": "less_equal", "gt": "greater", "ge": "greater_equal",
    "eq": "equal", "ne": "not_equal",
}  # fmt: skip
_UNARY = {"neg": "negative", "pos": "positive", "abs": "absolute", "invert": "invert"}


def _method(name: str, signature: str) -> Callable[..., Any]:
    device = DeviceFunction(
        f"ndarray.{name}", getattr(np.ndarray, name), f"self, /, {signature}".rstrip(", ")
    )
    return lambda self, *args, **kwargs: device(self, *args, **kwargs)


def _operator(ufunc: str) -> Callable[[ndarray, Any], Any]:
    return lambda self, other: function(ufunc)(self, other)


def _reflected(ufunc: str) -> Callable[[ndarray, Any], Any]:
    return lambda self, other: function(ufunc)(other, self)


def _in_place(ufunc: str) -> Callable[[ndarray, Any], Any]:
    return lambda self, other: function(ufunc)(self, other, out=self)


def _unary(ufunc: str) -> Callable[[ndarray], Any]:
    return lambda self: function(ufunc)(self)


for _name, _signature in SURFACE["methods"].items():
    if (
        hasattr(np.ndarray, _name)
        and not hasattr(ndarray, _name)
        and _name not in ("dump", "dumps", "tofile")
    ):
        setattr(ndarray, _name, _method(_name, _signature))
for _name, _ufunc in _BINARY.items():
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))
    setattr(ndarray, f"__r{_name}__", _reflected(_ufunc))
    setattr(ndarray, f"__i{_name}__", _in_place(_ufunc))
for _name, _ufunc in _COMPARISONS.items():
    setattr(ndarray, f"__{_name}__", _operator(_ufunc))
for _name, _ufunc in _UNARY.items():
    setattr(ndarray, f"__{_name}__", _unary(_ufunc))
# No __imatmul__, as in CuPy: a @= b makes a new array.
for _name, _make in {"matmul": _operator, "rmatmul": _reflected}.items():
    setattr(ndarray, f"__{_name}__", _make("matmul"))
for _name, _make in {"divmod": _operator, "rdivmod": _reflected}.items():
    setattr(ndarray, f"__{_name}__", _make("divmod"))
