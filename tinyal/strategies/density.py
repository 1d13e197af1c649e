"""Density weighting: doubt counts for more where there are many rows alike."""

import numpy as np

from tinyal.strategies.base import Pointwise, Strategy, top
from tinyal.strategies.space import Space, check, features
from tinyal.view import PoolView


class DensityWeighted(Strategy):
    """Ask for the n largest s(x)·ρ(x)^β: the score of a strategy times how much a row is like the others.

    Information density (Settles & Craven 2008, section 3.3): ρ(x) = 1/n Σᵢ cos(x, xᵢ) over the n candidates.
    Outliers, of which models are unsure and which teach nothing about other rows, get smaller scores. Since
    Σᵢ u·uᵢ = u·Σᵢ uᵢ for vectors u = x/‖x‖ of length 1, all n densities are exact in time n·d, without n² cosines;
    memory n and a chunk of features.

    A row that points away from most others, with a mean cosine below zero, has density 0, and so has a row of zeros.

    Parameters
    ----------
    strategy : Pointwise
        Gives the scores, which must not be negative.
    beta : float, optional
        How much density counts: 0 not at all.
    space : "embed" or "x", optional
        Cosines between the model's features of rows (of a model that has `embed`), or between the rows.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies import Entropy
    >>> view = known_view([[0.9, 0.1], [0.5, 0.5], [0.5, 0.5]], features=[[1.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    >>> strategy = DensityWeighted(Entropy())
    >>> strategy.density(view).round(4).tolist()  # (1 + 1 + 0) / 3 for two that point the same way
    [0.6667, 0.6667, 0.3333]
    >>> strategy.select(view, 1, np.random.default_rng(0)).tolist()  # of two that are undecided the one with company
    [1]
    """

    def __init__(self, strategy: Pointwise, beta: float = 1.0, space: Space = "embed") -> None:
        check(space, None)
        if not isinstance(strategy, Pointwise):
            raise TypeError(
                f"DensityWeighted weighs the scores of a pointwise strategy, and {strategy!r} gives none"
            )
        if not beta >= 0:
            raise ValueError(f"beta must be at least 0, not {beta}: with less, outliers would come first")
        self.strategy = strategy
        self.beta = beta
        self.space = space

    def density(self, view: PoolView) -> np.ndarray:
        """Return the mean cosine of each candidate with all candidates, (n,), none below 0."""
        total = np.sum([_unit(features(chunk, self.space)).sum(axis=0) for chunk in view.chunks()], axis=0)
        # Not as a matrix product: its last digits go by a row's place, and equal rows would not tie.
        means = [
            np.einsum("id,d->i", _unit(features(chunk, self.space)), total / len(view))
            for chunk in view.chunks()
        ]
        return np.maximum(np.concatenate(means), 0)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the score of the strategy and the density, from which the weighted score is made."""
        return {"score": self.strategy.scores(view), "density": self.density(view)}

    def scores(self, view: PoolView) -> np.ndarray:
        """Return the weighted scores, (n,).

        Raises
        ------
        ValueError
            For a negative score, which a small density would make better.
        """
        scores = self.strategy.scores(view)
        if (scores < 0).any():
            raise ValueError(
                f"{type(self.strategy).__name__} gave a score of {scores.min():g}, and density weighs only scores of 0 "
                "and more: it would make that one larger"
            )
        return scores * self.density(view) ** self.beta

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n largest weighted scores, (n,), ties at random."""
        if n > len(view):
            raise ValueError(f"cannot choose {n} of {len(view)} candidates: ask for a smaller batch")
        return view.candidates[top(self.scores(view), n, rng)]


def _unit(x: np.ndarray) -> np.ndarray:
    x = x.astype(np.float64)
    norms = np.sqrt(np.einsum("id,id->i", x, x))
    return x / np.where(norms == 0, 1, norms)[:, None]
