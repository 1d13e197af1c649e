"""Simulated runs: every label that was looked at is counted, and every number can be had another way."""

import dataclasses

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests.tinyal.pools import by_patience, quick
from tinyal.oracles import Annotators, ArrayOracle
from tinyal.strategies import NAMES, Entropy, Margin, Random, TypiClust, get

DATA = nn.datasets.load("digits")
X, Y = DATA.x_train[:150], DATA.y_train[:150]
TEST = DATA.x_test[:80], DATA.y_test[:80]


class NearestMean:
    """Classify by the nearest class mean; nothing about it is random."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.means = np.stack([x[y == k].mean(axis=0) for k in self.classes_]) / 255

    def predict_proba(self, x):
        distances = np.square(np.asarray(x)[:, None] / 255 - self.means).sum(axis=2)
        p = np.exp(distances.min(axis=1, keepdims=True) - distances)
        return p / p.sum(axis=1, keepdims=True)


def network():
    layers = [nn.Dense(16), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    return nn.Classifier(layers, steps=15, classes=range(10))


def run(strategy=None, model=None, seed=0, pool=(X, Y), test=TEST, oracle=None, **settings):
    learner = al.ActiveLearner(model or NearestMean(), pool[0], strategy or Margin(), seed=seed)
    return al.simulate(learner, oracle or ArrayOracle(pool[1]), test=test, **settings)


@pytest.mark.parametrize(
    ("initial", "budget", "batch", "labels"),
    [
        (20, 50, 10, [20, 30, 40, 50]),
        (20, 45, 10, [20, 30, 40, 45]),
        (7, 20, 6, [7, 13, 19, 20]),
        (5, 8, 100, [5, 8]),
        (30, 30, 10, [30]),
        (10, 13, 1, [10, 11, 12, 13]),
        (100, 150, 25, [100, 125, 150]),
    ],
)
def test_every_label_counts_and_the_last_round_takes_what_is_left(initial, budget, batch, labels):
    reported = []
    record = run(initial=initial, budget=budget, batch=batch, report=reported.append)
    assert record.labels == reported == labels
    assert [len(rows) for rows in record.queried] == [initial, *np.diff(labels)]
    asked = [row for rows in record.queried for row in rows]
    assert len(set(asked)) == budget
    assert set(asked) <= set(range(150))
    assert len(record.accuracy) == len(record.probabilities) == len(labels)
    record.check()


@pytest.mark.parametrize("name", by_patience(NAMES))
def test_every_strategy_runs_to_the_end_of_the_pool(name):
    record = run(quick(name, n_samples=3), network(), initial=20, budget=150, batch=65)
    assert sorted(row for rows in record.queried for row in rows) == list(range(150))


def test_the_same_seed_is_the_same_run_and_another_seed_another():
    settings = {"initial": 10, "budget": 30, "batch": 10}
    records = [run(get("stochastic-bald"), network(), seed, **settings) for seed in (0, 0, 1)]
    assert records[0] == records[1]
    assert records[0] != records[2]


def test_runs_of_one_seed_start_from_the_same_rows_and_the_same_model():
    settings = {"model": network(), "initial": 10, "budget": 30, "batch": 10}
    starts = set()
    for seed in range(4):
        paired = [run(strategy, seed=seed, **settings) for strategy in (Random(), Margin(), Entropy())]
        assert len({tuple(record.queried[0]) for record in paired}) == 1
        assert len({record.accuracy[0] for record in paired}) == 1
        assert len({tuple(record.queried[1]) for record in paired}) > 1
        starts.add(tuple(paired[0].queried[0]))
    assert len(starts) == 4


def test_every_accuracy_can_be_computed_again_from_the_rows():
    record = run(initial=15, budget=60, batch=15)
    for i, accuracy in enumerate(record.accuracy):
        rows = np.concatenate(record.queried[: i + 1])
        model = NearestMean()
        model.fit(X[rows], Y[rows])
        guesses = [model.classes_[p.argmax()] for p in model.predict_proba(TEST[0])]
        assert accuracy == sum(g == t for g, t in zip(guesses, TEST[1].tolist(), strict=True)) / 80
        if i:
            before = NearestMean()
            rows = np.concatenate(record.queried[:i])
            before.fit(X[rows], Y[rows])
            believed = np.array(record.probabilities[i])
            assert believed.shape == (15, len(before.classes_))
            np.testing.assert_allclose(believed, before.predict_proba(X[record.queried[i]]), atol=5e-5)
    assert record.probabilities[0] is None
    assert record.accuracy[-1] > record.accuracy[0]


def test_a_network_trained_on_the_rows_of_a_run_is_as_accurate_as_it_was():
    record = run(get("stochastic-entropy"), network(), seed=5, initial=15, budget=60, batch=15)
    learner = al.ActiveLearner(network(), X, Random(), seed=5)
    rows = np.concatenate(record.queried)
    learner.tell(rows, Y[rows])
    assert learner.model.score(*TEST) == record.accuracy[-1]


def test_the_test_set_chooses_nothing():
    settings = {"initial": 10, "budget": 40, "batch": 10}
    other = DATA.x_test[100:150], np.zeros(50, int)
    assert run(**settings).queried == run(test=other, **settings).queried


def test_confusions_count_every_test_row_at_the_first_and_the_last_evaluation():
    record = run(initial=15, budget=45, batch=15, confusion=True)
    assert record.accuracy == run(initial=15, budget=45, batch=15).accuracy
    for table, end in zip(record.confusion, (1, 3), strict=True):
        rows = np.concatenate(record.queried[:end])
        model = NearestMean()
        model.fit(X[rows], Y[rows])
        guesses = model.classes_[model.predict_proba(TEST[0]).argmax(axis=1)]
        counted = [
            [int(np.sum((TEST[1] == truth) & (guesses == guess))) for guess in range(10)]
            for truth in range(10)
        ]
        assert table == counted
    assert run(initial=15, budget=45, batch=15).confusion is None


def test_rows_set_aside_are_counted_and_never_asked_for():
    aside = [3, 141, 59]
    record = run(initial=10, budget=150, batch=50, set_aside=aside)
    assert record.labels == [13, 63, 113, 150]
    assert record.queried[0][-3:] == aside
    assert sorted(row for rows in record.queried for row in rows) == list(range(150))
    with pytest.raises(
        ValueError, match="10 initial labels and 3 for validation are more than the budget of 12"
    ):
        run(initial=10, budget=12, set_aside=aside)


def test_how_long_it_took_is_no_part_of_what_happened():
    record, again = (run(initial=10, budget=30, batch=10) for _ in range(2))
    assert record == again
    assert [len(record.seconds[what]) for what in ("choosing", "training")] == [3, 3]
    assert all(second > 0 for second in record.seconds["training"])
    assert record.seconds != again.seconds


def test_words_as_labels():
    words = np.array([f"digit {k}" for k in range(10)])
    settings = {"initial": 20, "budget": 40, "batch": 10}
    assert run(pool=(X, words[Y]), test=(TEST[0], words[TEST[1]]), **settings) == run(**settings)


def test_while_there_is_one_class_it_is_the_guess_and_rows_come_at_random():
    y = np.zeros(150, int)
    y[[30, 140]] = 1
    y_test = np.arange(80) % 4 == 0
    record = run(pool=(X, y), test=(TEST[0], y_test), initial=2, budget=150, batch=4)
    first = next(i for i, rows in enumerate(record.queried) if y[rows].any())
    assert first > 1, "the example has to show the case"
    assert record.accuracy[:first] == [0.75] * first
    assert record.probabilities[: first + 1] == [None] * (first + 1)
    assert all(len(p[0]) == 2 for p in record.probabilities[first + 1 :])
    other = run(Random(), pool=(X, y), test=(TEST[0], y_test), initial=2, budget=150, batch=4)
    assert record.queried[: first + 1] == other.queried[: first + 1]


# A balanced start.


RARE = np.random.default_rng(0).choice(10, 3000, p=[0.91, *[0.01] * 9])


def turns(n, seed=0, labels=RARE, **settings):
    """Return the first rows of a run on a pool with these labels, in the order in which they were asked for."""
    learner = al.ActiveLearner(NearestMean(), np.zeros((len(labels), 1)), Random(), seed=seed, **settings)
    learner.skip(np.arange(1000))
    test = np.zeros((1, 1)), labels[:1]
    return al.simulate(
        learner, ArrayOracle(labels), test=test, initial=n, budget=n, first="balanced"
    ).queried[0]


@pytest.mark.parametrize("n", [10, 20, 23])
@pytest.mark.parametrize("candidates", [None, 1500, 30])
def test_a_balanced_start_has_as_many_rows_of_each_class_though_candidates_are_few(n, candidates):
    """Among 30 candidates hardly any class but the first has two rows."""
    rows = turns(n, candidates=candidates)
    assert RARE[rows].tolist() == [*range(10), *range(10), *range(10)][:n]
    assert len(set(rows)) == n
    assert min(rows) >= 1000, "rows below are skipped"


def test_every_row_of_a_class_may_be_drawn_and_candidates_come_first():
    labels = np.array([*[1] * 1000, 0, 0, 0, 1])
    assert {tuple(turns(2, seed, labels)) for seed in range(40)} == {(1000, 1003), (1001, 1003), (1002, 1003)}
    for seed in range(40):
        learner = al.ActiveLearner(NearestMean(), np.zeros((1004, 1)), TypiClust(), seed=seed, candidates=2)
        learner.skip(np.arange(1000))
        among = set(learner.view().candidates) & {1000, 1001, 1002}
        assert turns(2, seed, labels, candidates=2)[0] in among


def test_runs_of_one_seed_begin_with_the_same_rows_and_go_on_as_the_strategy_wants():
    settings = {"model": network(), "initial": 20, "budget": 40, "batch": 10, "first": "balanced"}
    margin, by_chance = (run(strategy, **settings) for strategy in (Margin(), Random()))
    assert margin.queried[0] == by_chance.queried[0]
    assert np.bincount(Y[margin.queried[0]]).tolist() == [2] * 10
    assert margin.labels == [20, 30, 40], "what was looked at to find them is not counted"
    learner = al.ActiveLearner(network(), X, Margin(), seed=0)
    for rows in margin.queried:
        if len(learner.labeled):
            assert learner.ask(10).tolist() == rows
        learner.tell(rows, Y[rows])
    assert run(Margin(), **{**settings, "first": "random"}).queried[0] != margin.queried[0]
    assert run(Margin(), seed=1, **settings).queried[0] != margin.queried[0]


def test_only_an_array_is_asked_for_all_labels():
    """The answers of others may cost, or come out otherwise when they are asked again."""
    annotators = Annotators([ArrayOracle(Y)])
    with pytest.raises(
        TypeError, match="a balanced start looks at the labels of the whole pool, and Annotators"
    ):
        run(oracle=annotators, initial=20, budget=30, first="balanced")
    assert annotators.cost == 0
    with pytest.raises(ValueError, match="random or strategy or balanced, and not 'both'"):
        run(initial=20, budget=30, first="both")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"initial": 0}, "1 <= initial <= budget and batch >= 1, not initial=0"),
        ({"initial": 60}, "initial=60, budget=50"),
        ({"batch": 0}, "batch=0"),
        ({"budget": 151}, "a budget of 151 labels is more than the pool has: 150 rows"),
        ({"oracle": ArrayOracle(Y[:149])}, "oracle knows 149 labels for a pool of 150 rows"),
        ({"test": (TEST[0], TEST[1][:79])}, "test set has 80 rows and 79 labels"),
        ({"test": (TEST[0][:0], TEST[1][:0])}, "test set has 0 rows"),
    ],
)
def test_numbers_that_do_not_fit(settings, message):
    with pytest.raises(ValueError, match=message):
        run(**{"initial": 10, "budget": 50, "batch": 10, **settings})


def test_a_learner_that_knows_labels_already_would_not_be_counted():
    learner = al.ActiveLearner(NearestMean(), X, Margin())
    learner.tell([0], [Y[0]])
    with pytest.raises(ValueError, match="told labels already"):
        al.simulate(learner, ArrayOracle(Y), test=TEST, budget=50)
    assert learner.labeled.tolist() == [0]


def test_labels_that_are_none_of_the_classes():
    model = network()
    model.classes = range(5)
    with pytest.raises(ValueError, match=r"not among the classes \[0, 1, 2, 3, 4\]"):
        run(model=model, initial=20, budget=30)


def test_an_oracle_answers_for_rows():
    oracle = ArrayOracle(["a", "b", "c"])
    assert len(oracle) == 3
    assert oracle.answer(np.array([2, 0])).tolist() == ["c", "a"]
    for y in (np.zeros((3, 2)), 5, [[1], [2]]):
        with pytest.raises(ValueError, match=r"one label a row, shape \(n,\)"):
            ArrayOracle(y)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"labels": [2]}, "equally long"),
        ({"accuracy": []}, "equally long"),
        ({"probabilities": [None]}, "equally long"),
        ({"labels": [], "accuracy": [], "queried": [], "probabilities": []}, "not empty"),
        ({"labels": [2, 4]}, "count the rows"),
        ({"queried": [[1, 2], [3, 4]]}, "count the rows"),
        ({"accuracy": [0.5, 1.01]}, "shares from 0 to 1"),
        ({"accuracy": [-0.1, 0.5]}, "shares from 0 to 1"),
        ({"accuracy": [0.5, float("nan")]}, "shares from 0 to 1"),
        ({"labels": [2, 2], "queried": []}, "whole numbers that increase"),
        ({"labels": [2.0, 3.0]}, "whole numbers that increase"),
        ({"queried": [[7, 1], [-4]]}, "at least 0"),
        ({"queried": [[7, 1], [4.0]]}, "whole numbers"),
        ({"probabilities": [None, [[0.5, 1.5]]]}, "shares from 0 to 1, a line for each"),
        ({"probabilities": [None, [[0.5], [0.5]]]}, "a line for each row"),
        ({"confusion": [[[1]]]}, "two tables of counts"),
        ({"confusion": [[[1]], [[-1]]]}, "two tables of counts"),
    ],
)
def test_a_record_is_checked(changes, message):
    record = al.RunRecord([2, 3], [0.5, 0.6], [[7, 1], [4]], [None, [[0.5, 0.5]]])
    record.check()
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(record, **changes).check()


def test_rows_may_be_left_out_of_a_record_where_nobody_asks_for_them():
    record = al.RunRecord([2, 3], [0.5, 0.6])
    record.check()
    with pytest.raises(ValueError, match="equally long"):
        record.check(details=True)
