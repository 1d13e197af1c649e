"""``tinyal predict PROJECT``: the model labels what nobody has labelled, and says how sure it is."""

import argparse
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from tinyal.labeling import output

if TYPE_CHECKING:
    from tinyal.labeling.items import Items
    from tinyal.labeling.kept_model import KeptModel
    from tinyal.labeling.ledger import State
    from tinyal.labeling.project import Project

SURE = 0.9  # what the summary counts
FEW = 100  # labels

DESCRIPTION = (
    "Label the rest of a project: a line for each item without a label, with the most probable class and its "
    "probability, by a model of all labels that there are. Images that came after the last tinyal label are "
    "labelled, too, unless it is running."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.set_defaults(command=run)
    output.add_arguments(parser)


def run(options: argparse.Namespace, arguments: list[str]) -> int:
    """Do what the command line says; return the exit status."""
    from tinyal.labeling import journal
    from tinyal.labeling.ledger import Ledger
    from tinyal.labeling.predict import predict, predictions_csv, predictions_json, share_above
    from tinyal.labeling.project import Project
    from tinyal.labeling.project_lock import InUseError

    output.check(options.out, options.force)
    project = Project.open(options.project)
    with ExitStack() as stack:
        try:
            stack.enter_context(project.lock())
            alone = True
        except InUseError:  # somebody labels: that process numbers new images and trains, and no other does
            alone = False
        state = Ledger(journal.read(project.journal_path)).state
        items = project.items(refresh=alone)
        model = _model(project, items, state, alone)
    predictions = predict(items, state, model)
    text = (
        predictions_json(predictions, model) if output.is_json(options.out) else predictions_csv(predictions)
    )
    output.write(text, options.out, options.force)
    since = len(state.labels) - model.labels
    print(
        f"{len(predictions)} items labelled by a model that learned from {model.labels} labels"
        + (f", {since} fewer than there are now" if since > 0 else "")
        + f"; of {share_above(predictions, SURE):.0%} it is {SURE:.0%} sure or more"
        + (", which says little of a model of few labels" if model.labels < FEW else "")
        + (f". In {options.out}" if options.out else ""),
        file=sys.stderr,
    )
    return 0


def _model(project: "Project", items: "Items", state: "State", alone: bool) -> "KeptModel":
    """Return the model of all labels: the one that was kept, or where it knows fewer, one that is trained now."""
    from tinyal.labeling import kept_model
    from tinyal.labeling.messages import Snapshot
    from tinyal.labeling.rounds import Rounds
    from tinyal.labeling.settings import Settings

    model = kept_model.load(project.model_path) if project.model_path.exists() else None
    labels = {item: str(event.label) for item, event in state.labels.items()}
    if alone and len(set(labels.values())) > 1 and (model is None or model.labels < len(labels)):
        print(f"training on {len(labels)} labels ...", file=sys.stderr, flush=True)
        rest = [item for item in range(len(items)) if item not in labels]  # nothing is asked: it only trains
        rounds = Rounds(items.features, Settings(**project.settings), project.model_path)
        rounds.learn(Snapshot(tuple(state.classes), labels, closed=rest))
        model = kept_model.load(project.model_path)
    if model is None:
        raise ValueError(
            f"{project.folder} has no model yet: "
            + (
                "labels of two classes are needed"
                if alone
                else "the page that is open trains one in a moment"
            )
        )
    return model
