"""BADGE: a batch of rows whose labels would move the last layer far, and in different directions."""

import numpy as np

from tinyal.neighbors import CLOSE
from tinyal.probabilities import check_probabilities
from tinyal.seeding import plus_plus
from tinyal.strategies.base import Strategy, subset, top
from tinyal.strategies.space import check, features
from tinyal.view import PoolView


class Gradients:
    """The gradient of each row's loss by the last layer's weights, g = r ⊗ h, never written out.

    For the row's most probable class as its label, cross-entropy has the gradient r = p − onehot(argmax p) by the
    logits, and (K, d) products r ⊗ h by the weights, h being the layer's input. All that is needed of
    those n·K·d numbers are distances: g·g′ = (r·r′)(h·h′), so ‖g − g′‖² = ‖r‖²‖h‖² + ‖r′‖²‖h′‖² − 2 (r·r′)(h·h′).

    Derivation: `docs/derivations/badge.md`, `badge-inner` and `badge-distance`.

    Parameters
    ----------
    p : array (n, K)
        Class probabilities.
    h : array (n, d)
        Features: what the last layer sees.

    Examples
    --------
    >>> g = Gradients(np.array([[0.7, 0.2, 0.1]]), np.array([[1.0, 2.0]]))
    >>> round(float(g.squares[0]), 6)
    0.7
    """

    def __init__(self, p: np.ndarray, h: np.ndarray) -> None:
        self.r = p.copy()
        self.r[np.arange(len(p)), p.argmax(axis=1)] -= 1
        self.h = h
        self._r2 = np.einsum("ik,ik->i", self.r, self.r)
        self._h2 = np.einsum("id,id->i", h, h)
        self.squares = self._r2 * self._h2

    def distances_to(self, i: int) -> np.ndarray:
        """Return ‖g − gᵢ‖² of all rows, (n,), equal rows at distance 0."""
        r, h = self.r[i], self.h[i]
        scale = self.squares + self.squares[i]
        distances = scale - 2 * (self.r @ r) * (self.h @ h)
        close = np.flatnonzero(distances <= CLOSE * scale)
        # There the difference of large numbers is mostly rounding. With r′ = r + u and h′ = h + v, the difference of
        # the gradients is u ⊗ h′ + r ⊗ v, all of it small.
        u, v, theirs = self.r[close] - r, self.h[close] - h, self.h[close]
        exact = np.einsum("ik,ik->i", u, u) * self._h2[close] + self._r2[i] * np.einsum("id,id->i", v, v)
        exact += 2 * (u @ r) * np.einsum("id,id->i", theirs, v)
        distances[close] = np.maximum(exact, 0)
        return distances


class BADGE(Strategy):
    """Draw rows whose gradients are large and far from each other (Ash et al. 2020, Algorithm 1).

    k-means++ seeding on g = (p − onehot(argmax p)) ⊗ h: the first row is the one with the longest g, each next
    one is drawn with probability proportional to its squared distance to the nearest chosen one. Where the
    model is sure, g is near zero: of all such rows together hardly more than one is drawn. The paper's description
    of k-means++ draws the first row uniformly, the program of its authors takes the longest; so do we, as a
    batch of one would else be a random row.

    h is what `embed` of the model gives, and of a model without one the row itself, which is right for linear models.

    Time n·(K + d)·batch; memory n·(K + d).

    Derivation: `docs/derivations/badge.md`, `badge-outer`, `badge-distance` and `badge-draw`.

    Parameters
    ----------
    candidates : int, optional
        Look at no more than this many rows, drawn at random. None: at all.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> view = known_view([[0.6, 0.4], [0.6, 0.4], [1.0, 0.0]], features=[[5.0], [5.0], [5.0]])
    >>> BADGE().parts(view)["gradient norm"].round(4).tolist()  # ‖(−0.4, 0.4)‖ · 5
    [2.8284, 2.8284, 0.0]
    >>> first, second = BADGE().select(view, 2, np.random.default_rng(0)).tolist()
    >>> first in (0, 1), second  # the copy of the first is at distance 0, and is never drawn
    (True, 2)
    """

    def __init__(self, candidates: int | None = 50_000) -> None:
        check("embed", candidates)
        self.candidates = candidates

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n candidates, (n,), in the order of drawing."""
        view = subset(view, n, self.candidates, rng)
        gradients = self._gradients(view)
        first = int(top(gradients.squares, 1, rng)[0])
        return view.candidates[plus_plus(gradients.distances_to, first, n, rng)]

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the length of each candidate's gradient, ‖r‖‖h‖."""
        lengths = [np.sqrt(self._gradients(chunk).squares) for chunk in view.chunks()]
        return {"gradient norm": np.concatenate(lengths)}

    def _gradients(self, view: PoolView) -> Gradients:
        return Gradients(check_probabilities(view.proba())[1], features(view, "embed"))
