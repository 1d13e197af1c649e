"""Stochastic batches: draw a batch with probabilities that follow the scores instead of taking the top.

The rows with the highest scores are often alike: a model unsure about one slanted 4 is unsure about all of
them, and a batch of twenty says little more than one. Drawing keeps the preference and breaks the clumps.
"""

import math
import warnings

import numpy as np

from tinyal.strategies.base import Pointwise, Strategy, top
from tinyal.view import PoolView

SAME = 0.9  # of the rows of a batch: where so many are as they would be without a beta, it has no effect


class BetaWarning(UserWarning):
    """A beta with which a batch is in effect drawn blindly, or in effect the top n.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies import LeastConfidence
    >>> p = np.linspace(0.5, 1.0, 100)
    >>> view = known_view(np.stack([p, 1 - p], axis=1))
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always", BetaWarning)
    ...     chosen = Boltzmann(LeastConfidence(), beta=0.01).select(view, 10, np.random.default_rng(0))
    >>> print(caught[0].message)
    Boltzmann with beta=0.01 chooses nearly at random: nine rows in ten need no look at the scores. Raise beta
    """


class Stochastic(Strategy):
    """Draw n rows one after the other, each time with probability proportional to the score s.

    Drawing without replacement is the same as adding Gumbel noise G to ln s and taking the n largest (the
    Gumbel-top-k trick, Kool, van Hoof & Welling 2019); with BALD as score this is PowerBALD with exponent 1
    (Kirsch et al. 2023, "Stochastic Batch Acquisition"). Rows with score 0 come last. Besides the scores it costs
    one random number and one logarithm a candidate. A subclass draws by other weights: it defines `log_weights`.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, which must not be negative.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies import LeastConfidence
    >>> view, strategy = known_view([[1.0, 0.0], [0.9, 0.1], [0.7, 0.3]]), Stochastic(LeastConfidence())
    >>> strategy.parts(view)["probability of the first draw"].round(4).tolist()  # scores 0, 0.1 and 0.3
    [0.0, 0.25, 0.75]
    >>> first = [strategy.select(view, 1, np.random.default_rng(seed)).item() for seed in range(100)]
    >>> [first.count(row) for row in range(3)]
    [0, 21, 79]
    """

    def __init__(self, strategy: Pointwise) -> None:
        if not isinstance(strategy, Pointwise):
            raise TypeError(
                f"{type(self).__name__} draws by the scores of a pointwise strategy, and {strategy!r} gives none"
            )
        self.strategy = strategy

    def log_weights(self, scores: np.ndarray) -> np.ndarray:
        """Return the logarithm of what a draw is proportional to, (n,): here ln s.

        Raises
        ------
        ValueError
            For a negative score.
        """
        if (scores < 0).any():
            raise ValueError(
                f"{type(self.strategy).__name__} gave a score of {scores.min():g}, and no row can be drawn with a "
                "negative probability; Boltzmann and Rank take scores of either sign"
            )
        with np.errstate(divide="ignore"):  # ln 0 = −∞ puts rows of score 0 last, which is right
            return np.log(scores)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest ln w + G, (n,), where w are the weights."""
        return view.candidates[draw(self._weigh(self.strategy.scores(view)), n, rng)]

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the scores are made of, and the probability with which each row is drawn first."""
        parts = self.strategy.parts(view)
        scores = parts["score"] if "score" in parts else self.strategy.scores(view)
        return {**parts, "probability of the first draw": shares(self._weigh(scores))}

    def _weigh(self, scores: np.ndarray) -> np.ndarray:
        log_weights = self.log_weights(scores)
        if (infinite := np.isposinf(log_weights)).any():
            raise ValueError(
                f"{type(self.strategy).__name__} gave scores too large to draw by: {int(infinite.sum())} rows would "
                "have infinite weight, and hide each other's order. Rank draws by the order alone and takes them"
            )
        return log_weights


class Tempered(Stochastic):
    """A stochastic batch with an inverse temperature: how closely the draws follow the scores.

    From beta = 0, any row as likely as any other, to ∞, the n largest scores as `strategy` alone takes them. Which
    beta is near which end depends on the scores; where it is so near that it has no effect, `select` says so with
    a `BetaWarning`, see `effect`.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores.
    beta : float, optional
        1 / temperature, above 0. A negative one would ask first for what the model knows best.
    """

    def __init__(self, strategy: Pointwise, beta: float = 1.0) -> None:
        super().__init__(strategy)
        if not 0 < beta < math.inf:
            raise ValueError(
                f"beta must be above 0 and finite, not {beta}: the larger, the more the highest scores are preferred. "
                "For 0 take Random, for infinity the pointwise strategy itself"
            )
        self.beta = beta

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest ln w + G, where w are the weights, and warn where beta has no effect."""
        log_weights = self._weigh(self.strategy.scores(view))
        if found := effect(log_weights, n):
            message = {
                "random": "chooses nearly at random: nine rows in ten need no look at the scores. Raise beta",
                "top": f"chooses nearly the {n} highest scores: nine rows in ten are the same. Lower beta",
            }[found]
            warnings.warn(
                f"{type(self).__name__} with beta={self.beta:g} {message}", BetaWarning, stacklevel=2
            )
        return view.candidates[draw(log_weights, n, rng)]


class Power(Tempered):
    """Draw with probability proportional to s^beta: "power acquisition" (Kirsch et al. 2023).

    The ratio of two scores decides, not their unit. With beta = 1 it draws the same rows as `Stochastic`.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, which must not be negative. Rows with score 0 come last.
    beta : float, optional
        The exponent, above 0.

    Examples
    --------
    >>> from tinyal.strategies import Entropy
    >>> shares(Power(Entropy(), beta=2).log_weights(np.array([1.0, 2.0, 3.0]))).round(4)  # 1/14, 4/14, 9/14
    array([0.0714, 0.2857, 0.6429])
    """

    def log_weights(self, scores: np.ndarray) -> np.ndarray:
        """beta · ln s, (n,)."""
        return self.beta * super().log_weights(scores)


class Boltzmann(Tempered):
    """Draw with probability proportional to exp(beta · s), the Boltzmann distribution at temperature T = 1 / beta.

    "Softmax acquisition" in Kirsch et al. (2023). Differences of scores decide, so beta has the unit of
    1 / score: entropies, up to ln 10 = 2.3 nats for ten classes, and standard deviations of probabilities, below
    0.2, need different ones. The sign matters: physics writes exp(−E / T), since low energies are likely; a copied
    minus asks for what the model is surest of.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, of either sign.
    beta : float, optional
        1 / temperature, above 0: hot (a small beta) is nearly random, cold (a large one) is nearly the top n.

    Examples
    --------
    >>> from tinyal.strategies import Entropy
    >>> shares(Boltzmann(Entropy(), beta=2).log_weights(np.array([1.0, 2.0, 3.0]))).round(4)
    array([0.0159, 0.1173, 0.8668])
    """

    def log_weights(self, scores: np.ndarray) -> np.ndarray:
        """beta · s, (n,)."""
        with np.errstate(over="ignore"):  # what overflows is refused as infinite
            return self.beta * scores


class Rank(Tempered):
    """Draw with probability proportional to rank^−beta, the best row having rank 1.

    "Softrank acquisition" in Kirsch et al. (2023). Only the order of the scores decides, so one beta
    suits all scores, and infinite ones have a place. Rows that tie share the mean of their ranks. Costs a sort.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, of either sign.
    beta : float, optional
        The exponent, above 0.

    Examples
    --------
    >>> from tinyal.strategies import Entropy
    >>> ranked = Rank(Entropy()).log_weights(np.array([0.3, 0.7, 0.3, 0.1]))
    >>> np.exp(-ranked).round(6)
    array([2.5, 1. , 2.5, 4. ])
    """

    def log_weights(self, scores: np.ndarray) -> np.ndarray:
        """−beta · ln rank, (n,)."""
        _, place, ties = np.unique(-scores, return_inverse=True, return_counts=True)
        rank = np.cumsum(ties) - (ties - 1) / 2
        return -self.beta * np.log(rank)[place]


def draw(log_weights: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw n different positions one after the other, each in proportion to its weight among those left."""
    return top(log_weights + rng.gumbel(size=len(log_weights)), n, rng)


def shares(log_weights: np.ndarray) -> np.ndarray:
    """Return the probabilities of the first draw, (n,): weights divided by their sum, all alike where all are zero."""
    highest = log_weights.max()
    weights = np.exp(log_weights - highest) if highest > -math.inf else np.ones(len(log_weights))
    return weights / weights.sum()


def effect(log_weights: np.ndarray, n: int) -> str | None:
    """Say which simpler choice a draw of n rows comes to: ``"random"``, ``"top"``, or neither, None.

    - Random: with q the shares of N rows, Σ min(q, 1/N) of all draws can be had from a draw that looks at nothing (one
      minus the total variation distance). It is called random from 0.9 on.
    - Top: rows arrive as if each had a clock of its own that rings at the rate of its weight w, and the first n are the
      batch. At the time t = ln(2 / ε), with ε = 0.1 (1 − n/N) and the n-th largest weight as unit, all but ε n / 2 of
      the n best have arrived. If of the others Σ (1 − exp(−t w)) ≤ ε n / 2 have, ε n at most are expected to differ
      from the top n, a tenth of what differs by pure chance. The effective number of rows, exp(entropy of q), could
      not tell: one row that takes nearly all of q leaves the other places of a batch open.

    Where no beta would change the draw, because all weights are alike or no more than n are above zero, it is neither.
    Costs a partition and two exponentials a row.

    Examples
    --------
    >>> scores = np.arange(1000) / 1000
    >>> [effect(beta * scores, n=20) for beta in (0.1, 10, 10000)]
    ['random', None, 'top']
    """
    drawable = log_weights[log_weights > -math.inf]
    N = len(drawable)
    if n >= N or drawable.min() == drawable.max():
        return None
    if np.minimum(shares(log_weights), 1 / len(log_weights)).sum() >= SAME:
        return "random"
    ordered = np.partition(drawable, N - n)
    weights_of_others = np.exp(ordered[: N - n] - ordered[N - n])
    epsilon = (1 - SAME) * (1 - n / N)
    arrived = -np.expm1(-math.log(2 / epsilon) * weights_of_others).sum()
    return "top" if arrived <= epsilon * n / 2 else None
