"""Words in columns, for a terminal."""

from collections.abc import Sequence


def columns(table: Sequence[Sequence[str]]) -> str:
    """Put the words of a table in columns, each as wide as its widest word.

    Examples
    --------
    >>> print(columns([["labels to", "here"], ["margin", "210"]]))
    labels to  here
    margin     210
    """
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in table)
