"""What there is to compute with: versions, the BLAS library and its kernel, threads, devices, data folders."""

import os
import platform
from typing import Any

import numpy as np

from tinynn import __version__, blas_kernel, cuda, datasets
from tinynn.arguments import cores
from tinynn.datasets import places


def describe_machine() -> dict[str, Any]:
    """Return what was found, by name; printed by ``tinynn info``.

    Returns
    -------
    dict
        Plain data. ``"tip"`` is there only if something can be done for speed.
    """
    from importlib.metadata import version

    from threadpoolctl import threadpool_info

    pools = [pool for pool in threadpool_info() if pool["user_api"] == "blas"]
    blas = [
        f"{pool['internal_api']} {pool['version']}, kernel {pool.get('architecture', 'unknown')}, "
        f"threads: {pool['num_threads']}"
        for pool in pools
    ]
    problem = cuda.why_not()
    found: dict[str, Any] = {
        "tinynn": __version__,
        "Python": f"{platform.python_version()} on {platform.system()} {platform.machine()}",
        "NumPy": np.__version__,
        "SciPy": version("scipy"),
        "BLAS": blas or ["none that threadpoolctl knows"],
        "cores": cores(),
        "GPU": cuda.describe() if not problem else f"none: {problem}",
        **({} if problem else {"CUDA graphs": cuda.describe_graphs()}),
        'device="auto"': "cpu, for there is no GPU to use" if problem else "cuda, for a GPU answers",
        "data folders": [
            os.environ.get(places.VARIABLE) or f"(the variable {places.VARIABLE} is not set)",
            str(places.cache_folder("").parent / "tinynn"),
        ],
        "data here": [name for name in datasets.NAMES if datasets.available(name)],
    }
    kernel = blas_kernel.better_kernel()
    slow = [pool for pool in pools if pool.get("architecture", kernel) not in blas_kernel.AS_FAST]
    if kernel is not None and slow:
        found["tip"] = (
            f"this processor has AVX-512, which OpenBLAS does not use: set {blas_kernel.VARIABLE}={kernel} before "
            "Python starts, and matrix products may be faster"
        )
    return found


def as_text(found: dict[str, Any]) -> str:
    """Return a description as lines."""
    width = max(map(len, found))
    lines = []
    for name, value in found.items():
        values = value if isinstance(value, list) else [value]
        lines += [f"{name if i == 0 else '':<{width}}  {line}" for i, line in enumerate(values or ["none"])]
    return "\n".join(lines)
