"""A comparison in a short file, TOML or Python: data, model, budget, strategies; read, checked, and made into objects.

This is a whole one::

    strategies = ["random", "margin", "stochastic-bald"]
    seeds = 5

    [data]
    name = "mnist"

    [model]
    layers = ["dense 128", "relu", "dropout 0.5", "dense"]
    steps = 150
    optimizer = "adam 0.005"

    [budget]
    initial = 20
    batch = "10 to 100, then 50"
    total = 300

A Python file defines the same names; there they may be objects, too: a model of scikit-learn's, arrays, functions.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyal import strategies
from tinyal.budget import Batch, parse_batch, rounds
from tinyal.settings import NAMES, SHARE, TEXT, WHOLE, Kind, checked, either, one_of
from tinyal.setups import Setup, make_setups
from tinyal.simulation import FIRST
from tinyal.user_file import import_file

_TABLE = Kind("a table of settings", lambda value: isinstance(value, Mapping))
_OBJECT = Kind("in Python, such an object", lambda value: not isinstance(value, str | int | float | list))
_SEEDS = Kind(
    "a list of seeds, whole numbers of at least 0, all different",
    lambda value: (
        isinstance(value, list)
        and all(type(seed) is int and seed >= 0 for seed in value)
        and 0 < len(value) == len(set(value))
    ),
)
TOP = {
    "strategies": either(NAMES, _TABLE),
    "seeds": either(WHOLE, _SEEDS),
    "candidates": WHOLE,
    "reference": TEXT,
    "data": either(_TABLE, _OBJECT),
    "model": either(_TABLE, _OBJECT),
    "budget": _TABLE,
}
BUDGET = {
    "initial": WHOLE,
    "total": WHOLE,
    "batch": either(
        WHOLE,
        TEXT,
        Kind("in Python, a list of (until, batch) or a function", lambda v: not isinstance(v, float)),
    ),
    "validation": either(WHOLE, SHARE),
    "first": one_of(*FIRST),
}


@dataclass(frozen=True)
class Budget:
    """How labels are spent; see `tinyal.compare`."""

    initial: int
    total: int
    batch: Batch
    validation: int | float | None = None
    first: str = "random"


@dataclass(frozen=True)
class Configuration:
    """What a file says.

    Attributes
    ----------
    strategies : dict of name to strategy
    setups : list of Setup
        Every data set with every model.
    budget : Budget
    seeds : list of int
    candidates : int or None
    reference : str
        The strategy that others are measured against.
    settings : dict
        What the file says, as plain data for the record.
    """

    strategies: dict[str, Any]
    setups: list[Setup]
    budget: Budget
    seeds: list[int]
    candidates: int | None
    reference: str
    settings: dict[str, Any]


def read(path: str | Path) -> Configuration:
    """Read a comparison from a file.

    Raises
    ------
    ValueError
        For a file that is not understood: it names the setting, what it may be, and what it is.
    OSError
        For a file that cannot be read.
    """
    path = Path(path)
    if path.suffix == ".py":
        module = vars(import_file(path))
        written = {name: module[name] for name in TOP if name in module}
    elif path.suffix == ".toml":
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        except ValueError as error:  # of TOML's grammar, or no text at all
            raise ValueError(f"{path}: {error}") from None
    else:
        raise ValueError(f"a comparison is a .toml or a .py file, not {path}")
    try:
        return configure(written, path.parent)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{path}: {error}") from None


def configure(written: Mapping[str, Any], folder: Path) -> Configuration:
    """Make objects of settings; files that they name are looked for in a folder."""
    top = checked(written, "", TOP, required=("strategies", "data", "model", "budget"))
    budget = _budget(top["budget"])
    chosen = _strategies(top["strategies"])
    reference = top.get("reference", "random" if "random" in chosen else next(iter(chosen)))
    if reference not in chosen:
        raise ValueError(f"reference {reference!r} is none of the strategies: {', '.join(chosen)}")
    seeds = top.get("seeds", 5)
    return Configuration(
        chosen,
        make_setups(top["data"], top["model"], budget.validation, folder),
        budget,
        list(range(seeds)) if isinstance(seeds, int) else seeds,
        top.get("candidates"),
        reference,
        {name: _plain(value) for name, value in top.items()},
    )


def make_strategy(name: str, settings: Mapping[str, Any], place: str) -> Any:
    """Return a strategy by its name, with settings; every strategy of a file is made here."""
    try:
        return strategies.get(name, **settings)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{place}: {error}") from None


def _strategies(written: Any) -> dict[str, Any]:
    if isinstance(written, list):
        if len(set(written)) < len(written):
            raise ValueError(f"strategies names one twice: {', '.join(written)}")
        return {name: make_strategy(name, {}, "strategies") for name in written}
    made = {}
    for name, value in written.items():
        place = f"strategies.{name}"
        if isinstance(value, str):
            made[name] = make_strategy(value, {}, place)
        elif isinstance(value, Mapping):
            settings = dict(value)
            made[name] = make_strategy(str(settings.pop("strategy", name)), settings, place)
        elif callable(getattr(value, "select", value)) and not isinstance(value, type):
            made[name] = value
        else:
            raise ValueError(
                f'{place} must be a table such as {{strategy = "bald", n_samples = 50}}, not {value!r}'
            )
    if not made:
        raise ValueError("strategies is empty: there is nothing to compare")
    return made


def _budget(written: Any) -> Budget:
    table = checked(written, "budget", BUDGET, required=("total",))
    batch = table.get("batch", 10)
    try:
        budget = Budget(
            table.get("initial", 20),
            table["total"],
            parse_batch(batch) if isinstance(batch, str) else batch,
            table.get("validation"),
            table.get("first", "random"),
        )
        aside = budget.validation if isinstance(budget.validation, int) else 0
        spent = rounds(budget.initial, budget.total, budget.batch, aside)
    except ValueError as error:
        raise ValueError(f"budget: {error}") from None
    if len(spent) == 1:
        raise ValueError(
            f"budget: total = {budget.total} leaves nothing to choose after the first {spent[0]} labels"
        )
    return budget


def _plain(value: Any) -> Any:
    """Return a setting as JSON can hold it; objects as they print themselves, arrays by their shapes."""
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, str | int | float):
        return value
    if hasattr(value, "shape"):
        return f"array {value.shape}"
    return getattr(value, "__qualname__", None) or repr(value)
