"""The ledger as Markdown and as HTML."""

import re
from collections.abc import Iterator
from html import escape

from tinynn.trace.ledger import Ledger, Line, Section
from tinynn.trace.numbers import block, summary
from tinynn.trace.tex import tex
from tinynn.trace.text import LEGEND

WIDTH = 100
STYLE = """<style>
.tinynn-ledger table { border-collapse: collapse; margin: 0.3em 0 1em; }
.tinynn-ledger th, .tinynn-ledger td { text-align: left; vertical-align: top; padding: 0.2em 1em 0.2em 0; }
.tinynn-ledger tr { border-top: 1px solid #8886; }
.tinynn-ledger td:first-child { font-family: serif; font-style: italic; font-size: 1.1em; }
.tinynn-ledger pre { margin: 0; font-size: 0.9em; background: none; border: none; padding: 0; white-space: pre-wrap; }
.tinynn-ledger section section { margin-left: 1.5em; padding-left: 1em; border-left: 2px solid #8886; }
</style>"""


def to_markdown(ledger: Ledger) -> str:
    """Return paragraphs, tables and ``$...$`` mathematics; no headings, so that it fits below any."""
    parts = [_plain(ledger.about), _plain(LEGEND)]
    for title, sections in (("Forward", ledger.forward), ("Backward", ledger.backward)):
        parts.append(f"**{title}**")
        for section in sections:
            parts += _markdown_section(section, ledger)
    return "\n\n".join(parts) + "\n"


def _markdown_section(section: Section, ledger: Ledger) -> Iterator[str]:
    yield f"*{section.heading.partition('  ')[0]}*" + (f" {_code(section.title)}" if section.title else "")
    for part in section.parts:
        yield from _markdown_section(part, ledger)
    table = ["| | shape | numbers |", "|:---|:---|:---|"]
    for line in section.lines:
        what = f"${tex(line.formula or line.symbol)}$" + (f" {_plain(line.note)}" if line.note else "")
        numbers = "<br>".join(_code(row) for row in _rows(line, ledger))
        table.append(f"| {what} | {line.values.shape if line.values.ndim else ''} | {numbers} |")
    yield "\n".join(table)
    if written := [f"- ${tex(text)}$" for line in section.lines for text in line.arithmetic]:
        yield "\n".join(written)


def to_html(ledger: Ledger) -> str:
    """Return one ``<div>`` with its own style."""
    parts = [STYLE, f"<p>{escape(ledger.about)}<br>{escape(LEGEND)}</p>"]
    for title, sections in (("Forward", ledger.forward), ("Backward", ledger.backward)):
        parts.append(f"<p><strong>{title}</strong></p>")
        for section in sections:
            parts += _html_section(section, ledger)
    return '<div class="tinynn-ledger">\n' + "\n".join(parts) + "\n</div>\n"


def _html_section(section: Section, ledger: Ledger) -> Iterator[str]:
    yield f"<section>\n<div><strong>{escape(section.heading)}</strong></div>"
    for part in section.parts:
        yield from _html_section(part, ledger)
    yield "<table>\n<thead><tr><th></th><th>shape</th><th>numbers</th></tr></thead>\n<tbody>"
    for line in section.lines:
        what = line.formula or (f"{line.symbol}: {line.note}" if line.note else line.symbol)
        shape = str(line.values.shape) if line.values.ndim else ""
        rows = escape("\n".join([*_rows(line, ledger), *line.arithmetic]))
        yield f"<tr><td>{escape(what)}</td><td>{shape}</td><td><pre>{rows}</pre></td></tr>"
    yield "</tbody>\n</table>\n</section>"


def _rows(line: Line, ledger: Ledger) -> list[str]:
    if line.values.size > ledger.limit:
        return [summary(line.values, ledger.digits)]
    return block(line.values, ledger.digits, WIDTH)


def _plain(text: str) -> str:
    """Return text in which Markdown sees nothing but text."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~^&])", r"\\\1", text)


def _code(text: str) -> str:
    """Return code for a line or a cell of a table; a backtick would end it, and a bar the cell."""
    text = text.replace("`", "'").replace("|", "∣")
    return f"`{text}`"
