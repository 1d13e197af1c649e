"""Diverse batches from any strategy: of the rows it wants most, one of each kind."""

import numpy as np

from tinyal.clusters import k_means, take_turns
from tinyal.neighbors import Cloud
from tinyal.strategies.base import Select, Strategy, choose
from tinyal.strategies.combinators import Combinator, needs_model, parts_of, positions_of
from tinyal.strategies.space import Space, check, features
from tinyal.view import PoolView


class Diverse(Combinator):
    """Let a strategy choose `factor` times as many rows as wanted, and of each cluster of them take the best.

    The factor·n rows are put into n clusters by k-means, and the row that the strategy wanted most is taken of each,
    so that a batch shows n kinds of doubt. With fewer different rows than clusters, the second of each follows.

    Diverse mini-batch active learning (Zhdanov 2019) preselects and clusters alike, but weighs rows in k-means by
    their scores and takes the row nearest to each centre. Here the strategy's order is all that counts, so that any
    strategy will do, with scores or without.

    Time: the strategy's for factor·n rows, and factor·n²·d an iteration of k-means, at most 20. Memory: factor·n·d.

    Parameters
    ----------
    strategy : Strategy or function
    factor : float, optional
        At least 1, which is the strategy alone.
    space : "embed" or "x", optional
        Clusters of the model's features of rows (of a model that has `embed`), or of the rows.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies import Margin
    >>> p = np.array([0.50, 0.51, 0.52, 0.60, 0.99])
    >>> view = known_view(np.stack([p, 1 - p], axis=1), features=[[0.0], [0.1], [0.2], [9.0], [0.0]])
    >>> rng = np.random.default_rng(0)
    >>> Margin().select(view, 2, rng).tolist(), Diverse(Margin(), factor=2).select(view, 2, rng).tolist()
    ([0, 1], [0, 3])
    """

    def __init__(self, strategy: Strategy | Select, factor: float = 10, space: Space = "embed") -> None:
        check(space, None)
        if not factor >= 1:
            raise ValueError(
                f"factor says how many rows to consider for each one wanted: at least 1, not {factor}"
            )
        self.strategy = strategy
        self.factor = factor
        self.space = space
        self.needs_model = needs_model(strategy)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the strategy goes by."""
        return parts_of(self.strategy, view)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n rows, (n,), the most wanted of each cluster, in the strategy's order."""
        wanted = choose(self.strategy, view, min(max(round(self.factor * n), n), len(view)), rng)
        if len(wanted) == n:
            return wanted
        cloud = Cloud(features(view.subset(positions_of(view, wanted)), self.space))
        _, first, cluster = np.unique(k_means(cloud, n, rng), return_index=True, return_inverse=True)
        turns = first.argsort().argsort()[cluster]  # clusters by their most wanted row
        return wanted[take_turns(turns, np.arange(len(wanted)), n)]
