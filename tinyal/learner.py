"""The active learner: ask for rows, tell their labels, and it trains in between."""

import copy
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinyal.strategies import Select, Strategy, choose
from tinyal.view import Model, PoolView

# Purposes of random numbers, each a stream of its own: changing one never moves another.
_INITIAL, _MODEL, _CANDIDATES, _STRATEGY, _SAMPLES = range(5)


class ActiveLearner:
    """Chooses which rows of a pool to ask for, from what it was told so far.

    Questions depend only on the settings and on what has been told: asking twice gives the same rows, and so
    does a learner that was told the same things after a restart.

    Parameters
    ----------
    model : Model
        A specification. For every set of labels a fresh copy is trained, with a seed of its own.
    pool : array (N, ...)
        All rows, labelled or not. Indices that `ask` returns and `tell` takes are its row numbers.
    strategy : Strategy or function
        Anything with ``select(view, n, rng)``, or a function of that signature. It returns n different dataset
        indices out of ``view.candidates``: ``view.candidates[positions]``, not positions.
    seed : int, optional
    classes : sequence, optional
        All labels there are. By default those of the model's ``classes``, otherwise those told so far.
    candidates : int, optional
        Score only this many unlabelled rows a round, drawn at random, instead of all. Cheaper, and batches
        become more varied.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], classes=range(10))
    >>> learner = al.ActiveLearner(model, data.x_train, strategy=al.strategies.Margin(), seed=0)
    >>> first = learner.ask(20)
    >>> learner.tell(first, data.y_train[first])
    >>> second = learner.ask(10)
    >>> len(set(first) & set(second))
    0
    """

    def __init__(
        self,
        model: Model,
        pool: Any,
        strategy: Strategy | Select,
        *,
        seed: int = 0,
        classes: Any = None,
        candidates: int | None = None,
    ) -> None:
        if not hasattr(pool, "shape"):
            pool = np.asarray(pool)
        if len(pool) == 0:
            raise ValueError("the pool is empty: there is nothing to ask for")
        if pool.dtype.kind == "f" and not np.isfinite(pool).all():
            raise ValueError("the pool holds NaN or infinite values; fill them or drop the rows first")
        if candidates is not None and candidates < 1:
            raise ValueError(f"candidates must be at least 1, not {candidates}")
        if isinstance(strategy, type):
            raise TypeError(f"strategy is the class {strategy.__name__}; write {strategy.__name__}()")
        if not callable(getattr(strategy, "select", strategy)):
            raise TypeError(
                f"a strategy has select(view, n, rng) or is such a function; {strategy!r} is neither"
            )
        self.pool = pool
        self.strategy = strategy
        self.seed = seed
        self.candidates = candidates
        self._specification = model
        self._classes = classes if classes is not None else getattr(model, "classes", None)
        self._labels: dict[int, Any] = {}
        self._skipped: set[int] = set()
        self._fitted: Model | None = None

    @property
    def labeled(self) -> np.ndarray:
        """Dataset indices that have labels, in the order they were told."""
        return np.fromiter(self._labels, dtype=np.int64, count=len(self._labels))

    @property
    def labels(self) -> np.ndarray:
        """Labels of `labeled`."""
        return np.array(list(self._labels.values()))

    @property
    def unlabeled(self) -> np.ndarray:
        """Dataset indices that may be asked for, in order."""
        free = np.ones(len(self.pool), dtype=bool)
        free[self.labeled] = False
        free[list(self._skipped)] = False
        return np.flatnonzero(free)

    @property
    def classes(self) -> np.ndarray:
        """All labels known to exist, sorted."""
        return np.unique(self.labels if self._classes is None else np.asarray(self._classes))

    @property
    def model(self) -> Model:
        """The model, trained on the labels so far.

        Raises
        ------
        ValueError
            While fewer than two different labels were told.
        """
        if self._fitted is None:
            if not self.can_train():
                raise ValueError(
                    f"a model needs labels of at least two classes; so far there are {len(self._labels)} labels of "
                    f"{len(set(self._labels.values()))} classes"
                )
            self._fitted = self._train()(self.labeled, self.labels)
        return self._fitted

    def _train(self) -> Callable[[np.ndarray, np.ndarray], Model]:
        """Return this round's way to train, which strategies get, too: it knows nothing else of the learner."""
        return partial(_trained, self._specification, self.pool, self._stream(_MODEL))

    def can_train(self) -> bool:
        """Whether labels of at least two classes were told."""
        return len(set(self._labels.values())) > 1

    def view(self) -> PoolView:
        """Return this round as a strategy sees it."""
        free = self.unlabeled
        if self.candidates is not None and self.candidates < len(free):
            # The first free rows of one order of the whole pool: strategies that are compared see nearly the same.
            order = np.random.default_rng(self._stream(_CANDIDATES)).permutation(len(self.pool))
            free = np.sort(order[np.isin(order, free, assume_unique=True)][: self.candidates])
        return PoolView(
            self.model,
            self.pool,
            free,
            self.labeled,
            self.labels,
            self.classes,
            self._stream(_SAMPLES),
            self._train(),
        )

    def ask(self, n: int = 1) -> np.ndarray:
        """Return the dataset indices of the n rows to label next, most wanted first.

        While fewer than two classes have labels there is no model, and rows are chosen at random.

        Raises
        ------
        ValueError
            For n below 1 or above the number of rows left.
        """
        left = len(self.unlabeled)
        if not isinstance(n, int | np.integer) or not 1 <= n <= left:
            raise ValueError(f"cannot ask for {n}: {left} rows of the pool are left to ask for")
        if not self.can_train():
            return np.random.default_rng(self._stream(_INITIAL)).choice(self.unlabeled, n, replace=False)
        view = self.view()
        if n > len(view):
            raise ValueError(f"cannot ask for {n} of {len(view)} candidates; raise candidates=")
        return choose(self.strategy, view, n, np.random.default_rng(self._stream(_STRATEGY)))

    def tell(self, indices: Any, labels: Any, *, correct: bool = False) -> None:
        """Take labels for rows of the pool, asked for or not, any number of them.

        Parameters
        ----------
        indices : int array (n,)
        labels : array (n,)
        correct : bool, optional
            Replace labels told earlier. Without it, another label for the same row is an error.

        Raises
        ------
        ValueError
            For unequal lengths, indices outside the pool, a label that is none of the classes, or one row with
            two labels. Then nothing is taken.
        """
        indices, labels = np.atleast_1d(np.asarray(indices)), np.atleast_1d(np.asarray(labels))
        self._check_indices(indices)
        if indices.shape != labels.shape:
            raise ValueError(
                f"{len(indices)} indices came with labels of shape {labels.shape}; give one each"
            )
        if self._classes is not None:
            # Compared as Python values: NumPy would turn the classes 0 to 9 into strings to look for "3" in them.
            known = self.classes.tolist()
            if unknown := [label for label in labels.tolist() if label not in known]:
                raise ValueError(f"labels {unknown} are not among the classes {known}")
        told: dict[int, Any] = {}
        for index, label in zip(indices.tolist(), labels.tolist(), strict=True):
            earlier = told.get(index, label if correct else self._labels.get(index, label))
            if earlier != label:
                raise ValueError(
                    f"row {index} has the label {earlier!r} and was now told {label!r}; "
                    "tell(..., correct=True) replaces an earlier label"
                )
            told[index] = label
        self._labels.update(told)
        self._skipped -= told.keys()
        self._fitted = None

    def skip(self, indices: Any) -> None:
        """Do not ask for these rows again, for example because nobody can tell. Telling a label takes it back."""
        indices = np.atleast_1d(np.asarray(indices))
        self._check_indices(indices)
        self._skipped |= set(indices.tolist()) - self._labels.keys()

    def _check_indices(self, indices: np.ndarray) -> None:
        if indices.ndim != 1 or (indices.dtype.kind not in "iu" and len(indices)):
            raise ValueError(f"indices are whole numbers, one a row, not {indices.dtype} {indices.shape}")
        outside = indices[(indices < 0) | (indices >= len(self.pool))]
        if len(outside):
            raise ValueError(f"indices {outside.tolist()} are outside the pool of {len(self.pool)} rows")

    def _stream(self, purpose: int) -> int:
        """Return a seed for one purpose in this round; a round is known by how many labels there are."""
        state = np.random.SeedSequence((self.seed, purpose, len(self._labels), len(self._skipped)))
        return int(state.generate_state(1)[0])


def _trained(specification: Model, pool: Any, seed: int, indices: np.ndarray, labels: np.ndarray) -> Model:
    model = copy.deepcopy(specification)
    _set_seed(model, seed)
    model.fit(pool[indices], labels)
    return model


def _set_seed(model: Any, seed: int) -> None:
    """Seed a model by whatever its setting is called; inside a scikit-learn pipeline, each step."""
    if not hasattr(model, "get_params"):
        return
    names = [name for name in model.get_params() if name.split("__")[-1] in ("seed", "random_state")]
    if names:
        model.set_params(**dict.fromkeys(names, seed))
