"""Everything that can be wrong with a GPU's software: one sentence for each, with the command that mends it."""

import sys
import types

import numpy as np
import pytest

import tinynn as nn
from tests.strict import fused
from tinynn import backend as backends
from tinynn import cuda, gpu_checks
from tinynn.backend import CPU, get_backend


class CudaError(RuntimeError):
    """CuPy's CUDARuntimeError."""


def fails(error):
    def function(*args, **kwargs):
        raise error

    return function


def make_cupy(devices=1, driver=13000, runtime=13020, **broken):
    """A module that looks like CuPy as far as it is asked here."""
    cupy = types.ModuleType("cupy")
    cupy.__version__, cupy.used = "14.2.0", []
    count = fails(devices) if isinstance(devices, Exception) else lambda: devices
    calls = {
        "getDeviceCount": count,
        "driverGetVersion": lambda: driver,
        "runtimeGetVersion": lambda: runtime,
    }
    calls["getDeviceProperties"] = lambda number: {"name": b"NVIDIA Test"}

    class Device:
        mem_info = (2**30, 2**31)

        def __init__(self, number=0):
            self.id = number

        def use(self):
            cupy.used.append(self.id)

    cupy.cuda = types.SimpleNamespace(
        runtime=types.SimpleNamespace(CUDARuntimeError=CudaError, **calls), Device=Device
    )
    cupy.ndarray, cupy.zeros, cupy.add, cupy.matmul = fused.FusedArray, np.zeros, np.add, np.matmul
    vars(cupy).update(broken)
    return cupy


@pytest.fixture
def install(monkeypatch):
    """Let `import cupy` find this module, among these wheels."""

    def put(cupy, wheels=("cupy-cuda13x",)):
        monkeypatch.setattr(gpu_checks, "installed", lambda: list(wheels))
        monkeypatch.setitem(sys.modules, "cupy", cupy)
        return cupy

    for name in ("cuda", "cuda:0", "cuda:1"):
        monkeypatch.delitem(backends._registered, name, raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    cuda.why_not.cache_clear()
    yield put
    cuda.why_not.cache_clear()
    for name in ("cuda", "cuda:0", "cuda:1"):
        backends._registered.pop(name, None)


NO_NVRTC = RuntimeError(
    "\n====\nCuPy failed to load libnvrtc.so.13: OSError: libnvrtc.so.13: cannot open\nand much more\n"
)
NO_CUBLAS = ImportError("libcublas.so.13: cannot open shared object file: No such file or directory")
TOO_OLD = CudaError(
    "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"
)
CASES = {
    "no CuPy": (
        lambda: None,
        (),
        ["CuPy cannot be imported", 'pip install "cupy-cuda12x[ctk]>=14"', "cuda13x"],
    ),
    "two wheels": (
        make_cupy,
        ("cupy-cuda12x", "cupy-cuda13x"),
        [
            "2 CuPy packages are installed, cupy-cuda12x and",
            "pip uninstall -y cupy-cuda12x cupy-cuda13x",
            "nvidia-smi",
        ],
    ),
    "no driver": (
        lambda: make_cupy(TOO_OLD, driver=0),
        ("cupy-cuda13x",),
        ["the CUDA driver does not answer (cudaErrorInsufficient", "nvidia-smi must list", "--gpus all"],
    ),
    "driver for an older CUDA": (
        lambda: make_cupy(TOO_OLD, driver=12040, runtime=13020),
        ("cupy-cuda13x",),
        [
            "is for CUDA 13.2, and the driver knows CUDA up to 12.4",
            'pip uninstall -y cupy-cuda13x, then pip install "cupy-cuda12x[ctk]>=14", or',
        ],
    ),
    "no GPU": (lambda: make_cupy(0), ("cupy-cuda13x",), ["finds no GPU", "nvidia-smi -L"]),
    "no NVRTC": (
        lambda: make_cupy(add=fails(NO_NVRTC)),
        ("cupy-cuda13x",),
        [
            "NVRTC, which compiles kernels, does not work: CuPy failed to load libnvrtc",
            'pip install "cupy-cuda13x[ctk]',
        ],
    ),
    "no cuBLAS": (
        lambda: make_cupy(matmul=fails(NO_CUBLAS), runtime=12090),
        ("cupy-cuda12x",),
        ["cuBLAS, which multiplies matrices, does not work: libcublas", 'pip install "cupy-cuda12x[ctk]'],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_and_what_mends_it(case, install):
    make, wheels, says = CASES[case]
    install(make(), wheels)
    with pytest.raises(RuntimeError) as error:
        nn.Sequential([nn.ReLU()], 5, device="cuda")
    message = str(error.value)
    for words in (*says, 'device="cpu" works everywhere'):
        assert words in message
    assert "\n" not in message
    assert get_backend("auto") is CPU
    assert cuda.explain_auto() == f"cpu: {cuda.why_not()}"
    others = {name for name in CASES if name != case and CASES[name][2][0] in message}
    assert not others


def test_cupy_that_lacks_one_of_its_parts(monkeypatch, install):
    install(None, ("cupy-cuda12x",))
    said = gpu_checks.cannot_import(ImportError("DLL load failed while importing _core", name="cupy._core"))
    assert "cannot be imported: DLL load failed" in said
    assert 'pip install "cupy-cuda12x[ctk]>=14"' in said
    assert "cuda13x" not in said


def test_hidden_devices_are_named(monkeypatch, install):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    install(make_cupy(0))
    assert "CUDA_VISIBLE_DEVICES is '': unset it" in cuda.why_not()


@pytest.mark.parametrize(
    ("count", "there"), [(1, "there is 1 GPU, cuda:0;"), (2, "there are 2 GPUs, cuda:0 to cuda:1;")]
)
def test_a_device_number_that_does_not_exist(count, there, install):
    cupy = install(make_cupy(count))
    with pytest.raises(RuntimeError, match=f"device='cuda:2' does not exist: {there} nvidia-smi -L"):
        get_backend("cuda:2")
    assert not cupy.used


def test_a_device_by_its_number(install):
    cupy = install(make_cupy(2))
    backend = get_backend("cuda:1")
    assert cupy.used == [1]
    assert backend.name == "cuda:1"
    assert get_backend("cuda:1") is backend


@pytest.mark.parametrize("name", ["cuda:", "cuda:x", "cuda:-1", "auto:1", "gpu", "CUDA", ""])
def test_names_that_are_no_device(name):
    with pytest.raises(ValueError, match=r'must be "cpu", "cuda" or "auto", not .*a GPU by its number'):
        get_backend(name)


def test_an_array_of_the_other_library():
    there = get_backend("strict").asarray(np.ones((2, 3), np.float32))
    net = nn.Sequential([nn.Dense(2)], 3)
    for use in (lambda: net.forward(there), lambda: CPU.asarray(there)):
        with pytest.raises(TypeError, match=r"on a GPU was given to what is on the CPU.*cupy\.asnumpy"):
            use()
    model = nn.Classifier(epochs=1)
    with pytest.raises(TypeError, match=r"cupy\.asnumpy"):
        model.fit(there, [0, 1])


def test_info_says_what_it_found(install, monkeypatch):
    install(make_cupy(runtime=13020, driver=13010))
    assert cuda.describe() == (
        "NVIDIA Test, 2 GiB, CuPy 14.2.0, CUDA 13.2, driver for CUDA up to 13.1, TF32 off"
    )
    assert cuda.explain_auto() == f"cuda: {cuda.describe()}"
    monkeypatch.setenv("CUPY_TF32", "1")
    assert cuda.describe().endswith("TF32 on, as CUPY_TF32=1 asks")
    assert "there is none" in cuda.describe_graphs()


def test_two_wheels_are_counted(monkeypatch):
    from importlib import metadata

    def version(name):
        if name not in ("cupy-cuda12x", "cupy"):
            raise metadata.PackageNotFoundError(name)
        return "14.2.0"

    monkeypatch.setattr(metadata, "version", version)
    assert gpu_checks.installed() == ["cupy", "cupy-cuda12x"]
    assert "pip uninstall -y cupy cupy-cuda12x" in gpu_checks.installation()
