"""When to stop asking: rules that look at a learner, and say why."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tinyal import measures
from tinyal.bootstrap import Interval
from tinyal.fitting import predicted_labels
from tinyal.learner import ActiveLearner
from tinyal.pool import gather
from tinyal.random_slice import RandomSlice
from tinyal.view import Model
from tinynn.configured import Configured


@dataclass(frozen=True)
class Decision:
    """Whether to stop, and why; true where it says stop.

    Examples
    --------
    >>> bool(Decision(True, "300 of 300 labels are spent"))
    True
    """

    stop: bool
    reason: str

    def __bool__(self) -> bool:
        return self.stop


class StoppingRule(Configured):
    """A rule, looked at between rounds: ``rule.should_stop(learner)`` returns a `Decision`.

    ``a | b`` stops when either does, ``a & b`` when both do.

    Examples
    --------
    >>> Budget(300) | OverallUncertainty(0.1) & Budget(100)
    AnyOf([Budget(300), AllOf([OverallUncertainty(0.1), Budget(100)])])
    >>> class AllClassesMet(StoppingRule):
    ...     def should_stop(self, learner):
    ...         counts = learner.class_counts()
    ...         return Decision(min(counts.values()) > 0, f"labels a class: {counts}")
    >>> Budget(300) | AllClassesMet()
    AnyOf([Budget(300), AllClassesMet()])
    """

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Decide from what the learner was told and what its model says."""
        raise NotImplementedError

    def __or__(self, other: "StoppingRule") -> "AnyOf":
        return AnyOf([self, other])

    def __and__(self, other: "StoppingRule") -> "AllOf":
        return AllOf([self, other])


class AnyOf(StoppingRule):
    """Stop when one of several rules does; the reason is that one's.

    Parameters
    ----------
    rules : sequence of StoppingRule

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=150), [[0.0], [1.0], [2.0]], al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> AnyOf([Budget(2), Budget(3)]).should_stop(learner)
    Decision(stop=True, reason='2 of 2 labels are spent')
    """

    def __init__(self, rules: Sequence[StoppingRule]) -> None:
        self.rules = list(rules)

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Ask every rule, also after one that says stop: some have to see each round."""
        decisions = [rule.should_stop(learner) for rule in self.rules]
        stops = [decision for decision in decisions if decision] or decisions
        return Decision(any(decisions), "; ".join(decision.reason for decision in stops))


class AllOf(StoppingRule):
    """Stop when all of several rules do; the reason names those that do not.

    Parameters
    ----------
    rules : sequence of StoppingRule

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=150), [[0.0], [1.0], [2.0]], al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> AllOf([Budget(2), Budget(3)]).should_stop(learner)
    Decision(stop=False, reason='2 of 3 labels are spent')
    """

    def __init__(self, rules: Sequence[StoppingRule]) -> None:
        self.rules = list(rules)

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Ask every rule."""
        decisions = [rule.should_stop(learner) for rule in self.rules]
        waits = [decision for decision in decisions if not decision] or decisions
        return Decision(all(decisions), "; ".join(decision.reason for decision in waits))


class Budget(StoppingRule):
    """Stop when so many labels are spent, or no row is left. The last round asks for what is left of the budget.

    Parameters
    ----------
    labels : int

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=150), [[0.0], [1.0], [2.0]], al.strategies.Random())
    >>> rule = Budget(2)
    >>> while not (decision := rule.should_stop(learner)):
    ...     rows = learner.ask(1)
    ...     learner.tell(rows, rows % 2)
    >>> decision.reason
    '2 of 2 labels are spent'
    """

    def __init__(self, labels: int) -> None:
        if labels < 1:
            raise ValueError(f"a budget has at least one label, not {labels}")
        self.labels = labels

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Count labels: those told, whoever chose their rows; guesses of the model are none."""
        spent = len(learner.labeled)
        if spent < self.labels and not len(learner.unlabeled):
            return Decision(True, f"no row is left to ask for, {spent} of {self.labels} labels are spent")
        return Decision(spent >= self.labels, f"{spent} of {self.labels} labels are spent")


class TargetAccuracy(StoppingRule):
    """Stop when the accuracy is at least so high, as far as an estimate can tell: when its interval's low end is.

    Looking after every round finds a lucky one sooner or later: a 95 % interval looked at 20 times stops too early
    more often than in 2.5 % of the cases. Where that matters, take a higher confidence.

    Parameters
    ----------
    accuracy : float
        A share, such as 0.95.
    estimate : object with accuracy(confidence) -> Interval
        A `RandomSlice`, as a rule. Not the rows that a strategy chose: it chose hard ones.
    confidence : float, optional

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=150), [[0.0], [1.0], [2.0]], al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> from tinyal.proportions import clopper_pearson
    >>> class Counted:
    ...     def accuracy(self, confidence):  # the exact interval of 18 right ones of 20
    ...         return clopper_pearson(18, 20, confidence)
    >>> TargetAccuracy(0.8, Counted()).should_stop(learner).reason  # 90 % were right, and it may have been luck
    'accuracy 90.0% [68.3%, 98.8%], wanted 80.0%'
    """

    def __init__(self, accuracy: float, estimate: "Estimate", confidence: float = 0.95) -> None:
        if not 0 < accuracy <= 1:
            raise ValueError(f"accuracy is a share above 0, up to 1, not {accuracy}: is it a percentage?")
        if not callable(getattr(estimate, "accuracy", None)):
            raise TypeError(
                f"an estimate has accuracy(confidence), such as al.RandomSlice; {estimate!r} has not"
            )
        self.accuracy = accuracy
        self.estimate = estimate
        self.confidence = confidence

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Compare the interval with the target."""
        estimate = self.estimate.accuracy(self.confidence)
        reached = estimate.low is not None and estimate.low >= self.accuracy
        return Decision(
            reached, f"accuracy {estimate:.1%}, {'at least' if reached else 'wanted'} {self.accuracy:.1%}"
        )


class Estimate(Protocol):
    """Whatever knows about how accurate the model is.

    Examples
    --------
    >>> class Sure:
    ...     def accuracy(self, confidence):
    ...         return Interval(0.92, 0.9, 0.94)
    >>> estimate: Estimate = Sure()
    >>> TargetAccuracy(0.9, estimate)
    TargetAccuracy(0.9, <...Sure object at ...>)
    """

    def accuracy(self, confidence: float) -> Interval:
        """Return the accuracy with its interval."""


class ChoosingStopsPaying(StoppingRule):
    """Stop when chosen rows are no longer harder than random ones; only for strategies that choose by doubt.

    Such a strategy looks for rows on which the model errs. When it finds no more of them than chance does, its doubt
    has nothing left to tell. Others (`KCenter`, `TypiClust`, mixtures with `Random`) may choose easy rows from the
    start, and be worth their labels: of them the rule says nothing.

    Parameters
    ----------
    questions : RandomSlice
    margin : float, optional
        Stop when the high end of the interval of `RandomSlice.surprise` is below it. Small margins need many
        random rows: with w of each kind and error rates near e the interval is about ± 2 sqrt(2 e (1 − e)/w).
    confidence : float, optional

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> learner = al.ActiveLearner(nn.Classifier(steps=50), np.arange(300.0)[:, None], al.strategies.Margin())
    >>> questions = al.RandomSlice(learner, share=0.5)
    >>> learner.tell(range(200), [0, 1] * 100)
    >>> questions.random = {row: row % 2 for row in range(100)}  # 100 rows predicted rightly, at random ...
    >>> questions.chosen = {row: row % 2 for row in range(100, 200)}  # ... and 100 that were chosen
    >>> print(f"{questions.surprise():.1%}", bool(ChoosingStopsPaying(questions).should_stop(learner)))
    0.0% [-3.7%, 3.7%] True
    """

    def __init__(self, questions: RandomSlice, margin: float = 0.1, confidence: float = 0.95) -> None:
        if not 0 < margin <= 1:
            raise ValueError(f"margin is a difference of shares, above 0, up to 1, not {margin}")
        self.questions = questions
        self.margin = margin
        self.confidence = confidence

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Compare the interval with the margin."""
        surprise = self.questions.surprise(self.confidence)
        stop = surprise.high is not None and surprise.high < self.margin
        if surprise.mean < 0:
            return Decision(stop, f"chosen rows are mistaken less often than random ones: {surprise:+.1%}")
        return Decision(stop, f"chosen rows are mistaken more often than random ones by {surprise:.1%}")


class OverallUncertainty(StoppingRule):
    """Stop when the model is sure of what is left: mean entropy of the open rows at most the threshold.

    (1/n) Σ_x H(p(· | x)) ≤ threshold, in nats (Zhu, Wang & Hovy 2008, "overall-uncertainty"). Cheap, and blind to
    a model that is sure and wrong: calibration decides what the threshold means.

    Parameters
    ----------
    threshold : float
        In nats, above 0.

    Examples
    --------
    >>> class NineInTen:
    ...     classes_ = np.array([0, 1])
    ...     def fit(self, x, y):
    ...         return self
    ...     def predict_proba(self, x):
    ...         return np.tile([0.9, 0.1], (len(x), 1))
    >>> import tinyal as al
    >>> learner = al.ActiveLearner(NineInTen(), np.zeros((9, 1)), al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> OverallUncertainty(0.4).should_stop(learner)
    Decision(stop=True, reason='mean entropy 0.3251 nats, threshold 0.4')
    """

    def __init__(self, threshold: float) -> None:
        if not threshold > 0:
            raise ValueError(f"a threshold is an entropy above 0, not {threshold}")
        self.threshold = threshold

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Take the mean over the round's candidates."""
        if not len(learner.unlabeled):
            return Decision(True, "no row is left to be unsure of")
        if not learner.can_train():
            return Decision(False, "there is no model yet")
        view = learner.view()
        total = sum(float(measures.entropy(chunk.proba()).sum()) for chunk in view.chunks())
        mean = total / len(view)
        return Decision(
            mean <= self.threshold, f"mean entropy {mean:.4g} nats, threshold {self.threshold:.4g}"
        )


class StabilisingPredictions(StoppingRule):
    """Stop when new labels no longer change what the model predicts.

    After each round the predictions on a fixed set of rows are compared with those of the round before, by
    Cohen's κ = (agreement − chance)/(1 − chance). Stop when the mean of the last `window` values is at least
    `agreement` (Bloodgood & Vijay-Shanker 2009, who take 0.99, 3 and 2000 rows). Rounds of few labels change
    little, and stop it early: judge by equal batches. After loading a learner it begins anew.

    Parameters
    ----------
    agreement : float, optional
    window : int, optional
    rows : int, optional
        Of the fixed set, drawn at random from the pool, labelled or not: no labels are needed.
    seed : int, optional

    Examples
    --------
    >>> class NineInTen:
    ...     classes_ = np.array([0, 1])
    ...     def fit(self, x, y):
    ...         return self
    ...     def predict_proba(self, x):
    ...         return np.tile([0.9, 0.1], (len(x), 1))
    >>> import tinyal as al
    >>> learner = al.ActiveLearner(NineInTen(), np.zeros((9, 1)), al.strategies.Random())
    >>> learner.tell([0, 1], [0, 1])
    >>> rule = StabilisingPredictions(window=2)
    >>> for row in (2, 3, 4):  # whatever it is told, this model says the same
    ...     print(rule.should_stop(learner).reason)
    ...     learner.tell(row, 1)
    agreement κ 0.0000 over 0 of 2 rounds
    agreement κ 1.0000 over 1 of 2 rounds
    agreement κ 1.0000 over 2 of 2 rounds
    """

    def __init__(self, agreement: float = 0.99, window: int = 3, rows: int = 2000, seed: int = 0) -> None:
        if not 0 < agreement <= 1 or window < 1 or rows < 1:
            raise ValueError(
                f"agreement is above 0, up to 1, window and rows at least 1, not {agreement}, {window}, {rows}"
            )
        self.agreement = agreement
        self.window = window
        self.rows = rows
        self.seed = seed
        self._model: Model | None = None
        self._fixed: np.ndarray | None = None
        self._predicted: np.ndarray | None = None
        self._kappas: deque[float] = deque(maxlen=window)

    def should_stop(self, learner: ActiveLearner) -> Decision:
        """Compare with the round before; asked twice in a round, it answers the same."""
        if not learner.can_train():
            return Decision(False, "there is no model yet")
        if learner.model is not self._model:
            self._look(learner)
        mean = float(np.mean(self._kappas)) if self._kappas else 0.0
        stop = len(self._kappas) == self.window and mean >= self.agreement
        return Decision(stop, f"agreement κ {mean:.4f} over {len(self._kappas)} of {self.window} rounds")

    def _look(self, learner: ActiveLearner) -> None:
        self._model = learner.model
        if self._fixed is None:
            order = np.random.default_rng(self.seed).permutation(len(learner.pool))
            self._fixed = np.sort(order[: self.rows])
        now = predicted_labels(self._model, gather(learner.pool, self._fixed))
        if self._predicted is not None:
            self._kappas.append(kappa(self._predicted, now))
        self._predicted = now


def kappa(first: Any, second: Any) -> float:
    """Compute Cohen's κ of two lists of labels: agreement beyond chance, 1 where they agree everywhere.

    κ = (a − e)/(1 − e), a the share of equal labels, e = Σ_k p₁(k) p₂(k) (Cohen 1960), for labels (n,) each.

    Examples
    --------
    >>> kappa([0, 0, 1, 1], [0, 0, 1, 0])
    0.5
    """
    first, second = np.asarray(first), np.asarray(second)
    agreement = float(np.mean(first == second))
    chance = float(sum(np.mean(first == k) * np.mean(second == k) for k in np.unique(first)))
    return 1.0 if agreement == 1.0 else (agreement - chance) / (1 - chance)
