"""Ways to choose which examples are worth a label."""

from collections.abc import Callable
from difflib import get_close_matches

from tinyal.strategies.base import Pointwise, Select, Strategy, choose, top
from tinyal.strategies.pointwise import BALD, Entropy, LeastConfidence, Margin, Random
from tinyal.strategies.stochastic import Stochastic

__all__ = [
    "BALD",
    "NAMES",
    "Entropy",
    "LeastConfidence",
    "Margin",
    "Pointwise",
    "Random",
    "Select",
    "Stochastic",
    "Strategy",
    "choose",
    "get",
    "top",
]

_POINTWISE: dict[str, Callable[[int], Pointwise]] = {
    "least-confidence": lambda n_samples: LeastConfidence(),
    "margin": lambda n_samples: Margin(),
    "entropy": lambda n_samples: Entropy(),
    "bald": BALD,
    "information-gain": BALD,
}
NAMES: tuple[str, ...] = ("random", *_POINTWISE, *(f"stochastic-{name}" for name in _POINTWISE))


def get(name: str, n_samples: int = 20) -> Strategy:
    """Return a strategy by its name, as the command line writes it.

    Parameters
    ----------
    name : str
        One of `NAMES`: ``"random"``, ``"margin"`` ..., or ``"stochastic-"`` before a pointwise one.
    n_samples : int, optional
        Posterior samples, for the strategies that take some.

    Raises
    ------
    ValueError
        For an unknown name; it lists the known ones and the nearest.

    Examples
    --------
    >>> get("stochastic-bald", n_samples=10).strategy.n_samples
    10
    """
    if name == "random":
        return Random()
    kind, _, base = name.rpartition("stochastic-")
    if base not in _POINTWISE or kind:
        close = get_close_matches(name, NAMES, n=1)
        raise ValueError(
            f"there is no strategy {name!r}.{f' Did you mean {close[0]!r}?' if close else ''} "
            f"Known: {', '.join(NAMES)}"
        )
    strategy = _POINTWISE[base](n_samples)
    return strategy if base == name else Stochastic(strategy)
