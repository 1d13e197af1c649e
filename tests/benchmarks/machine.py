"""What a measurement depends on: the processor, its load, versions, the BLAS kernel and how many threads it has."""

import os
import platform
import sys
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = (
    "numpy",
    "scipy",
    "torch",
    "jax",
    "jaxlib",
    "scikit-learn",
    "modAL-python",
    "scikit-activeml",
    "small-text",
)


def describe() -> dict[str, Any]:
    """Return the machine, the interpreter and the versions of all packages that take part."""
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return {
        "processor": _processor(),
        "cores": len(cores()),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "versions": versions,
    }


def cores() -> list[int]:
    """Return the numbers of the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def use_cores(threads: int) -> None:
    """Keep this process, and all that it starts, on so many cores, where the system lets one choose."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores()[:threads])


def environment(threads: int, coretype: str | None) -> dict[str, str]:
    """Return the environment of a process that is to use so many threads and this kernel of OpenBLAS."""
    names = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
    chosen = {"OPENBLAS_CORETYPE": coretype} if coretype else {}
    # Without the last, a program in a folder of its own would not find tinynn.
    path = os.pathsep.join(filter(None, (str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **dict.fromkeys(names, str(threads)), **chosen, "PYTHONPATH": path}


def blas() -> dict[str, Any]:
    """Return which BLAS NumPy uses in this process: library, version, kernel and threads."""
    import numpy as np
    from threadpoolctl import threadpool_info

    np.ones((2, 2)) @ np.ones((2, 2))
    for pool in threadpool_info():
        if pool["user_api"] == "blas" and "numpy" in pool["filepath"]:
            return {
                name: pool.get(name) for name in ("internal_api", "version", "architecture", "num_threads")
            }
    return {"internal_api": "unknown", "version": None, "architecture": "unknown", "num_threads": None}


def refuse_coretype(names: Iterable[str | None], flags: str | None = None) -> str | None:
    """Say why a kernel cannot run here: it would end in an illegal instruction. None where nothing is known of it."""
    if flags is None:
        try:
            flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
        except OSError:
            return None
    needs = {
        "SkylakeX": "avx512f",
        "Cooperlake": "avx512_bf16",
        "SapphireRapids": "amx_bf16",
        "Haswell": "avx2",
    }
    for name in names:
        if name in needs and needs[name] not in flags.split():
            return f"the kernel {name} needs {needs[name]}, which this processor does not have"
    return None


def _processor() -> str:
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()
