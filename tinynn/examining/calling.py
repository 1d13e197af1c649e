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
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() too: it must not end the checker, least of all with success
        frames = []
        step = error.__traceback__
        while step is not None:
            frames.append((step.tb_frame.f_code.co_filename, step.tb_lineno))
            step = step.tb_next
        own = [frame for frame in frames if frame[0] != __file__ and not frame[0].startswith("<frozen")]
        if (
            isinstance(error, TypeError)
            and not own
            and (wrong := _wrong_arguments(what, function, arguments, named))
        ):
            raise wrong from None
        file, line = (own or frames)[-1]
        known = getattr(getattr(function, "__code__", None), "co_filename", None)
        theirs = [frame for frame in own if frame[0] == known]
        file, line = theirs[-1] if theirs else (file, line)
        where = f"{file}, line {line}"
        raise UnusableError("raised", f"{what} raised {described(error)}", where) from None


def one_answer(what: str, value: Any, wanted: str) -> Any:
    """Return what somebody's code returned; raise where that is several things in a tuple, list or dict."""
    arrays = isinstance(value, list) and any(isinstance(item, np.ndarray) for item in value)
    if not isinstance(value, tuple | dict) and not (arrays and is_ragged(value)):
        return value
    inside = value.values() if isinstance(value, dict) else value
    kinds = ", ".join(_kind(item) for item in inside)
    raise UnusableError(
        "wrong-return",
        f"{what} returned a {type(value).__name__} ({kinds}); {wanted}",
        f"the return of {what}",
    )


def is_ragged(value: Any) -> bool:
    """Whether a list holds rows of different lengths, so that it is no array."""
    try:
        np.shape(value)
    except ValueError:
        return True
    return False


def _kind(item: Any) -> str:
    if isinstance(item, np.ndarray) and item.ndim:
        return "array " + "×".join(map(str, item.shape))
    return "number" if isinstance(item, int | float | np.generic | np.ndarray) else type(item).__name__


def described(error: BaseException) -> str:
    """Return the name and the text of an exception, whose own code may fail too."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = "(its text cannot be had)"
    return f"{type(error).__name__}: {text}"


def described_with_place(error: UnusableError) -> str:
    """Return what is wrong, and where."""
    return f"{error}" + (f" ({error.where})" if error.where else "")


def _wrong_arguments(
    what: str, function: Callable[..., Any], given: tuple[Any, ...], named: dict[str, Any]
) -> UnusableError | None:
    """Say that a function takes other arguments than the checker gives, if that is what is wrong."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    try:
        signature.bind(*given, **named)
    except TypeError as error:
        code = getattr(function, "__code__", None) or getattr(
            getattr(function, "__init__", None), "__code__", None
        )
        sentence = (
            f"{what}{signature} cannot be called as the checker calls it, with {len(given)} "
            f"argument{'' if len(given) == 1 else 's'} ({error}). A layer has forward(x) and backward(dy), a loss "
            "forward(outputs, targets) and backward(); give every further argument, such as a learning rate, a default "
            "value, or make it an attribute."
        )
        where = f"{code.co_filename}, line {code.co_firstlineno}" if code else ""
        return UnusableError("wrong-arguments", sentence, where)
    return None


def required(function: Callable[..., Any]) -> int:
    """Count the arrays that a function must be given, flags such as `training` aside."""
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return sum(
        p.kind in kinds and p.default is inspect.Parameter.empty and p.name not in FLAGS for p in parameters
    )
