"""Importing the packages is light: what draws, downloads or shows progress is loaded when it is asked to."""

import ast
import importlib
import inspect
import subprocess
import sys

import pytest

NAMES = {"tinynn": "fit, tinynn.Classifier, tinynn.datasets", "tinyal": "compare, tinyal.ActiveLearner"}
HEAVY = ["matplotlib", "scipy", "tqdm", "sklearn", "pandas", "urllib.request", "threadpoolctl", "cupy"]


@pytest.mark.parametrize("package", ["tinynn", "tinyal"])
def test_import_is_light(package):
    program = (
        f"import sys, {package}; {package}.{NAMES[package]}; "
        f"print([name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("package", ["tinynn", "tinyal"])
def test_names_are_imported_when_they_are_asked_for(package):
    program = f"import sys, {package}; assert 'numpy' not in sys.modules; print(sorted({package}.__all__))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    module = importlib.import_module(package)
    assert done.stdout.strip() == str(sorted(module.__all__))
    assert all(name in dir(module) and getattr(module, name) for name in module.__all__)


@pytest.mark.parametrize("package", ["tinynn", "tinyal"])
def test_type_checkers_know_the_same_names(package):
    """What stands under TYPE_CHECKING is for them; what is imported later is for programs."""
    module = importlib.import_module(package)
    tree = ast.parse(inspect.getsource(module))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    told = {(line.module, alias.name) for line in block.body for alias in line.names}
    assert told == {
        *((m, n) for n, m in module._MODULES.items()),
        *((package, room) for room in module._ROOMS),
    }
