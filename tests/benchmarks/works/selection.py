"""Choosing 100 rows by scores, from probabilities that are there: what a strategy itself costs.

The model is a stand-in that returns the probabilities it is given, so a library's own code is all that is timed.
"""

from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.benchmarks.work import Peer, Prepared, Setting, Work
from tests.benchmarks.works import batch_selection

CHOSEN = 100
SAMPLES = 20


def probabilities(setting: Setting) -> np.ndarray:
    """Return probabilities of ten classes as a trained network gives them: most rows are clear."""
    logits = 3 * np.random.default_rng(0).standard_normal(
        (setting.part(60_000, 10_000), 10), dtype=np.float32
    )
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    return p / p.sum(axis=1, keepdims=True)


def samples(setting: Setting) -> np.ndarray:
    """Return 20 opinions about each of 10,000 rows, (20, 10000, 10): the same logits with noise of their own."""
    rng = np.random.default_rng(0)
    n = setting.part(10_000, 1000)
    logits = 2 * rng.standard_normal((n, 10)) + 2 * rng.standard_normal((SAMPLES, n, 10))
    p = np.exp(logits - logits.max(axis=2, keepdims=True))
    return p / p.sum(axis=2, keepdims=True)


def check(chosen: Any) -> dict[str, list[int]]:
    """Return the rows chosen, in order of their numbers."""
    return {"chosen": sorted(np.ravel(chosen).tolist())}


def check_votes(p: np.ndarray, chosen: Any) -> dict[str, float]:
    """Return the mean vote entropy of the rows chosen: hundreds tie, so that rows cannot be compared."""
    votes = (p.argmax(axis=2)[:, :, None] == np.arange(p.shape[2])).mean(axis=0)[np.ravel(chosen)]
    return {"vote entropy": float(-(votes * np.log(np.where(votes > 0, votes, 1))).sum(axis=1).mean())}


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


def our_committee(setting: Setting, measure: str) -> Prepared:
    """The same with posterior samples."""
    import tinyal as al
    from tinyal.strategies.committee import VoteEntropy

    p = samples(setting)
    rows, nothing = np.arange(p.shape[1]), np.zeros(0, dtype=np.int64)
    model = SimpleNamespace(
        classes_=np.arange(10),
        predict_proba=None,
        sample_proba=lambda x, n_samples, seed: p[:, x[0] : x[-1] + 1],
    )
    strategy = {"bald": al.strategies.BALD, "vote-entropy": VoteEntropy}[measure](SAMPLES)

    def run() -> np.ndarray:
        view = al.PoolView(model, rows, rows, nothing, nothing, model.classes_)
        return strategy.select(view, CHOSEN, np.random.default_rng(0))

    return Prepared(run, check if measure == "bald" else partial(check_votes, p))


def modal(setting: Setting, measure: str) -> Prepared:
    """modAL's query functions."""
    from modAL import uncertainty

    p = probabilities(setting)
    query = {
        "entropy": uncertainty.entropy_sampling,
        "margin": uncertainty.margin_sampling,
        "least-confidence": uncertainty.uncertainty_sampling,
    }[measure]
    model = SimpleNamespace(predict_proba=lambda x: x)
    return Prepared(lambda: query(model, p, CHOSEN)[0], check)


def modal_committee(setting: Setting) -> Prepared:
    """modAL's vote entropy; its KL_max_disagreement takes the largest divergence, which is not BALD."""
    from modAL.disagreement import vote_entropy_sampling

    p = samples(setting)

    class Committee(SimpleNamespace):
        def __len__(self) -> int:
            return SAMPLES

    committee = Committee(classes_=np.arange(10), vote=lambda x: p.argmax(axis=2).T)
    x = np.arange(p.shape[1])[:, None]
    return Prepared(
        lambda: vote_entropy_sampling(committee, x, n_instances=CHOSEN)[0], partial(check_votes, p)
    )


def skactiveml(setting: Setting, measure: str) -> Prepared:
    """scikit-activeml's UncertaintySampling."""
    from skactiveml.pool import UncertaintySampling

    p = probabilities(setting)
    names = {"entropy": "entropy", "margin": "margin_sampling", "least-confidence": "least_confident"}
    strategy = UncertaintySampling(names[measure], random_state=0)
    model, y = batch_selection.known(lambda x: x), np.full(len(p), np.nan)
    return Prepared(lambda: strategy.query(p, y, model, fit_clf=False, batch_size=CHOSEN), check)


def skactiveml_committee(setting: Setting, measure: str) -> Prepared:
    """scikit-activeml's QueryByCommittee; its mean divergence from the consensus is BALD."""
    from skactiveml.pool import QueryByCommittee

    p = samples(setting)
    model = batch_selection.known(None)
    model.sample = lambda x: p.copy()  # it is written to
    strategy = QueryByCommittee(
        {"bald": "KL_divergence", "vote-entropy": "vote_entropy"}[measure],
        sample_predictions_method_name="sample",
        random_state=0,
    )
    x, y = np.arange(p.shape[1], dtype=float)[:, None], np.full(p.shape[1], np.nan)
    return Prepared(
        lambda: strategy.query(x, y, model, fit_ensemble=False, batch_size=CHOSEN),
        check if measure == "bald" else partial(check_votes, p),
    )


def small_text(setting: Setting, measure: str) -> Prepared:
    """small-text's query strategies."""
    from small_text.query_strategies import BreakingTies, LeastConfidence, PredictionEntropy

    p = probabilities(setting)
    strategies = {"entropy": PredictionEntropy, "margin": BreakingTies, "least-confidence": LeastConfidence}
    strategy = strategies[measure]()
    model, rows, nothing = (
        SimpleNamespace(predict_proba=lambda x: x),
        np.arange(len(p)),
        np.zeros(0, dtype=int),
    )
    return Prepared(lambda: strategy.query(model, p, rows, nothing, nothing, n=CHOSEN), check)


def small_text_bald(setting: Setting) -> Prepared:
    """small-text's BALD, in bits, with 1e-8 added within the logarithm."""
    from small_text.query_strategies import BALD

    p = samples(setting).swapaxes(0, 1).copy()
    model = SimpleNamespace(predict_proba=lambda x, dropout_sampling: p)
    rows, nothing = np.arange(len(p)), np.zeros(0, dtype=int)
    strategy = BALD(dropout_samples=SAMPLES)
    return Prepared(lambda: strategy.query(model, rows, rows, nothing, nothing, n=CHOSEN), check)


def _peers(measure: str) -> dict[str, Peer]:
    peers = {"ours": ours, "modAL": modal, "scikit-activeml": skactiveml, "small-text": small_text}
    return {name: partial(peer, measure=measure) for name, peer in peers.items()}


WORKS = [
    *(
        Work(
            f"select-{measure}",
            f"choosing {CHOSEN} of 60,000 rows by {measure}, from given probabilities of 10 classes",
            _peers(measure),
            agreement={"chosen": 0.0},
            repeats=5,
        )
        for measure in ("entropy", "margin", "least-confidence")
    ),
    Work(
        "select-bald",
        f"choosing {CHOSEN} of 10,000 rows by BALD, from given {SAMPLES} samples of 10 classes",
        {
            "ours": partial(our_committee, measure="bald"),
            "scikit-activeml": partial(skactiveml_committee, measure="bald"),
            "small-text": small_text_bald,
        },
        agreement={"chosen": 0.0},
        repeats=5,
    ),
    Work(
        "select-vote-entropy",
        f"choosing {CHOSEN} of 10,000 rows by vote entropy, from given {SAMPLES} samples of 10 classes",
        {
            "ours": partial(our_committee, measure="vote-entropy"),
            "modAL": modal_committee,
            "scikit-activeml": partial(skactiveml_committee, measure="vote-entropy"),
        },
        agreement={"vote entropy": 1e-6},
        repeats=5,
    ),
    *batch_selection.WORKS,
]
