"""Where arrays live: NumPy on the CPU, CuPy on a CUDA GPU, behind the same few operations.

Layers, losses and optimisers call ``self.xp`` (the array library) and never ask which one it is. What differs
between the two libraries is here and nowhere else: how arrays cross between host and device, and how rows are
gathered into a kept buffer.
"""

import sys
from types import ModuleType
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""An array of whichever library a network runs on: ``numpy.ndarray`` or ``cupy.ndarray``."""

PIXEL_SCALE = 1 / 255


class Backend:
    """One array library, and the operations in which the libraries differ. This one is NumPy's.

    Attributes
    ----------
    name : str
        The device name that users write: ``"cpu"`` or ``"cuda"``.
    xp : module
        The array library itself.
    immediate : bool
        Whether a number can be read without waiting for a device.
    kernels : Kernels, optional
        What it does in one launch where the code takes several; see `tinynn.kernels`, to be read last.
    """

    immediate = True
    kernels: Any = None

    def __init__(self, name: str, xp: ModuleType) -> None:
        self.name = name
        self.xp = xp

    def __repr__(self) -> str:
        return f"Backend({self.name!r}, {self.xp.__name__})"

    def asarray(self, array: Any, dtype: Any = None) -> Array:
        """Bring an array onto this device; no copy where it is there already with that dtype."""
        if backend_of(array) is not CPU:
            raise TypeError(
                "an array on a GPU was given to what is on the CPU; bring it over: cupy.asnumpy(array)"
            )
        return np.asarray(array, dtype=dtype)

    def to_numpy(self, array: Array) -> np.ndarray:
        """Bring an array back to the host; no copy where it is a NumPy array already."""
        return np.asarray(array)

    def gather(self, source: Array, rows: Array, out: Array) -> None:
        """Write ``source[rows]`` into ``out``. All three live on this device; `rows` must be in range.

        ``mode="clip"`` spares NumPy a temporary: with the default mode it gathers into a copy of `out` first.
        """
        np.take(source, rows, axis=0, out=out, mode="clip")

    def erf(self, x: Array, out: Array) -> Array:
        """Compute the error function into `out`; the libraries keep it in modules of their own."""
        from scipy.special import erf

        return erf(x, out=out)

    def to_floats(self, source: Array, out: Array) -> None:
        """Convert one batch to the network's dtype in `out`; uint8 pixels 0 to 255 become 0 to 1."""
        self.xp.copyto(out, source)
        if source.dtype == np.uint8:
            self.xp.multiply(out, PIXEL_SCALE, out=out)


CPU = Backend("cpu", np)
_registered: dict[str, Backend] = {"cpu": CPU}


def register(backend: Backend) -> None:
    """Make a backend known under its name, beside ``"cpu"`` and ``"cuda"``."""
    _registered[backend.name] = backend


def get_backend(device: str) -> Backend:
    """Return the backend of a device name.

    Parameters
    ----------
    device : {"cpu", "cuda", "cuda:1", "auto"}
        ``"auto"`` is the GPU where one answers, and the CPU otherwise; ``"cuda:1"`` a GPU by its number.

    Raises
    ------
    ValueError, RuntimeError
        For a name that is no device; for a GPU that cannot be used: it says why, and which command mends that.
    """
    if device not in _registered:
        from tinynn import cuda

        return cuda.find(device)
    return _registered[device]


def backend_of(array: Any) -> Backend:
    """Return the backend that an array lives on; the CPU's for lists and numbers."""
    if not isinstance(array, np.ndarray | np.generic):
        for backend in _registered.values():
            if isinstance(array, backend.xp.ndarray):
                return backend
        if "cupy" in sys.modules and isinstance(array, sys.modules["cupy"].ndarray):
            return get_backend("cuda")
    return CPU


def array_module(array: Any) -> Any:
    """Return the library that an array belongs to; NumPy for lists and numbers."""
    return backend_of(array).xp
