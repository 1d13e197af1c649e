"""Elementwise functions: strict about operands and ``out``, with the few methods that CuPy's ufuncs have."""

from typing import Any

import numpy as np

from .arguments import SCALARS, deliver, refuse_promotion, to_host
from .counts import charge
from .device_array import ndarray
from .functions import DeviceFunction, function
from .graphs import do_or_record
from .surface import SURFACE

_REDUCTIONS = {"add": "sum", "multiply": "prod"}
_SCANS = {"add": "cumsum", "multiply": "cumprod"}


class DeviceUfunc(DeviceFunction):
    """One of CuPy's ufuncs."""

    def check_operands(self, bound: dict[str, Any]) -> None:
        operands = [value for name, value in bound.items() if name in ("x", "x1", "x2")]
        for value in operands:
            if not isinstance(value, (ndarray, *SCALARS)):
                host = "; xp.asarray is the door" if isinstance(value, np.ndarray) else ""
                raise TypeError(f"Unsupported type {type(value)}: operand of {self.__name__}{host}")
        if "dtype" not in bound:
            refuse_promotion(self.__name__, operands)
        out = bound.get("out")
        if isinstance(out, ndarray):
            shape = np.broadcast_shapes(*(getattr(value, "shape", ()) for value in operands))
            if out.shape != shape:  # NumPy would broadcast into a larger out
                raise ValueError(f"{self.__name__}: Out shape is mismatched: {shape} into {out.shape}")

    def at(self, a: ndarray, indices: Any, b: Any = None) -> None:
        """Apply the operation at these positions, repeated ones as often as they come."""
        if self.__name__ not in SURFACE["scatter_ufuncs"]:
            raise NotImplementedError(f"`{self.__name__}.at` is not supported yet by CuPy")
        refuse_promotion(f"{self.__name__}.at", [a, b])
        charge(f"{self.__name__}.at", launches=1)
        operands = [to_host(value, f"{self.__name__}.at") for value in (a, indices, b)]
        do_or_record(self.host_function.at, *operands)

    def reduce(
        self, array: ndarray, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: Any = False
    ) -> Any:
        return self._named(_REDUCTIONS, "reduce")(array, axis=axis, dtype=dtype, out=out, keepdims=keepdims)

    def accumulate(self, array: ndarray, axis: int = 0, dtype: Any = None, out: ndarray | None = None) -> Any:
        return self._named(_SCANS, "accumulate")(array, axis=axis, dtype=dtype, out=out)

    def outer(self, A: ndarray, B: ndarray) -> Any:
        refuse_promotion(f"{self.__name__}.outer", [A, B])
        result = self.host_function.outer(to_host(A, self.__name__), to_host(B, self.__name__))
        return deliver(f"{self.__name__}.outer", result, [A, B])

    def _named(self, names: dict[str, str], method: str) -> Any:
        if self.__name__ not in names:
            raise NotImplementedError(f"`{self.__name__}.{method}` is not supported yet by CuPy")
        return function(names[self.__name__])
