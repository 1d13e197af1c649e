"""A comparison as one small JSON document: what was asked for, every learning curve, and the figures."""

from collections.abc import Mapping
from typing import Any

from tinyal.comparison import Comparison, StrategyRun

VERSION = 1


def record(
    result: Comparison, settings: Mapping[str, Any], reference: str, details: bool = False
) -> dict[str, Any]:
    """Return a comparison as plain data; the same runs give the same document.

    Parameters
    ----------
    result : Comparison
    settings : mapping
        What was asked for, as plain data.
    reference : str
        The strategy that others are measured against.
    details : bool, optional
        Whether the rows asked for and what the model said about them belong to it. They are most of what there is:
        14 strategies x 10 seeds to 1000 labels are below 1 MB without, and above 10 MB with them.

    Returns
    -------
    dict
        Nothing of it depends on the machine's speed: how long runs took is not among it.
    """
    target = result.target(reference)
    return {
        "version": VERSION,
        "config": {"file": dict(settings), **result.settings},
        "reference": reference,
        "target": target,
        "summary": result.summary([target]),
        "runs": [_run(run, details) for run in result.runs],
    }


def _run(run: StrategyRun, details: bool) -> dict[str, Any]:
    kept: dict[str, Any] = {
        "strategy": run.strategy,
        "seed": run.seed,
        "labels": run.labels,
        "accuracy": run.accuracy,
    }
    if run.confusion is not None:
        kept["confusion"] = run.confusion
    if details:
        kept.update(queried=run.queried, probabilities=run.probabilities)
    return kept
