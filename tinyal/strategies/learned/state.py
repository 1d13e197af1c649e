"""The state of a round as numbers: what a learned strategy knows of the model, of the labels and of each candidate."""

import math
from dataclasses import dataclass

import numpy as np

from tinyal import measures
from tinyal.neighbors import Cloud, mean_neighbor_distance, nearest
from tinyal.strategies.space import features as vectors
from tinyal.strategies.space import labeled_features
from tinyal.view import PoolView

FEATURES: tuple[str, ...] = (
    "first probability",
    "second probability",
    "third probability",
    "margin",
    "entropy",
    "disagreement",
    "spread of samples",
    "rank by margin",
    "rank by disagreement",
    "isolation",
    "novelty",
    "labels of its class",
    "rows of its class",
    "labels",
    "mean confidence",
    "mean entropy",
    "imbalance",
    "classes",
)
"""What is known of a candidate, in the order of the columns. None has a unit, so that tasks can be compared."""

REFERENCE = 500  # candidates that stand for the pool
NEIGHBORS = 10
FARTHEST = 3.0  # logarithms of ratios of distances end here


@dataclass(frozen=True)
class State:
    """What is the same for all candidates of a round; with it `features` describes each of them.

    Attributes
    ----------
    n_samples : int
        Posterior samples that disagreement is measured by.
    indices : int array (r,)
        Dataset indices of the candidates that stand for the pool, increasing.
    reference, labeled : Cloud
        Where they lie, and the labelled rows.
    unit : float
        The median over the reference of a row's mean distance to its ten nearest others.
    margins, disagreements : array (r,)
        Those of the reference, sorted.
    label_shares, row_shares : array (K,)
        Each class's share of the labels, and of what the model takes the reference for; 1 is an equal share.
    shared : array (5,)
        The last features, which are of the round: labels a class (logarithm), mean confidence, mean entropy,
        imbalance of the labels, number of classes (logarithm).
    """

    n_samples: int
    indices: np.ndarray
    reference: Cloud
    labeled: Cloud
    unit: float
    margins: np.ndarray
    disagreements: np.ndarray
    label_shares: np.ndarray
    row_shares: np.ndarray
    shared: np.ndarray

    @classmethod
    def of(cls, view: PoolView, n_samples: int) -> "State":
        """Look at a round. Candidates at equal steps through the pool stand for all, so that nothing is drawn."""
        if len(view.labels) == 0:
            raise ValueError(
                "a learned strategy compares rows with those that have labels, and there are none; the first labels "
                "are drawn at random, or by 'typiclust'"
            )
        order = np.argsort(view.candidates, kind="stable")
        steps = np.linspace(0, len(view) - 1, min(REFERENCE, len(view))).round().astype(np.int64)
        part = view.subset(order[steps])
        p, samples = part.proba(), part.sample_proba(n_samples)
        reference = Cloud(vectors(part, "embed"))
        distances = mean_neighbor_distance(reference, reference, np.arange(len(part)), NEIGHBORS)
        k = len(view.classes)
        told = np.searchsorted(view.classes, view.labels)
        label_shares = np.bincount(told, minlength=k) / len(told)
        return cls(
            n_samples,
            part.candidates,
            reference,
            Cloud(labeled_features(view, "embed"), reference.origin),
            max(float(np.median(distances)), 1e-12) if np.isfinite(distances).all() else 1.0,
            np.sort(measures.margin(p)),
            np.sort(measures.bald(samples)),
            label_shares * k,
            np.bincount(p.argmax(axis=1), minlength=k) / len(part) * k,
            np.array(
                [
                    math.log(len(told) / k),
                    p.max(axis=1).mean(),
                    measures.entropy(p).mean() / math.log(k),
                    1 - measures.entropy(label_shares[None])[0] / math.log(k),
                    math.log(k),
                ]
            ),
        )

    def features(self, view: PoolView) -> np.ndarray:
        """Describe candidates, (n, len(FEATURES)): some of the round's, or all."""
        p, samples = np.asarray(view.proba(), np.float64), view.sample_proba(self.n_samples)
        k = p.shape[1]
        ordered = np.concatenate([np.sort(p, axis=1)[:, ::-1], np.zeros((len(p), 1))], axis=1)
        guess, bald = p.argmax(axis=1), np.asarray(measures.bald(samples), np.float64)
        margin = np.asarray(measures.margin(p))
        cloud = Cloud(vectors(view, "embed"), self.reference.origin)
        place = np.minimum(np.searchsorted(self.indices, view.candidates), len(self.indices) - 1)
        own = np.where(self.indices[place] == view.candidates, place, -1)
        columns = [
            ordered[:, 0],
            ordered[:, 1],
            ordered[:, 2],
            margin,
            measures.entropy(p) / math.log(k),
            bald / math.log(k),
            measures.mean_std(samples),
            np.searchsorted(self.margins, margin) / len(self.margins),
            np.searchsorted(self.disagreements, bald) / len(self.disagreements),
            self._far(mean_neighbor_distance(cloud, self.reference, own, NEIGHBORS)),
            self._far(np.sqrt(nearest(cloud, self.labeled))),
            self.label_shares[guess],
            self.row_shares[guess],
            *np.broadcast_to(self.shared[:, None], (len(self.shared), len(p))),
        ]
        return np.stack(columns, axis=1).astype(np.float32)

    def _far(self, distances: np.ndarray) -> np.ndarray:
        """Return ln(distance / unit), from −3 to 3: large = far."""
        ratios = np.clip(distances / self.unit, math.exp(-FARTHEST), math.exp(FARTHEST))
        return np.log(ratios)
