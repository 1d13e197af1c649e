"""What a strategy may see this round: the pool, the labels so far, and what the model says. Never the answers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinyal import outputs
from tinyal.outputs import Model as Model
from tinyal.pool import LARGEST, PIECE, bytes_of, gather, outside_memory

CHUNK = 8192


class PoolView:
    """One round as a strategy sees it.

    Model outputs are computed once and kept: two strategies, or a score and a picture, share them.

    A pool outside memory, a memory map or a `tinyal.pool.ChunkedPool`, is never read as a whole: what the model says
    is computed chunk by chunk, and `x` of more than 2³⁰ bytes is refused.

    Parameters
    ----------
    model : Model or None
        Fitted on the labels so far; None where there are too few to train on. Then what a model would say is an error.
    pool : array (N, ...)
        Every row, labelled or not.
    candidates : int array (n,)
        Dataset indices of the rows that may be asked for.
    labeled : int array (m,)
        Dataset indices of the rows that have labels.
    labels : array (m,)
        Their labels.
    classes : array (K,)
        All labels known to exist: the columns of probabilities, whichever of them the model has met.
    seed : int
        Of posterior samples, so that one round's samples are the same however often they are asked for.
    train : callable, optional
        ``train(indices, labels)`` returns a model trained on these rows; strategies that look ahead call it.

    Examples
    --------
    What a strategy of an `ActiveLearner` sees; `tinyal.known.known_view` makes views for tests.

    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], steps=50, classes=range(10))
    >>> learner = al.ActiveLearner(model, data.x_train, al.strategies.Margin())
    >>> learner.tell(range(30), data.y_train[:30])
    >>> view = learner.view()
    >>> isinstance(view, PoolView), len(view), view.x.shape, view.proba().shape, view.embed().shape
    (True, 1318, (1318, 64), (1318, 10), (1318, 32))
    >>> view.subset([5, 6]).candidates.tolist()  # positions among the candidates: the first 30 rows are none
    [35, 36]
    """

    def __init__(
        self,
        model: Model | None,
        pool: Any,
        candidates: np.ndarray,
        labeled: np.ndarray,
        labels: np.ndarray,
        classes: np.ndarray,
        seed: int = 0,
        train: Callable[[np.ndarray, np.ndarray], Model] | None = None,
    ) -> None:
        self.model = model
        self.pool = pool
        self.candidates = candidates
        self.labeled = labeled
        self.labels = labels
        self.classes = classes
        self.seed = seed
        self._train = train
        self._kept: dict[Any, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self.candidates)

    @property
    def x(self) -> np.ndarray:
        """The candidates' rows, (n, ...); of a memory map they may be its pages, which are not to be written to.

        Raises
        ------
        ValueError
            Where they would take more than 2³⁰ bytes of memory, and the pool lies elsewhere.
        """
        if self._too_large():
            raise ValueError(
                f"the rows of {len(self):,} candidates take {bytes_of(self.pool, len(self)) / 1e9:.1f} GB, and this "
                "pool lies outside memory. Go through view.chunks(), or look at fewer rows: view.subset(positions), "
                "or candidates= of the strategy or of the learner"
            )
        return self._keep("x", lambda: gather(self.pool, self.candidates))

    @property
    def labeled_x(self) -> np.ndarray:
        """The labelled rows, (m, ...)."""
        return self._keep("labeled_x", lambda: gather(self.pool, self.labeled))

    def proba(self) -> np.ndarray:
        """Return the candidates' class probabilities, (n, K).

        Raises
        ------
        TypeError
            While there is no model.
        ValueError
            For a model that does not give one row of as many columns as it knows classes for each candidate, or that
            knows a class which is none of the view's.
        """
        return self._keep(
            "proba", lambda: self._everywhere(lambda model, x: outputs.predict(model, x, self.classes))
        )

    def sample_proba(self, n_samples: int) -> np.ndarray:
        """Return the candidates' class probabilities under posterior samples, (n_samples, n, K).

        They come from the model's ``sample_proba``. The samples of an ensemble, `tinynn.Ensemble` or one of
        scikit-learn's, are its members' probabilities, at most `n_samples` of them.

        Raises
        ------
        TypeError
            For a model that can do neither, and while there is no model.
        """

        def compute(model: Model, x: Any) -> np.ndarray:
            return outputs.sample(model, x, n_samples, self.seed, self.classes)

        return self._keep(("samples", n_samples), lambda: self._everywhere(compute, axis=1))

    def embed(self) -> np.ndarray:
        """Return the candidates' features, (n, features), from the model's ``embed``.

        Raises
        ------
        TypeError
            For a model without `embed`, and while there is no model.
        ValueError
            For features of another number of rows, of width zero, or that are NaN or infinite.
        """
        return self._keep("embed", lambda: self._everywhere(outputs.embed))

    def labeled_embed(self) -> np.ndarray:
        """Return the labelled rows' features, (m, features), from the model's ``embed``."""
        return self._keep("labeled_embed", lambda: outputs.embed(self._trained(), self.labeled_x))

    def retrained(self, indices: Any, labels: Any) -> Model:
        """Return a new model, trained on the labels so far and these: what the learner would have after an answer.

        Parameters
        ----------
        indices : int array (k,)
            Dataset indices of candidates.
        labels : array (k,)
            What they might be.

        Raises
        ------
        TypeError
            For a view that was made without a way to train.
        """
        if self._train is None:
            raise TypeError(
                "this strategy trains models to look ahead, and this view has no way to; views of an ActiveLearner "
                "have, and PoolView(..., train=function) makes one that has"
            )
        return self._train(
            np.concatenate([self.labeled, np.atleast_1d(indices)]),
            np.concatenate([self.labels, np.atleast_1d(labels)]),
        )

    def subset(self, positions: np.ndarray) -> "PoolView":
        """Return a view of some of the candidates, which keeps what is known about them.

        Parameters
        ----------
        positions : int array (k,)
            Positions among this view's candidates, not dataset indices.
        """
        part = self._part(self.candidates[positions])
        for name, value in self._kept.items():
            if name in ("labeled_x", "labeled_embed"):
                part._kept[name] = value
            elif isinstance(name, tuple):  # samples: (T, n, K)
                part._kept[name] = value[:, positions]
            else:
                part._kept[name] = value[positions]
        return part

    def chunks(self) -> Iterator["PoolView"]:
        """Go through the candidates in pieces, each a view of its own, so that memory has a bound.

        A view of one piece is the view itself, and keeps what is computed on it.
        """
        size = CHUNK
        if outside_memory(self.pool):
            size = min(CHUNK, max(1, PIECE // max(1, bytes_of(self.pool, 1))))
        if len(self) <= size:
            yield self
            return
        for start in range(0, len(self), size):
            yield self._part(self.candidates[start : start + size])

    def _part(self, candidates: np.ndarray) -> "PoolView":
        return PoolView(
            self.model,
            self.pool,
            candidates,
            self.labeled,
            self.labels,
            self.classes,
            self.seed,
            self._train,
        )

    def _too_large(self) -> bool:
        return outside_memory(self.pool) and bytes_of(self.pool, len(self)) > LARGEST

    def _everywhere(self, compute: Callable[[Model, Any], np.ndarray], axis: int = 0) -> np.ndarray:
        """Compute something of a model and all candidates' rows, by chunks where the rows are too large together."""
        model = self._trained()
        if not self._too_large():
            return compute(model, self.x)
        return np.concatenate([compute(model, chunk.x) for chunk in self.chunks()], axis)

    def _trained(self) -> Model:
        if self.model is None:
            raise TypeError(
                "there is no model yet: a model needs labels of at least two classes. Until then choose by rows "
                "alone (view.x), or at random"
            )
        return self.model

    def _keep(self, name: Any, compute: Any) -> np.ndarray:
        if name not in self._kept:
            self._kept[name] = compute()
        return self._kept[name]
