"""Inputs that somebody's layer or loss accepts: several shapes and kinds are tried until one is."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinynn.examining.argument_order import in_order
from tinynn.examining.asked_loss import softmax, takes_probabilities
from tinynn.examining.calling import UnusableError, described_with_place, required
from tinynn.examining.places import numbers
from tinynn.examining.specimen import Specimen
from tinynn.examining.subjects import placed

ROWS = 6


def inputs_for(thing: Any) -> tuple[Any, ...] | str:
    """Find inputs that `forward` accepts: x for a layer, outputs and targets for a loss."""
    rng = np.random.default_rng(0)
    try:
        wanted = required(thing.forward)
    except (TypeError, ValueError) as error:
        return f"forward cannot be called: {error}"
    if wanted not in (1, 2):
        return f"forward must take x, or outputs and targets, and it takes {wanted} arrays"
    first = ""
    for inputs in _batches(thing, rng) if wanted == 1 else _targets(rng):
        try:
            tested = Specimen(placed(thing, inputs[0]), np.float64, training=True)
            given = [array.copy() for array in inputs]
            ordered = in_order(tested.object.forward, *given) if wanted == 2 else given
            y = np.asarray(tested.forward(*ordered), dtype=np.float64)
        except UnusableError as error:
            if error.code == "wrong-return":
                return f"{error}"
            first = first or described_with_place(error)
            continue
        except (TypeError, ValueError) as error:
            first = first or f"forward returned something else than numbers: {error}"
            continue
        if np.isfinite(y).all() and (wanted == 1 or y.ndim == 0):
            return inputs if wanted == 1 else _as_probabilities(tested, *inputs)
        first = first or "forward gave values that are not finite, or a loss that is not one number"
    if wanted == 2 and backward_of_layer(thing):
        return (
            "forward takes two arrays and backward takes dy: a layer with two inputs. The checker moves one: write a "
            "class whose forward(x) calls this one's with the other array held, and one for the other way round"
        )
    return f"no input that was tried is accepted. With the first, {first}"


def backward_of_layer(thing: Any) -> bool:
    """Whether `backward` must be given one array, dy, as that of a layer."""
    try:
        return required(thing.backward) == 1
    except (TypeError, ValueError):
        return False


def _as_probabilities(loss: Specimen, outputs: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, ...]:
    """Give a loss of probabilities some: one that clips them takes logits too, at which it is flat."""
    columns = outputs.ndim == 1 or outputs.shape[1] == 1
    p = 1 / (1 + np.exp(-outputs)) if columns else softmax(outputs)

    def value(moved: np.ndarray) -> float:
        try:
            ordered = in_order(loss.object.forward, moved.copy(), targets.copy())
            return float(np.asarray(loss.forward(*ordered), dtype=np.float64))
        except (UnusableError, TypeError, ValueError):
            return float("nan")

    inside = bool((outputs > 0).all() and (outputs < 1).all())
    return (p, targets) if not inside and takes_probabilities(value, p) else (outputs, targets)


def _batches(thing: Any, rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    sizes = [5, 4, 3, 2, 7]
    for _, value in numbers(thing):  # a weight matrix tells how many inputs there are
        if isinstance(value, np.ndarray) and value.ndim == 2:
            sizes = [*value.shape, *sizes]
    sizes = list(dict.fromkeys(sizes))
    for size in sizes:
        yield (rng.normal(size=(ROWS, size)),)
    for shape in ((6, 8, 3), (6, 8, 5), (3, 6, 8), (8, 8, 1), (28, 28, 1)):
        yield (rng.normal(size=(3, *shape)),)
    yield (rng.uniform(0.1, 0.9, (ROWS, 5)),)
    yield (rng.integers(2, size=(ROWS, 4)),)  # for an embedding, whose rows are then asked for repeatedly
    for size in sizes:
        yield (rng.normal(size=(3, ROWS, size)),)  # sequences
    for size in sizes:
        yield (rng.normal(size=size),)  # no batch


def _targets(rng: np.random.Generator) -> Iterator[tuple[np.ndarray, ...]]:
    z = rng.normal(size=(ROWS, 5))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels = rng.integers(5, size=ROWS)
    q = rng.dirichlet(np.ones(5), ROWS)
    for outputs in (z, p):
        yield outputs, labels
        yield outputs, q
    column, yes = z[:, :1], rng.uniform(0.1, 0.9, (ROWS, 1))
    for outputs in (column, 1 / (1 + np.exp(-column))):
        yield outputs, yes
        yield outputs[:, 0], yes[:, 0]
