"""Strategies that score rows by committees and by expected gradients: their definitions, their order, their errors."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import entr, rel_entr

import tinyal as al
import tinynn as nn
from tinyal.strategies import BALD, choose
from tinyal.strategies.committee import ConsensusKL, VoteEntropy
from tinyal.strategies.model_change import ExpectedGradientLength, expected_residual
from tinyal.strategies.pointwise import MeanStd, VariationRatio
from tinyal.view import PoolView
from tinynn.ensemble import Ensemble

SAMPLED = [VariationRatio, MeanStd, VoteEntropy, ConsensusKL, BALD]
EVERY = [*SAMPLED, ExpectedGradientLength]
FIRST = 7000  # dataset index of the first row: no index is a position


def votes(samples):
    """Count the members that take each class for the most likely, (n, K), one by one."""
    return np.array(
        [
            [sum(int(member[row].argmax()) == k for member in samples) for k in range(samples.shape[2])]
            for row in range(samples.shape[1])
        ]
    )


def gradient_length(p, h):
    """Build each row's and each class's whole gradient of (W, b), and take its length."""
    return [
        sum(
            row[k] * np.linalg.norm(np.outer([*features, 1], row - np.eye(len(row))[k]))
            for k in range(len(row))
        )
        for row, features in zip(p, h, strict=True)
    ]


DEFINITIONS = {
    VariationRatio: lambda p, S, h: 1 - votes(S).max(axis=1) / len(S),
    MeanStd: lambda p, S, h: S.std(axis=0).mean(axis=1),
    VoteEntropy: lambda p, S, h: entr(votes(S) / len(S)).sum(axis=1),
    ConsensusKL: lambda p, S, h: rel_entr(S, S.mean(axis=0)).sum(axis=2).mean(axis=0),
    BALD: lambda p, S, h: entr(S.mean(axis=0)).sum(axis=1) - entr(S).sum(axis=2).mean(axis=0),
    ExpectedGradientLength: lambda p, S, h: np.array(gradient_length(p, h)),
}


class Known:
    """A model whose answers are known beforehand: row i of its pool holds the number i − FIRST."""

    def __init__(self, p, samples, h):
        self.p, self.samples, self.h = np.asarray(p), np.asarray(samples), np.asarray(h)
        self.classes_ = np.arange(self.p.shape[1])

    def predict_proba(self, x):
        return self.p[x[:, 0]]

    def sample_proba(self, x, n_samples, seed):
        return self.samples[:n_samples, x[:, 0]]

    def embed(self, x):
        return self.h[x[:, 0]]


def view_of(model, every=1):
    n = len(model.p)
    pool = (np.arange(FIRST + n) - FIRST)[:, None]
    candidates = np.arange(FIRST, FIRST + n, every)
    return PoolView(model, pool, candidates, np.arange(2), np.arange(2), model.classes_)


def random_model(n=30, K=4, T=9, seed=0):
    rng = np.random.default_rng(seed)
    samples = rng.dirichlet(np.ones(K), (T, n))
    return Known(samples.mean(axis=0), samples, rng.normal(size=(n, 5)))


def tied_model(n=30, T=8):
    """Three kinds of rows, each many times."""
    rows = np.eye(3)[(np.arange(n) % 3 + np.arange(T)[:, None] * (np.arange(n) % 3)) % 3]
    return Known(rows.mean(axis=0), rows, np.ones((n, 2)))


def select(strategy, view, n, seed=0):
    return strategy.select(view, n, np.random.default_rng(seed))


@pytest.mark.parametrize("strategy", EVERY)
def test_the_score_is_the_definition(strategy):
    model = random_model()
    expected = DEFINITIONS[strategy](model.p, model.samples, model.h)
    np.testing.assert_allclose(strategy().scores(view_of(model)), expected, atol=1e-12)
    np.testing.assert_allclose(
        strategy().scores(view_of(model, every=3)), np.asarray(expected)[::3], atol=1e-12
    )
    np.testing.assert_array_equal(
        strategy().parts(view_of(model))["score"], strategy().scores(view_of(model))
    )


@pytest.mark.parametrize("strategy", EVERY)
@pytest.mark.parametrize("make", [random_model, tied_model])
def test_any_number_of_rows_comes_once_each_best_first_under_dataset_indices(strategy, make):
    view = view_of(make(), every=2)
    scores = dict(zip(view.candidates.tolist(), strategy().scores(view), strict=True))
    for n in range(1, len(view) + 1):
        chosen = choose(strategy(), view, n, np.random.default_rng(1)).tolist()
        assert len(set(chosen)) == n
        found = [scores[row] for row in chosen]
        np.testing.assert_allclose(found, sorted(scores.values(), reverse=True)[:n], atol=1e-12)


@pytest.mark.parametrize("strategy", EVERY)
def test_the_generator_decides_among_ties_and_nothing_else(strategy):
    view = view_of(tied_model())
    assert select(strategy(), view, 5, seed=3).tolist() == select(strategy(), view, 5, seed=3).tolist()
    assert len({tuple(select(strategy(), view, 5, seed)) for seed in range(5)}) > 1
    # Between rows that agree in all samples and rows that disagree, no seed decides.
    if strategy is not ExpectedGradientLength:
        assert all((select(strategy(), view, 20, seed) - FIRST).min() > 0 for seed in range(5))
        assert all(((select(strategy(), view, 20, seed) - FIRST) % 3 > 0).all() for seed in range(5))


@pytest.mark.parametrize("strategy", EVERY)
def test_chunks_do_not_change_the_choice(strategy, monkeypatch):
    whole = select(strategy(), view_of(random_model()), 9).tolist()
    monkeypatch.setattr("tinyal.view.CHUNK", 7)
    assert select(strategy(), view_of(random_model()), 9).tolist() == whole


@pytest.mark.parametrize("strategy", SAMPLED)
def test_as_many_samples_are_taken_as_asked_for(strategy):
    model = random_model(T=9)
    for T in (2, 5, 9):
        expected = DEFINITIONS[strategy](model.p, model.samples[:T], model.h)
        np.testing.assert_allclose(strategy(n_samples=T).scores(view_of(model)), expected, atol=1e-12)
    assert repr(strategy(n_samples=5)) == f"{strategy.__name__}(n_samples=5)"
    assert repr(strategy().copy()) == f"{strategy.__name__}()"
    for T in (1, 0, -3):
        with pytest.raises(ValueError, match=f"{strategy.__name__} compares samples.* at least 2, not {T}"):
            strategy(n_samples=T)


# Committees.


def test_divergence_from_the_consensus_is_bald():
    """The identity of McCallum & Nigam's and Houlsby's numbers, on rows sure, unsure, and of everything between."""
    rng = np.random.default_rng(3)
    for alpha, T in itertools.product((0.01, 0.3, 5), (2, 3, 20)):
        samples = rng.dirichlet(np.full(6, alpha), (T, 40))
        view = view_of(Known(samples.mean(axis=0), samples, samples[0]))
        np.testing.assert_allclose(ConsensusKL().scores(view), BALD().scores(view), atol=1e-14)
        if alpha > 1:  # no rows that tie but for rounding
            assert select(ConsensusKL(), view, 10).tolist() == select(BALD(), view, 10).tolist()


def test_votes_forget_how_sure_a_member_is_and_divergence_does_not():
    unsure, sure = [[0.51, 0.49], [0.49, 0.51]], [[1.0, 0.0], [0.0, 1.0]]
    view = view_of(Known([[0.5, 0.5]] * 2, np.stack([unsure, sure], axis=1), np.ones((2, 1))))
    np.testing.assert_allclose(VoteEntropy().scores(view), [math.log(2)] * 2)
    np.testing.assert_allclose(VariationRatio().scores(view), [0.5, 0.5])
    np.testing.assert_allclose(ConsensusKL().scores(view), [0.0002, math.log(2)], atol=1e-7)


def test_vote_entropy_sees_whether_those_who_lost_agree():
    """Two of four members vote for class 0; the others for one class, or for two."""
    cast = np.array([[0, 0], [0, 0], [1, 1], [1, 2]])
    view = view_of(Known(np.full((2, 3), 1 / 3), np.eye(3)[cast], np.ones((2, 1))))
    assert VariationRatio().scores(view).tolist() == [0.5, 0.5]
    np.testing.assert_allclose(VoteEntropy().scores(view), [math.log(2), 1.5 * math.log(2)])


def digits():
    data = nn.datasets.load("digits")
    return data.x_train[:160] / 255, data.y_train[:160]


def learner_of(model, strategy, **settings):
    x, y = digits()
    learner = al.ActiveLearner(model, x, strategy, **settings)
    learner.tell(np.arange(60), y[:60])
    return learner


def ensemble(members=4):
    return Ensemble([nn.Dense(12), nn.ReLU(), nn.Dense(10)], members=members, steps=25, classes=range(10))


def forest(trees=6):
    return pytest.importorskip("sklearn.ensemble").RandomForestClassifier(n_estimators=trees)


@pytest.mark.parametrize("strategy", SAMPLED)
@pytest.mark.parametrize("make", [ensemble, forest])
def test_a_committee_is_an_ensembles_members_or_a_forests_trees(strategy, make):
    learner = learner_of(make(), strategy(), classes=range(10))
    view = learner.view()
    if make is ensemble:
        members = view.model.sample_proba(view.x)
    else:
        members = np.zeros((6, len(view), 10))
        for member, tree in zip(members, view.model.estimators_, strict=True):
            member[:, view.model.classes_.astype(int)] = tree.predict_proba(view.x)
    expected = DEFINITIONS[strategy](None, np.asarray(members, float), None)
    np.testing.assert_allclose(strategy().scores(view), expected, atol=1e-6)
    assert len(set(learner.ask(7).tolist()) & set(range(60, 160))) == 7


@pytest.mark.parametrize("strategy", SAMPLED)
@pytest.mark.parametrize("make", [ensemble, forest])
def test_a_committee_of_one_is_an_error(strategy, make):
    with pytest.raises(ValueError, match=rf"{strategy.__name__} compares samples, and \w+ has 1 to give"):
        learner_of(make(1), strategy()).ask(3)


@pytest.mark.parametrize("strategy", SAMPLED)
def test_models_that_cannot_sample_say_what_is_missing_and_what_can_be_used(strategy):
    logistic = pytest.importorskip("sklearn.linear_model").LogisticRegression(max_iter=300)
    with pytest.raises(TypeError, match=r"LogisticRegression has no sample_proba.*Dropout.*'entropy'"):
        learner_of(logistic, strategy()).ask(3)
    with pytest.raises(ValueError, match="Dropout"):
        learner_of(nn.Classifier([nn.Dense(10)], steps=5, classes=range(10)), strategy()).ask(3)


@pytest.mark.parametrize("strategy", EVERY)
def test_probabilities_that_are_not_numbers_are_an_error(strategy):
    model = random_model()
    model.p[3], model.samples[:, 3] = np.nan, np.nan
    with pytest.raises(ValueError, match=r"row 3 .*NaN"):
        select(strategy(), view_of(model), 1)


# Expected gradient length.


def test_one_row_by_hand():
    """p = (.7, .2, .1), h = (1, 2): .7 √.14 + .2 √1.14 + .1 √1.34 = .591216, times √6, or without bias √5."""
    residual = 0.7 * math.sqrt(0.14) + 0.2 * math.sqrt(1.14) + 0.1 * math.sqrt(1.34)
    assert residual == pytest.approx(0.591216, abs=5e-7)
    view = view_of(Known([[0.7, 0.2, 0.1]], np.ones((2, 1, 3)) / 3, [[1.0, 2.0]]))
    assert ExpectedGradientLength().score(view)[0] == pytest.approx(residual * math.sqrt(6))
    assert ExpectedGradientLength(bias=False).score(view)[0] == pytest.approx(residual * math.sqrt(5))
    parts = ExpectedGradientLength().parts(view)
    assert parts["expected residual"][0] == pytest.approx(residual)
    assert parts["feature length"][0] == pytest.approx(math.sqrt(6))


def test_the_residual_goes_from_certain_to_uniform():
    for K in (2, 3, 10):
        np.testing.assert_array_equal(expected_residual(np.eye(K, dtype=np.float32)), np.zeros(K))
        assert expected_residual(np.full((1, K), 1 / K))[0] == pytest.approx(math.sqrt(1 - 1 / K))
        inside = expected_residual(np.random.default_rng(0).dirichlet(np.ones(K), 500))
        assert (inside > 0).all()
        assert (inside <= math.sqrt(1 - 1 / K)).all()
    nearly = np.array([[1 - 1e-5, 1e-5]])
    assert expected_residual(nearly)[0] == pytest.approx(2 * 1e-5 * (1 - 1e-5) * math.sqrt(2), abs=1e-8)


def network(*before, classes=10, **settings):
    settings = {"steps": 25, "classes": range(classes), "dtype": "float64", **settings}
    return nn.Classifier([*before, nn.Dense(classes)], **settings)


NETWORKS = {
    "dense": lambda **s: network(nn.Dense(9), nn.Tanh(), nn.Dropout(0.5), **s),
    "linear": lambda **s: network(**s),
    "convolutional": lambda **s: network(
        nn.Reshape((8, 8, 1)), nn.Conv2D(3, 3), nn.ReLU(), nn.MaxPool2D(2), nn.Flatten(), **s
    ),
}


@pytest.mark.parametrize("kind", NETWORKS)
def test_embed_is_the_input_of_the_last_dense_layer(kind):
    x, y = digits()
    model = NETWORKS[kind]().fit(x[:60], y[:60])
    h, last = model.embed(x), model.network_.layers[-1]
    np.testing.assert_allclose(nn.softmax(h @ last.W + last.b), model.predict_proba(x), atol=1e-13)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("kind", NETWORKS)
def test_it_is_the_length_of_gradients_from_backpropagation(kind, bias):
    """Each class in turn as the label of a row, the whole network backwards, the last layer's dW and db."""
    view = learner_of(NETWORKS[kind](), ExpectedGradientLength()).view()
    net, loss, p = view.model.network_, nn.SoftmaxCrossEntropy(), view.proba()
    expected = np.zeros(12)
    for row, k in itertools.product(range(12), range(10)):
        loss.forward(net.forward(view.x[row : row + 1]), np.array([k]))
        net.backward(loss.backward())
        gradient = [net.layers[-1].dW.ravel(), net.layers[-1].db if bias else []]
        expected[row] += p[row, k] * np.linalg.norm(np.concatenate(gradient))
    np.testing.assert_allclose(ExpectedGradientLength(bias).scores(view)[:12], expected, rtol=1e-6)
    assert expected.std() > 0


def test_a_class_that_no_label_showed_yet_adds_nothing():
    x, y = digits()
    few = np.flatnonzero(y < 4)[:30]
    learner = al.ActiveLearner(network(nn.Dense(6), nn.ReLU(), classes=4), x, ExpectedGradientLength())
    learner.tell(few, y[few])
    view = learner.view()
    wide = PoolView(view.model, x, view.candidates, view.labeled, view.labels, np.arange(10))
    assert wide.proba().shape[1] == 10
    np.testing.assert_allclose(
        ExpectedGradientLength().scores(wide), ExpectedGradientLength().scores(view), atol=1e-12
    )


def test_features_that_are_none_are_errors():
    def view(h):
        return view_of(Known(np.full((3, 2), 0.5), np.full((2, 3, 2), 0.5), h))

    for h, message in (
        (np.ones((3, 0)), r"at least one feature.*\(3, 0\)"),
        (np.ones((3, 2, 2)), r"axes \(rows, features\).*\(3, 2, 2\)"),
        ([[1.0, 2.0], [3.0, np.nan], [0.0, 0.0]], "NaN or infinite features"),
        ([[1.0, 2.0], [np.inf, 0.0], [0.0, 0.0]], "NaN or infinite features"),
    ):
        with pytest.raises(ValueError, match=message):
            ExpectedGradientLength().scores(view(h))
    for model in (forest(), ensemble()):
        with pytest.raises(TypeError, match=rf"{type(model).__name__} has no embed\(x\).*Classifier"):
            learner_of(model, ExpectedGradientLength()).ask(3)


# Devices.


@pytest.mark.parametrize("strategy", EVERY)
def test_the_same_rows_are_asked_for_on_every_device(strategy, device):
    layers = (nn.Dense(8), nn.ReLU(), nn.Dropout(0.5))
    asked = [
        learner_of(network(*layers, device=where), strategy(), seed=1).ask(10) for where in (device, "cpu")
    ]
    np.testing.assert_array_equal(*asked)
