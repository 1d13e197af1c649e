"""``tinyal export PROJECT``: the labels so far, as CSV or JSON, while others go on labelling."""

import argparse
import sys

from tinyal.labeling import output

DESCRIPTION = (
    "Write the labels of a project: a line for each item that was answered, with who, when, how long, and what the "
    "model had guessed. JSON has the whole log, too. Works while somebody labels."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    output.add_arguments(parser)


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    from tinyal.labeling import export, journal
    from tinyal.labeling.ledger import Ledger
    from tinyal.labeling.project import Project

    output.check(options.out, options.force)
    project = Project.open(options.project)
    events = journal.read(project.journal_path)
    name = project.name_of()
    text = (export.labels_json if output.is_json(options.out) else export.labels_csv)(events, name)
    output.write(text, options.out, options.force)
    state = Ledger(events).state
    others = [
        f"{len(items)} {what}"
        for what, items in (
            ("skipped", state.skipped),
            ("not told apart", state.unknown),
            ("deferred", state.deferred),
        )
        if items
    ]
    counts = ", ".join(f"{name} {n}" for name, n in state.counts.items() if n)
    print(
        f"{len(state.labels)} labels{f' ({counts})' if counts else ''}{', ' if others else ''}{', '.join(others)}"
        + (f" in {options.out}" if options.out else ""),
        file=sys.stderr,
    )
    return 0
