"""Devices: which there are, what is said where one is missing, and how arrays come and go."""

import sys
import types

import numpy as np
import pytest

import tinynn as nn
from tests import strict
from tinynn import backend as backends
from tinynn import cuda
from tinynn.backend import CPU, get_backend


class DriverError(RuntimeError):
    """CuPy's CUDARuntimeError."""


def no_driver():
    raise DriverError("no driver")


def make_cupy(count_devices):
    """A module that looks like CuPy as far as the question goes whether there is a GPU."""
    runtime = types.SimpleNamespace(CUDARuntimeError=DriverError, getDeviceCount=count_devices)
    cupy = types.ModuleType("cupy")
    cupy.__version__, cupy.cuda, cupy.ndarray = "14.0", types.SimpleNamespace(runtime=runtime), strict.ndarray
    cupy.zeros, cupy.add, cupy.matmul = np.zeros, np.add, np.matmul
    return cupy


@pytest.fixture
def install(monkeypatch):
    """Let `import cupy` find this module, or fail for None."""
    monkeypatch.delitem(backends._registered, "cuda", raising=False)
    cuda.why_not.cache_clear()
    yield lambda cupy: monkeypatch.setitem(sys.modules, "cupy", cupy)
    cuda.why_not.cache_clear()
    backends._registered.pop("cuda", None)


@pytest.mark.parametrize(
    ("cupy", "says"),
    [
        (None, r"CuPy cannot be imported.*pip install \"cupy-cuda12x\[ctk\].*cuda13x.*device=\"cpu\""),
        (make_cupy(lambda: 0), "14.0 is installed, but it finds no GPU"),
        (make_cupy(no_driver), r"the CUDA driver does not answer \(no driver\)"),
    ],
)
def test_without_a_gpu(cupy, says, install):
    install(cupy)
    with pytest.raises(RuntimeError, match=says):
        nn.Sequential([nn.ReLU()], (5,), device="cuda")
    assert get_backend("auto") is CPU
    assert nn.Sequential([nn.ReLU()], (5,), device="auto").backend is CPU


def test_auto_takes_the_gpu_where_one_answers(install):
    cupy = make_cupy(lambda: 1)
    install(cupy)
    assert get_backend("auto") is get_backend("cuda")
    assert repr(get_backend("cuda")) == "Backend('cuda', cupy)"


def test_host_arrays_stay_where_they_are():
    x = np.ones((2, 3), np.float32)
    assert CPU.asarray(x) is x
    assert CPU.to_numpy(x) is x
    assert get_backend("strict").to_numpy(x) is x


def test_gather_takes_rows_into_a_kept_array(backend):
    source = np.arange(12.0).reshape(6, 2)
    out = backend.xp.empty((3, 2))
    backend.gather(backend.asarray(source), backend.asarray(np.array([5, 0, 5])), out)
    np.testing.assert_array_equal(backend.to_numpy(out), source[[5, 0, 5]])


def test_library_of_an_array(backend):
    assert backends.array_module(backend.asarray([1.0])) is backend.xp
    assert backends.array_module([1.0]) is np
    assert backends.array_module(np.float32(1)) is np
