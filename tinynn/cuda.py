"""CuPy on a CUDA GPU: what differs from NumPy, and which GPU a device name means."""

from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from tinynn import gpu_checks
from tinynn.backend import CPU, Array, Backend, register


class CudaBackend(Backend):
    """CuPy, or a library with CuPy's surface.

    Parameters
    ----------
    name : str
        The device name that users write.
    xp : module
    kernels : Kernels, optional
        What it does in one launch; see `tinynn.kernels`. Without, everything is computed as it stands written.
    """

    immediate = False

    def __init__(self, name: str, xp: ModuleType, kernels: Any = None) -> None:
        super().__init__(name, xp)
        self.kernels = kernels

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

    def feeder(self) -> Any:
        """Return what sends rows while others are worked on; None where there is no such thing."""
        from tinynn.feeding import Feeder

        return Feeder(self.xp)

    def free_bytes(self) -> int | None:
        """Return how much memory could be had, what CuPy keeps for later given back; None where that is not known."""
        self.xp.get_default_memory_pool().free_all_blocks()
        return int(self.xp.cuda.Device().mem_info[0])


def find(device: str) -> Backend:
    """Return the backend of ``"cuda"``, ``"cuda:1"`` and so on, or of ``"auto"``, and register it.

    Raises
    ------
    ValueError
        For a name that is no device.
    RuntimeError
        Where there is no such GPU to use; it says why, and which command mends that.
    """
    kind, _, number = str(device).partition(":")
    if kind not in ("cuda", "auto") or (":" in str(device) and not (kind == "cuda" and number.isdecimal())):
        raise ValueError(
            f'device must be "cpu", "cuda" or "auto", not {device!r}; "cuda:1" is a GPU by its number'
        )
    problem = why_not()
    if problem and kind == "auto":
        return CPU
    if problem:
        raise RuntimeError(f'device={device!r} is not to be had: {problem}. device="cpu" works everywhere.')
    import cupy

    if number:
        gpu_checks.choose(cupy, device, int(number))
    backend = make_backend("cuda" if kind == "auto" else device, cupy)
    register(backend)
    return backend


@cache
def why_not() -> str:
    """Say why there is no CUDA device to use, and which command mends that; nothing if there is one."""
    if problem := gpu_checks.installation():
        return problem
    try:
        import cupy
    except ImportError as error:
        return gpu_checks.cannot_import(error)
    return gpu_checks.driver(cupy) or gpu_checks.libraries(cupy)


def explain_auto() -> str:
    """Say in one line what ``device="auto"`` means on this machine, and why.

    Examples
    --------
    >>> explain_auto().partition(":")[0] in ("cpu", "cuda")
    True
    """
    problem = why_not()
    return f"cpu: {problem}" if problem else f"cuda: {describe()}"


def make_backend(name: str, cupy: Any) -> CudaBackend:
    """Return the backend of a GPU that answers."""
    from tinynn.cublas import Library, open_products
    from tinynn.cuda_launching import GraphRecorder, Launcher
    from tinynn.kernels import Kernels

    products, problem = open_products(cupy)
    library = Library(cupy, products)
    recorder = None if products is None else GraphRecorder(cupy, products)
    no_recorder = f"a graph needs a handle of cuBLAS of our own, and there is none ({problem})"
    return CudaBackend(name, library, Kernels(library, Launcher(cupy), recorder, no_recorder))


def describe_graphs() -> str:
    """Say whether training steps can be recorded, or why not."""
    from tinynn.backend import get_backend

    kernels = get_backend("cuda").kernels
    return "possible, with fit(..., graphs=True)" if kernels.recorder else f"none: {kernels.no_recorder}"


def describe() -> str:
    """Say what the GPU is, in one line."""
    import cupy

    device = cupy.cuda.Device()
    name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    runtime = cupy.cuda.runtime
    return (
        f"{name}, {device.mem_info[1] / 2**30:.0f} GiB, CuPy {cupy.__version__}, CUDA "
        f"{gpu_checks.version(runtime.runtimeGetVersion())}, driver for CUDA up to "
        f"{gpu_checks.version(runtime.driverGetVersion())}, TF32 {gpu_checks.tf32()}"
    )
