"""Finished runs as files: written aside and renamed, so that there is a whole run or none."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tinyal.simulation import RunRecord

VERSION = 1


class RunFiles:
    """A folder of runs of one comparison.

    Parameters
    ----------
    directory : path
        Made if it is not there.
    settings : dict
        What all runs share. It is stored with every run, and a run with other settings is an error: results of
        two experiments are never mixed.
    strategies : mapping of name to strategy

    Raises
    ------
    ValueError
        When two strategies' names give one file name.
    OSError
        When the folder cannot be made.
    """

    def __init__(
        self, directory: str | Path, settings: dict[str, Any], strategies: Mapping[str, Any]
    ) -> None:
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._strategies = {name: _describe(strategy) for name, strategy in strategies.items()}
        stems = {name: re.sub(r"[^\w.-]", "_", name).lower() for name in strategies}
        if len(set(stems.values())) < len(stems):
            raise ValueError(f"strategies need names that differ as file names, not {', '.join(strategies)}")
        self._stems = stems

    def path(self, name: str, seed: int) -> Path:
        """Return where a run is kept."""
        return self.directory / f"{self._stems[name]}-{seed}.json"

    def load(self, name: str, seed: int) -> RunRecord | None:
        """Return a run that was kept, or None.

        Raises
        ------
        ValueError
            For a file that is not a run of these settings; it says what differs.
        """
        path = self.path(name, seed)
        if not path.exists():
            return None
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            settings = dict(content["settings"])
            record = RunRecord(
                **{key: content[key] for key in ("labels", "accuracy", "queried", "probabilities")}
            )
            record.check()
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path} is not a finished run ({type(error).__name__}: {error}); delete it, and the run is done again"
            ) from None
        expected = self._expected(name, seed)
        for key in expected:
            if settings.get(key) != expected[key]:
                raise ValueError(
                    f"{path} is a run of another comparison: its {key} is {settings.get(key)!r}, and now it is "
                    f"{expected[key]!r}. Choose another folder, or the same settings"
                )
        return record

    def save(self, name: str, seed: int, record: RunRecord) -> None:
        """Keep a finished run."""
        content = {"settings": self._expected(name, seed), **vars(record)}
        write_json(self.path(name, seed), content)

    def _expected(self, name: str, seed: int) -> dict[str, Any]:
        return {"version": VERSION, "strategy": self._strategies[name], "seed": seed, **self._settings}


def write_json(path: Path, content: Any, indent: int | None = None) -> None:
    """Write a file aside and rename it: whoever reads, or pulls the plug, meets the old file or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_text(json.dumps(content, indent=indent) + "\n", encoding="utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _describe(strategy: Any) -> str:
    return getattr(strategy, "__qualname__", None) or repr(strategy)
