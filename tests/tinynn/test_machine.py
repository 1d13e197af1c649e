"""What `tinynn info` says, and which kernel of matrix products the commands choose."""

import json
import os
import subprocess
import sys

import pytest

from tinynn import blas_kernel, cli, machine

AMD = "AuthenticAMD"
ALL = "fpu avx2 avx512f avx512dq avx512cd avx512bw avx512vl avx512_bf16"


@pytest.fixture
def processor(tmp_path, monkeypatch):
    """Pretend that this machine has another processor."""

    def pretend(vendor, flags):
        path = tmp_path / "cpuinfo"
        core = f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n"
        path.write_text(f"{core}\n{core}")
        monkeypatch.setattr(blas_kernel, "CPUINFO", path)

    return pretend


@pytest.mark.parametrize(
    ("vendor", "flags", "kernel"),
    [
        (AMD, ALL, "SkylakeX"),
        (AMD, "fpu avx2", None),
        (AMD, ALL.replace("avx512vl ", ""), None),
        ("GenuineIntel", ALL, None),
        ("", "", None),
    ],
)
def test_the_kernel_for_a_processor(vendor, flags, kernel, processor):
    processor(vendor, flags)
    assert blas_kernel.better_kernel() == kernel


def test_a_system_that_does_not_tell(tmp_path, monkeypatch):
    monkeypatch.setattr(blas_kernel, "CPUINFO", tmp_path / "nothing")
    assert blas_kernel.better_kernel() is None


def chosen(prelude, tmp_path, **environment):
    """What a fresh process has in the variable, after `choose` on an AMD processor with AVX-512."""
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"vendor_id : {AMD}\nflags : {ALL}\n")
    program = f"""
import os, pathlib, sys
{prelude}
from tinynn import blas_kernel
blas_kernel.CPUINFO = pathlib.Path({str(cpuinfo)!r})
blas_kernel.choose()
print(os.environ.get(blas_kernel.VARIABLE))
"""
    clean = {name: value for name, value in os.environ.items() if name != blas_kernel.VARIABLE}
    run = subprocess.run(
        [sys.executable, "-c", program], env=clean | environment, check=True, capture_output=True, text=True
    )
    return run.stdout.strip()


def test_it_is_chosen_before_numpy_is_imported_or_not_at_all(tmp_path):
    assert chosen("", tmp_path) == "SkylakeX"
    assert chosen("import numpy", tmp_path) == "None"
    assert chosen("", tmp_path, OPENBLAS_CORETYPE="Haswell") == "Haswell"


@pytest.mark.parametrize("package", ["tinynn", "tinyal"])
def test_the_commands_import_numpy_after_the_choice(package):
    program = f"import sys, {package}.command; assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_library_leaves_the_environment_alone():
    program = (
        "import os; before = dict(os.environ); import tinynn as nn, tinyal as al; nn.fit, nn.datasets, al.compare; "
        "assert dict(os.environ) == before"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_info(capsys):
    import numpy as np

    assert cli.main(["info"]) == 0
    said = capsys.readouterr().out
    assert np.__version__ in said
    assert "digits" in said
    assert cli.main(["info", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["NumPy"] == np.__version__
    assert found['device="auto"'].split(",")[0] in ("cpu", "cuda")


def test_a_tip_where_a_faster_kernel_is_left_unused(monkeypatch):
    import threadpoolctl

    def pools(kernel):
        blas = {"user_api": "blas", "internal_api": "openblas", "version": "1", "num_threads": 2}
        return lambda: [blas | {"architecture": kernel}]

    monkeypatch.setattr(blas_kernel, "better_kernel", lambda: "SkylakeX")
    monkeypatch.setattr(threadpoolctl, "threadpool_info", pools("Haswell"))
    assert "OPENBLAS_CORETYPE=SkylakeX" in machine.describe_machine()["tip"]
    monkeypatch.setattr(threadpoolctl, "threadpool_info", pools("Cooperlake"))
    assert "tip" not in machine.describe_machine()
