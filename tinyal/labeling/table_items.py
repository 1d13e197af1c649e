"""Rows of a CSV file to label: numbers for the model, and perhaps a column of text for the person."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tinyal.labeling.kept_rows import check_rows
from tinyal.labeling.row_items import RowItems


def from_table(
    source: Path,
    project: Path,
    classes: Sequence[str] = (),
    text_column: str | None = None,
    refresh: bool = True,
) -> RowItems:
    """Return the rows of a table; its columns are features, but for one with text.

    Parameters
    ----------
    source : path
        UTF-8, commas between the cells, with or without a first line of names.
    project : path
    classes : sequence of str, optional
    text_column : str, optional
        The name of a column that a person reads and the model does not see.
    refresh : bool, optional

    Raises
    ------
    ValueError
        For a file that is no table of numbers, or whose rows are others than before.
    """
    try:
        names, rows = _read(source, text_column)
        texts = None
        if text_column is not None:
            column = names.index(text_column)
            texts = [row.pop(column) for row in rows]
            names = names[:column] + names[column + 1 :]
        x = _numbers(names, rows)
    except UnicodeDecodeError:
        raise ValueError(
            f'{source} is not UTF-8, so its letters are anyone\'s guess; save it as "CSV UTF-8"'
        ) from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{source}: {error}") from None
    mean, spread = check_rows(source, project, x, texts, refresh=refresh)
    return RowItems(x, mean, spread, names, texts=texts, classes=classes)


def _read(source: Path, text_column: str | None) -> tuple[list[str], list[list[str]]]:
    """Return the columns' names and the rows' cells."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    if not lines:
        raise ValueError("it is empty")
    width = len(lines[0])
    for number, line in enumerate(lines, start=1):
        if len(line) != width:
            raise ValueError(f"line {number} has {len(line)} columns, and the first has {width}")
    if width == 1 and ";" in lines[0][0]:
        raise ValueError("it has semicolons between its cells; save it with commas")
    if text_column is not None and text_column not in lines[0]:
        raise ValueError(f"there is no column {text_column!r} in its first line: {', '.join(lines[0])}")
    if text_column is None and all(map(_is_number, lines[0])):
        return [f"column {i}" for i in range(width)], lines
    if len(lines) == 1:
        raise ValueError("it has a first line of names, and no rows")
    return lines[0], lines[1:]


def _numbers(names: list[str], rows: list[list[str]]) -> np.ndarray:
    """Return cells as numbers, float64."""
    if not names:
        raise ValueError("besides its text it has no column; a model needs numbers that describe each row")
    for number, row in enumerate(rows):
        for name, cell in zip(names, row, strict=True):
            if not _is_number(cell):
                raise ValueError(
                    f"row {number} holds {cell!r:.80} in column {name!r}, where a number is wanted; text for the "
                    "person to read is named by its column, and other words must go"
                )
    return np.array(rows, dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
