"""A filter for any strategy: no row that is nearly the same as one with a label, or as another of the batch."""

import numpy as np

from tinyal.neighbors import Cloud, nearest
from tinyal.strategies.base import Pointwise, Select, Strategy, choose, top
from tinyal.strategies.combinators import Combinator, needs_model, parts_of, positions_of
from tinyal.strategies.space import Space, check, features, labeled_features
from tinyal.view import PoolView


class WithoutNearDuplicates(Combinator):
    """Let a strategy choose among rows that differ from all labelled ones, and from each other.

    Frames of a film, copies of a document, crops of one picture: a second label for the same thing buys nothing.
    Rows x and x′ are near duplicates where ‖x − x′‖ ≤ distance. Those of labelled rows are struck out. Of the
    strategy's choice among the others, each row is taken unless it has been struck out, and then all its near
    duplicates are. For what is missing the strategy is asked again, at most n times in all, for the first row
    of every answer is taken; a pointwise strategy is asked once, as its scores stay the same.

    Should no row be left that differs, the batch is filled with near duplicates, by the strategy's choice among
    them: n rows were asked for, and n come.

    Parameters
    ----------
    strategy : Strategy or function
    distance : float
        Euclidean, in units of the features; 0 strikes out copies. Bytes count as numbers from 0 to 1, as in images.
    space : "embed" or "x", optional
        Distances between the model's features of rows (of a model that has `embed`), or between the rows.

    Notes
    -----
    Time: n·(m + batch)·d multiplications for n candidates and m labelled rows of d features, and the strategy's own.
    Memory: the features of all candidates, 4·n·d bytes, twice.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> from tinyal.strategies import Margin
    >>> view = known_view([[0.5, 0.5], [0.6, 0.4], [0.9, 0.1]], features=[[1.0], [1.1], [5.0]])
    >>> WithoutNearDuplicates(Margin(), distance=0.5, space="embed").select(view, 2, np.random.default_rng(0)).tolist()
    [0, 2]
    """

    def __init__(self, strategy: Strategy | Select, distance: float, space: Space = "x") -> None:
        check(space, None)
        if not distance >= 0:
            raise ValueError(f"distance must be at least 0, not {distance}")
        self.strategy = strategy
        self.distance = distance
        self.space = space
        self.needs_model = needs_model(strategy)

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return what the strategy goes by."""
        return parts_of(self.strategy, view)

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n rows, (n,), no near duplicates as long as there are others."""
        if isinstance(self.strategy, Pointwise):
            scores = self.strategy.scores(view)

        def ask(positions: np.ndarray, n: int) -> np.ndarray:
            if isinstance(self.strategy, Pointwise):
                return positions[top(scores[positions], n, rng)]
            return positions_of(view, choose(self.strategy, view.subset(positions), n, rng))

        cloud, limit = Cloud(features(view, self.space)), self.distance**2
        differs = nearest(cloud, Cloud(labeled_features(view, self.space), cloud.origin)) > limit
        taken: list[int] = []
        while len(taken) < n and differs.any():
            others = np.flatnonzero(differs)
            for position in ask(others, min(n - len(taken), len(others))).tolist():
                if differs[position]:
                    taken.append(position)
                    differs &= cloud.distances_to(position) > limit
        if missing := n - len(taken):
            taken += ask(np.setdiff1d(np.arange(len(view)), taken), missing).tolist()
        return view.candidates[taken]
