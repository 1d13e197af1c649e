"""The kernel of matrix products: which one OpenBLAS takes, and which would be faster. Imports nothing but Python's own.

OpenBLAS, which NumPy's wheels bring, has kernels for many processors, and knows only those that were sold when it was
written: on a newer one it falls back to AVX2, which may cost speed on a processor with AVX-512. The variable
``OPENBLAS_CORETYPE`` says otherwise, and is read once, when NumPy is imported.
"""

import os
import sys
from pathlib import Path

VARIABLE = "OPENBLAS_CORETYPE"
AVX512_KERNEL = "SkylakeX"
AS_FAST = ("SkylakeX", "Cooperlake", "SapphireRapids", "Zen5")
NEEDED = {"avx512f", "avx512dq", "avx512cd", "avx512bw", "avx512vl"}
CPUINFO = Path("/proc/cpuinfo")


def better_kernel() -> str | None:
    """Return the kernel that OpenBLAS should be told to take on this processor, or None where its own choice is good.

    That is so where Linux says that the processor has all of AVX-512 that the kernel needs, and it is not one of
    Intel's, which OpenBLAS knows.
    """
    try:
        text = CPUINFO.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    first = text.split("\n\n", 1)[0]
    fields = {key.strip(): value for key, _, value in (line.partition(":") for line in first.splitlines())}
    if not set(fields.get("flags", "").split()) >= NEEDED or "GenuineIntel" in fields.get("vendor_id", ""):
        return None
    return AVX512_KERNEL


def choose() -> None:
    """Choose the faster kernel for this process and its children; for programs, which decide about their environment.

    Does nothing where NumPy is imported already, or the user has chosen.
    """
    if "numpy" in sys.modules or VARIABLE in os.environ:
        return
    kernel = better_kernel()
    if kernel is not None:
        os.environ[VARIABLE] = kernel
