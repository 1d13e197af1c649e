"""Learning whom to ask: what labels brought in many small tasks with known answers, and a network that predicts it."""

from tinyal.strategies.learned.episodes import Lessons, play
from tinyal.strategies.learned.gain import GainModel
from tinyal.strategies.learned.state import FEATURES, State
from tinyal.strategies.learned.strategy import LearnedStrategy
from tinyal.strategies.learned.tasks import Episode, digits, mixture

__all__ = [
    "FEATURES",
    "Episode",
    "GainModel",
    "LearnedStrategy",
    "Lessons",
    "State",
    "digits",
    "mixture",
    "play",
]
