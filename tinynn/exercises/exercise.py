"""What an exercise is made of: parts to write, what each should give, and the wrong answers that people often give."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tinynn.gradient_report import GradientReport

Trial = dict[str, Any]
"""What a part is tried with: arguments by name, in their order."""

Outputs = dict[str, Any]
"""What came out, by name: the numbers that are compared."""


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that is known: who gives exactly these numbers has made it.

    Attributes
    ----------
    code : str
        Short and stable, in kebab-case.
    sentence : str
        What is wrong.
    look : str
        Where to look.
    gives : callable
        From a trial's arguments to what the mistake gives: the value of one output, or a dict of several.
    of : str
        Which output; may be left out where there is one, or where `gives` names them.
    """

    code: str
    sentence: str
    look: str
    gives: Callable[..., Any]
    of: str = ""


@dataclass(frozen=True)
class Part:
    """A function or method to write.

    Attributes
    ----------
    name : str
        ``"function"`` or ``"Class.method"``.
    formula : str
        What it computes, in a line.
    ask : callable
        From the learner's function or class and a trial's arguments to the learner's outputs.
    right : callable
        From a trial's arguments to the right outputs.
    trials : callable
        From a random generator to the trials.
    hints : three strings
        The first turns to the idea, the last says nearly the code.
    mistakes : tuple of Mistake
    after : str
        The part that must be right first, because this one uses what it keeps.
    gradients : callable, optional
        From the learner's class to a gradient check, which knows mistakes of layers and losses on its own.
    """

    name: str
    formula: str
    ask: Callable[..., Outputs]
    right: Callable[..., Outputs]
    trials: Callable[[np.random.Generator], list[Trial]]
    hints: tuple[str, str, str]
    mistakes: tuple[Mistake, ...] = ()
    after: str = ""
    gradients: "Callable[[Any], GradientReport] | None" = None


@dataclass(frozen=True)
class Exercise:
    """Parts that belong together.

    Attributes
    ----------
    title : str
    parts : tuple of Part
    compare : str
        The file of this project that does the same, to be read afterwards.
    """

    title: str
    parts: tuple[Part, ...]
    compare: str
