"""Strategies: as many rows as asked for, each once, none of them labelled; the right ones, drawn as they claim."""

import copy
import itertools
import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import entr, rel_entr
from scipy.stats import chisquare

import tinyal as al
import tinynn as nn
from tinyal import strategies
from tinyal.strategies import BALD, Entropy, Margin, Pointwise, Random, Stochastic, choose, get, top
from tinyal.view import PoolView

SEED = 5
SAMPLED = ("bald", "information-gain", "variation-ratio", "mean-std", "vote-entropy", "consensus-kl")
# Of a model's probabilities alone; for the others there are test_pointwise.py, test_joint_batches.py and so on.
POINTWISE = ["least-confidence", "margin", "entropy", *SAMPLED]
NAMES = ["random", *POINTWISE, *(f"stochastic-{name}" for name in POINTWISE)]
BRUTE_FORCE = {
    "least-confidence": lambda p, samples: 1 - p.max(axis=1),
    "margin": lambda p, samples: np.sort(p, axis=1)[:, -2] - np.sort(p, axis=1)[:, -1],
    "entropy": lambda p, samples: entr(p).sum(axis=1),
    "bald": lambda p, samples: rel_entr(samples, samples.mean(axis=0)).sum(axis=2).mean(axis=0),
    "information-gain": lambda p, samples: rel_entr(samples, samples.mean(axis=0)).sum(axis=2).mean(axis=0),
    "consensus-kl": lambda p, samples: rel_entr(samples, samples.mean(axis=0)).sum(axis=2).mean(axis=0),
    "variation-ratio": lambda p, samples: 1 - votes(samples).max(axis=1),
    "mean-std": lambda p, samples: samples.std(axis=0).mean(axis=1),
    "vote-entropy": lambda p, samples: entr(votes(samples)).sum(axis=1),
}


def votes(samples):
    """Return the share of samples that vote for each class, (n, K)."""
    return (samples.argmax(axis=2)[..., None] == np.arange(samples.shape[2])).mean(axis=0)


class Known:
    """A model whose probabilities are known beforehand: row i of its pool holds the number i."""

    def __init__(self, p, samples=None):
        self.p, self.samples = np.asarray(p), samples
        self.classes_ = np.arange(self.p.shape[1])
        self.asked = []

    def predict_proba(self, x):
        self.asked.append(len(x))
        return self.p[x[:, 0]]

    def sample_proba(self, x, n_samples, seed):
        assert seed == SEED, "all chunks of a round need the same samples"
        self.asked.append(len(x))
        return self.samples[:n_samples, x[:, 0]]


class Given(Pointwise):
    """Scores that are known beforehand."""

    def __init__(self, table):
        self.table = np.asarray(table)

    def score(self, view):
        return self.table[view.x[:, 0]]


def view_of(model, n, candidates=None, labeled=()):
    candidates = np.setdiff1d(np.arange(n), labeled) if candidates is None else np.asarray(candidates)
    labeled = np.asarray(labeled, dtype=np.int64)
    return PoolView(model, np.arange(n)[:, None], candidates, labeled, labeled % 3, np.arange(3), SEED)


def random_view(n=40, seed=0, T=20):
    """Show rows without ties; three of four are candidates, two are labelled."""
    rng = np.random.default_rng(seed)
    model = Known(rng.dirichlet([1, 1, 1], n), rng.dirichlet([1, 1, 1], (T, n)))
    return view_of(model, n, np.flatnonzero(np.arange(n) % 4), labeled=[0, 8])


def tied_view(n=40):
    """Show rows of which many are the same: certain ones, undecided ones, some in between."""
    kinds = np.array([[1, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0, 1, 0]])
    samples = kinds[(np.arange(n) + np.arange(20)[:, None] * (np.arange(n) % 2)) % 4]
    return view_of(Known(kinds[np.arange(n) % 4], samples), n, np.flatnonzero(np.arange(n) % 5), [0, 5])


def table_view(scores):
    return view_of(Known(np.ones((len(scores), 3)) / 3), len(scores))


def select(strategy, view, n, seed=0):
    return strategy.select(view, n, np.random.default_rng(seed))


# What holds for all.


@pytest.mark.parametrize("make", [random_view, tied_view])
@pytest.mark.parametrize("name", NAMES)
def test_any_number_of_rows_comes_once_each_from_the_candidates(name, make):
    view = make()
    for n in range(1, len(view) + 1):
        chosen = select(get(name), view, n)
        assert chosen.shape == (n,)
        assert chosen.dtype.kind == "i"
        assert len(set(chosen.tolist())) == n
        assert set(chosen.tolist()) <= set(view.candidates.tolist())
        assert not set(chosen.tolist()) & set(view.labeled.tolist())
        np.testing.assert_array_equal(choose(get(name), view, n, np.random.default_rng(0)), chosen)


@pytest.mark.parametrize("name", NAMES)
def test_the_generator_decides_all_that_is_random(name):
    view = tied_view()
    assert select(get(name), view, 9, seed=3).tolist() == select(get(name), view, 9, seed=3).tolist()
    assert len({tuple(select(get(name), view, 9, seed)) for seed in range(5)}) > 1


@pytest.mark.parametrize("size", [1, 7, 29])
@pytest.mark.parametrize("make", [random_view, tied_view])
@pytest.mark.parametrize("name", NAMES)
def test_chunks_change_the_memory_and_not_the_choice(name, make, size, monkeypatch):
    whole = select(get(name), make(), 9)
    monkeypatch.setattr("tinyal.view.CHUNK", size)
    view = make()
    assert select(get(name), view, 9).tolist() == whole.tolist()
    assert max(view.model.asked, default=0) <= size
    assert sum(view.model.asked) == (0 if name == "random" else len(view))


# Top-k.


@pytest.mark.parametrize("name", POINTWISE)
def test_top_k_is_the_end_of_an_argsort_by_the_definition(name):
    view = random_view()
    scores = BRUTE_FORCE[name](view.model.p, view.model.samples)
    best_first = np.sort(scores[view.candidates])[::-1]  # scores, not rows: votes tie
    for n in range(1, len(view) + 1):
        np.testing.assert_allclose(scores[select(get(name), view, n)], best_first[:n], atol=1e-12)


def test_ties_are_broken_by_chance_and_every_way_is_as_likely():
    """Two rows stand above six that tie for two places; expected counts ± 5 standard deviations."""
    scores = np.array([1.0, 5, 1, 1, 0, 1, 4, 1, 1])
    tied, repeats = [0, 2, 3, 5, 7, 8], 900
    chosen = np.array([top(scores, 4, np.random.default_rng(seed)) for seed in range(repeats)])
    assert (chosen[:, :2] == [1, 6]).all()
    pairs = [(chosen[:, 2:] == pair).all(axis=1).sum() for pair in itertools.permutations(tied, 2)]
    assert sum(pairs) == repeats
    assert chisquare(pairs).pvalue > 1e-4


def test_ties_above_the_last_place_are_shuffled_too():
    first = [top(np.array([3, 3, 3, 1, 0]), 4, np.random.default_rng(seed))[0] for seed in range(600)]
    assert chisquare(np.bincount(first, minlength=3)).pvalue > 1e-4


@pytest.mark.parametrize("name", NAMES)
def test_among_equal_rows_no_strategy_prefers_a_place_in_the_data_set(name):
    p = np.tile([0.5, 0.3, 0.2], (8, 1))
    samples = np.tile(np.array([[0.8, 0.1, 0.1], [0.2, 0.5, 0.3]])[:, None], (10, 8, 1))
    view = view_of(Known(p, samples), 8)
    counts = np.zeros(8)
    for seed in range(400):
        counts[select(get(name), view, 2, seed)] += 1
    assert (np.abs(counts - 100) < 5 * math.sqrt(400 * 1 / 4 * 3 / 4)).all(), counts


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float32])
def test_scores_of_any_kind_of_number_are_ranked(dtype):
    scores = np.array([0, 1, 0, 1, 0]) if dtype is bool else np.array([7, 3, 0, 200, 9])
    view = table_view(scores)
    chosen = select(Given(scores.astype(dtype)), view, 4)
    assert scores[chosen].tolist() == sorted(scores, reverse=True)[:4]


@pytest.mark.parametrize("strategy", [lambda s: Given(s), lambda s: Stochastic(Given(s))])
def test_a_score_that_is_not_a_number_is_an_error(strategy):
    scores = np.array([0.1, np.nan, 0.3, np.nan])
    with pytest.raises(ValueError, match="Given gave NaN for 2 candidates"):
        select(strategy(scores), table_view(scores), 1)


def test_probabilities_that_are_not_numbers_are_an_error():
    p = np.full((4, 3), 1 / 3)
    p[2] = np.nan
    for name in POINTWISE:
        with pytest.raises(ValueError, match=r"row 2 .*NaN"):
            select(get(name), view_of(Known(p, np.stack([p] * 20)), 4), 1)


@pytest.mark.parametrize(
    ("row", "message"),
    [([0.5, 0.5, 0.5], "sums to 1.5"), ([2.0, -1.0, 0.0], "logits"), ([0.0, 0.0, 0.0], "sums to 0")],
)
@pytest.mark.parametrize("name", POINTWISE)
def test_probabilities_that_do_not_sum_to_one_are_an_error(name, row, message):
    p = np.full((4, 3), 1 / 3)
    p[2] = row
    with pytest.raises(ValueError, match=f"row 2 is no probability distribution.*{message}"):
        choose(get(name), view_of(Known(p, np.stack([p] * 20)), 4), 1, np.random.default_rng(0))


def test_a_score_for_each_candidate_and_no_more():
    class Short(Pointwise):
        def score(self, view):
            return view.x[1:, 0]

    class Column(Pointwise):
        def score(self, view):
            return view.x

    for strategy in (Short(), Column()):
        with pytest.raises(ValueError, match=rf"{type(strategy).__name__} must give .* shape \(6,\), not"):
            select(strategy, table_view(np.zeros(6)), 2)


# BALD.


@pytest.mark.parametrize("name", ["bald", "information-gain"])
def test_bald_asks_where_samples_disagree_and_not_where_all_are_unsure(name):
    noise = np.full((20, 3), 1 / 3)
    certain = np.tile([1.0, 0, 0], (20, 1))
    disagreed = np.eye(3)[np.arange(20) % 3]
    samples = np.stack([noise, noise, disagreed, certain], axis=1)
    p = samples.mean(axis=0)
    view = view_of(Known(p, samples), 4)
    assert select(get(name), view, 1).tolist() == [2]
    scores = get(name).scores(view)
    np.testing.assert_allclose(scores[[0, 1, 3]], 0, atol=1e-12)
    # Entropy cannot tell the two apart: noise ranks as high as disagreement.
    entropy = Entropy().scores(view)
    assert entropy[0] > 0.99 * entropy[2]
    assert all(select(get(f"stochastic-{name}"), view, 1, seed)[0] == 2 for seed in range(50))


def test_bald_takes_as_many_samples_as_it_is_told():
    view = random_view(T=30)
    for T in (2, 30):
        expected = BRUTE_FORCE["bald"](view.model.p, view.model.samples[:T])[view.candidates]
        np.testing.assert_allclose(BALD(T).scores(view), expected, atol=1e-12)
    for T in (1, 0):
        with pytest.raises(ValueError, match=f"at least 2, not {T}"):
            BALD(T)


# Stochastic batches.


def sequence_probabilities(scores, n):
    """Enumerate drawing n rows one after the other, each proportional to its score among those left."""
    probabilities = {}
    for rows in itertools.permutations(range(len(scores)), n):
        left, p = sum(scores), 1.0
        for row in rows:
            p *= scores[row] / left
            left -= scores[row]
        probabilities[rows] = p
    return probabilities


@pytest.mark.parametrize("n", [1, 2, 3])
def test_stochastic_draws_one_after_the_other_in_proportion_to_the_score(n):
    scores = [0.5, 1.0, 2.0, 3.0]
    view, strategy, repeats = table_view(scores), Stochastic(Given(scores)), 6000
    rng = np.random.default_rng(1)
    drawn = [tuple(strategy.select(view, n, rng).tolist()) for _ in range(repeats)]
    exact = sequence_probabilities(scores, n)
    assert set(drawn) <= set(exact)
    observed, expected = zip(*((drawn.count(rows), p * repeats) for rows, p in exact.items()), strict=True)
    assert chisquare(observed, expected, sum_check=False).pvalue > 1e-4
    for row in range(len(scores)):
        included = sum(p for rows, p in exact.items() if row in rows)
        deviation = sum(row in rows for rows in drawn) / repeats - included
        assert abs(deviation) <= 5 * math.sqrt(included * (1 - included) / repeats)


@pytest.mark.parametrize("name", POINTWISE)
def test_stochastic_strategies_draw_by_the_score_of_their_name(name):
    """Each row is first with its share of the score, to 5 standard deviations."""
    view, repeats = random_view(n=8), 1000
    scores = BRUTE_FORCE[name](view.model.p, view.model.samples)[view.candidates]
    share = scores + (name == "margin")  # the margin is small where to ask, the score is one minus it
    share /= share.sum()
    rng = np.random.default_rng(2)
    first = [get(f"stochastic-{name}").select(view, 1, rng)[0] for _ in range(repeats)]
    counts = np.array([first.count(row) for row in view.candidates])
    assert (np.abs(counts - repeats * share) < 5 * np.sqrt(repeats * share * (1 - share))).all()


def test_rows_of_score_zero_come_last_and_in_any_order():
    scores = np.array([0, 2.0, 0, 1e-12, 0, 1])
    last = set()
    for seed in range(60):
        chosen = select(Stochastic(Given(scores)), table_view(scores), 6, seed).tolist()
        assert set(chosen[:3]) == {1, 3, 5}
        last.add(tuple(chosen[3:]))
    assert len(last) == 6


def test_all_scores_zero_is_a_draw_at_random():
    scores = np.zeros(5)
    counts = np.zeros(5)
    for seed in range(500):
        counts[select(Stochastic(Given(scores)), table_view(scores), 2, seed)] += 1
    assert (np.abs(counts - 200) < 5 * math.sqrt(500 * 0.4 * 0.6)).all(), counts


def test_a_negative_score_is_no_probability():
    with pytest.raises(ValueError, match=r"Given gave a score of -0\.5, and no row can be drawn"):
        select(Stochastic(Given([1, -0.5, 2])), table_view(np.zeros(3)), 1)


def test_stochastic_needs_scores():
    for strategy in (Random(), lambda view, n, rng: view.candidates[:n], "margin"):
        with pytest.raises(TypeError, match="scores of a pointwise strategy"):
            Stochastic(strategy)


# Names.


def test_names_are_those_that_the_documentation_promises():
    gradient = ("expected-gradient-length", "stochastic-expected-gradient-length")
    around = ("rank-margin", "density-margin", "diverse-margin")
    batches = (
        "batchbald",
        "badge",
        "k-center",
        "facility-location",
        "cluster-margin",
        "typiclust",
        "graph-centers",
    )
    ahead = ("expected-error-reduction", "expected-model-output-change", "learned")
    assert set(strategies.NAMES) == {*NAMES, *gradient, *around, *batches, *ahead}
    assert len(strategies.NAMES) == len(set(strategies.NAMES)) == 34
    assert set(POINTWISE) == set(BRUTE_FORCE), "a new strategy needs its definition here"


@pytest.mark.parametrize("name", strategies.NAMES)
def test_every_name_makes_a_strategy_that_says_what_it_is(name):
    strategy = get(name)
    assert isinstance(strategy, strategies.Strategy)
    assert repr(get(name)) == repr(strategy) == repr(strategy.copy())
    assert type(strategy).__name__ in repr(strategy)


@pytest.mark.parametrize(
    ("name", "settings", "expected"),
    [
        ("boltzmann-bald", {"beta": 4, "n_samples": 9}, strategies.Boltzmann(BALD(9), beta=4)),
        ("power-margin", {"beta": 3}, strategies.Power(Margin(), beta=3)),
        ("k-center", {"space": "x", "candidates": 50}, strategies.KCenter("x", 50)),
        ("k-center", {"n_samples": 9}, strategies.KCenter()),
        ("mixture", {"of": "stochastic-bald", "share": 0.2}, strategies.Mixture(Stochastic(BALD()), 0.2)),
        (
            "mixture",
            {"of": {"strategy": "bald", "n_samples": 5}, "other": "entropy"},
            strategies.Mixture(BALD(5), other=Entropy()),
        ),
        (
            "schedule",
            {"strategies": {"0": "typiclust", "100": "margin"}},
            strategies.Schedule({0: strategies.TypiClust(), 100: Margin()}),
        ),
        (
            "without-near-duplicates",
            {"of": "margin", "distance": 0.5},
            strategies.WithoutNearDuplicates(Margin(), 0.5),
        ),
        (
            "expected-error-reduction",
            {"rows": 9, "shortlist": "entropy"},
            strategies.ExpectedErrorReduction(rows=9, shortlist=Entropy()),
        ),
    ],
)
def test_settings_go_to_the_strategy_that_has_them(name, settings, expected):
    assert repr(get(name, **settings)) == repr(expected)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("margin", {"beta": 2}, "margin has no setting beta; it takes no settings"),
        ("boltzmann-margin", {"bta": 2}, "margin has no setting bta"),
        ("k-center", {"spce": "x"}, "k-center has no setting spce; it takes candidates, space"),
        ("mixture", {"share": 0.2}, "mixture needs of"),
        ("without-near-duplicates", {"of": "margin"}, "without-near-duplicates needs distance"),
        ("mixture", {"of": "magrin"}, "there is no strategy 'magrin'. Did you mean 'margin'"),
        ("mixture", {"of": "margin", "other": "rndom"}, "Did you mean 'random'"),
        ("schedule", {"strategies": {"0": "typiclst"}}, "Did you mean 'typiclust'"),
        ("schedule", {"strategies": {"soon": "margin"}}, "'soon' is not a number of labels"),
    ],
)
def test_settings_that_a_strategy_does_not_have(name, settings, says):
    with pytest.raises((ValueError, TypeError), match=says):
        get(name, **settings)


@pytest.mark.parametrize(
    ("name", "settings", "says"),
    [
        ("bald", {"n_samples": 5.5}, r"bald\.n_samples must be a whole number, not 5\.5"),
        ("bald", {"n_samples": "50"}, r"bald\.n_samples must be a whole number, not '50'"),
        ("stochastic-bald", {"n_samples": True}, r"bald\.n_samples must be a whole number, not True"),
        ("k-center", {"candidates": 100.5}, r"k-center\.candidates must be a whole number, not 100\.5"),
        ("k-center", {"space": "embd"}, r'k-center\.space must be "embed" or "x", not \'embd\''),
        (
            "batchbald",
            {"configurations": True},
            r"batchbald\.configurations must be a whole number, not True",
        ),
        ("batchbald", {"candidates": None}, r"batchbald\.candidates must be a whole number, not None"),
        ("mixture", {"of": "margin", "share": "0.2"}, r"mixture\.share must be a number, not '0\.2'"),
        ("boltzmann-margin", {"beta": "2"}, r"boltzmann-margin\.beta must be a number, not '2'"),
        (
            "expected-gradient-length",
            {"bias": 1},
            r"expected-gradient-length\.bias must be true or false, not 1",
        ),
        (
            "expected-error-reduction",
            {"loss": 1},
            r"expected-error-reduction\.loss must be text, in quotes, not 1",
        ),
        ("mixture", {"of": {"strategy": 5}}, "there is no strategy '5'"),
    ],
)
def test_settings_of_another_kind_than_the_strategy_takes(name, settings, says):
    with pytest.raises(ValueError, match=says):
        get(name, **settings)


def test_settings_may_be_whole_where_numbers_are_wanted_and_numpys():
    assert get("boltzmann-margin", beta=2).beta == 2
    assert get("bald", np.int64(5)).n_samples == 5
    assert get("k-center", candidates=None).candidates is None


@pytest.mark.parametrize("name", NAMES)
def test_a_name_gives_its_strategy_and_what_describes_it_tells_it_from_the_others(name):
    strategy = get(name, n_samples=7)
    assert isinstance(strategy, Stochastic) == name.startswith("stochastic-")
    alike = {other for other in NAMES if repr(get(other, n_samples=7)) == repr(strategy)}
    assert alike == {name} | {
        name.replace("bald", "information-gain"),
        name.replace("information-gain", "bald"),
    }
    has_samples = name.endswith(SAMPLED)
    assert (repr(get(name, n_samples=8)) != repr(strategy)) == has_samples, "run files go by this description"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("magrin", "margin"),
        ("Entropy", "entropy"),
        ("BALD", "bald"),
        ("BatchBALD", "batchbald"),
        ("stochastic-entrpy", "stochastic-entropy"),
        ("informationgain", "information-gain"),
        ("least_confidence", "least-confidence"),
        (" margin", "margin"),
        ("stochastic-stochastic-bald", "stochastic-bald"),
        ("xstochastic-bald", "stochastic-bald"),
    ],
)
def test_an_unknown_name_is_told_the_nearest_and_all(name, nearest):
    with pytest.raises(ValueError, match=f"Did you mean '{nearest}'\\?") as error:
        get(name)
    assert repr(name) in str(error.value)
    assert all(known in str(error.value) for known in strategies.NAMES)


@pytest.mark.parametrize("name", ["", "stochastic-", "stochastic-random", "zzzzzz"])
def test_other_unknown_names(name):
    with pytest.raises(ValueError, match=r"there is no strategy .*Known: random, "):
        get(name)
    if name == "zzzzzz":
        with pytest.raises(ValueError, match=r"'zzzzzz'\. Known"):  # nothing is near
            get(name)


# The check of an answer.


def test_a_function_and_any_object_with_select_are_strategies():
    class Largest:
        def select(self, view, n, rng):
            return view.candidates[-n:]

    view = random_view()
    for strategy in (Largest(), lambda view, n, rng: view.candidates[-n:], Largest().select):
        assert choose(strategy, view, 2, np.random.default_rng(0)).tolist() == view.candidates[-2:].tolist()


def test_an_answer_may_be_a_list():
    chosen = choose(lambda view, n, rng: view.candidates[:n].tolist(), random_view(), 3, None)
    assert isinstance(chosen, np.ndarray)
    assert chosen.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([1, 2, 2], "same index more than once"),
        ([1, 8, 0], r"have labels already: \[0, 8\]"),
        ([1, 2, 4], r"not candidates: \[4\].*view.candidates\[positions\], not positions"),
        ([1, 2, 4000], r"not candidates: \[4000\]"),
        ([1, 2, -1], r"not candidates: \[-1\]"),
        ([1, 2], r"must return 3 whole numbers, shape \(3,\), not int64 \(2,\)"),
        ([1, 2, 3, 5], r"shape \(3,\), not int64 \(4,\)"),
        ([[1, 2, 3]], r"not int64 \(1, 3\)"),
        ([1.0, 2.0, 3.0], "whole numbers.*not float64"),
        ([True, False, True], "whole numbers.*not bool"),
        (None, "whole numbers.*not object"),
    ],
)
def test_a_wrong_answer_is_refused_with_the_name_of_who_gave_it(answer, message):
    def careless(view, n, rng):
        return answer

    with pytest.raises(ValueError, match=f"^careless .*{message}"):
        choose(careless, random_view(), 3, np.random.default_rng(0))


@pytest.mark.parametrize("name", [*NAMES, None])
def test_a_batch_larger_than_the_pool_is_refused_before_anything_is_computed(name):
    view, never = random_view(), lambda view, n, rng: pytest.fail("it was asked")
    with pytest.raises(ValueError, match=f"cannot choose {len(view) + 1} of {len(view)} candidates"):
        choose(get(name) if name else never, view, len(view) + 1, np.random.default_rng(0))
    assert view.model.asked == []


@pytest.mark.parametrize("size", [7, 100_000])
def test_what_is_no_candidate_is_found_wherever_the_candidates_stand(size, monkeypatch):
    monkeypatch.setattr("tinyal.strategies.base.LONG", size)
    view = view_of(Known(np.ones((60, 3)) / 3), 60, np.random.default_rng(0).permutation(50)[:40])
    outside = np.setdiff1d(np.arange(60), view.candidates)
    assert (
        choose(lambda view, n, rng: view.candidates[:n], view, 40, None).tolist() == view.candidates.tolist()
    )
    for index in outside.tolist():
        answer = [int(view.candidates[3]), index, int(view.candidates[30])]
        with pytest.raises(ValueError, match=rf"not candidates: \[{index}\]"):
            choose(lambda view, n, rng, answer=answer: answer, view, 3, None)


def test_an_object_that_answers_wrong_is_named_by_its_class():
    class Careless:
        def select(self, view, n, rng):
            return [0] * n

    with pytest.raises(ValueError, match=r"^Careless returned the same"):
        choose(Careless(), random_view(), 3, None)


# Other people's models.


def digits_learner(model, strategy, labels=60, **settings):
    """Teach the first digits and leave the others to ask for."""
    data = nn.datasets.load("digits")
    learner = al.ActiveLearner(model, data.x_train[:200] / 255, strategy, **settings)
    learner.tell(np.arange(labels), data.y_train[:labels])
    return learner


def forest(**settings):
    return pytest.importorskip("sklearn.ensemble").RandomForestClassifier(n_estimators=12, **settings)


def logistic_regression():
    return pytest.importorskip("sklearn.linear_model").LogisticRegression(max_iter=500)


def network():
    return nn.Classifier(
        [nn.Dense(16), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)], steps=20, classes=range(10)
    )


@pytest.mark.parametrize("model", [network, forest])
@pytest.mark.parametrize("name", NAMES)
def test_every_strategy_runs_on_a_network_and_on_a_forest(name, model):
    learner = digits_learner(model(), get(name))
    chosen = learner.ask(140)
    assert sorted(chosen.tolist()) == list(range(60, 200))
    assert learner.ask(5).tolist() == learner.ask(5).tolist()


@pytest.mark.parametrize("name", NAMES)
def test_a_model_without_samples_does_all_that_needs_none(name):
    learner = digits_learner(logistic_regression(), get(name))
    if name.endswith(SAMPLED):
        with pytest.raises(
            TypeError, match=r"LogisticRegression has no sample_proba.*Dropout.*forest.*'margin' or 'entropy'"
        ):
            learner.ask(5)
    else:
        assert len(set(learner.ask(5))) == 5


def test_an_ensemble_of_regressors_gives_no_samples():
    boosting = pytest.importorskip("sklearn.ensemble").GradientBoostingClassifier(n_estimators=2)
    with pytest.raises(TypeError, match="GradientBoostingClassifier has no sample_proba"):
        digits_learner(boosting, get("bald")).ask(5)


def test_a_network_without_dropout_says_what_bald_lacks():
    model = nn.Classifier([nn.Dense(10)], steps=5, classes=range(10))
    with pytest.raises(ValueError, match=r"Dropout"):
        digits_learner(model, get("bald")).ask(5)


def test_a_forest_samples_by_its_trees():
    view = digits_learner(forest(), get("bald"), classes=range(10)).view()
    trees = [tree.predict_proba(view.x) for tree in view.model.estimators_]
    np.testing.assert_array_equal(view.sample_proba(20), trees)
    np.testing.assert_array_equal(view.sample_proba(5), trees[:5])
    np.testing.assert_allclose(view.sample_proba(20).mean(axis=0), view.proba())


@pytest.mark.parametrize("model", [logistic_regression, forest])
def test_columns_stand_under_their_classes_where_early_labels_miss_some(model):
    data = nn.datasets.load("digits")
    names = np.array(["zero", "one", "two", "three", "four", "five", "six"])
    x, y = data.x_train[:300] / 255, names[data.y_train[:300] % 7]
    classes = sorted(names)
    early = np.flatnonzero(np.isin(y, ["two", "four"]))[:20]
    learner = al.ActiveLearner(model(), x, get("entropy"), classes=classes[::-1])
    learner.tell(early, y[early])
    view = learner.view()
    met = [classes.index("four"), classes.index("two")]
    assert view.proba().shape == (280, 7)
    np.testing.assert_array_equal(view.proba()[:, met], view.model.predict_proba(view.x))
    assert not np.delete(view.proba(), met, axis=1).any()
    if model is forest:
        assert view.sample_proba(3).shape == (3, 280, 7)
        trees = [tree.predict_proba(view.x) for tree in view.model.estimators_[:3]]
        np.testing.assert_array_equal(view.sample_proba(3)[..., met], trees)
    assert len(set(learner.ask(9))) == 9


def test_features_for_strategies_come_from_models_that_have_them():
    view = digits_learner(network(), get("random")).view()
    assert view.embed().shape == (140, 16)
    assert view.embed() is view.embed()
    np.testing.assert_array_equal(view.embed(), view.model.embed(view.x))
    view = digits_learner(logistic_regression(), get("random")).view()
    with pytest.raises(TypeError, match=r"LogisticRegression has no embed\(x\).*tinynn.Classifier"):
        view.embed()


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (
            lambda x: np.zeros((len(x), 0)),
            r"Model\.embed must give 6 rows of at least one feature.*shape \(6, 0\)",
        ),
        (lambda x: np.zeros(len(x)), r"at least one feature.*shape \(6,\)"),
        (lambda x: np.zeros((len(x) - 1, 4)), r"must give 6 rows.*shape \(5, 4\)"),
        (lambda x: np.full((len(x), 4), np.nan), r"Model\.embed gave NaN or infinite features"),
        (lambda x: np.full((len(x), 4), np.inf), "has the training diverged"),
    ],
)
def test_features_that_cannot_be_compared_are_an_error(features, message):
    class Model(Known):
        def embed(self, x):
            return features(x)

    with pytest.raises(ValueError, match=message):
        view_of(Model(np.ones((6, 3)) / 3), 6).embed()
    with pytest.raises(ValueError, match=message):
        view_of(Model(np.ones((9, 3)) / 3), 9, [0], labeled=range(1, 7)).labeled_embed()


def test_a_model_that_answers_for_other_rows_or_classes_is_told_so():
    def view(p, classes):
        model = SimpleNamespace(classes_=np.asarray(classes), predict_proba=lambda x: np.asarray(p))
        return view_of(model, 4)

    for p in (np.ones((3, 3)) / 3, np.ones((4, 2)) / 2, np.ones(4)):
        with pytest.raises(ValueError, match=r"SimpleNamespace gave probabilities of shape .* make \(4, 3\)"):
            view(p, [0, 1, 2]).proba()
    for classes in ([0, 7], [-1, 1], [1, 2, 3], [0, 1, 2, 3]):  # the view's are 0, 1, 2
        with pytest.raises(
            ValueError, match=r"knows the classes \[(7|-1|3)\], which are not among .*\[0, 1, 2\]"
        ):
            view(np.ones((4, len(classes))) / len(classes), classes).proba()


def test_what_the_model_says_is_computed_once():
    view = random_view()
    for name in POINTWISE[:3]:
        select(get(name), view, 3)
    assert view.model.asked == [len(view)]
    select(BALD(), view, 3)
    select(Stochastic(BALD()), view, 3)
    assert view.model.asked == [len(view)] * 2
    assert isinstance(strategies.get("margin"), Margin)


# The view.


def test_a_subset_of_a_view_keeps_what_is_known_and_asks_the_model_nothing():
    view = random_view()
    view.proba(), view.sample_proba(4), view.labeled_x
    asked = list(view.model.asked)
    part = view.subset(np.array([5, 2]))
    assert part.candidates.tolist() == view.candidates[[5, 2]].tolist()
    np.testing.assert_array_equal(part.proba(), view.proba()[[5, 2]])
    np.testing.assert_array_equal(part.sample_proba(4), view.sample_proba(4)[:, [5, 2]])
    np.testing.assert_array_equal(part.x, view.x[[5, 2]])
    np.testing.assert_array_equal(part.labeled_x, view.labeled_x)
    assert view.model.asked == asked


def test_a_view_without_a_model_shows_rows_and_says_what_is_missing():
    view = view_of(None, 6, [4, 2])
    assert view.model is None
    assert view.x.tolist() == [[4], [2]]
    assert view.subset(np.array([1])).model is None
    for ask in (view.proba, view.embed, view.labeled_embed, lambda: view.sample_proba(3)):
        with pytest.raises(TypeError, match=r"there is no model yet: .* at least two classes"):
            ask()
    for name in POINTWISE:
        with pytest.raises(TypeError, match="there is no model yet"):
            select(get(name), view, 1)
    assert set(choose(Random(), view, 2, np.random.default_rng(0)).tolist()) == {2, 4}


def test_a_strategy_needs_a_model_unless_it_says_otherwise():
    class ByRows(strategies.Strategy):
        needs_model = False

    assert strategies.Strategy().needs_model
    assert Margin().needs_model
    assert not ByRows().needs_model
    assert repr(ByRows()) == "ByRows()", "it is a fact of the class and no setting"


def test_a_view_of_a_learner_trains_what_would_be_known_after_an_answer():
    data = nn.datasets.load("digits")
    model = nn.Classifier([nn.Dense(8), nn.ReLU(), nn.Dense(10)], steps=5, classes=range(10))
    learner = al.ActiveLearner(model, data.x_train, Random(), seed=0)
    learner.tell(range(20), data.y_train[:20])
    ahead = learner.view().retrained([30], [data.y_train[30]])
    reference = copy.deepcopy(model).set_params(seed=learner.model.seed)
    reference.fit(data.x_train[[*range(20), 30]], data.y_train[[*range(20), 30]])
    np.testing.assert_array_equal(ahead.predict_proba(data.x_test), reference.predict_proba(data.x_test))
    with pytest.raises(TypeError, match="no way to"):
        random_view().retrained([1], [0])


# A strategy of one's own that lacks something.


def test_a_strategy_without_its_method_says_which():
    class Mine(Pointwise):
        pass

    class Own(strategies.Strategy):
        pass

    view = digits_learner(logistic_regression(), Random()).view()
    with pytest.raises(NotImplementedError, match=r"Mine must define score\(view\)"):
        choose(Mine(), view, 3, np.random.default_rng(0))
    with pytest.raises(NotImplementedError, match=r"Own must define select\(view, n, rng\)"):
        choose(Own(), view, 3, np.random.default_rng(0))


def test_a_setting_stored_under_another_name_is_told_the_rule():
    class Mine(Margin):
        def __init__(self, power=2):
            self._power = power

    rule = (
        r"Mine must store each argument of its constructor under the argument's own name, self.power = power"
    )
    for use in (repr, Mine.copy, Mine.config):
        with pytest.raises(AttributeError, match=rule):
            use(Mine())
