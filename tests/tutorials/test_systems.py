"""The larger programs: each runs, does what its page says, and the usual mistakes beside it are really mistakes."""

import json
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests.tutorials import systems
from tinyal.strategies.stochastic import shares
from tinyal.view import PoolView
from tinynn.datasets import sources
from tinynn.datasets.cifar import TEST, TRAINING
from tinynn.datasets.sources import Source, cifar_archive

pytest.importorskip("sklearn")
cnn, forest, parts, mlp = (systems.load(name) for name in systems.NAMES)


class Says:
    """A model that says what it was made to say: row i of the pool holds the number i."""

    def __init__(self, p):
        self.p = np.asarray(p, dtype=float)
        self.classes_ = np.arange(self.p.shape[1])

    def predict_proba(self, x):
        return self.p[np.asarray(x)[:, 0].astype(int)]


def view_of(p, labels=(0, 1)):
    """Show rows with these probabilities; the two before them have labels."""
    everything = np.concatenate([np.eye(2, len(p[0])), p])
    pool = np.arange(len(everything))[:, None]
    model = Says(everything)
    return PoolView(model, pool, np.arange(2, len(pool)), np.arange(2), np.asarray(labels), model.classes_)


UNSURE = np.array([[0.9, 0.1], [0.5, 0.5], [0.7, 0.3], [0.99, 0.01]])


@pytest.fixture
def cifar(tmp_path, monkeypatch):
    """Put a small CIFAR-10, extracted, where it is looked for."""
    rows, rng = 12, np.random.default_rng(0)
    folder = tmp_path / "cifar-10" / "cifar-10-batches-bin"
    folder.mkdir(parents=True)
    for name in (*TRAINING, TEST):
        records = rng.integers(0, 256, (rows, 3073), np.uint8)
        records[:, 0] %= 10
        (folder / name).write_bytes(records.tobytes())
    official = sources.CIFAR_10
    file = cifar_archive("cifar-10-binary.tar", rows)
    small = Source("cifar-10", (), (file,), official.classes, (32, 32, 3), "none", "nobody")
    monkeypatch.setitem(sources.SOURCES, "cifar-10", small)
    monkeypatch.setenv("TINYNN_DATA", str(tmp_path))
    return nn.datasets.load("cifar-10", download=False)


# --- entropy and information gain with a convolutional network ---


def test_the_network_is_the_one_that_is_named():
    model = cnn.network(cnn.Settings(), 10)
    net = nn.Sequential([layer.copy() for layer in model.layers], (32, 32, 3))
    shapes = [
        layer.output_shape for layer in net.layers if isinstance(layer, nn.Conv2D | nn.MaxPool2D | nn.Dense)
    ]
    assert shapes == [(30, 30, 32), (15, 15, 32), (13, 13, 64), (6, 6, 64), (4, 4, 64), (64,), (10,)]


def test_images_of_cifar_stay_as_they_are_and_others_are_framed():
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (3, 3072), np.uint8)
    np.testing.assert_array_equal(cnn.as_colour_images(x, (32, 32, 3)), x.reshape(3, 32, 32, 3))
    mnist = rng.integers(0, 256, (3, 784), np.uint8)
    framed = cnn.as_colour_images(mnist, (28, 28))
    assert framed.shape == (3, 32, 32, 3)
    for colour in range(3):
        np.testing.assert_array_equal(framed[:, 2:30, 2:30, colour], mnist.reshape(3, 28, 28))
    assert framed.sum() == 3 * mnist.sum(dtype=int)
    enlarged = cnn.as_colour_images(rng.integers(0, 256, (3, 64), np.uint8), (8, 8))
    assert (enlarged[:, :4, :4] == enlarged[:, :1, :1]).all()


def test_it_runs_on_cifar_of_the_official_form(cifar, tmp_path, capsys):
    settings = cnn.Settings(seeds=1, initial=4, budget=6, batch=2, candidates=6, test=6, steps=1, samples=2)
    path = tmp_path / "record.json"
    cnn.run(settings, path)
    record = json.loads(path.read_text())
    assert {run["strategy"] for run in record["runs"]} == set(cnn.strategies(settings, cifar.y_train))
    assert all(run["labels"] == [4, 6] for run in record["runs"])
    assert cnn.table(record) in capsys.readouterr().out
    with pytest.raises(SystemExit, match="is there already"):
        cnn.run(settings, path)


def test_without_cifar_it_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYNN_DATA", str(tmp_path))
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    with pytest.raises(
        SystemExit, match=r"cifar-10 is not on this machine.*--download.*TINYNN_DATA.*--data mnist"
    ):
        cnn.main([])


def test_an_entropy_of_counts_is_none():
    assert cnn.entropy_of_counts([30, 10, 5]) < 0
    assert cnn.entropy_of_counts([3, 1]) != pytest.approx(cnn.entropy_of_counts([30, 10]))
    # Of probabilities the formula is right.
    assert cnn.entropy_of_counts([0.7, 0.2, 0.1]) == pytest.approx(0.801819, abs=1e-6)


def test_a_gain_of_the_whole_set_is_one_number_and_the_choice_is_the_end_of_the_list():
    for p in (UNSURE, UNSURE[::-1]):
        chosen = cnn.one_gain_for_all(view_of(p), 2, np.random.default_rng(0))
        assert chosen.tolist() == [4, 5]  # whatever the model says


def test_ascending_order_asks_for_the_surest():
    view = view_of(UNSURE)
    right = al.strategies.Entropy().select(view, 2, np.random.default_rng(0))
    wrong = cnn.surest_first(view, 2, np.random.default_rng(0))
    assert right.tolist() == [3, 4]
    assert wrong.tolist() == [5, 2]


def test_only_the_cheat_depends_on_the_labels_of_the_pool():
    """Other labels of rows that nobody asked for: every honest strategy asks the same."""
    settings = cnn.Settings(samples=5)
    data = nn.datasets.load("digits")
    model = nn.Classifier(
        [nn.Dense(16), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)], steps=30, classes=range(10)
    )
    others = (data.y_train + 1) % 10
    others[:30] = data.y_train[:30]
    asked = {}
    for name in cnn.strategies(settings, data.y_train):
        both = []
        for hidden in (data.y_train, others):
            learner = al.ActiveLearner(model, data.x_train, cnn.strategies(settings, hidden)[name], seed=0)
            learner.tell(range(30), hidden[:30])
            both.append(learner.ask(10).tolist())
        asked[name] = both[0] == both[1]
    assert [name for name, same in asked.items() if not same] == ["cheating: knows the labels"]


# --- a forest and its irises ---


def test_trees_grown_to_the_end_leave_nothing_but_the_entropy():
    from sklearn.ensemble import RandomForestClassifier

    data = nn.datasets.load("iris")
    scores = {}
    for leaf in (1, 3):
        learner = al.ActiveLearner(
            RandomForestClassifier(20, min_samples_leaf=leaf), data.x_train, al.strategies.BALD()
        )
        learner.tell(range(0, 100, 5), data.y_train[::5])
        view = learner.view()
        scores[leaf] = al.strategies.BALD(20).scores(view), al.strategies.Entropy().scores(view)
    np.testing.assert_allclose(*scores[1], atol=1e-12)
    assert (scores[3][0] < scores[3][1] - 0.05).any()


def test_a_queue_of_rows_that_are_not_in_the_training_rows_is_empty_where_the_two_were_mixed_up():
    data = nn.datasets.load("iris")
    assert forest.mixed_up_queue(data.x_train, data.x_train[20:]) == []
    learner = al.ActiveLearner(forest.forest(forest.QUICK), data.x_train, al.strategies.BALD())
    learner.tell(range(20), data.y_train[:20])
    assert learner.unlabeled.tolist() == list(range(20, 100))


def test_invented_labels_are_zeros_after_the_first():
    oracle = forest.Zeros([2, 1, 2, 1])
    assert oracle.answer([0, 1]).tolist() == [2, 1]
    assert oracle.answer([2, 3]).tolist() == [0, 0]


def test_a_quick_forest_runs_and_all_start_alike(capsys):
    settings = forest.Settings(seeds=1, trees=5, budget=12, batch=3)
    record = forest.compare(settings)
    runs = {run["strategy"]: run for run in record["runs"]}
    assert len(runs) == 5
    assert all(run["labels"][0] == 6 and run["labels"][-1] == 12 for run in runs.values())
    assert len({run["accuracy"][0] for run in runs.values()}) == 1
    assert runs["wrong: fitted again only at the end"]["labels"] == [6, 12]
    assert all(name in forest.table(record) for name in runs)


# --- query, label, learn ---


def test_the_wrong_sign_prefers_the_surest():
    view = view_of(UNSURE)
    rngs = [np.random.default_rng(seed) for seed in range(200)]
    first = np.bincount([parts.boltzmann_with_the_wrong_sign(view, 1, rng)[0] for rng in rngs], minlength=6)
    right = al.strategies.Boltzmann(al.strategies.Entropy(), beta=parts.Settings.beta)
    drawn = shares(right.log_weights(al.measures.entropy(view.proba())))
    assert first.argmax() == 5  # 0.99 : 0.01
    assert drawn.argmax() + 2 == 3  # 0.5 : 0.5
    assert first[3] < 10


def test_every_combination_runs():
    digits = nn.datasets.load("digits")
    data = replace(
        digits, x_train=digits.x_train[:100], y_train=digits.y_train[:100], x_test=digits.x_test[:50]
    )
    data = replace(data, y_test=digits.y_test[:50])
    settings = parts.Settings(seeds=1, initial=20, budget=25, batch=5, steps=40, machines=2)
    record = parts.compare(data, settings, progress=lambda line: None)
    found = {(run["query"], run["label"], run["learn"]) for run in record["runs"]}
    assert len(found) == 5 * 3 * 2 == len(record["runs"])
    assert all(run["labels"] == [20, 25] for run in record["runs"])
    lines = parts.table(record).splitlines()
    assert len(lines) == 2 + 5
    assert all(line.count("|") == 8 for line in lines)


def test_machines_turn_scores_into_probabilities_that_agree_with_them():
    data = nn.datasets.load("digits")
    for classes in (2, 10):
        rows = data.y_train < classes
        machine = parts.Machine().fit(data.x_train[rows], data.y_train[rows])
        p = machine.predict_proba(data.x_test)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        agree = machine.classes_[p.argmax(axis=1)] == machine.predict(data.x_test)
        assert agree.mean() > 0.99  # they break ties of votes in another way


def test_labellings_differ_in_who_answers():
    data = nn.datasets.load("digits")
    made = parts.labellings(parts.Settings(), data.y_train, seed=0)
    rows = np.arange(1000)
    wrong = {name: np.mean(oracle.answer(rows) != data.y_train[rows]) for name, (oracle, _) in made.items()}
    assert wrong["array"] == wrong["array and model"] == 0
    assert 0.07 < wrong["noisy"] < 0.13
    assert [pseudo is not None for _, pseudo in made.values()] == [False, False, True]


def test_a_person_is_asked_and_may_quit():
    data = nn.datasets.load("digits")
    said, shown = iter(["3", "x", "5", "7", "q"]), []
    settings = parts.Settings(initial=3, budget=10, batch=2, steps=5)
    learner = parts.ask_a_person(
        "uncertainty", "network", data, settings, read=lambda prompt: next(said), write=shown.append
    )
    assert learner.labels.tolist() == [3, 5, 7]
    assert any("3 labels: right for" in line for line in shown)
    assert any("'x' is no class" in line for line in shown)


# --- 784-128-64-10 ---


def test_the_articles_delta_fails_the_gradient_checker_and_the_right_one_passes():
    reports = mlp.check_deltas()
    assert reports["right"].ok
    assert not reports["article"].ok
    assert reports["article"].max_relative_error > 0.1


def test_the_articles_delta_is_the_right_one_with_a_slope_too_many():
    rng = np.random.default_rng(1)
    logits, labels = rng.normal(size=(4, 3)), np.array([0, 2, 1, 1])
    p = nn.softmax(logits)
    right, wrong = nn.SoftmaxCrossEntropy(), mlp.DeltaOfTheArticle()
    for loss in (right, wrong):
        loss.forward(logits, labels)
    delta = (p - np.eye(3)[labels]) / 4
    np.testing.assert_allclose(right.backward(), delta, rtol=1e-12)
    np.testing.assert_allclose(wrong.backward(), delta * p * (1 - p), rtol=1e-12)


def test_the_network_has_the_layers_of_its_name():
    net = nn.Sequential(mlp.layers(10), 784)
    assert [layer.output_shape[0] for layer in net.layers if isinstance(layer, nn.Dense)] == [128, 64, 10]


def test_every_remedy_runs_and_differs_from_none():
    data = nn.datasets.load("digits")
    settings = mlp.Settings(
        "digits", seeds=1, images=100, epochs=3, whole_seeds=1, descent_epochs=1, whole_epochs=1, members=2
    )
    record = mlp.compare(data, settings, progress=lambda line: None)
    losses = {run["remedy"]: run["new loss"] for run in record["remedies"]}
    assert len(losses) == 6
    assert len({round(loss, 9) for loss in losses.values()}) == len(losses)
    assert len({(run["way"], run["delta"]) for run in record["whole"]}) == 4
    assert len(mlp.remedy_table(record).splitlines()) == 2 + 6
    assert "| (p − t) p (1 − p) | wrong |" in mlp.delta_table(record)


@pytest.mark.slow
@pytest.mark.parametrize("name", systems.NAMES)
def test_quick_runs_from_the_command_line(name, tmp_path, capsys):
    path = tmp_path / "record.json"
    quick = ["--profile", "quick"] if name == "entropy_cnn" else ["--quick"]
    sys.modules[name].main([*quick, "--record", str(path)])
    assert json.loads(path.read_text())["settings"] == asdict(sys.modules[name].QUICK)
    assert "|---" in capsys.readouterr().out
