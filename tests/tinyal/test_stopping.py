"""Rules stop when they say they do; random questions estimate the accuracy without bias, chosen ones do not."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import stats

import tinyal as al
from tinyal.bootstrap import Interval
from tinyal.proportions import clopper_pearson, difference, wilson
from tinyal.random_slice import RandomSlice
from tinyal.stopping import (
    AllOf,
    AnyOf,
    Budget,
    ChoosingStopsPaying,
    Decision,
    OverallUncertainty,
    StabilisingPredictions,
    StoppingRule,
    TargetAccuracy,
    kappa,
)
from tinyal.strategies import Margin, Random


class Threshold:
    """Two classes on a line, split in the middle between their nearest labelled rows."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.cut = (x[y == self.classes_[0], 0].max() + x[y == self.classes_[-1], 0].min()) / 2

    def predict_proba(self, x):
        p = 1 / (1 + np.exp(-8 * (x[:, 0] - self.cut)))
        return np.stack([1 - p, p], axis=1)


class Middle(Threshold):
    """Split in the middle between the classes' means, which also rows with wrong labels cannot upset."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.cut = (x[y == 0, 0].mean() + x[y == 1, 0].mean()) / 2


def line(n=400, seed=0):
    x = np.random.default_rng(seed).random((n, 1))
    return x, (x[:, 0] > 0.6).astype(int)


X, Y = line()


def learner(strategy=None, told=(0, 1, 2, 3, 4, 5), x=X, y=Y):
    it = al.ActiveLearner(Threshold(), x, strategy or Margin())
    rows = (
        np.array([*told, np.flatnonzero(y == 0)[0], np.flatnonzero(y == 1)[0]])[-len(told) :]
        if len(told)
        else []
    )
    it.tell(rows, y[rows]) if len(told) else None
    return it


class Says(StoppingRule):
    """Stop or not, as it is told, and count how often it was asked."""

    def __init__(self, stop):
        self.stop = stop
        self.asked = 0

    def should_stop(self, learner):
        self.asked += 1
        return Decision(self.stop, f"said {self.stop}")


# Rules together.


@pytest.mark.parametrize("one", [False, True])
@pytest.mark.parametrize("other", [False, True])
def test_rules_combine_as_any_and_all(one, other):
    a, b = Says(one), Says(other)
    either, both = (a | b).should_stop(None), (a & b).should_stop(None)
    assert bool(either) == (one or other)
    assert bool(both) == (one and other)
    assert (a.asked, b.asked) == (2, 2), "rules that compare rounds must see each"
    assert ("said True" in either.reason) == (one or other)
    assert ("said False" in both.reason) == (not (one and other))


def test_rules_are_read_as_they_are_written():
    rule = Budget(5) | Budget(3) & OverallUncertainty(0.2)
    assert repr(rule) == "AnyOf([Budget(5), AllOf([Budget(3), OverallUncertainty(0.2)])])"
    assert isinstance(rule, AnyOf)
    assert isinstance(rule.rules[1], AllOf)


@pytest.mark.parametrize("batch", [1, 7])
def test_a_loop_spends_its_budget(batch):
    it, rule = learner(), Budget(30)
    while not (decision := rule.should_stop(it)):
        rows = it.ask(min(batch, 30 - len(it.labeled)))
        it.tell(rows, Y[rows])
        it.skip(it.ask(1))
    assert len(it.labeled) == 30
    assert decision.reason == "30 of 30 labels are spent"


def test_a_budget_larger_than_the_pool_ends_with_the_pool():
    it = learner()
    it.skip(it.unlabeled[5:])
    rows = it.unlabeled
    it.tell(rows, Y[rows])
    assert Budget(100).should_stop(it) == Decision(
        True, "no row is left to ask for, 11 of 100 labels are spent"
    )


# Accuracy.


class Estimated:
    def __init__(self, low):
        self.low = low

    def accuracy(self, confidence):
        self.confidence = confidence
        return Interval(0.95, self.low, 1.0)


def test_a_target_is_reached_when_the_intervals_low_end_is():
    assert TargetAccuracy(0.9, Estimated(0.9)).should_stop(None)
    decision = TargetAccuracy(0.9, below := Estimated(0.89), confidence=0.99).should_stop(None)
    assert not decision
    assert decision.reason == "accuracy 95.0% [89.0%, 100.0%], wanted 90.0%"
    assert below.confidence == 0.99
    assert not TargetAccuracy(0.9, Estimated(None)).should_stop(None)


@pytest.mark.parametrize(("k", "n"), [(0, 10), (1, 10), (9, 10), (10, 10), (33, 40), (500, 1000)])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_intervals_of_proportions_are_those_of_scipy(k, n, confidence):
    for ours, method in ((clopper_pearson, "exact"), (wilson, "wilson")):
        expected = stats.binomtest(k, n).proportion_ci(confidence, method=method)
        found = ours(k, n, confidence)
        np.testing.assert_allclose([found.mean, found.low, found.high], [k / n, *expected], atol=1e-12)


def test_the_exact_interval_holds_the_truth_as_often_as_it_says():
    """Summed over all outcomes, not drawn: coverage at least 95 %."""
    for n in (5, 30):
        intervals = [clopper_pearson(k, n) for k in range(n + 1)]
        for p in np.linspace(0.02, 0.98, 25):
            held = [stats.binom.pmf(k, n, p) for k, i in enumerate(intervals) if i.low <= p <= i.high]
            assert sum(held) >= 0.95 - 1e-12


def test_the_interval_of_a_difference():
    """Newcombe 1998, table II, row 10: (a) 56/70 − 48/80, (c) 9/10 − 3/10, (g) 10/10 − 0/20."""
    for first, second, low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ):
        found = difference(first, second)
        np.testing.assert_allclose([found.low, found.high], [low, high], atol=1e-4)
    assert difference((0, 0), (3, 5)).low == -1
    assert difference((3, 5), (0, 0)).high == 1
    for wrong in ((-1, 5), (6, 5)):
        with pytest.raises(ValueError, match="cannot be"):
            clopper_pearson(*wrong)
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, 95)


# Random questions among the chosen ones.


def test_a_slice_asks_its_share_at_random_and_the_strategy_the_rest():
    it = learner()
    questions = RandomSlice(it, share=0.25, rows=50, seed=4)
    order = [row for row in np.random.default_rng(4).permutation(400)[:50].tolist() if row not in it.labeled]
    for _ in range(10):
        rows = questions.ask(6)
        assert len(set(rows.tolist())) == 6
        it.tell(rows, Y[rows])
    assert list(questions.random) == order[:15]
    assert len(questions.chosen) == 45
    assert not set(questions.chosen) & set(order)


def test_a_slice_asks_alone_or_in_batches_the_same_number_at_random():
    for batches in ([1] * 40, [7, 3, 30]):
        it = learner()
        questions = RandomSlice(it, share=0.2)
        for n in batches:
            rows = questions.ask(n)
            it.tell(rows, Y[rows])
        assert (len(questions.random), len(questions.chosen)) == (8, 32)


def test_when_the_slice_is_used_up_all_questions_are_chosen():
    it = learner()
    questions = RandomSlice(it, share=1.0, rows=5)
    rows = questions.ask(10)
    assert len(questions.random) + len(set(questions._reserved) & set(it.labeled.tolist())) == 5
    assert len(rows) == 10


@pytest.mark.parametrize("share", [0.2, 1.0])
def test_of_a_small_pool_the_slice_reserves_its_share_and_every_row_may_be_asked(share):
    """150 rows with the 200 that are reserved by default once left none to ask for."""
    it = al.ActiveLearner(Middle(), X[:150], Margin())
    questions = RandomSlice(it, share=share)
    assert len(questions._reserved) == share * 150
    asked = []
    for n in (10, 10, 100, 30):
        rows = questions.ask(n)
        it.tell(rows, Y[rows])
        asked += rows.tolist()
    assert sorted(asked) == list(range(150))
    assert set(questions.random) <= set(questions._reserved)
    assert len(questions.random) + len(questions.chosen) == 140
    with pytest.raises(
        ValueError, match="cannot ask for 1: 0 rows of the pool are left to ask for, and 0 reserved"
    ):
        questions.ask(1)


def test_before_there_is_a_model_nothing_is_predicted():
    it = learner(told=())
    questions = RandomSlice(it)
    rows = questions.ask(10)
    assert not questions.random
    assert not questions.chosen
    assert questions.accuracy() == Interval(0.5, 0.0, 1.0)
    it.tell(rows, Y[rows])


def test_predictions_are_noted_before_the_label_is_told_and_judged_by_todays_labels():
    it = learner()
    questions = RandomSlice(it, share=1.0)
    rows = questions.ask(20)
    expected = (X[rows, 0] > it.model.cut).astype(int)
    assert list(questions.random.values()) == expected.tolist()
    assert questions.accuracy().low == 0, "nothing was told"
    it.tell(rows[:15], Y[rows[:15]])
    right = np.sum(expected[:15] == Y[rows[:15]])
    assert questions.accuracy().mean == right / 15
    it.tell(rows[0], 1 - Y[rows[0]], correct=True)
    assert questions.accuracy().mean == (right + (1 if expected[0] != Y[rows[0]] else -1)) / 15
    it.tell(rows[0], Y[rows[0]], correct=True)
    again = questions.ask(5)
    assert again.tolist() == rows[15:].tolist(), "what was not answered comes back first"
    assert [questions.random[row] for row in again] == (X[again, 0] > it.model.cut).astype(int).tolist()


def test_a_window_forgets_what_is_long_ago():
    it = learner()
    questions = RandomSlice(it, share=1.0, rows=100, window=10)
    rows = questions.ask(60)
    it.tell(rows, Y[rows])
    expected = np.array(list(questions.random.values())) == Y[list(questions.random)]
    assert questions.accuracy().mean == expected[-10:].mean()


def noisy_line(seed):
    """Labels that a third of the rows, those in the middle, make unsure: there is something to be wrong about."""
    rng = np.random.default_rng(seed)
    x = rng.random((600, 1))
    return x, (rng.random(600) < 1 / (1 + np.exp(-20 * (x[:, 0] - 0.5)))).astype(int)


def test_random_rows_estimate_the_accuracy_and_chosen_ones_are_far_below():
    random, chosen, true = [], [], []
    for seed in range(30):
        x, y = noisy_line(seed)
        it = al.ActiveLearner(Middle(), x, Margin(), seed=seed)
        it.tell(np.arange(20), y[:20])
        questions = RandomSlice(it, share=0.5, seed=seed)
        accuracies = []
        for _ in range(4):
            rows = questions.ask(20)
            accuracies += [np.mean((x[:, 0] > it.model.cut) == y)] * 20
            it.tell(rows, y[rows])
        random.append(questions.accuracy().mean)
        chosen.append(np.mean([y[row] == label for row, label in questions.chosen.items()]))
        true.append(np.mean(accuracies))
    error = np.array(random) - true
    assert abs(error.mean()) < 3 * error.std() / np.sqrt(30)
    assert abs(error.mean()) < 0.03
    assert np.mean(chosen) < np.mean(true) - 0.2


def test_choosing_pays_until_chosen_rows_are_as_easy_as_random_ones():
    it = learner()
    questions = RandomSlice(it, share=0.5, rows=300, window=60)
    rule = ChoosingStopsPaying(questions, margin=0.15)
    assert not rule.should_stop(it), "nothing is known"
    questions.random = {row: int(Y[row]) for row in range(50, 100)}
    questions.chosen = {row: 1 - int(Y[row]) for row in range(100, 150)}
    it.tell(np.arange(50, 150), Y[50:150])
    assert questions.surprise().mean == 1.0
    assert not rule.should_stop(it)
    questions.chosen = {row: int(Y[row]) for row in range(100, 150)}
    decision = rule.should_stop(it)
    assert decision
    assert decision.reason.startswith("chosen rows are mistaken more often than random ones by 0.0% [-")
    questions.random = {row: 1 - int(Y[row]) for row in range(50, 100)}
    decision = rule.should_stop(it)
    assert decision.reason.startswith("chosen rows are mistaken less often than random ones: -100.0% [-")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Budget(0),
        lambda: TargetAccuracy(95, Estimated(0.9)),
        lambda: OverallUncertainty(0),
        lambda: OverallUncertainty(np.nan),
        lambda: StabilisingPredictions(agreement=2),
        lambda: StabilisingPredictions(window=0),
        lambda: ChoosingStopsPaying(None, margin=0),
        lambda: RandomSlice(learner(), share=0),
        lambda: RandomSlice(learner(), share=0.1, rows=0),
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=r"at least|above 0"):
        wrong()
    with pytest.raises(TypeError, match=r"accuracy\(confidence\)"):
        TargetAccuracy(0.9, 0.95)


# What the model says.


def test_overall_uncertainty_is_the_mean_entropy_of_what_is_left():
    it = learner()
    p = it.model.predict_proba(X[it.unlabeled])
    mean = float(-(p * np.log(p)).sum(axis=1).mean())
    assert not OverallUncertainty(mean - 1e-9).should_stop(it)
    assert OverallUncertainty(mean + 1e-9).should_stop(it)
    assert not OverallUncertainty(1e9).should_stop(learner(told=()))
    it.skip(it.unlabeled)
    assert OverallUncertainty(1e-9).should_stop(it).reason == "no row is left to be unsure of"


def test_kappa_is_agreement_beyond_chance():
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 3, 500), rng.integers(0, 3, 500)
    b[:200] = a[:200]
    metrics = pytest.importorskip("sklearn.metrics")
    np.testing.assert_allclose(kappa(a, b), metrics.cohen_kappa_score(a, b))
    assert kappa([1, 1], [1, 1]) == 1
    assert kappa(["a", "b"], ["b", "a"]) == -1
    assert kappa([1, 1], [2, 2]) == 0


def test_predictions_are_stable_when_they_agree_with_the_round_before_several_times():
    rule = StabilisingPredictions(agreement=0.99, window=2, rows=150, seed=3)
    fixed = np.sort(np.random.default_rng(3).permutation(400)[:150])
    it, seen = learner(), []
    assert not rule.should_stop(learner(told=())), "no model"
    for _ in range(12):
        decision = rule.should_stop(it)
        assert rule.should_stop(it) == decision, "looking twice in a round changes nothing"
        seen.append((X[fixed, 0] > it.model.cut).astype(int))
        kappas = [kappa(a, b) for a, b in pairwise(seen)][-2:]
        assert bool(decision) == (len(kappas) == 2 and np.mean(kappas) >= 0.99)
        rows = it.ask(1)
        it.tell(rows, Y[rows])
    assert decision
    assert decision.reason == "agreement κ 1.0000 over 2 of 2 rounds"


def test_any_strategy_and_any_rule_go_together():
    for strategy in (Margin(), Random()):
        it = learner(strategy)
        questions = RandomSlice(it, share=0.3)
        rule = Budget(200) | TargetAccuracy(0.9, questions) & StabilisingPredictions(window=2, rows=100)
        while not (decision := rule.should_stop(it)):
            rows = questions.ask(10)
            it.tell(rows, Y[rows])
        assert len(it.labeled) < 200
        assert "accuracy" in decision.reason
        assert np.mean((X[:, 0] > it.model.cut) == Y) > 0.9
