"""The rest, labelled by the model: for each item without a label the most probable class, and how sure the model is."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

import numpy as np

from tinyal.labeling.export import table
from tinyal.labeling.items import Items
from tinyal.labeling.kept_model import KeptModel
from tinyal.labeling.ledger import State
from tinynn import inference

CHUNK = 4096  # items that are in memory at a time


@dataclass(frozen=True)
class Prediction:
    """What the model says about one item.

    Attributes
    ----------
    item : int
    name : str
    label : str
        The most probable class.
    confidence : float
        Its probability. A network trained on few labels is often surer than it is right.
    runner_up, runner_up_confidence : str and float
        The second.
    answered : str or None
        What a person said instead of a label: "skip", "cannot-tell" or "defer".
    """

    item: int
    name: str
    label: str
    confidence: float
    runner_up: str
    runner_up_confidence: float
    answered: str | None


def predict(items: Items, state: State, model: KeptModel) -> list[Prediction]:
    """Predict all items that have no label and are still there, in their order.

    Parameters
    ----------
    items : Items
    state : State
        What people said.
    model : KeptModel

    Raises
    ------
    ValueError
        For a model that was trained on items of another shape.
    """
    if model.network.input_shape != items.features.shape[1:]:
        raise ValueError(
            f"the model takes rows of shape {model.network.input_shape}, and the items have "
            f"{items.features.shape[1:]}; tinyal label trains it again"
        )
    rest = np.array([i for i in range(len(items)) if i not in state.labels and i not in items.gone], np.int64)
    predictions = []
    for start in range(0, len(rest), CHUNK):
        some = rest[start : start + CHUNK]
        proba = inference.predict_proba(model.network, items.features[some])
        order = np.argsort(-proba, axis=1, kind="stable")[:, :2]
        best = np.take_along_axis(proba, order, axis=1)
        for item, (first, second), (p, q) in zip(some.tolist(), order.tolist(), best.tolist(), strict=True):
            standing = state.answers.get(item)
            predictions.append(
                Prediction(
                    item,
                    items.name(item),
                    model.classes[first],
                    round(p, 6),
                    model.classes[second],
                    round(q, 6),
                    standing.action if standing else None,
                )
            )
    return predictions


def predictions_csv(predictions: Sequence[Prediction]) -> str:
    """Return predictions as a table, safe for spreadsheets: see `tinyal.labeling.export.safe`."""
    return table([field.name for field in fields(Prediction)], map(asdict, predictions))


def predictions_json(predictions: Sequence[Prediction], model: KeptModel) -> str:
    """Return predictions with the classes that the model knows, and how many labels it learned from."""
    content = {"format": "tinyal predictions", "version": 1, "classes": model.classes, "labels": model.labels}
    return json.dumps(content | {"predictions": list(map(asdict, predictions))}, indent=1, ensure_ascii=False)


def share_above(predictions: Sequence[Prediction], threshold: float) -> float:
    """Return the share of predictions that are at least so sure; 0 of none."""
    return sum(p.confidence >= threshold for p in predictions) / max(len(predictions), 1)
