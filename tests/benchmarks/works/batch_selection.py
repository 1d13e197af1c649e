"""Choosing 100 rows that go together, from features and probabilities that are there.

Where a library's rows differ because it follows another definition than the paper it names, `check` shows it on a
pool of three rows or by a number of the rows chosen, and the table says NOT THE SAME:

- BADGE of scikit-activeml 1.0.1 starts its smallest distances with those to the origin. Of three rows, two the same
  and one certain (g = 0), the certain one must be the second drawn, since it alone is not a copy of the first.
  There its distance is 0 from the start, like the copy's, and one of the two is drawn at random.
- BADGE of small-text 1.4.1 subtracts no one-hot label (it indexes rows with class numbers), so that its vectors are
  −p ⊗ h, longest where the model is certain; and it hands lengths to scikit-learn's k-means++ where that takes squares.
  For certain rows alone, p = onehot, it sees vectors −h where there is nothing to learn.
- modAL 0.4.2.1 has an information density of its own: the mean of 1 / (1 + distance), where Settles and
  Craven (2008) have that of the cosine.
"""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks.work import Prepared, Setting, Work

CHOSEN = 100
LABELED = 20
FEATURES = 128


def pool(setting: Setting, n: int = 10_000) -> tuple[np.ndarray, np.ndarray]:
    """Return features of a hidden layer, 60 kinds of rows among them, and probabilities of 10 classes."""
    rng = np.random.default_rng(0)
    n = setting.part(n, 1000)
    kinds = rng.standard_normal((60, FEATURES), dtype=np.float32)
    noise = rng.standard_normal((n, FEATURES), dtype=np.float32)
    h = np.maximum(kinds[rng.integers(60, size=n)] + 0.7 * noise, 0)
    logits = 2 * rng.standard_normal((n, 10), dtype=np.float32)
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return h, p / p.sum(axis=1, keepdims=True)


def known(predict_proba: Callable[[Any], Any] | None) -> Any:
    """Return a classifier of scikit-activeml that has nothing to learn."""
    from skactiveml.base import SkactivemlClassifier

    class Known(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return self

        def predict_proba(self, X: Any, **flags: Any) -> Any:
            return predict_proba(X)

    model = Known(classes=list(range(10)))
    model.classes_ = np.arange(10)
    return model


def labels(n: int) -> np.ndarray:
    """Return labels as scikit-activeml has them, NaN where there is none."""
    y = np.full(n, np.nan)
    y[:LABELED] = np.arange(LABELED) % 10
    return y


def our_rows(strategy: Any, h: np.ndarray, p: np.ndarray, labeled: int, n: int, seed: int = 0) -> np.ndarray:
    """Return what one of our strategies chooses."""
    import tinyal as al

    model = SimpleNamespace(
        classes_=np.arange(p.shape[1]), embed=lambda x: h[x], predict_proba=lambda x: p[x]
    )
    rows = np.arange(len(h))
    view = al.PoolView(model, rows, rows[labeled:], rows[:labeled], rows[:labeled] % 10, model.classes_)
    return strategy.select(view, n, np.random.default_rng(seed))


# k-center: the same rows, in the same order.


def check_rows(chosen: Any) -> dict[str, list[int]]:
    """Return the rows chosen, in order of their numbers."""
    return {"chosen": sorted(np.ravel(chosen).tolist())}


def our_k_center(setting: Setting) -> Prepared:
    """`KCenter`."""
    from tinyal.strategies.diversity import KCenter

    h, p = pool(setting)
    return Prepared(lambda: our_rows(KCenter(), h, p, LABELED, CHOSEN), check_rows)


def skactiveml_k_center(setting: Setting) -> Prepared:
    """scikit-activeml's CoreSet."""
    from skactiveml.pool import CoreSet

    h, _ = pool(setting)
    y = labels(len(h))
    return Prepared(lambda: CoreSet(random_state=0).query(h, y, batch_size=CHOSEN), check_rows)


def small_text_k_center(setting: Setting) -> Prepared:
    """small-text's GreedyCoreset, which makes rows vectors of length 1 unless told otherwise."""
    import warnings

    from small_text.query_strategies import GreedyCoreset

    h, _ = pool(setting)
    warnings.simplefilter("ignore")
    strategy = GreedyCoreset(distance_metric="euclidean", normalize=False)
    rows = np.arange(len(h))
    embeddings = np.concatenate([h[LABELED:], h[:LABELED]])  # unlabelled rows first
    return Prepared(
        lambda: strategy.query(
            None, h, rows[LABELED:], rows[:LABELED], rows[:LABELED] % 10, n=CHOSEN, embeddings=embeddings
        ),
        check_rows,
    )


# BADGE: draws differ, what is drawn must not.

THREE_H = np.full((3, 1), 5.0, dtype=np.float32)
THREE_P = np.array([[0.6, 0.4, 0], [1, 0, 0], [0.6, 0.4, 0]], dtype=np.float32)


def check_badge(p: np.ndarray, of_three: Callable[[int], Any], chosen: Any) -> dict[str, float]:
    """Return how sure the model is of the rows, and how often, of two out of three, the certain one is drawn."""
    drawn = np.mean([1 in np.ravel(of_three(seed)) for seed in range(10)])
    return {"confidence": float(p.max(axis=1)[np.ravel(chosen)].mean()), "certain one drawn": float(drawn)}


def our_badge(setting: Setting) -> Prepared:
    """`BADGE`."""
    from tinyal.strategies.badge import BADGE

    h, p = pool(setting)
    return Prepared(
        lambda: our_rows(BADGE(), h, p, 0, CHOSEN),
        partial(check_badge, p, lambda seed: our_rows(BADGE(), THREE_H, THREE_P, 0, 2, seed)),
    )


def skactiveml_badge(setting: Setting) -> Prepared:
    """scikit-activeml's Badge."""
    from skactiveml.pool import Badge

    def rows(h: np.ndarray, p: np.ndarray, n: int, seed: int) -> Any:
        model, y = known(lambda x: (p, x)), np.full(len(h), np.nan)
        strategy = Badge(clf_embedding_flag_name="embed", random_state=seed)
        return strategy.query(h, y, model, fit_clf=False, batch_size=n)

    h, p = pool(setting)
    return Prepared(
        lambda: rows(h, p, CHOSEN, 0), partial(check_badge, p, lambda seed: rows(THREE_H, THREE_P, 2, seed))
    )


def small_text_badge(setting: Setting) -> Prepared:
    """small-text's BADGE."""
    import torch  # noqa: F401  its module needs it, and says so with an error of its own
    from small_text.integrations.pytorch.query_strategies import BADGE

    def rows(h: np.ndarray, p: np.ndarray, n: int) -> Any:
        model = SimpleNamespace(embed=lambda x, return_proba, pbar: (h, p))
        everything, nothing = np.arange(len(h)), np.zeros(0, dtype=int)
        return BADGE(p.shape[1]).query(model, h, everything, nothing, nothing, n=n)

    h, p = pool(setting)
    return Prepared(
        lambda: rows(h, p, CHOSEN), partial(check_badge, p, lambda seed: rows(THREE_H, THREE_P, 2))
    )


# TypiClust: k-means starts at random, the rows are as typical.


def check_typical(h: np.ndarray, chosen: Any) -> dict[str, float]:
    """Return the mean distance of the rows chosen to their 20 nearest in the pool."""
    from scipy.spatial.distance import cdist

    nearest = np.sort(cdist(h[np.ravel(chosen)], h), axis=1)[:, 1:21]
    return {"distance": float(nearest.mean())}


def our_typiclust(setting: Setting) -> Prepared:
    """`TypiClust`."""
    from tinyal.strategies.typiclust import TypiClust

    h, p = pool(setting)
    return Prepared(lambda: our_rows(TypiClust("embed"), h, p, LABELED, CHOSEN), partial(check_typical, h))


def skactiveml_typiclust(setting: Setting) -> Prepared:
    """scikit-activeml's TypiClust, told to look at 20 neighbours as the paper does."""
    from skactiveml.pool import TypiClust

    h, _ = pool(setting)
    y = labels(len(h))
    return Prepared(
        lambda: TypiClust(k=20, random_state=0).query(h, y, batch_size=CHOSEN), partial(check_typical, h)
    )


# Information density: of 4000 rows, as modAL needs all n² distances.


def check_density(h: np.ndarray, chosen: Any) -> dict[str, float]:
    """Return the mean cosine of the rows chosen with the pool."""
    unit = h / np.linalg.norm(h, axis=1, keepdims=True)
    return {"cosine": float((unit[np.ravel(chosen)] @ unit.mean(axis=0)).mean())}


def our_density(setting: Setting) -> Prepared:
    """`DensityWeighted` of least confidence."""
    from tinyal.strategies import LeastConfidence
    from tinyal.strategies.density import DensityWeighted

    h, p = pool(setting, 4000)
    strategy = DensityWeighted(LeastConfidence())
    return Prepared(lambda: our_rows(strategy, h, p, 0, CHOSEN), partial(check_density, h))


def modal_density(setting: Setting) -> Prepared:
    """modAL's information_density times its uncertainty, and the largest of that."""
    from modAL.density import information_density
    from modAL.uncertainty import classifier_uncertainty
    from modAL.utils.selection import multi_argmax

    h, p = pool(setting, 4000)
    model = SimpleNamespace(predict_proba=lambda x: p)

    def run() -> Any:
        scores = classifier_uncertainty(model, h) * information_density(h, "cosine")
        return multi_argmax(scores, CHOSEN)[0]

    return Prepared(run, partial(check_density, h))


WORKS = [
    Work(
        "select-k-center",
        f"choosing {CHOSEN} of 10,000 rows of {FEATURES} features by greedy k-center, {LABELED} labelled",
        {"ours": our_k_center, "scikit-activeml": skactiveml_k_center, "small-text": small_text_k_center},
        agreement={"chosen": 0.0},
    ),
    Work(
        "select-badge",
        f"choosing {CHOSEN} of 10,000 rows of {FEATURES} features and 10 classes by BADGE",
        {"ours": our_badge, "scikit-activeml": skactiveml_badge, "small-text": small_text_badge},
        agreement={"confidence": 0.05, "certain one drawn": 0.0},
    ),
    Work(
        "select-typiclust",
        f"choosing {CHOSEN} of 10,000 rows of {FEATURES} features by TypiClust, {LABELED} labelled",
        {"ours": our_typiclust, "scikit-activeml": skactiveml_typiclust},
        agreement={"distance": 0.25},
    ),
    Work(
        "select-density",
        f"choosing {CHOSEN} of 4,000 rows of {FEATURES} features by least confidence times density",
        {"ours": our_density, "modAL": modal_density},
        agreement={"cosine": 0.02},
    ),
]
