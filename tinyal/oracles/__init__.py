"""Who answers: an array that knows all labels, annotators who err, the model itself, a person at the terminal."""

from tinyal.oracles.annotators import Annotators
from tinyal.oracles.base import DEFER, OPEN, SKIP, ArrayOracle, NoLabel, Oracle, pass_on
from tinyal.oracles.dawid_skene import Consensus, dawid_skene
from tinyal.oracles.noisy import NoisyOracle
from tinyal.oracles.pseudo import PseudoLabels
from tinyal.oracles.terminal import TerminalOracle

__all__ = [
    "DEFER",
    "OPEN",
    "SKIP",
    "Annotators",
    "ArrayOracle",
    "Consensus",
    "NoLabel",
    "NoisyOracle",
    "Oracle",
    "PseudoLabels",
    "TerminalOracle",
    "dawid_skene",
    "pass_on",
]
