"""The kernels' own source, compiled by the system's C++ compiler and run on NumPy's arrays."""

import ctypes
import functools
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tinynn.kernels import KERNELS, Kernel
from tinynn.kernels.source import REALS, THREADS, blocks, program

HERE = Path(__file__).parent
COMPILER = next(filter(None, map(shutil.which, ("c++", "g++", "clang++"))), None)
MISSING = (
    ""
    if COMPILER and sys.platform == "linux"
    else "no C++ compiler here that the kernels can be run with on a processor"
)
OPTIONS = ("-std=c++17", "-O0", "-ffp-contract=off", "-shared", "-fPIC")


def run(
    kernel: Kernel,
    dtype: Any,
    threads: int,
    arguments: tuple[Any, ...],
    descending: bool = False,
    source: str | None = None,
) -> None:
    """Run a kernel on host arrays, as `tinynn.kernels.Launch` says; threads in ascending or descending order."""
    values = [_value(argument) for argument in arguments]
    addresses = (ctypes.c_void_p * len(values))(*(ctypes.addressof(value) for value in values))
    text = source or program(KERNELS.values(), REALS[np.dtype(dtype)])
    function = getattr(_library(text), f"run_{kernel.name}")
    function(blocks(threads), THREADS, int(descending), addresses)


def _value(argument: Any) -> Any:
    if argument is None:
        return ctypes.c_void_p(None)
    if isinstance(argument, np.ndarray):
        assert argument.flags.c_contiguous
        return ctypes.c_void_p(argument.ctypes.data)
    if isinstance(argument, float):
        return ctypes.c_double(argument)
    assert isinstance(argument, int)
    return ctypes.c_longlong(argument)


@functools.cache
def _library(text: str) -> Any:
    """Compile a program, unless an earlier run has."""
    text = "\n".join(
        [
            '#include "cuda_on_cpu.h"',
            text,
            *map(_runner, re.findall(r'extern "C" __global__ .*\n(?s:.*?)\n}\n', text)),
        ]
    )
    whole = text + (HERE / "cuda_on_cpu.h").read_text() + str(OPTIONS) + str(COMPILER)
    name = f"kernels-{hashlib.sha256(whole.encode()).hexdigest()[:20]}.so"
    for where in (HERE / "__pycache__", None):
        folder = where or Path(tempfile.mkdtemp(prefix="tinynn-kernels-"))
        try:
            folder.mkdir(exist_ok=True)
            if not (folder / name).exists():
                _compile(text, folder / name)
            return ctypes.CDLL(str(folder / name))
        except PermissionError:
            continue
    raise RuntimeError("there is no folder to compile kernels in")


def _compile(text: str, path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        source, built = Path(scratch, "kernels.cpp"), Path(scratch, "kernels.so")
        source.write_text(text)
        command = [str(COMPILER), *OPTIONS, f"-I{HERE}", "-o", str(built), str(source)]
        subprocess.run(command, check=True, capture_output=True, text=True)
        os.replace(built, path)  # other processes may be looking for it


def _runner(function: str) -> str:
    """Return a C function that calls a kernel with arguments by address, for all threads of a grid."""
    found = re.match(r'extern "C" __global__ void (\w+)\((.*)\) \{', function)
    assert found is not None
    name, parameters = found.groups()
    kinds = [parameter.rsplit(" ", 1)[0] for parameter in parameters.split(", ")]
    values = ", ".join(f"*({kind}*)arguments[{i}]" for i, kind in enumerate(kinds))
    waits = "true" if re.search(r"__syncthreads|_of_warp|__shfl", function) else "false"
    return (
        f"static void each_{name}(void** arguments) {{ {name}({values}); }}\n"
        f'extern "C" void run_{name}(unsigned blocks, unsigned threads, int descending, void** arguments) {{\n'
        f"    cpu::launch(each_{name}, blocks, threads, {waits}, descending, arguments);\n}}"
    )
