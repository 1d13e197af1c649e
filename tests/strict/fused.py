"""The strict device with fused kernels: their own source runs where there is a compiler, else their words of arrays."""

import sys
import types
from typing import Any

import numpy as np

from tests.kernels import on_cpu
from tinynn.kernels import Kernel, Kernels

from .arguments import to_host
from .counts import charge
from .device_array import ndarray, wrap
from .graphs import Recorder, do_or_record


class FusedArray(ndarray):
    """An array on this device, to be told from one on the device without kernels."""

    __slots__ = ()


class _Converting:
    """A function of the strict device whose new arrays are on this one."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _converted(self._function(*args, **kwargs))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._function, name)


def _converted(result: Any) -> Any:
    if type(result) is ndarray:
        return wrap(result._host, FusedArray)
    if isinstance(result, tuple | list) and any(type(item) is ndarray for item in result):
        return type(result)(map(_converted, result))
    return result


class _Device(types.ModuleType):
    """``xp``: the strict device, its arrays of a class of their own."""

    ndarray = FusedArray

    def __getattr__(self, name: str) -> Any:
        value = getattr(sys.modules["tests.strict"], name)
        if not callable(value) or isinstance(value, type):
            return value
        value = _Converting(value)
        setattr(self, name, value)
        return value


def launch(kernel: Kernel, dtype: Any, threads: int, arguments: tuple[Any, ...]) -> None:
    """Run a kernel; a place for what CuPy would refuse: host arrays, strided ones, another precision."""
    for argument in arguments:
        if isinstance(argument, ndarray) and not argument.flags.c_contiguous:
            raise ValueError(f"{kernel.name} got an array whose numbers do not lie one after the other")
    _check_types(kernel, np.dtype(dtype), arguments)
    charge(kernel.name, launches=1)
    host = tuple(to_host(argument, kernel.name) for argument in arguments)
    if on_cpu.MISSING:
        do_or_record(kernel.in_arrays, np, *host)
    else:
        do_or_record(on_cpu.run, kernel, dtype, threads, host)


_NAMES = {"REAL*": None, "long long*": np.int64, "unsigned*": np.uint32, "unsigned char*": np.uint8}


def _check_types(kernel: Kernel, real: np.dtype[Any], arguments: tuple[Any, ...]) -> None:
    """On a GPU an argument of another type is read as if it were of the right one."""
    parameters = kernel.parameters.split(", ")
    if len(parameters) != len(arguments):
        raise TypeError(f"{kernel.name} takes {len(parameters)} arguments, not {len(arguments)}")
    for parameter, argument in zip(parameters, arguments, strict=True):
        kind, name = parameter.removeprefix("const ").rsplit(" ", 1)
        if kind in _NAMES:
            right = argument is None or (
                isinstance(argument, ndarray) and argument.dtype == (_NAMES[kind] or real)
            )
        else:
            right = type(argument) is {"long long": int, "double": float}[kind]
        if not right:
            raise TypeError(f"{kernel.name}: {name} must be {kind} with REAL = {real}, not {argument!r:.60}")


DEVICE = _Device("strict")
KERNELS = Kernels(DEVICE, launch, Recorder())
