"""CuPy on a CUDA GPU: what differs from NumPy, and why there may be no GPU to use."""

from functools import cache
from typing import Any

import numpy as np

from tinynn.backend import Array, Backend


class CudaBackend(Backend):
    """CuPy, or a library with CuPy's surface."""

    immediate = False

    def asarray(self, array: Any, dtype: Any = None) -> Array:
        """Bring an array onto the device, as one explicit copy."""
        return self.xp.asarray(array, dtype=dtype)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Bring an array back to the host, as one explicit copy."""
        return array if isinstance(array, np.ndarray) else self.xp.asnumpy(array)

    def gather(self, source: Array, rows: Array, out: Array) -> None:
        """Write ``source[rows]`` into ``out``, all on the device."""
        self.xp.take(source, rows, axis=0, out=out)

    def erf(self, x: Array, out: Array) -> Array:
        """Compute the error function into `out`."""
        from cupyx.scipy.special import erf

        return erf(x, out=out)


@cache
def why_not() -> str:
    """Say why there is no CUDA device to use, or nothing if there is one."""
    try:
        import cupy
    except ImportError as error:
        return (
            f"CuPy cannot be imported ({error}); install the one for your CUDA driver: "
            'pip install "cupy-cuda12x[ctk]>=14" or pip install "cupy-cuda13x[ctk]>=14"'
        )
    try:
        found = cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError as error:
        return f"CuPy {cupy.__version__} is installed, but the CUDA driver does not answer ({error})"
    return "" if found else f"CuPy {cupy.__version__} is installed, but it finds no GPU"


def make_backend() -> CudaBackend:
    """Return the backend of the GPU that `why_not` found."""
    import cupy

    return CudaBackend("cuda", cupy)


def describe() -> str:
    """Say what the GPU is."""
    import cupy

    device = cupy.cuda.Device(0)
    name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    return f"{name}, {device.mem_info[1] / 2**30:.0f} GiB, CuPy {cupy.__version__}"
