"""A neighbour graph: every row joined to the rows nearest to it, the nearer the stronger, as a sparse matrix."""

import math
from typing import Any

import numpy as np

from tinyal.neighbors import Cloud, blocks

SPARE = 8  # more rows than wanted are compared directly: what the product's rounding may have put in the wrong order
DENSE = 500  # rows, up to which all eigenvectors are computed at once
TOLERANCE = 1e-4  # of the eigenvalues: clusters do not change with the digits that follow


def nearest_neighbors(x: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest other rows of every row, nearest first, and their distances: (n, k) each.

    Every pair is looked at. ½ ‖xⱼ‖² − xᵢ·xⱼ puts the rows j in the order of their distance from i, and is one matrix
    product for a block of rows. Of its n columns few are sorted: columns are dealt into √(n/k) by √(n·k) groups, and
    the k smallest numbers stand in the k groups with the smallest minima. So the n² numbers are gone through once. What
    is left is computed again as Σ (xᵢ − xⱼ)², so that equal rows have the distance 0; of rows equally far away the
    first in x comes first.

    Time n²·d, memory n·k and a block: 7 seconds for 60,000 rows of 60 numbers in float32 on one core.

    Parameters
    ----------
    x : float array (n, d)
    k : int
        Less than n.

    Raises
    ------
    ValueError
        For rows that have no k others.

    Examples
    --------
    >>> indices, distances = nearest_neighbors(np.array([[0.0], [1.0], [3.0], [7.0]]), 2)
    >>> indices.tolist()
    [[1, 2], [0, 2], [1, 0], [2, 1]]
    >>> distances[3].tolist()
    [4.0, 6.0]
    """
    n = len(x)
    if not 1 <= k < n:
        raise ValueError(f"each of {n} rows has {n - 1} others, so k is a number from 1 to {n - 1}, not {k}")
    cloud = Cloud(x)
    few = min(n - 1, k + SPARE)
    size = max(1, round(math.sqrt(n / few)))  # columns in a group
    width = -(-n // size)  # groups
    left = np.column_stack([cloud.x, np.ones(n, x.dtype)])
    right = np.zeros((left.shape[1], size * width), x.dtype)
    right[:-1, :n], right[-1, :n] = -cloud.x.T, cloud.squares / 2
    right[-1, n:] = np.finfo(x.dtype).max  # columns that only fill up the last groups
    scores = np.empty((next(blocks(n, size * width)).stop, size * width), x.dtype)
    indices, distances = np.empty((n, k), np.int64), np.empty((n, k), x.dtype)
    for rows in blocks(n, size * width):
        own = np.arange(rows.start, rows.stop)
        block = np.matmul(left[rows], right, out=scores[: len(own)])
        block[np.arange(len(own)), own] = np.inf
        near = np.sort(_smallest(block, few, size), axis=1)
        gap = cloud.x[near] - cloud.x[rows, None]
        apart = np.sqrt(np.einsum("rkd,rkd->rk", gap, gap))
        order = np.argsort(apart, axis=1, kind="stable")[:, :k]
        indices[rows] = np.take_along_axis(near, order, axis=1)
        distances[rows] = np.take_along_axis(apart, order, axis=1)
    return indices, distances


def _smallest(scores: np.ndarray, few: int, size: int) -> np.ndarray:
    """Return the columns of the `few` smallest numbers in each row, in any order; group g is g, g + width ..."""
    rows, columns = scores.shape
    width = columns // size
    least = scores.reshape(rows, size, width).min(axis=1)
    groups = np.argpartition(least, few - 1, axis=1)[:, :few]
    members = (groups[:, None] + width * np.arange(size)[:, None]).reshape(rows, -1)
    best = np.argpartition(np.take_along_axis(scores, members, axis=1), few - 1, axis=1)[:, :few]
    return np.take_along_axis(members, best, axis=1)


def neighbor_graph(x: np.ndarray, k: int = 10) -> Any:
    """Return the weights W of the graph that joins each row to its k nearest, a symmetric sparse (n, n) array.

    wᵢⱼ = exp(−‖xᵢ − xⱼ‖² / (σᵢ σⱼ)) where j is among the k nearest of i or i among those of j, otherwise 0. σᵢ is the
    distance of row i to its k-th neighbour, so that a row in a thin region reaches as many others as one in a crowd
    (local scaling, Zelnik-Manor & Perona 2004, who take the 7th). Copies of a row are joined with weight 1.

    Time and memory as `nearest_neighbors`.

    Parameters
    ----------
    x : float array (n, d)
        Distances are taken between these: `tinyal.principal_components` makes few numbers of many.
    k : int, optional

    Returns
    -------
    scipy.sparse.csr_array (n, n)
        Of x's dtype.

    Examples
    --------
    >>> neighbor_graph(np.array([[0.0], [1.0], [5.0]]), k=1).toarray().round(4)  # σ = 1, 1, 4
    array([[0.    , 0.3679, 0.    ],
           [0.3679, 0.    , 0.0183],
           [0.    , 0.0183, 0.    ]])
    """
    from scipy import sparse

    n = len(x)
    indices, distances = nearest_neighbors(x, k)
    scale = distances[:, -1]
    product = np.maximum(scale[:, None] * scale[indices], np.finfo(x.dtype).tiny)
    weights = np.exp(-(distances**2) / product)
    starts = np.arange(0, n * k + 1, k)
    graph = sparse.csr_array((weights.ravel(), indices.ravel(), starts), shape=(n, n))
    return graph.maximum(graph.T).tocsr()


def normalized(graph: Any) -> Any:
    """Return S = D^−½ W D^−½, where D holds the sums of W's rows; rows without neighbours stay 0.

    Its eigenvalues lie between −1 and 1, and 1 occurs once for each connected part of the graph.

    Parameters
    ----------
    graph : scipy.sparse array (n, n)
        Symmetric, no weight below 0.

    Raises
    ------
    ValueError
        For a graph that is not square, not symmetric or has negative weights.
    """
    from scipy import sparse

    rows, columns = graph.shape
    if rows != columns:
        raise ValueError(f"a graph of n rows is an (n, n) matrix, and this one is {rows} x {columns}")
    graph = sparse.csr_array(graph)
    if graph.nnz and (graph.data.min() < 0 or not np.isfinite(graph.data).all()):
        raise ValueError("weights of a graph are finite and not below 0: they say how near, not how far")
    if abs(graph - graph.T).max() > 1e-6 * max(1.0, abs(graph).max()):
        raise ValueError(
            "this graph is not symmetric; graph.maximum(graph.T) joins both ways what is joined one way"
        )
    degrees = np.asarray(graph.sum(axis=1)).ravel()
    with np.errstate(divide="ignore"):
        factor = np.where(degrees > 0, 1 / np.sqrt(degrees), 0).astype(graph.dtype)
    return sparse.csr_array(sparse.diags_array(factor) @ graph @ sparse.diags_array(factor))


def spectral_points(graph: Any, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    """Return places of the rows at which rows that the graph joins well lie together, (n, dimensions).

    The columns are the eigenvectors of S = D^−½ W D^−½ with the largest eigenvalues: they change least along the
    graph's edges. Rows are brought to length one (Ng, Jordan & Weiss 2002), so that what counts is the direction and
    not how many neighbours a row has. Clusters that wind through the space of pixels are heaps here.

    Each connected part of the graph has the eigenvalue 1 and a known eigenvector, the roots of its degrees. An
    iteration that follows one vector, as Lanczos', cannot tell equal eigenvalues apart; so these are written down, the
    largest parts first, and the iteration looks for the others.

    Time: some hundred products with W, of nnz(W) + n·dimensions each; up to 500 rows n³.

    Parameters
    ----------
    graph : scipy.sparse array (n, n)
        Weights, as from `neighbor_graph`.
    dimensions : int
        At most n.
    rng : numpy.random.Generator
        Where the iteration starts. The answer depends on it by rounding alone, and by turns of the space.

    Examples
    --------
    >>> graph = neighbor_graph(np.array([[0.0], [0.1], [0.3], [9.0], [9.1], [9.4]]), k=2)
    >>> points = spectral_points(graph, 2, np.random.default_rng(0))
    >>> bool(abs(points[0] @ points[1]) > 0.999), bool(abs(points[0] @ points[4]) < 0.001)
    (True, True)
    """
    n = graph.shape[0]
    if not 1 <= dimensions <= n:
        raise ValueError(f"{n} rows have from 1 to {n} eigenvectors; {dimensions} cannot be taken")
    matrix = normalized(graph)
    parts = _parts(graph, dimensions)
    rest = dimensions - parts.shape[1]
    if n <= DENSE:
        found = np.linalg.eigh(matrix.toarray() - 2 * parts @ parts.T)[1][:, n - rest :]
    else:
        found = _largest(matrix, parts, rest, rng)
    vectors = np.concatenate([parts, found], axis=1).astype(graph.dtype)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(vectors.dtype).tiny)


def _parts(graph: Any, most: int) -> np.ndarray:
    """Return the eigenvectors of at most so many of the graph's connected parts, (n, parts), the largest part first."""
    from scipy.sparse.csgraph import connected_components

    _, part = connected_components(graph, directed=False)
    order = np.argsort(-np.bincount(part), kind="stable")[:most]
    roots = np.sqrt(np.asarray(graph.sum(axis=1)).ravel())
    vectors = np.where(part[:, None] == order, roots[:, None], 0)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=0), np.finfo(vectors.dtype).tiny)


def _largest(matrix: Any, known: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Return `count` further eigenvectors, (n, count): the known ones, moved from 1 to −1, are the last to be found."""
    from scipy.sparse.linalg import LinearOperator, eigsh

    if count == 0:
        return np.zeros((len(known), 0))
    known = known.astype(matrix.dtype)

    def product(v: np.ndarray) -> np.ndarray:
        return matrix @ v - 2 * known @ (known.T @ v)

    operator = LinearOperator(matrix.shape, matvec=product, dtype=matrix.dtype)
    start = rng.standard_normal(len(known)).astype(matrix.dtype)
    return eigsh(operator, count, which="LA", v0=start, tol=TOLERANCE)[1]
