"""Exercise 12: k-center, rows that cover the pool."""

from collections.abc import Callable
from functools import partial

import numpy as np

from tinynn.exercises.exercise import Exercise, Mistake, Part, Trial

Array = np.ndarray


def _distances(x: Array, to: Array) -> Array:
    """(rows of x, rows of `to`)."""
    return np.asarray(np.linalg.norm(x[:, None] - to[None], axis=2))


def _greedy(
    x: Array,
    labeled: Array,
    n: int,
    start: Callable[..., Array] = np.min,
    fold: Callable[[Array, Array], Array] = np.minimum,
    pick: Callable[[Array], np.intp] = np.argmax,
    blocked: tuple[bool, bool] = (True, True),
) -> Array:
    """The n chosen rows, of the greedy rule or of one that is wrong in a known way.

    Parameters
    ----------
    start, fold : callable
        How the distances to the labelled rows become one number a row, and how a chosen row changes it.
    pick : callable
    blocked : (bool, bool)
        Whether labelled rows, and whether chosen ones, are ruled out.
    """
    d = start(_distances(x, x[labeled]), axis=1)
    chosen: list[int] = []
    for _ in range(n):
        out = [*(labeled.tolist() if blocked[0] else []), *(chosen if blocked[1] else [])]
        open_ = d.astype(float)
        open_[out] = -np.inf if pick is np.argmax else np.inf
        chosen.append(int(pick(open_)))
        d = fold(d, _distances(x, x[chosen[-1:]])[:, 0])
    return np.array(chosen)


def _trials(rng: np.random.Generator) -> list[Trial]:
    line = np.array([[0.0], [1.0], [10.0], [11.0], [4.0], [0.5]])
    # Copies of a labelled row: all distances become zero, and yet no row may be asked for twice.
    copies = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0], [3.0, 1.0]])
    return [
        {"x": line, "labeled": np.array([0]), "n": 2},
        {"x": rng.normal(size=(12, 3)), "labeled": np.array([3, 8, 5]), "n": 4},
        {"x": copies, "labeled": np.array([0]), "n": 3},
    ]


def _among_the_unlabeled(x: Array, labeled: Array, n: int) -> Array:
    """Positions among the rows without a label."""
    rest = [i for i in range(len(x)) if i not in labeled]
    return np.array([rest.index(i) for i in _greedy(x, labeled, n)])


EXERCISE = Exercise(
    "k-center: cover the pool",
    (
        Part(
            "k_center",
            "n times: the row whose distance to the nearest labelled or chosen row is largest",
            lambda choose, x, labeled, n: {"indices": choose(x, labeled, n)},
            lambda x, labeled, n: {"indices": _greedy(x, labeled, n)},
            _trials,
            (
                "For every row: how far is the nearest row that has a label? The row with the largest of these "
                "distances is covered worst. Once it is chosen, it counts as labelled for all the others.",
                "Keep one number a row, d[i], the distance to the nearest labelled or chosen row. After row c is "
                "chosen, d = np.minimum(d, distance of every row to c). A row that is labelled or chosen must never "
                "come again, even where all distances are 0.",
                "d = min over labelled c of np.linalg.norm(x - x[c], axis=1); d[labeled] = -1; n times: c = "
                "int(d.argmax()), take it, d = np.minimum(d, np.linalg.norm(x - x[c], axis=1)), d[c] = -1.",
            ),
            (
                Mistake(
                    "argmin-for-argmax",
                    "these are the rows nearest to a label, of which there is least to learn",
                    "argmax: the row that is covered worst",
                    partial(_greedy, pick=np.argmin),
                ),
                Mistake(
                    "distances-not-updated",
                    "a chosen row does not count for the next one: these are the n farthest rows at the start, and "
                    "they may lie side by side",
                    "after each choice d = np.minimum(d, distances to the chosen row)",
                    partial(_greedy, fold=lambda d, new: d),
                ),
                *(
                    Mistake(
                        "farthest-label",
                        "the distance to the farthest labelled row decides, and should to the nearest",
                        "a row is covered if any label is near: min over the labelled rows, and np.minimum",
                        partial(_greedy, start=np.max, fold=fold),
                    )
                    for fold in (np.minimum, np.maximum)
                ),
                Mistake(
                    "farthest-label",
                    "after a choice the larger distance is kept, and should be the smaller one",
                    "np.minimum(d, distances to the chosen row)",
                    partial(_greedy, fold=np.maximum),
                ),
                Mistake(
                    "mean-distance",
                    "the mean distance to the labelled rows decides, and should that to the nearest",
                    "min over the labelled rows",
                    partial(_greedy, start=np.mean),
                ),
                *(
                    Mistake(
                        "rows-chosen-again",
                        f"where all distances are 0, a row comes that {what} already",
                        "rule both out: d[labeled] = -1 at the start, and d[row] = -1 after each np.minimum",
                        partial(_greedy, blocked=blocked),
                    )
                    for blocked, what in (
                        ((False, True), "has a label"),
                        ((True, False), "was chosen"),
                        ((False, False), "has a label or was chosen"),
                    )
                ),
                Mistake(
                    "positions-for-indices",
                    "these are positions among the rows without a label, and row numbers of x are wanted",
                    "unlabeled[position]; or keep a distance for every row of x",
                    _among_the_unlabeled,
                ),
            ),
        ),
    ),
    "tinyal/strategies/diversity.py and tinyal/seeding.py",
)
