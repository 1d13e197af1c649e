"""Rules of when to stop: what a rule is, rules together, and the one that always ends, a budget."""

from collections.abc import Sequence
from dataclasses import dataclass

from tinyal.learner import ActiveLearner
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
    >>> from tinyal.stopping import OverallUncertainty
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
