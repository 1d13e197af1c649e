"""TypiClust: with few labels or none, ask for the most ordinary row of every kind that has no label yet."""

import numpy as np

from tinyal.clusters import k_means, take_turns
from tinyal.neighbors import Cloud, mean_neighbor_distance
from tinyal.strategies.base import Strategy, subset
from tinyal.strategies.space import Space, check, features, labeled_features
from tinyal.view import PoolView

NEIGHBORS = 20
MOST_CLUSTERS = 500
SMALL = 5  # rows: smaller clusters are outliers, and come last


class TypiClust(Strategy):
    """Cluster the pool, labelled rows included, and ask for the most typical row of clusters without a label.

    TypiClust (Hacohen, Dekel & Weinshall 2022): k-means with as many clusters as there will be labels after this
    batch, at most 500. Clusters have their turns by how many labels they hold, those with none first, then by
    size, the largest first; those of 5 rows or fewer come after all others. In its turn a cluster gives the row of
    the largest typicality: one over the mean distance to the 20 nearest rows of its cluster.

    It needs no model, and is meant for the very first labels, where a model's doubts are noise. Therefore
    distances are between the rows themselves unless told otherwise; features that were learned without labels, given
    as the pool, are better.

    Time n·k·d an iteration of k-means, at most 20, and Σ s²·d for clusters of s rows; memory n·d.

    Derivation: `docs/derivations/few-labels.md`, `few-typicality`.

    Parameters
    ----------
    space : "embed" or "x", optional
        Distances between the rows, or between the model's features of them (of a model that has `embed`).
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    >>> pool, none = np.r_[0.0:9, 100:107, 999][:, None], np.zeros(0, int)  # nine rows, seven rows, an outlier
    >>> view = PoolView(None, pool, np.arange(17), none, none, none)
    >>> TypiClust().select(view, 3, np.random.default_rng(0)).tolist()  # the middle of each
    [4, 12, 5]
    """

    def __init__(self, space: Space = "x", candidates: int | None = 10_000) -> None:
        check(space, candidates)
        self.space = space
        self.needs_model = space == "embed"
        self.candidates = candidates

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), the most typical of the largest cluster without a label first."""
        view = subset(view, n, self.candidates, rng)
        x = features(view, self.space)
        cloud = Cloud(np.concatenate([x, labeled_features(view, self.space)]))
        k = min(len(view.labeled) + n, MOST_CLUSTERS, len(cloud))
        clusters = k_means(cloud, k, rng)
        ours = clusters[: len(view)]
        sizes, labels = (np.bincount(rows, minlength=k) for rows in (clusters, clusters[len(view) :]))
        order = np.lexsort((rng.random(k), -sizes, labels, sizes <= SMALL))
        order = order[np.isin(order, ours)][:n]  # n turns do not reach more clusters
        small = sizes[order] <= SMALL
        chosen = [self._typical_of(cloud, ours, turns, n, rng) for turns in (order[~small], order[small])]
        return view.candidates[np.concatenate(chosen)[:n]]

    def _typical_of(
        self, cloud: Cloud, clusters: np.ndarray, turns: np.ndarray, n: int, rng: np.random.Generator
    ) -> np.ndarray:
        """Return positions of up to n rows of these clusters, one of each, then another one of each."""
        members = [np.flatnonzero(clusters == cluster) for cluster in turns]
        if not members:
            return np.zeros(0, dtype=np.int64)
        places = []
        for rows in members:
            group = Cloud(cloud.x[rows])
            apart = mean_neighbor_distance(group, group, np.arange(len(rows)), NEIGHBORS)
            places.append(np.lexsort((rng.random(len(rows)), apart)).argsort())
        groups = np.repeat(np.arange(len(members)), [len(rows) for rows in members])
        return np.concatenate(members)[take_turns(groups, np.concatenate(places), n)]

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return each candidate's typicality in the whole pool: one over the mean distance to its 20 nearest rows.

        In a large pool neighbours are looked for among every second, third ... row, to hold to `candidates`.
        """
        step = 1 if self.candidates is None else -(-len(view) // self.candidates)
        some = features(view.subset(np.arange(0, len(view), step)), self.space)
        found: list[np.ndarray] = []
        place = np.arange(len(view))
        own = np.where(place % step == 0, place // step, -1)
        for chunk in view.chunks():
            cloud = Cloud(features(chunk, self.space))
            mine, own = own[: len(chunk)], own[len(chunk) :]
            found.append(mean_neighbor_distance(cloud, Cloud(some, cloud.origin), mine, NEIGHBORS))
        with np.errstate(divide="ignore"):  # copies of a row are infinitely typical
            return {"typicality": 1 / np.concatenate(found)}
