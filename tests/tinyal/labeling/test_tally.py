import numpy as np
import pytest
from scipy.stats import beta

from tinyal.labeling.events import Event
from tinyal.labeling.tally import FEWEST, LATELY, POINTS, WINDOW, Tally


class Answers:
    """Labels that stand, and the tally of how they came about."""

    def __init__(self):
        self.labels = {}
        self.tally = Tally(self.labels)
        self.number = 0

    def label(self, item, label="cat", guess=None, how="strategy", action="label", replaces=None):
        self.number += 1
        event = Event(
            self.number,
            f"r{self.number}",
            0.0,
            "Ada",
            action,
            item,
            label,
            guess=guess,
            how=how,
            replaces=replaces,
        )
        self.labels[item] = event
        self.tally.note(event)

    def undo(self, item):
        self.number += 1
        del self.labels[item]
        self.tally.note(Event(self.number, f"r{self.number}", 0.0, "Ada", "undo", item, undoes=1))


@pytest.fixture
def answers():
    return Answers()


def test_the_accuracy_is_that_of_the_last_random_guesses_with_an_exact_interval(answers):
    rng = np.random.default_rng(0)
    right = rng.random(3 * WINDOW) < np.linspace(0.4, 0.9, 3 * WINDOW)
    for item, good in enumerate(right.tolist()):
        answers.label(2 * item, guess="cat" if good else "dog", how="random")
        answers.label(2 * item + 1, guess="dog", how="strategy")
        if item + 1 < FEWEST:
            assert answers.tally.accuracy() is None
    found, hits = answers.tally.accuracy(), int(right[-WINDOW:].sum())
    assert (found.estimate, found.n, found.labels) == (hits / WINDOW, WINDOW, 6 * WINDOW - 1)
    assert found.low == pytest.approx(beta.ppf(0.025, hits, WINDOW - hits + 1))
    assert found.high == pytest.approx(beta.ppf(0.975, hits + 1, WINDOW - hits))
    curve = answers.tally.curve()
    assert len(curve) == POINTS
    assert [point.labels for point in curve] == sorted({point.labels for point in curve})
    assert curve[0].n == FEWEST


def test_the_interval_holds_the_truth_where_questions_are_drawn_at_random():
    held = 0
    for seed in range(200):
        answers, rng = Answers(), np.random.default_rng(seed)
        for item, good in enumerate((rng.random(40) < 0.85).tolist()):
            answers.label(item, guess="cat" if good else "dog", how="random")
        found = answers.tally.accuracy()
        held += found.low <= 0.85 <= found.high
    assert held >= 190


def test_only_a_guess_from_before_the_first_label_counts(answers):
    for item in range(FEWEST):
        answers.label(item, guess="dog", how="random")
    answers.undo(0)
    answers.label(0, guess="cat", how="random")  # by a model that had been told
    assert answers.tally.accuracy().estimate == 0
    assert answers.tally.first(0).guess == "dog"
    assert answers.tally.agreement() == (0, FEWEST)


def test_what_is_right_is_what_stands_now(answers):
    for item in range(10):
        answers.label(item, guess="cat", how="random")
    assert answers.tally.accuracy().estimate == 1
    answers.label(3, "dog", guess="cat", how="review", replaces=4)
    assert answers.tally.accuracy().estimate == 0.9
    answers.undo(5)
    assert (answers.tally.accuracy().n, answers.tally.accuracy().estimate) == (9, 8 / 9)


def test_labels_that_were_known_and_answers_without_a_guess_test_nothing(answers):
    for item in range(10):
        answers.label(item, action="known", how="known")
        answers.label(item + 10, how="random")
    assert answers.tally.accuracy() is None
    assert (answers.tally.tested, answers.tally.agreement()) == (0, (0, 0))
    for item in range(FEWEST):
        answers.label(item + 20, guess="cat", how="random")
    assert answers.tally.accuracy().labels == 20 + FEWEST


def test_agreement_is_of_all_the_last_answers(answers):
    for item in range(2 * LATELY):
        answers.label(item, guess="cat" if item % 4 else "dog", how="random" if item % 7 else "strategy")
    assert answers.tally.agreement() == (sum(item % 4 != 0 for item in range(LATELY, 2 * LATELY)), LATELY)
