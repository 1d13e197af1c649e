"""Stochastic batches: drawn exactly as they say, and a warning where a beta makes no difference."""

import itertools
import math
import warnings

import numpy as np
import pytest
from scipy.special import softmax
from scipy.stats import chisquare, rankdata

import tinyal as al
import tinynn as nn
from tinyal.strategies import BALD, Entropy, Margin, Pointwise, Random, Stochastic, choose
from tinyal.strategies.committee import VoteEntropy
from tinyal.strategies.pointwise import VariationRatio
from tinyal.strategies.stochastic import BetaWarning, Boltzmann, Power, Rank, draw, effect, shares
from tinyal.view import PoolView

TEMPERED = [Power, Boltzmann, Rank]
EVERY = [lambda s, beta=1.0: Stochastic(s), *TEMPERED]
FIRST = 500  # dataset index of the first row: no index is a position
WEIGHTS = {
    Power: lambda s, beta: np.asarray(s) ** beta,
    Boltzmann: lambda s, beta: np.exp(beta * np.asarray(s)),
    Rank: lambda s, beta: rankdata(-np.asarray(s)) ** -beta,
}


class Given(Pointwise):
    """Scores that are known beforehand."""

    def __init__(self, table):
        self.table = np.asarray(table)

    def score(self, view):
        return self.table[view.candidates - FIRST]


def view_of(n):
    candidates = np.arange(FIRST, FIRST + n)
    return PoolView(None, np.zeros((FIRST + n, 1)), candidates, np.arange(2), np.arange(2), np.arange(2))


def select(strategy, n, seed=0):
    rows = strategy.strategy.table
    return strategy.select(view_of(len(rows)), n, np.random.default_rng(seed))


def sequence_probabilities(weights, n):
    """Enumerate drawing n rows one after the other, each in proportion to its weight among those left."""
    probabilities = {}
    for rows in itertools.permutations(range(len(weights)), n):
        left, p = sum(weights), 1.0
        for row in rows:
            p *= weights[row] / left
            left -= weights[row]
        probabilities[rows] = p
    return probabilities


# The distribution.


@pytest.mark.parametrize(
    ("make", "beta", "scores"),
    [
        (Power, 0.5, [0.5, 1.0, 2.0, 4.0]),
        (Power, 2.0, [0.5, 1.0, 2.0, 1.5]),
        (Boltzmann, 1.0, [1.0, 2.0, 3.0, -1.0]),
        (Rank, 1.0, [0.1, 0.9, 0.5, 0.7]),
        (Rank, 2.0, [-3.0, 7.0, 2.0, 2.0]),
    ],
)
def test_batches_are_drawn_one_row_after_the_other_in_proportion_to_the_weights(make, beta, scores):
    """The batches of three, and what they begin with, against all sequences there are."""
    strategy, view, repeats, rng = make(Given(scores), beta), view_of(4), 1200, np.random.default_rng(2)
    drawn = [tuple((strategy.select(view, 3, rng) - FIRST).tolist()) for _ in range(repeats)]
    for n in (1, 2, 3):
        exact = sequence_probabilities(WEIGHTS[make](scores, beta), n)
        begun = [rows[:n] for rows in drawn]
        observed, expected = zip(
            *((begun.count(rows), p * repeats) for rows, p in exact.items()), strict=True
        )
        assert sum(observed) == repeats
        assert chisquare(observed, expected, sum_check=False).pvalue > 1e-4


def test_the_boltzmann_distribution_of_one_two_three():
    scores = np.array([1.0, 2.0, 3.0])
    view = view_of(3)
    for beta, expected in ((1, [0.0900, 0.2447, 0.6652]), (2, [0.0159, 0.1173, 0.8668])):
        found = Boltzmann(Given(scores), beta).parts(view)
        np.testing.assert_allclose(found["probability of the first draw"], expected, atol=5e-5)
        np.testing.assert_array_equal(found["score"], scores)


@pytest.mark.parametrize("make", TEMPERED)
@pytest.mark.parametrize("beta", [0.3, 1.0, 4.0])
def test_parts_tell_the_probability_of_the_first_draw(make, beta):
    scores = np.random.default_rng(0).random(50).round(1)
    weights = WEIGHTS[make](scores, beta)
    found = make(Given(scores), beta).parts(view_of(50))["probability of the first draw"]
    np.testing.assert_allclose(found, weights / weights.sum(), rtol=1e-12)


@pytest.mark.parametrize("make", TEMPERED)
def test_the_higher_score_is_the_likelier_one(make):
    """The sign that is so often wrong."""
    share = make(Given([0.1, 0.8, 0.5])).parts(view_of(3))["probability of the first draw"]
    assert share[1] > share[2] > share[0]


def test_a_positive_shift_moves_nothing_under_boltzmann_and_a_scale_nothing_under_power_and_order_is_all_for_rank():
    scores = np.random.default_rng(1).random(40)
    for seed in range(3):
        for make, changed in ((Boltzmann, scores + 3), (Power, scores * 16), (Rank, np.exp(5 * scores) - 9)):
            same = [select(make(Given(s), 2.0), 8, seed).tolist() for s in (scores, changed)]
            assert same[0] == same[1]


def test_the_draws_are_those_of_before_beta_to_the_bit():
    """The n largest ln s + G with this generator, which recorded runs rest on; a power of one is the same."""
    scores = np.random.default_rng(4).random(200)
    for seed in range(3):
        keys = np.log(scores) + np.random.default_rng(seed).gumbel(size=200)
        expected = FIRST + np.argsort(-keys)[:20]
        np.testing.assert_array_equal(select(Stochastic(Given(scores)), 20, seed), expected)
        np.testing.assert_array_equal(select(Power(Given(scores)), 20, seed), expected)
    assert repr(Stochastic(Entropy())) == "Stochastic(Entropy())"
    assert repr(Power(BALD(5), beta=2)) == "Power(BALD(n_samples=5), beta=2)"
    assert repr(Boltzmann(Entropy()).copy()) == "Boltzmann(Entropy())"


# Any batch.


@pytest.mark.filterwarnings("ignore::tinyal.strategies.stochastic.BetaWarning")
@pytest.mark.parametrize("make", EVERY)
def test_any_number_of_rows_comes_once_each(make):
    tied = np.array([0.0, 1, 1, 0.5, 0, 2, 0.5, 0, 1])
    for n in range(1, 10):
        chosen = choose(make(Given(tied)), view_of(9), n, np.random.default_rng(n))
        assert len(set(chosen.tolist())) == n
        assert select(make(Given(tied)), n, 7).tolist() == select(make(Given(tied)), n, 7).tolist()


@pytest.mark.parametrize("make", EVERY)
def test_among_rows_that_tie_no_place_is_preferred(make):
    counts = np.zeros(8)
    for seed in range(400):
        counts[select(make(Given(np.full(8, 0.4))), 2, seed) - FIRST] += 1
    assert (np.abs(counts - 100) < 5 * math.sqrt(400 * 1 / 4 * 3 / 4)).all(), counts


@pytest.mark.parametrize("beta", [0.5, 3.0])
def test_rows_of_score_zero_come_last_whatever_the_power(beta):
    for seed in range(30):
        chosen = select(Power(Given([0, 2.0, 0, 1e-6, 1]), beta), 5, seed) - FIRST
        assert set(chosen[:3].tolist()) == {1, 3, 4}


def test_all_scores_zero_is_a_draw_at_random():
    share = Power(Given(np.zeros(5))).parts(view_of(5))["probability of the first draw"]
    np.testing.assert_allclose(share, np.full(5, 0.2))


# Refusals.


@pytest.mark.parametrize("make", TEMPERED)
@pytest.mark.parametrize("beta", [0, -1.0, math.nan, math.inf])
def test_a_beta_that_is_no_inverse_temperature_is_refused(make, beta):
    with pytest.raises(ValueError, match=f"above 0 and finite, not {beta}"):
        make(Entropy(), beta)


@pytest.mark.parametrize("make", TEMPERED)
def test_what_gives_no_scores_is_refused(make):
    for strategy in (Random(), Stochastic(Entropy()), lambda view, n, rng: view.candidates[:n], "margin"):
        with pytest.raises(TypeError, match=f"{make.__name__} draws by the scores of a pointwise strategy"):
            make(strategy)


@pytest.mark.parametrize("make", EVERY)
def test_a_score_that_is_not_a_number_is_refused(make):
    with pytest.raises(ValueError, match="Given gave NaN for 1 candidates"):
        select(make(Given([0.1, np.nan, 0.3])), 1)


@pytest.mark.parametrize("make", [EVERY[0], Power, Boltzmann])
def test_infinite_scores_are_refused_and_ranked(make):
    scores = [0.1, np.inf, 0.3, np.inf]
    with pytest.raises(ValueError, match=r"Given gave scores too large .*: 2 rows .*Rank draws by the order"):
        select(make(Given(scores)), 1)
    with pytest.raises(ValueError, match="too large"):
        make(Given(scores)).parts(view_of(4))
    np.testing.assert_allclose(Rank(Given(scores)).log_weights(np.array(scores)), -np.log([4, 1.5, 3, 1.5]))


def test_what_overflows_is_refused_and_what_is_impossible_comes_last():
    with pytest.raises(ValueError, match="2 rows would have infinite weight"):
        select(Boltzmann(Given([1e300, 1.0, 2e300, 3.0]), beta=1e10), 1)
    for seed in range(20):
        assert select(Boltzmann(Given([0.1, -np.inf, 1.0, 0.4])), 4, seed)[-1] == FIRST + 1


@pytest.mark.parametrize("make", [EVERY[0], Power])
def test_negative_scores_are_refused_with_who_takes_them(make):
    with pytest.raises(ValueError, match=r"score of -0\.5, .*Boltzmann and Rank take scores of either sign"):
        select(make(Given([1, -0.5, 2])), 1)
    for takes in (Boltzmann, Rank):
        assert len(select(takes(Given([1, -0.5, 2])), 2)) == 2


# Warnings.


def overlap_with_top(log_weights, n, repeats=200):
    """Draw batches and compare them with the n largest: 1 where they are the same, 0 as by chance."""
    rng, N = np.random.default_rng(6), len(log_weights)
    best = set(np.argsort(-log_weights)[:n].tolist())
    same = np.mean([len(best & set(draw(log_weights, n, rng).tolist())) for _ in range(repeats)]) / n
    return (same - n / N) / (1 - n / N)


@pytest.mark.parametrize("n", [1, 5, 40])
@pytest.mark.parametrize("shape", ["even", "few", "heavy"])
def test_it_is_called_top_only_where_nine_in_ten_rows_are_the_top_ones(shape, n):
    """Over temperatures from nearly random to nearly the top: never too early, and not much too late."""
    rng = np.random.default_rng(1)
    scores = {
        "even": np.linspace(0, 1, 200),
        "few": np.r_[rng.random(45) + 3, rng.random(155)],
        "heavy": rng.gamma(0.3, size=200),
    }[shape]
    found = {}
    for beta in np.geomspace(0.3, 3e4, 9):
        log_weights = beta * scores
        called, overlap = effect(log_weights, n), overlap_with_top(log_weights, n)
        found[called] = found.get(called, 0) + 1
        assert (called != "top") or overlap > 0.88, beta
        assert (called == "top") or overlap < 0.995, beta
    assert found["top"] >= 2
    assert found[None] >= 2


def test_it_is_called_random_where_nine_draws_in_ten_look_at_nothing():
    scores = np.random.default_rng(1).random(2000)
    for beta in np.geomspace(0.01, 10, 15):
        q = softmax(beta * scores)
        like_uniform = 1 - np.abs(q - 1 / 2000).sum() / 2
        assert (effect(beta * scores, 20) == "random") == (like_uniform >= 0.9)


def test_one_row_above_all_others_makes_no_batch_certain():
    """The effective number of rows is 1.1, far below the 10 of the batch; but nine of them are drawn blindly."""
    scores = np.r_[20.0, np.zeros(1000) + np.linspace(0, 1, 1000)]
    q = shares(scores)
    assert np.exp(-(q * np.log(q)).sum()) < 1.1
    assert effect(scores, 10) is None
    assert effect(scores, 1) == "top"


@pytest.mark.parametrize("make", TEMPERED)
def test_a_beta_without_effect_is_told_once_a_batch(make):
    scores = np.random.default_rng(0).random(300) + 0.1
    for beta, word, remedy in ((1e-3, "at random", "Raise"), (1e6, "the 20 highest", "Lower")):
        strategy = make(Given(scores), beta)
        with pytest.warns(BetaWarning, match=f"{make.__name__}.*{word}.*{remedy} beta") as told:
            chosen = select(strategy, 20)
        assert len(told) == 1
        assert len(set(chosen.tolist())) == 20
        if beta > 1:
            assert (np.sort(scores[chosen - FIRST]) == np.sort(scores)[-20:]).all()


@pytest.mark.parametrize("make", TEMPERED)
def test_no_beta_is_blamed_for_what_none_could_change(make):
    nothing_to_choose = np.array([0.5, 1.0, 2.0])
    alike = np.full(300, 0.7)
    for beta in (1e-6, 1e6):
        assert len(select(make(Given(nothing_to_choose), beta), 3)) == 3
        assert len(select(make(Given(alike), beta), 20)) == 20
    few = np.r_[np.zeros(50), 1.0, 2.0, 3.0]
    for n in (3, 4):
        assert effect(Power(Given(few)).log_weights(few), n) is None
    assert effect(Power(Given(few), 30).log_weights(few), 2) == "top"


def test_betas_beyond_all_reason_neither_overflow_nor_stop_the_draw():
    scores = np.random.default_rng(0).random(300)
    with pytest.warns(BetaWarning, match="Lower"):
        chosen = select(Boltzmann(Given(scores), 1e300), 20)
    assert set((chosen - FIRST).tolist()) == set(np.argsort(-scores)[:20].tolist())
    with pytest.warns(BetaWarning, match="Raise"):
        select(Boltzmann(Given(scores), 1e-300), 20)


def network(**settings):
    layers = [nn.Dense(64), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    return nn.Classifier(layers, optimizer=nn.Adam(5e-3), batch_size=32, classes=range(10), **settings)


@pytest.mark.parametrize("labels", [20, 150])
def test_the_usual_settings_are_without_a_word(labels):
    data = nn.datasets.load("digits")
    for strategy in (Entropy(), Margin(), BALD(), VariationRatio(), VoteEntropy()):
        learner = al.ActiveLearner(network(steps=80), data.x_train, strategy)
        learner.tell(np.arange(labels), data.y_train[:labels])
        view = learner.view()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            for make in (Stochastic, Power, Rank):
                choose(make(strategy), view, 10, np.random.default_rng(0))


@pytest.mark.slow
@pytest.mark.skipif(not nn.datasets.available("mnist"), reason="MNIST is not on this machine")
@pytest.mark.parametrize("labels", [20, 100, 500])
def test_the_demonstration_is_without_a_word_on_mnist_and_a_trap_is_not(labels):
    data = nn.datasets.load("mnist")
    rows = np.random.default_rng(labels).permutation(60_000)[:labels]
    learner = al.ActiveLearner(network(steps=150), data.x_train, Random(), candidates=5000)
    learner.tell(rows, data.y_train[rows])
    view = learner.view()
    for strategy in (Entropy(), Margin(), BALD()):
        for make in (Stochastic, Power, Rank):
            choose(make(strategy), view, 20, np.random.default_rng(0))
    with pytest.warns(BetaWarning, match="Raise"):  # BALD's nats are small numbers: e to them is about one
        choose(Boltzmann(BALD()), view, 20, np.random.default_rng(0))


# Models and devices.


@pytest.mark.parametrize("make", EVERY)
def test_the_same_rows_are_drawn_on_every_device(make, device):
    data = nn.datasets.load("digits")
    asked = []
    for where in (device, "cpu"):
        model = network(steps=20, device=where, dtype="float64")
        learner = al.ActiveLearner(model, data.x_train[:200], make(VoteEntropy(), beta=3.0), seed=2)
        learner.tell(np.arange(60), data.y_train[:60])
        asked.append(learner.ask(12).tolist())
    assert asked[0] == asked[1]


@pytest.mark.parametrize("make", EVERY)
def test_what_the_score_lacks_is_told_by_the_score(make):
    data = nn.datasets.load("digits")
    logistic = pytest.importorskip("sklearn.linear_model").LogisticRegression(max_iter=300)
    learner = al.ActiveLearner(logistic, data.x_train[:200] / 255, make(VoteEntropy()))
    learner.tell(np.arange(60), data.y_train[:60])
    with pytest.raises(TypeError, match=r"LogisticRegression has no sample_proba.*'margin' or 'entropy'"):
        learner.ask(5)
