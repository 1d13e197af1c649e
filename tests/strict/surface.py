"""What CuPy offers, as read from surface.json: its names, and the arguments that each of them takes."""

import inspect
import itertools
import json
import pathlib
from typing import Any

import numpy as np

SURFACE: dict[str, Any] = json.loads((pathlib.Path(__file__).parent / "surface.json").read_text())


class Signature:
    """The arguments that CuPy accepts for one function, to hold a call against.

    Parameters
    ----------
    name : str
        The function's name, for the error message.
    text : str
        The signature as in surface.json, such as ``a, axis=, dtype=, out=, keepdims=``.
    host_function : callable
        NumPy's function of that name.
    """

    def __init__(self, name: str, text: str, host_function: Any) -> None:
        self.name, self.text = name, text
        self._signature = _parse(text)
        self._moved = _moved_arguments(self._signature, host_function)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments by CuPy's names; raise a TypeError where CuPy would."""
        try:
            bound = self._signature.bind(*args, **kwargs).arguments
        except TypeError as error:
            raise TypeError(f"CuPy's {self.name}({self.text}): {error}") from None
        for position, name in self._moved.items():
            if position < len(args):
                raise TypeError(
                    f"{self.name}: argument {position + 1} is {name!r} in CuPy but another one in NumPy; "
                    f"name it, {name}=..., to mean the same on both"
                )
        return dict(bound)


def _parse(text: str) -> inspect.Signature:
    parameters = []
    parts = text.split(", ") if text else []
    kind: Any = inspect.Parameter.POSITIONAL_ONLY if "/" in parts else inspect.Parameter.POSITIONAL_OR_KEYWORD
    for part in parts:
        if part == "/":
            kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        elif part == "*":
            kind = inspect.Parameter.KEYWORD_ONLY
        elif part.startswith("**"):
            parameters.append(inspect.Parameter(part[2:], inspect.Parameter.VAR_KEYWORD))
        elif part.startswith("*"):
            parameters.append(inspect.Parameter(part[1:], inspect.Parameter.VAR_POSITIONAL))
            kind = inspect.Parameter.KEYWORD_ONLY
        else:
            default = None if part.endswith("=") else inspect.Parameter.empty
            parameters.append(inspect.Parameter(part.rstrip("="), kind, default=default))
    return inspect.Signature(parameters)


def _moved_arguments(signature: inspect.Signature, host_function: Any) -> dict[int, str]:
    """Positions that mean one thing in CuPy and another in NumPy: the third of argmax is dtype or out."""
    try:
        host = _positional(inspect.signature(host_function))
    except (TypeError, ValueError):
        return {}
    ours = _positional(signature)
    return {
        position: name
        for position, (name, other) in enumerate(zip(ours, host, strict=False))
        if name != other and (name in host or other in signature.parameters)
    }


def _positional(signature: inspect.Signature) -> list[str]:
    """Names of the arguments that can be given by position, up to a ``*args``."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in itertools.takewhile(lambda p: p.kind in kinds, signature.parameters.values())]


def unknown_name(name: str, owner: str = "cupy") -> AttributeError:
    """Return the error for a name that CuPy does not have."""
    elsewhere = " (NumPy has it: the code would run there only)" if hasattr(np, name) else ""
    return AttributeError(f"{owner} {SURFACE['cupy']} has no attribute {name!r}{elsewhere}")
