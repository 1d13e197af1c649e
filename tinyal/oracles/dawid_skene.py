"""Who errs how: annotators' confusion matrices and the true labels, both estimated from their answers alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Consensus:
    """What answers of several annotators say together.

    Attributes
    ----------
    rows : int array (n,)
        Dataset indices, sorted.
    classes : array (K,)
    posterior : array (n, K)
        Probability of each class for each row.
    confusion : array (A, K, K)
        For each annotator, in the order of their numbers: probability of an answer (last axis) given the class.
    prior : array (K,)
    log_likelihood : list of float
        After each iteration; it never falls.

    Examples
    --------
    >>> given = [(row, who, label) for row, label in enumerate("aabb") for who in range(3)]  # three who agree
    >>> consensus = dawid_skene(given)
    >>> isinstance(consensus, Consensus), consensus.posterior.shape, consensus.labels.tolist()
    (True, (4, 2), ['a', 'a', 'b', 'b'])
    """

    rows: np.ndarray
    classes: np.ndarray
    posterior: np.ndarray
    confusion: np.ndarray
    prior: np.ndarray
    log_likelihood: list[float]

    @property
    def labels(self) -> np.ndarray:
        """The most probable class of each row, (n,)."""
        return self.classes[self.posterior.argmax(axis=1)]

    @property
    def accuracy(self) -> np.ndarray:
        """How often each annotator is right, (A,): Σ_c prior[c] · confusion[a, c, c]."""
        return np.einsum("acc,c->a", self.confusion, self.prior)


def dawid_skene(
    given: Iterable[tuple[int, int, Any]], iterations: int = 100, tolerance: float = 1e-8
) -> Consensus:
    """Estimate true labels and annotators' errors at once, by expectation maximisation.

    With n_iak = 1 where annotator a answered k for row i, posterior q_ic, prior π_c and confusion C_ack:

    E step:  q_ic ∝ π_c Π_ak C_ack^n_iak
    M step:  π_c = mean_i q_ic,   C_ack ∝ Σ_i q_ic n_iak

    started from each row's shares of votes (Dawid & Skene 1979, eqs. 2.3 to 2.5). Beyond them, nothing: no
    priors. It needs rows with several answers each, and annotators who are right more often than not; labels
    that all annotators swap are swapped in the result. Memory n·A·K.

    Parameters
    ----------
    given : iterable of (row, annotator, label)
        As `Annotators.given`; annotators are numbered from 0.
    iterations : int, optional
        At most so many.
    tolerance : float, optional
        Stop when the log-likelihood, per answer, gains less.

    Returns
    -------
    Consensus
        Of the n rows with answers: ``labels`` (n,), ``posterior`` (n, K), ``confusion`` (A, K, K).

    Raises
    ------
    ValueError
        For no answers, or answers of one class only.

    Examples
    --------
    >>> truth = [0, 1] * 10
    >>> given = [(i, a, y if a < 2 else 1 - y) for i, y in enumerate(truth) for a in range(3)]
    >>> consensus = dawid_skene(given)
    >>> consensus.labels.tolist() == truth, consensus.accuracy.round(2).tolist()
    (True, [1.0, 1.0, 0.0])
    """
    answers = list(given)
    if not answers:
        raise ValueError("there are no answers to learn from")
    rows, row = np.unique([i for i, _, _ in answers], return_inverse=True)
    who = np.array([a for _, a, _ in answers])
    classes, label = np.unique(np.array([k for _, _, k in answers]), return_inverse=True)
    if who.min() < 0 or who.dtype.kind not in "iu":
        raise ValueError("annotators are numbered from 0")
    if len(classes) < 2:
        raise ValueError(f"all answers are {classes[0]!r}: with one class there are no errors to tell apart")
    votes = np.zeros((len(rows), who.max() + 1, len(classes)))  # n_iak
    np.add.at(votes, (row, who, label), 1.0)
    q = votes.sum(axis=1) / votes.sum(axis=(1, 2))[:, None]
    history: list[float] = []
    while True:
        prior = q.mean(axis=0)
        counts = np.einsum("ic,iak->ack", q, votes)
        sums = counts.sum(axis=2, keepdims=True)
        # Of an annotator who never met a class nothing is known: every answer is as likely as any other.
        confusion = np.divide(counts, sums, out=np.full_like(counts, 1 / len(classes)), where=sums > 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            log_prior, log_confusion = np.log(prior), np.log(confusion)
            given_classes = votes[:, :, None] * log_confusion
        # 0 · ln 0 = 0: an answer that was not given says nothing.
        log_joint = log_prior + np.where(votes[:, :, None] > 0, given_classes, 0).sum(axis=(1, 3))
        top = log_joint.max(axis=1, keepdims=True)
        joint = np.exp(log_joint - top)
        history.append(float((top[:, 0] + np.log(joint.sum(axis=1))).sum()))
        q = joint / joint.sum(axis=1, keepdims=True)
        gained = history[-1] - history[-2] if len(history) > 1 else np.inf
        if len(history) >= iterations or gained < tolerance * len(answers):
            return Consensus(rows, classes, q, confusion, prior, history)
