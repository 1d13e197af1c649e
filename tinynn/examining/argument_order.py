"""The order in which a loss takes its arguments: outputs first as here, or targets first as in Keras."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError, required
from tinynn.examining.specimen import Specimen

TARGET = {
    *(
        "y_true",
        "ytrue",
        "true",
        "truth",
        "ground_truth",
        "gt",
        "target",
        "targets",
        "t",
        "label",
        "labels",
        "y",
    ),
    *("expected", "actual", "onehot", "one_hot", "y_onehot"),
}
OUTPUT = {
    *(
        "y_pred",
        "ypred",
        "pred",
        "preds",
        "prediction",
        "predictions",
        "predicted",
        "y_hat",
        "yhat",
        "output",
    ),
    *("outputs", "logits", "scores", "probs", "probabilities", "p", "out"),
}


def targets_first(function: Callable[..., Any]) -> bool | None:
    """Tell by the names of the first two arguments whether targets come first; None where the names do not say.

    Examples
    --------
    >>> targets_first(lambda y_true, y_pred: 0), targets_first(lambda y, t: 0), targets_first(lambda a, b: 0)
    (True, False, None)
    """
    try:
        names = [name.lower() for name in inspect.signature(function).parameters][:2]
    except (TypeError, ValueError):
        return None
    if len(names) < 2:
        return None
    first, second = names
    if first in TARGET and second in OUTPUT | ({"y"} - {first}):
        return True
    return False if first in OUTPUT or second in TARGET else None


def in_order(function: Callable[..., Any], outputs: Any, targets: Any) -> tuple[Any, Any]:
    """Return outputs and targets in the order in which a function of a loss takes them."""
    return (targets, outputs) if targets_first(function) else (outputs, targets)


def for_backward(loss: Any, outputs: Any, targets: Any) -> tuple[Any, ...]:
    """Return what `backward` of a loss must be given: nothing, forward's arguments again, one of them, or dy = 1."""
    count = required(loss.backward)
    if count == 2:
        named = loss.backward if targets_first(loss.backward) is not None else loss.forward
        return in_order(named, outputs, targets)
    if count != 1:
        return ()
    name = next(iter(inspect.signature(loss.backward).parameters)).lower()
    return (targets,) if name in TARGET else (outputs,) if name in OUTPUT else (1.0,)


def note(loss: Any) -> list[str]:
    """Say that a loss has been called with its arguments in its own order."""
    if not targets_first(loss.forward):
        return []
    names = ", ".join([*inspect.signature(loss.forward).parameters][:2])
    return [
        f"forward takes ({names}), the targets first, and was checked so. A network of tinynn calls it with the "
        "outputs first: turn them round to train with it."
    ]


def is_own(loss: Any, outputs: np.ndarray, targets: np.ndarray) -> bool:
    """Whether a loss that takes targets first was given them first here too, as only that gives a finite number."""
    if not targets_first(loss.forward):
        return False
    ours, own = _value(loss, targets, outputs), _value(loss, outputs, targets)
    return not np.isfinite(ours) and bool(np.isfinite(own))


def _value(loss: Any, *arguments: np.ndarray) -> float:
    try:
        specimen = Specimen(loss, np.float64, training=True)
        return float(np.asarray(specimen.forward(*(array.copy() for array in arguments))))
    except (UnusableError, TypeError, ValueError):
        return float("nan")
