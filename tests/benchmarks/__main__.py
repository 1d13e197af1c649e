"""Measure tinynn and tinyal against other libraries: ``python -m tests.benchmarks --list`` says what there is."""

import argparse
import json
import sys
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks import machine, rounds
from tests.benchmarks.table import rows
from tests.benchmarks.text import introduction, text
from tests.benchmarks.work import Setting, Work
from tests.benchmarks.works import WORKS


def parser() -> argparse.ArgumentParser:
    """Return what the command line takes."""
    line = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    line.add_argument(
        "--only", action="append", metavar="NAME", help="works whose names begin so; repeatable"
    )
    line.add_argument(
        "--peer", action="append", metavar="NAME", help="only these peers beside ours; repeatable"
    )
    line.add_argument("--rounds", type=int, default=5, help="how often all is measured (%(default)s)")
    line.add_argument("--seed", type=int, default=0, help="of the order within the rounds")
    line.add_argument("--threads", type=int, default=2, help="cores for each process (%(default)s)")
    line.add_argument("--coretype", help='OpenBLAS\'s kernel, as SkylakeX; "both": Haswell and SkylakeX')
    line.add_argument(
        "--quick", action="store_true", help="one round, less data, one repeat: does everything run?"
    )
    line.add_argument("--full", action="store_true", help="also the works that need much room on the disk")
    line.add_argument("--out", type=Path, help="folder for results.json and pictures (a new temporary one)")
    line.add_argument("--list", action="store_true", help="say what there is to measure")
    return line


def chosen(only: list[str] | None, full: bool = False) -> dict[str, Work]:
    """Return the works whose names begin with one of these; all but the extra ones without any.

    Raises
    ------
    SystemExit
        For a beginning that no work has.
    """
    for name in only or ():
        if not any(work.startswith(name) for work in WORKS):
            raise SystemExit(f"no work begins with {name!r}; there are {', '.join(WORKS)}")
    return {
        name: work
        for name, work in WORKS.items()
        if (not only or name.startswith(tuple(only))) and (full or not work.extra)
    }


def coretypes(name: str | None) -> list[str | None]:
    """Return the kernels to measure with; None leaves the choice to OpenBLAS."""
    names: list[str | None] = ["Haswell", "SkylakeX"] if name == "both" else [name]
    if problem := machine.refuse_coretype(names):
        raise SystemExit(problem)
    return names


def save(record: dict[str, Any], works: dict[str, Work], out: Path) -> None:
    """Write the record as JSON: every time, and the table made of them."""
    out.mkdir(parents=True, exist_ok=True)
    table = [{**asdict(row), "met": row.met} for row in rows(record["results"], works)]
    text = json.dumps({**record, "table": table}, indent=1, ensure_ascii=False)
    (out / "results.json").write_text(text + "\n", encoding="utf-8")


def draw(record: dict[str, Any], works: dict[str, Work], out: Path) -> None:
    """Write the pictures."""
    from tests.benchmarks import plotting

    table = rows(record["results"], works)
    for name, figure in (("ratios", plotting.ratios(table)), ("scaling", plotting.growth(table))):
        if figure is not None:
            figure.savefig(out / f"{name}.png", dpi=130)


def main(arguments: list[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    works = chosen(options.only, options.full)
    if options.list:
        for work in works.values():
            print(f"{work.name:16} {work.about}\n{'':16} {', '.join(work.peers)}")
        return 0
    from tests.benchmarks import data

    planned = rounds.jobs(works, options.peer, coretypes(options.coretype))
    how = {
        "rounds": 1 if options.quick else options.rounds,
        "seed": options.seed,
        "threads": min(options.threads, len(machine.cores())),
        "quick": options.quick,
    }
    record: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine.describe(),
        "settings": how,
        "data": data.load().about,
        "results": [],
    }
    out = options.out or Path(tempfile.mkdtemp(prefix="benchmarks-"))
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(Path(scratch), how["threads"], options.quick)
        for results in rounds.measure(
            planned,
            setting,
            how["rounds"],
            options.seed,
            rounds.launch,
            lambda line: print(line, file=sys.stderr),
        ):
            record["results"] = results
            save(record, works, out)  # each time: what an interrupted run has measured is not lost
    draw(record, works, out)
    print(introduction(record), text(rows(record["results"], works), works), sep="\n\n")
    print(f"\nwritten: {', '.join(str(path) for path in sorted(out.iterdir()))}")
    failed = [r for r in record["results"] if "failed" in r]
    for result in failed:
        print(f"FAILED: {result['work']}, {result['peer']}: {result['failed']}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
