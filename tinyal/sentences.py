"""One plain sentence for each strategy of a comparison: how many labels it saves, and whether that may be luck."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tinyal.bootstrap import Interval
from tinyal.paired import PairedTest
from tinyal.statistics import Crossing, LabelsToReach

if TYPE_CHECKING:
    from tinyal.comparison import Comparison


def labels_sentences(
    comparison: "Comparison", reference: str, target: float | None, crossing: Crossing, level: float
) -> list[str]:
    """Say a sentence for every strategy but the reference; see `Comparison.sentences`."""
    target = comparison.target(reference) if target is None else target
    found = comparison.against(reference, "labels", target=target, crossing=crossing)
    stayed = comparison.labels_to(reference, target, "last").reached
    return [
        LabelsFound(
            strategy=name,
            reference=reference,
            target=target,
            budget=comparison.of(name)[0].labels[-1],
            own=comparison.labels_to(name, target, crossing),
            other=comparison.labels_to(reference, target, crossing),
            saved=comparison.labels_saved(name, target, reference, crossing),
            test=test,
            p=p,
            comparisons=len(found),
            level=level,
            crossing=crossing,
            stayed=(comparison.labels_to(name, target, "last").reached, stayed),
        ).sentence()
        for name, (test, p) in found.items()
    ]


@dataclass(frozen=True)
class LabelsFound:
    """What was found of the labels that a strategy and its reference needed for one target.

    Parameters
    ----------
    strategy, reference : str
    target : float
        The accuracy to reach.
    budget : int
        All labels that a run spends: what a run counts that does not reach the target.
    own, other : LabelsToReach
        The strategy's, and the reference's.
    saved : Interval or None
        Share of the reference's labels; None where `own` or `other` has no mean.
    test : PairedTest
        Of both runs' labels.
    p : float
        Its p after Holm's correction over all `comparisons`.
    comparisons : int
    level : float
        Differences with a larger p are not claimed.
    crossing : ``"first"`` or ``"last"``
    stayed : (int, int), optional
        How many of the strategy's runs, and of the reference's, are at the target from some point on to the end. Where
        fewer stayed than arrived, one lucky evaluation may have been the arrival, and the sentence says so.
    """

    strategy: str
    reference: str
    target: float
    budget: int
    own: LabelsToReach
    other: LabelsToReach
    saved: Interval | None
    test: PairedTest
    p: float
    comparisons: int = 1
    level: float = 0.05
    crossing: Crossing = "first"
    stayed: tuple[int, int] | None = None

    def sentence(self) -> str:
        """Say it in a sentence."""
        if self.saved is None:
            return self._not_reached()
        goal = f"to reach {self._goal()}"
        amount = f"{self._bound()}{_share(self.saved.mean)} labels"
        compared = f"{amount} {'as' if 'as many' in amount else 'than'} {self.reference} {goal}"
        if self.test.n == 1:
            return (
                f"{self.strategy} needed {compared} in the one run of each, which says nothing about other "
                f"runs{self._failures()}{self._left_again()}."
            )
        facts = f"({self._interval()}, {self._evidence()}{self._failures()}{self._left_again()})"
        low, high = self.saved.low, self.saved.high
        assert low is not None
        assert high is not None
        if self.p <= self.level and self._bound() in ("", "at least "):
            return f"{self.strategy} needs {compared} {facts}."
        if self.p <= self.level or (self._too_few() and not low <= 0 <= high):
            return f"{self.strategy} needed {compared} {facts}."
        return (
            f"No difference shown between {self.strategy} and {self.reference} in the labels {goal}: "
            f"{self.strategy} needed {amount} {facts}."
        )

    def _goal(self) -> str:
        return f"{self.target:.0%}{' for good' if self.crossing == 'last' else ''}"

    def _not_reached(self) -> str:
        own, other = self.own, self.other
        if own.labels is None and other.labels is None:
            return (
                f"Neither {self.strategy} nor {self.reference} can be counted on to reach {self._goal()} with "
                f"{self.budget} labels: {own.reached} and {other.reached} of {self.test.n} runs did."
            )
        sides = [(self.strategy, own), (self.reference, other)]
        (late, few), (early, most) = sorted(sides, key=lambda side: side[1].labels is not None)
        assert most.labels is not None
        return (
            f"{late} did not reach {self._goal()} with {self.budget} labels in most runs: "
            f"{few.reached} of {self.test.n} did, and {most.reached} of {early}, which needed "
            f"{'' if most.reached == self.test.n else 'at least '}{most.labels.mean:.0f} labels on average "
            f"({self._evidence()}{self._left_again()})."
        )

    def _bound(self) -> str:
        """Say what runs that never arrived make of the share: they need more labels than are counted for them."""
        assert self.saved is not None
        own, other = self.test.n - self.own.reached, self.test.n - self.other.reached
        if not own and not other:
            return ""
        if self.saved.mean > 0:
            # The strategy's failures can only make its savings smaller, the reference's only larger. Where both failed,
            # equally often or the strategy more, the first is the fear.
            return "at most " if own >= max(other, 1) else "about " if own else "at least "
        return "about " if own and other else "at least " if own else "at most "

    def _failures(self) -> str:
        n, missed = self.test.n, [self.test.n - runs.reached for runs in (self.own, self.other)]
        failed = [
            f"{count} of {n} runs of {name}"
            for name, count in zip((self.strategy, self.reference), missed, strict=True)
            if count
        ]
        if not failed:
            return ""
        count = "counts with all its" if sum(missed) == 1 else "count with all their"
        return f"; {' and '.join(failed)} did not get there and {count} {self.budget} labels"

    def _left_again(self) -> str:
        """Say how many runs stayed at the target, where some were there once and not to the end."""
        if self.stayed is None or self.crossing == "last":
            return ""
        left = [
            f"{stayed} of {self.test.n} runs of {name}"
            for name, runs, stayed in zip(
                (self.strategy, self.reference), (self.own, self.other), self.stayed, strict=True
            )
            if stayed < runs.reached
        ]
        return f"; {' and '.join(left)} stayed there" if left else ""

    def _interval(self) -> str:
        assert self.saved is not None
        low, high = self.saved.low, self.saved.high
        assert low is not None
        assert high is not None
        if round(100 * low) < 0 < round(100 * high):
            return f"95% interval {-low:.0%} more to {high:.0%} fewer"
        near, far = sorted((abs(low), abs(high)))
        return f"95% interval {near:.0%} to {far:.0%}"

    def _too_few(self) -> bool:
        return self.comparisons * self.test.smallest_p > self.level

    def _evidence(self) -> str:
        seeds = f"{self.test.n} paired seed{'s' * (self.test.n != 1)}"
        if self._too_few():
            over = f" over {self.comparisons} comparisons" if self.comparisons > 1 else ""
            return f"{seeds}, too few for any p below {self.level:g}{over}"
        return f"{say_p(self.p)}, {seeds}"


def say_p(p: float) -> str:
    """Write a p-value with two digits.

    Examples
    --------
    >>> say_p(0.001953125), say_p(0.00005)
    ('p = 0.002', 'p < 0.001')
    """
    return "p < 0.001" if p < 0.001 else f"p = {p:.2g}"


def _share(saved: float) -> str:
    if f"{abs(saved):.0%}" == "0%":
        return "as many"
    return f"{abs(saved):.0%} {'fewer' if saved > 0 else 'more'}"
