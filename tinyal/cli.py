"""The command line: ``tinyal demo``, ``compare``, ``reproduce``, ``label``, ``export`` and ``predict``."""

import argparse
import shlex
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tinyal import compare_command, export_command, label_command, predict_command, reproduce_command
from tinyal.demo import STRATEGIES
from tinyal.strategies import NAMES
from tinynn import __version__
from tinynn.arguments import cores, whole_number

DEMO = (
    "Compare ways to choose labels on real handwritten digits, against choosing at random. Takes about a minute; "
    "writes learning_curves.png, queried.png and results.json."
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 if it did what it was asked, 2 for what cannot be done, 130 after Ctrl-C."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options, arguments))
    except BrokenPipeError:  # the reader, such as head, had enough
        sys.stdout = None  # so that Python does not try to flush it
        return 0
    except (ValueError, RuntimeError, OSError) as error:
        print(f"tinyal: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tinyal", description="Choose which examples are worth a label.")
    parser.add_argument("--version", action="version", version=f"tinyal {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_demo(commands.add_parser("demo", help="compare strategies on handwritten digits", description=DEMO))
    for name, module, help in (
        ("compare", compare_command, "compare strategies as a file of yours describes"),
        ("reproduce", reproduce_command, "do a published experiment again"),
        ("label", label_command, "label images or rows of your own in the browser, while a model learns"),
        ("export", export_command, "write the labels of a project as CSV or JSON"),
        ("predict", predict_command, "label the rest of a project with its model"),
    ):
        module.add_arguments(commands.add_parser(name, help=help, description=module.DESCRIPTION))
    return parser


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_demo)
    whole = {"type": whole_number, "metavar": "N"}
    options: dict[str, dict[str, Any]] = {
        "--dataset": {
            "default": "auto",
            "choices": ("auto", "mnist", "digits", "fashion-mnist"),
            "help": "auto (default): MNIST if it is here or can be downloaded, otherwise the carried digits",
        },
        "--strategies": {
            "metavar": "A,B,C",
            "help": f"by default {','.join(STRATEGIES)}. Known: {', '.join(NAMES)}",
        },
        "--seeds": {**whole, "help": "paired repetitions (default 5)"},
        "--budget": {**whole, "help": "labels a run spends in all (default 500, for the digits 200)"},
        "--batch": {**whole, "help": "labels a round (default 20, for the digits 10)"},
        "--initial": {**whole, "help": "labels chosen at random at the start (default 20)"},
        "--samples": {
            **whole,
            "metavar": "T",
            "default": 20,
            "help": "posterior samples of BALD (default 20)",
        },
        "--workers": {
            **whole,
            "help": "processes (default: one a core, at most 8); results do not depend on it",
        },
        "--device": {"default": "cpu", "choices": ("cpu", "cuda", "auto"), "help": "where the network runs"},
        "--out": {
            "type": Path,
            "metavar": "DIR",
            "help": "folder for the results (default runs/demo-<time>); a folder with part of them is continued",
        },
        "--quick": {"action": "store_true", "help": "a few seconds: fewer seeds and labels"},
        "--no-plots": {"action": "store_true", "help": "write results.json only"},
    }
    for name, settings in options.items():
        parser.add_argument(name, **settings)


def _demo(options: argparse.Namespace, arguments: list[str]) -> int:
    from tinyal import demo, strategies
    from tinyal.budget import check_budget
    from tinyal.lessons import lessons
    from tinynn import cuda
    from tinynn.backend import get_backend

    names = (
        demo.STRATEGIES
        if options.strategies is None
        else tuple(name.strip() for name in options.strategies.split(","))
    )
    for name in names:
        strategies.get(
            name, options.samples
        )  # an unknown name is an error before anything is loaded or written
    if len(set(names)) < len(names):
        raise ValueError(f"--strategies names one twice: {','.join(names)}")
    if options.out is not None and (str(options.out) == "." or options.out.is_file()):
        raise ValueError(f"--out {options.out} must be a folder of its own for the results")
    out = options.out or Path("runs") / time.strftime("demo-%Y%m%d-%H%M%S")
    data, remark = demo.choose_dataset(options.dataset)
    if remark:
        print(remark + "\n")
    budget = (demo.QUICK if options.quick else demo.BUDGETS)[data.name]
    given = {"total": options.budget, "batch": options.batch, "initial": options.initial}
    budget = replace(budget, **{key: value for key, value in given.items() if value is not None})
    seeds = options.seeds or (2 if options.quick else 5)
    settings = demo.Settings(data.name, names, seeds, budget, options.samples, options.device)
    workers = options.workers or min(cores(), 8)
    budget = replace(budget, batch=min(budget.batch, max(budget.total - budget.initial, 1)))
    check_budget(len(data.x_train), budget.initial, budget.total, budget.batch)
    if budget.total == budget.initial:
        raise ValueError(
            f"--budget {budget.total} leaves nothing to choose after {budget.initial} initial labels"
        )
    get_backend(options.device)  # what cannot be done is said before anything is written
    if options.device == "auto":
        print(f"device auto is {cuda.explain_auto()}", file=sys.stderr)
    out.mkdir(parents=True, exist_ok=True)

    print(
        f"{_count(len(names), 'strategy')} x {_count(seeds, 'seed')} on {data.name}: "
        f"{len(data.x_train)} images to choose from, {len(data.x_test)} to test on.\n"
        f"Each run labels {budget.initial} images at random, then {budget.batch} a round by its strategy, "
        f"{budget.total} in all, and trains after each.",
        flush=True,
    )
    try:
        result = demo.run(settings, data, out, workers)
        print(f"\n{demo.table(settings, result)}")
        if demo.REFERENCE in names:
            for lesson in lessons(result, data.x_train, demo.REFERENCE):
                print(f"\n{lesson}")
        if not options.no_plots:
            demo.draw(settings, data, result, out)
    except KeyboardInterrupt:
        finished = len(list((out / "runs").glob("*.json")))
        again = arguments if options.out else [*arguments, "--out", str(out)]
        print(
            f"\nInterrupted. {finished} of {len(names) * seeds} runs are finished and kept; to go on:\n"
            f"  tinyal {shlex.join(again)}",
            file=sys.stderr,
        )
        return 130
    written = ["results.json"] if options.no_plots else ["learning_curves.png", "queried.png", "results.json"]
    print(f"\nIn {out}: {', '.join(written)}")
    return 0


def _count(n: int, thing: str) -> str:
    plural = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{n} {thing if n == 1 else plural}"
