"""Neighbour graphs: the nearest rows against sorting all distances, weights and eigenvectors against dense matrices."""

import numpy as np
import pytest
from scipy import sparse
from scipy.spatial.distance import cdist

from tests.tinyal.pools import blobs
from tinyal.neighbor_graph import nearest_neighbors, neighbor_graph, normalized, spectral_points
from tinyal.principal_components import principal_components

# Principal components.


@pytest.mark.parametrize("shape", [(40, 6), (5, 9), (300, 30)])
def test_principal_components_are_those_of_the_singular_value_decomposition(shape, monkeypatch):
    monkeypatch.setattr("tinyal.neighbors.BLOCK", 100)
    x = np.random.default_rng(0).normal(size=shape) * np.geomspace(1, 20, shape[1]) + 7
    u, s, _ = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(principal_components(x, 4)), np.abs(u * s)[:, :4], rtol=1e-6, atol=1e-8)


def test_all_components_keep_all_distances():
    x = np.random.default_rng(1).normal(size=(30, 5)).astype(np.float32)
    for dimensions in (5, 60):
        turned = principal_components(x, dimensions)
        assert turned.dtype == np.float32
        assert turned.shape == (30, 5)
        np.testing.assert_allclose(cdist(turned, turned), cdist(x, x), atol=1e-5)
    with pytest.raises(ValueError, match="at least 1, not 0"):
        principal_components(x, 0)


# The nearest rows.


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("n", "d", "k"), [(2, 1, 1), (3, 2, 2), (30, 3, 1), (30, 3, 29), (400, 5, 10), (1000, 2, 3)]
)
@pytest.mark.parametrize("block", [1, 5000, 1 << 22])
def test_neighbours_are_those_that_sorting_all_distances_gives(n, d, k, dtype, block, monkeypatch):
    monkeypatch.setattr("tinyal.neighbors.BLOCK", block)
    x = np.random.default_rng(n).normal(size=(n, d)).astype(dtype) + 100
    indices, distances = nearest_neighbors(x, k)
    expected = cdist(x, x)
    np.fill_diagonal(expected, np.inf)
    assert indices.shape == distances.shape == (n, k)
    assert distances.dtype == dtype
    np.testing.assert_allclose(distances, np.sort(expected, axis=1)[:, :k], rtol=1e-4)
    np.testing.assert_allclose(np.take_along_axis(expected, indices, axis=1), distances, rtol=1e-4)
    assert all(len(set(row)) == k for row in indices.tolist())


def test_of_rows_equally_far_away_the_first_comes_first():
    x = np.array([[0.0], [1.0], [-1.0], [2.0], [-2.0], [3.0]])
    assert nearest_neighbors(x, 4)[0][0].tolist() == [1, 2, 3, 4]


def test_copies_of_a_row_are_its_neighbours_at_distance_zero():
    x = np.repeat(np.random.default_rng(0).normal(size=(20, 4)) * 30 + 1000, 3, axis=0).astype(np.float32)
    indices, distances = nearest_neighbors(x, 5)
    assert (distances[:, :2] == 0).all()
    assert (distances[:, 2:] > 0).all()
    assert (indices[:, :2] // 3 == np.arange(60)[:, None] // 3).all()
    assert (indices != np.arange(60)[:, None]).all()


@pytest.mark.parametrize("k", [0, 5, -1])
def test_as_many_neighbours_as_there_are_others(k):
    with pytest.raises(
        ValueError, match=f"each of 5 rows has 4 others, so k is a number from 1 to 4, not {k}"
    ):
        nearest_neighbors(np.eye(5), k)


# The graph.


@pytest.mark.parametrize("k", [1, 3, 8])
def test_weights_are_scaled_by_how_far_both_rows_reach(k):
    x = np.random.default_rng(k).normal(size=(50, 3))
    distances = cdist(x, x)
    order = np.argsort(distances, axis=1)
    scale = distances[np.arange(50), order[:, k]]
    expected = np.zeros((50, 50))
    for i in range(50):
        for j in order[i, 1 : k + 1]:
            expected[i, j] = expected[j, i] = np.exp(-(distances[i, j] ** 2) / (scale[i] * scale[j]))
    graph = neighbor_graph(x, k)
    np.testing.assert_allclose(graph.toarray(), expected, rtol=1e-9)
    assert (graph != graph.T).nnz == 0
    # A different unit of length is the same graph.
    np.testing.assert_allclose(neighbor_graph(1000 * x, k).toarray(), expected, rtol=1e-6)


def test_copies_are_joined_with_weight_one_and_nothing_is_nan():
    x = np.repeat(np.eye(3, dtype=np.float32), 6, axis=0)
    graph = neighbor_graph(x, 4)
    assert (graph.data == 1).all()
    assert sparse.csgraph.connected_components(graph)[0] == 3
    x[::6] += 0.1  # copies beside a row that is near to them
    assert np.isfinite(neighbor_graph(x, 5).data).all()


def test_a_normalized_graph_has_eigenvalues_up_to_one_for_each_part():
    graph = neighbor_graph(blobs([20, 30, 25]), 4)
    parts, _ = sparse.csgraph.connected_components(graph)
    assert parts == 3
    matrix = normalized(graph)
    values = np.linalg.eigvalsh(matrix.toarray())
    assert values.min() >= -1 - 1e-9
    assert (values > 1 - 1e-9).sum() == parts
    degrees = graph.toarray().sum(axis=1)
    np.testing.assert_allclose(matrix.toarray(), graph.toarray() / np.sqrt(np.outer(degrees, degrees)))


def test_a_row_without_neighbours_stays_alone():
    graph = sparse.csr_array(np.array([[0.0, 2, 0], [2, 0, 0], [0, 0, 0]]))
    np.testing.assert_allclose(normalized(graph).toarray(), [[0, 1, 0], [1, 0, 0], [0, 0, 0]], atol=1e-12)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.ones((2, 3)), "an .n, n. matrix, and this one is 2 x 3"),
        (np.array([[0.0, 1], [0, 0]]), r"not symmetric; graph\.maximum\(graph\.T\)"),
        (np.array([[0.0, -1], [-1, 0]]), "not below 0: they say how near"),
        (np.array([[0.0, np.nan], [np.nan, 0]]), "finite"),
    ],
)
def test_what_is_no_graph_is_refused(matrix, message):
    with pytest.raises(ValueError, match=message):
        normalized(sparse.csr_array(matrix))


# Places by the graph's eigenvectors.


def test_parts_of_the_graph_are_places_at_right_angles():
    part = np.repeat(np.arange(3), [20, 30, 25])
    points = spectral_points(neighbor_graph(blobs([20, 30, 25]), 4), 3, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(points, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(points @ points.T, part[:, None] == part, atol=1e-3)


@pytest.mark.parametrize("dimensions", [1, 6, 58, 59, 60])
def test_places_are_made_of_the_eigenvectors_of_a_dense_matrix(dimensions):
    graph = neighbor_graph(np.random.default_rng(3).normal(size=(60, 2)), 6)
    vectors = np.linalg.eigh(normalized(graph).toarray())[1][:, -dimensions:]
    expected = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    points = spectral_points(graph, dimensions, np.random.default_rng(0))
    assert points.shape == (60, dimensions)
    np.testing.assert_allclose(points @ points.T, expected @ expected.T, atol=0.02)
    again = spectral_points(graph, dimensions, np.random.default_rng(0))
    np.testing.assert_array_equal(points, again)
