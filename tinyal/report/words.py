"""The report's words: what was found in plain sentences, and how it was made."""

from collections.abc import Mapping
from typing import Any

from tinyal.comparison import Comparison
from tinyal.paired import smallest_p
from tinyal.report.markup import Html, join, table, tag


def findings(comparison: Comparison, reference: str, target: float) -> Html:
    """Write a sentence for every strategy, to the first crossing and to the last, and how to read them."""
    first = comparison.sentences(reference, target)
    if not first:
        return tag("p", f"{reference} alone was run: there is nothing to compare it with.", class_="note")
    last = comparison.sentences(reference, target, crossing="last")
    n = len(comparison.of(reference))
    note = (
        f"{target:.0%} is the accuracy that all are measured by, as a rule what {reference} reaches with the whole "
        "budget, rounded down. Labels are counted in pairs of runs with the same seed. Intervals come from the "
        "bootstrap; p from exchanging the runs of pairs, two-sided, after Holm's correction for having made "
        f"{len(first)} comparison{'s' * (len(first) != 1)}. With {n} seed{'s' * (n != 1)} no p can be below "
        f"{smallest_p(n):.2g}, before the correction."
    )
    return join(
        [
            tag("ul", [tag("li", sentence) for sentence in first], class_="findings"),
            tag(
                "details",
                tag("summary", f"Until the accuracy never falls below {target:.0%} again"),
                tag("ul", [tag("li", sentence) for sentence in last], class_="findings"),
            ),
            tag("p", note, class_="note"),
        ]
    )


def configuration(comparison: Comparison, settings: Mapping[str, Any] | None) -> Html:
    """Write down the settings, and what the runs themselves say."""
    runs = comparison.of(comparison.strategies[0])
    seeds = list(dict.fromkeys(run.seed for run in comparison.runs))
    facts: dict[str, Any] = {
        "strategies": comparison.strategies,
        "seeds": seeds,
        "labels at the evaluations": runs[0].labels,
        **(comparison.settings if settings is None else settings),
    }
    return table(
        "Configuration", ["setting", "value"], [[key, _text(value)] for key, value in facts.items()], "facts"
    )


def versions() -> Html:
    """Write down what the report was written with; nothing of it tells who or where."""
    from tinynn.machine import describe_machine

    found = describe_machine()
    if str(found["GPU"]).startswith("none"):
        found["GPU"] = "none"  # the reason is of no use here
    told = [key for key in ("tinynn", "Python", "NumPy", "SciPy", "BLAS", "cores", "GPU") if key in found]
    return table(
        "This report was written with",
        ["what", "version"],
        [[key, _text(found[key])] for key in told],
        "facts",
    )


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "none" if value is None else str(value)
