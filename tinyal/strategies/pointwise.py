"""Strategies that score each row on its own: by how unsure the model is, or how much its samples disagree."""

import numpy as np

from tinyal import measures
from tinyal.strategies.base import Pointwise, Strategy
from tinyal.view import PoolView


class Random(Strategy):
    """Choose at random: the yardstick. A strategy that does not beat it costs more and gives less."""

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, each as likely as any other."""
        return rng.choice(view.candidates, n, replace=False)


class LeastConfidence(Pointwise):
    """Ask where the most probable class is least probable: 1 − max p (Lewis & Gale 1994)."""

    def score(self, view: PoolView) -> np.ndarray:
        """1 − max p, from 0 to 1 − 1/K."""
        return np.asarray(measures.least_confidence(view.proba()))


class Margin(Pointwise):
    """Ask where two classes are nearly tied: 1 − (p₍₁₎ − p₍₂₎) (Scheffer, Decomain & Wrobel 2001).

    The measure is small where the model is unsure; the score is one minus it, so that larger = ask first.
    """

    def score(self, view: PoolView) -> np.ndarray:
        """1 − (p₍₁₎ − p₍₂₎), from 0 to 1."""
        return np.asarray(1 - measures.margin(view.proba()))


class Entropy(Pointwise):
    """Ask where the predicted distribution is widest: −Σ p ln p (Shannon 1948; Settles 2009, section 3.1)."""

    def score(self, view: PoolView) -> np.ndarray:
        """−Σ p ln p in nats, from 0 to ln K."""
        return np.asarray(measures.entropy(view.proba()))


class BALD(Pointwise):
    """Ask where posterior samples disagree: the information a label gives about the weights.

    H(mean p) − mean H(p), in nats (Houlsby et al. 2011, eq. 2; with dropout Gal, Islam & Ghahramani 2017).
    It leaves out what no label can settle: rows on which every sample is equally unsure.

    Parameters
    ----------
    n_samples : int, optional
        Posterior samples, T. Cost: T passes through the part of the network after the first dropout.
    """

    def __init__(self, n_samples: int = 20) -> None:
        if n_samples < 2:
            raise ValueError(f"BALD compares samples and needs at least 2, not {n_samples}")
        self.n_samples = n_samples

    def score(self, view: PoolView) -> np.ndarray:
        """H(mean p) − mean H(p) in nats, from 0 to ln K."""
        return np.asarray(measures.bald(view.sample_proba(self.n_samples)))
