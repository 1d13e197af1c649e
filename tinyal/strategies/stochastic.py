"""Stochastic batches: draw a batch with probabilities that follow the scores instead of taking the top.

The rows with the highest scores are often alike: a model unsure about one slanted 4 is unsure about all of
them, and a batch of twenty says little more than one. Drawing keeps the preference and breaks the clumps.
"""

import numpy as np

from tinyal.strategies.base import Pointwise, Strategy, top
from tinyal.view import PoolView


class Stochastic(Strategy):
    """Draw n rows one after the other, each time with probability proportional to the score s.

    Drawing without replacement is the same as adding Gumbel noise G to ln s and taking the n largest (the
    Gumbel-top-k trick, Kool, van Hoof & Welling 2019); with BALD as score this is PowerBALD with exponent 1
    (Kirsch et al. 2023, "Stochastic Batch Acquisition"). Rows with score 0 come last.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, which must not be negative.

    Examples
    --------
    >>> from tinyal.strategies import Entropy
    >>> Stochastic(Entropy()).strategy.__class__.__name__
    'Entropy'
    """

    def __init__(self, strategy: Pointwise) -> None:
        if not isinstance(strategy, Pointwise):
            raise TypeError(
                f"Stochastic draws by the scores of a pointwise strategy, and {strategy!r} gives none"
            )
        self.strategy = strategy

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest ln s + G."""
        scores = self.strategy.scores(view).astype(np.float64)
        if (scores < 0).any():
            raise ValueError(
                f"{type(self.strategy).__name__} gave a score of {scores.min():g}, and no row can be drawn with a "
                "negative probability"
            )
        with np.errstate(divide="ignore"):  # ln 0 = −∞ puts rows of score 0 last, which is right
            return view.candidates[top(np.log(scores) + rng.gumbel(size=len(scores)), n, rng)]
