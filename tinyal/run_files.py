"""Finished runs as files: written aside and renamed, so that there is a whole run or none."""

import glob
import json
import os
import re
import zlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tinyal.description import describe_strategy
from tinyal.simulation import RunRecord

VERSION = 1
FIELDS = ("labels", "accuracy", "queried", "probabilities")


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
    times : path, optional
        Another folder, for how long each round took: nothing that a repetition would give again, so that the files of
        the first folder are the same to the byte whenever and wherever the runs were done.

    Raises
    ------
    ValueError
        When two strategies' names give one file name.
    OSError
        When the folder cannot be made.
    """

    def __init__(
        self,
        directory: str | Path,
        settings: dict[str, Any],
        strategies: Mapping[str, Any],
        times: str | Path | None = None,
    ) -> None:
        self.directory = Path(directory)
        self.times = None if times is None else Path(times)
        for folder in (self.directory, self.times):
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
        self._settings = settings
        self._strategies = {name: describe_strategy(strategy) for name, strategy in strategies.items()}
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
            record = RunRecord(**{key: content[key] for key in FIELDS}, confusion=content.get("confusion"))
            record.check(details=True)
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ValueError(
                f"{path} is not a finished run ({type(error).__name__}: {error}); delete it, and the run is done again"
            ) from None
        expected = self._expected(name, seed)
        if settings.get("version") != VERSION:
            raise ValueError(
                f"{path} is a run of another comparison: its version is {settings.get('version')!r}, and now it is "
                f"{VERSION!r}. Choose another folder, or delete it, and the run is done again"
            )
        for key in {**expected, **settings}:
            if settings.get(key) != expected.get(key):
                raise ValueError(
                    f"{path} is a run of another comparison: its {key} is {settings.get(key)!r}, and now it is "
                    f"{expected.get(key)!r}. Choose another folder, or the same settings"
                )
        if was_changed(content):
            raise ValueError(
                f"{path} is not a finished run (its numbers were changed after it was written); delete it, and the "
                "run is done again"
            )
        record.seconds = self._load_times(path.name)
        return record

    def save(self, name: str, seed: int, record: RunRecord) -> None:
        """Keep a finished run."""
        path, kept = self.path(name, seed), vars(record).copy()
        seconds = kept.pop("seconds")
        if kept["confusion"] is None:
            del kept["confusion"]
        content = {"settings": self._expected(name, seed), **kept}
        if self.times is not None:  # first: a run that is there is complete
            write_json(self.times / path.name, seconds)
        write_json(path, {**content, "checksum": _checksum(content)})

    def _load_times(self, file: str) -> dict[str, list[float]]:
        """Return how long a run's rounds took; nothing if nobody knows."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            if self.times is not None:
                kept = json.loads((self.times / file).read_text(encoding="utf-8"))
                return {key: [float(value) for value in kept[key]] for key in ("choosing", "training")}
        return {}

    def _expected(self, name: str, seed: int) -> dict[str, Any]:
        return {"version": VERSION, "strategy": self._strategies[name], "seed": seed, **self._settings}


def write_json(path: Path, content: Any, indent: int | None = None) -> None:
    """Write a file aside and rename it: whoever reads, or pulls the plug, meets the old file or the new one."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with aside.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=indent) + "\n")
            file.flush()
            os.fsync(file.fileno())  # the contents before the name
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):  # by a process that was killed
        if left.suffix[1:].isdecimal():
            left.unlink(missing_ok=True)


def was_changed(content: Mapping[str, Any]) -> bool:
    """Say whether somebody changed a run's file by hand; of older ones, without a checksum, nobody knows."""
    return "checksum" in content and content["checksum"] != _checksum(content)


def _checksum(content: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in content.items() if key != "checksum"}
    return f"{zlib.crc32(json.dumps(kept, sort_keys=True).encode()):08x}"
