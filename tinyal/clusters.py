"""Clusters: rows put together because they are near each other, and turns taken among the groups."""

import numpy as np

from tinyal.neighbors import Cloud, blocks
from tinyal.seeding import plus_plus

ITERATIONS = 20  # of k-means; what moves after that moves little


def k_means(cloud: Cloud, k: int, rng: np.random.Generator) -> np.ndarray:
    """Return the cluster of each point, (n,), numbers below k, by k-means (Lloyd 1982) from a k-means++ start.

    Each point goes to the nearest centre, each centre to the mean of its points, until nothing changes or
    `ITERATIONS` are over. With fewer different points than k some clusters stay empty.
    Time n·k·d an iteration; memory k·d, n and a block.

    Examples
    --------
    >>> line = Cloud(np.array([[0.0], [1.0], [50.0], [51.0]]))
    >>> first, second, third, fourth = k_means(line, 2, np.random.default_rng(0)).tolist()
    >>> first == second != third == fourth
    True
    """
    start = plus_plus(cloud.distances_to, int(rng.integers(len(cloud))), k, rng)
    centers = cloud.x[start].copy()
    labels = np.full(len(cloud), -1)
    for _ in range(ITERATIONS):
        before, labels = labels, _nearest_center(cloud, centers)
        if (labels == before).all():
            break
        order = np.argsort(labels, kind="stable")
        filled, starts, counts = np.unique(labels[order], return_index=True, return_counts=True)
        centers[filled] = np.add.reduceat(cloud.x[order], starts, axis=0) / counts[:, None]
    return labels


def _nearest_center(cloud: Cloud, centers: np.ndarray) -> np.ndarray:
    labels = np.empty(len(cloud), dtype=np.int64)
    offset = np.einsum("kd,kd->k", centers, centers) / 2
    for rows in blocks(len(cloud), len(centers)):
        # ‖x − c‖² without ‖x‖², which is the same for all centres.
        labels[rows] = (offset - cloud.x[rows] @ centers.T).argmin(axis=1)
    return labels


def average_linkage(cloud: Cloud, k: int) -> np.ndarray:
    """Return the cluster of each point, (n,), when those with the least mean distance are joined until k are left.

    Time n²·d, memory 4·n² bytes: 16 MB for 2000 points.
    """
    from scipy.cluster.hierarchy import fcluster, linkage

    if len(cloud) == 1:
        return np.zeros(1, dtype=np.int64)
    return fcluster(linkage(cloud.x, "average"), k, "maxclust").astype(np.int64) - 1


def take_turns(groups: np.ndarray, places: np.ndarray, n: int) -> np.ndarray:
    """Return the positions of n elements: the first of each group, then the second of each, and so on.

    Parameters
    ----------
    groups : int array (N,)
        Which group each element belongs to: 0 has the first turn.
    places : array (N,)
        Sorts the elements within their group, smallest first.
    n : int

    Examples
    --------
    >>> take_turns(np.array([1, 1, 0, 1]), np.array([3, 1, 9, 2]), 3).tolist()
    [2, 1, 3]
    """
    order = np.lexsort((places, groups))
    ordered = groups[order]
    turn = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return order[np.lexsort((ordered, turn))[:n]]
