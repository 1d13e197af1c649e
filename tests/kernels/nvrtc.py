"""NVRTC, NVIDIA's compiler as a library: it comes as a wheel, and needs no GPU and no driver."""

import ctypes
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvrtc")
MISSING = "NVRTC is not installed: pip install -e '.[nvrtc]'"


class CompileError(Exception):
    """The compiler refused; the message is its log."""


def library() -> ctypes.CDLL | None:
    """Open the library of an installed wheel, if there is one."""
    pattern = "nvrtc64_*.dll" if sys.platform == "win32" else "libnvrtc.so.*"
    for package in PACKAGES:
        try:
            files = metadata.files(package) or []
        except metadata.PackageNotFoundError:
            continue
        for file in files:
            if Path(file).match(pattern) and ".alt." not in file.name:
                return ctypes.CDLL(str(file.locate()))
    return None


def architectures(nvrtc: ctypes.CDLL) -> list[int]:
    """Return the compute capabilities that it compiles for, such as 90."""
    count = ctypes.c_int()
    _check(nvrtc, nvrtc.nvrtcGetNumSupportedArchs(ctypes.byref(count)))
    numbers = (ctypes.c_int * count.value)()
    _check(nvrtc, nvrtc.nvrtcGetSupportedArchs(numbers))
    return list(numbers)


def compile_to_ptx(nvrtc: ctypes.CDLL, source: str, architecture: int, options: tuple[str, ...]) -> str:
    """Return the PTX of a program; raise `CompileError` for one that is wrong, or that it warns of."""
    handle = ctypes.c_void_p()
    create = nvrtc.nvrtcCreateProgram(ctypes.byref(handle), source.encode(), b"kernels.cu", 0, None, None)
    _check(nvrtc, create)
    try:
        words = [f"--gpu-architecture=compute_{architecture}".encode(), *(word.encode() for word in options)]
        status = nvrtc.nvrtcCompileProgram(handle, len(words), (ctypes.c_char_p * len(words))(*words))
        log = _text(nvrtc, handle, "Log")
        if status or any("warning" in line and "deprecated" not in line for line in log.splitlines()):
            raise CompileError(log)
        return _text(nvrtc, handle, "PTX")
    finally:
        nvrtc.nvrtcDestroyProgram(ctypes.byref(handle))


def _text(nvrtc: ctypes.CDLL, handle: ctypes.c_void_p, what: str) -> str:
    size = ctypes.c_size_t()
    function = "nvrtcGetProgramLog" if what == "Log" else f"nvrtcGet{what}"
    _check(nvrtc, getattr(nvrtc, f"{function}Size")(handle, ctypes.byref(size)))
    text = ctypes.create_string_buffer(size.value)
    _check(nvrtc, getattr(nvrtc, function)(handle, text))
    return text.value.decode()


def _check(nvrtc: ctypes.CDLL, status: int) -> None:
    if status:
        nvrtc.nvrtcGetErrorString.restype = ctypes.c_char_p
        raise CompileError(nvrtc.nvrtcGetErrorString(status).decode())
