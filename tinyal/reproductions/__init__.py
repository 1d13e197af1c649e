"""Published experiments, done again here with one command each, and set beside what was published.

``tinyal reproduce NAME`` runs one; ``tinyal reproduce --list`` lists them. Each is a module of its own, which says what
differs from the paper.
"""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, cast

from tinyal.reproductions.report import Report

MODULES = {
    "gal2017": "gal2017",
    "batchbald2019": "batchbald2019",
    "low-budgets": "low_budgets",
    "few-labels": "few_labels",
}
NAMES = tuple(MODULES)
PROFILES = ("quick", "cpu", "full")
"""Under a minute, to see that it works; a few hours at most on two processor cores; as in the paper."""


class Reproduction(Protocol):
    """What a module of this package offers."""

    NAME: str
    TITLE: str

    def run(
        self, profile: str, out: Path, seeds: int | None, workers: int, progress: bool | None
    ) -> dict[str, Any]:
        """Do the experiment, or what is left of it in the folder `out`, and return its record: plain data."""

    def table(self, record: dict[str, Any]) -> Report:
        """Say in tables what was published and what came out, with intervals, and what differs."""

    def draw(self, record: dict[str, Any], path: Path) -> None:
        """Write a figure of the record."""


def get(name: str) -> Reproduction:
    """Return a reproduction by its name.

    Raises
    ------
    ValueError
        For a name that is none; it lists those there are.

    Examples
    --------
    >>> get("gal2017").TITLE
    'Gal, Islam & Ghahramani 2017: deep Bayesian active learning with image data'
    """
    if name not in MODULES:
        close = get_close_matches(name.lower(), NAMES, n=1)
        raise ValueError(
            f"there is no reproduction {name!r}.{f' Did you mean {close[0]!r}?' if close else ''} There are "
            f"{', '.join(NAMES)}"
        )
    return cast(Reproduction, import_module(f"{__name__}.{MODULES[name]}"))


def profile(name: str, known: dict[str, Any]) -> Any:
    """Return one of a reproduction's profiles.

    Raises
    ------
    ValueError
        For a name that is none of `PROFILES`.
    """
    if name not in known:
        raise ValueError(f"there is no profile {name!r}; there are {', '.join(known)}")
    return known[name]
