"""One HTML file that tells a whole comparison: curves, tables, sentences, questions, and how it was made."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyal.comparison import Comparison
from tinyal.report.balance import class_balance
from tinyal.report.confusion import confusions
from tinyal.report.curves import learning_curves
from tinyal.report.figures import other_targets, overview, win_tie_loss
from tinyal.report.markup import Html, tag
from tinyal.report.page import GENERATOR, page
from tinyal.report.pool import Pool
from tinyal.report.questions import questions_asked
from tinyal.report.words import configuration, findings, versions

__all__ = ["html", "write"]


def write(
    comparison: Comparison,
    path: str | Path,
    *,
    data: Any = None,
    reference: str = "random",
    target: float | None = None,
    settings: Mapping[str, Any] | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a report: one file that needs no network and no script.

    Parameters
    ----------
    comparison : Comparison
    path : path
        Its folder must be there. An earlier report in its place is replaced; another file is not.
    data : Dataset, (x, y) or (pool x, pool y, test x, test y), optional
        What was compared on: with it the report shows the questions and the balance of the classes. Rows x are
        (n, ...), labels y (n,).
    reference : str
        The strategy that the others are measured by.
    target : float, optional
        The accuracy to reach; by default what the reference reaches at the end, rounded down to a whole percent.
    settings : mapping, optional
        How the runs were made, for the record; by default ``comparison.settings``.
    overwrite : bool
        Whether a file that is no report may be replaced.

    Returns
    -------
    Path
        Where it is.

    Raises
    ------
    FileExistsError
        For a file that is no report, unless `overwrite` was said.
    ValueError
        For a reference that was not compared, or data that the runs cannot have been made on.

    Examples
    --------
    >>> import tempfile
    >>> import tinyal as al
    >>> runs = [al.StrategyRun([10, 20], [0.5, end], strategy=name, seed=seed)
    ...         for name, end in (("random", 0.7), ("margin", 0.8)) for seed in (0, 1)]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write(al.Comparison(runs), Path(folder, "report.html"))
    ...     path.stat().st_size > 10_000
    True
    """
    path = Path(path)
    if path.exists() and not overwrite and not _is_report(path):
        raise FileExistsError(
            f"{path} is there already and is no report of tinyal; choose another name, or overwrite=True to replace it"
        )
    content = html(comparison, data=data, reference=reference, target=target, settings=settings)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(content, encoding="utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


def html(
    comparison: Comparison,
    *,
    data: Any = None,
    reference: str = "random",
    target: float | None = None,
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Return the report as a string; see `write`, also for the rows x (n, ...) and labels y (n,) of its data.

    Examples
    --------
    >>> import tinyal as al
    >>> runs = [al.StrategyRun([10, 20], [0.5, end], strategy=name, seed=seed)
    ...         for name, end in (("random", 0.7), ("margin", 0.8)) for seed in (0, 1)]
    >>> page = html(al.Comparison(runs))
    >>> page[:15], "<script" in page
    ('<!doctype html>', False)
    """
    target = comparison.target(reference) if target is None else target
    pool = None if data is None else Pool(data)
    asked = pool if all(any(run.queried) for run in comparison.runs) else None
    why_not = (
        "The data were not given to this report."
        if pool is None
        else "Which rows were asked for was not kept."
    )
    nothing = tag("p", why_not, class_="note")
    parts: list[tuple[str, list[Html | None]]] = [
        ("Findings", [findings(comparison, reference, target)]),
        ("Learning curves", [learning_curves(comparison, reference, target)]),
        ("Figures", [overview(comparison, reference, target), other_targets(comparison, target)]),
        ("Who beats whom", [win_tie_loss(comparison)] if len(comparison.strategies) > 1 else []),
        ("Questions asked", [questions_asked(comparison, asked) if asked else nothing]),
        ("Classes of the labels", [class_balance(comparison, asked) if asked else nothing]),
        ("Mistakes before and after", [confusions(comparison, pool.classes if pool else None)]),
        ("How it was made", [configuration(comparison, settings), versions()]),
    ]
    return page(comparison, reference, parts)


def _is_report(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return GENERATOR.encode() in file.read(2000)
