"""Temporaries that CuPy makes unasked: for badly laid out products and an ``out`` that overlaps its input."""

from typing import Any

import numpy as np

from .counts import charge
from .device_array import ndarray

_PRODUCTS = {"matmul", "linalg.matmul", "dot", "ndarray.dot"}
_SCANS = {"cumsum", "cumprod", "ndarray.cumsum", "ndarray.cumprod"}


def charge_hidden_copies(operation: str, inputs: list[ndarray], out: Any) -> None:
    """Charge for the copies of inputs and of ``out`` that CuPy makes around one operation."""
    outs = [array for array in (out if isinstance(out, tuple) else (out,)) if array is not None]
    if operation in _PRODUCTS:
        _charge_operands(operation, inputs)
    for array in outs:
        if operation in _PRODUCTS:
            _charge_product_out(operation, inputs, array)
        else:
            _charge_overlap(operation, inputs, array)


def _charge_operands(operation: str, operands: list[ndarray]) -> None:
    """Charge for each operand that cuBLAS cannot read where it lies.

    Not an allocation in our books: laying the operand out well often costs more than CuPy's temporary.
    """
    stacked = any(array.ndim > 2 for array in operands)
    for array in operands:
        if not (array.flags.c_contiguous or (array.flags.f_contiguous and not stacked)):
            charge(f"{operation} of a non-contiguous operand", launches=1, copies=1)


def _charge_product_out(operation: str, operands: list[ndarray], out: ndarray) -> None:
    dtype = np.result_type(*(array.dtype for array in operands))
    if operation.endswith("dot") and dtype != out.dtype:
        raise ValueError(f"{operation}: Not supported dtype combination: a {dtype} product into {out.dtype}")
    if operation.endswith("dot") and not out.flags.c_contiguous:
        raise ValueError(f"{operation}: Output array must be C-contiguous")
    overlap = any(np.may_share_memory(array._host, out._host) for array in operands)
    if overlap or dtype != out.dtype or not out.flags.c_contiguous:
        reason = "an overlapping" if overlap else "a Fortran-ordered, strided or differently typed"
        charge(f"{operation} into {reason} out", launches=1, allocations=1, copies=1, nbytes=out.nbytes)


def _charge_overlap(operation: str, inputs: list[ndarray], out: ndarray) -> None:
    """Charge for inputs that share memory with ``out``; only the very same object works in place."""
    for array in inputs:
        same = array is out and operation not in _SCANS
        if not same and array.size and np.may_share_memory(array._host, out._host):
            message = f"{operation} with an input that overlaps out"
            charge(message, launches=1, allocations=1, copies=1, nbytes=array.nbytes)
