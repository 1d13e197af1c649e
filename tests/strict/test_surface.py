"""surface.json says what CuPy says; checked wherever a CuPy can be imported, GPU or not."""

import json

import numpy as np
import pytest

from tests.strict.make_surface import SURFACE, collect


def test_surface_is_that_of_the_installed_cupy() -> None:
    cupy = pytest.importorskip("cupy", exc_type=ImportError)
    recorded = json.loads(SURFACE.read_text())
    if recorded["cupy"].split(".")[:2] != cupy.__version__.split(".")[:2]:
        pytest.skip(f"surface.json is of CuPy {recorded['cupy']}, this is {cupy.__version__}")
    found = collect()
    for part in (
        "ufuncs",
        "functions",
        "linalg",
        "stride_tricks",
        "methods",
        "scatter_ufuncs",
        "synchronising",
    ):
        assert recorded[part] == found[part]


def test_surface_knows_what_the_packages_lean_on() -> None:
    surface = json.loads(SURFACE.read_text())
    assert {"exp", "maximum", "logaddexp", "multiply"} <= surface["ufuncs"].keys()
    assert {"matmul", "einsum", "tensordot", "take_along_axis", "put_along_axis"} <= surface[
        "functions"
    ].keys()
    assert "where" not in " ".join(surface["ufuncs"].values()) + surface["functions"]["sum"]
    assert set(surface["same_as_numpy"]) <= set(dir(np))
