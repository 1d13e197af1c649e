"""The kernels compile for GPUs of all ages, by the compiler that CuPy would call, on machines without any GPU."""

import pytest

from tests.kernels import nvrtc
from tinynn.kernels import KERNELS
from tinynn.kernels.source import OPTIONS, REALS, program

ARCHITECTURES = (70, 75, 80, 86, 89, 90, 100, 120)


@pytest.fixture(scope="module")
def compiler():
    found = nvrtc.library()
    if found is None:
        pytest.skip(nvrtc.MISSING)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("real", REALS.values())
def test_every_kernel_compiles(real, architecture, compiler):
    if architecture not in nvrtc.architectures(compiler):
        pytest.skip(f"this NVRTC does not compile for sm_{architecture}")
    ptx = nvrtc.compile_to_ptx(compiler, program(KERNELS.values(), real), architecture, OPTIONS)
    assert f".target sm_{architecture}" in ptx
    for name in KERNELS:
        assert f".entry {name}(" in ptx, f"{name} would not be found under its name"


def test_products_and_sums_are_not_fused(compiler):
    """One rounding instead of two would make a step of Adam another one than NumPy's."""
    fused = nvrtc.compile_to_ptx(compiler, program([KERNELS["adam"]], "float"), 90, ("--std=c++17",))
    apart = nvrtc.compile_to_ptx(compiler, program([KERNELS["adam"]], "float"), 90, OPTIONS)
    assert "fma.rn.f32" in fused
    assert "fma.rn.f32" not in apart
    assert "sqrt.rn.f32" in apart  # correctly rounded, and so is the division
    assert "div.rn.f32" in apart


def test_a_mistake_is_found(compiler):
    broken = program([KERNELS["adam"]], "float").replace("gradient * gradient", "gradient * gradiant")
    with pytest.raises(nvrtc.CompileError, match="gradiant"):
        nvrtc.compile_to_ptx(compiler, broken, 90, OPTIONS)
