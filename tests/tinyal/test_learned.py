"""The learned strategy: what it knows of a round, what it learns from, and that it finds a gain that is there."""

import copy

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import tinyal as al
import tinynn as nn
from tinyal.strategies.learned import (
    FEATURES,
    Episode,
    GainModel,
    LearnedStrategy,
    State,
    mixture,
    play,
    strategy,
)
from tinyal.strategies.learned.strategy import carried

COLUMN = {name: i for i, name in enumerate(FEATURES)}


class Known:
    """A model whose answers are given: rows are [number, features ...]."""

    def __init__(self, p, samples, classes):
        self.p, self.samples, self.classes_ = p, samples, classes

    def predict_proba(self, x):
        return self.p[x[:, 0].astype(int)]

    def sample_proba(self, x, n_samples, seed):
        return self.samples[:n_samples, x[:, 0].astype(int)]

    def embed(self, x):
        return x[:, 1:]


def a_round(seed=0, n=80, k=4, scale=1.0, t=10):
    rng = np.random.default_rng(seed)
    pool = np.concatenate([np.arange(n)[:, None], scale * rng.normal(size=(n, 3))], axis=1)
    samples = rng.dirichlet(np.ones(k), (t, n))
    classes = np.arange(k)
    labeled, candidates = np.arange(12), np.arange(12, n)
    model = Known(samples.mean(axis=0), samples, classes)
    return al.PoolView(model, pool, candidates, labeled, np.arange(12) % k, classes)


def test_features_say_what_their_names_say():
    view = a_round()
    found = State.of(view, 10).features(view)
    p = view.proba()
    ordered = np.sort(p, axis=1)[:, ::-1]
    assert found.shape == (68, len(FEATURES))
    assert np.isfinite(found).all()
    for name, exact in {
        "first probability": ordered[:, 0],
        "third probability": ordered[:, 2],
        "margin": ordered[:, 0] - ordered[:, 1],
        "entropy": -(p * np.log(p)).sum(axis=1) / np.log(4),
        "disagreement": al.measures.bald(view.sample_proba(10)) / np.log(4),
        "labels of its class": np.ones(68),
        "labels": np.full(68, np.log(3)),
        "imbalance": np.zeros(68),
        "classes": np.full(68, np.log(4)),
        "mean confidence": np.full(68, ordered[:, 0].mean()),
    }.items():
        np.testing.assert_allclose(found[:, COLUMN[name]], exact, rtol=1e-5, atol=1e-6, err_msg=name)
    margin = ordered[:, 0] - ordered[:, 1]
    assert np.argsort(found[:, COLUMN["rank by margin"]]).tolist() == np.argsort(margin).tolist()
    x, labeled = view.x[:, 1:], view.labeled_x[:, 1:]
    distance = np.sqrt(((x[:, None] - labeled) ** 2).sum(axis=2)).min(axis=1)
    assert np.argsort(found[:, COLUMN["novelty"]]).tolist() == np.argsort(distance).tolist()
    others = np.sort(np.sqrt(((x[:, None] - x) ** 2).sum(axis=2)), axis=1)[:, 1:11].mean(axis=1)
    np.testing.assert_allclose(
        found[:, COLUMN["isolation"]], np.log(others / np.median(others)), rtol=1e-4, atol=1e-5
    )


def test_features_have_no_unit():
    near, far = a_round(scale=1), a_round(scale=1000)
    one, other = (State.of(view, 10).features(view) for view in (near, far))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_a_candidate_has_the_same_features_whoever_is_looked_at_with_it():
    view = a_round()
    state = State.of(view, 10)
    part = view.subset(np.arange(5, 25))
    np.testing.assert_allclose(state.features(part), state.features(view)[5:25], rtol=1e-5, atol=1e-6)


def groups_that_pay_for(column, sign=1.0, seed=0):
    rng = np.random.default_rng(seed)
    groups = rng.normal(3, 2, size=(600, 4, len(FEATURES))).astype(np.float32)
    return groups, sign * groups[:, :, column].mean(axis=1) + 0.5 * rng.normal(size=600)


@pytest.mark.parametrize("name", ["margin", "novelty"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_from_groups_the_gain_of_single_rows_is_learned(name, sign):
    groups, gains = groups_that_pay_for(COLUMN[name], sign)
    model = GainModel.fit(groups, gains, epochs=20)
    rows = np.random.default_rng(1).normal(3, 2, size=(200, len(FEATURES))).astype(np.float32)
    assert np.corrcoef(model.predict(rows), sign * rows[:, COLUMN[name]])[0, 1] > 0.8


def test_the_gain_of_a_group_is_the_mean_of_its_rows():
    groups, gains = groups_that_pay_for(0)
    network = GainModel.fit(groups, gains, epochs=2).network
    together = nn.Sequential([layer.copy() for layer in network.layers], (4, 1, len(FEATURES)))
    together.parameters[:] = network.parameters
    single = GainModel(network).predict(groups.reshape(-1, len(FEATURES))).reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose(together.forward(groups[:, :, None])[:, 0], single, rtol=1e-4, atol=1e-4)


def test_a_learned_strategy_asks_for_what_was_worth_something():
    groups, gains = groups_that_pay_for(COLUMN["novelty"])
    view = a_round()
    strategy = LearnedStrategy(GainModel.fit(groups, gains, epochs=20))
    novelty = State.of(view, 10).features(view)[:, COLUMN["novelty"]]
    chosen = al.strategies.choose(strategy, view, 10, np.random.default_rng(0))
    rank = np.argsort(np.argsort(-novelty))[chosen - 12]
    assert np.median(rank) < 10
    np.testing.assert_allclose(strategy.parts(view)["predicted gain"], strategy.score(view))


def test_a_pool_in_pieces_is_scored_as_one(monkeypatch):
    learned = LearnedStrategy(carried())
    whole = learned.scores(a_round())
    monkeypatch.setattr("tinyal.view.CHUNK", 7)
    np.testing.assert_allclose(learned.scores(a_round()), whole, rtol=1e-4, atol=1e-5)


def easy(rng):
    """Two lines of dots; who labels the far ends learns where they are."""
    x = rng.normal(size=(400, 2)).astype(np.float32)
    y = (x[:, 0] > 0).astype(int)
    model = nn.Classifier(
        [nn.Dense(8), nn.ReLU(), nn.Dropout(0.2), nn.Dense(2)],
        steps=20,
        optimizer=nn.Adam(1e-2),
        classes=[0, 1],
    )
    return Episode(x[:300], y[:300], x[300:], y[300:], model, 10)


def test_lessons_are_of_the_same_seed_the_same_and_compare_groups_of_one_round():
    lessons = play([easy], 3, groups=6, rows=5, repeats=1, progress=False)
    again = play([easy], 3, groups=6, rows=5, repeats=1, progress=False)
    other = play([easy], 3, groups=6, rows=5, repeats=1, seed=1, progress=False)
    assert lessons.groups.shape == (18, 5, len(FEATURES))
    assert lessons.groups.tobytes() == again.groups.tobytes()
    assert lessons.gains.tolist() == again.gains.tolist() != other.gains.tolist()
    np.testing.assert_allclose(lessons.gains.reshape(3, 6).mean(axis=1), 0, atol=1e-12)
    assert np.abs(lessons.gains).max() > 0.5, "labels do change errors"


@pytest.mark.slow
def test_it_learns_that_wrong_answers_do_harm():
    """Where rows far out are answered wrong, their labels cost accuracy: to be found from gains alone."""

    def spoiled(rng):
        episode = easy(rng)
        far = np.abs(episode.x[:, 0]) > 1.0
        return Episode(
            episode.x,
            np.where(far, 1 - episode.y, episode.y),
            episode.x_test,
            episode.y_test,
            episode.model,
            30,
        )

    lessons = play([spoiled], 40, groups=10, rows=10, repeats=1, progress=False)
    outlying = lessons.groups[:, :, COLUMN["isolation"]].mean(axis=1)
    assert np.corrcoef(outlying, lessons.gains)[0, 1] < -0.1


def test_training_is_playing_and_learning(monkeypatch):
    small = {"groups": 4, "rows": 5, "repeats": 1}
    real = strategy.play
    monkeypatch.setattr(
        strategy, "play", lambda tasks, rounds, **given: real(tasks, rounds, **given, **small)
    )
    learned = LearnedStrategy.train([easy], 4, progress=False)
    lessons = play([easy], 4, progress=False, **small)
    assert learned.gains == GainModel.fit(lessons.groups, lessons.gains)
    assert len(learned.select(a_round(), 3, np.random.default_rng(0))) == 3


def test_mixtures_are_many_kinds_of_tasks():
    episodes = [mixture(np.random.default_rng(seed)) for seed in range(40)]
    assert {len(np.unique(e.y_test)) for e in episodes} >= {2, 5, 10}
    assert len({e.x.shape[1] for e in episodes}) > 10
    assert min(e.initial for e in episodes) < 20 < 200 < max(e.initial for e in episodes)


def test_saved_and_loaded_it_scores_alike(tmp_path):
    strategy = LearnedStrategy(carried(), n_samples=5)
    strategy.save(tmp_path / "gain.npz")
    again = LearnedStrategy.load(tmp_path / "gain.npz", n_samples=5)
    assert again.gains == strategy.gains
    assert repr(again) == repr(strategy)
    view = a_round()
    assert again.scores(view).tolist() == strategy.scores(view).tolist()
    with pytest.raises(FileExistsError):
        strategy.save(tmp_path / "gain.npz")
    assert copy.deepcopy(strategy).gains == strategy.gains


def test_other_networks_are_no_models_of_gains(tmp_path):
    nn.Sequential([nn.Dense(1)], 5, seed=0).save(tmp_path / "other.npz")
    with pytest.raises(ValueError, match="one number for each of first probability"):
        LearnedStrategy.load(tmp_path / "other.npz")


def test_two_that_learned_differently_are_not_the_same():
    groups, gains = groups_that_pay_for(0)
    one, other = (GainModel.fit(groups, sign * gains, epochs=1) for sign in (1, -1))
    assert one != other
    assert repr(one) != repr(other)


def test_a_model_that_cannot_sample_is_told_so():
    view = a_round()
    model = LogisticRegression().fit(np.concatenate([view.labeled_x, view.labeled_x]), [0, 1, 2, 3] * 6)
    bare = al.PoolView(model, view.pool, view.candidates, view.labeled, view.labels, view.classes)
    with pytest.raises(TypeError, match="no sample_proba"):
        LearnedStrategy().select(bare, 3, np.random.default_rng(0))


def test_without_labels_it_says_who_chooses_the_first():
    view = a_round()
    bare = al.PoolView(
        view.model, view.pool, view.candidates, view.labeled[:0], view.labels[:0], view.classes
    )
    with pytest.raises(ValueError, match="typiclust"):
        LearnedStrategy().select(bare, 3, np.random.default_rng(0))


def test_what_is_carried_is_small_and_found_by_name():
    from importlib import resources

    assert (resources.files("tinyal.strategies.learned") / "gain.npz").stat().st_size < 200_000
    assert isinstance(al.strategies.get("learned"), LearnedStrategy)
