"""Saved and loaded, or told the same in another way, a learner asks the same; a damaged file is an error."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tinyal as al
import tinynn as nn
from tinyal import learner_file
from tinyal.oracles import PseudoLabels
from tinyal.strategies import BALD, Entropy, Margin, Random

RNG = np.random.default_rng(0)
N = 40
Y = RNG.integers(0, 3, N)
X = RNG.normal(size=(N, 2)) + np.array([[0, 0], [3, 0], [0, 3]])[Y]


class Means:
    """Classify by the nearest class mean, quickly; with a seed, and a print that tells no address."""

    def __init__(self, seed=0):
        self.seed = seed

    def __repr__(self):
        return "Means()"

    def get_params(self, deep=True):
        return {"seed": self.seed}

    def set_params(self, seed):
        self.seed = seed

    def fit(self, x, y):
        self.classes_ = np.unique(y)
        self.means = np.stack([x[y == k].mean(axis=0) for k in self.classes_])

    def predict_proba(self, x):
        distances = np.square(x[:, None] - self.means).sum(axis=2) + self.seed % 7 * 1e-3
        p = np.exp(distances.min(axis=1, keepdims=True) - distances)
        return p / p.sum(axis=1, keepdims=True)


def network(steps=5):
    return nn.Classifier(
        [nn.Dense(6), nn.Tanh(), nn.Dropout(0.3), nn.Dense(3)], steps=steps, classes=range(3)
    )


def learner(strategy=None, model=None, pool=X, **others):
    return al.ActiveLearner(model or Means(), pool, strategy or Margin(), seed=3, **others)


def question(it):
    return it.ask(min(4, len(it.unlabeled))).tolist() if len(it.unlabeled) else []


# What is done to a learner, drawn at random.

ROWS = st.lists(st.integers(0, 29), max_size=5)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["tell", "correct", "skip", "defer", "forget", "reserve"]), ROWS),
        st.tuples(st.sampled_from(["ask", "save", "extend"]), st.just([])),
    ),
    max_size=15,
)


def do(it, step, rows, path):
    """Do one thing, and return the learner that is left."""
    if step == "tell":
        rows = [row for row in rows if row not in it.labeled]
        it.tell(rows, Y[rows])
    elif step == "correct":
        it.tell(rows, (Y[rows] + 1) % 3, correct=True)
    elif step == "ask":
        question(it)
    elif step == "extend":
        if len(it.pool) < N:
            it.extend(X[len(it.pool) : len(it.pool) + 5])
    elif step == "save":
        it.save(path, overwrite=True)
        return al.ActiveLearner.load(path, Means(), it.pool, it.strategy, pseudo=it.pseudo)
    else:
        getattr(it, step)(rows)
    return it


@settings(max_examples=25)
@given(
    steps=STEPS,
    strategy=st.sampled_from([Margin(), Random()]),
    candidates=st.sampled_from([None, 6]),
    pseudo=st.sampled_from([None, PseudoLabels(0.9)]),
)
def test_whatever_happened_a_fresh_learner_told_the_same_asks_the_same(
    tmp_path_factory, steps, strategy, candidates, pseudo
):
    path = tmp_path_factory.getbasetemp() / "any.json"
    it = learner(strategy, pool=X[:30], candidates=candidates, pseudo=pseudo)
    for step, rows in steps:
        it = do(it, step, rows, path)
    fresh = learner(strategy, pool=it.pool, candidates=candidates, pseudo=pseudo)
    fresh.tell(it.labeled, it.labels)
    fresh.skip(sorted(it._answers.skipped))
    fresh.reserve(sorted(it._answers.reserved))
    for row, times in it._answers.deferred.items():
        for _ in range(times):
            fresh.defer(row)
    assert question(it) == question(fresh)
    assert it.unlabeled.tolist() == fresh.unlabeled.tolist()
    assert it.class_counts() == fresh.class_counts()
    assert it.pseudo_labels == fresh.pseudo_labels
    closed = set(it.labeled.tolist()) | it._answers.skipped | it._answers.reserved
    assert not closed & set(question(it))


@pytest.mark.parametrize(
    ("strategy", "warm", "pseudo"),
    [
        (BALD(4), False, None),
        (BALD(4), True, None),
        (Margin(), False, PseudoLabels(0.6)),
        (Margin(), True, PseudoLabels(0.6)),
    ],
    ids=["cold", "warm", "cold with guesses", "warm with guesses"],
)
def test_a_network_saved_in_any_round_goes_on_with_the_same_questions(tmp_path, strategy, warm, pseudo):
    def rounds(it, saved):
        asked = []
        for number in range(5):
            if number in saved:
                it.save(tmp_path / "learner.json", overwrite=True)
                it = al.ActiveLearner.load(
                    tmp_path / "learner.json", network(), X.copy(), strategy, pseudo=pseudo
                )
            rows = it.ask(3)
            if number in saved:  # between question and answer, too
                it.save(tmp_path / "learner.json", overwrite=True)
                it = al.ActiveLearner.load(tmp_path / "learner.json", network(), X, strategy, pseudo=pseudo)
                assert it.ask(3).tolist() == rows.tolist()
            asked += rows.tolist()
            it.tell(rows[:2], Y[rows[:2]])
            it.skip(rows[2])
            if number == 3:
                it.tell(rows[0], (Y[rows[0]] + 1) % 3, correct=True)
        return asked

    def new():
        made = learner(strategy, network(), warm=warm, pseudo=pseudo)
        made.tell(np.arange(6), Y[:6])
        return made

    assert rounds(new(), saved=()) == rounds(new(), saved=(0, 2, 4)) == rounds(new(), saved=(1, 3))


@pytest.mark.parametrize(
    "labels",
    [["ant", "bee", "ünï\ud800"], [3, -1, 2**40], [0.1, 1e-300, 2.5], [True, False, True], ["1", "2", "x"]],
)
def test_labels_of_every_kind_come_back_as_they_were(tmp_path, labels):
    it = learner()
    it.tell([4, 2, 0], labels)
    it.save(tmp_path / "learner.json")
    again = al.ActiveLearner.load(tmp_path / "learner.json", Means(), X, Margin())
    assert again._answers.labels == it._answers.labels
    assert list(map(type, again._answers.labels.values())) == list(map(type, it._answers.labels.values()))
    assert again.labels.dtype == it.labels.dtype
    assert question(again) == question(it)


def test_labels_that_json_does_not_know_are_not_saved(tmp_path):
    it = learner()
    it.tell([0, 1], np.array([b"ant", b"bee"]))
    with pytest.raises(TypeError, match="b'ant' cannot be saved"):
        it.save(tmp_path / "learner.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "change", [lambda it: it.defer([20, 21]), lambda it: it.reserve([20, 21]), lambda it: it.extend(X[30:])]
)
def test_guesses_follow_the_rows_that_are_open_whenever_the_model_was_made(change):
    def told(asked):
        it = learner(pool=X[:30], pseudo=PseudoLabels(0.4))
        it.tell(np.arange(9), Y[:9])
        if asked:
            assert len(it.pseudo_labels) == 21
        change(it)
        return it.pseudo_labels, question(it)

    assert told(asked=True) == told(asked=False)
    assert len(told(asked=True)[0]) != 21


# The file.


@pytest.fixture
def saved(tmp_path):
    it = learner(classes=range(3))
    it.tell(np.arange(9), Y[:9])
    it.tell(0, (Y[0] + 1) % 3, correct=True)
    it.skip(20)
    it.defer([21, 22])
    it.save(tmp_path / "learner.json")
    return it, tmp_path / "learner.json"


def load(path, model=None, pool=X, strategy=None, **others):
    return al.ActiveLearner.load(path, model or Means(), pool, strategy or Margin(), **others)


def test_an_earlier_file_is_replaced_only_when_told_to(saved):
    it, path = saved
    before = path.read_bytes()
    it.tell(9, Y[9])
    with pytest.raises(FileExistsError, match="overwrite=True"):
        it.save(path)
    assert path.read_bytes() == before
    it.save(path, overwrite=True)
    assert load(path).labeled.tolist() == list(range(10))
    assert [file.name for file in path.parent.iterdir()] == ["learner.json"]


def test_a_save_that_fails_half_way_leaves_the_old_file(saved, monkeypatch):
    it, path = saved
    before = path.read_bytes()
    it.tell(9, Y[9])

    def full(descriptor):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="no space"):
        it.save(path, overwrite=True)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["learner.json"]


def test_a_process_killed_while_it_saves_leaves_the_old_file(saved):
    _, path = saved
    before = path.read_bytes()
    program = f"""
import os
import numpy as np
import tinyal as al
import tinynn as nn
it = al.ActiveLearner(nn.Classifier(), np.zeros((40, 2)), al.strategies.Margin())
it.tell([0, 1], [0, 1])
os.fsync = lambda descriptor: os._exit(9)  # the data is written, and the name is not taken yet
it.save({str(path)!r}, overwrite=True)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], check=False, env=os.environ | {"PYTHONPATH": os.getcwd()}
    )
    assert ended.returncode == 9
    assert path.read_bytes() == before
    assert load(path).labeled.tolist() == list(range(9))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"strategy": Entropy()}, r"saved with the strategy Margin\(\), and now it is Entropy\(\)"),
        ({"model": network()}, r"saved with the model Means\(\), and now it is Classifier"),
        ({"pool": X + 1}, "saved with another pool: it had other values"),
        ({"pool": X.astype(np.float32)}, "another pool: it had the dtype <f8, not <f4"),
        ({"pool": X[:, :1]}, r"another pool: it had the shape \[2\], not \[1\]"),
        ({"pool": X[:30]}, "another pool: it had the rows 40, not 30"),
        ({"pool": np.concatenate([X, X])}, r"the first of these 80: load it with pool\[:40\], then .*extend"),
        ({"pseudo": PseudoLabels(0.9)}, r"the pseudo None, and now it is PseudoLabels\(0.9\)|confidence=0.9"),
    ],
    ids=["strategy", "model", "values", "dtype", "shape", "fewer", "more", "pseudo"],
)
def test_another_learner_is_refused_and_told_what_differs(saved, changed, message):
    with pytest.raises(ValueError, match=message):
        load(saved[1], **changed)


def forged(path, change):
    """Change a file's content and make its checksum right again."""
    content = json.loads(path.read_text())
    change(content)
    head = {name: content.pop(name) for name in ("format", "version", "checksum") if name in content}
    head["checksum"] = learner_file._checksum(content)
    path.write_text(json.dumps(head | content))


def put(*place):
    *keys, last, value = place

    def change(content):
        for key in keys:
            content = content[key]
        content[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        put("format", "tinynn model"),
        put("version", 2),
        put("settings", None),
        put("settings", "seed", "0"),
        put("settings", "seed", -1),
        put("settings", "candidates", [5]),
        put("settings", "candidates", True),
        put("settings", "warm", 1),
        put("classes", "abc"),
        put("classes", [[0], [1]]),
        put("journal", 0, [40, 0]),
        put("journal", 0, [-1, 0]),
        put("journal", 0, [True, 0]),
        put("journal", 0, [0.0, 0]),
        put("journal", 0, [0, 7]),
        put("journal", 0, [0, "0"]),
        put("journal", 0, [0, {"a": 1}]),
        put("journal", 0, [0, [1]]),
        put("journal", 0, [0]),
        put("journal", 1, [5, None]),
        put("journal", 5, 5),
        put("journal", [[0, 1], [0, 1]]),
        put("skipped", [40]),
        put("skipped", [3]),
        put("skipped", ["20"]),
        put("skipped", [21]),
        put("deferred", [[21, 0.5]]),
        put("deferred", [[21, 2**40]]),
        put("deferred", [[21]]),
        put("deferred", [[3, 1]]),
        put("reserved", [10**30]),
        put("reserved", None),
        put("trainings", [[99, 0]]),
        put("trainings", [[1, 0]]),
        put("trainings", [[5, -1]]),
        put("trainings", [["5", 0]]),
        put("trainings", 3),
        lambda content: content.pop("journal"),
        lambda content: content.pop("trainings"),
        lambda content: content.pop("classes"),
        lambda content: content.pop("settings"),
    ],
)
def test_a_file_that_someone_made_up_is_an_error_that_names_it(saved, change):
    forged(saved[1], change)
    with pytest.raises(ValueError, match=r"learner\.json' is not a saved learner: \w+"):
        load(saved[1])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\x93NUMPY",
        b"PK\x03\x04",
        b"[" * 100_000,
        b'{"a": NaN}',
        "ü".encode(),
        b"9" * 5000,
    ],
    ids=range(10),
)
def test_a_file_of_something_else_is_an_error(tmp_path, data):
    (tmp_path / "x.json").write_bytes(data)
    with pytest.raises(ValueError, match=r"x\.json' is not a saved learner"):
        load(tmp_path / "x.json")


def test_every_cut_and_every_changed_letter_is_noticed(saved):
    it, path = saved
    data = path.read_bytes()
    places = np.random.default_rng(0).choice(len(data) - 1, 40, replace=False).tolist()
    for place in places:
        path.write_bytes(data[:place])
        with pytest.raises(ValueError, match="not a saved learner"):
            load(path)
        letter = bytes([data[place] ^ 1])
        path.write_bytes(data[:place] + letter + data[place + 1 :])
        with pytest.raises(ValueError, match="not a saved learner"):
            load(path)
    path.write_bytes(data)
    assert question(load(path)) == question(it)


def test_a_pool_on_disk_has_the_fingerprint_of_the_same_rows_in_memory(saved, tmp_path):
    it, path = saved
    np.save(tmp_path / "pool.npy", X)
    assert question(load(path, pool=np.load(tmp_path / "pool.npy", mmap_mode="r"))) == question(it)
    assert question(load(path, pool=np.asfortranarray(X))) == question(it)


def test_a_missing_file_is_the_systems_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.json")
