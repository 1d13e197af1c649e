"""HTML from nested calls: whatever is not markup already is escaped, so that no name can break the page."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

EMPTY = {"br", "col", "meta", "circle", "line", "path", "rect"}


class Html(str):
    """Markup: text that is not escaped again."""

    __slots__ = ()


def tag(name: str, /, *children: object, **attributes: Any) -> Html:
    """Write an element.

    Parameters
    ----------
    name : str
    *children
        `Html` as it is, lists of children one after the other, None not at all, anything else as escaped text.
    **attributes
        ``class_`` stands for class and ``stroke_width`` for stroke-width; None is left out.

    Examples
    --------
    >>> tag("p", "1 < 2, ", tag("b", "indeed"), class_="note")
    '<p class="note">1 &lt; 2, <b>indeed</b></p>'
    """
    pairs = (
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    opening = f"<{name}{''.join(pairs)}>"
    return Html(opening if name in EMPTY else f"{opening}{join(children)}</{name}>")


def join(children: Iterable[object]) -> Html:
    """Write children one after the other."""
    return Html("".join(_markup(child) for child in children))


def svg_tag(name: str, /, *children: object, **attributes: Any) -> Html:
    """Write an element of an SVG, where one without children must be closed."""
    element = tag(name, *children, **attributes)
    return Html(f"{element[:-1]}/>") if name in EMPTY else element


def table(
    caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], class_: str | None = None
) -> Html:
    """Write a table that scrolls sideways where it is too wide; the first cell of each row is its header."""
    body = [tag("tr", tag("th", row[0], scope="row"), [tag_cell(cell) for cell in row[1:]]) for row in rows]
    columns = tag("tr", [tag("th", cell, scope="col") for cell in head])
    element = tag(
        "table",
        tag("caption", tag("span", caption)),
        tag("thead", columns),
        tag("tbody", body),
        class_=class_,
    )
    # Focusable, so that the arrow keys scroll it.
    return tag("div", element, class_="scroll", tabindex="0", role="region", aria_label=caption)


def tag_cell(cell: object) -> Html:
    """Write a cell, unless it is one already."""
    return cell if isinstance(cell, Html) and cell.startswith("<td") else tag("td", cell)


def _markup(child: object) -> str:
    if child is None:
        return ""
    if isinstance(child, Html):
        return child
    if isinstance(child, list | tuple):
        return join(child)
    return escape(str(child), quote=False)
