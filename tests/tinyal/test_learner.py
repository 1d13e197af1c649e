"""Ask and tell: questions are a function of settings and labels, and a wrong answer changes nothing."""

import gc
import types

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests.tinyal.pools import by_patience, quick
from tinyal.answers import Answers
from tinyal.strategies import NAMES, Entropy, Margin, Random, get
from tinyal.view import Model, PoolView

N = 60


class Centroids:
    """Classify by the nearest class mean: fast, the same for any order of the rows; it remembers its calls."""

    def __init__(self, seed=0):
        self.seed = seed
        self.fits = self.predictions = 0

    def get_params(self, deep=True):
        return {"seed": self.seed}

    def set_params(self, seed):
        self.seed = seed

    def fit(self, x, y):
        self.fits += 1
        self.x, self.y = x, y
        self.classes_ = np.unique(y)
        x = x.reshape(len(x), -1)
        order = np.argsort(x[:, 0])  # sums of floats depend on their order
        x, y = x[order], y[order]
        self.means = np.stack([x[y == k].mean(axis=0) for k in self.classes_])

    def predict_proba(self, x):
        self.predictions += 1
        distances = np.square(x.reshape(len(x), 1, -1) - self.means).sum(axis=2)
        p = np.exp(distances.min(axis=1, keepdims=True) - distances)
        return p / p.sum(axis=1, keepdims=True)


def blobs(n=N, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    return rng.normal(size=(n, 2)) + np.array([[0, 0], [2, 0], [0, 2]])[y], y


X, Y = blobs()


def network(**settings):
    layers = [nn.Dense(8), nn.ReLU(), nn.Dropout(0.5), nn.Dense(3)]
    return nn.Classifier(layers, steps=10, classes=range(3), **settings)


def learner(model=None, strategy=None, pool=X, **settings):
    return al.ActiveLearner(model or Centroids(), pool, strategy or Margin(), **settings)


def taught(n=12, *args, **settings):
    made = learner(*args, **settings)
    made.tell(np.arange(n), Y[:n])
    return made


def state(it):
    """Return all that can be seen of a learner."""
    return it.labeled.tolist(), it.labels.tolist(), it.unlabeled.tolist(), it.ask(5).tolist()


# Asking and telling.


def test_nothing_is_asked_twice_until_nothing_is_left():
    it = learner()
    asked = []
    for n in [1, 9, 20, 25, 5]:
        indices = it.ask(n)
        assert indices.dtype == np.int64
        it.tell(indices, Y[indices])
        asked += indices.tolist()
        assert it.labeled.tolist() == asked
        assert it.labels.tolist() == Y[asked].tolist()
        assert it.unlabeled.tolist() == sorted(set(range(N)) - set(asked))
    assert sorted(asked) == list(range(N))
    with pytest.raises(ValueError, match="cannot ask for 1: 0 rows of the pool are left"):
        it.ask()


def test_one_row_is_asked_for_by_default_and_told_as_a_scalar():
    it = taught()
    (index,) = it.ask()
    it.tell(index, Y[index])
    assert it.labeled[-1] == index


@pytest.mark.parametrize("told", [0, 12])
@pytest.mark.parametrize("n", [0, -1, N + 1, 10**9])
def test_asking_for_none_or_for_more_than_is_left_is_an_error(n, told):
    it = taught(told)
    with pytest.raises(ValueError, match=f"cannot ask for {n}: {N - told} rows"):
        it.ask(n)
    assert len(it.ask(N - told)) == N - told


@pytest.mark.parametrize("name", by_patience(NAMES))
def test_questions_are_a_function_of_settings_and_of_what_was_told(name):
    """Asking leaves no trace; telling in one call or in many makes no difference; nor does a restart."""
    once = taught(12, network(), quick(name), seed=4)
    first = once.ask(6)
    assert once.ask(6).tolist() == first.tolist()
    once.ask(17)
    assert once.ask(6).tolist() == first.tolist()
    again = learner(network(), quick(name), seed=4)
    for index in range(12):
        again.ask(3)
        again.tell(index, Y[index])
    again.tell([3, 5], Y[[3, 5]])  # told before: nothing new
    assert again.ask(6).tolist() == first.tolist()
    others = [taught(12, network(), quick(name), seed=seed).ask(6).tolist() for seed in range(5, 8)]
    assert any(other != first.tolist() for other in others)


def test_the_order_of_telling_matters_only_to_a_model_that_minds_the_order_of_rows():
    order = np.random.default_rng(0).permutation(12)
    shuffled = learner(strategy=Entropy())
    shuffled.tell(order, Y[order])
    assert shuffled.ask(9).tolist() == taught(strategy=Entropy()).ask(9).tolist()
    assert shuffled.labeled.tolist() == order.tolist(), (
        "a network takes its batches from the rows in this order"
    )


def test_before_there_is_a_model_the_questions_are_random_but_for_the_seed():
    first = [
        learner(strategy=strategy, seed=1).ask(5).tolist() for strategy in (Margin(), Random(), Entropy())
    ]
    assert first[0] == first[1] == first[2]
    seen = np.concatenate([learner(seed=seed).ask(5) for seed in range(100)])
    assert set(seen.tolist()) == set(range(N))


def test_answers_may_be_partial_in_any_order_and_unasked_for():
    it = taught()
    asked = it.ask(6)
    it.tell(asked[[4, 1]], Y[asked[[4, 1]]])
    free = np.setdiff1d(it.unlabeled, asked)[0]
    it.tell(free, Y[free])
    assert it.labeled[-3:].tolist() == [asked[4], asked[1], free]
    assert set(asked[[0, 2, 3, 5]].tolist()) <= set(it.unlabeled.tolist())
    before = state(it)
    it.tell([], [])
    it.skip([])
    assert state(it) == before


def test_skipped_rows_are_not_asked_for_until_they_are_told():
    it = taught(strategy=Random())
    skipped = it.ask(3)
    it.skip(skipped)
    assert len(it.unlabeled) == N - 15
    assert not set(it.ask(N - 15).tolist()) & set(skipped.tolist())
    with pytest.raises(ValueError, match=f"{N - 15} rows of the pool are left"):
        it.ask(N - 14)
    it.skip(skipped[0])
    before = state(it)
    it.skip([0, 1])  # have labels, and keep them
    assert state(it) == before
    assert len(it.unlabeled) == N - 15
    it.tell(skipped, Y[skipped])
    assert state(it) == state(told_as(it))


def told_as(it):
    """Tell a new learner all that another one was told."""
    other = learner(strategy=it.strategy)
    other.tell(it.labeled, it.labels)
    return other


def test_skipping_works_before_the_first_label():
    it = learner(seed=3)
    skipped = it.ask(10)
    it.skip(skipped)
    assert not set(it.ask(N - 10).tolist()) & set(skipped.tolist())


def test_a_label_can_be_corrected():
    it = taught()
    it.ask(3)
    wrong, right = it.labels[2], (it.labels[2] + 1) % 3
    it.tell(2, right, correct=True)
    assert it.labels[2] == right
    assert it.labeled.tolist() == list(range(12))
    np.testing.assert_array_equal(it.model.y, it.labels)
    fresh = learner()
    fresh.tell(np.arange(12), it.labels)
    assert state(it) == state(fresh)
    it.tell(2, wrong, correct=True)
    assert state(it) == state(taught())


@pytest.mark.parametrize("strategy", [Margin(), Random()], ids=repr)
def test_a_correction_changes_the_question_by_the_label_alone(strategy):
    """The round's random numbers stay, so a question that no label decides stays, too."""
    it = taught(strategy=strategy, candidates=20)
    before = it.ask(5).tolist()
    candidates = it.view().candidates.tolist()
    it.tell([2, 7], [(Y[2] + 1) % 3, (Y[7] + 1) % 3], correct=True)
    assert it.view().candidates.tolist() == candidates
    assert it.ask(5).tolist() == it.ask(5).tolist()
    assert (it.ask(5).tolist() == before) == isinstance(strategy, Random)
    it.tell([7, 2], Y[[7, 2]], correct=True)
    assert it.ask(5).tolist() == before


@pytest.mark.parametrize("asked", [False, True])
def test_a_skip_begins_a_round_whether_or_not_the_model_was_there(asked):
    """The seed of a round counts skips: a model that was trained before the skip is none of that round."""
    it = taught(12, network(), get("bald", 5))
    if asked:
        it.ask(3)
    it.skip(20)
    other = taught(12, network(), get("bald", 5))
    other.skip(20)
    assert it.ask(9).tolist() == other.ask(9).tolist()
    assert it.model.seed == other.model.seed


# Later, and taken back.


def test_deferred_rows_come_when_there_are_no_others():
    it = taught(strategy=Random())
    later = it.ask(5)
    it.defer(later)
    assert not set(later.tolist()) & set(it.unlabeled.tolist())
    with pytest.raises(ValueError, match=f"{N - 17} rows of the pool are left to ask for; 5 are deferred"):
        it.ask(N - 16)
    others = it.ask(N - 17)
    it.tell(others[:-1], Y[others[:-1]])
    assert it.ask(1).tolist() == others[-1:].tolist()
    it.skip(others[-1])
    assert it.unlabeled.tolist() == sorted(later.tolist())
    it.tell(later[0], Y[later[0]])
    assert it.unlabeled.tolist() == sorted(later[1:].tolist())


def test_rows_that_are_deferred_again_wait_for_those_deferred_less_often():
    it = taught(N - 4)
    it.defer(np.arange(N - 4, N))
    seen = []
    for _ in range(8):
        (row,) = it.ask(1)
        seen.append(row)
        it.defer(row)
    assert sorted(seen[:4]) == sorted(seen[4:]) == list(range(N - 4, N)), "each has its turn"
    it.defer([0, 1])  # have labels, and keep them
    assert it.labeled.tolist() == list(range(N - 4))


def test_deferring_does_not_train_again():
    it = taught()
    model = it.model
    it.defer(it.ask(2))
    it.ask(2)
    assert it.model is model


def test_what_was_said_can_be_taken_back():
    it, before = taught(), state(taught())
    it.tell([30, 31], Y[[30, 31]])
    it.skip(32)
    it.defer([33, 33])
    it.forget([30, 31, 32, 33, 40])
    assert state(it) == before
    it.forget(0)
    assert 0 in it.unlabeled
    it.tell(0, Y[0])
    assert it.labeled.tolist() == [*range(1, 12), 0], "it is told last"
    for wrong in ([N], [0.5]):
        for change in (it.defer, it.forget, it.reserve):
            with pytest.raises(ValueError, match=r"outside the pool|whole numbers"):
                change(wrong)


def test_a_row_is_deferred_skipped_or_told_by_the_last_word():
    it = taught(strategy=Random())
    it.skip(20)
    it.defer(20)
    it.skip([*range(12, 20), *range(21, N)])
    assert it.ask(1).tolist() == [20]
    it.skip(20)
    assert len(it.unlabeled) == 0
    it.tell(20, Y[20])
    it.forget(20)
    assert it.unlabeled.tolist() == [20]


def test_reserved_rows_are_not_asked_for_and_may_be_told():
    it = taught(strategy=Random())
    it.reserve([30, 31, 0])
    assert not {30, 31} & set(it.ask(N - 14).tolist())
    assert it.reserved.tolist() == [30, 31]
    it.tell(30, Y[30])
    assert it.reserved.tolist() == [31]
    assert it.labeled[-1] == 30


def test_a_table_or_a_sparse_matrix_says_how_to_make_an_array_of_it():
    sparse = pytest.importorskip("scipy.sparse")
    for pool in (sparse.csr_matrix(X), sparse.csr_array(X)):
        with pytest.raises(TypeError, match=rf"the pool is a {type(pool).__name__}, .*give pool.toarray\(\)"):
            learner(pool=pool)

    class DataFrame:
        shape, iloc = X.shape, None

        def to_numpy(self):
            return X

    with pytest.raises(TypeError, match=r"the pool is a DataFrame, .*give pool.to_numpy\(\)"):
        learner(pool=DataFrame())


def test_a_strategys_name_is_answered_with_the_way_to_get_it():
    with pytest.raises(TypeError, match=r"'margin' is neither; .* strategies.get\('margin'\)"):
        al.ActiveLearner(Centroids(), X, "margin")


# New rows and new classes.


def test_new_rows_come_at_the_end_and_all_goes_on_as_with_the_longer_pool():
    it = taught(pool=X[:40], strategy=get("stochastic-entropy"), candidates=25)
    it.skip(20)
    it.ask(3)
    it.extend(X[40:].tolist())
    longer = taught(strategy=get("stochastic-entropy"), candidates=25)
    longer.skip(20)
    assert it.pool.dtype == X.dtype
    assert state(it) == state(longer)
    it.tell(N - 1, Y[N - 1])
    assert it.labeled[-1] == N - 1


@pytest.mark.parametrize(
    ("pool", "rows", "message"),
    [
        (X, np.zeros((2, 3)), r"rows of shape \(2,\), not \(3,\)"),
        (X, np.zeros(2), r"rows of shape \(2,\), not \(\)"),
        (X, [[0, np.nan]], "NaN or infinite"),
        (np.zeros((5, 2), np.uint8), [[0, 300]], "pool holds uint8, and these rows int64: convert"),
        (
            np.zeros((5, 2), np.uint8),
            np.array([[0, 300]], np.uint16),
            "pool holds uint8, and these rows uint16",
        ),
        (
            np.zeros((5, 2), np.int64),
            np.array([[0, 2**63]], np.uint64),
            "pool holds int64, and these rows uint64",
        ),
        (np.zeros((5, 2), np.float32), [[0, 1e300]], "NaN or infinite"),
        (np.zeros((5, 2), np.uint8), [[0.0, 1.0]], "pool holds uint8, and these rows float64: convert"),
    ],
)
def test_rows_that_do_not_fit_are_refused(pool, rows, message):
    it = learner(pool=pool)
    with pytest.raises(ValueError, match=message):
        it.extend(rows)
    assert it.pool is pool


def test_a_class_that_nobody_knew_of_may_turn_up_on_the_way():
    names = np.array(["ant", "bee", "cicada"])[Y]
    it = learner()
    known = np.flatnonzero(Y < 2)[:8]
    it.tell(known, names[known])
    assert it.view().proba().shape == (N - 8, 2)
    new = np.flatnonzero(Y == 2)[:1]
    it.tell(new, names[new])
    assert it.classes.tolist() == ["ant", "bee", "cicada"]
    assert it.view().proba().shape == (N - 9, 3)
    assert it.class_counts() == {"ant": (Y[known] == 0).sum(), "bee": (Y[known] == 1).sum(), "cicada": 1}


def test_a_class_can_be_added_to_those_that_were_named():
    it = learner(classes=["ant", "bee"])
    it.tell([0, 1], ["ant", "bee"])
    with pytest.raises(ValueError, match=r"'wasp'.* are not among the classes .* add_class"):
        it.tell(2, "wasp")
    it.add_class("wasp")
    assert it.class_counts() == {"ant": 1, "bee": 1, "wasp": 0}
    it.tell(2, "wasp")
    assert it.view().proba().shape == (N - 3, 3)
    for wrong, message in (("bee", "one of the classes already"), (3, "all words or all numbers")):
        with pytest.raises(ValueError, match=message):
            it.add_class(wrong)
    with pytest.raises(ValueError, match="given no classes, so any label may be told"):
        learner().add_class("wasp")


def test_a_class_is_added_together_with_a_model_that_has_an_output_for_it():
    two = nn.Classifier([nn.Dense(2)], steps=5, classes=range(2))
    it = learner(two)
    it.tell([0, 1], [0, 1])
    it.ask(2)
    with pytest.raises(ValueError, match=r"model's own classes are \[0, 1\].*add_class\(2, model=...\)"):
        it.add_class(2)
    it.add_class(2, model=nn.Classifier([nn.Dense(3)], steps=5, classes=range(3)))
    it.tell(2, 2)
    assert it.view().proba().shape == (N - 3, 3)
    assert it.class_counts() == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, "ant"], "all words or all numbers"),
        ([0, None], "None is no label; skip"),
        ([0, np.nan], "nan is no label"),
    ],
)
def test_labels_that_would_be_changed_in_silence_are_refused(labels, message):
    it = learner()
    it.tell(0, labels[0])
    with pytest.raises(ValueError, match=message):
        it.tell(1, labels[1])
    assert it.labels.tolist() == [0]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["ant", 3], r"all words or all numbers; \['ant', 3\] are both"),
        ([True, "x"], r"all words or all numbers; \[True, 'x'\] are both"),
        ((1, "1"), "all words or all numbers"),
        (["ant", np.nan], "nan is no label"),
        ([np.float64("inf"), 1], "inf is no label"),
    ],
)
def test_labels_of_one_list_are_not_made_words_in_silence(labels, message):
    it = learner()
    with pytest.raises(ValueError, match=message):
        it.tell([0, 1], labels)
    assert not len(it.labeled)


def test_labels_are_stored_as_pythons_own_values():
    it = learner()
    it.tell([0, 1, 2], [np.int64(1), 2, np.array(3)])
    it.tell([3, 4], np.array([4, 5], np.uint8))
    it.tell(5, np.float32(6))
    assert it._answers.labels == {0: 1, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6.0}
    assert [type(label) for label in it._answers.labels.values()] == [int] * 5 + [float]


def test_classes_are_not_made_words_in_silence():
    with pytest.raises(ValueError, match=r"classes are all words or all numbers, not \['ant', 3\]"):
        learner(classes=["ant", 3])


@pytest.mark.parametrize("classes", [None, range(3)])
def test_telling_one_by_one_does_not_look_at_all_that_was_told(classes):
    """It once made a load of 8000 labels take as long as 64 million comparisons."""

    class Watched(dict):
        looked = 0

        def values(self):
            for value in super().values():
                Watched.looked += 1
                yield value

    it = Answers(500, classes)
    it.labels = Watched()
    for index in range(500):
        it.tell([index], [index % 3])
    assert len(it.labels) == 500
    assert Watched.looked < 10 * 500


# Without a model, and on from the last one.


class First:
    """Take the first candidates, by their rows alone."""

    needs_model = False

    def select(self, view, n, rng):
        self.seen = view
        return view.candidates[np.argsort(view.x[:, 0])[:n]]


def test_a_strategy_that_needs_no_model_is_asked_from_the_start():
    it = learner(strategy=First(), candidates=30)
    first = it.ask(4)
    view = it.strategy.seen
    assert view.model is None
    assert first.tolist() == view.candidates[np.argsort(X[view.candidates, 0])[:4]].tolist()
    assert len(view.labeled) == 0
    for wanted in (view.proba, lambda: view.sample_proba(3), view.embed, lambda: view.subset([0]).proba()):
        with pytest.raises((TypeError, ValueError), match="there is no model yet"):
            wanted()
    it.tell(np.arange(12), Y[:12])
    it.ask(4)
    assert it.strategy.seen.model is it.model


def test_a_warm_model_goes_on_from_the_last_one():
    cold, warm = taught(20, network(dtype="float64")), taught(20, network(dtype="float64"), warm=True)
    assert warm.ask(3).tolist() == cold.ask(3).tolist(), "the first is trained anew"
    first = warm.model.network_.parameters.copy()
    for it in (cold, warm):
        it.tell(20, Y[20])
    assert warm.model.seed == cold.model.seed
    moved, anew = (np.abs(it.model.network_.parameters - first).max() for it in (warm, cold))
    assert 0 < moved < anew / 2
    assert warm.model.network_.step == 20, "ten steps a round"
    model = warm.model
    warm.tell(20, Y[20])
    assert warm.model is model, "nothing new was told"


def test_a_warm_scikit_learn_model_goes_on_and_one_with_a_new_class_begins_anew():
    linear_model = pytest.importorskip("sklearn.linear_model")
    ensemble = pytest.importorskip("sklearn.ensemble")
    # Steps so small that a model stays where it starts: a fresh one at zero, a warm one at the last.
    still = {"loss": "log_loss", "max_iter": 2, "tol": None, "learning_rate": "constant"}
    it = learner(linear_model.SGDClassifier(eta0=0.1, **still), warm=True)
    two = np.flatnonzero(Y < 2)
    it.tell(two[:6], Y[two[:6]])
    start = it.model.coef_
    it.model.set_params(eta0=1e-9)
    it.tell(two[6], Y[two[6]])
    np.testing.assert_allclose(it.model.coef_, start, atol=1e-6)
    assert np.abs(start).max() > 0.01
    third = np.flatnonzero(Y == 2)[0]
    it.tell(third, 2)
    assert it.model.coef_.shape == (3, 2)
    assert it.model.eta0 == 0.1
    for model, message in (
        (ensemble.RandomForestClassifier(), "RandomForestClassifier: its warm_start keeps the trees"),
        (ensemble.BaggingClassifier(linear_model.SGDClassifier()), "BaggingClassifier: its warm_start"),
        (Centroids(), "Centroids has no warm_start"),
    ):
        with pytest.raises(TypeError, match=message):
            al.ActiveLearner(model, X, Margin(), warm=True)


def test_an_interrupted_warm_training_leaves_no_trace():
    class Interrupted(nn.Callback):
        stop = True

        def after_step(self, training):
            if Interrupted.stop:
                raise KeyboardInterrupt

    it = taught(12, network(callbacks=[Interrupted()]), warm=True)
    with pytest.raises(KeyboardInterrupt):
        it.ask(5)
    Interrupted.stop = False
    whole = taught(12, network(), warm=True)
    for learning in (it, whole):
        learning.ask(5)
        learning.tell(12, Y[12])
    np.testing.assert_array_equal(it.model.network_.parameters, whole.model.network_.parameters)


# What is refused, and that it changes nothing.


@pytest.mark.parametrize("correct", [False, True])
@pytest.mark.parametrize(
    ("indices", "labels", "message"),
    [
        ([20, 21, N], [0, 1, 2], rf"indices \[{N}\] are outside the pool of {N} rows"),
        ([20, -1], [0, 1], r"indices \[-1\] are outside"),
        ([20, 21], [0, 3], r"labels \[3\] are not among the classes \[0, 1, 2\]"),
        ([20, 21], [0, -1], r"labels \[-1\] are not among"),
        ([20, 21], [0, 1.5], r"labels \[1.5\] are not among"),
        ([20, 21], [0, np.nan], r"labels \[nan\] are not among"),
        ([20, 21], ["0", "1"], r"labels \['0', '1'\] are not among"),
        ([20], ["1"], r"labels \['1'\] are not among"),
        ([20, 21], [0, None], r"labels \[None\] are not among"),
        ([20, 21], [0], r"2 indices came with labels of shape \(1,\)"),
        ([20], [0, 1], r"1 indices came with labels of shape \(2,\)"),
        ([20, 21], [[0], [1]], r"labels are one value a row, and came with shape \(2, 1\)"),
        ([20, 21], 1, r"2 indices came with labels of shape \(1,\)"),
        ([], [1], r"0 indices came with labels of shape \(1,\)"),
        ([[20, 21]], [[0, 1]], r"whole numbers, one a row, not int64 \(1, 2\)"),
        ([20.0, 21.0], [0, 1], "whole numbers, one a row, not float64"),
        ([True, False], [0, 1], "whole numbers, one a row, not bool"),
        (["20"], [0], "whole numbers, one a row, not <U2"),
        ([20, 21, 20], [0, 1, 2], "row 20 has the label 0 and was now told 2"),
    ],
)
def test_a_wrong_answer_is_an_error_and_changes_nothing(indices, labels, message, correct):
    it = taught(classes=range(3))
    before = state(it)
    with pytest.raises(ValueError, match=message):
        it.tell(indices, labels, correct=correct)
    assert state(it) == before


def test_one_row_with_two_labels_is_an_error_that_names_the_way_out():
    it = taught(classes=range(3))
    before = state(it)
    with pytest.raises(
        ValueError, match=rf"row 4 has the label {Y[4]} and was now told {(Y[4] + 1) % 3}; tell.*correct"
    ):
        it.tell([20, 4, 21], [0, (Y[4] + 1) % 3, 1])
    assert state(it) == before
    it.tell([20, 4, 20], [1, Y[4], 1])
    assert it.labeled[12:].tolist() == [20]


@pytest.mark.parametrize("wrong", [[N], [-1], [0.5], [[1]], ["a"]])
def test_only_rows_of_the_pool_can_be_skipped(wrong):
    it = taught()
    before = state(it)
    with pytest.raises(ValueError, match=r"outside the pool|whole numbers"):
        it.skip(wrong)
    assert state(it) == before


@pytest.mark.parametrize("empty", [[], np.zeros((0, 4)), np.zeros((0, 28, 28), np.uint8)])
def test_an_empty_pool_is_an_error(empty):
    with pytest.raises(ValueError, match="the pool is empty"):
        learner(pool=empty)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, list])
def test_a_pool_with_a_value_that_is_no_number_is_an_error(value, dtype):
    pool = X.copy()
    pool[17, 1] = value
    with pytest.raises(ValueError, match="pool holds NaN or infinite"):
        learner(pool=pool.tolist() if dtype is list else pool.astype(dtype))


@pytest.mark.parametrize("candidates", [0, -5])
def test_no_candidates_is_an_error(candidates):
    with pytest.raises(ValueError, match=f"candidates must be at least 1, not {candidates}"):
        learner(candidates=candidates)


@pytest.mark.parametrize("strategy", ["margin", 3, object()])
def test_a_strategy_is_a_strategy(strategy):
    with pytest.raises(TypeError, match="neither"):
        learner(strategy=strategy)


def test_what_a_strategy_answers_is_checked():
    it = taught(strategy=lambda view, n, rng: np.arange(n))
    with pytest.raises(ValueError, match="have labels already"):
        it.ask(3)


# Few classes.


def test_with_labels_of_one_class_rows_come_at_random_until_there_is_a_second():
    def forbidden(view, n, rng):
        raise AssertionError("there is no model to ask yet")

    it = learner(strategy=forbidden, classes=range(3))
    ones = np.flatnonzero(Y == 1)
    it.tell(ones[:4], Y[ones[:4]])
    assert not it.can_train()
    asked = it.ask(N - 4)
    assert sorted(asked.tolist()) == it.unlabeled.tolist()
    assert asked.tolist() != it.unlabeled.tolist()
    assert it.ask(5).tolist() == it.ask(5).tolist()
    for outcome in (lambda: it.model, it.view):
        with pytest.raises(ValueError, match="at least two classes; so far there are 4 labels of 1 classes"):
            outcome()
    other = np.flatnonzero(Y == 2)[0]
    it.tell(other, Y[other])
    assert it.can_train()
    with pytest.raises(AssertionError, match="no model to ask"):
        it.ask(1)


def test_classes_come_from_the_argument_or_the_model_or_the_labels():
    assert learner(classes=[2, 0, 1, 7]).classes.tolist() == [0, 1, 2, 7]
    assert learner(network()).classes.tolist() == [0, 1, 2]
    it = learner()
    it.tell([0, 1], ["b", "a"])
    assert it.classes.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match=r"labels \[3\] are not among"):
        learner(network()).tell([0], [3])


def test_labels_may_be_words():
    names = np.array(["ant", "bee", "cicada"])
    words, numbers = learner(strategy=Entropy()), taught(strategy=Entropy())
    words.tell(np.arange(12), names[Y[:12]])
    assert words.labels.tolist() == names[Y[:12]].tolist()
    assert words.model.classes_.tolist() == names.tolist()
    assert words.ask(7).tolist() == numbers.ask(7).tolist()
    with pytest.raises(ValueError, match=r"has the label '[a-z]+' and was now told 'wasp'"):
        words.tell(0, "wasp")


# The model.


def test_every_set_of_labels_trains_a_new_copy_once():
    specification = Centroids(seed=77)
    it = taught(12, specification)
    it.ask(3)
    first = it.model
    it.ask(5)
    assert it.model is first
    assert first.fits == 1
    np.testing.assert_array_equal(first.x, X[:12])
    np.testing.assert_array_equal(first.y, Y[:12])
    it.tell(12, Y[12])
    assert it.model is not first
    assert it.model.fits == 1
    assert len(it.model.y) == 13
    assert vars(specification) == {"seed": 77, "fits": 0, "predictions": 0}


@pytest.mark.parametrize("optimizer", [None, nn.Adam(0.01)])
def test_the_users_model_is_never_trained(optimizer):
    specification = network(optimizer=optimizer, seed=9)
    before = repr(specification)
    taught(12, specification).ask(5)
    assert repr(specification) == before
    assert not hasattr(specification, "network_")
    assert "input_shape" not in vars(specification.layers[0])


def test_models_get_a_seed_of_their_own_from_round_to_round():
    def seeds(seed):
        it = taught(10, seed=seed)
        models = [it.model]
        for index in range(10, 14):
            it.tell(index, Y[index])
            models.append(it.model)
        return [model.seed for model in models]

    assert len(set(seeds(0)) | set(seeds(1))) == 10
    assert seeds(0) == seeds(0)


def test_a_scikit_learn_model_is_seeded_wherever_it_has_a_random_state():
    ensemble = pytest.importorskip("sklearn.ensemble")
    pipeline = pytest.importorskip("sklearn.pipeline")
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    specification = pipeline.make_pipeline(
        preprocessing.StandardScaler(), ensemble.RandomForestClassifier(n_estimators=5, random_state=1)
    )
    seeds = {taught(n, specification).model[-1].random_state for n in (10, 11, 12)}
    assert len(seeds) == 3
    assert specification[-1].random_state == 1
    assert taught(10, specification).ask(5).tolist() == taught(10, specification).ask(5).tolist()
    assert isinstance(taught(10, specification).model, Model)


def test_a_fit_that_is_interrupted_leaves_no_half_trained_model():
    class Interrupted(Centroids):
        stop = True

        def fit(self, x, y):
            if Interrupted.stop:
                raise KeyboardInterrupt
            super().fit(x, y)

    it = taught(12, Interrupted())
    with pytest.raises(KeyboardInterrupt):
        it.ask(5)
    Interrupted.stop = False
    assert it.ask(5).tolist() == taught().ask(5).tolist()


def test_the_strategys_seed_does_not_move_the_models():
    assert taught(strategy=Margin()).model.seed == taught(strategy=Random()).model.seed
    it = taught(candidates=20)
    assert it.model.seed == taught().model.seed


# The view.


def test_the_view_shows_the_round():
    it = taught()
    it.skip(20)
    view = it.view()
    assert isinstance(view, PoolView)
    assert view.candidates.tolist() == [i for i in range(12, N) if i != 20]
    assert len(view) == N - 13
    np.testing.assert_array_equal(view.x, X[view.candidates])
    np.testing.assert_array_equal(view.labeled_x, X[:12])
    np.testing.assert_array_equal(view.labels, Y[:12])
    assert view.classes.tolist() == [0, 1, 2]
    np.testing.assert_array_equal(view.proba(), it.model.predict_proba(view.x))


def test_in_a_round_the_model_is_asked_once():
    seen = []

    def thorough(view, n, rng):
        seen.append(view)
        for strategy in (Margin(), Entropy(), get("stochastic-entropy")):
            strategy.select(view, n, rng)
        assert view.proba() is view.proba()
        return Margin().select(view, n, rng)

    it = taught(strategy=thorough)
    it.ask(4)
    assert it.model.predictions == 1
    assert it.model.fits == 1
    it.ask(4)
    assert seen[0] is not seen[1], "a view belongs to one round"


def test_posterior_samples_are_the_same_in_a_round_and_new_in_the_next():
    it = taught(12, network())
    np.testing.assert_array_equal(it.view().sample_proba(5), it.view().sample_proba(5))
    view = it.view()
    assert view.sample_proba(5) is view.sample_proba(5)
    assert view.sample_proba(5).shape == (5, N - 12, 3)
    assert view.sample_proba(6).shape == (6, N - 12, 3)
    first = view.seed
    it.tell(12, Y[12])
    assert it.view().seed != first


def reachable(start):
    """Find every object that can be reached from another by references, but for modules and classes."""
    found, rest = {}, [start]
    while rest:
        thing = rest.pop()
        if id(thing) in found or isinstance(
            thing, types.ModuleType | types.FunctionType | type | types.FrameType
        ):
            continue
        found[id(thing)] = thing
        rest += gc.get_referents(thing)
    return list(found.values())


def test_hidden_labels_cannot_be_reached_from_what_a_strategy_is_given():
    oracle = al.oracles.ArrayOracle(Y.copy())
    rounds = []

    def spy(view, n, rng):
        things = reachable([view, rng])
        arrays = [thing for thing in things if isinstance(thing, np.ndarray)]
        assert any(array is view.pool for array in arrays), "the search finds what is there"
        assert not any(np.may_share_memory(array, oracle._y) for array in arrays)
        assert not any(isinstance(thing, al.oracles.ArrayOracle | al.ActiveLearner) for thing in things)
        assert len(view.labels) == len(view.labeled)
        rounds.append(n)
        return view.candidates[:n]

    al.simulate(learner(strategy=spy, pool=X.copy()), oracle, test=(X, Y), initial=10, budget=22, batch=5)
    assert rounds == [5, 5, 2]


# Candidates and large pools.


def test_candidates_bound_what_is_scored():
    it = taught(candidates=9)
    view = it.view()
    assert len(view) == 9
    assert set(view.candidates.tolist()) <= set(it.unlabeled.tolist())
    assert view.candidates.tolist() == sorted(it.view().candidates.tolist())
    assert sorted(it.ask(9).tolist()) == view.candidates.tolist()
    with pytest.raises(ValueError, match="cannot ask for 10 of 9 candidates; raise candidates="):
        it.ask(10)
    assert len(taught(candidates=10**6).view()) == N - 12
    assert taught(candidates=9, seed=1).view().candidates.tolist() != view.candidates.tolist()
    seen = set()
    for index in range(12, 40):
        it.tell(index, Y[index])
        seen |= set(it.view().candidates.tolist())
    assert seen >= set(range(40, N)), "every round draws anew"


def test_learners_that_differ_in_their_labels_see_nearly_the_same_candidates():
    """Of 1000 rows 40 differ in having a label: at most so many of the 300 candidates may differ."""
    x, y = blobs(1000)
    one, other = learner(pool=x, candidates=300), learner(pool=x, candidates=300)
    one.tell(np.arange(20), y[:20])
    other.tell(np.arange(980, 1000), y[980:])
    common = set(one.view().candidates.tolist()) & set(other.view().candidates.tolist())
    assert len(common) >= 300 - 20


@pytest.mark.parametrize("dtype", [np.float32, np.uint8])
def test_a_pool_may_be_a_file_on_disk(tmp_path, dtype):
    values = (50 * (X - X.min())).astype(dtype)
    np.save(tmp_path / "pool.npy", values)
    mapped = np.load(tmp_path / "pool.npy", mmap_mode="r")
    it = taught(12, network(), Entropy(), pool=mapped)
    assert isinstance(it.pool, np.memmap)
    assert it.view().pool is it.pool
    assert it.ask(8).tolist() == taught(12, network(), Entropy(), pool=values).ask(8).tolist()


def test_a_pool_of_lists_and_of_images():
    assert taught(pool=X.tolist()).ask(8).tolist() == taught().ask(8).tolist()
    images = np.random.default_rng(0).integers(0, 255, (N, 4, 4), dtype=np.uint8)
    it = taught(pool=images)
    assert it.view().x.shape == (N - 12, 4, 4)
    assert it.ask(8).tolist() == taught(pool=images.reshape(N, 16)).ask(8).tolist()


def test_rows_of_a_wrong_shape_are_the_models_error():
    it = taught(12, network(), pool=np.arange(N))
    with pytest.raises(ValueError, match=r"one row an example"):
        it.ask(3)
