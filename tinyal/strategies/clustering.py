"""Cluster-Margin: of the rows that the model is least sure of, some from every corner of the pool."""

import numpy as np

from tinyal import measures
from tinyal.clusters import average_linkage, k_means, take_turns
from tinyal.neighbors import Cloud
from tinyal.strategies.base import Strategy, subset, top
from tinyal.strategies.space import Space, check, features
from tinyal.view import PoolView

HIERARCHICAL = 2000  # candidates; the n²/2 distances of more would take more than 16 MB
ROWS_A_CLUSTER = 10


class ClusterMargin(Strategy):
    """Take the rows with the smallest margins, `factor` times as many as wanted, and ask by turns in each cluster.

    Cluster-Margin (Citovsky et al. 2021, Algorithms 1 and 2): candidates are clustered; the factor·n rows with the
    smallest p₍₁₎ − p₍₂₎ are kept; their clusters, that with the fewest of them first, give one random row each
    until n are chosen. Rare kinds of doubt are asked for, although plain margin would fill the batch
    with the most frequent one.

    Clusters hold ten rows on average. Up to 2000 candidates they are those of average linkage, as in the paper; of
    more, those of k-means, since average linkage takes n² time and memory. The paper clusters the pool once, by the
    features of a model trained beforehand; here the features are those of each round, and so are the clusters.

    Time n²·d/10 an iteration of k-means, at most 20; memory n·d.

    Parameters
    ----------
    factor : float, optional
        How many rows are kept for each one that is wanted.
    space : "embed" or "x", optional
        Clusters of the model's features of rows (of a model that has `embed`), or of the rows.
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> p = np.full(20, 0.9)
    >>> p[[0, 1, 2, 15]] = 0.50, 0.51, 0.52, 0.60  # in doubt: three rows of one heap of ten, one of another
    >>> view = known_view(np.stack([p, 1 - p], axis=1), features=np.r_[0.0:10, 100:110][:, None])
    >>> ClusterMargin(factor=2).select(view, 2, np.random.default_rng(0))[0].item()  # from the rare kind first
    15
    """

    def __init__(self, factor: float = 10, space: Space = "embed", candidates: int | None = 10_000) -> None:
        check(space, candidates)
        if not factor >= 1:
            raise ValueError(
                f"factor says how many rows to keep for each one wanted: at least 1, not {factor}"
            )
        self.factor = factor
        self.space = space
        self.candidates = candidates

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), one cluster after the other."""
        view = subset(view, n, self.candidates, rng)
        clusters = self._clusters(Cloud(features(view, self.space)), rng)
        kept = top(-_margin(view), min(len(view), round(self.factor * n)), rng)
        names, group, sizes = np.unique(clusters[kept], return_inverse=True, return_counts=True)
        turns = np.empty(len(names), dtype=np.int64)
        turns[np.lexsort((rng.random(len(names)), sizes))] = np.arange(len(names))
        return view.candidates[kept[take_turns(turns[group], rng.random(len(kept)), n)]]

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the margin p₍₁₎ − p₍₂₎ of each candidate: small = unsure."""
        return {"margin": np.concatenate([_margin(chunk) for chunk in view.chunks()])}

    def _clusters(self, cloud: Cloud, rng: np.random.Generator) -> np.ndarray:
        k = -(-len(cloud) // ROWS_A_CLUSTER)
        return average_linkage(cloud, k) if len(cloud) <= HIERARCHICAL else k_means(cloud, k, rng)


def _margin(view: PoolView) -> np.ndarray:
    return np.asarray(measures.margin(view.proba()), dtype=np.float64)
