"""Data of your own, from a file: arrays in ``.npz`` or ``.npy``, or a table in ``.csv``."""

import csv
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from tinynn.datasets import Dataset


def read(path: Path, labels: str | None = None) -> Dataset:
    """Read a data set from a file.

    Parameters
    ----------
    path : Path
        ``.npz`` with the arrays x and y, or x_train, y_train, x_test and y_test; ``.npy`` with x; or ``.csv`` with a
        row an example, with or without a first line of names.
    labels : str, optional
        For ``.npy``, the file beside it with y. For ``.csv``, the name of the column with the labels; by default the
        last one.

    Returns
    -------
    Dataset
        Labels of any kind become numbers, in sorted order. Without a test set, ``x_test`` has no rows.

    Raises
    ------
    ValueError
        For a file that is none of these, whose rows and labels do not fit each other, or with one class only.
    OSError
        For a file that cannot be read.
    """
    kinds = {".npz": _npz, ".npy": _npy, ".csv": _csv}
    if path.suffix.lower() not in kinds:
        raise ValueError(f"{path} is no file of data that is known here: {', '.join(kinds)} are")
    try:
        x, y, x_test, y_test = kinds[path.suffix.lower()](path, labels)
    except UnicodeDecodeError:
        raise ValueError(
            f'{path} is not UTF-8, so its letters are anyone\'s guess; save it as "CSV UTF-8"'
        ) from None
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{path}: {error}") from None
    for rows, of, what in ((x, y, "rows"), (x_test, y_test, "test rows")):
        if of.ndim != 1 or rows.ndim < 2 or len(rows) != len(of):
            raise ValueError(
                f"{path} has {what} of shape {rows.shape} and labels of shape {of.shape}; they go together as "
                "(n, features) and (n,)"
            )
    if x.dtype.kind not in "iufb":
        raise ValueError(f"{path} has rows of {x.dtype}, and a network takes numbers")
    if x.dtype.kind == "f" and not (np.isfinite(x).all() and np.isfinite(x_test).all()):
        raise ValueError(f"{path} holds NaN or infinite values; fill them or drop the rows first")
    classes = np.unique(np.concatenate([y, y_test]) if len(y_test) else y)
    if len(classes) < 2:
        found = f"all its labels are {classes[0]}" if len(classes) else "it has no rows"
        raise ValueError(f"{path}: {found}, and there is nothing to tell apart; two classes are the least")
    return Dataset(
        name=path.stem,
        x_train=x,
        y_train=np.searchsorted(classes, y),
        x_test=x_test,
        y_test=np.searchsorted(classes, y_test) if len(y_test) else np.zeros(0, np.int64),
        classes=tuple(map(str, classes.tolist())),
        image_shape=x.shape[1:],
        licence="",
        citation="",
    )


def _npz(path: Path, labels: str | None) -> tuple[Any, Any, Any, Any]:
    _no_labels(labels, "an .npz file has its labels inside")
    with path.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError(
                "it is no .npz file, or one that was cut off; np.savez(file, x=x, y=y) makes one"
            )
    with np.load(path, allow_pickle=False) as arrays:
        names = [("x_train", "y_train", "x_test", "y_test"), ("x", "y", "x_test", "y_test"), ("x", "y")]
        for wanted in names:
            if set(wanted) <= set(arrays.files):
                found = [_named(arrays, name) for name in wanted]
                x, y, x_test, y_test = (*found, *_no_test(found[0])) if len(found) == 2 else found
                return x, y, x_test, y_test
        raise ValueError(
            f"it holds the arrays {', '.join(arrays.files)}; wanted are x and y, or x_train, y_train, x_test and y_test"
        )


def _npy(path: Path, labels: str | None) -> tuple[Any, Any, Any, Any]:
    if labels is None:
        raise ValueError('an .npy file holds one array, x; name the one with y by labels = "file.npy"')
    x, y = map(_array, (path, path.parent / labels))
    return x, y, *_no_test(x)


def _array(path: Path) -> Any:
    with path.open("rb") as file:
        try:
            return np.lib.format.read_array(file, allow_pickle=False)
        except (ValueError, EOFError) as error:
            raise ValueError(_why(error, path.name, "np.save(file, x)")) from None


def _named(arrays: Any, name: str) -> Any:
    try:
        return arrays[name]
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(_why(error, f"its {name}", "np.savez(file, x=x, y=y)")) from None


def _why(error: Exception, what: str, makes: str) -> str:
    """Say why NumPy cannot read an array; never that it would read objects, which may be programs."""
    if "Object arrays" in str(error):
        return f"{what} holds Python objects; save words by y.astype(str) and numbers by y.astype(int)"
    return f"{what} is no array of NumPy's, or one that was damaged or cut off; {makes} makes one"


def _csv(path: Path, labels: str | None) -> tuple[Any, Any, Any, Any]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = [line for line in csv.reader(file) if line]
    if not lines:
        raise ValueError("it is empty")
    width = len(lines[0])
    if width < 2:
        raise ValueError(
            "it has one column; a table has the numbers of a row and its label, with commas between"
        )
    for number, line in enumerate(lines, start=1):
        if len(line) != width:
            raise ValueError(f"row {number} has {len(line)} columns, and the first has {width}")
    named = not all(map(_is_number, lines[0][:-1]))
    column = width - 1
    if labels is not None:
        if not named or labels not in lines[0]:
            raise ValueError(f"there is no column {labels!r} in its first line: {', '.join(lines[0])}")
        column = lines[0].index(labels)
    rows = lines[1:] if named else lines
    if not rows:
        raise ValueError("it has a first line of names, and no rows")
    y = np.array([line[column] for line in rows])
    for number, line in enumerate(rows, start=2 if named else 1):
        wrong = [i for i, value in enumerate(line) if i != column and not _is_number(value)]
        if wrong:
            hint = f"; is it the label? labels = {lines[0][wrong[0]]!r}" if named and labels is None else ""
            raise ValueError(f"row {number} holds {line[wrong[0]]!r} where a number is wanted{hint}")
    numbers = [line[:column] + line[column + 1 :] for line in rows]
    if all(map(str.isdecimal, y)):  # 10 comes after 9
        y = y.astype(np.int64)
    x = np.array(numbers, dtype=np.float32).reshape(len(rows), width - 1)
    return x, y, *_no_test(x)


def _no_test(x: Any) -> tuple[Any, Any]:
    return x[:0], np.zeros(0, np.int64)


def _no_labels(labels: str | None, why: str) -> None:
    if labels is not None:
        raise ValueError(f"labels = {labels!r} has no use here: {why}")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
