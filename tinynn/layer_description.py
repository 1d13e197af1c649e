"""Layers as plain data, and back: names of tinynn's own classes with their constructors' arguments."""

import types
from collections.abc import Sequence
from typing import Any, Union, get_args, get_origin, get_type_hints

from tinynn import layers as own
from tinynn.layers.base import Layer

KNOWN: dict[str, type[Layer]] = {name: getattr(own, name) for name in own.__all__ if name != "Layer"}
DEEPEST = 32  # blocks within blocks
LARGEST_NUMBER = 2**31  # in a layer's settings


def describe(layers: Sequence[Layer]) -> list[dict[str, Any]]:
    """Return class names and settings, chains included.

    Raises
    ------
    TypeError
        For a layer that is not tinynn's own.

    Examples
    --------
    >>> import tinynn as nn
    >>> describe([nn.Residual([nn.Dense(2)])])
    [{'Residual': {'layers': [{'Dense': {'units': 2, 'initializer': 'he'}}]}}]
    """
    described = []
    for layer in layers:
        name = type(layer).__name__
        if KNOWN.get(name) is not type(layer):
            raise TypeError(
                f"only tinynn's own layers can be saved, and {name} is not one: a file that runs nothing cannot hold "
                'its code. Keep the numbers, np.save("parameters.npy", nn.to_numpy(net.parameters)) and the same for '
                "net.state, build the network again, and put them back: net.parameters[...] = nn.asarray(numbers)"
            )
        config = layer.config()
        described.append({name: config | ({"layers": describe(layer.chain)} if "layers" in config else {})})
    return described


def make_layers(described: Any, depth: int = 0) -> list[Layer]:
    """Make layers from what `describe` returned and a stranger may have changed.

    Raises
    ------
    ValueError
        For anything but tinynn's own layers with settings of the right types.

    Examples
    --------
    >>> make_layers([{"Dense": {"units": 2}}])
    [Dense(2)]
    >>> make_layers([{"os.system": {"command": "true"}}])
    Traceback (most recent call last):
    ...
    ValueError: layer 0 is 'os.system', which this tinynn does not have
    """
    if depth > DEEPEST:
        raise ValueError(f"its layers are more than {DEEPEST} deep in each other")
    if not isinstance(described, list) or not described:
        raise ValueError("its layers must be a list of at least one")
    return [_make(i, layer, depth) for i, layer in enumerate(described)]


def _make(i: int, described: Any, depth: int) -> Layer:
    if not isinstance(described, dict) or len(described) != 1:
        raise ValueError(f"layer {i} must be one name with its settings")
    ((name, config),) = described.items()
    if name not in KNOWN:
        raise ValueError(f"layer {i} is {name!r}, which this tinynn does not have")
    kind = KNOWN[name]
    hints = {} if kind.__init__ is object.__init__ else get_type_hints(kind.__init__)
    hints.pop("return", None)
    if not isinstance(config, dict) or not config.keys() <= hints.keys():
        raise ValueError(f"layer {i}, {name}, must have settings named {', '.join(hints) or 'nothing'}")
    settings = {}
    for key, value in config.items():
        if key == "layers":
            settings[key] = make_layers(value, depth + 1)
            continue
        settings[key] = _as_tuples(value)
        if not _fits(settings[key], hints[key]):
            raise ValueError(f"layer {i}, {name}, cannot have {key} = {value!r}")
    return kind(**settings)


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list) else value


def _fits(value: Any, hint: Any) -> bool:
    """Whether plain data is what a type annotation says; for Any, whether it is numbers, names or tuples of them."""
    if hint is Any:
        return _fits(value, int | float | str | None) or (
            isinstance(value, tuple) and all(_fits(part, Any) for part in value)
        )
    if get_origin(hint) in (Union, types.UnionType):
        return any(_fits(value, part) for part in get_args(hint))
    if get_origin(hint) is tuple:
        parts = get_args(hint)
        return isinstance(value, tuple) and len(value) == len(parts) and all(map(_fits, value, parts))
    if get_origin(hint) is Sequence:
        return isinstance(value, tuple) and all(_fits(part, get_args(hint)[0]) for part in value)
    if hint is float:
        return type(value) in (int, float) and 0 <= value < LARGEST_NUMBER
    if hint is int:
        return type(value) is int and 0 <= value < LARGEST_NUMBER  # True is an int, and no number
    return type(value) is hint
