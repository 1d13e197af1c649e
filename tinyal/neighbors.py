"""Near and far: squared distances between rows by matrix products, with nothing lost where rows are close."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np

BLOCK = 1 << 22  # numbers in one block of distances: 16 MB in float32, whatever the number of rows
CLOSE = 0.01  # below this share of the squared norms the product's rounding shows, and distances are taken directly
MANY = 4  # close pairs for each row, from which it pays to look for equal rows first


class Cloud:
    """Rows as points, prepared for distances: moved to have the origin in their midst, with their squared norms.

    ‖a − b‖² = ‖a‖² + ‖b‖² − 2 a·b needs one matrix product, but subtracts large numbers from each other: of two
    equal rows it leaves rounding, not zero. The shift keeps the numbers small, and pairs that come out close are
    computed again as Σ (aᵢ − bᵢ)², so that equal rows have the distance 0.

    Derivation: `docs/derivations/k-center.md`, `kcenter-matrix`.

    Parameters
    ----------
    x : float array (n, d)
        Never written to.
    origin : array (d,), optional
        What to subtract; the mean of the rows if not given. Clouds that are compared need the same.
    """

    def __init__(self, x: np.ndarray, origin: np.ndarray | None = None) -> None:
        self.origin = x.mean(axis=0) if origin is None else origin
        self.x = x - self.origin
        self.squares = np.einsum("id,id->i", self.x, self.x)

    def __len__(self) -> int:
        return len(self.x)

    def part(self, rows: slice | np.ndarray) -> "Cloud":
        """Return some of the points, where they are."""
        part = object.__new__(Cloud)
        part.origin, part.x, part.squares = self.origin, self.x[rows], self.squares[rows]
        return part

    @cached_property
    def kinds(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the first point of each kind, (kinds,), and the kind of each point, (n,): equal points are of one."""
        rows = np.ascontiguousarray(self.x)
        bits = rows.view(np.dtype((np.void, rows.itemsize * rows.shape[1]))).ravel()
        return np.unique(bits, return_index=True, return_inverse=True)[1:]

    def distances_to(self, i: int) -> np.ndarray:
        """Return the squared distances of all points to point i, (n,)."""
        return squared_distances(self, self.part(slice(i, i + 1)))[:, 0]


def squared_distances(a: Cloud, b: Cloud) -> np.ndarray:
    """Return ‖aᵢ − bⱼ‖² of every pair, (len(a), len(b)), equal rows at distance 0.

    Examples
    --------
    >>> line = Cloud(np.array([[1000.1], [1000.1], [1000.4]]))
    >>> squared_distances(line, line)[0].round(6).tolist()
    [0.0, 0.0, 0.09]
    """
    scale = a.squares[:, None] + b.squares
    distances = a.x @ b.x.T
    distances *= -2
    distances += scale
    scale *= CLOSE
    # Along one axis NumPy finds them fifteen times as fast as along two.
    rows, columns = np.divmod(np.flatnonzero(distances <= scale), len(b))
    if len(rows) <= MANY * (len(a) + len(b)):
        distances[rows, columns] = _directly(a, b, rows, columns)
        return distances
    # Of n equal rows n² pairs are close, and all of them are one: 300 times as fast with 9000 of 10,000 rows equal.
    (first, kind), (other_first, other_kind) = a.kinds, b.kinds
    pairs = kind[rows], other_kind[columns]
    wanted = np.zeros((len(first), len(other_first)), bool)
    wanted[pairs] = True
    i, j = np.nonzero(wanted)
    direct = np.empty(wanted.shape, distances.dtype)
    direct[i, j] = _directly(a, b, first[i], other_first[j])
    distances[rows, columns] = direct[pairs]
    return distances


def _directly(a: Cloud, b: Cloud, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return Σ (aᵢ − bⱼ)² of some pairs, (len(rows),)."""
    found = np.empty(len(rows), np.result_type(a.x, b.x))
    for part in blocks(len(rows), a.x.shape[1]):
        gap = a.x[rows[part]] - b.x[columns[part]]
        found[part] = np.einsum("id,id->i", gap, gap)
    return found


def nearest(a: Cloud, b: Cloud) -> np.ndarray:
    """Return the squared distance of each point of a to the nearest one of b, (len(a),); without any, infinity.

    Time len(a)·len(b)·d; memory len(a) and a block.
    """
    found = np.full(len(a), np.inf, dtype=a.x.dtype)
    for theirs in blocks(len(b), 1024):
        other = b.part(theirs)
        for ours in blocks(len(a), len(other)):
            np.minimum(found[ours], squared_distances(a.part(ours), other).min(axis=1), out=found[ours])
    return found


def mean_neighbor_distance(a: Cloud, b: Cloud, own: np.ndarray, k: int) -> np.ndarray:
    """Return each point's mean distance to the k nearest other points of b, (len(a),).

    Of fewer than k other points all count; without any, the mean is infinite. Time len(a)·len(b)·d; memory len(a)
    and a block.

    Parameters
    ----------
    a, b : Cloud
    own : int array (len(a),)
        Where in b each point of a stands itself; −1 for one that does not.
    k : int
    """
    k = min(k, len(b) - 1)
    if k < 1:
        return np.full(len(a), np.inf)
    found = np.empty(len(a))
    for rows in blocks(len(a), len(b)):
        distances = squared_distances(a.part(rows), b)
        inside = np.flatnonzero(own[rows] >= 0)
        distances[inside, own[rows][inside]] = np.inf
        distances.partition(k - 1, axis=1)
        found[rows] = np.sqrt(distances[:, :k]).mean(axis=1, dtype=np.float64)
    return found


def blocks(n: int, width: int) -> Iterator[slice]:
    """Go through n rows of so many numbers in pieces that hold at most `BLOCK` of them, or one row."""
    size = max(1, BLOCK // max(1, width))
    for start in range(0, n, size):
        yield slice(start, min(start + size, n))
