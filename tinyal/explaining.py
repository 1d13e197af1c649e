"""Why this row? What a strategy's choice was made by, what the model says, what is like it, what an answer would do."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinyal.explanation import Answer, Explanation, Neighbour, Part
from tinyal.view import Model, PoolView

NEIGHBOURS = 3
LOOKED_AT = 1000  # candidates whose predicted class may change with an answer


def explain(
    strategy: Any, view: PoolView, index: int, *, answers: int = 0, neighbours: int = NEIGHBOURS
) -> Explanation:
    """Say why a candidate may be worth a label to a strategy.

    Parameters
    ----------
    strategy : Strategy or function
        A plain function has no `parts`, so that there is nothing to say about its numbers.
    view : PoolView
    index : int
        Dataset index of a candidate.
    answers : int, optional
        For how many of the most probable classes to train a model that has been told so, and to count among up to
        1,000 other candidates, drawn by the view's seed, how many it puts into another class. Costs a training each.
    neighbours : int, optional
        How many labelled rows to name.

    Returns
    -------
    Explanation

    Raises
    ------
    ValueError
        For an index that is no candidate, or parts that are not one number a candidate.
    TypeError
        For answers from a view that has no way to train.

    Examples
    --------
    >>> import tinyal as al, tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], steps=100, classes=range(10))
    >>> learner = al.ActiveLearner(model, data.x_train, al.strategies.Entropy(), seed=0)
    >>> learner.tell(range(50), data.y_train[:50])
    >>> index = learner.ask(1)[0]
    >>> why = explain(learner.strategy, learner.view(), index, answers=1)
    >>> why.parts[0].rank
    1
    >>> print(why)
    Row ..., one of 1,298 candidates, as Entropy() sees it
    - Score: ..., the largest of all candidates.
    - The model guesses ... (... %), then ... (... %), then ... (... %).
    - The nearest labelled rows, by distance between the model's features: ...
    - An answer pulls the last layer by a gradient of length ...
    """
    found = np.flatnonzero(view.candidates == index)
    if len(found) == 0:
        raise ValueError(f"row {index} is not among the {len(view):,} candidates of this view")
    if answers < 0 or neighbours < 0:
        raise ValueError(f"answers and neighbours are numbers from 0, not {answers} and {neighbours}")
    position = int(found[0])
    parts = _parts(strategy, view, position)
    row = view.subset(found[:1])  # after the parts: it has what the strategy computed
    space, distances = _distances(row)
    near = np.argsort(distances, kind="stable")[:neighbours]
    what_if = _answers(view, row, position, answers)
    return Explanation(
        getattr(strategy, "__name__", repr(strategy)),
        int(index),
        len(view),
        parts,
        tuple(Neighbour(int(view.labeled[i]), _plain(view.labels[i]), float(distances[i])) for i in near),
        space,
        what_if,
        min(LOOKED_AT, len(view) - 1) if any(a.changed is not None for a in what_if) else 0,
    )


def _parts(strategy: Any, view: PoolView, position: int) -> tuple[Part, ...]:
    numbers: Callable[[PoolView], dict[str, np.ndarray]] = getattr(strategy, "parts", lambda view: {})
    found = []
    for name, values in numbers(view).items():
        values = np.asarray(values)
        if values.shape != (len(view),):
            raise ValueError(
                f"{type(strategy).__name__}.parts must give one number a candidate, shape ({len(view)},), and gave "
                f"{name!r} the shape {values.shape}"
            )
        value = values[position]
        above = int(np.count_nonzero(values < value)) / max(1, len(values) - 1)
        found.append(Part(name, float(value), above, 1 + int(np.count_nonzero(values > value))))
    return tuple(found)


def _distances(row: PoolView) -> tuple[str, np.ndarray]:
    """Return where distances are taken, and those from one candidate to the labelled rows, (m,)."""
    space = "embed" if hasattr(row.model, "embed") else "x"
    if len(row.labeled) == 0:
        return space, np.zeros(0)
    here, there = (row.embed(), row.labeled_embed()) if space == "embed" else (row.x, row.labeled_x)
    here, there = (np.asarray(rows, np.float64).reshape(len(rows), -1) for rows in (here, there))
    return space, np.sqrt(((there - here) ** 2).sum(axis=1))


def _answers(view: PoolView, row: PoolView, position: int, trained: int) -> tuple[Answer, ...]:
    if view.model is None:
        return ()
    p = np.asarray(row.proba()[0], np.float64)
    gradients: list[float | None] = [None] * len(p)
    if hasattr(view.model, "embed"):
        length = math.sqrt(float((row.embed()[0].astype(np.float64) ** 2).sum()) + 1)
        gradients = [float(np.linalg.norm(p - truth)) * length for truth in np.eye(len(p))]
    order = np.argsort(-p, kind="stable")
    changed: list[int | None] = [None] * len(p)
    if trained and len(view) > 1:
        others = _others(view, position)
        before = _classes(view.model, others)
        for column in order[:trained]:
            after = _classes(view.retrained(row.candidates, view.classes[[column]]), others)
            changed[column] = int((before != after).sum())
    return tuple(Answer(_plain(view.classes[k]), float(p[k]), gradients[k], changed[k]) for k in order)


def _others(view: PoolView, position: int) -> PoolView:
    """Return some of the other candidates, the same ones for this row in this round whenever they are asked for."""
    rng = np.random.default_rng((view.seed, int(view.candidates[position])))
    positions = np.sort(rng.choice(len(view) - 1, min(LOOKED_AT, len(view) - 1), replace=False))
    return view.subset(positions + (positions >= position))


def _classes(model: Model, view: PoolView) -> np.ndarray:
    return np.asarray(model.classes_)[np.asarray(model.predict_proba(view.x)).argmax(axis=1)]


def _plain(label: Any) -> Any:
    """Return a label as a Python value, which JSON can say."""
    return label.item() if isinstance(label, np.generic) else label
