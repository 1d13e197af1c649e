"""Calling somebody's code: whatever it raises is reported, and never a traceback of the checker."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

FLAGS = ("training", "train", "is_training", "input_gradient")


class UnusableError(Exception):
    """The code under test cannot be asked for a gradient; `code` and the text say why.

    Parameters
    ----------
    code : str
        Short and stable, in kebab-case.
    sentence : str
    where : str, optional
        File and line.
    """

    def __init__(self, code: str, sentence: str, where: str = "") -> None:
        super().__init__(sentence)
        self.code, self.where = code, where


def call(what: str, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Call somebody's code; whatever it raises becomes an `UnusableError` that says where."""
    try:
        with np.errstate(all="ignore"):
            return function(*arguments, **named)
    except Exception as error:
        frames = []
        step = error.__traceback__
        while step is not None:
            frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
            step = step.tb_next
        own = [frame for frame in frames if frame[0] != __file__]
        file, line = (own or frames)[-1]
        known = getattr(getattr(function, "__code__", None), "co_filename", None)
        theirs = [frame for frame in own if frame[0] == known]
        file, line = theirs[-1] if theirs else (file, line)
        text = " ".join(str(error).split())
        where = f"{file}, line {line}"
        raise UnusableError("raised", f"{what} raised {type(error).__name__}: {text}", where) from None


def required(function: Callable[..., Any]) -> int:
    """Count the arrays that a function must be given, flags such as `training` aside."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(
        p.kind in kinds and p.default is inspect.Parameter.empty and p.name not in FLAGS for p in parameters
    )
