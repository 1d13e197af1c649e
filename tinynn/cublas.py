"""Matrix products by a handle of cuBLAS of our own, which may be recorded into a CUDA graph; CuPy's may not.

CuPy's ``matmul`` tells its handle the current stream before every product, and refuses to while that stream is being
recorded. Here the handle is told beforehand, and it gets its working memory from us once, since a recorded product may
not ask for any. A product costs one call into the library.
"""

import ctypes
import sys
import threading
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.gpu_checks import wants_tf32

WORKSPACE = (
    32 * 2**20
)  # bytes: what NVIDIA's documentation of cublasSetWorkspace recommends for its Hopper GPUs
NORMAL, TRANSPOSED = 0, 1  # CUBLAS_OP_N, CUBLAS_OP_T
DEFAULT_MATH, TF32_MATH = 0, 3  # CUBLAS_DEFAULT_MATH, CUBLAS_TF32_TENSOR_OP_MATH
HANDLE, WHOLE, LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_longlong
REALS = {np.dtype(np.float32): (ctypes.c_float, "S"), np.dtype(np.float64): (ctypes.c_double, "D")}


class Products:
    """Products of matrices, and of stacks of them, on the current stream.

    Parameters
    ----------
    cupy : module
    library : ctypes.CDLL
        cuBLAS.
    """

    def __init__(self, cupy: Any, library: Any) -> None:
        self._cupy, self._library = cupy, library
        self._lock = threading.Lock()  # a handle serves one thread at a time
        self._handle = HANDLE()
        library.cublasCreate_v2.argtypes = [ctypes.POINTER(HANDLE)]
        library.cublasSetStream_v2.argtypes = [HANDLE, HANDLE]
        library.cublasSetWorkspace_v2.argtypes = [HANDLE, HANDLE, ctypes.c_size_t]
        library.cublasSetMathMode.argtypes = [HANDLE, WHOLE]
        self._workspace = cupy.empty(WORKSPACE, dtype=np.uint8)
        self._call("cublasCreate_v2", ctypes.byref(self._handle))
        self._call("cublasSetMathMode", self._handle, TF32_MATH if wants_tf32() else DEFAULT_MATH)
        self._functions = {dtype: self._product(*real) for dtype, real in REALS.items()}
        self._stream: int | None = None
        self.use_stream()

    def use_stream(self) -> None:
        """Compute on the current stream from now on."""
        stream = self._cupy.cuda.get_current_stream().ptr
        if stream != self._stream:
            self._call("cublasSetStream_v2", self._handle, stream)
            # That put the library's own working memory back in place.
            self._call("cublasSetWorkspace_v2", self._handle, self._workspace.data.ptr, WORKSPACE)
            self._stream = stream

    def multiply(self, a: Array, b: Array, out: Array) -> bool:
        """Compute a @ b into `out`, or return False for arrays that cuBLAS cannot read where they lie.

        Parameters
        ----------
        a, b, out : arrays
            Of one precision: (m, k) and (k, n), vectors, or stacks of matrices of three axes.
        """
        function = self._functions.get(out.dtype)
        if function is None or a.dtype != out.dtype or b.dtype != out.dtype:
            return False
        left, right, result = _matrices(a, b, out)
        plans = _layout(left), _layout(right), _layout(result)
        if None in plans or result is None or plans[2][0] != NORMAL:  # type: ignore[index]
            return False
        (turn_a, step_a, jump_a), (turn_b, step_b, jump_b), (_, step, jump) = plans  # type: ignore[misc]
        (m, k), n, one, zero, call = left.shape[-2:], right.shape[-1], *function
        if not (m and n and k):
            return False
        # cuBLAS counts down columns where we count along rows: to it all three are transposed, and outᵀ = bᵀ aᵀ.
        many = len(result) if result.ndim == 3 else 1
        with self._lock:
            self.use_stream()
            status = call(
                *(self._handle, turn_b, turn_a, n, m, k, one, right.data.ptr, step_b, jump_b),
                *(left.data.ptr, step_a, jump_a, zero, result.data.ptr, step, jump, many),
            )
        if status:
            raise RuntimeError(f"cuBLAS could not multiply {a.shape} by {b.shape}: status {status}")
        return True

    def _product(self, real: Any, letter: str) -> tuple[Any, Any, Any]:
        function = getattr(self._library, f"cublas{letter}gemmStridedBatched")
        matrix = [HANDLE, WHOLE, LONG]
        function.argtypes = [HANDLE, *[WHOLE] * 5, HANDLE, *matrix, *matrix, HANDLE, *matrix, WHOLE]
        function.restype = WHOLE
        self._numbers = [
            *getattr(self, "_numbers", []),
            real(1),
            real(0),
        ]  # kept, for only addresses are handed over
        one, zero = (ctypes.addressof(number) for number in self._numbers[-2:])
        return one, zero, function

    def _call(self, name: str, *arguments: Any) -> None:
        if status := getattr(self._library, name)(*arguments):
            raise RuntimeError(f"{name} failed with status {status}")


def _matrices(a: Array, b: Array, out: Array) -> tuple[Array, Array, Array]:
    """Return vectors as matrices of one row or one column, and the result to match."""
    if b.ndim == 1:
        b, out = b[:, None], out[..., None]
    if a.ndim == 1:
        a, out = a[None], out[..., None, :]
    return a, b, out


def _layout(matrix: Array) -> tuple[int, int, int] | None:
    """Return whether a matrix lies transposed, the step from line to line and from matrix to matrix, in numbers."""
    if matrix.ndim not in (2, 3):
        return None
    size = matrix.itemsize
    (rows, columns), (down, along) = matrix.shape[-2:], (stride // size for stride in matrix.strides[-2:])
    jump = matrix.strides[0] // size if matrix.ndim == 3 else 0
    if (along == 1 or columns == 1) and (down >= columns or rows == 1):
        return NORMAL, max(down if rows > 1 else 0, columns, 1), jump
    if (down == 1 or rows == 1) and (along >= rows or columns == 1):
        return TRANSPOSED, max(along if columns > 1 else 0, rows, 1), jump
    return None


class Library(ModuleType):
    """CuPy, but for its matrix products.

    Parameters
    ----------
    cupy : module
    products : Products or None
        What computes them; None leaves them to CuPy.
    """

    def __init__(self, cupy: Any, products: Products | None) -> None:
        super().__init__("cupy", cupy.__doc__)
        self._cupy, self._products = cupy, products

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._cupy, name)
        setattr(self, name, value)  # the next time it is found at once
        return value

    def matmul(self, x1: Array, x2: Array, /, out: Array | None = None, **settings: Any) -> Array:
        """Compute x1 @ x2."""
        ours = self._products if out is not None and not settings else None
        if ours is not None and ours.multiply(x1, x2, out):
            return out
        return self._cupy.matmul(x1, x2, out=out, **settings)


def open_products(cupy: Any) -> tuple[Products | None, str]:
    """Return products that have been tried and found right, or None and why there are none."""
    try:
        products = Products(cupy, _library(cupy))
        _try(cupy, products)
    except (
        Exception
    ) as error:  # a cuBLAS that is not as we know it must not keep anybody from CuPy's products
        return None, str(error)
    return products, ""


def _library(cupy: Any) -> Any:
    """Open the cuBLAS that CuPy has loaded."""
    major = cupy.cuda.runtime.runtimeGetVersion() // 1000
    name = f"cublas64_{major}.dll" if sys.platform == "win32" else f"libcublas.so.{major}"
    try:
        return ctypes.CDLL(name)
    except OSError:
        from cuda.pathfinder import load_nvidia_dynamic_lib  # comes with CuPy

        return ctypes.CDLL(load_nvidia_dynamic_lib("cublas").abs_path)


def _try(cupy: Any, products: Products) -> None:
    """Compare small products of all kinds with NumPy's."""
    rng = np.random.default_rng(0)
    for dtype in REALS:
        for x, y in (
            (rng.random((3, 5)), rng.random((5, 2))),
            (rng.random((5, 3)).T, rng.random((2, 5)).T),
            (rng.random(5), rng.random((5, 2))),
            (rng.random((4, 3, 5)), rng.random((4, 2, 5)).transpose(0, 2, 1)),
        ):
            expected = x @ y
            a, b = (cupy.asarray(z, dtype=dtype, order="K") for z in (x, y))
            out = cupy.empty(expected.shape, dtype=dtype)
            # Written so that NaN is wrong, too.
            if not (products.multiply(a, b, out) and abs(cupy.asnumpy(out) - expected).max() < 0.01):
                raise RuntimeError(f"cuBLAS multiplied {a.shape} by {b.shape} wrongly")
