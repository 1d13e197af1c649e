"""The ledger as text for a terminal."""

import textwrap
from collections.abc import Iterator

from tinynn.trace.ledger import Ledger, Line, Section
from tinynn.trace.numbers import block, summary

WIDTH = 80
SHAPE_COLUMN = 44
HAT = "\u0302"  # the second character of x̂, which takes no column
LEGEND = (
    "A layer takes in x, the y of the layer before, and puts out y. dy stands for ∂L/∂y, how the loss changes with y: "
    "it is the dx of the layer after."
)


def to_text(ledger: Ledger) -> str:
    """Return the ledger as lines of at most 80 columns, but for shapes and titles that are longer."""
    lines = [*_wrap(ledger.about), *_wrap(LEGEND)]
    for title, sections in (("FORWARD", ledger.forward), ("BACKWARD", ledger.backward)):
        lines += ["", title, "─" * WIDTH]
        for i, section in enumerate(sections):
            lines += [""] * (i > 0)
            lines += _section(section, ledger, "")
    return "\n".join(lines) + "\n"


def _section(section: Section, ledger: Ledger, indent: str) -> Iterator[str]:
    yield from _wrap(section.heading, indent, indent + "    ")
    for part in section.parts:
        yield from _section(part, ledger, indent + "  │ ")
        yield indent + "  │"
    for line in section.lines:
        yield from _line(line, ledger, indent)


def _line(line: Line, ledger: Ledger, indent: str) -> Iterator[str]:
    what = line.formula or (f"{line.symbol}: {line.note}" if line.note else line.symbol)
    shape = "" if line.values.ndim == 0 else str(line.values.shape)
    *above, last = _wrap(what, indent + "  ", indent + "    ", WIDTH - len(shape) - 2)
    yield from above
    column = SHAPE_COLUMN + last.count(HAT)
    yield f"{last:<{column}}  {shape}".rstrip()
    numbers = indent + "      "
    if line.values.size > ledger.limit:
        yield from _wrap(summary(line.values, ledger.digits), numbers, numbers)
        return
    # The result of a formula for a single number stands behind it already.
    if line.values.size > 1 or not line.arithmetic:
        for row in block(line.values, ledger.digits, WIDTH - len(numbers)):
            yield numbers + row
    for written in line.arithmetic:
        yield from _wrap(written, indent + "    ", indent + "        ")


def _wrap(text: str, first: str = "", rest: str = "", width: int = WIDTH) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=first,
        subsequent_indent=rest,
        break_long_words=False,
        break_on_hyphens=False,
    )
