"""What reproductions are made of: the paper's entropy, and medians that admit what is not known."""

import numpy as np
import pytest

from tinyal import Comparison, StrategyRun, reproductions
from tinyal.columns import columns
from tinyal.reproductions.figures import error_at, median_labels, quartiles, share_of
from tinyal.reproductions.gal2017 import MaxEntropy
from tinyal.reproductions.report import Report
from tinyal.strategies import Entropy
from tinyal.view import PoolView


class Says:
    """A model that gives the same samples always."""

    classes_ = np.array([0, 1])

    def __init__(self, samples):
        self.samples = np.array(samples)

    def fit(self, x, y):
        return self

    def predict_proba(self, x):
        return self.samples[0]

    def sample_proba(self, x, n_samples, seed):
        return self.samples[:n_samples]


def empty(labels, candidates):
    pool = np.zeros((len(labels), 2))
    none = np.zeros(0, np.int64)
    return PoolView(None, pool, np.asarray(candidates), none, none, np.unique(labels))


# Max entropy.


def test_max_entropy_is_that_of_the_mean_of_the_samples():
    samples = [[[0.9, 0.1], [0.5, 0.5], [1.0, 0.0]], [[0.1, 0.9], [0.5, 0.5], [0.9, 0.1]]]
    labels = np.array([0, 1, 0])
    view = empty(labels, [0, 1, 2])
    view.model = Says(samples)
    expected = [np.log(2), np.log(2), -0.95 * np.log(0.95) - 0.05 * np.log(0.05)]
    assert MaxEntropy(2).score(view) == pytest.approx(expected)
    assert Entropy().score(view)[0] == pytest.approx(0.325083), "of one network: sure where samples disagree"


# Medians, with runs that never arrive.


def compared(**curves):
    runs = [
        StrategyRun([20, 30, 40], list(curve), strategy=name, seed=seed)
        for name, seeds in curves.items()
        for seed, curve in enumerate(seeds)
    ]
    return Comparison(runs)


EARLY, MIDDLE, LATE, NEVER = (0.96, 0.9, 0.97), (0.5, 0.95, 0.94), (0.5, 0.94, 0.95), (0.5, 0.94, 0.949)


def test_a_median_is_the_middle_run_whatever_the_worst_one_did():
    result = compared(a=[EARLY, MIDDLE, LATE], b=[EARLY, MIDDLE, NEVER], c=[EARLY, NEVER, NEVER], d=[NEVER])
    assert median_labels(result, "a", 0.95) == "30 [20, 40]"
    assert median_labels(result, "b", 0.95) == "30 [20, > 40]"
    assert median_labels(result, "c", 0.95) == "> 40 [20, > 40]"
    assert median_labels(result, "d", 0.95) == "> 40 [one run]"
    assert median_labels(compared(a=[LATE, LATE, NEVER]), "a", 0.95) == "40 [40, > 40]", "just in time"
    assert median_labels(compared(a=[EARLY, NEVER]), "a", 0.95) == "20 [20, > 40]", "the lower of two"
    assert quartiles(result, "b", 0.95) == "20 / 30 / > 40"


def test_a_share_needs_runs_that_arrive():
    result = compared(a=[EARLY, EARLY, MIDDLE], b=[LATE, LATE, LATE], c=[EARLY, LATE, NEVER])
    assert share_of(result, "a", "b", 0.95) == "50% [50%, 75%]"
    assert share_of(result, "c", "b", 0.95) == share_of(result, "a", "c", 0.95) == "-"


def test_an_error_is_one_minus_the_accuracy_with_its_ends_turned_round():
    result = compared(a=[EARLY, MIDDLE, LATE])
    assert error_at(result, "a", 40) == "4.67% [3.00%, 6.00%]"
    assert error_at(result, "a", 50) == "-"
    assert error_at(compared(a=[LATE]), "a", 40) == "5.00% [one run]"


def test_columns_are_as_wide_as_their_words():
    assert columns([["a", "bcd"], ["ef", ""]]) == "a   bcd\nef"


def test_a_report_is_broken_into_lines_for_a_terminal_and_not_for_a_page():
    note = "word " * 40 + "end"
    report = Report([[["a", "b"], ["1", ""]]], [note])
    assert max(map(len, str(report).splitlines())) <= 110
    assert " ".join(str(report).split("\n\n")[1].split()) == note
    assert report.markdown() == f"| a | b |\n| --- | --- |\n| 1 |  |\n\n{note}"


# Names.


def test_names_that_are_none():
    with pytest.raises(ValueError, match=r"no reproduction 'gal2018'\. Did you mean 'gal2017'"):
        reproductions.get("gal2018")
    with pytest.raises(ValueError, match="no profile 'fast'; there are quick, cpu, full"):
        reproductions.profile("fast", {"quick": 1, "cpu": 2, "full": 3})


@pytest.mark.parametrize("name", reproductions.NAMES)
def test_every_reproduction_offers_the_same(name):
    module = reproductions.get(name)
    assert name == module.NAME
    assert module.TITLE
    assert all(callable(getattr(module, part)) for part in ("run", "table", "draw"))
