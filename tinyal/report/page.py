"""The frame of a report: title, contents, sections, and a style that needs nothing from elsewhere."""

from collections.abc import Sequence
from pathlib import Path

from tinyal.comparison import Comparison
from tinyal.report.markup import Html, join, tag

GENERATOR = '<meta name="generator" content="tinyal report">'
# A browser that would fetch anything is told not to.
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(comparison: Comparison, reference: str, parts: Sequence[tuple[str, Sequence[Html | None]]]) -> str:
    """Put sections together, those without content left out."""
    style = Path(__file__).with_name("style.css").read_text(encoding="utf-8")
    title = ", ".join(comparison.strategies)
    seeds, labels = len(comparison.of(reference)), comparison.of(reference)[0].labels
    shown = [(heading, content) for heading, content in parts if any(content)]
    n = len(comparison.strategies)
    lead = (
        f"{n} strateg{'y' if n == 1 else 'ies'}, {seeds} paired seed{'s' * (seeds != 1)}, "
        f"{labels[0]} to {labels[-1]} labels. Measured by {reference}."
    )
    head = join(
        [
            tag("meta", charset="utf-8"),
            Html(GENERATOR),
            tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
            tag("meta", name="color-scheme", content="light dark"),
            tag("meta", http_equiv="Content-Security-Policy", content=POLICY),
            tag("title", f"Active learning compared: {title}"),
            tag("style", Html(style)),
        ]
    )
    contents = [tag("a", heading, href=f"#{_anchor(heading)}") for heading, _ in shown]
    sections = [
        tag("section", tag("h2", heading, id=_anchor(heading)), content) for heading, content in shown
    ]
    body = [
        tag(
            "header",
            tag("h1", "Active learning compared"),
            tag("p", lead),
            tag("nav", contents, aria_label="Contents"),
        ),
        tag("main", sections),
        tag("footer", tag("p", "Written by tinyal.")),
    ]
    return f"<!doctype html>\n{tag('html', tag('head', head), tag('body', body), lang='en')}\n"


def _anchor(heading: str) -> str:
    return heading.lower().replace(" ", "-")
