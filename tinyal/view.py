"""What a strategy may see this round: the pool, the labels so far, and what the model says. Never the answers."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import numpy as np

CHUNK = 8192


@runtime_checkable
class Model(Protocol):
    """What active learning asks of a model; scikit-learn's classifiers and `tinynn.Classifier` offer it.

    Two more methods serve the strategies that want them: ``sample_proba(x, n_samples, seed)`` returns
    probabilities of posterior samples, (n_samples, n, classes), and ``embed(x)`` features, (n, features).
    """

    classes_: Any

    def fit(self, x: Any, y: Any) -> Any:
        """Learn from rows x and labels y."""

    def predict_proba(self, x: Any) -> Any:
        """Return class probabilities of rows x, columns in the order of ``classes_``."""


class PoolView:
    """One round as a strategy sees it.

    Model outputs are computed once and kept: two strategies, or a score and a picture, share them.

    Parameters
    ----------
    model : Model
        Fitted on the labels so far.
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
    """

    def __init__(
        self,
        model: Model,
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
        """The candidates' rows, (n, ...)."""
        return self._keep("x", lambda: self.pool[self.candidates])

    @property
    def labeled_x(self) -> np.ndarray:
        """The labelled rows, (m, ...)."""
        return self._keep("labeled_x", lambda: self.pool[self.labeled])

    def proba(self) -> np.ndarray:
        """Return the candidates' class probabilities, (n, K)."""
        return self._keep("proba", lambda: self._align(self.model.predict_proba(self.x)))

    def sample_proba(self, n_samples: int) -> np.ndarray:
        """Return the candidates' class probabilities under posterior samples, (n_samples, n, K).

        They come from the model's ``sample_proba``. The samples of an ensemble, `tinynn.Ensemble` or one of
        scikit-learn's, are its members' probabilities, at most `n_samples` of them.

        Raises
        ------
        TypeError
            For a model that can do neither.
        """
        return self._keep(("samples", n_samples), lambda: self._align(self._sample(n_samples)))

    def embed(self) -> np.ndarray:
        """Return the candidates' features, (n, features), from the model's ``embed``."""
        return self._keep("embed", lambda: self._embed(self.x))

    def labeled_embed(self) -> np.ndarray:
        """Return the labelled rows' features, (m, features), from the model's ``embed``."""
        return self._keep("labeled_embed", lambda: self._embed(self.labeled_x))

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
        if len(self) <= CHUNK:
            yield self
            return
        for start in range(0, len(self), CHUNK):
            yield self._part(self.candidates[start : start + CHUNK])

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

    def _embed(self, x: np.ndarray) -> np.ndarray:
        if not hasattr(self.model, "embed"):
            raise TypeError(
                f"{type(self.model).__name__} has no embed(x), which this strategy needs; tinynn.Classifier has"
            )
        return np.asarray(self.model.embed(x))

    def _sample(self, n_samples: int) -> np.ndarray:
        if hasattr(self.model, "sample_proba"):
            most = len(getattr(self.model, "members_", range(n_samples)))
            return np.asarray(self.model.sample_proba(self.x, min(n_samples, most), self.seed))
        members = list(np.ravel(getattr(self.model, "estimators_", [])))
        if not members or not all(hasattr(member, "predict_proba") for member in members):
            raise TypeError(
                f"{type(self.model).__name__} has no sample_proba(x, n_samples, seed), which this strategy needs. "
                "tinynn.Classifier with a Dropout layer has it, and a scikit-learn forest samples by its trees; "
                "with this model use 'margin' or 'entropy'"
            )
        return np.stack([member.predict_proba(self.x) for member in members[:n_samples]])

    def _align(self, p: Any) -> np.ndarray:
        """Put the model's columns where `classes` has them; a class the model never met has probability 0."""
        p, known = np.asarray(p), np.asarray(self.model.classes_)
        if len(known) == len(self.classes) and (known == self.classes).all():
            return p
        aligned = np.zeros((*p.shape[:-1], len(self.classes)), dtype=p.dtype)
        aligned[..., np.searchsorted(self.classes, known)] = p
        return aligned

    def _keep(self, name: Any, compute: Any) -> np.ndarray:
        if name not in self._kept:
            self._kept[name] = compute()
        return self._kept[name]
