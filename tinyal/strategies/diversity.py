"""Strategies that cover the pool: ask where no label is near, and not twice at the same place."""

import heapq

import numpy as np

from tinyal.neighbors import Cloud, nearest, squared_distances
from tinyal.seeding import farthest_first
from tinyal.strategies.base import Strategy, subset
from tinyal.strategies.space import Space, check, features, labeled_features
from tinyal.view import PoolView

DISTANCE = "distance to the nearest labelled row"


class _Covering(Strategy):
    """What strategies that cover the pool have in common: where rows lie, and what they show of their choice."""

    def __init__(self, space: Space, candidates: int | None) -> None:
        check(space, candidates)
        self.space: Space = space
        self.needs_model = space == "embed"
        self.candidates = candidates

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return each candidate's distance to the nearest labelled row; infinite where nothing is labelled."""
        labeled = labeled_features(view, self.space)
        found = []
        for chunk in view.chunks():
            cloud = Cloud(features(chunk, self.space))
            found.append(np.sqrt(nearest(cloud, Cloud(labeled, cloud.origin))))
        return {DISTANCE: np.concatenate(found)}


class KCenter(_Covering):
    """Ask for the row that is farthest from all labelled ones, then for the next, counting those as labelled.

    Greedy k-center, the core-set approach (Sener & Savarese 2018, Algorithm 1): it brings down
    maxᵢ min_c ‖xᵢ − x_c‖, how far the worst-covered row is from a label, c running over labelled and chosen rows.
    Where nothing is labelled, the first row is drawn at random. It asks no model how sure it is, and outliers first.

    Time n·(m + batch)·d for n candidates and m labels; memory n·d. No n × n matrix.

    Derivation: `docs/derivations/k-center.md`, `kcenter-radius` and `kcenter-pigeons`.

    Parameters
    ----------
    space : "embed" or "x", optional
        Distances between the model's features of rows (of a model that has `embed`), or between the rows.
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view(features=[[0.0], [1.0], [4.0], [9.0], [10.0]], labeled=[0])
    >>> KCenter().select(view, 2, np.random.default_rng(0)).tolist()  # the row at 10; then that at 4, midway
    [4, 2]
    """

    def __init__(self, space: Space = "embed", candidates: int | None = 50_000) -> None:
        super().__init__(space, candidates)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), farthest first."""
        view = subset(view, n, self.candidates, rng)
        cloud = Cloud(features(view, self.space))
        covered = nearest(cloud, Cloud(labeled_features(view, self.space), cloud.origin))
        return view.candidates[farthest_first(cloud.distances_to, covered, n, rng)]


class FacilityLocation(_Covering):
    """Ask for the rows that bring all others nearest to a label: no outlier, but the middle of what is not covered.

    Each next row j is the one with the largest gain Σᵢ max(0, bᵢ − ‖xᵢ − xⱼ‖), where bᵢ is row i's distance to the
    nearest labelled or chosen row, and without any the largest distance in the pool. The sum of the bᵢ falls by
    at least 1 − 1/e of what any batch could save, since gains only shrink (Nemhauser, Wolsey & Fisher 1978); for
    the same reason only those need be computed again that were largest before (lazy greedy, Minoux 1978). In
    active learning: Wei, Iyer & Bilmes 2015.

    Time n²·d and mostly far less than batch·n²; memory 4·n² bytes for n candidates: 64 MB for the 4000 by default.

    Derivation: `docs/derivations/batchbald.md`, `batchbald-submodular` and `batchbald-guarantee`, true of any such sum.

    Parameters
    ----------
    space : "embed" or "x", optional
        Distances between the model's features of rows (of a model that has `embed`), or between the rows.
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view(features=[[0.0], [10.0], [11.0], [12.0], [13.0], [30.0]], labeled=[0])
    >>> rng = np.random.default_rng(0)
    >>> KCenter().select(view, 1, rng).tolist(), FacilityLocation().select(view, 1, rng).tolist()  # outlier, middle
    ([5], [3])
    """

    def __init__(self, space: Space = "embed", candidates: int | None = 4000) -> None:
        super().__init__(space, candidates)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), largest gain first."""
        view = subset(view, n, self.candidates, rng)
        cloud = Cloud(features(view, self.space))
        distances = np.sqrt(squared_distances(cloud, cloud))
        covered = np.sqrt(nearest(cloud, Cloud(labeled_features(view, self.space), cloud.origin)))
        np.minimum(covered, distances.max(), out=covered)
        return view.candidates[_lazy_greedy(distances, covered, n, rng)]


def _lazy_greedy(distances: np.ndarray, covered: np.ndarray, n: int, rng: np.random.Generator) -> list[int]:
    # Gains are compared in steps of a millionth of all there is to gain: what equal rows differ by is rounding.
    step = max(1e-6 * float(covered.sum(dtype=np.float64)), np.finfo(np.float64).tiny)

    def gain(j: int) -> int:
        return round(float(np.maximum(covered - distances[j], 0).sum(dtype=np.float64)) / step)

    # Gains from an earlier turn are upper bounds; the random numbers decide ties.
    bounds = [(-gain(j), tie, j) for j, tie in enumerate(rng.permutation(len(distances)).tolist())]
    heapq.heapify(bounds)
    chosen: list[int] = []
    while len(chosen) < n:
        _, tie, j = heapq.heappop(bounds)
        entry = (-gain(j), tie, j)
        if bounds and bounds[0] < entry:
            heapq.heappush(bounds, entry)
        else:
            chosen.append(j)
            np.minimum(covered, distances[j], out=covered)
    return chosen
