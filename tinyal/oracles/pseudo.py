"""Labels that the model gives itself where it is sure: an aid to training that never becomes truth."""

from typing import Any

import numpy as np

from tinyal.outputs import Model, predict
from tinyal.pool import gather
from tinynn.configured import Configured

_CHUNK = 8192


class PseudoLabels(Configured):
    """Label the rows of which the model is surer than `confidence` with its own prediction.

    Row x gets argmax_k p(k | x) where max_k p(k | x) ≥ confidence (Lee 2013; beside questions to people Wang et
    al. 2017, "Cost-effective active learning"). ``ActiveLearner(..., pseudo=PseudoLabels(0.99))`` trains twice a
    round: on the labels, then on the labels and what that model is sure of. It guesses anew every round, from a
    model that was trained on labels alone, so that no guess confirms itself. Guessed rows are in
    ``learner.pseudo_labels``, never in ``learner.labeled``, count in no budget, and may be asked for.

    It helps where the model is right when it is sure, and harms where it is not: look at its calibration first.

    Parameters
    ----------
    confidence : float, optional
        From above 0 to 1.
    per_class : int, optional
        At most so many a class, the surest ones, so that an easy class does not drown the others.

    Examples
    --------
    >>> PseudoLabels(0.9).choose(np.array([[0.95, 0.05], [0.4, 0.6], [0.08, 0.92]])).tolist()
    [0, 2]
    """

    def __init__(self, confidence: float = 0.99, per_class: int | None = None) -> None:
        if not 0 < confidence <= 1:
            raise ValueError(f"confidence is a probability above 0, up to 1, not {confidence}")
        if per_class is not None and per_class < 1:
            raise ValueError(f"per_class must be at least 1, not {per_class}")
        self.confidence = confidence
        self.per_class = per_class

    def choose(self, p: np.ndarray) -> np.ndarray:
        """Return the positions of the rows of p (n, K) that are sure enough, in order."""
        sure, predicted = p.max(axis=1), p.argmax(axis=1)
        chosen = np.flatnonzero(sure >= self.confidence)
        if self.per_class is not None:
            ranked = chosen[np.argsort(-sure[chosen], kind="stable")]
            kept = [ranked[predicted[ranked] == k][: self.per_class] for k in range(p.shape[1])]
            chosen = np.sort(np.concatenate(kept))
        return chosen

    def suppose(self, model: Model, pool: Any, indices: np.ndarray) -> dict[int, Any]:
        """Return {dataset index: predicted label} for those of these rows of which the model is sure."""
        if len(indices) == 0:
            return {}
        pieces = (indices[start : start + _CHUNK] for start in range(0, len(indices), _CHUNK))
        known = np.asarray(model.classes_)
        p = np.concatenate([predict(model, gather(pool, piece), known) for piece in pieces])
        if np.isnan(p).any():
            raise ValueError("the model gave NaN for probabilities: has its training diverged?")
        chosen = self.choose(p)
        labels = known[p[chosen].argmax(axis=1)]
        return dict(zip(indices[chosen].tolist(), labels.tolist(), strict=True))
