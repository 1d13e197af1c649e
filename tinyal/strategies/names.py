"""Strategies by name, as the command line and configuration files write them."""

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import partial
from numbers import Integral, Real
from types import NoneType
from typing import Any, get_args, get_type_hints

from tinyal.strategies.badge import BADGE
from tinyal.strategies.base import Strategy
from tinyal.strategies.batchbald import BatchBALD
from tinyal.strategies.clustering import ClusterMargin
from tinyal.strategies.combinators import Mixture, Schedule
from tinyal.strategies.committee import ConsensusKL, VoteEntropy
from tinyal.strategies.density import DensityWeighted
from tinyal.strategies.diverse import Diverse
from tinyal.strategies.diversity import FacilityLocation, KCenter
from tinyal.strategies.graph import GraphCenters
from tinyal.strategies.learned import LearnedStrategy
from tinyal.strategies.look_ahead import ExpectedErrorReduction, ExpectedModelOutputChange
from tinyal.strategies.model_change import ExpectedGradientLength
from tinyal.strategies.near_duplicates import WithoutNearDuplicates
from tinyal.strategies.pointwise import (
    BALD,
    Entropy,
    LeastConfidence,
    Margin,
    MeanStd,
    Random,
    VariationRatio,
)
from tinyal.strategies.stochastic import Boltzmann, Power, Rank, Stochastic
from tinyal.strategies.typiclust import TypiClust

POINTWISE: dict[str, Callable[..., Strategy]] = {
    "least-confidence": LeastConfidence,
    "margin": Margin,
    "entropy": Entropy,
    "variation-ratio": VariationRatio,
    "bald": BALD,
    "information-gain": BALD,
    "mean-std": MeanStd,
    "vote-entropy": VoteEntropy,
    "consensus-kl": ConsensusKL,
    "expected-gradient-length": ExpectedGradientLength,
}
BATCHES: dict[str, Callable[..., Strategy]] = {
    "batchbald": BatchBALD,
    "badge": BADGE,
    "k-center": KCenter,
    "facility-location": FacilityLocation,
    "cluster-margin": ClusterMargin,
    "typiclust": TypiClust,
    "graph-centers": GraphCenters,
    "learned": LearnedStrategy,
}
LOOK_AHEAD: dict[str, Callable[..., Strategy]] = {
    # Both train a network for each class of each row they look at: rows of small margin are worth that.
    "expected-error-reduction": partial(ExpectedErrorReduction, shortlist=Margin()),
    "expected-model-output-change": partial(ExpectedModelOutputChange, shortlist=Margin()),
}
AROUND: dict[str, Callable[..., Strategy]] = {
    "stochastic": Stochastic,
    "power": Power,
    "boltzmann": Boltzmann,
    "rank": Rank,
    "density": DensityWeighted,
    "diverse": Diverse,
}
"""What stands before the name of a pointwise one, as in ``stochastic-bald``."""
NEEDING: dict[str, Callable[..., Strategy]] = {
    "mixture": Mixture,
    "without-near-duplicates": WithoutNearDuplicates,
    "schedule": Schedule,
}
"""What needs to be told more than a name."""

INNER = ("strategy", "other", "shortlist", "strategies")  # settings that are strategies

NAMES: tuple[str, ...] = (
    "random",
    *POINTWISE,
    *(f"stochastic-{name}" for name in POINTWISE),
    *(f"{kind}-margin" for kind in ("rank", "density", "diverse")),
    *BATCHES,
    *LOOK_AHEAD,
)
"""Names that need no settings; ``power-``, ``boltzmann-``, ``rank-``, ``density-`` and ``diverse-`` go before any
pointwise one."""


def get(name: str, n_samples: int | None = None, **settings: Any) -> Strategy:
    """Return a strategy by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`, or ``"power-"``, ``"boltzmann-"``, ``"rank-"``, ``"density-"``, ``"diverse-"`` before a
        pointwise one.
    n_samples : int, optional
        Posterior samples, for the strategies that take some; by default each one's own number.
    **settings
        Arguments of the strategy's class, by their names; another strategy among them may be a name, too, or a
        mapping with ``strategy`` and its settings. ``of`` is the strategy that another one is put around.

    Raises
    ------
    ValueError
        For an unknown name; it lists the known ones and the nearest. For settings that the strategy does not have, or
        of another kind than its annotations say.

    Examples
    --------
    >>> get("stochastic-bald", n_samples=10)
    Stochastic(BALD(n_samples=10))
    >>> get("boltzmann-entropy", beta=4)
    Boltzmann(Entropy(), beta=4)
    >>> get("mixture", of="margin", share=0.2)
    Mixture(Margin(), share=0.2)
    """
    kind, _, base = name.partition("-")
    known = {"random": Random, **POINTWISE, **BATCHES, **LOOK_AHEAD, **NEEDING}
    if name in known:
        make = known[name]
    elif kind in AROUND and base in POINTWISE:
        make = AROUND[kind]
        inner = {key: settings.pop(key) for key in list(settings) if key not in _parameters(make)}
        settings["strategy"] = get(base, n_samples, **inner)
    else:
        close = get_close_matches(name.lower(), [*NAMES, *NEEDING], n=1)
        raise ValueError(
            f"there is no strategy {name!r}.{f' Did you mean {close[0]!r}?' if close else ''} "
            f"Known: {', '.join(NAMES)}; with settings: {', '.join(NEEDING)}"
        )
    if n_samples is not None and "n_samples" in _parameters(make):
        settings["n_samples"] = n_samples
    if "of" in settings:
        settings["strategy"] = settings.pop("of")
    if unknown := settings.keys() - _parameters(make):
        takes = ", ".join(sorted(_parameters(make))) or "no settings"
        raise ValueError(f"{name} has no setting {', '.join(sorted(unknown))}; it takes {takes}")
    _check_kinds(name, make, settings)
    made = {key: _strategy(value, n_samples) if key in INNER else value for key, value in settings.items()}
    missing = [
        key
        for key, parameter in inspect.signature(make).parameters.items()
        if parameter.default is parameter.empty and key not in made
    ]
    if missing:
        raise ValueError(f"{name} needs {', '.join('of' if key == 'strategy' else key for key in missing)}")
    return make(**made)


def _parameters(make: Callable[..., Strategy]) -> set[str]:
    return set(inspect.signature(make).parameters)


def _check_kinds(name: str, make: Callable[..., Strategy], settings: Mapping[str, Any]) -> None:
    """Raise a ValueError for a setting that is not what the strategy's constructor says it takes.

    A share in quotes or half a sample would otherwise be an error in the middle of a run, or none at all.
    """
    hints = get_type_hints(getattr(make, "func", make).__init__)
    for key, value in settings.items():
        kinds = set(get_args(hints[key])) or {hints[key]}  # of X | Y and Literal their parts
        words = [value for value in kinds if isinstance(value, str)]
        if words:
            wanted, fits = " or ".join(f'"{word}"' for word in sorted(words)), value in words
        elif kinds <= {int, NoneType}:
            wanted, fits = "a whole number", isinstance(value, Integral) and not isinstance(value, bool)
        elif kinds <= {float, NoneType}:
            wanted, fits = "a number", isinstance(value, Real) and not isinstance(value, bool)
        elif kinds == {bool}:
            wanted, fits = "true or false", isinstance(value, bool)
        elif kinds == {str}:
            wanted, fits = "text, in quotes", isinstance(value, str)
        else:  # another strategy
            continue
        if not fits and not (value is None and NoneType in kinds):
            raise ValueError(f"{name}.{key} must be {wanted}, not {value!r}")


def _strategy(value: Any, n_samples: int | None) -> Any:
    """Make what is written in words, a name or a table, a strategy; leave all else as it is."""
    if isinstance(value, str):
        return get(value, n_samples)
    if isinstance(value, Mapping) and "strategy" in value:
        rest = {key: entry for key, entry in value.items() if key != "strategy"}
        return get(str(value["strategy"]), **{"n_samples": n_samples, **rest})
    if isinstance(value, Mapping):  # a schedule: from how many labels on
        return {_number(key): _strategy(entry, n_samples) for key, entry in value.items()}
    return value


def _number(key: Any) -> int:
    if not str(key).isdecimal():
        raise ValueError(f"{key!r} is not a number of labels, from which on a strategy is asked")
    return int(key)
