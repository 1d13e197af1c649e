"""A comparison as a file: all its runs in one JSON, or read back from a folder of finished runs."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.comparison import Comparison, StrategyRun
from tinyal.run_files import RunFiles, was_changed, write_json

VERSION = 1


def write(comparison: Comparison, path: str | Path, *, overwrite: bool = False) -> None:
    """Write all runs and settings of a comparison into one JSON file.

    Parameters
    ----------
    comparison : Comparison
    path : path
        Its folder must be there.
    overwrite : bool
        Whether a file that is already there may be replaced.

    Raises
    ------
    FileExistsError
        When there is a file already, and `overwrite` was not said.
    """
    path = Path(path)
    if path.exists() and not overwrite:
        raise FileExistsError(
            f"{path} is there already; choose another name, or overwrite=True to replace it"
        )
    # Not the times, so that the same runs give the same bytes; nor what was not recorded.
    runs = [
        {key: value for key, value in vars(run).items() if key != "seconds" and value is not None}
        for run in comparison.runs
    ]
    for run in runs:
        if not any(run["queried"]):
            del run["queried"]
    write_json(path, {"version": VERSION, "config": comparison.settings, "runs": runs})


def read(path: str | Path) -> Comparison:
    """Read a comparison from a JSON file or from a folder.

    Parameters
    ----------
    path : path
        A file written by `write` or by ``tinyal demo``; or a folder with such a ``results.json``; or a folder of
        finished runs, as `tinyal.compare` keeps them with ``directory=``, or one with those in ``runs/``. Runs
        that are kept as files go by their files' names: there, strategies are in alphabetical order. What was
        asked for is taken from ``runs/`` where ``results.json`` leaves it out; else `queried` has empty lists.

    Raises
    ------
    FileNotFoundError
        Where there is nothing of the kind.
    ValueError
        For a file that is no comparison, or for runs of different ones.
    """
    path = Path(path)
    if path.is_dir():
        if (path / "results.json").is_file():
            result = _read_file(path / "results.json")
            return _with_questions(result, path / "runs") if (path / "runs").is_dir() else result
        for folder in (path, path / "runs"):
            files = sorted(folder.glob("*-*.json"))
            if files:
                return _read_runs(files)
        raise FileNotFoundError(f"{path} holds no results.json, and no finished runs either")
    return _read_file(path)


def _read_file(path: Path) -> Comparison:
    content = _json(path)
    if not isinstance(content, dict) or not isinstance(content.get("runs"), list) or not content["runs"]:
        raise ValueError(f'{path} is no comparison: a JSON object with "runs" is expected')
    if content.get("version") != VERSION:
        raise ValueError(f"{path} has the version {content.get('version')!r}; this tinyal reads {VERSION}")
    config = content.get("config")
    runs = [_run(path, run) for run in content["runs"]]
    return Comparison(runs, config if isinstance(config, dict) else None)


def _with_questions(result: Comparison, folder: Path) -> Comparison:
    """Complete runs that do not say what was asked for by the files of these runs, where they are there."""
    files = RunFiles(folder, {}, dict.fromkeys(result.strategies))
    for i, run in enumerate(result.runs):
        path = files.path(run.strategy, run.seed)
        if any(run.queried) or not path.is_file():
            continue
        content = _json(path)
        _check_run_file(path, content)
        kept = _run(path, {**content, "strategy": run.strategy, "seed": run.seed})
        if (kept.labels, kept.accuracy) != (run.labels, run.accuracy):
            raise ValueError(f"{path} is not the run of that strategy and seed in results.json")
        result.runs[i] = kept
    return result


def _read_runs(files: list[Path]) -> Comparison:
    runs: list[StrategyRun] = []
    shared: dict[str, Any] | None = None
    for file in files:
        content = _json(file)
        _check_run_file(file, content)
        settings = dict(content.pop("settings"))
        seed, _ = settings.pop("seed", None), settings.pop("strategy", None)
        name = settings.pop("name", file.stem.rpartition("-")[0])
        if shared is None:
            shared = settings
        for key in shared.keys() | settings.keys():
            if shared.get(key) != settings.get(key):
                raise ValueError(
                    f"{file} is a run of another comparison than {files[0].name}: its {key} is "
                    f"{settings.get(key)!r}, not {shared.get(key)!r}"
                )
        runs.append(_run(file, {**content, "strategy": name, "seed": seed}))
    order = list(dict.fromkeys(run.strategy for run in runs))
    return Comparison(sorted(runs, key=lambda run: (order.index(run.strategy), run.seed)), shared)


def _check_run_file(file: Path, content: Any) -> None:
    if not isinstance(content, dict) or not isinstance(content.get("settings"), dict):
        raise ValueError(f"{file} is not a finished run: a JSON object with its settings is expected")
    if was_changed(content):
        raise ValueError(f"{file} is not a finished run: its numbers were changed after it was written")


def _run(path: Path, content: Any) -> StrategyRun:
    try:
        known = {field.name: content[field.name] for field in fields(StrategyRun) if field.name in content}
        # Small files leave out what was asked for, and the demonstration what the model said about it.
        known.setdefault("probabilities", [None] * len(known["labels"]))
        steps = np.diff([0, *known["labels"]])
        run = StrategyRun(**{"queried": [[0] * step for step in steps], **known})
        run.check()
        if "queried" not in known:
            run.queried = [[] for _ in steps]
        if not isinstance(run.strategy, str) or not run.strategy or type(run.seed) is not int:
            raise ValueError("a run needs the name of its strategy and its seed")
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} holds no finished run ({type(error).__name__}: {error})") from None
    return run


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is no JSON file: {error}") from None
