"""Principal components: rows described by a few numbers, those along which they differ most."""

import numpy as np

from tinyal.neighbors import blocks


def principal_components(x: np.ndarray, dimensions: int) -> np.ndarray:
    """Return (x − mean) V, the rows' coordinates along the directions of largest variance, (n, dimensions).

    V holds the eigenvectors of the covariance matrix with the largest eigenvalues (Pearson 1901): no other d
    directions keep more of Σ ‖xᵢ − xⱼ‖². What is left out of images is mostly noise, and distances between rows cost
    d instead of all their pixels. Rows of fewer features than `dimensions` are only turned.

    Time n·p² + p³ for p features, memory p² and the answer.

    Parameters
    ----------
    x : float array (n, p)
    dimensions : int

    Returns
    -------
    array (n, min(dimensions, p))
        Of x's dtype. The sign of each column is arbitrary, but the same for the same x.

    Raises
    ------
    ValueError
        For fewer than one dimension.

    Examples
    --------
    >>> x = np.array([[0.0, 0.0], [3.0, 4.0], [6.0, 8.0]])  # on a line through the origin
    >>> np.abs(principal_components(x, 1)).ravel().tolist()
    [5.0, 0.0, 5.0]
    """
    if dimensions < 1:
        raise ValueError(f"dimensions must be at least 1, not {dimensions}")
    n, features = x.shape
    mean = x.mean(axis=0, dtype=np.float64).astype(x.dtype)
    covariance = np.zeros((features, features))
    for rows in blocks(n, features):
        part = x[rows] - mean
        covariance += part.T @ part
    _, vectors = np.linalg.eigh(covariance)  # the smallest first
    basis = vectors[:, ::-1][:, :dimensions].astype(x.dtype)
    return np.concatenate([(x[rows] - mean) @ basis for rows in blocks(n, features)])
