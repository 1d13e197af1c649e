"""Who beats whom: every strategy against every other, on the same seeds."""

from dataclasses import dataclass

from tinyal.paired import PairedTest, holm, seeds_needed


@dataclass(frozen=True)
class Standings:
    """Wins, ties and losses of all pairs of strategies.

    Parameters
    ----------
    strategies : tuple of str
    tests : dict of (strategy, strategy) to PairedTest
        One for each pair, in one of its two orders.
    more_is_better : bool
        False for numbers of labels.
    level : float
        A pair with a p below or equal to it, after Holm's correction over all pairs, is no tie.
    """

    strategies: tuple[str, ...]
    tests: dict[tuple[str, str], PairedTest]
    more_is_better: bool = True
    level: float = 0.05

    @property
    def p(self) -> dict[tuple[str, str], float]:
        """The p of each pair after Holm's correction over all pairs, in both orders."""
        corrected = dict(zip(self.tests, holm([test.p for test in self.tests.values()]), strict=True))
        return corrected | {(b, a): p for (a, b), p in corrected.items()}

    @property
    def outcomes(self) -> dict[tuple[str, str], str]:
        """``"win"``, ``"tie"`` or ``"loss"`` of the first strategy against the second, in both orders."""
        found, p = {}, self.p
        for (a, b), test in self.tests.items():
            better = (test.difference.mean > 0) == self.more_is_better
            tie = p[a, b] > self.level or test.difference.mean == 0
            found[a, b] = "tie" if tie else "win" if better else "loss"
            found[b, a] = "tie" if tie else "loss" if better else "win"
        return found

    def counts(self, strategy: str) -> tuple[int, int, int]:
        """Return how often a strategy wins, ties and loses."""
        own = [outcome for (a, _), outcome in self.outcomes.items() if a == strategy]
        return own.count("win"), own.count("tie"), own.count("loss")

    def caveat(self) -> str:
        """Return why every pair must be a tie, where there are too few seeds for anything else; "" elsewhere."""
        if not self.tests:
            return ""
        n = next(iter(self.tests.values())).n
        needed = seeds_needed(len(self.tests), self.level)
        if n >= needed:
            return ""
        pairs = "1 pair" if len(self.tests) == 1 else f"{len(self.tests)} pairs"
        return (
            f"Ties all over, whatever the runs: {n} paired seed{'s' * (n != 1)} cannot give p ≤ {self.level:g} over "
            f"{pairs}; {needed} seeds can."
        )

    def __str__(self) -> str:
        outcomes, width = self.outcomes, max(map(len, self.strategies))
        lines = [f"{'':<{width}}  {'  '.join(self.strategies)}"]
        for a in self.strategies:
            cells = (f"{outcomes.get((a, b), '·'):<{len(b)}}" for b in self.strategies)
            lines.append(f"{a:<{width}}  {'  '.join(cells)}".rstrip())
        return "\n".join(lines)
