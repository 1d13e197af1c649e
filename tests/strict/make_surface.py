"""Write surface.json: the names, keywords and methods that the installed CuPy has.

Run by hand, in an environment with a CuPy wheel; no GPU is needed: ``python -m tests.strict.make_surface``.

A signature is kept as one string: ``a, axis=, *, dtype=`` has a required ``a``, an optional ``axis`` and a
keyword-only ``dtype``.
"""

import inspect
import json
import pathlib
import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

SURFACE = pathlib.Path(__file__).parent / "surface.json"


def collect() -> dict[str, Any]:
    """Return the surface of the CuPy that can be imported."""
    import cupy
    from cupy.lib import stride_tricks

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        public = {name: getattr(cupy, name) for name in sorted(dir(cupy)) if not name.startswith("_")}
    is_numpy = {name for name, value in public.items() if value is getattr(np, name, public)}
    ufuncs = {name: value for name, value in public.items() if isinstance(value, cupy.ufunc)}
    functions = {name: value for name, value in public.items() if name not in is_numpy | ufuncs.keys()}
    return {
        "cupy": cupy.__version__,
        "same_as_numpy": sorted(is_numpy | {"bool", "e", "euler_gamma", "inf", "nan", "newaxis", "pi"}),
        "ufuncs": {name: _ufunc_signature(value) for name, value in ufuncs.items()},
        "scatter_ufuncs": [name for name, value in ufuncs.items() if value._scatter_op],
        "functions": _signatures(functions),
        "linalg": _signatures({name: getattr(cupy.linalg, name) for name in dir(cupy.linalg)}),
        "stride_tricks": _signatures({name: getattr(stride_tricks, name) for name in dir(stride_tricks)}),
        "methods": _method_signatures(cupy.ndarray),
        "attributes": [name for name in _public(cupy.ndarray) if not callable(getattr(cupy.ndarray, name))],
        "synchronising": [name for name, value in functions.items() if _waits(value)],
    }


def _public(owner: Any) -> list[str]:
    return [name for name in sorted(dir(owner)) if not name.startswith("_")]


def _ufunc_signature(ufunc: Any) -> str:
    operands = "x" if ufunc.nin == 1 else ", ".join(f"x{i + 1}" for i in range(ufunc.nin))
    return f"{operands}, /, out=, *, casting=, dtype="


def _signatures(functions: dict[str, Any]) -> dict[str, str]:
    """Signatures of the plain functions among these, and of matmul, a generalised ufunc."""
    found = {}
    for name, function in functions.items():
        if name.startswith("_") or not (inspect.isroutine(function) or type(function).__name__ == "_GUFunc"):
            continue
        try:
            parameters = inspect.signature(function).parameters.values()
        except ValueError:  # compiled: promote_types, min_scalar_type
            found[name] = "*args"
            continue
        text = (inspect.getdoc(function) or "").partition("\n")[0]
        if type(function).__name__ == "_GUFunc":
            found[name] = ", ".join(["x1, x2, /, *", *(f"{p.name}=" for p in parameters if p.name != "args")])
        elif text.startswith(f"{name}(") and any(p.name == "kwargs" for p in parameters):
            found[name] = _from_text(text)  # einsum: its real keywords stand in the docstring only
        else:
            found[name] = _from_parameters(parameters)
    return found


def _from_parameters(parameters: Iterable[inspect.Parameter]) -> str:
    parts: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            parts.append(f"*{parameter.name}")
        elif parameter.kind is parameter.VAR_KEYWORD:
            parts.append(f"**{parameter.name}")
        else:
            if parameter.kind is parameter.KEYWORD_ONLY and not any(p.startswith("*") for p in parts):
                parts.append("*")
            parts.append(parameter.name + ("" if parameter.default is parameter.empty else "="))
    return ", ".join(parts)


def _from_text(text: str) -> str:
    """``_ndarray_base.sort(self, int axis=-1, kind=None)`` -> ``axis=, kind=``."""
    inner = re.sub(r"->.*", "", text).strip()
    inner = inner[inner.index("(") + 1 : inner.rindex(")")]
    names = [re.sub(r"=.*", "=", part.strip()).split(" ")[-1] for part in inner.split(",")]
    return ", ".join(name for name in names if name and name != "self")


def _method_signatures(array_type: type) -> dict[str, str]:
    found = {}
    for name in _public(array_type):
        method = getattr(array_type, name)
        if callable(method):
            text = (method.__doc__ or "").partition("\n")[0]
            found[name] = _from_text(text)
    return found


def _waits(function: Any) -> bool:
    """Whether the function's own docstring says that it synchronises the device."""
    return bool(
        re.search(r"(may|performs)( device)? synchroni[sz]", " ".join((function.__doc__ or "").split()))
    )


if __name__ == "__main__":
    SURFACE.write_text(json.dumps(collect(), indent=1) + "\n")
    print(f"wrote {SURFACE}")
