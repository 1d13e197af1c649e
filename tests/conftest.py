"""What all tests share: the devices to run on, and how many examples hypothesis tries."""

import os
import signal

# Before NumPy is imported: tests run side by side, and linear algebra on several threads each would slow all down.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest
from hypothesis import settings
from scipy import special

from tests import strict
from tests.strict import fused
from tests.strict.ufuncs import DeviceUfunc
from tinynn.backend import Array, Backend, get_backend, register
from tinynn.cuda import CudaBackend

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # started in the background: programs would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ.setdefault("MPLBACKEND", "Agg")  # no test opens a window

settings.register_profile("default", deadline=None, max_examples=30)
settings.register_profile("ci", deadline=None, max_examples=30, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


class StrictBackend(CudaBackend):
    """NumPy behind CuPy's manners."""

    def erf(self, x: Array, out: Array) -> Array:
        return DeviceUfunc("erf", special.erf, "x, /, out=")(x, out=out)

    def feeder(self) -> None:
        return None

    def free_bytes(self) -> int | None:
        return None


FUSED = StrictBackend("fused", fused.DEVICE, fused.KERNELS)
STRICT = StrictBackend("strict", strict)
register(FUSED)  # first, for its arrays are strict ones, too
register(STRICT)


@pytest.fixture(autouse=True)
def strict_device() -> None:
    """Make device="strict" this one, whatever an earlier test put there."""
    register(FUSED)
    register(STRICT)


@pytest.fixture(
    scope="session",
    params=[
        "cpu",
        "strict",
        pytest.param("fused", marks=pytest.mark.slow),  # what kernels change is tested by name, too
        pytest.param("cuda", marks=pytest.mark.gpu),
    ],
)
def device(request: pytest.FixtureRequest) -> str:
    """Every device name in turn; the test is skipped where the device is missing."""
    try:
        get_backend(request.param)
    except RuntimeError as error:
        pytest.skip(str(error))
    return request.param


@pytest.fixture(scope="session")
def backend(device: str) -> Backend:
    """Move arrays with `backend.asarray` and `backend.to_numpy`."""
    return get_backend(device)
