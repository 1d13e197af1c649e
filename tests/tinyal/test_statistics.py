"""Summaries of learning curves on exact vectors; intervals against brute force, simulation and symmetry."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from tinyal import bootstrap as bootstrap_module
from tinyal.bootstrap import bootstrap_of_means
from tinyal.statistics import (
    Interval,
    area_under_curve,
    bootstrap,
    bootstrap_mean,
    labels_saved,
    labels_to_reach,
    mean_curve,
    mean_labels_to_reach,
    target_accuracy,
)

FIVE = [0.90, 0.92, 0.91, 0.93, 0.89]
VALUES = st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=8)


def brute_force(values, confidence=0.95):
    """The definition: all n^n resamples, sorted; the ends are order statistics at Hesterberg's levels."""
    n = len(values)
    means = np.sort([np.mean(resample) for resample in itertools.product(values, repeat=n)])
    a = norm.cdf(-math.sqrt(n / (n - 1)) * t.ppf(1 - (1 - confidence) / 2, n - 1))
    return means[math.ceil(a * n**n) - 1], means[math.ceil((1 - a) * n**n) - 1]


# Intervals.


@pytest.mark.parametrize("n", [2, 3, 4, 5])
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.95])
def test_few_values_are_resampled_in_every_way(n, confidence):
    values = np.random.default_rng(n).normal(size=n)
    interval = bootstrap_mean(values, confidence)
    assert interval.mean == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx(brute_force(values, confidence))


@pytest.mark.parametrize("n", range(1, bootstrap_module.ENUMERATED + 1))
def test_the_resamples_listed_stand_for_all(n):
    listed = bootstrap_module._all_resamples(n)
    assert len(listed) == math.comb(2 * n - 1, n)
    assert sum(weight for _, weight in listed) == pytest.approx(1)
    assert sum(weight * np.bincount(rows, minlength=n) for rows, weight in listed) == pytest.approx(
        np.ones(n)
    )


def test_drawn_resamples_agree_with_listed_ones(monkeypatch):
    values = [0.1, 0.5, 0.2, 0.9, 0.4, 0.7]
    listed = bootstrap_mean(values, 0.8)
    monkeypatch.setattr(bootstrap_module, "ENUMERATED", 0)
    drawn = bootstrap_mean(values, 0.8)
    assert drawn != listed
    assert dataclasses.astuple(drawn) == pytest.approx(dataclasses.astuple(listed), abs=0.01)
    assert drawn == bootstrap_mean(values, 0.8) != bootstrap_mean(values, 0.8, seed=1)


def test_five_values_cover_their_mean_about_as_often_as_promised():
    """The expanded levels cover 92 %, the plain percentiles 84 %; a mean of 1000 is known to about 1 %."""
    rng = np.random.default_rng(0)
    confidence_of_plain_levels = 2 * t.cdf(norm.ppf(0.975) / math.sqrt(5 / 4), 4) - 1
    covered = np.zeros(2)
    for values in rng.normal(size=(1000, 5)):
        expanded, plain = bootstrap_mean(values), bootstrap_mean(values, confidence_of_plain_levels)
        covered += [expanded.low <= 0 <= expanded.high, plain.low <= 0 <= plain.high]
    assert 0.90 < covered[0] / 1000 < 0.95
    assert 0.81 < covered[1] / 1000 < 0.87


@given(VALUES.filter(lambda values: len(values) <= 5), st.floats(-10, 10), st.floats(0.1, 10))
def test_intervals_move_and_stretch_with_the_values(values, shift, scale):
    values = np.array(values)
    interval, moved = bootstrap_mean(values), bootstrap_mean(shift + scale * values)
    expected = [shift + scale * number for number in dataclasses.astuple(interval)]
    assert dataclasses.astuple(moved) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    mirrored = bootstrap_mean(-values)
    assert (mirrored.low, mirrored.high) == pytest.approx((-interval.high, -interval.low), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("n", [4, 5, 12])
def test_the_interval_holds_its_estimate_and_narrows_with_less_confidence(n):
    values = np.random.default_rng(n).normal(size=n)
    wide, narrow = bootstrap_mean(values, 0.95), bootstrap_mean(values, 0.5)
    assert min(values) <= wide.low < narrow.low < wide.mean < narrow.high < wide.high <= max(values)
    assert bootstrap_mean([0.25] * n) == Interval(0.25, 0.25, 0.25)


def test_an_interval_of_values_on_one_side_of_zero_stays_there():
    assert bootstrap_mean([0.01, 0.03, 0.002, 0.05, 0.02]).low > 0
    assert bootstrap_mean([0.01, 0.03, -0.02, 0.05, -0.02]).low < 0


def test_pairing_matters():
    rng = np.random.default_rng(0)
    hard = rng.normal(size=5)  # what a seed does to both
    before, after = hard, hard + 0.1 + 0.01 * rng.normal(size=5)

    def difference(a, b):
        return (b - a).mean()

    paired, mispaired = bootstrap(difference, before, after), bootstrap(difference, before, np.roll(after, 1))
    assert paired.mean == pytest.approx(mispaired.mean)
    assert paired.low > 0 > mispaired.low
    assert paired.high - paired.low < 0.1 * (mispaired.high - mispaired.low)
    assert bootstrap(lambda a, b: (a * b).mean(), before, before) == bootstrap_mean(before**2)


def test_rows_may_have_more_axes():
    curves = np.array([[0.5, 0.7], [0.6, 0.9], [0.4, 0.8]])
    by_row = bootstrap(lambda rows: rows[:, 1].mean() - rows[:, 0].mean(), curves)
    difference = bootstrap_mean(curves[:, 1] - curves[:, 0])
    assert dataclasses.astuple(by_row) == pytest.approx(dataclasses.astuple(difference))


@pytest.mark.parametrize("n", [5, 9])
def test_means_of_all_resamples_at_once_are_those_of_one_after_the_other(n):
    a, b = np.random.default_rng(n).uniform(1, 2, size=(2, n))
    at_once = bootstrap_of_means(lambda x, y: y / x, a, b, confidence=0.7, seed=3)
    one_by_one = bootstrap(lambda x, y: y.mean() / x.mean(), a, b, confidence=0.7, seed=3)
    assert dataclasses.astuple(at_once) == pytest.approx(dataclasses.astuple(one_by_one), abs=1e-3)
    with pytest.raises(ValueError, match="equally long"):
        bootstrap_of_means(lambda x, y: y / x, a, b[1:])
    with pytest.raises(ValueError, match="confidence"):
        bootstrap_of_means(lambda x: x, a, confidence=95)


def test_one_run_has_no_interval():
    one = bootstrap_mean([0.9])
    assert one == Interval(0.9, None, None)
    assert json.dumps(dataclasses.asdict(one), allow_nan=False) == '{"mean": 0.9, "low": null, "high": null}'
    assert str(one) == "0.9 [one run]"


def test_intervals_print():
    interval = Interval(0.912345, 0.9, 0.92)
    assert f"{interval}" == str(interval) == "0.9123 [0.9, 0.92]"
    assert f"{interval:.1%}" == "91.2% [90.0%, 92.0%]"


def test_refused_by_the_bootstrap():
    for values, message in [
        ([], "shape"),
        (0.5, "shape"),
        ([[1.0]], "shape"),
        ([1.0, math.nan], r"first at \[1\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            bootstrap_mean(values)
    for confidence in (0, 1, 95, math.nan):
        with pytest.raises(ValueError, match="confidence"):
            bootstrap_mean(FIVE, confidence)
    with pytest.raises(ValueError, match=r"equally long; theirs are \[5, 4\]"):
        bootstrap(lambda a, b: 0.0, FIVE, FIVE[1:])
    with pytest.raises(ValueError, match="equally long"):
        bootstrap(lambda: 0.0)
    with pytest.raises(ValueError, match="not finite"):
        bootstrap(lambda a: math.inf if np.ptp(a) == 0 else 1 / np.ptp(a), FIVE)


# Learning curves.


def test_area():
    assert area_under_curve([20, 30, 60], [0.5, 0.7, 0.9]) == pytest.approx((10 * 0.6 + 30 * 0.8) / 40)
    assert area_under_curve([10, 25], [0.4, 0.8]) == pytest.approx(0.6)


@given(st.lists(st.integers(1, 60), min_size=2, max_size=8), st.floats(0, 1))
def test_the_area_of_a_level_curve_is_its_level(steps, level):
    labels = np.cumsum(steps)
    assert area_under_curve(labels, [level] * len(steps)) == pytest.approx(level)
    rising = labels / labels[-1]
    assert area_under_curve(labels, rising) == pytest.approx((rising[0] + rising[-1]) / 2)


def test_first_crossing():
    labels, accuracy = np.array([20, 30, 40, 50], np.uint8), [0.5, 0.7, 0.6, 0.9]
    expected = {0.4: 20, 0.5: 20, 0.65: 30, 0.7: 30, 0.71: 50, 0.9: 50, 0.91: None}
    assert {target: labels_to_reach(labels, accuracy, target) for target in expected} == expected
    assert type(labels_to_reach(labels, accuracy, 0.5)) is int


def test_last_crossing():
    labels, accuracy = [20, 30, 40, 50], [0.5, 0.7, 0.6, 0.9]
    expected = {0.4: 20, 0.5: 20, 0.55: 30, 0.6: 30, 0.65: 50, 0.9: 50, 0.91: None}
    assert {target: labels_to_reach(labels, accuracy, target, "last") for target in expected} == expected
    assert labels_to_reach([20, 30], [0.9, 0.8], 0.85, "last") is None
    assert type(labels_to_reach(np.array([20], np.uint8), [0.9], 0.5, "last")) is int
    with pytest.raises(ValueError, match="'first' or for the 'last' time, not 'second'"):
        labels_to_reach(labels, accuracy, 0.5, "second")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0, 1))
def test_the_last_crossing_never_comes_before_the_first(accuracy, target):
    labels = np.arange(1, len(accuracy) + 1)
    first, last = (labels_to_reach(labels, accuracy, target, crossing) for crossing in ("first", "last"))
    if last is None:
        assert accuracy[-1] < target
    else:
        assert first <= last
        assert min(accuracy[last - 1 :]) >= target
        assert last == 1 or accuracy[last - 2] < target
    rising = sorted(accuracy)
    assert labels_to_reach(labels, rising, target) == labels_to_reach(labels, rising, target, "last")


def test_mean_labels_to_the_last_crossing():
    wavering = [([20, 30, 40], [0.5, 0.9, 0.8]), ([20, 30, 40], [0.9, 0.8, 0.9])]
    assert mean_labels_to_reach(wavering, 0.9).per_run == (30, 20)
    last = mean_labels_to_reach(wavering, 0.9, crossing="last")
    assert (last.per_run, last.reached) == ((40, 40), 1)


def test_the_mean_curve_is_the_mean_at_each_evaluation():
    curves = np.random.default_rng(0).uniform(size=(8, 3))
    assert mean_curve(curves, 0.8, seed=1) == [bootstrap_mean(column, 0.8, seed=1) for column in curves.T]
    with pytest.raises(ValueError, match="same numbers of labels"):
        mean_curve([0.5, 0.6])


@pytest.mark.parametrize("function", [area_under_curve, lambda x, y: labels_to_reach(x, y, 0.5)])
@pytest.mark.parametrize(
    ("labels", "accuracy", "message"),
    [
        ([1, 2, 3], [0.1, 0.2], "3 labels, 2 accuracies"),
        ([1, 3, 3], [0.1, 0.2, 0.3], "3 follows 3"),
        (np.array([10, 30, 20], np.uint8), [0.1, 0.2, 0.3], "20 follows 30"),
        ([], [], "shape"),
        ([1, 2], [0.1, None], "accuracy hold NaN"),
        ([[1, 2]], [[0.1, 0.2]], "shape"),
    ],
)
def test_what_is_no_curve(function, labels, accuracy, message):
    with pytest.raises(ValueError, match=message):
        function(labels, accuracy)


def test_one_evaluation_has_no_area_but_may_reach_a_target():
    with pytest.raises(ValueError, match="one evaluation"):
        area_under_curve([20], [0.5])
    assert labels_to_reach([20], [0.5], 0.5) == 20


def test_mean_labels_count_failed_runs_with_their_budget():
    quick, slow, never = [0.5, 0.9, 0.9], [0.5, 0.6, 0.9], [0.5, 0.6, 0.7]

    def reach(*curves):
        return mean_labels_to_reach([([20, 30, 40], curve) for curve in curves], target=0.9)

    everyone = reach(quick, slow, quick)
    assert everyone.per_run == (30, 40, 30)
    assert everyone.labels == bootstrap_mean([30, 40, 30])
    assert str(everyone) == "33.33 [30, 40] (3 of 3 runs)"
    half = reach(quick, never, never, slow)
    assert (half.per_run, half.reached) == ((30, 40, 40, 40), 2)
    assert half.labels == bootstrap_mean([30, 40, 40, 40])
    assert str(half) == "≥ 37.5 [30, 40] (2 of 4 runs)"
    few = reach(never, never, slow)
    assert (few.labels, few.per_run, few.reached) == (None, (40, 40, 40), 1)
    assert str(few) == "not reached (1 of 3 runs)"
    with pytest.raises(ValueError, match="no runs"):
        reach()


def test_labels_saved():
    saved = labels_saved([50, 100], [100, 200])
    assert dataclasses.astuple(saved) == pytest.approx((0.5, 0.5, 0.5))
    assert labels_saved([100, 100, 100], [100, 300, 200]).mean == pytest.approx(0.5), (
        "of means, not a mean of ratios"
    )
    assert labels_saved([200], [100]) == Interval(-1.0, None, None)
    rng = np.random.default_rng(0)
    reference = rng.integers(100, 400, size=5)
    paired = labels_saved(reference // 2, reference)
    assert (
        paired.high - paired.low
        < 0.02
        < 0.5
        < np.ptp(dataclasses.astuple(labels_saved(reference[::-1] // 2, reference)))
    )
    for strategy, baseline in [([1, 0], [1, 2]), ([1, 2], [1, -2])]:
        with pytest.raises(ValueError, match="positive"):
            labels_saved(strategy, baseline)
    with pytest.raises(ValueError, match="equally long"):
        labels_saved([1, 2], [1, 2, 3])


@pytest.mark.parametrize("percent", range(101))
def test_a_whole_percent_is_its_own_target(percent):
    assert target_accuracy([percent / 100] * 7) == percent / 100


def test_targets_are_rounded_down():
    assert target_accuracy([0.8849]) == 0.88
    assert target_accuracy([0.8899, 0.8899]) == 0.88
    assert target_accuracy([0.88, 0.90]) == 0.89
    assert target_accuracy([0.889999]) == 0.88
    for wrong in ([88.5], [-0.1]):
        with pytest.raises(ValueError, match="percentages"):
            target_accuracy(wrong)
