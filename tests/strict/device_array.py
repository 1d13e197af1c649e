"""The strict device's array: a NumPy array that refuses whatever would leave the device unnoticed."""

import types
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from .counts import charge
from .surface import unknown_name


class ndarray:  # noqa: N801 (the name that numpy and cupy give it)
    """An array on the strict device. Made by ``asarray``, ``empty`` and friends, never directly."""

    __slots__ = ("_host",)
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise TypeError("ndarray() makes no array here; use xp.empty(shape, dtype)")

    # -- Guards: what NumPy would do with this array if it could --

    def __array__(self, dtype: Any = None, copy: Any = None) -> NoReturn:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Refuse np.exp(x); only a NumPy scalar on the left of an operator comes this way by right."""
        from .functions import function

        others = [value for value in inputs if not isinstance(value, ndarray)]
        if method == "__call__" and not kwargs and others and all(isinstance(v, np.generic) for v in others):
            return function(ufunc.__name__)(*inputs)
        given = ", ".join(type(value).__module__ + "." + type(value).__name__ for value in inputs)
        raise TypeError(
            f"np.{ufunc.__name__}({given}): NumPy was called on a device array; use the array's own xp"
        )

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> NoReturn:
        raise TypeError(f"np.{func.__name__}: NumPy was called on a device array; use the array's own xp")

    # -- What the host knows without asking the device --

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    nbytes = property(lambda self: self._host.nbytes)
    itemsize = property(lambda self: self._host.itemsize)
    strides = property(lambda self: self._host.strides)
    T = property(lambda self: wrap(self._host.T, type(self)))
    mT = property(lambda self: wrap(self._host.mT, type(self)))
    real = property(lambda self: wrap(self._host.real, type(self)))
    data = property(lambda self: types.SimpleNamespace(ptr=self._host.ctypes.data))

    @property
    def imag(self) -> "ndarray":
        if self.dtype.kind == "c":
            return wrap(self._host.imag, type(self))
        charge("ndarray.imag", launches=1, allocations=1, nbytes=self.nbytes)  # zeros
        return wrap(self._host.imag, type(self))

    @property
    def flags(self) -> types.SimpleNamespace:
        flags = self._host.flags
        return types.SimpleNamespace(
            c_contiguous=flags.c_contiguous, f_contiguous=flags.f_contiguous, owndata=flags.owndata
        )

    def __len__(self) -> int:
        return len(self._host)

    def __iter__(self) -> Iterator["ndarray"]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getattr__(self, name: str) -> NoReturn:
        raise unknown_name(name, "cupy.ndarray")

    # -- Doors: every one of them waits for the device --

    def _fetch(self, door: str) -> np.ndarray:
        charge(door, synchronisations=1)
        return self._host.copy()

    def get(self, stream: None = None, order: str = "C", out: np.ndarray | None = None) -> np.ndarray:
        values = self._fetch("ndarray.get")
        if out is None:
            return values
        if out.shape != self.shape or out.dtype != self.dtype:
            raise TypeError(f"get(out=): {self.shape} {self.dtype} does not go into {out.shape} {out.dtype}")
        out[...] = values
        return out

    def set(self, arr: np.ndarray, stream: None = None) -> None:
        """Copy host values into this array: a transfer without an allocation."""
        if not isinstance(arr, np.ndarray) or arr.shape != self.shape or arr.dtype != self.dtype:
            raise TypeError(
                f"set() of {self.shape} {self.dtype} takes a NumPy array of the same, not {arr!r:.60}"
            )
        charge("ndarray.set", transfers=1)
        self._host[...] = arr

    def item(self) -> Any:
        return self._fetch("ndarray.item").item()

    def tolist(self) -> Any:
        return self._fetch("ndarray.tolist").tolist()

    def tobytes(self, order: Any = "C") -> bytes:
        return self._fetch("ndarray.tobytes").tobytes(order)

    def __bool__(self) -> bool:
        return bool(self._fetch("bool()"))

    def __int__(self) -> int:
        return int(self._fetch("int()"))

    def __float__(self) -> float:
        return float(self._fetch("float()"))

    def __complex__(self) -> complex:
        return complex(self._fetch("complex()"))

    def __repr__(self) -> str:
        return repr(self._fetch("repr()"))

    def __str__(self) -> str:
        return str(self._fetch("str()"))

    def __format__(self, spec: str) -> str:
        return format(self._fetch("format()")[()], spec)

    def __reduce__(self) -> Any:
        from .doors import asarray

        return asarray, (self._fetch("pickle"),)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return self.copy()


def wrap(host: Any, kind: type[ndarray] = ndarray) -> ndarray:
    """Put a NumPy array, or a scalar as a 0-d array, on the device; shares its memory and costs nothing."""
    array: ndarray = object.__new__(kind)
    array._host = np.asarray(host)
    return array
