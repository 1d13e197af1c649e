"""Strategies that train ahead, against loops that do the same by hand."""

import copy
import pickle
import sys

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tinyal.strategies import Margin, Random, choose
from tinyal.strategies.look_ahead import ExpectedErrorReduction, ExpectedModelOutputChange, LookAhead
from tinyal.view import PoolView

ALL = [
    ExpectedErrorReduction(rows=1000, candidates=1000),
    ExpectedErrorReduction("zero-one", rows=1000, candidates=1000),
    ExpectedModelOutputChange(rows=1000, candidates=1000),
]


class Centroids:
    """Probabilities by the distance to the mean of each class: deterministic, and trained in no time."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.means = np.stack([x[y == label].mean(axis=0) for label in self.classes_])
        return self

    def predict_proba(self, x):
        p = np.exp(-((x[:, None] - self.means) ** 2).sum(axis=2))
        return p / p.sum(axis=1, keepdims=True)


def entropy(p):
    return -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)


LOSS = {"log": entropy, "zero-one": lambda p: 1 - p.max(axis=1)}


def by_hand(strategy, model, pool, labeled, labels, candidates):
    """Score all candidates over all other candidates."""
    model = copy.deepcopy(model).fit(pool[labeled], labels)
    scores = []
    for row in candidates:
        others = [other for other in candidates if other != row]
        score = 0.0
        for label, p in zip(model.classes_, model.predict_proba(pool[[row]])[0], strict=True):
            ahead = copy.deepcopy(model).fit(pool[[*labeled, row]], [*labels, label])
            before, after = model.predict_proba(pool[others]), ahead.predict_proba(pool[others])
            if isinstance(strategy, ExpectedErrorReduction):
                loss = LOSS[strategy.loss]
                score += p * (loss(before) - loss(after)).mean()
            else:
                score += p * (np.abs(after - before).sum(axis=1) / 2).mean()
        scores.append(score)
    return np.array(scores)


def learner_of(model, strategy, n=40, labels=8, seed=0, **settings):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    pool = rng.normal(size=(n, 2)) + 1.5 * np.eye(3, 2)[y]
    learner = al.ActiveLearner(model, pool, strategy, classes=settings.pop("classes", range(3)), **settings)
    learner.tell(np.arange(labels), y[:labels])
    return learner


def bayes():
    return pytest.importorskip("sklearn.naive_bayes").GaussianNB(var_smoothing=1e-1)


def logistic_regression():
    return pytest.importorskip("sklearn.linear_model").LogisticRegression()


@pytest.mark.parametrize(
    ("strategy", "model"),
    [*((strategy, Centroids) for strategy in ALL), (ALL[0], logistic_regression), (ALL[2], bayes)],
)
def test_scores_are_those_of_a_loop_that_trains(strategy, model):
    learner = learner_of(model(), strategy, n=16 if model is Centroids else 12)
    view = learner.view()
    expected = by_hand(strategy, model(), view.pool, view.labeled, view.labels, view.candidates)
    np.testing.assert_allclose(strategy.scores(view, view.candidates, view.candidates), expected, atol=1e-12)
    best_first = view.candidates[np.argsort(-expected)]
    for n in (1, 3, len(view) - 1):
        assert learner.ask(n).tolist() == best_first[:n].tolist()


@pytest.mark.parametrize("strategy", ALL, ids=repr)
def test_scores_of_a_network_are_those_of_a_loop_that_trains(strategy):
    model = nn.Classifier([nn.Dense(4), nn.ReLU(), nn.Dense(3)], steps=4, classes=range(3), dtype="float64")
    learner = learner_of(model, strategy, n=11)
    view = learner.view()
    seeded = copy.deepcopy(model).set_params(seed=learner.model.seed)
    expected = by_hand(strategy, seeded, view.pool, view.labeled, view.labels, view.candidates)
    np.testing.assert_allclose(strategy.scores(view, view.candidates, view.candidates), expected, atol=1e-12)


def test_an_error_that_is_expected_to_grow_is_a_negative_score():
    learner = learner_of(Centroids(), ALL[0])
    view = learner.view()
    scores = ALL[0].scores(view, view.candidates, view.candidates)
    assert scores.min() < 0 < scores.max()


@pytest.mark.parametrize("strategy", ALL, ids=repr)
def test_a_label_that_changes_nothing_scores_zero(strategy):
    class Stubborn(Centroids):
        def predict_proba(self, x):
            return np.tile([0.2, 0.3, 0.5], (len(x), 1))

    view = learner_of(Stubborn(), strategy).view()
    np.testing.assert_array_equal(strategy.scores(view, view.candidates[:5], view.candidates), 0)


def test_output_change_is_largest_where_a_label_moves_most():
    """A lone row far out pulls the mean of whichever class it gets; a row amid its class moves nothing."""
    pool = np.array([[0.0], [0.1], [1.0], [1.1], [0.05], [1.05], [4.0], [0.5]])
    learner = al.ActiveLearner(Centroids(), pool, ALL[2])
    learner.tell(range(4), [0, 0, 1, 1])
    assert learner.ask(1).tolist() == [6]


# Cost: what is trained and what is not.


def counted(learner, n=1):
    """Ask, and return the indices and the labels that each training ahead had besides those told."""
    view, extra = learner.view(), []
    train = view._train

    def counting(indices, labels):
        extra.append((int(indices[-1]), labels[-1]))
        return train(indices, labels)

    view._train = counting
    chosen = choose(learner.strategy, view, n, np.random.default_rng(1))
    return chosen, extra


@pytest.mark.parametrize("kind", [ExpectedErrorReduction, ExpectedModelOutputChange])
def test_it_trains_once_for_each_candidate_and_class(kind):
    learner = learner_of(Centroids(), kind(candidates=5, rows=7))
    chosen, extra = counted(learner, 2)
    assert len(extra) == len(set(extra)) == 15
    assert set(chosen.tolist()) <= {row for row, _ in extra}
    chosen, extra = counted(learner, 9)
    assert len(chosen) == 9
    assert len(extra) == 2 * 27, "of as many candidates as are asked for nothing could be chosen"


@pytest.mark.parametrize("kind", [ExpectedErrorReduction, ExpectedModelOutputChange])
def test_a_batch_as_large_as_the_candidates_is_chosen_by_score(kind):
    strategy = kind(candidates=8, rows=1000)
    view = learner_of(Centroids(), strategy).view()
    shortlist = Random().select(view, 16, np.random.default_rng(3))
    expected = shortlist[np.argsort(-strategy.scores(view, shortlist, view.candidates))[:8]]
    assert strategy.select(view, 8, np.random.default_rng(3)).tolist() == expected.tolist()


@pytest.mark.parametrize("strategy", [ALL[0], ALL[2]], ids=repr)
def test_all_rows_that_are_left_come_without_any_training(strategy):
    chosen, extra = counted(learner_of(Centroids(), strategy), 32)
    assert sorted(chosen.tolist()) == list(range(8, 40))
    assert extra == []


def test_a_label_that_cannot_be_costs_no_training():
    learner = learner_of(Centroids(), ExpectedErrorReduction(candidates=5), classes=range(10))
    assert len(counted(learner)[1]) == 15


def test_a_shortlist_says_which_candidates_are_worth_trainings():
    strategy = ExpectedErrorReduction(candidates=4, shortlist=Margin())
    learner = learner_of(Centroids(), strategy)
    doubted = Margin().select(learner.view(), 4, np.random.default_rng(0))
    assert {row for row, _ in counted(learner)[1]} == set(doubted.tolist())
    strategy = ExpectedModelOutputChange(candidates=3, shortlist=lambda view, n, rng: view.candidates[:n])
    assert {row for row, _ in counted(learner_of(Centroids(), strategy))[1]} == {8, 9, 10}


def test_a_candidate_does_not_count_for_itself():
    strategy = ALL[0]
    view = learner_of(Centroids(), strategy).view()
    row, others = view.candidates[:1], view.candidates[1:]
    with_itself = strategy.scores(view, row, view.candidates)
    np.testing.assert_array_equal(with_itself, strategy.scores(view, row, others))
    assert strategy.scores(view, row, row).tolist() == [0]


def test_rows_are_few_where_few_are_asked_for():
    asked = []

    class Watched(Centroids):
        def predict_proba(self, x):
            asked.append(len(x))
            return super().predict_proba(x)

    learner = learner_of(Watched(), ExpectedErrorReduction(candidates=2, rows=6))
    learner.ask(1)
    assert asked == [2, 6] + [6] * 6


def test_progress_is_shown_on_a_terminal_only(monkeypatch, capsys):
    learner = learner_of(Centroids(), ExpectedErrorReduction(candidates=2))
    learner.ask(1)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    learner.ask(1)
    assert "6/6" in capsys.readouterr().err


# What holds for every strategy.


SMALL = [ExpectedErrorReduction(candidates=3, rows=9), ExpectedModelOutputChange(candidates=3, rows=9)]


@pytest.mark.parametrize("strategy", SMALL, ids=repr)
def test_any_number_of_rows_comes_once_each_from_the_candidates(strategy):
    view = learner_of(Centroids(), strategy, n=24).view().subset(np.array([15, 3, 8, 1, 5, 12, 0]))
    for n in range(1, 8):
        chosen = choose(strategy, view, n, np.random.default_rng(n))
        assert len(set(chosen.tolist())) == n
        again = choose(strategy, view, n, np.random.default_rng(n))
        assert chosen.tolist() == again.tolist()


def test_among_equal_rows_any_is_as_likely():
    """Also of rows whose scores are means over different rows, and differ in their last digits."""
    pool = np.concatenate([[[0.0], [1.0]], np.random.default_rng(0).random((18, 1))])
    equal = np.arange(2, 20, 3)
    pool[equal] = 0.4
    strategy = ExpectedModelOutputChange(candidates=6, shortlist=lambda view, n, rng: equal)
    learner = al.ActiveLearner(Centroids(), pool, strategy)
    learner.tell([0, 1], [0, 1])
    view = learner.view()
    first = [strategy.select(view, 1, np.random.default_rng(seed))[0] for seed in range(60)]
    counts = np.bincount(first, minlength=20)[equal]
    assert (np.abs(counts - 10) < 5 * np.sqrt(60 / 6 * 5 / 6)).all(), counts


def test_labels_may_be_words():
    learner = learner_of(Centroids(), SMALL[0], labels=0, classes=["a", "bee", "see"])
    learner.tell([0, 1, 2], ["a", "bee", "see"])
    assert len(learner.ask(3)) == 3


@pytest.mark.parametrize("strategy", SMALL, ids=repr)
def test_choices_are_the_same_on_every_device(strategy, device):
    def ask(device):
        layers = [nn.Dense(4), nn.ReLU(), nn.Dense(3)]
        model = nn.Classifier(layers, steps=3, classes=range(3), device=device, dtype="float64")
        return learner_of(model, strategy).ask(3).tolist()

    assert ask(device) == ask("cpu")


def test_they_are_values():
    strategy = ExpectedErrorReduction("zero-one", candidates=5, shortlist=Margin())
    text = "ExpectedErrorReduction(loss='zero-one', candidates=5, shortlist=Margin())"
    assert repr(strategy) == repr(strategy.copy()) == repr(pickle.loads(pickle.dumps(strategy))) == text
    named = ExpectedModelOutputChange(shortlist=entropy)
    assert repr(named) == "ExpectedModelOutputChange(shortlist=entropy)", "not where it lies in memory"
    assert repr(ExpectedModelOutputChange(rows=9)) == "ExpectedModelOutputChange(rows=9)"


# What goes wrong.


def test_settings_that_make_no_sense():
    with pytest.raises(ValueError, match='loss must be "log" or "zero-one", not \'hinge\''):
        ExpectedErrorReduction("hinge")
    for kind in (ExpectedErrorReduction, ExpectedModelOutputChange):
        for wrong in ({"candidates": 0}, {"rows": 0}):
            with pytest.raises(ValueError, match="candidates and rows must be at least 1"):
                kind(**wrong)


def test_a_view_that_cannot_train_says_so():
    view = learner_of(Centroids(), SMALL[0]).view()
    bare = PoolView(view.model, view.pool, view.candidates, view.labeled, view.labels, view.classes)
    for strategy in SMALL:
        with pytest.raises(TypeError, match="no way to"):
            choose(strategy, bare, 1, np.random.default_rng(0))


@pytest.mark.parametrize("strategy", SMALL, ids=repr)
def test_a_training_that_diverges_is_an_error(strategy):
    class Diverging(Centroids):
        def predict_proba(self, x):
            return super().predict_proba(x) * (1 if self.rows <= 8 else np.nan)

        def fit(self, x, y):
            self.rows = len(x)
            return super().fit(x, y)

    learner = learner_of(Diverging(), strategy)
    with pytest.raises(ValueError, match="NaN"):
        learner.ask(1)


def test_a_batch_larger_than_the_pool():
    with pytest.raises(ValueError, match="cannot choose 33 of 32 candidates"):
        choose(SMALL[0], learner_of(Centroids(), SMALL[0]).view(), 33, np.random.default_rng(0))


def test_the_base_says_nothing_of_its_own():
    with pytest.raises(NotImplementedError, match="LookAhead must define benefit"):
        choose(LookAhead(), learner_of(Centroids(), LookAhead()).view(), 1, np.random.default_rng(0))
