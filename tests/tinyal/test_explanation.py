"""Explanations: every number is one that can be had by another way, and the words say what the numbers are."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tinyal import explaining
from tinyal.explaining import explain
from tinyal.explanation import Answer, Explanation, Neighbour, Part
from tinyal.strategies import NAMES, Entropy, Margin, Pointwise, Random, Stochastic, Strategy, get
from tinyal.view import PoolView


def first(view, n, rng):
    return view.candidates[:n]


@pytest.fixture(scope="module")
def learner():
    data = nn.datasets.load("digits")
    layers = [nn.Dense(16), nn.ReLU(), nn.Dropout(0.2), nn.Dense(10)]
    model = nn.Classifier(layers, steps=60, classes=range(10), dtype="float64")
    learner = al.ActiveLearner(model, data.x_train[:300] / 16, Entropy(), seed=0)
    learner.tell(range(40), data.y_train[:40])
    return learner


class Given(Pointwise):
    """Scores that are known beforehand: row i of the pool holds the number i."""

    def __init__(self, table):
        self.table = np.asarray(table)

    def score(self, view):
        return self.table[view.x[:, 0]]


def bare(n=6, candidates=None, labeled=(), labels=(), model=None):
    candidates = np.arange(n) if candidates is None else np.asarray(candidates)
    pool = np.arange(n)[:, None]
    return PoolView(
        model, pool, candidates, np.asarray(labeled, int), np.asarray(labels), np.array(["no", "yes"])
    )


def test_every_strategy_explains_every_row_in_sentences_of_eighty_columns(learner):
    view = learner.view()
    for strategy in [*(get(name, n_samples=4) for name in NAMES), first]:
        for index in (40, 177, 299):
            why = explain(strategy, view, index)
            lines = str(why).splitlines()
            assert lines[0].startswith(f"Row {index}, one of 260 candidates, as ")
            assert max(map(len, lines)) <= 80
            assert json.loads(why.to_json())["index"] == index
            assert explain(strategy, view, index) == why
            if isinstance(strategy, Strategy):
                assert strategy.explain(view, index) == why
    assert str(why).startswith(
        "Row 299, one of 260 candidates, as first sees it\n- The strategy has no number"
    )


def test_numbers_come_with_their_place_among_the_candidates():
    view = bare(candidates=[5, 1, 3, 0, 4])
    table = np.array([7.0, 2, 99, 2, 1, 9])
    placed = {index: explain(Given(table), view, index).parts for index in view.candidates.tolist()}
    assert placed == {
        5: (Part("score", 9.0, 1.0, 1),),
        0: (Part("score", 7.0, 0.75, 2),),
        1: (Part("score", 2.0, 0.25, 3),),
        3: (Part("score", 2.0, 0.25, 3),),
        4: (Part("score", 1.0, 0.0, 5),),
    }
    assert "Score: 9, the largest of all candidates." in str(explain(Given(table), view, 5))
    assert "Score: 7, more than 75 % of the other candidates (rank 2)." in str(explain(Given(table), view, 0))
    alone = explain(Given(table), bare(candidates=[2]), 2)
    assert alone.parts == (Part("score", 99.0, 0.0, 1),)


def test_parts_must_be_numbers_of_the_candidates():
    class Short(Random):
        def parts(self, view):
            return {"half": np.zeros(len(view) // 2)}

    with pytest.raises(
        ValueError, match=r"Short.parts must give .* shape \(6,\), and gave 'half' the shape \(3,\)"
    ):
        Short().explain(bare(), 1)


def test_an_index_that_is_no_candidate_is_refused(learner):
    for index in (3, 300, -1):
        with pytest.raises(ValueError, match=f"row {index} is not among the 260 candidates"):
            explain(Margin(), learner.view(), index)
    with pytest.raises(ValueError, match="numbers from 0, not -1 and 3"):
        explain(Margin(), learner.view(), 50, answers=-1)


def test_the_guess_is_that_of_the_model_the_most_probable_first(learner):
    why = explain(first, learner.view(), 123)
    p = learner.model.predict_proba(learner.pool[[123]])[0]
    assert [a.label for a in why.answers] == np.argsort(-p).tolist()
    np.testing.assert_allclose([a.probability for a in why.answers], np.sort(p)[::-1], rtol=1e-12)
    best = why.answers[0]
    assert f"The model guesses {best.label} ({100 * best.probability:.0f} %), then" in str(why)


def test_neighbours_are_near_in_the_models_features_or_else_as_rows(learner):
    why = explain(first, learner.view(), 123, neighbours=40)
    features = learner.model.embed(learner.pool)
    distances = np.linalg.norm(features[:40] - features[123], axis=1)
    assert why.space == "embed"
    assert [n.index for n in why.neighbours] == np.argsort(distances).tolist()
    np.testing.assert_allclose([n.distance for n in why.neighbours], np.sort(distances), rtol=1e-9)
    assert [n.label for n in why.neighbours] == learner.labels[np.argsort(distances)].tolist()

    view = bare(9, candidates=[4], labeled=[8, 0, 3, 5], labels=["no", "yes", "yes", "no"])
    why = explain(first, view, 4)
    assert why.space == "x"
    assert why.neighbours == (Neighbour(3, "yes", 1.0), Neighbour(5, "no", 1.0), Neighbour(8, "no", 4.0))
    assert "between the rows themselves: row 3, labelled yes, at 1; row 5," in " ".join(str(why).split())


def test_pixels_of_bytes_do_not_wrap_around():
    pool = np.array([[0], [255]], np.uint8)
    view = PoolView(None, pool, np.array([0]), np.array([1]), np.array([7]), np.arange(2))
    assert explain(first, view, 0).neighbours == (Neighbour(1, 7, 255.0),)


def test_gradients_are_as_long_as_those_of_a_backward_pass(learner):
    view, index = learner.view(), 201
    why = explain(first, view, index)
    net, loss = learner.model.network_, nn.SoftmaxCrossEntropy()
    for answer in why.answers:
        loss.forward(net.forward(net.backend.asarray(learner.pool[[index]])), np.array([answer.label]))
        net.backward(loss.backward())
        last = net.layers[-1]
        length = np.sqrt((last.dW**2).sum() + (last.db**2).sum())
        np.testing.assert_allclose(answer.gradient, length, rtol=1e-9)
    expected = sum(a.probability * a.gradient for a in why.answers)
    assert why.expected_gradient == pytest.approx(expected)
    assert f"{expected:.3g} is expected over all answers" in " ".join(str(why).split())
    assert why.to_dict()["expected_gradient"] == why.expected_gradient


@pytest.mark.parametrize("looked_at", [1000, 90])
def test_what_an_answer_changes_is_counted_after_training_with_it(learner, looked_at, monkeypatch):
    monkeypatch.setattr(explaining, "LOOKED_AT", looked_at)
    view, index = learner.view(), 250
    why = explain(Margin(), view, index, answers=2)
    assert why.looked_at == min(259, looked_at)
    assert [a.changed is not None for a in why.answers] == [True, True] + [False] * 8
    others = np.setdiff1d(view.candidates, [index])
    for answer in why.answers[:2]:
        after = view.retrained([index], [answer.label]).predict(learner.pool[others])
        changed = after != learner.model.predict(learner.pool[others])
        if looked_at == 1000:
            assert answer.changed == changed.sum()
        else:
            assert abs(answer.changed - changed.mean() * 90) < 5 * np.sqrt(90 / 4)
        assert f"Told that it is {answer.label}, the model would put {answer.changed} of" in " ".join(
            str(why).split()
        )
    assert explain(Margin(), view, index, answers=2) == why
    assert explain(Margin(), view, index).looked_at == 0


def test_the_others_that_are_looked_at_never_hold_the_row_itself(monkeypatch):
    monkeypatch.setattr(explaining, "LOOKED_AT", 3)
    view = bare(5)
    seen = {position: set() for position in range(5)}
    for seed in range(60):
        view.seed = seed
        for position in range(5):
            seen[position] |= set(explaining._others(view, position).candidates.tolist())
    assert seen == {position: set(range(5)) - {position} for position in range(5)}


def test_answers_need_a_way_to_train():
    model = SimpleNamespace(
        classes_=np.array(["no", "yes"]), predict_proba=lambda x: np.full((len(x), 2), 0.5)
    )
    with pytest.raises(TypeError, match="no way to"):
        explain(first, bare(model=model), 1, answers=1)
    why = explain(first, bare(model=model), 1)
    assert why.answers == (Answer("no", 0.5), Answer("yes", 0.5))
    assert why.expected_gradient is None
    assert "gradient" not in str(why)


def test_without_a_model_or_labels_it_says_so():
    why = explain(Random(), bare(), 2)
    assert str(why).splitlines() == [
        "Row 2, one of 6 candidates, as Random() sees it",
        "- The strategy has no number for a single row.",
        "- There is no model yet that would guess.",
        "- No row has a label yet that it could be compared with.",
    ]
    assert json.loads(why.to_json())["answers"] == []


def test_labels_of_numpy_become_json():
    why = Explanation(
        "s", 1, 2, neighbours=(Neighbour(0, "é", 1.0),), answers=(Answer(True, 0.996), Answer(False, 0.004))
    )
    told = json.loads(why.to_json())
    assert told["neighbours"] == [{"index": 0, "label": "é", "distance": 1.0}]
    assert "é" in why.to_json()
    assert "True (99.6 %), then False (0.4 %)" in str(why)
    view = bare(9, candidates=[4], labeled=[8], labels=["no"])
    assert type(explain(first, view, 4).neighbours[0].label) is str


def test_a_long_name_is_cut():
    why = Explanation("Stochastic(" * 20, 1, 2)
    assert max(map(len, str(why).splitlines())) <= 80


def test_a_strategy_in_another_shows_the_numbers_of_both(learner):
    names = [part.name for part in explain(Stochastic(Entropy()), learner.view(), 99).parts]
    assert all(name in names for name in Stochastic(Entropy()).parts(learner.view()))
