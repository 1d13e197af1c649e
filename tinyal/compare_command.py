"""``tinyal compare FILE``: do what a short file describes, go on where it was interrupted, and say what came out."""

import argparse
import re
import shlex
import sys
import textwrap
import traceback
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinynn.arguments import cores, whole_number

if TYPE_CHECKING:
    from tinyal.comparison import Comparison
    from tinyal.configuration import Configuration
    from tinyal.setups import Setup

DESCRIPTION = (
    "Compare strategies as a file describes: strategies x seeds x data sets x models. The file is TOML, or Python "
    "(then it is run). Finished runs are kept: the same command goes on where it was interrupted."
)
EXAMPLE = """\
a file to begin with:

  strategies = ["random", "margin", "stochastic-bald"]
  seeds = 5                           # or a list: [0, 1, 2]
  candidates = 5000                   # score so many rows a round, instead of all

  [data]
  name = "mnist"                      # or file = "mine.npz" (.npy, .csv), test = 0.25
  copies = 4                          # a redundant pool; also: noise, pool, imbalance
  noise = 0.1

  [model]                             # several: [model.small], [model.large]; data sets likewise
  layers = ["dense 128", "relu", "dropout 0.5", "dense"]
  steps = 150                         # of every training (default 300); or epochs, which are few steps at first
  optimizer = "adam 0.005"

  [budget]
  initial = 20
  batch = "10 to 100, then 50"        # or a number
  first = "random"                    # or "strategy", for those that choose without a model; or "balanced", as some
                                      # papers: of each class in turn, which looks at labels that are not counted
  total = 300

strategies with settings of their own, instead of the list, at the end of the file:

  [strategies]
  random = "random"
  bald50 = { strategy = "bald", n_samples = 50 }
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EXAMPLE
    whole: dict[str, Any] = {"type": whole_number, "metavar": "N"}
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="a .toml or a .py file")
    parser.add_argument("--list", action="store_true", help="list the strategies")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="folder for the results (default runs/NAME for NAME.toml)"
    )
    parser.add_argument(
        "--workers", **whole, help="processes (default: one a core); results do not depend on it"
    )
    parser.add_argument("--seeds", **whole, help="seeds 0 to N - 1, instead of the file's")
    parser.add_argument(
        "--only",
        action="append",
        metavar="STRATEGY",
        help="only this one of the file's strategies; may be repeated",
    )
    parser.add_argument(
        "--details",
        action="store_true",
        help="write the rows asked for into results.json, too: ten times as large",
    )
    parser.add_argument("--no-report", action="store_true", help="write no report.html")


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    if options.list:
        print(_list())
        return 0
    if options.file is None:
        raise ValueError("which file? tinyal compare FILE.toml; --help shows one to begin with")
    from tinyal import configuration

    out = options.out or Path("runs") / options.file.stem
    _check_folder(out)
    asked_for = _narrowed(configuration.read(options.file), options)
    try:
        for setup in asked_for.setups:
            folder = out / setup.name
            print(_introduction(asked_for, setup), flush=True)
            result = _compare(asked_for, setup, folder, options.workers or cores())
            written = _write(asked_for, setup, result, folder, options)
            print(f"\n{summary(result, asked_for.reference)}\n")
            print(f"In {folder}: {', '.join(written)}\n")
    except KeyboardInterrupt:
        finished = len(list(out.glob("**/runs/*.json")))
        total = len(asked_for.setups) * len(asked_for.strategies) * len(asked_for.seeds)
        print(
            f"\nInterrupted. {finished} of {total} runs are finished and kept; to go on:\n"
            f"  tinyal {shlex.join(arguments)}",
            file=sys.stderr,
        )
        return 130
    except Exception as error:
        if place := _place(error, options.file.resolve().parent):
            raise ValueError(f"{place}: {type(error).__name__}: {error}") from error
        if isinstance(error, TypeError):  # a strategy asks its model for what it has not
            raise ValueError(str(error)) from error
        raise
    return 0


def _place(error: Exception, folder: Path) -> str:
    """Return which line of the user's own code an error came through, if of any: of files in the folder of theirs.

    From another process the traceback comes as text, so it is looked for in the text.
    """
    found = re.findall(r'File "(.+?)", line (\d+)', "".join(traceback.format_exception(error)))
    for name, line in reversed(found):
        if Path(name).resolve().parent == folder:
            return f"{name}: line {line}"
    return ""


def summary(result: "Comparison", reference: str) -> str:
    """Say what came out: a table, and a sentence for each strategy."""
    target = result.target(reference)
    rows = [
        ("strategy", f"labels to {target:.0%}", "accuracy at the end", "mean on the way", "choosing a batch")
    ]
    for name in result.strategies:
        seconds = [s for run in result.of(name) for s in run.seconds.get("choosing", [])[1:]]
        rows.append(
            (
                name,
                str(result.labels_to(name, target)),
                f"{result.final_accuracy(name):.1%}",
                f"{result.area(name):.1%}",
                f"{sum(seconds) / len(seconds):.3f} s" if seconds else "-",
            )
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    sentences = result.sentences(reference) if len(result.strategies) > 1 else []
    return "\n".join([*lines, *("\n" + textwrap.fill(sentence, 100) for sentence in sentences)])


def _write(
    asked_for: "Configuration",
    setup: "Setup",
    result: "Comparison",
    folder: Path,
    options: argparse.Namespace,
) -> list[str]:
    """Write what is to stay, and return its names."""
    from tinyal import compare_record, report
    from tinyal.run_files import write_json

    record = compare_record.record(result, asked_for.settings, asked_for.reference, options.details)
    write_json(folder / "results.json", record)
    if options.no_report:
        return ["results.json"]
    report.write(
        result,
        folder / "report.html",
        data=setup.shown,
        reference=asked_for.reference,
        settings=asked_for.settings,
    )
    return ["report.html", "results.json"]


def _compare(asked_for: "Configuration", setup: "Setup", folder: Path, workers: int) -> "Comparison":
    from tinyal.experiment import compare

    budget = asked_for.budget
    return compare(
        asked_for.strategies,
        model=setup.model,
        data=setup.data,
        initial=budget.initial,
        budget=budget.total,
        batch=budget.batch,
        seeds=asked_for.seeds,
        candidates=asked_for.candidates,
        validation=budget.validation,
        preparation=setup.preparation,
        confusion=True,
        first=budget.first,
        workers=workers,
        directory=folder / "runs",
        times=folder / "times",
    )


def _narrowed(asked_for: "Configuration", options: argparse.Namespace) -> "Configuration":
    """Return a comparison with fewer strategies or other seeds, as the command line wants it."""
    if options.seeds is not None:
        asked_for = replace(asked_for, seeds=list(range(options.seeds)))
    if options.only:
        for name in options.only:
            if name not in asked_for.strategies:
                raise ValueError(f"--only {name}: the file has {', '.join(asked_for.strategies)}")
        kept = {name: asked_for.strategies[name] for name in asked_for.strategies if name in options.only}
        reference = asked_for.reference if asked_for.reference in kept else next(iter(kept))
        asked_for = replace(asked_for, strategies=kept, reference=reference)
    return asked_for


def _introduction(asked_for: "Configuration", setup: "Setup") -> str:
    runs = len(asked_for.strategies) * len(asked_for.seeds)
    name = f"{setup.name}: " if setup.name else ""
    budget = asked_for.budget
    return (
        f"{name}{len(asked_for.strategies)} strategies x {len(asked_for.seeds)} seeds on {setup.data.name}, {runs} "
        f"runs of {budget.total} labels, {budget.initial} of them at the start"
    )


def _check_folder(out: Path) -> None:
    """Refuse folders with files that are none of a comparison's."""
    if str(out) == "." or out.is_file():
        raise ValueError(f"--out {out} must be a folder of its own for the results")
    if out.is_dir() and any(out.iterdir()) and not any(out.glob("*/runs")) and not (out / "runs").is_dir():
        raise ValueError(
            f"{out} holds other files, and no runs of a comparison; choose another folder by --out"
        )


def _list() -> str:
    from tinyal import strategies

    lines = []
    width = max(map(len, strategies.NAMES))
    for name in strategies.NAMES:
        strategy = strategies.get(name)
        says = (type(strategy).__doc__ or "").strip().splitlines() or [""]
        around = getattr(strategy, "strategy", None)
        lines.append(f"{name:<{width}}  {says[0]}{f' Here: {around!r}.' if around else ''}")
    return "\n".join(lines)
