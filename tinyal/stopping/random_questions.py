"""Stop by what questions at random tell: the model is accurate enough, or choosing finds no harder rows than chance."""

from typing import Protocol

from tinyal.bootstrap import Interval
from tinyal.learner import ActiveLearner
from tinyal.random_slice import RandomSlice
from tinyal.stopping.rules import Decision, StoppingRule


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
    >>> import numpy as np, tinyal as al, tinynn as nn
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
