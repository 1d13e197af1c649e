"""Expected model change: ask where a label, whichever it turns out to be, would move the weights furthest."""

from typing import Any

import numpy as np

from tinyal.measures import check_probabilities
from tinyal.strategies.base import Pointwise
from tinyal.view import PoolView


class ExpectedGradientLength(Pointwise):
    r"""Ask where the gradient of the loss is expected to be longest: Σ_k p_k ‖∂ℓ_k/∂θ‖, ℓ_k = −ln p_k.

    Settles, Craven & Ray (2008, "Multiple-instance active learning"). A trained network's gradient over its labelled
    rows is about zero, so that a new row's own gradient is the step that its label would make. Over all weights it
    takes K backward passes a row; over those of the last layer, z = h W + b with p = softmax(z), none at all:

        ∂ℓ_k/∂W = hᵀ (p − e_k)    ∂ℓ_k/∂b = p − e_k    ‖∂ℓ_k/∂(W, b)‖ = ‖p − e_k‖ · ‖(h, 1)‖

    with e_k the one-hot vector of class k. The score is a product of how unsure the model is and how long the features
    are; rows with long features win by them alone, which `parts` shows.

    Derivation: `docs/derivations/badge.md`, `badge-weight` and `badge-outer`.

    Time O(n (K + d)) besides one pass for probabilities and one for features; memory two numbers a row, and the d
    features of a chunk of rows. A model needs ``embed(x)`` that gives the input of its last dense layer, and nothing
    may follow that layer but the softmax: `tinynn.Classifier` where the layers end with ``Dense``.

    Parameters
    ----------
    bias : bool, optional
        Whether the gradient of b counts: ‖(h, 1)‖ = sqrt(‖h‖² + 1). Without it ‖h‖, and a row without any active
        feature scores zero, however unsure the model is about it.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]], features=[[2.0, 2.0], [0.0, 0.0], [9.0, 9.0]])
    >>> ExpectedGradientLength().score(view).round(4).tolist()  # ‖(0.5, −0.5)‖ times ‖(2, 2, 1)‖ = 3, ‖(0, 0, 1)‖ = 1
    [2.1213, 0.7071, 0.0]
    """

    def __init__(self, bias: bool = True) -> None:
        self.bias = bias

    def score(self, view: PoolView) -> np.ndarray:
        """Σ_k p_k ‖p − e_k‖ · ‖(h, 1)‖, (n,), from 0 to sqrt(1 − 1/K) · ‖(h, 1)‖."""
        return expected_residual(view.proba()) * feature_length(view.embed(), self.bias)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the scores and their two factors."""
        residual, length = expected_residual(view.proba()), feature_length(view.embed(), self.bias)
        return {"score": residual * length, "expected residual": residual, "feature length": length}


def expected_residual(p: Any) -> np.ndarray:
    """Compute Σ_k p_k ‖p − e_k‖, how far a label is expected to be from the prediction.

    Computed as ‖p − e_k‖² = 1 − 2 p_k + ‖p‖² in float64: off by 1e-8 at most, where a model is that certain.

    Parameters
    ----------
    p : array, shape (n, K)
        Class probabilities.

    Returns
    -------
    array, shape (n,)
        From 0 (certain) to sqrt(1 − 1/K) (uniform).

    Raises
    ------
    ValueError
        For what is no probability, see `check_probabilities`.

    Examples
    --------
    >>> expected_residual([[0.7, 0.2, 0.1], [0.5, 0.5, 0.0], [1.0, 0.0, 0.0]]).round(6)
    array([0.591216, 0.707107, 0.      ])
    """
    p = check_probabilities(p)[1].astype(np.float64)
    squares = 1 - 2 * p + np.einsum("nk,nk->n", p, p)[:, None]
    return np.einsum("nk,nk->n", p, np.sqrt(np.maximum(squares, 0)))


def feature_length(h: Any, bias: bool = True) -> np.ndarray:
    """Compute ‖(h, 1)‖, or without bias ‖h‖, of features h (n, d), shape (n,).

    Raises
    ------
    ValueError
        For features that are not vectors, as the input of a dense layer is.

    Examples
    --------
    >>> feature_length(np.array([[2.0, 2.0], [0.0, 0.0]]))
    array([3., 1.])
    """
    h = np.asarray(h)
    if h.ndim != 2:
        raise ValueError(f"what a last dense layer sees has axes (rows, features), not the shape {h.shape}")
    return np.sqrt(np.einsum("nd,nd->n", h, h, dtype=np.float64) + bias)
