"""Why there is no GPU to use: each reason in one sentence, with the command that mends it."""

import os
import re
from collections.abc import Callable, Iterable
from importlib import metadata
from typing import Any

WHEELS = (
    "cupy",
    "cupy-cuda11x",
    "cupy-cuda12x",
    "cupy-cuda13x",
    "cupy-rocm-4-3",
    "cupy-rocm-5-0",
    "cupy-rocm-7-0",
)
TF32_VARIABLE = "CUPY_TF32"
OFFERED = (12, 13)  # major versions of CUDA that there are wheels of CuPy 14 for


def command(major: int | None) -> str:
    """Return what installs CuPy with the CUDA libraries for a driver of this major version of CUDA."""
    known = [number for number in OFFERED if number == major] or list(OFFERED)
    return " or ".join(f'pip install "cupy-cuda{number}x[ctk]>=14"' for number in known)


def installed() -> list[str]:
    """Return the CuPy wheels that are installed, all of which would own the one module ``cupy``."""
    found = []
    for name in WHEELS:
        try:
            metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        found.append(name)
    return found


def installation(wheels: Iterable[str] | None = None) -> str:
    """Say what is wrong with what is installed, before it is imported."""
    found = installed() if wheels is None else list(wheels)
    if len(found) < 2:
        return ""
    return (
        f"{len(found)} CuPy packages are installed, {' and '.join(found)}, and each overwrites the other's files; "
        f"keep one: pip uninstall -y {' '.join(found)}, then {command(None)}, whichever your driver is for "
        "(nvidia-smi shows its CUDA version)"
    )


def cannot_import(error: ImportError) -> str:
    """Say why ``import cupy`` failed: it is not there, or one of its parts is not."""
    found = installed()
    if not found or error.name == "cupy":
        return (
            f"CuPy cannot be imported ({error}); install the one for your CUDA driver (nvidia-smi shows its version): "
            f"{command(None)}"
        )
    major = major_of(found)
    return (
        f"CuPy is installed ({found[0]}) and cannot be imported: {_short(error)}; install it anew, with the CUDA "
        f"libraries it needs: {command(major)}"
    )


def driver(cupy: Any) -> str:
    """Say why no GPU answers: no driver, one for an older CUDA than CuPy's, or no GPU."""
    runtime, name = cupy.cuda.runtime, f"CuPy {cupy.__version__}"
    try:
        count = runtime.getDeviceCount()
    except runtime.CUDARuntimeError as error:
        has, needs = _versions(runtime)
        if has and needs and has // 1000 < needs // 1000:
            wheel = " ".join(installed()) or "cupy"
            return (
                f"{name} is for CUDA {version(needs)}, and the driver knows CUDA up to {version(has)} only; take the "
                f"other CuPy, pip uninstall -y {wheel}, then {command(has // 1000)}, or install a newer driver"
            )
        return (
            f"{name} is installed, but the CUDA driver does not answer ({error}); the command nvidia-smi must list "
            "your GPU: if it does not, install NVIDIA's driver for it, or start the container with --gpus all"
        )
    if not count:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        why = "" if hidden is None else f", and the variable CUDA_VISIBLE_DEVICES is {hidden!r}: unset it"
        return f"{name} is installed, but it finds no GPU{why or '; nvidia-smi -L lists those that the driver knows'}"
    return ""


def libraries(cupy: Any) -> str:
    """Say which of CUDA's libraries is missing: NVRTC compiles CuPy's kernels, cuBLAS multiplies matrices."""
    trials: list[tuple[str, Callable[[], Any]]] = [
        ("NVRTC, which compiles kernels,", lambda: cupy.add(cupy.zeros((2, 2), dtype="f"), 1)),
        ("cuBLAS, which multiplies matrices,", lambda: cupy.matmul(*[cupy.zeros((2, 2), dtype="f")] * 2)),
    ]
    for library, use in trials:
        try:
            use()
        except Exception as error:  # whatever a broken installation raises, the answer is the same
            major = _versions(cupy.cuda.runtime)[1] // 1000 or major_of(installed())
            return (
                f"the GPU answers, but {library} does not work: {_short(error)}; CuPy's extra [ctk] brings CUDA's "
                f"libraries: {command(major)}"
            )
    return ""


def choose(cupy: Any, device: str, number: int) -> None:
    """Make GPU `number` the one that this process computes on.

    Raises
    ------
    RuntimeError
        Where there are not so many.
    """
    count = cupy.cuda.runtime.getDeviceCount()
    if number >= count:
        there = (
            "there is 1 GPU, cuda:0" if count == 1 else f"there are {count} GPUs, cuda:0 to cuda:{count - 1}"
        )
        raise RuntimeError(f"device={device!r} does not exist: {there}; nvidia-smi -L lists them")
    cupy.cuda.Device(number).use()


def major_of(wheels: Iterable[str]) -> int | None:
    """Return the major version of CUDA that an installed wheel is for.

    Examples
    --------
    >>> major_of(["cupy-cuda12x"])
    12
    """
    for wheel in wheels:
        if match := re.fullmatch(r"cupy-cuda(\d+)x", wheel):
            return int(match[1])
    return None


def version(number: int) -> str:
    """Write a version as CUDA numbers it.

    Examples
    --------
    >>> version(12040)
    '12.4'
    """
    return f"{number // 1000}.{number % 1000 // 10}"


def tf32() -> str:
    """Say whether products of float32 may be rounded to TensorFloat-32: only where the user asked CuPy for it."""
    return f"on, as {TF32_VARIABLE}=1 asks" if wants_tf32() else "off"


def wants_tf32() -> bool:
    """Whether the user asked for products of float32 with 10 bits of mantissa instead of 23."""
    return os.environ.get(TF32_VARIABLE, "0") not in ("", "0")


def _versions(runtime: Any) -> tuple[int, int]:
    """Return the CUDA versions of driver and runtime, 0 where they do not say."""
    found = []
    for ask in ("driverGetVersion", "runtimeGetVersion"):
        try:
            found.append(int(getattr(runtime, ask)()))
        except Exception:  # without a driver some of them raise
            found.append(0)
    return found[0], found[1]


def _short(error: BaseException) -> str:
    """Return the first line that says something, for the messages of loaders are long."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip(" =")]
    return (lines[0] if lines else type(error).__name__)[:200]
