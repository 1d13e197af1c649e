"""Networks in words: "dense 128" is ``Dense(128)``, "adam 0.005" is ``Adam(0.005)``. Nothing is evaluated."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, TypeVar

from tinynn.adaptive import Adam, AdamW, RMSProp
from tinynn.layer_description import KNOWN
from tinynn.layers import Layer
from tinynn.optimizers import SGD, Optimizer
from tinynn.schedules import CosineDecay, OneCycle, Schedule

LAYERS: dict[str, type[Layer]] = {name.lower(): kind for name, kind in KNOWN.items() if name != "Residual"}
SHORT = {"conv": "conv2d", "maxpool": "maxpool2d", "averagepool": "averagepool2d"}
OPTIMIZERS: dict[str, type[Optimizer]] = {"sgd": SGD, "rmsprop": RMSProp, "adam": Adam, "adamw": AdamW}
SCHEDULES: dict[str, Callable[[float], Schedule]] = {"cosine": CosineDecay, "one-cycle": OneCycle}
Thing = TypeVar("Thing")


def make_layers(lines: Sequence[str], classes: int, place: str = "layers") -> list[Layer]:
    """Return layers from a line of words each: a name, then the constructor's arguments in order, or as name=value.

    Parameters
    ----------
    lines : sequence of str
        A last ``"dense"`` without a number has one output a class.
    classes : int
    place : str, optional
        What messages call the lines.

    Raises
    ------
    ValueError
        For a name that is no layer's, or arguments that its layer does not take.

    Examples
    --------
    >>> make_layers(["dense 128", "relu", "dropout 0.2", "dense"], classes=10)
    [Dense(128), ReLU(), Dropout(rate=0.2), Dense(10)]
    >>> make_layers(["reshape 8 8 1", "conv 16 3 padding=same", "maxpool 3", "flatten", "dense"], classes=10)[:3]
    [Reshape((8, 8, 1)), Conv2D(16, 3, padding='same'), MaxPool2D(size=3)]
    >>> make_layers(["dens 128"], classes=10)
    Traceback (most recent call last):
    ...
    ValueError: layers[0]: there is no 'dens'. Did you mean 'dense'? ...
    """
    layers = []
    for i, line in enumerate(lines):
        last = i == len(lines) - 1
        words = f"dense {classes}" if last and line.strip().lower() == "dense" else line
        layers.append(_make(words, LAYERS, f"{place}[{i}]"))
    return layers


def make_optimizer(words: str, place: str = "optimizer") -> Optimizer:
    """Return an optimiser from words such as ``"sgd 0.1 momentum=0.9"``; a last word may say how the rate changes.

    Examples
    --------
    >>> make_optimizer("adam 0.005")
    Adam(learning_rate=0.005)
    >>> make_optimizer("adam 0.005 cosine")  # from 0.005 down to 0
    Adam(learning_rate=CosineDecay(0.005))
    """
    *others, last = words.split() or [""]
    if not others or last.lower() not in SCHEDULES:
        return _make(words, OPTIMIZERS, place)
    config = _make(" ".join(others), OPTIMIZERS, place).config()
    config["learning_rate"] = SCHEDULES[last.lower()](config["learning_rate"])
    return OPTIMIZERS[others[0].lower()](**config)


def _make(text: str, known: Mapping[str, type[Thing]], place: str) -> Thing:
    """Call the constructor that a line of words names with the rest of the words."""
    first, *words = text.split() or [""]
    name = SHORT.get(first.lower(), first.lower())
    if name not in known:
        close = get_close_matches(name, known, n=1, cutoff=0.5)
        raise ValueError(
            f"{place}: there is no {first!r}.{f' Did you mean {close[0]!r}?' if close else ''} "
            f"There are {', '.join(known)}"
        )
    kind = known[name]
    values: list[Any] = [_value(word) for word in words if "=" not in word]
    if list(inspect.signature(kind).parameters) == ["shape"]:  # the numbers are one argument together
        values = [tuple(values)]
    named = {key: _value(value) for key, _, value in (word.partition("=") for word in words if "=" in word)}
    try:
        inspect.signature(kind).bind(*values, **named)
        return kind(*values, **named)
    except (TypeError, ValueError) as error:
        takes = " ".join(str(parameter) for parameter in inspect.signature(kind).parameters) or "nothing"
        raise ValueError(f"{place}: {text!r} is no {kind.__name__}, which takes {takes}: {error}") from None


def _value(word: str) -> Any:
    """Return a whole number, a number, or the word itself."""
    for convert in (int, float):
        try:
            return convert(word)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(word.lower(), word)
