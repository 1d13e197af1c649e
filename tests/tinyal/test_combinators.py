"""Strategies of strategies: shares, schedules, kinds and copies; around strategies and plain functions alike."""

import math
import pickle

import numpy as np
import pytest
from scipy.stats import chisquare

import tinyal as al
import tinynn as nn
from tinyal.strategies import Entropy, Margin, Pointwise, Random, Strategy, choose
from tinyal.strategies.batchbald import BatchBALD
from tinyal.strategies.combinators import Mixture, Schedule
from tinyal.strategies.diverse import Diverse
from tinyal.strategies.near_duplicates import WithoutNearDuplicates
from tinyal.view import PoolView


class ByFirstColumn(Pointwise):
    """The larger the first number of a row, the better."""

    def score(self, view):
        return view.x[:, 0]


class WithoutModel(ByFirstColumn):
    needs_model = False


def last_first(view, n, rng):
    """Plain functions are strategies, too: the largest indices, largest first."""
    return np.sort(view.candidates)[::-1][:n]


class Uniform:
    classes_ = np.arange(2)

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return np.full((len(x), 2), 0.5)


def view_of(pool, labeled=(), candidates=None, model=None):
    pool = np.asarray(pool, dtype=np.float64)
    labeled = np.asarray(labeled, dtype=np.int64)
    candidates = np.setdiff1d(np.arange(len(pool)), labeled) if candidates is None else candidates
    return PoolView(model or Uniform(), pool, candidates, labeled, labeled % 2, np.arange(2))


def random_view(n=40):
    """Three of four rows are candidates, in no order; three others have labels."""
    candidates = np.random.default_rng(1).permutation(np.flatnonzero(np.arange(n) % 4))
    return view_of(np.random.default_rng(0).normal(size=(n, 3)), [0, 4, 8], candidates)


def select(strategy, view, n, seed=0):
    return choose(strategy, view, n, np.random.default_rng(seed))


COMBINATORS = {
    "mixture": lambda strategy: Mixture(strategy, 0.3),
    "mixture of two": lambda strategy: Mixture(strategy, 0.5, other=last_first),
    "schedule": lambda strategy: Schedule({0: strategy, 1000: Random()}),
    "diverse": lambda strategy: Diverse(strategy, factor=3),
    "diverse in rows": lambda strategy: Diverse(strategy, factor=1.5, space="x"),
    "near": lambda strategy: WithoutNearDuplicates(strategy, 1.0),
    "near in features": lambda strategy: WithoutNearDuplicates(strategy, 0.0, space="embed"),
}
INNER = {"scores": ByFirstColumn(), "function": last_first, "random": Random()}
NESTED = WithoutNearDuplicates(
    Mixture(Diverse(Schedule({0: last_first, 3: ByFirstColumn()}), 2), 0.2), distance=0.5
)


# What holds for all.


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
def test_any_number_of_rows_comes_once_each_from_the_candidates(combine, inner):
    strategy = combine(inner)
    for view in (random_view(), view_of(np.ones((12, 2)), [3, 5])):
        for n in (1, 2, 6, len(view) - 1, len(view)):
            chosen = select(strategy, view, n)  # which checks that they are n different candidates
            assert chosen.tolist() == select(strategy, view, n).tolist()


def test_combinators_may_be_nested():
    view = random_view()
    for n in (1, 7, len(view)):
        assert len(select(NESTED, view, n)) == n


@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
def test_they_are_values_and_name_functions_by_their_names(combine):
    strategy = combine(last_first)
    assert isinstance(strategy, Strategy)
    assert "last_first" in repr(strategy)
    assert " at 0x" not in repr(strategy)
    again = pickle.loads(pickle.dumps(strategy))
    assert repr(again) == repr(strategy) == repr(strategy.copy())
    assert select(again, random_view(), 5).tolist() == select(strategy, random_view(), 5).tolist()


def test_a_description_is_what_one_would_write():
    assert repr(Mixture(Margin(), 0.2)) == "Mixture(Margin(), share=0.2)"
    assert repr(Schedule({0: Random(), 50: last_first})) == "Schedule({0: Random(), 50: last_first})"
    assert repr(WithoutNearDuplicates(Margin(), 0.5)) == "WithoutNearDuplicates(Margin(), 0.5)"
    assert repr(Diverse(Mixture(last_first))) == "Diverse(Mixture(last_first))"
    strategy = Mixture(last_first)
    assert strategy.strategy is last_first, "describing it leaves it as it is"


@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
def test_parts_are_those_of_the_strategy_within(combine):
    view = random_view()
    np.testing.assert_array_equal(combine(ByFirstColumn()).parts(view)["score"], view.x[:, 0])
    assert combine(last_first).parts(view) == {}


@pytest.mark.parametrize(
    "combine", [COMBINATORS[name] for name in ("mixture", "schedule", "diverse", "near")]
)
def test_they_need_a_model_when_the_strategy_within_does(combine):
    pool = np.random.default_rng(0).normal(size=(20, 2))
    learner = al.ActiveLearner(Uniform(), pool, combine(WithoutModel()), classes=range(2))
    chosen = learner.ask(4)
    assert pool[:, 0].argmax() in chosen
    assert combine(ByFirstColumn()).needs_model
    assert combine(last_first).needs_model


@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
def test_a_batch_larger_than_the_pool_and_an_answer_that_is_none(combine):
    view = random_view()
    with pytest.raises(ValueError, match="cannot choose 31 of 30 candidates"):
        select(combine(ByFirstColumn()), view, 31)

    def careless(view, n, rng):
        return np.zeros(n, dtype=np.int64)

    with pytest.raises(ValueError, match="careless returned"):
        select(combine(careless), view, 6)


@pytest.mark.parametrize("combine", COMBINATORS.values(), ids=COMBINATORS)
def test_choices_are_the_same_on_every_device(combine, device):
    def ask(device):
        layers = [nn.Dense(8), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
        model = nn.Classifier(layers, steps=10, classes=range(10), device=device, dtype="float64")
        data = nn.datasets.load("digits")
        learner = al.ActiveLearner(model, data.x_train[:60], combine(Entropy()))
        learner.tell(range(20), data.y_train[:20])
        return learner.ask(8).tolist()

    assert ask(device) == ask("cpu")


def test_the_results_of_a_comparison_can_be_kept_under_the_description(tmp_path):
    data = nn.datasets.load("digits")
    split = data.x_train[:80], data.y_train[:80], data.x_test[:20], data.y_test[:20]
    model = nn.Classifier([nn.Dense(10)], steps=3, classes=range(10))
    strategies = {"mixed": Mixture(last_first, 0.5), "nested": NESTED}
    settings = {"model": model, "data": split, "initial": 10, "budget": 20, "batch": 5, "seeds": [0]}
    first = al.compare(strategies, directory=tmp_path, **settings)
    assert [run.queried for run in al.compare(strategies, directory=tmp_path, **settings).runs] == [
        run.queried for run in first.runs
    ]


# Mixtures.


@pytest.mark.parametrize("share", [0, 0.07, 0.1, 0.29, 1 / 3, 0.5, 0.9, 1])
@pytest.mark.parametrize("batch", [1, 7, 10])
def test_over_the_rounds_each_has_its_share(share, batch):
    strategy, others = Mixture(Margin(), share), 0
    for labeled in range(0, 20 * batch, batch):
        count = strategy.count(batch, labeled)
        assert math.floor(share * batch + 1e-9) <= count <= math.ceil(share * batch - 1e-9)
        others += count
    assert others == math.floor(share * 20 * batch + 1e-9)


def test_the_last_rows_are_the_other_strategys_and_the_two_can_be_told_apart():
    view, strategy = random_view(), Mixture(ByFirstColumn(), 0.4, other=last_first)
    chosen = select(strategy, view, 10)
    wanted, others = strategy.split(view, 10, np.random.default_rng(0))
    assert strategy.count(10, 3) == len(others) == 4
    assert others.tolist() == [39, 38, 37, 35]
    assert chosen.tolist() == [*wanted, *others]
    left = np.setdiff1d(view.candidates, others)
    assert wanted.tolist() == left[np.argsort(-view.pool[left, 0])][:6].tolist()


def test_random_rows_are_a_fair_sample_of_all_candidates():
    """Also of those that the strategy wants most: taken from what it leaves, they would measure something else."""
    view, counts = random_view(), np.zeros(40)
    for seed in range(400):
        _, others = Mixture(ByFirstColumn(), 0.5).split(view, 6, np.random.default_rng(seed))
        counts[others] += 1
    assert chisquare(counts[view.candidates]).pvalue > 1e-4
    best = view.candidates[view.x[:, 0].argmax()]
    assert counts[best] > 0


def test_accuracy_on_the_random_part_estimates_that_on_the_whole_pool():
    """A strategy that asks for the model's mistakes; the mean over many batches is right to 4 standard errors."""
    right = np.arange(60) % 3 > 0

    def mistakes_first(view, n, rng):
        return view.candidates[np.argsort(right[view.candidates], kind="stable")[:n]]

    strategy, view = Mixture(mistakes_first, 0.5), view_of(np.arange(60)[:, None])
    accuracies = []
    for seed in range(400):
        batch = select(strategy, view, 20, seed)
        accuracies.append(right[batch[-strategy.count(20, 0) :]].mean())
    assert abs(np.mean(accuracies) - right.mean()) < 4 * np.std(accuracies) / 20
    assert right[batch].mean() < 0.6


def test_shares_at_the_ends_are_one_strategy_alone():
    view = random_view()
    assert select(Mixture(last_first, 0), view, 9).tolist() == last_first(view, 9, None).tolist()
    assert select(Mixture(Random(), 1, last_first), view, 9).tolist() == last_first(view, 9, None).tolist()
    for share in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match=r"share is .* from 0 to 1, not"):
            Mixture(Margin(), share)


# Schedules.


def test_a_schedule_goes_by_the_number_of_labels():
    schedule = Schedule({5: ByFirstColumn(), 0: last_first, 2: Random()})
    pool = np.random.default_rng(0).normal(size=(12, 1))
    for labeled in range(8):
        view = view_of(pool, np.arange(labeled))
        expected = last_first if labeled < 2 else Random() if labeled < 5 else ByFirstColumn()
        assert select(schedule, view, 3).tolist() == select(expected, view, 3).tolist()
    assert schedule.at(4) is schedule.strategies[2]


def test_without_a_model_a_schedule_stays_with_its_first_strategy():
    learner = al.ActiveLearner(
        Uniform(), np.arange(9.0)[:, None], Schedule({0: WithoutModel(), 2: Margin()}), classes=range(2)
    )
    learner.tell([0, 1, 2], [0, 0, 0])
    assert learner.ask(2).tolist() == [8, 7]


def test_a_schedule_starts_at_nought():
    for wrong in ({}, {10: Margin()}, {-1: Random(), 0: Margin()}):
        with pytest.raises(ValueError, match="starts at 0"):
            Schedule(wrong)


# Diverse batches.


def test_of_each_kind_the_most_wanted_is_taken_in_the_order_of_the_strategy():
    places = np.repeat([0.0, 50.0, 100.0], 4)
    pool = np.stack([1 + np.arange(12) % 4 + places / 1000, places], axis=1)
    for seed in range(5):
        assert select(ByFirstColumn(), view_of(pool), 3).tolist() == [11, 7, 3]
        pool_of_one_kind = pool.copy()
        pool_of_one_kind[8:, 0] += 10
        view = view_of(pool_of_one_kind)
        assert select(ByFirstColumn(), view, 3).tolist() == [11, 10, 9]
        assert select(Diverse(ByFirstColumn(), factor=4, space="x"), view, 3, seed).tolist() == [11, 7, 3]


def test_only_the_rows_that_the_strategy_wants_most_are_considered():
    view = random_view()
    for factor, n in ((1, 6), (2, 6), (2.5, 4), (100, 3)):
        considered = select(ByFirstColumn(), view, min(round(factor * n), 30))
        chosen = select(Diverse(ByFirstColumn(), factor), view, n)
        assert set(chosen) <= set(considered)
        assert chosen[0] == considered[0], "the most wanted row is the most wanted of its cluster"
        places = [considered.tolist().index(row) for row in chosen]
        assert places == sorted(places)


def test_it_covers_more_than_the_top_of_the_scores():
    rng = np.random.default_rng(3)
    kinds = rng.integers(6, size=120)
    pool = np.concatenate([kinds[:, None] + rng.random((120, 1)), 20 * np.eye(6)[kinds]], axis=1)
    view = view_of(pool)
    assert len(set(kinds[select(ByFirstColumn(), view, 6)])) == 1
    assert len(set(kinds[select(Diverse(ByFirstColumn(), factor=20, space="x"), view, 6)])) == 6


def test_a_factor_below_one_and_an_unknown_space():
    with pytest.raises(ValueError, match=r"at least 1, not 0\.5"):
        Diverse(Margin(), 0.5)
    for make in (lambda: Diverse(Margin(), space="y"), lambda: WithoutNearDuplicates(Margin(), 1, "y")):
        with pytest.raises(ValueError, match="space is 'embed'"):
            make()


# Near duplicates.


def too_near(view, chosen, distance):
    """Count the pairs, of chosen rows or of a chosen and a labelled one, that are at most `distance` apart."""
    rows = [*chosen.tolist(), *view.labeled.tolist()]
    gaps = np.linalg.norm(view.pool[rows][:, None] - view.pool[rows], axis=2)
    return int((np.triu(gaps <= distance, 1)[: len(chosen)]).sum())


@pytest.mark.parametrize("inner", INNER.values(), ids=INNER)
@pytest.mark.parametrize("distance", [0.0, 0.3, 0.5])
def test_no_two_rows_are_near_while_there_are_others(inner, distance):
    pool = np.random.default_rng(0).normal(size=(60, 2))
    pool[20:40] = pool[:20]
    view = view_of(pool, [0, 45])
    for seed in range(3):
        chosen = select(WithoutNearDuplicates(inner, distance), view, 8, seed)
        assert too_near(view, chosen, distance) == 0


def test_the_best_rows_that_differ_are_taken_in_order():
    view = view_of([[9.0], [8.8], [8.0], [7.9], [5.0], [4.9], [4.0], [1.0]], labeled=[4])
    assert select(WithoutNearDuplicates(ByFirstColumn(), 0.25), view, 4).tolist() == [0, 2, 6, 7]
    assert select(WithoutNearDuplicates(ByFirstColumn(), 0.15), view, 4).tolist() == [0, 1, 2, 6]


def test_when_none_is_left_that_differs_copies_fill_the_batch_by_the_strategys_choice():
    view = view_of([[9.0], [8.9], [8.8], [1.0], [1.1]], labeled=[3])
    assert select(WithoutNearDuplicates(ByFirstColumn(), 0.5), view, 3).tolist() == [0, 1, 2]
    assert select(WithoutNearDuplicates(ByFirstColumn(), 100), view, 2).tolist() == [0, 1]
    assert select(WithoutNearDuplicates(last_first, 100), view, 2).tolist() == [4, 2]


def test_copies_of_large_rows_are_found_and_near_rows_are_none():
    """Distances by a matrix product lose what is smaller than their rounding."""
    rng = np.random.default_rng(0)
    pool = 1e6 + rng.normal(size=(30, 50))
    pool[10:20] = pool[:10]
    pool[20:] = pool[:10] + 1e-4
    view = view_of(pool, labeled=[0])
    chosen = select(WithoutNearDuplicates(Random(), 0), view, 19)
    assert too_near(view, chosen, 0) == 0


def test_a_strategy_with_scores_is_asked_once_and_another_at_most_n_times():
    asked = []

    class Watched(ByFirstColumn):
        def score(self, view):
            asked.append(len(view))
            return super().score(view)

    def watched(view, n, rng):
        asked.append(len(view))
        return view.candidates[np.argsort(-view.x[:, 0])][:n]

    pool = np.repeat(np.arange(20.0), 10)[:, None]
    expected = [[190 - 10 * k + i for i in range(10)] for k in range(5)]
    for strategy in (Watched(), watched):
        chosen = select(WithoutNearDuplicates(strategy, 0.5), view_of(pool), 5)
        assert all(row in kind for row, kind in zip(chosen, expected, strict=True))
    assert asked == [200, 200, 190, 180, 170, 160]


def test_pictures_in_bytes_are_compared_from_nought_to_one():
    pool = np.zeros((4, 2, 2), np.uint8)
    pool[1, 0, 0], pool[2, 0, 0], pool[3] = 25, 255, 255
    view = view_of(np.zeros((4, 1)))
    view.pool = pool
    chosen = select(WithoutNearDuplicates(lambda view, n, rng: view.candidates[:n], 0.1), view, 3)
    assert chosen.tolist() == [0, 2, 3]


def test_distances_that_are_none():
    for distance in (-1, math.nan):
        with pytest.raises(ValueError, match="distance must be at least 0"):
            WithoutNearDuplicates(Margin(), distance)
    pool = np.ones((5, 2))
    pool[2] = np.nan
    for strategy in (WithoutNearDuplicates(Random(), 1), Diverse(Random(), 2)):
        with pytest.raises(ValueError, match="NaN or infinite"):
            select(strategy, view_of(pool), 2)
        with pytest.raises(ValueError, match="no features"):
            select(strategy, view_of(np.ones((5, 0))), 2)


def test_batchbald_goes_inside():
    data = nn.datasets.load("digits")
    model = nn.Classifier(
        [nn.Dense(8), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)], steps=10, classes=range(10)
    )
    strategy = Mixture(WithoutNearDuplicates(BatchBALD(5), 0.1), 0.2)
    learner = al.ActiveLearner(model, data.x_train[:60], strategy)
    learner.tell(range(20), data.y_train[:20])
    assert len(set(learner.ask(10))) == 10
