"""What a kernel is: a few lines of CUDA C that every thread of a GPU runs, and the same in words of arrays."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

THREADS = 256
"""Of one block."""

MOST_BLOCKS = 65_536
"""More would only wait; threads go on to the next number, so that any grid covers any array."""

REALS = {np.dtype(np.float32): "float", np.dtype(np.float64): "double"}
"""The precisions that there are kernels for, and C's names of them."""

OPTIONS = ("--std=c++17", "--fmad=false")
"""For the compiler. Without --fmad=false it would round a · b + c once, where NumPy rounds twice."""

PRELUDE = """\
// Thread i of T takes the numbers i, i + T, i + 2 T ...: neighbours in memory are read by neighbours at the same time.
#define EACH(i, n) \\
    for (long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x; i < (n); \\
         i += (long long)gridDim.x * blockDim.x)
// The 32 threads of a warp run in step. Here each warp takes one row, then the one that lies as many warps further on.
#define EACH_ROW(row, n) \\
    for (long long row = (blockIdx.x * (long long)blockDim.x + threadIdx.x) / 32; row < (n); \\
         row += (long long)gridDim.x * blockDim.x / 32)
#define LANE (threadIdx.x % 32)

// Every thread of the warp gets the sum (the largest) of what its 32 threads have, added up in one order each time.
__device__ REAL sum_of_warp(REAL value) {
    for (int apart = 16; apart > 0; apart /= 2) value += __shfl_xor_sync(0xffffffffu, value, apart);
    return value;
}
__device__ REAL largest_of_warp(REAL value) {
    for (int apart = 16; apart > 0; apart /= 2) {
        REAL other = __shfl_xor_sync(0xffffffffu, value, apart);
        // Written so that NaN wins: a loss of NaN must be seen.
        value = value > other || value != value ? value : other;
    }
    return value;
}
"""


@dataclass(frozen=True)
class Kernel:
    """One kernel.

    Attributes
    ----------
    name : str
    parameters : str
        C's, separated by commas. Arrays are ``REAL*`` (float or double, the network's precision), or of whole numbers;
        numbers are ``long long`` or ``double``, as Python's int and float are handed over.
    body : str
        What each thread does.
    in_arrays : function
        The same with arrays: it takes the array library and the kernel's arguments, and writes into them. The tests
        compare both, and the stand-in for a device computes with it.
    """

    name: str
    parameters: str
    body: str
    in_arrays: Callable[..., None]

    @property
    def source(self) -> str:
        """The whole function in CUDA C."""
        return f'extern "C" __global__ void {self.name}({self.parameters}) {{\n{self.body.strip()}\n}}\n'


def program(kernels: Iterable[Kernel], real: str) -> str:
    """Return the CUDA C of these kernels for one precision, ``"float"`` or ``"double"``."""
    return "\n".join([f"#define REAL {real}", PRELUDE, *(kernel.source for kernel in kernels)])


def blocks(threads: int) -> int:
    """Return how many blocks have so many threads, or as many as are worth their start.

    Examples
    --------
    >>> blocks(1), blocks(257), blocks(10**9)
    (1, 2, 65536)
    """
    return max(1, min(-(-threads // THREADS), MOST_BLOCKS))


def fits(*arrays: Any) -> bool:
    """Whether kernels can work on these arrays: one precision that there are kernels for, rows one after the other."""
    first = arrays[0]
    return first.dtype in REALS and all(
        array.dtype == first.dtype and array.flags.c_contiguous for array in arrays
    )
