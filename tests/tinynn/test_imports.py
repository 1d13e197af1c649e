"""Importing the packages is light: what draws, downloads or shows progress is loaded when it is asked to."""

import subprocess
import sys

import pytest

HEAVY = ["matplotlib", "scipy", "tqdm", "sklearn", "pandas", "urllib.request", "threadpoolctl", "cupy"]


@pytest.mark.parametrize("package", ["tinynn", "tinyal"])
def test_import_is_light(package):
    program = f"import sys, {package}; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
