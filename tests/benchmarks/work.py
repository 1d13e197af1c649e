"""What is measured: a work is a task that several peers carry out, each in a process of its own."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias


class MissingError(Exception):
    """A peer cannot take part here, and the message says why."""


@dataclass(frozen=True)
class Setting:
    """How a peer is to work.

    Attributes
    ----------
    scratch : Path
        A folder that all processes of one run share.
    threads : int
        How many cores every peer may use.
    quick : bool
        Less data and one repeat: to see that everything runs, not to quote.
    """

    scratch: Path
    threads: int = 2
    quick: bool = False

    def part(self, full: int, quick: int) -> int:
        """Return a number of rows, fewer in a quick run."""
        return quick if self.quick else full


@dataclass(frozen=True)
class Prepared:
    """A peer that is ready: data are loaded, networks built.

    Attributes
    ----------
    run : function
        What is timed. It is called once before, to warm up.
    check : function
        From the last result of `run` numbers that show that the work was done: accuracy, checksum, rows chosen.
    per : int
        How many units (steps, say) one run does; its time is divided by that.
    products : function, optional
        The matrix products of one run and nothing else, on arrays of the same shapes: no NumPy program is faster.
    """

    run: Callable[[], Any]
    check: Callable[[Any], dict[str, Any]]
    per: int = 1
    products: Callable[[], Any] | None = None


Peer: TypeAlias = Callable[[Setting], Prepared]


@dataclass(frozen=True)
class Work:
    """One task and who carries it out; the peer ``ours`` is the one that all others are compared with.

    Attributes
    ----------
    agreement : dict
        By how much each number of `check` may differ from ours. Lists must be the same but for this share.
    repeats : int
        How often a process measures in one round.
    each : str
        What a time stands for: an epoch, a step.
    extra : bool
        Whether it runs only with ``--full``.
    """

    name: str
    about: str
    peers: dict[str, Peer]
    agreement: dict[str, float] = field(default_factory=dict)
    repeats: int = 3
    each: str = "run"
    extra: bool = False
