"""How much the members of a committee disagree, or posterior samples: what a label would teach, not how noisy it is."""

from types import ModuleType

import numpy as np

from tinyal.measures.information import log_terms, nats
from tinyal.probabilities import SAMPLES, check_probabilities
from tinynn.backend import Array


def variation_ratio(samples: Array) -> Array:
    """Compute the share of samples outvoted by the modal class, 1 − max_k votes_k / T (Freeman 1965).

    Each sample votes for its most likely class, in a tie for the first. This is not the least confidence of
    the mean: members (.9, .1) and (.6, .4) cast the same vote, a ratio of 0; their mean is 25 % unsure.

    Parameters
    ----------
    samples : array, shape (T, n, K)
        Class probabilities of T posterior samples or committee members.

    Returns
    -------
    array, shape (n,)
        From 0 (one vote) to 1 − 1/K.

    Examples
    --------
    >>> variation_ratio([[[0.9, 0.1]], [[0.6, 0.4]], [[0.6, 0.4]], [[0.2, 0.8]]])
    array([0.25])
    """
    xp, samples = check_probabilities(samples, SAMPLES)
    most_votes = xp.ascontiguousarray(_votes(xp, samples).T).max(axis=0)
    return (len(samples) - most_votes) / len(samples)


def vote_entropy(samples: Array) -> Array:
    """Compute the entropy of the votes, −Σ_k v_k ln v_k with v_k = votes_k / T (Dagan & Engelson 1995).

    Each sample votes for its most likely class, in a tie for the first. Votes forget how sure a member is:
    (.51, .49) and (.49, .51) disagree as much as (1, 0) and (0, 1), where `bald` sees the difference.

    Parameters
    ----------
    samples : array, shape (T, n, K)
        Class probabilities of T posterior samples or committee members.

    Returns
    -------
    array, shape (n,)
        In nats, from 0 (one vote) to at most ln min(T, K).

    Examples
    --------
    >>> vote_entropy([[[0.9, 0.1]], [[0.6, 0.4]], [[0.6, 0.4]], [[0.2, 0.8]]]).round(6)
    array([0.562335])
    """
    xp, samples = check_probabilities(samples, SAMPLES)
    return nats(xp, _votes(xp, samples) / len(samples))


def bald(samples: Array) -> Array:
    """Compute I(y; ω) = H(mean_t p_t) − mean_t H(p_t), the mutual information of label and weights in nats.

    What a label is expected to tell about the weights: large where samples are sure, each of another class
    (Houlsby et al. 2011, "Bayesian active learning for classification and preference learning", eq. 2).

    Derivation: `docs/derivations/bald.md`, `bald-from-the-label` and `bald-samples`.

    Parameters
    ----------
    samples : array, shape (T, n, K)
        Class probabilities p_t of T posterior samples or committee members.

    Returns
    -------
    array, shape (n,)
        From 0 (all samples equal) to ln min(T, K). Rounding below zero becomes zero.

    Examples
    --------
    >>> bald([[[0.9, 0.1], [1.0, 0.0]], [[0.6, 0.4], [0.0, 1.0]]]).round(6)
    array([0.063288, 0.693147])
    """
    xp, samples = check_probabilities(samples, SAMPLES)
    # Member by member: temporaries of (n, K) stay in the cache, where all at once would double the memory.
    total, terms = xp.zeros_like(samples[0]), xp.zeros_like(samples[0])
    for member in samples:
        terms += log_terms(xp, member)
        total += member
    expected = xp.einsum("nk->n", terms) / -len(samples)  # summed over classes once, not once a member
    return xp.maximum(nats(xp, total / len(samples)) - expected, 0.0)


def consensus_kl(samples: Array) -> Array:
    """Compute how far members are from their consensus, mean_t KL(p_t ‖ p̄), p̄ = mean_t p_t, in nats.

    McCallum & Nigam (1998, "Employing EM and pool-based active learning for text classification") call it KL
    divergence to the mean. It is `bald` under the name it has among committees, and equal to it for any
    samples: mean_t Σ_k p_tk (ln p_tk − ln p̄_k) = −mean_t H(p_t) − Σ_k p̄_k ln p̄_k. Computed here as the first
    of these, not as the last, so that each can be a test of the other.

    Derivation: `docs/derivations/bald.md`, `bald-consensus`.

    Parameters
    ----------
    samples : array, shape (T, n, K)
        Class probabilities p_t of T posterior samples or committee members.

    Returns
    -------
    array, shape (n,)
        From 0 (all members equal) to ln min(T, K). Rounding below zero becomes zero.

    Examples
    --------
    >>> consensus_kl([[[0.9, 0.1], [1.0, 0.0]], [[0.6, 0.4], [0.0, 1.0]]]).round(6)
    array([0.063288, 0.693147])
    """
    xp, samples = check_probabilities(samples, SAMPLES)
    tiny = float(np.finfo(samples.dtype).tiny)
    log_consensus = xp.log(xp.maximum(samples.mean(axis=0), tiny))
    divergence = xp.zeros_like(log_consensus)
    for member in samples:
        terms = xp.log(xp.maximum(member, tiny))
        terms -= log_consensus
        terms *= member
        divergence += terms
    return xp.maximum(xp.einsum("nk->n", divergence) / len(samples), 0.0)


def mean_std(samples: Array) -> Array:
    """Compute the standard deviation over samples averaged over classes, mean_k sqrt(mean_t (p_tk − p̄_k)²).

    Here p̄ = mean_t p_t (Kampffmeyer et al. 2016; "mean STD" in Gal, Islam & Ghahramani 2017, "Deep Bayesian
    active learning with image data").

    Parameters
    ----------
    samples : array, shape (T, n, K)
        Class probabilities p_t of T posterior samples or committee members.

    Returns
    -------
    array, shape (n,)
        In probabilities, from 0 (all samples equal) to sqrt(K − 1)/K.

    Examples
    --------
    >>> mean_std([[[0.9, 0.1]], [[0.6, 0.4]]]).round(6)
    array([0.15])
    """
    xp, samples = check_probabilities(samples, SAMPLES)
    mean = samples.mean(axis=0)
    variance = sum(xp.square(member - mean) for member in samples) / len(samples)
    return xp.sqrt(variance).mean(axis=1)


def _votes(xp: ModuleType, samples: Array) -> Array:
    """How many of the samples (T, n, K) take each class for the most likely, (n, K), as floating-point numbers."""
    rows = xp.arange(samples.shape[1])
    votes = xp.zeros(samples.shape[1:], dtype=samples.dtype)
    for member in samples:
        votes[rows, member.argmax(axis=1)] += 1.0
    return votes
