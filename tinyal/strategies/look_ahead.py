"""Look ahead: train with each answer a row might get, and ask for the row that would change most for the better.

Whatever a model is, this works, and whatever it is, it is slow: each candidate costs one training a class.
"""

import numpy as np

from tinyal import measures
from tinyal.strategies.base import Select, Strategy, choose, top
from tinyal.strategies.combinators import Combinator
from tinyal.strategies.pointwise import Random
from tinyal.view import Model, PoolView
from tinynn.progress import progress_bar


class LookAhead(Combinator):
    """A strategy that trains with what might be answered, and compares what the model says before and after.

    The score of row x is Σ_y p(y | x) · mean over other rows x′ of benefit(p(x′), p₊(x′)), where p₊ is said by a
    model trained on the labels so far and (x, y). A subclass defines `benefit`. The n best scores are asked for:
    a batch is not looked at together.

    Parameters
    ----------
    candidates : int, optional
        Score this many rows, and at least twice as many as are asked for: of fewer there would be little to choose.
    rows : int, optional
        Compare predictions on this many unlabelled rows, drawn at random, the same for all candidates.
    shortlist : Strategy or function, optional
        Who chooses the candidates, by default chance. ``Margin()`` spends the trainings on rows in doubt.

    Notes
    -----
    Time: candidates·K trainings and predictions of `rows` rows, less those for labels of probability zero; with
    the default settings and ten classes 200 trainings a round of up to 10 rows, and 20 more for each further row. Who
    asks for all rows that are left gets them without any training. A bar shows how far it is on a terminal. Memory:
    two predictions and one model.

    A training of a network is itself a matter of chance. All of a round share a seed, and still one label moves
    the order of batches, too: candidates that differ little are then told apart by noise.
    """

    def __init__(
        self, candidates: int = 20, rows: int = 500, shortlist: Strategy | Select | None = None
    ) -> None:
        if candidates < 1 or rows < 1:
            raise ValueError(f"candidates and rows must be at least 1, not {candidates} and {rows}")
        self.candidates = candidates
        self.rows = rows
        self.shortlist = shortlist

    def benefit(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """Say for each row how much it gained, (m,), from class probabilities before and after, (m, K) each."""
        raise NotImplementedError(f"{type(self).__name__} must define benefit(before, after)")

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose the n best of the candidates."""
        wanted = min(max(self.candidates, 2 * n), len(view))
        shortlist = choose(self.shortlist or Random(), view, wanted, rng)
        if wanted == n:  # all of them, whatever their scores
            return shortlist
        rows = rng.choice(view.candidates, min(self.rows, len(view)), replace=False)
        scores = self.scores(view, shortlist, np.sort(rows))  # sorted: pools are read fastest in their order
        # Equal rows tie, although their means are taken over different rows and rounded differently.
        return shortlist[top(scores.round(12), n, rng)]

    def scores(self, view: PoolView, shortlist: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Score candidates by what their labels would do to the predictions of rows.

        Parameters
        ----------
        view : PoolView
        shortlist : int array (c,)
            Dataset indices of the candidates to score.
        rows : int array (m,)
            Dataset indices of the rows to predict. A candidate among them does not count for itself: to know its
            own label is no achievement.

        Returns
        -------
        array (c,)
            Larger = ask first.
        """
        here, before = (_predictions(view, view.model, some) for some in (shortlist, rows))
        scores = np.zeros(len(shortlist))
        with progress_bar(int(np.count_nonzero(here)), "training") as bar:
            for i, label in zip(*np.nonzero(here), strict=True):
                model = view.retrained([shortlist[i]], [view.classes[label]])
                benefit = self.benefit(before, _predictions(view, model, rows))
                gained = benefit[rows != shortlist[i]]
                scores[i] += here[i, label] * gained.sum() / max(len(gained), 1)
                bar.update()
        return scores


class ExpectedErrorReduction(LookAhead):
    """Ask for the row whose label is expected to leave the least error on the other rows.

    Nobody knows the labels of those, so that the model after the training judges itself (Roy & McCallum 2001,
    "Toward optimal active learning through sampling estimation of error reduction", section 2): the log-loss that it
    expects is the entropy of its predictions, H(p₊), and the share of mistakes that it expects is 1 − max p₊. The score
    is the reduction, Σ_y p(y | x) · mean over x′ of L(p(x′)) − L(p₊(x′)), and may be negative. Cost: see `LookAhead`.

    Parameters
    ----------
    loss : {"log", "zero-one"}, optional
        L: entropy in nats, or 1 − max p.
    candidates, rows, shortlist
        As in `LookAhead`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def says(p):
    ...     return SimpleNamespace(classes_=np.arange(2), predict_proba=lambda x: np.tile(p, (len(x), 1)))
    >>> def train(rows, labels):  # whatever its label is, row 1 is the one that settles everything
    ...     return says([1.0, 0.0] if 1 in rows else [0.5, 0.5])
    >>> none = np.zeros(0, int)
    >>> view = PoolView(says([0.5, 0.5]), np.zeros((3, 1)), np.arange(3), none, none, np.arange(2), train=train)
    >>> strategy = ExpectedErrorReduction()
    >>> strategy.scores(view, np.arange(3), np.arange(3)).round(4).tolist()  # ln 2 nats of doubt would be gone
    [0.0, 0.6931, 0.0]
    >>> strategy.select(view, 1, np.random.default_rng(0)).tolist()
    [1]
    """

    def __init__(
        self,
        loss: str = "log",
        candidates: int = 20,
        rows: int = 500,
        shortlist: Strategy | Select | None = None,
    ) -> None:
        super().__init__(candidates, rows, shortlist)
        if loss not in ("log", "zero-one"):
            raise ValueError(f'loss must be "log" or "zero-one", not {loss!r}')
        self.loss = loss

    def benefit(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """L(p) − L(p₊), (m,)."""
        loss = measures.entropy if self.loss == "log" else measures.least_confidence
        return np.asarray(loss(before) - loss(after))


class ExpectedModelOutputChange(LookAhead):
    """Ask for the row whose label is expected to change the predictions of other rows most.

    Σ_y p(y | x) · mean over x′ of ½ Σ_k |p₊(k | x′) − p(k | x′)|, the total variation between the predictions
    with and without the label, from 0 to 1 (Freytag, Rodner & Denzler 2014, "Selecting influential examples: active
    learning with expected model output changes"). It is the expected model change of Settles, Craven & Ray 2008,
    measured by what the model says instead of by the length of a gradient, and so is defined for models that have
    none. Cost: see `LookAhead`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> def says(p):
    ...     return SimpleNamespace(classes_=np.arange(2), predict_proba=lambda x: np.tile(p, (len(x), 1)))
    >>> def train(rows, labels):  # whatever its label is, row 1 is the one that settles everything
    ...     return says([1.0, 0.0] if 1 in rows else [0.5, 0.5])
    >>> none = np.zeros(0, int)
    >>> view = PoolView(says([0.5, 0.5]), np.zeros((3, 1)), np.arange(3), none, none, np.arange(2), train=train)
    >>> strategy = ExpectedModelOutputChange()
    >>> strategy.scores(view, np.arange(3), np.arange(3)).tolist()  # (|1 − 0.5| + |0 − 0.5|) / 2
    [0.0, 0.5, 0.0]
    >>> strategy.select(view, 1, np.random.default_rng(0)).tolist()
    [1]
    """

    def benefit(self, before: np.ndarray, after: np.ndarray) -> np.ndarray:
        """½ Σ_k |p₊ − p|, (m,)."""
        return np.asarray(np.abs(after - before).sum(axis=1) / 2)


def _predictions(view: PoolView, model: Model | None, rows: np.ndarray) -> np.ndarray:
    """Return class probabilities of rows of the pool by a model, (m, K), columns in the order of the view's classes."""
    p = PoolView(model, view.pool, rows, view.labeled, view.labels, view.classes).proba()
    return np.asarray(measures.check_probabilities(p)[1])
