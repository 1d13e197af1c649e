"""Items come one by one, and go: ask for the label of this one, or let it pass, and spend no more than a share."""

import copy
from collections import Counter, deque
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyal.bootstrap import Interval
from tinyal.fitting import predicted_labels, set_seed
from tinyal.outputs import check_model
from tinyal.proportions import clopper_pearson
from tinyal.strategies import Pointwise
from tinyal.view import Model, PoolView

_EXPLORE, _MODEL, _SAMPLES = range(3)


@dataclass(frozen=True)
class Question:
    """A row whose label is wanted.

    Attributes
    ----------
    number : int
        How many rows had been offered before it.
    row : array
    why : str
        ``"no model"``, ``"score"`` or ``"random"``.
    score : float or None
    predicted : label or None
        What the model says, noted before it is told.
    """

    number: int
    row: np.ndarray
    why: str
    score: float | None
    predicted: Any


class StreamLearner:
    """Asks about a share of the rows that come by, those with the highest scores, and learns from the answers.

    A row is asked about when its score is above a threshold θ, or by lot: with probability explore · share,
    whatever its score, so that a change far from where the model is unsure is seen, too (Žliobaitė, Bifet,
    Pfahringer & Holmes 2014, who call for such a share in drifting streams). After each row

    θ ← θ + step · (asked − share),   asked = 1 or 0.

    It is the stochastic approximation of the scores' (1 − share)-quantile (Robbins & Monro 1951), and it keeps
    to the budget whatever comes: summed up, asked/n − share = (θ_n − θ_0)/(step · n), and θ cannot leave the range
    of the scores R by more than a step, unless by lot. So the share is met up to about R/(step · n).

    While there is no model, there are no scores, and θ stays. The first `every` rows are asked about all, further
    ones by lot, with probability `share`: where the first class lasts long, it costs the same share as anything else.
    Over the whole stream up to `every` questions more than the share are asked.

    Memory is bounded by `memory` labelled rows, of which the model is trained, and by nothing else that grows. A
    question holds its own row: one that is never told costs nothing, and its asking was in the budget.

    Parameters
    ----------
    model : Model
        A specification; a fresh copy is trained every `every` labels, once labels of two classes are there. With
        few labels its epochs are few steps: give a network ``steps=``.
    strategy : Pointwise
        Scores rows, such as ``Margin()``.
    share : float
        Of the rows that may be asked about, such as 0.05.
    classes : sequence, optional
        All labels there are; by default those of the model's ``classes``, otherwise those told so far.
    step : float, optional
        In the score's units: large follows a change quickly, small keeps more exactly to the highest scores.
    explore : float, optional
        Which share of the budget goes by lot.
    every : int, optional
        Train after so many labels; without a model, ask about so many rows before lots are drawn.
    memory : int, optional
        So many labelled rows are kept, the newest, for old ones are of a time that may be over; but of each of K
        classes at least the newest memory/4K, so that a class which is rarely asked about is not forgotten.
    seed : int, optional

    Examples
    --------
    >>> import tinynn as nn
    >>> from tinyal.strategies import Margin
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], classes=range(10), steps=150)
    >>> stream = StreamLearner(model, Margin(), share=0.2, every=20)
    >>> for row, label in zip(data.x_train[:300], data.y_train[:300]):
    ...     if question := stream.offer(row):
    ...         stream.tell(question, label)
    >>> stream.offered, 0.15 < stream.asked / stream.offered < 0.45
    (300, True)
    """

    def __init__(
        self,
        model: Model,
        strategy: Pointwise,
        share: float,
        *,
        classes: Any = None,
        step: float = 0.02,
        explore: float = 0.1,
        every: int = 10,
        memory: int = 1000,
        seed: int = 0,
    ) -> None:
        check_model(model)
        if not isinstance(strategy, Pointwise):
            raise TypeError(
                f"a stream is scored row by row, by a pointwise strategy; {strategy!r} gives no scores"
            )
        if not 0 < share < 1 or not 0 <= explore <= 1:
            raise ValueError(f"share is between 0 and 1, and explore from 0 to 1, not {share} and {explore}")
        if not step > 0 or every < 1 or memory < 2:
            raise ValueError(
                f"step is above 0, every at least 1, memory at least 2, not {step}, {every}, {memory}"
            )
        self.strategy = strategy
        self.share = share
        self.step = step
        self.explore = explore
        self.every = every
        self.memory = memory
        self.seed = seed
        self.offered = self.asked = 0
        self.threshold = 0.0
        self.model: Model | None = None
        self._specification = model
        self._classes = classes if classes is not None else getattr(model, "classes", None)
        self._told: deque[tuple[np.ndarray, Any]] = deque()
        self._since = self._trainings = 0
        self._hits: deque[bool] = deque(maxlen=memory)
        self._lots = np.random.default_rng((seed, _EXPLORE))

    def offer(self, row: Any) -> Question | None:
        """Return a question where the label of this row, (...), is wanted, otherwise None."""
        return self.offer_all(np.asarray(row)[None])[0]

    def offer_all(self, rows: Any) -> list[Question | None]:
        """Offer a small group (n, ...), scored at once; what is asked is what `offer` one by one would ask."""
        rows = np.asarray(rows)
        if rows.dtype.kind == "f" and not np.isfinite(rows).all():
            raise ValueError("a row holds NaN or infinite values; leave it out or fill them")
        if len(rows) == 0:
            return []
        if self.model is None:
            return [self._decide(row, None, None) for row in rows]
        view = self._view(self.model, rows)
        scores = self.strategy.scores(view)
        predicted = predicted_labels(self.model, rows).tolist()
        return [self._decide(*row) for row in zip(rows, scores.tolist(), predicted, strict=True)]

    def _decide(self, row: np.ndarray, score: float | None, predicted: Any) -> Question | None:
        lot, why = self._lots.random(), None
        if score is None:
            why = "no model" if self.asked < self.every or lot < self.share else None
        else:
            by_lot = lot < self.explore * self.share
            why = "random" if by_lot else "score" if score > self.threshold else None
            self.threshold += self.step * ((why is not None) - self.share)
        number, self.offered = self.offered, self.offered + 1
        self.asked += why is not None
        return None if why is None else Question(number, row.copy(), why, score, predicted)

    def tell(self, question: Question, label: Any) -> None:
        """Take the label of a question; the model is trained anew when enough have come.

        Raises
        ------
        ValueError
            For a label that is none of the classes.
        """
        label = label.item() if isinstance(label, np.generic) else label
        if self._classes is not None and label not in (known := np.asarray(self._classes).tolist()):
            raise ValueError(f"label {label!r} is not among the classes {known}")
        if question.why == "random":
            self._hits.append(question.predicted == label)
        self._told.append((question.row, label))
        if len(self._told) > self.memory:
            self._drop()
        self._since += 1
        if (self.model is None or self._since >= self.every) and len({label for _, label in self._told}) > 1:
            self._fit()

    def accuracy(self, confidence: float = 0.95) -> Interval:
        """Estimate the recent accuracy on the stream from the questions by lot, predicted before they were told.

        Those asked for their score say nothing about it: they are the hard ones.
        """
        return clopper_pearson(sum(self._hits), len(self._hits), confidence)

    def _drop(self) -> None:
        """Forget the oldest row of a class that has enough: a class that is gone from memory could not be learned."""
        counts = Counter(label for _, label in self._told)
        enough = max(1, self.memory // (4 * len(counts)))
        oldest = next((i for i, (_, label) in enumerate(self._told) if counts[label] > enough), 0)
        del self._told[oldest]

    def _fit(self) -> None:
        model: Any = copy.deepcopy(self._specification)
        set_seed(model, self._stream(_MODEL))
        model.fit(np.stack([row for row, _ in self._told]), np.array([label for _, label in self._told]))
        self.model, self._since, self._trainings = model, 0, self._trainings + 1

    def _view(self, model: Model, rows: np.ndarray) -> PoolView:
        labels = np.array([label for _, label in self._told])
        known = np.unique(
            np.concatenate([labels, model.classes_]) if self._classes is None else self._classes
        )
        pool = np.concatenate([rows, np.stack([row for row, _ in self._told])])
        labeled = np.arange(len(rows), len(pool))
        return PoolView(model, pool, np.arange(len(rows)), labeled, labels, known, self._stream(_SAMPLES))

    def _stream(self, purpose: int) -> int:
        state = np.random.SeedSequence((self.seed, purpose, self._trainings))
        return int(state.generate_state(1)[0])
