"""``tinyal predict PROJECT``: the model labels what nobody has labelled, and says how sure it is."""

import argparse
import sys
from contextlib import ExitStack

from tinyal.labeling import output

SURE = 0.9  # what the summary counts

DESCRIPTION = (
    "Label the rest of a project with its latest model: a line for each item without a label, with the most probable "
    "class and its probability. Images that came after the last tinyal label are labelled, too, unless it is running."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    output.add_arguments(parser)


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    from tinyal.labeling import journal, kept_model
    from tinyal.labeling.ledger import Ledger
    from tinyal.labeling.predict import predict, predictions_csv, predictions_json, share_above
    from tinyal.labeling.project import Project
    from tinyal.labeling.project_lock import InUseError

    output.check(options.out, options.force)
    project = Project.open(options.project)
    if not project.model_path.exists():
        raise ValueError(
            f"{project.folder} has no model yet: it is trained while you label, once two classes have labels"
        )
    model = kept_model.load(project.model_path)
    state = Ledger(journal.read(project.journal_path)).state
    with ExitStack() as stack:
        try:
            stack.enter_context(project.lock())
            refresh = True
        except InUseError:  # somebody labels; new images are numbered by that process, and by no other
            refresh = False
        items = project.items(refresh=refresh)
    predictions = predict(items, state, model)
    text = (
        predictions_json(predictions, model) if output.is_json(options.out) else predictions_csv(predictions)
    )
    output.write(text, options.out, options.force)
    since = len(state.labels) - model.labels
    print(
        f"{len(predictions)} items labelled by a model that learned from {model.labels} labels"
        + (f", {since} fewer than there are now" if since > 0 else "")
        + f"; {share_above(predictions, SURE):.0%} with a confidence of {SURE:.0%} or more"
        + (f". In {options.out}" if options.out else ""),
        file=sys.stderr,
    )
    return 0
