"""Strategies that score each row on its own: by how unsure the model is, or how much its samples disagree."""

import numpy as np

from tinyal import measures
from tinyal.strategies.base import Pointwise, Strategy
from tinyal.view import PoolView


class Random(Strategy):
    """Choose at random: the yardstick. A strategy that does not beat it costs more and gives less.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    >>> [Random().select(view, 1, np.random.default_rng(seed)).item() for seed in range(10)]
    [2, 1, 2, 2, 2, 2, 1, 2, 2, 1]
    """

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), each as likely as any other."""
        return rng.choice(view.candidates, n, replace=False)


class LeastConfidence(Pointwise):
    """Ask where the most probable class is least probable: 1 − max p (Lewis & Gale 1994).

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    >>> LeastConfidence().score(view).round(4).tolist()
    [0.1, 0.5, 0.6]
    >>> LeastConfidence().select(view, 1, np.random.default_rng(0)).tolist()  # `Margin` would ask for row 1
    [2]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """1 − max p, (n,), from 0 to 1 − 1/K."""
        return np.asarray(measures.least_confidence(view.proba()))


class Margin(Pointwise):
    """Ask where two classes are nearly tied: 1 − (p₍₁₎ − p₍₂₎) (Scheffer, Decomain & Wrobel 2001).

    The measure is small where the model is unsure; the score is one minus it, so that larger = ask first.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    >>> Margin().score(view).round(4).tolist()
    [0.2, 1.0, 0.9]
    >>> Margin().select(view, 1, np.random.default_rng(0)).tolist()  # where two classes tie
    [1]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """1 − (p₍₁₎ − p₍₂₎), (n,), from 0 to 1."""
        return np.asarray(1 - measures.margin(view.proba()))


class Entropy(Pointwise):
    """Ask where the predicted distribution is widest: −Σ p ln p (Shannon 1948; Settles 2009, section 3.1).

    Derivation: `docs/derivations/entropy.md`, `entropy-entropy` and `entropy-maximum`.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.9, 0.1, 0.0], [0.5, 0.5, 0.0], [0.4, 0.3, 0.3]])
    >>> Entropy().score(view).round(4).tolist()
    [0.3251, 0.6931, 1.0889]
    >>> Entropy().select(view, 1, np.random.default_rng(0)).tolist()  # where most is possible
    [2]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """−Σ p ln p in nats, (n,), from 0 to ln K."""
        return np.asarray(measures.entropy(view.proba()))


class Sampled(Pointwise):
    """A pointwise strategy that compares posterior samples, or the members of a committee.

    Samples are a network's with dropout left on, an `tinynn.Ensemble`'s members, a forest's trees, at most
    `n_samples` of them. Time: T passes through what follows the network's first dropout, or through T members.
    Memory: T·K numbers a row, of a chunk of the pool at a time. A subclass defines `score` by `samples`.

    Parameters
    ----------
    n_samples : int, optional
        T, at least 2.
    """

    def __init__(self, n_samples: int = 20) -> None:
        if n_samples < 2:
            raise ValueError(f"{type(self).__name__} compares samples and needs at least 2, not {n_samples}")
        self.n_samples = n_samples

    def samples(self, view: PoolView) -> np.ndarray:
        """Return the view's samples, (T, n, K).

        Raises
        ------
        TypeError
            For a model that cannot sample; it says which can.
        ValueError
            For a committee of one, which never disagrees: every score would be zero, and the choice random.
        """
        samples = view.sample_proba(self.n_samples)
        if len(samples) < 2:
            raise ValueError(
                f"{type(self).__name__} compares samples, and {type(view.model).__name__} has {len(samples)} to give; "
                "fit a committee of two members or more"
            )
        return samples


class BALD(Sampled):
    """Ask where posterior samples disagree: the information a label gives about the weights.

    H(mean p) − mean H(p), in nats (Houlsby et al. 2011, eq. 2; with dropout Gal, Islam & Ghahramani 2017).
    It leaves out what no label can settle: rows on which every sample is equally unsure.

    Derivation: `docs/derivations/bald.md`, `bald-from-the-label` and `bald-samples`.

    Parameters
    ----------
    n_samples : int, optional
        Posterior samples, T. Cost: T passes through the part of the network after the first dropout.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> one, other = [[1, 0], [0.5, 0.5], [0.9, 0.1]], [[0, 1], [0.5, 0.5], [0.6, 0.4]]
    >>> view = known_view(samples=[one, other])  # two samples, and what they say of three rows
    >>> BALD().score(view).round(4).tolist()  # both are undecided about row 1, and agree in that
    [0.6931, 0.0, 0.0633]
    >>> BALD().select(view, 2, np.random.default_rng(0)).tolist()
    [0, 2]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """H(mean p) − mean H(p) in nats, (n,), from 0 to ln min(T, K)."""
        return np.asarray(measures.bald(self.samples(view)))


class VariationRatio(Sampled):
    """Ask where many samples contradict the majority: 1 − votes of the modal class / T (Freeman 1965).

    With dropout samples from Gal, Islam & Ghahramani (2017), where it needed the fewest labels on
    MNIST. It has at most T values, so many rows tie; more samples tell more of them apart.

    Parameters
    ----------
    n_samples : int, optional
        Posterior samples, T. Cost as `BALD`.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> one, other = [[1, 0], [0.5, 0.5], [0.9, 0.1]], [[0, 1], [0.5, 0.5], [0.6, 0.4]]
    >>> view = known_view(samples=[one, other])  # two samples, and what they say of three rows
    >>> VariationRatio().score(view).tolist()  # votes do not say how sure they are: row 2 looks settled
    [0.5, 0.0, 0.0]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """The share of samples outvoted, (n,), a multiple of 1/T from 0 to 1 − 1/K."""
        return np.asarray(measures.variation_ratio(self.samples(view)))


class MeanStd(Sampled):
    """Ask where probabilities vary most from sample to sample: mean_k of their standard deviation.

    mean_k sqrt(mean_t (p_tk − p̄_k)²) (Kampffmeyer et al. 2016; "mean STD" in Gal, Islam & Ghahramani 2017, where
    it needed hardly fewer labels than random).

    Parameters
    ----------
    n_samples : int, optional
        Posterior samples, T. Cost as `BALD`.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> one, other = [[1, 0], [0.5, 0.5], [0.9, 0.1]], [[0, 1], [0.5, 0.5], [0.6, 0.4]]
    >>> view = known_view(samples=[one, other])  # two samples, and what they say of three rows
    >>> MeanStd().score(view).round(4).tolist()  # 0.9 and 0.6 are each 0.15 from their mean
    [0.5, 0.0, 0.15]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """The mean standard deviation, (n,), a probability from 0 to sqrt(K − 1)/K."""
        return np.asarray(measures.mean_std(self.samples(view)))
