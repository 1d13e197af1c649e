"""Paired tests against SciPy and brute force; p-values of luck alone are no smaller than luck makes them."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tinyal import paired
from tinyal.bootstrap import bootstrap_mean
from tinyal.paired import (
    holm,
    paired_test,
    permutation_test,
    seeds_needed,
    smallest_p,
    wilcoxon_test,
)

PAIRS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8)
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def brute_force(differences):
    """The definition: of all ways to sign the differences, the share at least as far from 0."""
    sums = [abs(np.dot(signs, differences)) for signs in itertools.product([1, -1], repeat=len(differences))]
    return np.mean(np.array(sums) >= sums[0] - 1e-9)


@given(PAIRS)
def test_the_permutation_test_is_its_definition(pairs):
    a, b = np.array(pairs).T
    assert permutation_test(a, b) == pytest.approx(brute_force(a - b))


@given(PAIRS)
def test_the_signed_rank_test_is_its_definition_with_ties_and_zeros(pairs):
    a, b = np.array(pairs).T
    d = (a - b)[a != b]
    expected = brute_force(np.sign(d) * stats.rankdata(abs(d))) if len(d) else 1.0
    assert wilcoxon_test(a, b) == pytest.approx(expected)


@pytest.mark.parametrize("n", [2, 5, 9, 12])
def test_both_agree_with_scipy(n):
    a, b = np.random.default_rng(n).normal([[0.5], [0.0]], size=(2, n))

    def statistic(x, y, axis):
        return np.mean(x - y, axis=axis)

    scipys = stats.permutation_test(
        (a, b), statistic, permutation_type="samples", vectorized=True, n_resamples=np.inf
    )
    assert permutation_test(a, b) == pytest.approx(scipys.pvalue)
    assert wilcoxon_test(a, b) == pytest.approx(stats.wilcoxon(a, b, method="exact").pvalue)


def test_drawn_signs_agree_with_all_signs(monkeypatch):
    a, b = np.random.default_rng(3).normal([[0.4], [0.0]], size=(2, 12))
    exact = permutation_test(a, b), wilcoxon_test(a, b)
    monkeypatch.setattr(paired, "ENUMERATED", 0)
    drawn = permutation_test(a, b), wilcoxon_test(a, b)
    assert drawn != exact
    assert drawn == pytest.approx(exact, abs=0.01)
    assert permutation_test(a, b) == drawn[0] != permutation_test(a, b, seed=1)


def test_a_p_of_drawn_signs_is_never_zero():
    a = np.arange(1.0, 31)
    assert permutation_test(a, np.zeros(30)) == smallest_p(30) == 1 / 20_000
    assert wilcoxon_test(a, np.zeros(30)) == 1 / 20_000


@pytest.mark.parametrize("test", [permutation_test, wilcoxon_test])
def test_without_a_difference_p_is_uniform(test):
    """With n = 6 continuous differences, P(p ≤ k/32) = k/32 for each k that p can take."""
    rng, rounds = np.random.default_rng(0), 2000
    p = np.array([test(*rng.normal(size=(2, 6))) for _ in range(rounds)])
    for k in (1, 2, 4, 8, 16):
        expected = k / 32 if test is permutation_test else stats_of_ranks(k / 32)
        slack = 4 * math.sqrt(expected * (1 - expected) / rounds)
        assert np.mean(p <= k / 32) == pytest.approx(expected, abs=slack)


def stats_of_ranks(level):
    """How often the signed ranks of 6 give p ≤ level: sums of ranks coincide, so p jumps."""
    sums = [abs(np.dot(signs, range(1, 7))) for signs in itertools.product([1, -1], repeat=6)]
    p = np.array([np.mean(np.array(sums) >= one) for one in sums])
    return float(np.mean(p <= level))


def test_drawn_signs_give_no_more_false_alarms_than_promised():
    rng = np.random.default_rng(1)
    alarms = np.mean([permutation_test(*rng.normal(size=(2, 17)), seed=i) <= 0.1 for i in range(150)])
    assert alarms <= 0.1 + 3 * math.sqrt(0.1 * 0.9 / 150)
    assert alarms > 0.02


@pytest.mark.parametrize("test", [permutation_test, wilcoxon_test])
def test_a_true_difference_is_found(test):
    rng = np.random.default_rng(2)
    seeds = rng.normal(size=10)  # what a seed does to both
    assert test(seeds + 0.2 + 0.1 * rng.normal(size=10), seeds) < 0.01
    assert test(rng.permutation(seeds) + 0.2, seeds) > 0.1, "the pairs matter"


@given(PAIRS, st.randoms(use_true_random=False))
def test_order_scale_and_swapping(pairs, random):
    a, b = np.array(pairs, dtype=float).T
    one, swapped = paired_test(a, b), paired_test(b, a)
    assert swapped.difference.mean == -one.difference.mean
    assert (swapped.p, swapped.wilcoxon_p) == (one.p, one.wilcoxon_p)
    order = random.sample(range(len(a)), len(a))
    moved = paired_test(3 * a[order] + 7, 3 * b[order] + 7)
    assert (moved.p, moved.wilcoxon_p) == (one.p, one.wilcoxon_p)
    assert one.smallest_p <= min(one.p, one.wilcoxon_p)
    assert max(one.p, one.wilcoxon_p) <= 1


def test_what_a_test_holds():
    a, b = [0.9, 0.8, 0.9, 0.95, 0.85], [0.7, 0.7, 0.8, 0.7, 0.8]
    test = paired_test(a, b)
    assert (test.n, test.p, test.wilcoxon_p, test.smallest_p) == (5, 1 / 16, 1 / 16, 1 / 16)
    assert test.difference == bootstrap_mean(np.subtract(a, b))
    same = paired_test(a, a)
    assert (same.p, same.wilcoxon_p, same.difference.mean) == (1, 1, 0)


def test_shares_that_are_equal_but_for_rounding_are_equal():
    a, b = [0.93, 0.05, 0.01, 0.7], [0.92, 0.04, 0.02, 0.69]
    assert len(set(np.abs(np.subtract(a, b)))) > 1
    assert wilcoxon_test(a, b) == permutation_test(a, b) == brute_force([1, 1, -1, 1])


@pytest.mark.parametrize("n", range(1, 17))
def test_the_smallest_p(n):
    assert smallest_p(n) == 2 / 2**n if n > 1 else 1
    assert permutation_test(np.ones(n), np.zeros(n)) == smallest_p(n)


@pytest.mark.parametrize("comparisons", [1, 2, 3, 4, 10, 66, 100])
@pytest.mark.parametrize("level", [0.05, 0.01, 0.0625])
def test_the_seeds_needed_are_the_fewest(comparisons, level):
    n = seeds_needed(comparisons, level)
    assert comparisons * 2.0 ** (1 - n) <= level < comparisons * 2.0 ** (2 - n)


def rejected(p_values, level):
    """Holm's procedure as he tells it: the smallest first, each at a stricter level, until one stays."""
    found = set()
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] > level / (len(p_values) - rank):
            break
        found.add(i)
    return found


@given(P_VALUES, st.floats(0.001, 0.999))
def test_holm_rejects_what_holm_rejects(p_values, level):
    corrected = holm(p_values)
    # Dividing the level and multiplying p round differently: not on the edge.
    if all(abs(p - level) > 1e-9 for p in corrected):
        assert {i for i, p in enumerate(corrected) if p <= level} == rejected(p_values, level)


@given(P_VALUES)
def test_holm_keeps_the_order_and_lies_between_no_correction_and_bonferronis(p_values):
    corrected = holm(p_values)
    for p, q in zip(p_values, corrected, strict=True):
        assert p <= q <= min(1, len(p_values) * p)
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    assert [corrected[i] for i in order] == sorted(corrected)
    assert holm(p_values[::-1]) == corrected[::-1]


def test_holm_on_numbers_done_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []
    for wrong in (1.5, -0.1, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            holm([0.1, wrong])


def test_holm_keeps_the_rate_of_any_false_alarm():
    p_values = np.random.default_rng(0).uniform(size=(4000, 5))
    alarms = np.mean([min(holm(list(row))) <= 0.1 for row in p_values])
    assert alarms == pytest.approx(1 - (1 - 0.02) ** 5, abs=0.02)
    assert np.mean(p_values.min(axis=1) <= 0.1) > 0.35, "without it"


@pytest.mark.parametrize("test", [paired_test, permutation_test, wilcoxon_test])
def test_what_is_no_pair(test):
    with pytest.raises(ValueError, match="equally many, not 2 and 3"):
        test([1, 2], [1, 2, 3])
    with pytest.raises(ValueError, match="first hold NaN"):
        test([1, math.nan], [1, 2])
    with pytest.raises(ValueError, match="shape"):
        test([], [])
