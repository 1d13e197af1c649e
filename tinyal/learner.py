"""The active learner: ask for rows, tell their labels, and it trains in between."""

import os
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinyal import learner_file
from tinyal.answers import Answers, as_list
from tinyal.clusters import take_turns
from tinyal.fitting import Trainer
from tinyal.outputs import check_model
from tinyal.pool_rows import as_pool, extended
from tinyal.strategies import Select, Strategy, choose
from tinyal.view import Model, PoolView

if TYPE_CHECKING:
    from tinyal.oracles import PseudoLabels

# Purposes of random numbers, each a stream of its own: changing one never moves another.
_INITIAL, _MODEL, _CANDIDATES, _STRATEGY, _SAMPLES = range(5)


class ActiveLearner:
    """Chooses which rows of a pool to ask for, from what it was told so far.

    Questions depend only on the settings and on what has been told: asking twice gives the same rows, and so
    does a learner that was told the same things after a restart, or was saved and loaded. A correction changes
    the question by the new label alone: the round's random numbers, known by the number of labels and skips,
    stay the same.

    Parameters
    ----------
    model : Model
        A specification. For every set of labels a fresh copy is trained, with a seed of its own. With few labels
        epochs are few steps, and a network hardly learns: say ``steps=``, such as 150 or more. Where classes
        are rare, its ``class_weight="balanced"`` makes up for that (see also `class_counts`).
    pool : array (N, ...)
        All rows, labelled or not. Indices that `ask` returns and `tell` takes are its row numbers.
    strategy : Strategy or function
        Anything with ``select(view, n, rng)``, or a function of that signature. It returns n different dataset
        indices out of ``view.candidates``: ``view.candidates[positions]``, not positions. One that says
        ``needs_model = False`` chooses from the start, with a view whose ``model`` is None until there is one.
    seed : int, optional
    classes : sequence, optional
        All labels there are. By default those of the model's ``classes``, otherwise those told so far.
    candidates : int, optional
        Score only this many unlabelled rows a round, drawn at random, instead of all. Cheaper, and batches
        become more varied.
    warm : bool, optional
        Go on from the model fitted before, instead of training a fresh one: quicker for large models, but the
        questions then depend also on when the learner was asked, and the first labels weigh more than the last.
    pseudo : PseudoLabels, optional
        Besides the labels, train on what the model is sure of: see `tinyal.oracles.PseudoLabels`.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], classes=range(10), steps=150)
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
        warm: bool = False,
        pseudo: "PseudoLabels | None" = None,
    ) -> None:
        check_model(model)
        self.pool = as_pool(pool)
        if len(self.pool) == 0:
            raise ValueError("the pool is empty: there is nothing to ask for")
        if candidates is not None and candidates < 1:
            raise ValueError(f"candidates must be at least 1, not {candidates}")
        if isinstance(strategy, type):
            raise TypeError(f"strategy is the class {strategy.__name__}; write {strategy.__name__}()")
        if not callable(getattr(strategy, "select", strategy)):
            by_name = f"; a strategy of that name is strategies.get({strategy!r})"
            raise TypeError(
                f"a strategy has select(view, n, rng) or is such a function; {strategy!r} is neither"
                + (by_name if isinstance(strategy, str) else "")
            )
        self.strategy = strategy
        self.seed = seed
        self.candidates = candidates
        self.warm = warm
        self.pseudo = pseudo
        self._trainer = Trainer(model, warm)
        self._answers = Answers(
            len(self.pool), classes if classes is not None else getattr(model, "classes", None)
        )
        self._fitted: Model | None = None  # this round's model
        self._supposed: dict[int, Any] = {}  # what it was trained on besides the labels

    @property
    def labeled(self) -> np.ndarray:
        """Dataset indices that have labels, in the order they were told."""
        return np.fromiter(self._answers.labels, dtype=np.int64, count=len(self._answers.labels))

    @property
    def labels(self) -> np.ndarray:
        """Labels of `labeled`."""
        return np.array(list(self._answers.labels.values()))

    @property
    def unlabeled(self) -> np.ndarray:
        """Dataset indices that may be asked for now, in order. Deferred rows are, once there are no others."""
        return self._answers.open()

    @property
    def reserved(self) -> np.ndarray:
        """Dataset indices that are reserved and have no label yet, in order."""
        answers = self._answers
        closed = answers.labels.keys() | answers.skipped | answers.deferred.keys()
        return np.array(sorted(answers.reserved - closed), dtype=np.int64)

    @property
    def classes(self) -> np.ndarray:
        """All labels known to exist, sorted."""
        return self._answers.known()

    def class_counts(self) -> dict[Any, int]:
        """Return how many labels of each class were told, 0 for a class that none was told of."""
        told = list(self._answers.labels.values())
        return {label: told.count(label) for label in self.classes.tolist()}

    @property
    def model(self) -> Model:
        """The model, trained on the labels so far, and with `pseudo` on what it is sure of.

        Raises
        ------
        ValueError
            While fewer than two different labels were told.
        """
        if self._fitted is None:
            if not self.can_train():
                told = self._answers.labels
                raise ValueError(
                    f"a model needs labels of at least two classes; so far there are {len(told)} labels of "
                    f"{len(set(told.values()))} classes"
                )
            fitted = self._trainer.on_labels(self.pool, self._answers, partial(self._stream, _MODEL))
            self._supposed = {}
            if self.pseudo is not None:
                self._supposed = self.pseudo.suppose(fitted, self.pool, self._candidates())
            if self._supposed:
                indices = np.concatenate([self.labeled, list(self._supposed)])
                labels = np.concatenate([self.labels, list(self._supposed.values())])
                fitted = self._train()(indices, labels)
            self._fitted = fitted
        return self._fitted

    @property
    def pseudo_labels(self) -> dict[int, Any]:
        """Rows on which this round's model was trained by a guess: they are not `labeled`, and may be asked for."""
        if self.pseudo is not None and self.can_train():
            self.model  # noqa: B018 - training is when they are guessed
        return dict(self._supposed)

    def _train(self) -> Callable[[np.ndarray, np.ndarray], Model]:
        """Return this round's way to train, which strategies get, too: it knows nothing else of the learner."""
        return self._trainer.way(self.pool, self._stream(_MODEL))

    def can_train(self) -> bool:
        """Whether labels of at least two classes were told."""
        return len(set(self._answers.labels.values())) > 1

    def _candidates(self) -> np.ndarray:
        free = self.unlabeled
        if self.candidates is not None and self.candidates < len(free):
            # The first free rows of one order of the whole pool: strategies that are compared see nearly the same.
            order = np.random.default_rng(self._stream(_CANDIDATES)).permutation(len(self.pool))
            free = np.sort(order[np.isin(order, free, assume_unique=True)][: self.candidates])
        return free

    def view(self) -> PoolView:
        """Return this round as a strategy sees it."""
        # Any, for a view without a model is for strategies that need none.
        model: Any = self.model if self.can_train() or self._needs_model() else None
        return PoolView(
            model,
            self.pool,
            self._candidates(),
            self.labeled,
            self.labels,
            self.classes,
            self._stream(_SAMPLES),
            self._train(),
        )

    def ask(self, n: int = 1) -> np.ndarray:
        """Return the dataset indices of the n rows to label next, (n,), most wanted first.

        While fewer than two classes have labels there is no model, and rows are chosen at random, unless the
        strategy needs no model.

        Raises
        ------
        ValueError
            For n below 1 or above the number of rows left.
        """
        if self._needs_model() and not self.can_train():
            return self.ask_at_random(n)
        self._check_number(n)
        view = self.view()
        if n > len(view):
            raise ValueError(f"cannot ask for {n} of {len(view)} candidates; raise candidates=")
        return choose(self.strategy, view, n, np.random.default_rng(self._stream(_STRATEGY)))

    def ask_at_random(self, n: int) -> np.ndarray:
        """Return n rows to label first, each as likely as any other, whatever the strategy.

        They depend on the learner's seed alone: learners that differ in their strategy start from the same rows.
        """
        self._check_number(n)
        return np.random.default_rng(self._stream(_INITIAL)).choice(self.unlabeled, n, replace=False)

    def ask_in_turns(self, n: int, groups: Any) -> np.ndarray:
        """Return n rows to label first, drawn at random from each of some groups in turn, whatever the strategy.

        Like those of `ask_at_random`, they depend on the learner's seed alone. The round's candidates come first, and
        other rows only where a group has too few of them.

        Parameters
        ----------
        n : int
        groups : array (N,)
            Which group each row of the pool belongs to. The first group, when they are sorted, has the first turn.
        """
        self._check_number(n)
        rows, candidates = self.unlabeled, self._candidates()
        rng = np.random.default_rng(self._stream(_STRATEGY))
        early = rng.random(len(candidates))
        places = 1 + rng.random(len(rows))
        places[np.searchsorted(rows, candidates)] = early
        _, numbers = np.unique(np.asarray(groups)[rows], return_inverse=True)
        return rows[take_turns(numbers, places, n)]

    def _check_number(self, n: int) -> None:
        left = len(self.unlabeled)
        if not isinstance(n, int | np.integer) or not 1 <= n <= left:
            later = len(self._answers.deferred)
            raise ValueError(
                f"cannot ask for {n}: {left} rows of the pool are left to ask for"
                + (f"; {later} are deferred, and come when there are no others" if later else "")
            )

    def _needs_model(self) -> bool:
        return getattr(self.strategy, "needs_model", True)

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
            For unequal lengths, indices outside the pool, a label that is none of the classes, words among
            numbers, or one row with two labels. Then nothing is taken.
        """
        rows, told = self._answers.check_indices(indices), as_list(labels)
        if len(told) != len(rows):
            raise ValueError(f"{len(rows)} indices came with labels of shape ({len(told)},); give one each")
        self._answers.tell(rows, told, correct)
        self._fitted = None

    def skip(self, indices: Any) -> None:
        """Do not ask for these rows again, for example because nobody can tell. Telling a label takes it back."""
        self._answers.skip(self._answers.check_indices(indices))
        self._fitted = None  # a round is known by how many skips there are, too

    def defer(self, indices: Any) -> None:
        """Ask for these rows later: when no others are left, or those that are were deferred as often."""
        self._answers.defer(self._answers.check_indices(indices))
        self._guess_again()

    def forget(self, indices: Any) -> None:
        """Take back what was told, skipped or deferred: these rows may be asked for again."""
        self._answers.forget(self._answers.check_indices(indices))
        self._fitted = None

    def reserve(self, indices: Any) -> None:
        """Never ask for these rows: whoever reserves them asks, and tells their labels (see `RandomSlice`)."""
        self._answers.reserved |= set(self._answers.check_indices(indices))
        self._guess_again()

    def extend(self, rows: Any) -> None:
        """Add new rows (n, ...) to the end of the pool; the indices of earlier ones stay.

        The pool becomes a copy in memory.
        """
        self.pool = extended(self.pool, rows)
        self._answers.rows = len(self.pool)
        self._guess_again()

    def add_class(self, label: Any, model: Model | None = None) -> None:
        """Let a label be told that is none of `classes` so far.

        Parameters
        ----------
        label
        model : Model, optional
            A new specification, for a model whose own ``classes`` and outputs do not have this one.

        Raises
        ------
        ValueError
            For a class that is there, a learner without ``classes`` (there any label may simply be told), and a
            model that does not have the class.
        """
        specification = self._trainer.specification if model is None else model
        fixed = getattr(specification, "classes", None)
        if fixed is not None and label not in np.asarray(fixed).tolist():
            raise ValueError(
                f"the model's own classes are {np.asarray(fixed).tolist()}; give one that has an output for "
                f"{label!r}, too: add_class({label!r}, model=...)"
            )
        self._answers.add_class(label)
        self._trainer = Trainer(specification, self.warm)
        self._fitted = None

    save = learner_file.save

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], model: Model, pool: Any, strategy: Strategy | Select, **others: Any
    ) -> Self:
        """Return a learner that asks what the saved one would have asked; see `tinyal.learner_file.load`."""
        return learner_file.load(cls, path, model, pool, strategy, **others)

    def _guess_again(self) -> None:
        """Forget a model that was trained on guesses: now other rows are open, and are guessed."""
        if self.pseudo is not None:
            self._fitted = None

    def _stream(self, purpose: int, *earlier: int) -> int:
        """Return a seed for one purpose in a round; a round is known by how many labels and skips there are."""
        counts = earlier or (len(self._answers.labels), len(self._answers.skipped))
        return int(np.random.SeedSequence((self.seed, purpose, *counts)).generate_state(1)[0])
