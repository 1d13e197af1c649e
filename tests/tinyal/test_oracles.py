"""Oracles answer what they say they answer; a person's answers are never lost; a model's guesses never become truth."""

import types

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tinyal.oracles import (
    DEFER,
    OPEN,
    SKIP,
    Annotators,
    ArrayOracle,
    NoisyOracle,
    PseudoLabels,
    TerminalOracle,
    dawid_skene,
    pass_on,
)
from tinyal.oracles.terminal_text import ASCII, describe
from tinyal.strategies import Margin, Random

RNG = np.random.default_rng(1)
Y = RNG.integers(0, 3, 300)
X = RNG.normal(size=(300, 2)) + np.array([[0, 0], [4, 0], [0, 4]])[Y]
WORDS = np.array(["ant", "bee", "cicada"])


def learner(**others):
    model = nn.Classifier(
        [nn.Dense(3)], steps=40, classes=others.pop("classes", None), optimizer=nn.Adam(0.1)
    )
    return al.ActiveLearner(model, X, others.pop("strategy", Random()), **others)


# Answers, and what the learner makes of them.


class Fixed:
    """Answer from a dictionary."""

    def __init__(self, answers, **others):
        self.answers = answers
        vars(self).update(others)

    def answer(self, indices):
        return [self.answers[index] for index in indices.tolist()]


def test_words_and_numbers_from_an_oracle_are_not_made_words():
    it = learner()
    with pytest.raises(ValueError, match=r"all words or all numbers; \['ant', 3\] are both"):
        pass_on(it, Fixed({1: "ant", 2: 3}), [1, 2])
    with pytest.raises(ValueError, match="nan is no label"):
        pass_on(it, Fixed({1: "ant", 2: float("nan")}), [1, 2])
    assert not len(it.labeled)


def test_answers_that_are_no_labels_skip_and_defer_and_leave_open():
    it = learner()
    told = pass_on(it, Fixed({5: 1, 6: None, 7: SKIP, 8: DEFER, 9: OPEN, 10: 0}), [5, 6, 7, 8, 9, 10])
    assert told.tolist() == [5, 10] == it.labeled.tolist()
    assert it.labels.tolist() == [1, 0]
    assert it._answers.skipped == {6, 7}
    assert it._answers.deferred == {8: 1}
    assert 9 in it.unlabeled


@pytest.mark.parametrize(
    "oracle",
    [ArrayOracle(Y), NoisyOracle(Y, 0.2), Annotators([ArrayOracle(Y)] * 3)],
    ids=lambda oracle: type(oracle).__name__,
)
def test_whoever_answers_a_loop_learns_from_it(oracle):
    it = learner(strategy=Margin())
    for _ in range(8):
        pass_on(it, oracle, it.ask(10))
    assert len(it.labeled) == 80
    predicted = it.model.predict(X)
    assert np.mean(predicted == Y) > 0.85


def test_words_are_answers():
    it = learner()
    pass_on(it, ArrayOracle(WORDS[Y]), [3, 4])
    assert it.labels.tolist() == WORDS[Y[[3, 4]]].tolist()
    pass_on(it, Fixed({5: "ant", 6: None}), [5, 6])
    assert it.labels[-1] == "ant"


def test_a_wrong_number_of_answers_is_an_error_and_nothing_is_told():
    it = learner()
    with pytest.raises(ValueError, match="gave 2 answers for 3 rows"):
        pass_on(it, types.SimpleNamespace(answer=lambda indices: [1, 2]), [0, 1, 2])
    assert len(it.labeled) == 0


def test_corrections_go_to_the_learner_once():
    it = learner()
    it.tell([0, 1, 2, 3], [0, 1, 2, 0])
    oracle = Fixed({9: 1}, corrections={0: 2, 1: SKIP, 2: DEFER, 3: OPEN})
    pass_on(it, oracle, [9])
    assert it._answers.labels == {0: 2, 9: 1}
    assert (it._answers.skipped, it._answers.deferred) == ({1}, {2: 1})
    assert 3 in it.unlabeled
    assert oracle.corrections == {}


# An oracle that errs.


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 1.0])
def test_a_noisy_oracle_errs_as_often_as_it_says_and_in_all_directions(rate):
    y = np.arange(3000) % 3
    answers = NoisyOracle(y, rate, seed=5).answer(np.arange(3000))
    wrong = answers != y
    assert abs(wrong.mean() - rate) < 4 * np.sqrt(0.25 / 3000) * (0 < rate < 1) + 1e-12
    if rate:
        shifts = np.bincount((answers - y)[wrong] % 3, minlength=3)
        assert shifts[0] == 0
        assert abs(shifts[1] - shifts[2]) < 5 * np.sqrt(wrong.sum())


def test_a_confusion_matrix_decides_who_is_taken_for_whom():
    confusion = np.array([[0.7, 0.3, 0.0], [0.0, 1.0, 0.0], [0.5, 0.25, 0.25]])
    y = np.arange(3000) % 3
    answers = NoisyOracle(WORDS[y], confusion=confusion, seed=2).answer(np.arange(3000))
    seen = np.array([[np.mean(answers[y == c] == k) for k in WORDS] for c in range(3)])
    np.testing.assert_allclose(seen, confusion, atol=0.06)
    assert (seen[confusion == 0] == 0).all()


def test_a_row_asked_again_gets_the_same_answer_unless_told_otherwise():
    rows = np.arange(300)
    steady = NoisyOracle(Y, 0.4, seed=1)
    first = steady.answer(rows)
    assert steady.answer(rows[::-1]).tolist() == first[::-1].tolist()
    assert [steady.answer(row)[0] for row in rows] == first.tolist(), "alone or together"
    assert NoisyOracle(Y, 0.4, seed=2).answer(rows).tolist() != first.tolist()
    anew, again = (NoisyOracle(Y, 0.4, seed=1, repeat=True) for _ in range(2))
    draws = [anew.answer(rows).tolist() for _ in range(15)]
    assert draws[0] == first.tolist()
    assert draws == [again.answer(rows).tolist() for _ in range(15)]
    votes = np.array([np.bincount(column, minlength=3) for column in np.array(draws).T])
    assert np.mean(votes.argmax(axis=1) == Y) > 0.9, "errors that are drawn anew average out"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "a rate of errors or a confusion matrix"),
        ({"rate": 0.1, "confusion": np.eye(3)}, "one of them"),
        ({"rate": 1.5}, "share from 0 to 1, not 1.5"),
        ({"rate": np.nan}, "share from 0 to 1, not nan"),
        ({"confusion": np.eye(2)}, r"each of the classes \[0, 1, 2\].*shape \(2, 2\)"),
        ({"confusion": np.ones((3, 3))}, "sum to"),
        ({"confusion": np.eye(3) * 2 - 1 / 3}, "sum to"),
        ({"rate": 0.1, "classes": [0, 1]}, r"labels \[2\] are not among"),
    ],
)
def test_noise_that_is_no_probability_is_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        NoisyOracle(Y, **settings)
    with pytest.raises(ValueError, match="no wrong answer"):
        NoisyOracle([1, 1], 0.1)


# Several annotators.


def test_the_majority_decides_and_every_answer_costs():
    says = [Fixed(dict.fromkeys(range(9), label)) for label in ("ant", "bee", "bee", None, DEFER)]
    five = Annotators(says, prices=[1, 2, 3, 4, 5])
    assert five.answer([4]) == ["bee"]
    assert five.cost == 15
    assert sorted(five.given) == [(4, 0, "ant"), (4, 1, "bee"), (4, 2, "bee")]


def test_a_tie_is_put_to_one_more_and_one_of_all_is_no_label():
    says = [Fixed(dict.fromkeys(range(99), label)) for label in (0, 0, 1)]
    two = Annotators(says, votes=2)
    assert two.answer(range(99)) == [0] * 99
    asked = np.bincount([row for row, _, _ in two.given])
    assert set(asked.tolist()) == {2, 3}
    assert Annotators(says[1:]).answer([7]) == [None]
    assert Annotators([Fixed({7: None})] * 2).answer([7]) == [None]


def test_annotators_are_drawn_and_others_when_a_row_comes_back():
    says = [Fixed(dict.fromkeys(range(200), who)) for who in range(4)]
    one = Annotators(says, votes=1)
    first, again = one.answer(range(200)), one.answer(range(200))
    assert one.cost == 400
    assert min(np.bincount(first)) > 25
    assert first != again
    assert first == Annotators(says, votes=1).answer(range(200))
    for wrong in ({"votes": 0}, {"votes": 5}, {"prices": [1]}):
        with pytest.raises(ValueError, match=r"annotators"):
            Annotators(says, **wrong)


def crowd(n=400, rates=(0.05, 0.1, 0.45, 0.45, 0.45), seed=0):
    y = np.random.default_rng(seed).integers(0, 3, n)
    people = Annotators([NoisyOracle(y, rate, seed=who) for who, rate in enumerate(rates)])
    return y, people, people.answer(range(n))


def test_dawid_and_skene_find_out_who_errs_and_beat_the_majority():
    y, people, majority = crowd()
    found = dawid_skene(people.given)
    np.testing.assert_allclose(found.accuracy, [0.95, 0.9, 0.55, 0.55, 0.55], atol=0.06)
    voted = np.array([-1 if label is None else label for label in majority])
    assert np.mean(found.labels == y) > np.mean(voted == y) + 0.03
    np.testing.assert_allclose(found.posterior.sum(axis=1), 1)
    np.testing.assert_allclose(found.confusion.sum(axis=2), 1)
    gains = np.diff(found.log_likelihood)
    assert len(gains) > 3
    assert (gains > -1e-9 * abs(found.log_likelihood[0])).all()


def test_dawid_and_skenes_posterior_is_bayes_rule_and_their_fixed_point_a_maximum():
    """Without arrays: from the estimates found, each row's posterior and the estimates again."""
    _, people, _ = crowd(80)
    found = dawid_skene(people.given, iterations=1000, tolerance=0)
    joint = {row: found.prior.copy() for row in range(80)}
    for row, who, label in people.given:
        joint[row] = joint[row] * found.confusion[who][:, label]
    for row, p in joint.items():
        np.testing.assert_allclose(found.posterior[row], p / p.sum(), atol=1e-9)
    np.testing.assert_allclose(sum(np.log(p.sum()) for p in joint.values()), found.log_likelihood[-1])
    np.testing.assert_allclose(found.posterior.mean(axis=0), found.prior, atol=1e-6)
    counts = np.zeros((5, 3, 3))
    for row, who, label in people.given:
        counts[who, :, label] += found.posterior[row]
    np.testing.assert_allclose(counts / counts.sum(axis=2, keepdims=True), found.confusion, atol=1e-5)


def test_dawid_and_skene_take_rows_in_any_order_with_some_answers_missing():
    y, people, _ = crowd(200)
    names = WORDS
    some = [(1000 - row, who, names[label]) for row, who, label in people.given if (row + who) % 3]
    found = dawid_skene(some[::-1])
    assert found.rows.tolist() == sorted(1000 - row for row in range(200))
    assert np.mean(found.labels == names[y][1000 - found.rows]) > 0.85
    with pytest.raises(ValueError, match="no answers"):
        dawid_skene([])
    with pytest.raises(ValueError, match="one class"):
        dawid_skene([(0, 0, "ant"), (1, 0, "ant")])


# The model's own labels.


def test_guesses_take_part_in_training_and_are_no_labels():
    it, plain = learner(strategy=Margin(), pseudo=PseudoLabels(0.9)), learner(strategy=Margin())
    for one in (it, plain):
        one.tell(np.arange(12), Y[:12])
    guesses = it.pseudo_labels
    assert len(guesses) > 20
    p = plain.model.predict_proba(X)
    sure = np.flatnonzero((p.max(axis=1) >= 0.9) & np.isin(np.arange(300), it.unlabeled))
    assert sorted(guesses) == sure.tolist()
    assert guesses == dict(zip(sure.tolist(), p[sure].argmax(axis=1).tolist(), strict=True))
    assert it.labeled.tolist() == list(range(12))
    assert sum(it.class_counts().values()) == 12
    assert set(guesses) <= set(it.unlabeled.tolist()), "they may be asked for"
    assert it.view().labeled.tolist() == list(range(12))
    together = nn.Classifier([nn.Dense(3)], steps=40, optimizer=nn.Adam(0.1), seed=it.model.seed)
    together.fit(X[[*range(12), *guesses]], [*Y[:12], *guesses.values()])
    np.testing.assert_array_equal(it.model.predict_proba(X), together.predict_proba(X))


def test_guesses_are_made_anew_each_round_and_never_confirm_themselves():
    it = learner(pseudo=PseudoLabels(0.7))
    it.tell(np.arange(6), Y[:6])
    before = it.pseudo_labels
    right = {row: int(Y[row]) for row in before}
    it.tell(np.arange(6, 60), Y[6:60])
    after = it.pseudo_labels
    fresh = learner(pseudo=PseudoLabels(0.7))
    fresh.tell(np.arange(60), Y[:60])
    assert after == fresh.pseudo_labels
    assert not set(after) & set(range(60))
    assert any(before[row] != right[row] for row in before), "there were mistakes to get rid of"
    it.skip(next(iter(after)))
    assert next(iter(after)) not in it.pseudo_labels, "nobody could tell, nor does the model"


def test_guesses_keep_to_the_candidates_and_to_a_number_a_class():
    it = learner(pseudo=PseudoLabels(0.5, per_class=4), candidates=60)
    it.tell(np.arange(12), Y[:12])
    assert set(it.pseudo_labels) <= set(it.view().candidates.tolist())
    assert max(np.bincount(list(it.pseudo_labels.values()))) == 4
    p = np.array([[0.9, 0.1], [0.8, 0.2], [0.95, 0.05], [0.3, 0.7], [0.45, 0.55]])
    assert PseudoLabels(0.6, per_class=2).choose(p).tolist() == [0, 2, 3]
    assert PseudoLabels(1.0).choose(p).tolist() == []
    for wrong in ({"confidence": 0}, {"confidence": 90}, {"per_class": 0}):
        with pytest.raises(ValueError, match=r"confidence is|per_class must"):
            PseudoLabels(**wrong)


# A person at the terminal.


class Person:
    """Types lines one after the other, and remembers what was shown; after the last, the input ends."""

    def __init__(self, *lines, end=EOFError):
        self.lines, self.end, self.shown, self.prompts = list(lines), end, [], []

    def read(self, prompt):
        self.prompts.append(prompt)
        if not self.lines:
            raise self.end
        return self.lines.pop(0)

    def terminal(self, pool=X, classes=tuple(WORDS), **others):
        return TerminalOracle(pool, classes, read=self.read, write=self.shown.append, **others)


def test_a_class_is_typed_by_name_or_number_and_commands_by_a_letter_or_word():
    person = Person("bee", " 3 ", "s", "defer", "1", "skip", "/d")
    oracle = person.terminal()
    assert oracle.answer(range(7)) == ["bee", "cicada", SKIP, DEFER, "ant", SKIP, DEFER]
    assert not oracle.quit
    assert person.lines == []


def test_classes_that_are_numbers_are_typed_as_they_are():
    assert Person("3", "0").terminal(classes=range(5)).answer([0, 1]) == [3, 0]
    assert Person("2", "7").terminal(classes=["7", "2", "1"]).answer([0, 1]) == ["2", "7"]


def test_a_class_with_a_commands_name_is_the_class():
    person = Person("s", "/s", "undo", "/undo", "quit", "?", "/quit")
    oracle = person.terminal(classes=["s", "undo", "quit"])
    assert oracle.answer(range(4)) == ["s", SKIP, "quit", OPEN]
    assert oracle.quit
    assert any("/s  skip" in text for text in person.shown)
    assert any("d  defer" in text and "/d" not in text for text in person.shown)


def test_what_is_no_answer_is_asked_again_with_help():
    person = Person("wasp", "", "?", "0", "4", "bee\x1b[2J", "bee")
    assert person.terminal().answer([0]) == ["bee"]
    assert len(person.prompts) == 7
    shown = "\n".join(person.shown)
    assert "'wasp' is no class and no command" in shown
    assert shown.count("q  quit") == 6
    assert "\x1b" not in shown


def test_undo_goes_back_also_to_rows_of_earlier_calls():
    person = Person("cicada", "u", "ant", "bee", "u", "cicada", "u", "u", "u", "bee", "1", "2")
    oracle = person.terminal()
    assert oracle.answer([0, 1]) == ["ant", "bee"]
    assert "There is nothing before this one." not in person.shown
    assert oracle.answer([2]) == ["bee"]
    assert oracle.corrections == {0: "bee", 1: "ant"}
    assert "There is nothing before this one." in person.shown


def test_undone_answers_reach_the_learner():
    it = learner()
    oracle = Person("ant", "bee", "u", "u", "s", "cicada", "ant").terminal()
    assert pass_on(it, oracle, [0, 1]).tolist() == [0, 1]
    assert pass_on(it, oracle, [2]).tolist() == [2]
    assert it._answers.labels == {1: "cicada", 2: "ant"}
    assert it._answers.skipped == {0}


@pytest.mark.parametrize("end", [EOFError, KeyboardInterrupt, "q"])
def test_whoever_goes_loses_nothing(end):
    person = Person("ant", "s", *(["q"] if end == "q" else []), end=end if end != "q" else AssertionError)
    oracle, it = person.terminal(), learner()
    assert pass_on(it, oracle, [0, 1, 2, 3]).tolist() == [0]
    assert oracle.quit
    assert it.labels.tolist() == ["ant"]
    assert it._answers.skipped == {1}
    assert {2, 3} <= set(it.unlabeled.tolist())
    again = Person("bee", "bee").terminal()
    pass_on(it, again, [2, 3])
    assert not again.quit
    assert it.labels.tolist() == ["ant", "bee", "bee"]


@pytest.mark.parametrize(
    "row",
    [
        RNG.integers(0, 256, (28, 28), dtype=np.uint8),
        RNG.integers(0, 256, (200, 300), dtype=np.uint8),
        RNG.normal(size=(3, 32, 32)),
        RNG.random((32, 31, 3)),
        np.zeros((5, 5)),
        RNG.normal(size=784),
        "word " * 100 + "x" * 300 + "\n\nlast\x07",
        np.arange(4),
    ],
    ids=["digit", "large", "channels first", "channels last", "blank", "features", "text", "few"],
)
def test_every_example_fits_a_terminal(row):
    for shades in (ASCII, " ░▒▓█"):
        lines = describe(row, shades=shades).split("\n")
        assert max(map(len, lines)) <= 80
        assert len(lines) <= 110
        assert all(line.isprintable() for line in lines)


def test_an_image_is_drawn_light_and_dark_in_its_proportions():
    image = np.zeros((8, 6), np.uint8)
    image[:, 2:4] = 255
    assert describe(image) == "\n".join(["  ██"] * 4)
    assert describe(image.ravel(), image_shape=(8, 6)) == describe(image)
    assert describe(image / 255.0 - 3) == describe(image), "any range of floats"
    assert describe(image // 2).count("▒") == 8, "grey stays grey"
    assert (
        describe(np.repeat(np.repeat(image, 40, axis=0), 40, axis=1), shades="01").split("\n")[0].count("1")
        > 20
    )


def test_features_and_texts_are_shown_with_their_names():
    assert describe([1.5, 2.0], names=["length", "w"]) == "length  1.5\nw       2"
    assert "feature 59" in describe(np.zeros(100))
    assert describe(np.zeros(100)).endswith("... and 40 more")
    assert describe("a\x1b[2Jb") == "a\\x1b[2Jb"
    with pytest.raises(ValueError, match="2 features and 1 names"):
        describe([1.5, 2.0], names=["length"])
    with pytest.raises(ValueError, match="an image has"):
        describe(np.zeros((2, 2, 2, 2)))
