"""The command line: ``tinynn info``, ``train``, ``check``, ``explain`` and ``exercises``."""

import argparse
import io
import json
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tinynn import __version__
from tinynn.arguments import whole_number
from tinynn.exercises.skeletons import FOLDER as EXERCISES
from tinynn.trace.examples import EXAMPLES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 if all is well, 1 if a check failed, 2 for what cannot be done, 130 after Ctrl-C."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # formulas need more letters than some consoles' default has
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options, arguments))
    except BrokenPipeError:  # the reader, such as head, had enough
        sys.stdout = None  # so that Python does not try to flush it
        return 0
    except (ValueError, RuntimeError, OSError, FloatingPointError) as error:
        print(f"tinynn: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinynn", description="A neural network from scratch: train, check and explain."
    )
    parser.add_argument("--version", action="version", version=f"tinynn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    check = commands.add_parser(
        "check",
        help="check the gradients in a file of yours, and name the mistake",
        description="Run a Python file, check the gradient of every layer and loss it defines, and say what is wrong "
        "where one is. A file that answers an exercise is judged part by part. Exit status: 0 all right, 1 a check "
        "failed, 2 the file is of no use.",
    )
    check.set_defaults(command=_check)
    check.add_argument("file", type=Path, help="a Python file; it is run")
    check.add_argument(
        "--hint",
        type=int,
        nargs="?",
        const=1,
        default=0,
        choices=(1, 2, 3),
        help="for an exercise: a hint on the first part that is not right; --hint 2 and --hint 3 say more",
    )
    check.add_argument("--json", action="store_true", help="for tools instead of people")

    exercises = commands.add_parser(
        "exercises",
        help="list the exercises and how far you are, or copy their skeletons",
        description="List the exercises, and judge what a folder holds of them: every answer in it is run.",
    )
    exercises.set_defaults(command=_exercises)
    exercises.add_argument(
        "folder",
        type=Path,
        nargs="?",
        default=EXERCISES,
        help=f"where your files are (default: {EXERCISES.as_posix()})",
    )
    exercises.add_argument(
        "--copy",
        type=Path,
        nargs="?",
        const=EXERCISES,
        metavar="DIR",
        help=f"write the skeletons into DIR (default: {EXERCISES.as_posix()}); files that are there stay as they are",
    )

    explain = commands.add_parser(
        "explain",
        help="write a forward and backward pass out, line by line",
        description="Write a forward and backward pass of a small network out: every formula, shape and number.",
    )
    explain.set_defaults(command=_explain)
    explain.add_argument(
        "example", nargs="?", default="mazur", choices=sorted(EXAMPLES), help="default: mazur"
    )
    explain.add_argument("--format", default="text", choices=("text", "markdown", "html"))
    explain.add_argument("--digits", type=int, default=9, metavar="N", help="decimals (default 9)")
    info = commands.add_parser(
        "info",
        help="say what there is to compute with",
        description="Say what there is to compute with: versions, BLAS and its kernel, threads, GPU, data folders.",
    )
    info.set_defaults(command=_info)
    info.add_argument("--json", action="store_true", help="for tools instead of people")
    _add_train(
        commands.add_parser(
            "train",
            help="train a network by a recipe with a known result",
            description="Train a network by a recipe, with progress, and write a table, pictures, the networks and all "
            "numbers into a folder.",
        )
    )
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(command=_train)
    parser.add_argument("--list", action="store_true", help="list the recipes")
    parser.add_argument("--recipe", default="mlp", metavar="NAME", help="default: mlp")
    parser.add_argument(
        "--dataset", default="mnist", choices=("mnist", "fashion-mnist", "digits"), help="default: mnist"
    )
    parser.add_argument(
        "--seeds", type=whole_number, default=1, metavar="N", help="train with seeds 0 to N - 1 (default 1)"
    )
    parser.add_argument("--epochs", type=whole_number, metavar="N", help="instead of the recipe's")
    parser.add_argument(
        "--hold-out",
        action="store_true",
        help="train on five sixths of the training images and judge by the rest, for choosing settings; no test image "
        "is looked at",
    )
    parser.add_argument(
        "--device", default="cpu", choices=("cpu", "cuda", "auto"), help="where the network runs"
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="folder for the results (default runs/train-<recipe>-<time>); one with part of them is continued",
    )
    parser.add_argument("--no-plots", action="store_true", help="no pictures")


def _info(options: argparse.Namespace, _: list[str]) -> int:
    from tinynn.machine import as_text, describe_machine

    found = describe_machine()
    print(json.dumps(found, indent=1) if options.json else as_text(found))
    return 0


def _train(options: argparse.Namespace, arguments: list[str]) -> int:
    from tinynn import datasets, recipe_runs, recipes

    if options.list:
        for name, make in recipes.RECIPES.items():
            print(f"{name:<15} {(make.__doc__ or '').splitlines()[0]}")
        return 0
    make = recipes.get(options.recipe)
    if options.device == "auto":
        from tinynn import cuda

        print(f"device auto is {cuda.explain_auto()}", file=sys.stderr)
    data = datasets.load(options.dataset)
    if options.hold_out:
        data = recipe_runs.without_test_images(data)
    folder = options.out or Path("runs") / time.strftime(f"train-{options.recipe}-%Y%m%d-%H%M%S")
    try:
        recipe_runs.run(
            options.recipe,
            make,
            data,
            seeds=options.seeds,
            epochs=options.epochs,
            folder=folder,
            device=options.device,
            plots=not options.no_plots,
        )
    except KeyboardInterrupt:
        again = arguments if options.out else [*arguments, "--out", str(folder)]
        print(f"\nInterrupted; to go on:\n  tinynn {shlex.join(again)}", file=sys.stderr)
        return 130
    return 0


def _check(options: argparse.Namespace, _: list[str]) -> int:
    from tinynn.check_file import run

    return run(options.file, json=options.json, hint=options.hint)


def _exercises(options: argparse.Namespace, _: list[str]) -> int:
    from tinynn.exercises import progress, skeletons

    if options.copy is None:
        print(progress.table(options.folder))
        return 0
    written, kept = skeletons.copy_to(options.copy)
    for path in kept:
        print(f"kept, as it was there already: {path}")
    print(f"{len(written)} skeletons written into {options.copy}. To see them all:")
    print(f"  tinynn exercises {options.copy}")
    return 0


def _explain(options: argparse.Namespace, _: list[str]) -> int:
    from tinynn.trace import explain_command

    ledger = explain_command(options.example, digits=options.digits)
    written = {"text": ledger.__str__, "markdown": ledger.to_markdown, "html": ledger.to_html}
    print(written[options.format]())
    return 0
