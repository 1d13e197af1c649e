"""The report's tables of figures: labels, areas, accuracies, and who beats whom."""

from tinyal.comparison import Comparison
from tinyal.report.markup import Html, join, table, tag
from tinyal.sentences import say_p
from tinyal.statistics import Crossing, Interval, LabelsToReach

TARGETS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.99)
SIGNS = {"win": "+", "tie": "=", "loss": "−"}


def overview(comparison: Comparison, reference: str, target: float) -> Html:
    """Write the figures of every strategy, and the p of its area against the reference's."""
    against = comparison.against(reference, "area")
    end = comparison.of(reference)[0].labels[-1]
    rows = []
    for name in comparison.strategies:
        saved = comparison.labels_saved(name, target, reference)
        test = against.get(name)
        rows.append(
            [
                name,
                _labels(comparison.labels_to(name, target)),
                _labels(comparison.labels_to(name, target, "last")),
                "" if name == reference else _percent(saved, 0) if saved else "not to be had",
                _percent(comparison.area(name), 1),
                _percent(comparison.final_accuracy(name), 1),
                "" if test is None else say_p(test[1]),
            ]
        )
    head = [
        "strategy",
        f"labels to {target:.0%}",
        f"labels to {target:.0%} for good",
        f"labels saved against {reference}",
        "area",
        f"accuracy at {end} labels",
        "p",
    ]
    runs = len(comparison.of(reference))
    caption = (
        f"Means over {runs} paired seed{'s' * (runs != 1)}, below them 95% intervals. ≥: runs that did not get there "
        f"count with all their labels. p: of the area's difference from {reference}'s, after Holm's correction"
    )
    return table(caption, head, rows, "figures")


def other_targets(comparison: Comparison, target: float) -> Html | None:
    """Write the labels to the four highest of the usual targets that some strategy reaches, if not all at once."""
    shown = []
    for other in TARGETS:
        found = [comparison.labels_to(name, other) for name in comparison.strategies]
        start = comparison.runs[0].labels[0]
        everyone_at_once = all(found_one.labels and found_one.labels.mean == start for found_one in found)
        if other != target and any(one.labels for one in found) and not everyone_at_once:
            shown.append(other)
    shown = shown[-4:]
    if not shown:
        return None
    crossings: tuple[tuple[Crossing, str], ...] = (("first", ""), ("last", " for good"))
    head = ["strategy", *(f"{other:.0%}{words}" for other in shown for _, words in crossings)]
    rows = [
        [
            name,
            *(
                _labels(comparison.labels_to(name, other, crossing), interval=False)
                for other in shown
                for crossing, _ in crossings
            ),
        ]
        for name in comparison.strategies
    ]
    return table("Mean labels to other targets", head, rows, "figures")


def win_tie_loss(comparison: Comparison) -> Html:
    """Write who beats whom by area, with the p of each pair."""
    standings = comparison.matrix("area")
    outcomes, p = standings.outcomes, standings.p
    names = standings.strategies
    rows = [
        [
            a,
            *(tag("td", "·") if a == b else _outcome(a, b, outcomes[a, b], p[a, b]) for b in names),
            " / ".join(map(str, standings.counts(a))),
        ]
        for a in names
    ]
    matrix = table(
        "By area: does the line's strategy win (+), lose (−) or tie (=) against the column's?",
        ["", *names, "wins / ties / losses"],
        rows,
        "standings",
    )
    caveat = standings.caveat()
    return join([matrix, tag("p", caveat, class_="note") if caveat else None])


def _outcome(a: str, b: str, outcome: str, p: float) -> Html:
    words = tag("span", f" {outcome}", class_="unseen")
    return tag("td", SIGNS[outcome], words, tag("small", say_p(p)), class_=outcome)


def _labels(labels: LabelsToReach, interval: bool = True) -> Html | str:
    if labels.labels is None:
        return f"not reached ({labels.reached} of {len(labels.per_run)} runs)" if interval else "–"
    bound = "" if labels.reached == len(labels.per_run) else "≥ "
    mean = f"{bound}{labels.labels.mean:.0f}"
    if not interval or labels.labels.low is None:
        return mean
    return join([mean, tag("small", f"{labels.labels.low:.0f} to {labels.labels.high:.0f}")])


def _percent(interval: Interval, digits: int) -> Html | str:
    mean = f"{interval.mean:.{digits}%}"
    if interval.low is None:
        return mean
    return join([mean, tag("small", f"{interval.low:.{digits}%} to {interval.high:.{digits}%}")])
