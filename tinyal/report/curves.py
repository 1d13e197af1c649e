"""Learning curves as an SVG inside the page: it takes the page's colours, by day and by night."""

from collections.abc import Sequence

from tinyal.bootstrap import Interval
from tinyal.comparison import Comparison
from tinyal.report.markup import Html, svg_tag, tag

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 66, 16, 12, 58
COLORS = 6  # --c0 to --c5 in style.css; the next six strategies take them again, dashed
DASHES = (None, "7 4", "2 4", "12 4 2 4")


def learning_curves(comparison: Comparison, reference: str, target: float) -> Html:
    """Draw mean accuracy against labels with 95 % bands, a line at the target, and a legend below.

    A dot on the line stands at the mean number of labels to the target, an open one where that is a lower bound.
    """
    curves = {name: comparison.curve(name) for name in comparison.strategies}
    labels = next(iter(curves.values()))[0]
    ends = [
        end
        for _, points in curves.values()
        for point in points
        for end in (point.low, point.mean, point.high)
    ]
    shown = [end for end in ends if end is not None]
    place = _Place(labels[0], labels[-1], min(shown), max(*shown, target))
    parts = [*_grid(place), *_target(place, target)]
    for name, (spent, points) in curves.items():
        color, dash = look(comparison, name, reference)
        if all(point.low is not None for point in points):
            parts.append(svg_tag("path", d=_band(place, spent, points), fill=color, class_="band"))
    for name, (spent, points) in curves.items():
        color, dash = look(comparison, name, reference)
        d = _line(place, [(x, point.mean) for x, point in zip(spent, points, strict=True)])
        parts.append(svg_tag("path", d=d, stroke=color, stroke_dasharray=dash, class_="curve"))
        needed = comparison.labels_to(name, target)
        if needed.labels is not None:
            sure = needed.reached == len(needed.per_run)
            x, y = place.x(needed.labels.mean), place.y(target)
            parts.append(
                svg_tag(
                    "circle",
                    cx=x,
                    cy=y,
                    r=5,
                    stroke=color,
                    stroke_width=2,
                    fill=color if sure else "var(--paper)",
                )
            )
    last = ", ".join(f"{name} {points[-1].mean:.1%}" for name, (_, points) in curves.items())
    title = f"Test accuracy against labels, mean over seeds. At {labels[-1]} labels: {last}."
    picture = svg_tag(
        "svg", svg_tag("title", title), parts, viewBox=f"0 0 {WIDTH} {HEIGHT}", role="img", class_="chart"
    )
    legend = [tag("li", _swatch(comparison, name, reference), name) for name in curves]
    return tag("figure", picture, tag("ul", legend, class_="legend"))


def look(comparison: Comparison, name: str, reference: str) -> tuple[str, str | None]:
    """Return a strategy's colour and dashes; the reference is grey."""
    if name == reference:
        return "var(--quiet)", None
    i = [other for other in comparison.strategies if other != reference].index(name)
    return f"var(--c{i % COLORS})", DASHES[i // COLORS % len(DASHES)]


class _Place:
    """Where labels and accuracies lie in the picture."""

    def __init__(self, first: float, last: float, low: float, high: float) -> None:
        self.first, self.last = first, max(last, first + 1)
        margin = max(0.04 * (high - low), 0.005)
        self.low, self.high = max(low - margin, 0.0), min(high + margin, 1.0)

    def x(self, labels: float) -> float:
        share = (labels - self.first) / (self.last - self.first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    def y(self, accuracy: float) -> float:
        share = (accuracy - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Return round numbers from low to high, about so many.

    Examples
    --------
    >>> ticks(20, 500)
    [100.0, 200.0, 300.0, 400.0, 500.0]
    """
    steps = sorted(10.0**power * digit for power in range(-4, 8) for digit in (1, 2, 5))
    step = next((step for step in steps if (high - low) / step <= about), steps[-1])
    first = -int(-low // step)
    return [round(i * step, 6) for i in range(first, int(high / step + 1e-9) + 1)]


def _grid(place: _Place) -> list[Html]:
    parts = []
    for value in ticks(place.low, place.high):
        y = place.y(value)
        parts.append(svg_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="grid"))
        parts.append(svg_tag("text", f"{100 * value:.6g}%", x=LEFT - 8, y=y + 5, text_anchor="end"))
    for value in ticks(place.first, place.last):
        parts.append(
            svg_tag("text", f"{value:.6g}", x=place.x(value), y=HEIGHT - BOTTOM + 22, text_anchor="middle")
        )
    middle = (LEFT + WIDTH - RIGHT) / 2
    parts.append(svg_tag("text", "labels", x=middle, y=HEIGHT - 6, text_anchor="middle"))
    return parts


def _target(place: _Place, target: float) -> list[Html]:
    y = place.y(target)
    return [
        svg_tag("line", x1=LEFT, x2=WIDTH - RIGHT, y1=y, y2=y, class_="target"),
        svg_tag("text", f"target {target:.0%}", x=LEFT + 4, y=y - 6),
    ]


def _line(place: _Place, points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{place.x(x):g} {place.y(y):g}" for x, y in points)


def _band(place: _Place, labels: Sequence[int], points: Sequence[Interval]) -> str:
    upper = [(x, point.high or 0.0) for x, point in zip(labels, points, strict=True)]
    lower = [(x, point.low or 0.0) for x, point in zip(labels, points, strict=True)]
    return f"{_line(place, [*upper, *reversed(lower)])}Z"


def _swatch(comparison: Comparison, name: str, reference: str) -> Html:
    color, dash = look(comparison, name, reference)
    line = svg_tag("line", x1=0, x2=34, y1=6, y2=6, stroke=color, stroke_dasharray=dash, stroke_width=3)
    return svg_tag("svg", line, viewBox="0 0 34 12", width=34, height=12, aria_hidden="true")
