"""Choosing 100 of 60,000 rows from class probabilities that are there: what a strategy itself costs.

The model is a stand-in that returns the probabilities it is given, so a library's own code is all that is timed.
"""

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks.work import Peer, Prepared, Setting, Work

CHOSEN = 100


def probabilities(setting: Setting) -> np.ndarray:
    """Return probabilities of ten classes as a trained network gives them: most rows are clear."""
    logits = 3 * np.random.default_rng(0).standard_normal(
        (setting.part(60_000, 10_000), 10), dtype=np.float32
    )
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def check(chosen: Any) -> dict[str, list[int]]:
    """Return the rows chosen, in order of their numbers."""
    return {"chosen": sorted(np.ravel(chosen).tolist())}


def ours(setting: Setting, measure: str) -> Prepared:
    """A strategy's `select` on a view of the pool."""
    import tinyal as al

    p = probabilities(setting)
    model = SimpleNamespace(classes_=np.arange(10), fit=None, predict_proba=lambda x: x)
    strategy = al.strategies.get(measure)
    nothing = np.zeros(0, dtype=np.int64)

    def run() -> np.ndarray:
        view = al.PoolView(model, p, np.arange(len(p)), nothing, nothing, model.classes_)
        return strategy.select(view, CHOSEN, np.random.default_rng(0))

    return Prepared(run, check)


def modal(setting: Setting, measure: str) -> Prepared:
    """modAL's query functions."""
    from modAL import uncertainty

    p = probabilities(setting)
    query = {"entropy": uncertainty.entropy_sampling, "margin": uncertainty.margin_sampling}[measure]
    model = SimpleNamespace(predict_proba=lambda x: x)
    return Prepared(lambda: query(model, p, CHOSEN)[0], check)


def skactiveml(setting: Setting, measure: str) -> Prepared:
    """scikit-activeml's UncertaintySampling."""
    from skactiveml.base import SkactivemlClassifier
    from skactiveml.pool import UncertaintySampling

    class Known(SkactivemlClassifier):
        def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
            return self

        def predict_proba(self, X: Any) -> Any:
            return X

    p = probabilities(setting)
    strategy = UncertaintySampling(
        {"entropy": "entropy", "margin": "margin_sampling"}[measure], random_state=0
    )
    model, y = Known(classes=list(range(10))), np.full(len(p), np.nan)
    return Prepared(lambda: strategy.query(p, y, model, fit_clf=False, batch_size=CHOSEN), check)


def small_text(setting: Setting, measure: str) -> Prepared:
    """small-text's query strategies."""
    from small_text.query_strategies import BreakingTies, PredictionEntropy

    p = probabilities(setting)
    strategy = {"entropy": PredictionEntropy, "margin": BreakingTies}[measure]()
    model, rows, nothing = (
        SimpleNamespace(predict_proba=lambda x: x),
        np.arange(len(p)),
        np.zeros(0, dtype=int),
    )
    return Prepared(lambda: strategy.query(model, p, rows, nothing, nothing, n=CHOSEN), check)


def _peers(measure: str) -> dict[str, Peer]:
    peers = {"ours": ours, "modAL": modal, "scikit-activeml": skactiveml, "small-text": small_text}
    return {name: partial(peer, measure=measure) for name, peer in peers.items()}


WORKS = [
    Work(
        f"select-{measure}",
        f"choosing {CHOSEN} of 60,000 rows by {measure}, from given probabilities of 10 classes",
        _peers(measure),
        agreement={"chosen": 0.0},
        repeats=5,
    )
    for measure in ("entropy", "margin")
]
