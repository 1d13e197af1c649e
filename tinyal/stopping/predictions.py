"""Stop by what the model says: it is sure of all that is left, or new labels no longer change what it predicts."""

from collections import deque
from typing import Any

import numpy as np

from tinyal import measures
from tinyal.fitting import predicted_labels
from tinyal.learner import ActiveLearner
from tinyal.pool import gather
from tinyal.stopping.rules import Decision, StoppingRule
from tinyal.view import Model


class OverallUncertainty(StoppingRule):
    """Stop when the model is sure of what is left: mean entropy of the open rows at most the threshold.

    (1/n) Σ_x H(p(· | x)) ≤ threshold, in nats (Zhu, Wang & Hovy 2008, "overall-uncertainty"). Cheap, and blind to
    a model that is sure and wrong: calibration decides what the threshold means.

    Parameters
    ----------
    threshold : float
        In nats, above 0.

    Examples
    --------
    >>> class NineInTen:
    ...     classes_ = np.array([0, 1])
    ...     def fit(self, x, y):
    ...         return self
    ...     def predict_proba(self, x):
    ...         return np.tile([0.9, 0.1], (len(x), 1))
    >>> import tinyal as al
    >>> learner = al.ActiveLearner(NineInTen(), np.zeros((9, 1)), al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> OverallUncertainty(0.4).should_stop(learner)
    Decision(stop=True, reason='mean entropy 0.3251 nats, threshold 0.4')
    """

    def __init__(self, threshold: float) -> None:
        if not threshold > 0:
            raise ValueError(f"a threshold is an entropy above 0, not {threshold}")
        self.threshold = threshold

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Take the mean over the round's candidates."""
        if not len(learner.unlabeled):
            return Decision(True, "no row is left to be unsure of")
        if not learner.can_train():
            return Decision(False, "there is no model yet")
        view = learner.view()
        total = sum(float(measures.entropy(chunk.proba()).sum()) for chunk in view.chunks())
        mean = total / len(view)
        return Decision(
            mean <= self.threshold, f"mean entropy {mean:.4g} nats, threshold {self.threshold:.4g}"
        )


class StabilisingPredictions(StoppingRule):
    """Stop when new labels no longer change what the model predicts.

    After each round the predictions on a fixed set of rows are compared with those of the round before, by
    Cohen's κ = (agreement − chance)/(1 − chance). Stop when the mean of the last `window` values is at least
    `agreement` (Bloodgood & Vijay-Shanker 2009, who take 0.99, 3 and 2000 rows). Rounds of few labels change
    little, and stop it early: judge by equal batches. After loading a learner it begins anew.

    Parameters
    ----------
    agreement : float, optional
    window : int, optional
    rows : int, optional
        Of the fixed set, drawn at random from the pool, labelled or not: no labels are needed.
    seed : int, optional

    Examples
    --------
    >>> class NineInTen:
    ...     classes_ = np.array([0, 1])
    ...     def fit(self, x, y):
    ...         return self
    ...     def predict_proba(self, x):
    ...         return np.tile([0.9, 0.1], (len(x), 1))
    >>> import tinyal as al
    >>> learner = al.ActiveLearner(NineInTen(), np.zeros((9, 1)), al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> rule = StabilisingPredictions(window=2)
    >>> for row in (2, 3, 4):  # whatever it is told, this model says the same
    ...     print(rule.should_stop(learner).reason)
    ...     learner.tell(row, 1)
    agreement κ 0.0000 over 0 of 2 rounds
    agreement κ 1.0000 over 1 of 2 rounds
    agreement κ 1.0000 over 2 of 2 rounds
    """

    def __init__(self, agreement: float = 0.99, window: int = 3, rows: int = 2000, seed: int = 0) -> None:
        if not 0 < agreement <= 1 or window < 1 or rows < 1:
            raise ValueError(
                f"agreement is above 0, up to 1, window and rows at least 1, not {agreement}, {window}, {rows}"
            )
        self.agreement = agreement
        self.window = window
        self.rows = rows
        self.seed = seed
        self._model: Model | None = None
        self._fixed: np.ndarray | None = None
        self._predicted: np.ndarray | None = None
        self._kappas: deque[float] = deque(maxlen=window)

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Compare with the round before; asked twice in a round, it answers the same."""
        if not learner.can_train():
            return Decision(False, "there is no model yet")
        if learner.model is not self._model:
            self._look(learner)
        mean = float(np.mean(self._kappas)) if self._kappas else 0.0
        stop = len(self._kappas) == self.window and mean >= self.agreement
        return Decision(stop, f"agreement κ {mean:.4f} over {len(self._kappas)} of {self.window} rounds")

    def _look(self, learner: ActiveLearner) -> None:
        self._model = learner.model
        if self._fixed is None:
            order = np.random.default_rng(self.seed).permutation(len(learner.pool))
            self._fixed = np.sort(order[: self.rows])
        now = predicted_labels(self._model, gather(learner.pool, self._fixed))
        if self._predicted is not None:
            self._kappas.append(kappa(self._predicted, now))
        self._predicted = now


def kappa(first: Any, second: Any) -> float:
    """Compute Cohen's κ of two lists of labels: agreement beyond chance, 1 where they agree everywhere.

    κ = (a − e)/(1 − e), a the share of equal labels, e = Σ_k p₁(k) p₂(k) (Cohen 1960), for labels (n,) each.

    Examples
    --------
    >>> kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    first, second = np.asarray(first), np.asarray(second)
    agreement = float(np.mean(first == second))
    chance = float(sum(np.mean(first == k) * np.mean(second == k) for k in np.unique(first)))
    return 1.0 if agreement == 1.0 else (agreement - chance) / (1 - chance)
