"""How questions are chosen while a person labels: a strategy, a share at random, and how the model is trained."""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_RESERVED = 0.2  # of all items; the strategy never sees them while there are others


@dataclass(frozen=True)
class Settings:
    """What a labelling project goes by.

    Parameters
    ----------
    strategy : str, optional
        By its name, as `tinyal.strategies.get` takes it. It chooses once there are some labels; the first questions
        are typical items.
    share : float, optional
        Of the questions that are drawn at random, from 0 to 1. Only by them the accuracy is estimated.
    layers : sequence of str, optional
        The network, a line of words a layer (see `tinyal.model_words`); by default what `make_model` says.
    steps : int, optional
        Batches in a training.
    candidates : int, optional
        Items that are scored in a round, drawn at random where there are more.
    seed : int, optional
        Of everything random, and of the network.

    Raises
    ------
    ValueError
        For a share that is none, or numbers below 1.
    """

    strategy: str = "margin"
    share: float = 0.1
    layers: Sequence[str] = ()
    steps: int = 300
    candidates: int = 5000
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"the share of random questions is from 0 to 1, not {self.share}")
        if self.candidates < 1 or self.steps < 1:
            raise ValueError(f"candidates and steps are at least 1, not {self.candidates} and {self.steps}")
