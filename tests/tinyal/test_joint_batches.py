"""What holds for all strategies that choose a batch by where its rows lie."""

import math
import tracemalloc

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests.tinyal.pools import Placed, blobs, equal_view, random_view, select, tied_view, view_of
from tinyal.strategies import Margin, choose
from tinyal.strategies.badge import BADGE
from tinyal.strategies.clustering import ClusterMargin
from tinyal.strategies.density import DensityWeighted
from tinyal.strategies.diversity import FacilityLocation, KCenter
from tinyal.strategies.typiclust import TypiClust
from tinyal.view import PoolView

STRATEGIES = [
    KCenter(),
    KCenter("x"),
    FacilityLocation(),
    BADGE(),
    ClusterMargin(),
    TypiClust(),
    TypiClust("embed"),
    DensityWeighted(Margin()),
]
BOUNDED = [strategy for strategy in STRATEGIES if hasattr(strategy, "candidates")]
DOUBTING = [s for s in STRATEGIES if isinstance(s, BADGE | ClusterMargin | DensityWeighted)]
EMBEDDING = [s for s in STRATEGIES if getattr(s, "space", "embed") == "embed"]
every = pytest.mark.parametrize("strategy", STRATEGIES, ids=repr)


def bounded(strategy, candidates):
    return type(strategy)(**{**strategy.config(), "candidates": candidates})


@every
@pytest.mark.parametrize("make", [random_view, tied_view, equal_view])
def test_any_number_of_rows_comes_once_each_from_the_candidates(strategy, make):
    view = make()
    for n in {1, 2, 3, 5, len(view) - 1, len(view)}:
        chosen = choose(strategy, view, n, np.random.default_rng(0))
        assert set(chosen.tolist()) <= set(view.candidates.tolist())
    with pytest.raises(ValueError, match=rf"cannot choose {len(view) + 1} of {len(view)} candidates"):
        select(strategy, view, len(view) + 1)


@every
def test_the_generator_decides_all_that_is_random(strategy):
    view = tied_view()
    assert select(strategy, view, 6, seed=3).tolist() == select(strategy, view, 6, seed=3).tolist()
    assert len({tuple(select(strategy, view, 6, seed)) for seed in range(5)}) > 1


@every
def test_among_equal_rows_no_place_in_the_data_set_is_preferred(strategy):
    """Candidates are few and far between in the data set; expected counts ± 5 standard deviations."""
    view = equal_view(30, candidates=[3, 9, 11, 17, 22, 28, 30])
    view.pool = view.model.points
    view.model.embed = lambda x: x
    view.model.predict_proba = lambda x: np.tile([0.5, 0.3, 0.2], (len(x), 1))
    counts, repeats = np.zeros(31), 140
    for seed in range(repeats):
        counts[select(strategy, view, 2, seed)] += 1
    share = 2 / 7
    assert (
        np.abs(counts[view.candidates] - repeats * share) < 5 * math.sqrt(repeats * share * (1 - share))
    ).all()


@pytest.mark.parametrize("strategy", BOUNDED, ids=repr)
def test_a_large_pool_is_cut_to_candidates_drawn_at_random(strategy):
    strategy, seen = bounded(strategy, 8), set()
    for seed in range(12):
        view = random_view()
        chosen = select(strategy, view, 8, seed)
        assert set(chosen.tolist()) <= set(view.candidates.tolist())
        assert max(view.model.asked, default=0) <= 8
        seen |= set(chosen.tolist())
    assert len(seen) > 20
    with pytest.raises(ValueError, match="cannot choose 9 rows of candidates=8: raise candidates="):
        select(strategy, random_view(), 9)
    with pytest.raises(ValueError, match="candidates must be at least 1, or None for all, not 0"):
        bounded(strategy, 0)
    assert len(select(bounded(strategy, None), random_view(), 9)) == 9


@every
def test_memory_has_a_bound_that_does_not_grow_with_the_features(strategy):
    """A pool of 100,000 rows of 64 bytes: as floats they alone would take 26 MB, and n × n distances 40 GB."""
    if hasattr(strategy, "candidates"):
        strategy = bounded(strategy, 300)
    n = 100_000
    pool = np.random.default_rng(0).integers(0, 256, (n, 64), dtype=np.uint8)
    model = Placed(np.zeros((1, 1)), np.zeros((1, 2)))
    model.embed = lambda x: x.astype(np.float32) + 1
    model.predict_proba = lambda x: np.stack([x[:, 0], 255 - x[:, 0]], axis=1) / np.float32(255)
    view = PoolView(model, pool, np.arange(5, n), np.arange(5), np.arange(5) % 2, np.arange(2))
    select(strategy, random_view(), 3)  # imports SciPy
    tracemalloc.start()
    chosen = select(strategy, view, 10)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(chosen) == 10
    assert peak < 16e6


@pytest.mark.parametrize("strategy", EMBEDDING, ids=repr)
def test_features_that_are_not_numbers_are_an_error(strategy):
    view = random_view()
    view.model.points[[5, 7], 1] = np.nan
    with pytest.raises(ValueError, match=r"NaN or infinite.*diverged"):
        select(strategy, view, 3)


@every
@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (np.zeros((40, 0)), ValueError, "no features: vectors of length 0"),
        (np.full((40, 2), "left"), TypeError, "distances are taken between numbers, .* hold <U4"),
        (np.where(np.eye(40) == 1, np.nan, 1), ValueError, "30 of 30 rows have .* NaN or infinite"),
    ],
)
def test_rows_without_a_place_are_an_error(strategy, rows, error, message):
    view = random_view()
    view.pool = rows
    view.model = type(
        "Model", (), {"classes_": np.arange(3), "predict_proba": lambda self, x: [[1, 0, 0]] * len(x)}
    )()
    with pytest.raises(error, match=message):
        select(strategy, view, 3)


@pytest.mark.parametrize("strategy", DOUBTING, ids=repr)
def test_probabilities_that_are_not_numbers_are_an_error(strategy):
    view = random_view()
    view.model.p[5] = np.nan
    with pytest.raises(ValueError, match=r"row 3 .*NaN"):
        select(strategy, view, 3)


@pytest.mark.parametrize("strategy", EMBEDDING, ids=repr)
def test_of_a_model_without_features_the_rows_are_taken_bytes_from_zero_to_one(strategy):
    rng = np.random.default_rng(1)
    pool, p = rng.integers(0, 256, (60, 2, 3), dtype=np.uint8), rng.dirichlet([1, 1, 1], 60)

    class Plain:
        classes_ = np.arange(3)

        def predict_proba(self, x):
            return p[[(row == pool).all(axis=(1, 2)).argmax() for row in x]]

    class Embedding(Plain):
        def embed(self, x):
            return x.reshape(len(x), 6) / np.float32(255)

    def chosen(model):
        view = PoolView(model, pool, np.arange(3, 60), np.arange(3), np.arange(3), np.arange(3))
        return select(strategy, view, 9).tolist(), strategy.parts(view)

    rows, shown = chosen(Plain())
    again, same = chosen(Embedding())
    assert rows == again
    for name in shown:
        np.testing.assert_array_equal(shown[name], same[name])


@every
def test_what_a_choice_was_made_by_is_a_number_for_every_candidate(strategy, monkeypatch):
    whole = strategy.parts(random_view())
    assert whole
    for name, values in whole.items():
        assert values.shape == (30,), name
        assert np.isfinite(values).all()
        assert np.ptp(values) > 0
    monkeypatch.setattr("tinyal.view.CHUNK", 7)
    for name, values in strategy.parts(random_view()).items():
        np.testing.assert_allclose(values, whole[name], rtol=1e-9)


@every
def test_a_strategy_is_described_by_its_arguments(strategy):
    assert repr(strategy.copy()) == repr(strategy)
    config = strategy.config()
    if "space" in config:
        other = type(strategy)(**{**config, "space": "x" if config["space"] == "embed" else "embed"})
        assert repr(other) != repr(strategy)
        with pytest.raises(ValueError, match=r"space is 'embed' .* or 'x' .*, not 'pixels'"):
            type(strategy)(**{**config, "space": "pixels"})


@pytest.fixture(scope="module")
def learner(device):
    """A learner whose network lives on a device, of which strategies see what it says."""
    rng = np.random.default_rng(0)
    y = np.arange(60) % 3
    pool = rng.normal(size=(60, 4)) + np.eye(3, 4)[y] * 2
    layers = [nn.Dense(8), nn.ReLU(), nn.Dense(3)]
    model = nn.Classifier(layers, steps=20, classes=range(3), device=device, dtype="float64")
    learner = al.ActiveLearner(model, pool, Margin(), seed=1)
    learner.tell(range(6), y[:6])
    return learner


ASKED = {}  # by the first device


@every
def test_a_learner_asks_the_same_on_every_device(strategy, learner):
    learner.strategy = strategy
    asked = learner.ask(8).tolist()
    assert learner.ask(8).tolist() == asked
    assert ASKED.setdefault(repr(strategy), asked) == asked


@pytest.mark.parametrize("strategy", [KCenter(), KCenter("x"), FacilityLocation(), TypiClust()], ids=repr)
def test_without_any_label_there_is_a_choice_too(strategy):
    points = np.random.default_rng(0).normal(size=(30, 2))
    assert len(set(select(strategy, view_of(points), 30).tolist())) == 30
    assert len(set(select(strategy, view_of(points.astype(np.float32)), 4).tolist())) == 4


@pytest.mark.parametrize("strategy", [KCenter("x"), FacilityLocation("x"), TypiClust()], ids=repr)
def test_what_needs_no_model_chooses_the_first_rows_too(strategy):
    """A network would refuse: no label is known yet."""
    pool = blobs([30, 20, 10])
    model = nn.Classifier([nn.Dense(3)], classes=range(3))
    asked = al.ActiveLearner(model, pool, strategy).ask(3)
    assert sorted(np.repeat(np.arange(3), [30, 20, 10])[asked].tolist()) == [0, 1, 2]
    assert all(other.needs_model for other in (KCenter(), FacilityLocation(), TypiClust("embed"), BADGE()))
