"""GraphCenters: the first labels go to the rows in the middle of what a neighbour graph holds together."""

import numpy as np

from tinyal.clusters import k_means, take_turns
from tinyal.neighbor_graph import neighbor_graph, spectral_points
from tinyal.neighbors import Cloud
from tinyal.principal_components import principal_components
from tinyal.strategies.base import Strategy, subset
from tinyal.strategies.space import Space, check, features, labeled_features
from tinyal.view import PoolView

SMALL = 5  # rows: smaller clusters are outliers, and come last
STARTS = 4  # of k-means, of which the best is taken: whether two kinds share a cluster is a matter of luck


class GraphCenters(Strategy):
    """Cluster the pool on its neighbour graph, and ask for the middle of every cluster without a label.

    Rows, labelled ones included, are described by their principal components, joined to their nearest neighbours
    (`tinyal.neighbor_graph`), and placed by the eigenvectors of that graph (`spectral_points`, Ng, Jordan & Weiss
    2002), where k-means makes as many clusters as there will be labels after this batch. Clusters have their turns by
    how many labels they hold, those with none first, then by size, the largest first; those of 5 rows or fewer come
    last. In its turn a cluster gives the row nearest to its middle, by which its label spreads to the others.

    As `TypiClust` it needs no model and is meant for the very first labels. The graph follows a kind of row along
    its bends, where distances between far rows say nothing: on handwritten digits its clusters are purer.

    Time n²·components and some hundred products with the graph; memory n·(neighbors + 4·eigenvectors).

    Parameters
    ----------
    neighbors : int, optional
        Each row is joined to so many.
    eigenvectors : int, optional
    components : int, optional
        Principal components that distances are taken between.
    space : "embed" or "x", optional
        Distances between the rows, or between the model's features of them (of a model that has `embed`).
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    Two heaps of rows x (16, 1), of seven and of nine. Two questions: the middle of the larger, and that of the other.

    >>> x = np.concatenate([np.arange(7.0), np.arange(50.0, 59.0)])[:, None]
    >>> nobody = np.zeros(0, int)
    >>> view = PoolView(None, x, np.arange(16), nobody, nobody, np.arange(2))
    >>> chosen = GraphCenters(neighbors=2).select(view, 2, np.random.default_rng(0))
    >>> x[chosen, 0].tolist()
    [54.0, 3.0]
    """

    def __init__(
        self,
        neighbors: int = 10,
        eigenvectors: int = 40,
        components: int = 60,
        space: Space = "x",
        candidates: int | None = 20_000,
    ) -> None:
        check(space, candidates)
        for name, value in (
            ("neighbors", neighbors),
            ("eigenvectors", eigenvectors),
            ("components", components),
        ):
            if value < 1:
                raise ValueError(f"{name} must be at least 1, not {value}")
        self.neighbors = neighbors
        self.eigenvectors = eigenvectors
        self.components = components
        self.space: Space = space
        self.needs_model = space == "embed"
        self.candidates = candidates

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, the middle of the largest cluster without a label first."""
        view = subset(view, n, self.candidates, rng)
        x = np.concatenate([features(view, self.space), labeled_features(view, self.space)])
        if len(x) == 1:
            return view.candidates
        places = principal_components(x, self.components)
        graph = neighbor_graph(places, min(self.neighbors, len(x) - 1))
        points = spectral_points(graph, min(self.eigenvectors, len(x)), rng)
        return view.candidates[central_rows(points, len(view), n, rng)]


def central_rows(points: np.ndarray, open_rows: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the positions of n rows in the middle of clusters of points, the most wanted first.

    Parameters
    ----------
    points : array (N, d)
        Those of the rows that may be chosen come first; the others have labels.
    open_rows : int
        How many may be chosen.
    n : int
    rng : numpy.random.Generator

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [2.0], [50.0], [51.0], [52.0], [53.0], [54.0], [2.5]])
    >>> central_rows(points, 8, 1, np.random.default_rng(0)).tolist()  # the heap around 0 has a label already
    [5]
    """
    k = min(len(points) - open_rows + n, len(points))
    cloud = Cloud(np.asarray(points))
    trials = (_with_distances(cloud, k_means(cloud, k, rng), k) for _ in range(STARTS))
    clusters, distances = min(trials, key=lambda trial: float(trial[1].sum()))
    ours, labels = clusters[:open_rows], np.bincount(clusters[open_rows:], minlength=k)
    sizes = np.bincount(clusters, minlength=k)
    turns = np.empty(k, dtype=np.int64)
    turns[np.lexsort((rng.random(k), -sizes, labels, sizes <= SMALL))] = np.arange(k)
    places = np.empty(open_rows, dtype=np.int64)
    places[np.lexsort((rng.random(open_rows), distances[:open_rows]))] = np.arange(open_rows)
    return take_turns(turns[ours], places, n)


def _with_distances(cloud: Cloud, clusters: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the clusters, and each point's squared distance from the mean of its own."""
    sizes = np.bincount(clusters, minlength=k)
    sums = np.zeros((k, cloud.x.shape[1]))
    np.add.at(sums, clusters, cloud.x)
    gap = cloud.x - (sums / np.maximum(sizes, 1)[:, None])[clusters]
    return clusters, np.einsum("id,id->i", gap, gap)
