"""Query by committee: ask where the members of a committee contradict each other.

A committee is an ensemble's members, a forest's trees, or the thinned networks that dropout leaves of one network
(Seung, Opper & Sompolinsky 1992, "Query by committee"). `VariationRatio` and `BALD` ask one, too.
"""

import numpy as np

from tinyal import measures
from tinyal.strategies.pointwise import Sampled
from tinyal.view import PoolView


class VoteEntropy(Sampled):
    """Ask where the votes are spread over many classes: −Σ_k v_k ln v_k, v_k = votes_k / T.

    Dagan & Engelson (1995, "Committee-based sampling for training probabilistic classifiers"). `VariationRatio` sees
    only how many votes the winner has; this also sees whether the others agree. Few members make few different
    scores, and many ties.

    Parameters
    ----------
    n_samples : int, optional
        Members, T, at most. Cost as `BALD`, and no logarithm of a sample.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> a, b, c = [0.8, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.8]
    >>> view = known_view(samples=np.stack([[a, a, a, a], [a, a, b, b], [a, a, b, c]], axis=1))  # of three rows
    >>> VoteEntropy().score(view).round(4).tolist()  # two votes to two; and, wider, two to one to one
    [0.0, 0.6931, 1.0397]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """The entropy of the votes in nats, (n,), from 0 to ln min(T, K)."""
        return np.asarray(measures.vote_entropy(self.samples(view)))


class ConsensusKL(Sampled):
    """Ask where members are far from their common opinion: mean_t KL(p_t ‖ p̄), p̄ = mean_t p_t.

    McCallum & Nigam (1998, "Employing EM and pool-based active learning for text classification"). It is the same
    number as `BALD`, found twice: there as what a label tells about the weights, here as disagreement in a
    committee. The name is here for those who come from that side, and for experiments that are to say so.

    Derivation: `docs/derivations/bald.md`, `bald-consensus`.

    Parameters
    ----------
    n_samples : int, optional
        Members, T, at most. Cost as `BALD`.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> one, other = [[1, 0], [0.5, 0.5], [0.9, 0.1]], [[0, 1], [0.5, 0.5], [0.6, 0.4]]
    >>> view = known_view(samples=[one, other])  # two samples, and what they say of three rows
    >>> ConsensusKL().score(view).round(4).tolist()  # the scores of `BALD`
    [0.6931, 0.0, 0.0633]
    """

    def score(self, view: PoolView) -> np.ndarray:
        """mean_t KL(p_t ‖ p̄) in nats, (n,), from 0 to ln min(T, K)."""
        return np.asarray(measures.consensus_kl(self.samples(view)))
