"""The command line: ``tinynn check`` and ``tinynn explain``."""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

from tinynn import __version__
from tinynn.trace.examples import EXAMPLES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0 if all is well, 1 if a check failed, 2 for what cannot be done."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # formulas need more letters than some consoles' default has
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(options))
    except BrokenPipeError:  # the reader, such as head, had enough
        sys.stdout = None  # so that Python does not try to flush it
        return 0
    except (ValueError, OSError) as error:
        print(f"tinynn: {error}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tinynn", description="A neural network from scratch: check and explain."
    )
    parser.add_argument("--version", action="version", version=f"tinynn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    check = commands.add_parser(
        "check",
        help="check the gradients in a file of yours, and name the mistake",
        description="Run a Python file, check the gradient of every layer and loss it defines, and say what is wrong "
        "where one is. Exit status: 0 all right, 1 a check failed, 2 the file is of no use.",
    )
    check.set_defaults(command=_check)
    check.add_argument("file", type=Path, help="a Python file; it is run")
    check.add_argument("--json", action="store_true", help="for tools instead of people")

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
    return parser


def _check(options: argparse.Namespace) -> int:
    from tinynn.check_file import run

    return run(options.file, json=options.json)


def _explain(options: argparse.Namespace) -> int:
    from tinynn.trace import explain_command

    ledger = explain_command(options.example, digits=options.digits)
    written = {"text": ledger.__str__, "markdown": ledger.to_markdown, "html": ledger.to_html}
    print(written[options.format]())
    return 0
