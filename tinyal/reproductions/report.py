"""What a reproduction has to say: tables, and what differs from the paper; for a terminal, and for a page."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from tinyal.columns import columns

WIDTH = 110

Table = Sequence[Sequence[str]]
"""Rows of words; the first row is their heads."""


@dataclass(frozen=True)
class Report:
    """Tables, and paragraphs below them. As a string it is broken into lines; a notebook shows it as Markdown.

    Parameters
    ----------
    tables : sequence of Table
    notes : sequence of str

    Examples
    --------
    >>> report = Report([[["labels to", "here"], ["margin", "210"]]], ["One seed."])
    >>> print(report)
    labels to  here
    margin     210
    <BLANKLINE>
    One seed.
    >>> print(report.markdown())
    | labels to | here |
    | --- | --- |
    | margin | 210 |
    <BLANKLINE>
    One seed.
    """

    tables: Sequence[Table]
    notes: Sequence[str]

    def __str__(self) -> str:
        return "\n\n".join([*map(columns, self.tables), *(textwrap.fill(note, WIDTH) for note in self.notes)])

    def markdown(self) -> str:
        """Return tables and paragraphs as Markdown."""
        return "\n\n".join([*map(_pipes, self.tables), *self.notes])

    def _repr_markdown_(self) -> str:
        return self.markdown()


def _pipes(table: Table) -> str:
    heads, *rows = (f"| {' | '.join(row)} |" for row in table)
    return "\n".join([heads, f"|{' --- |' * len(table[0])}", *rows])
