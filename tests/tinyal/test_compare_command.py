"""``tinyal compare``: what a file may say, what is wrong with one, and that killing it changes nothing."""

import io
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tinyal
import tinynn as nn
from tinyal import budget, cli, configuration, model_words
from tinyal.configuration import configure

ROOT = Path(tinyal.__file__).parent.parent
FILE = """
strategies = ["random", "margin", "stochastic-bald"]
seeds = {seeds}

[data]
name = "digits"
pool = 200

[model]
layers = ["dense 16", "relu", "dropout 0.5", "dense"]
steps = 10

[budget]
initial = 10
batch = "5 to 20, then 10"
total = 40
"""


def written(folder, text=FILE, seeds=2):
    path = folder / "trial.toml"
    path.write_text(text.replace("{seeds}", str(seeds)))
    return path


def run(path, out, *options):
    return cli.main(["compare", str(path), "--out", str(out), "--workers", "1", "--no-report", *options])


def results(out):
    """Return what must be the same to the byte: not how long it took."""
    files = [out / "results.json", *(out / "runs").iterdir()]
    return {path.name: path.read_bytes() for path in files if path.exists()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return a finished folder."""
    folder = tmp_path_factory.mktemp("compare")
    assert run(written(folder), folder / "out") == 0
    return folder / "out"


# What it does.


def test_a_file_is_done_and_its_results_are_written(finished, tmp_path, capsys):
    assert run(written(tmp_path), tmp_path / "out") == 0
    assert results(tmp_path / "out") == results(finished)
    record = json.loads((finished / "results.json").read_text())
    assert [(one["strategy"], one["seed"]) for one in record["runs"]] == [
        (name, seed) for name in ("random", "margin", "stochastic-bald") for seed in (0, 1)
    ]
    for one in record["runs"]:
        assert one["labels"] == [10, 15, 20, 30, 40]
        assert set(one) == {"strategy", "seed", "labels", "accuracy", "confusion"}
        for table, accuracy in zip(one["confusion"], (one["accuracy"][0], one["accuracy"][-1]), strict=True):
            assert np.sum(table) == 449
            assert np.trace(table) == round(accuracy * 449)
    assert record["config"]["file"]["budget"]["batch"] == "5 to 20, then 10"
    out = capsys.readouterr().out
    for name in ("random", "margin", "stochastic-bald"):
        final = record["summary"][name]["final_accuracy"]["mean"]
        assert any(line.startswith(name) and f"{final:.1%}" in line for line in out.splitlines()), out
    times = json.loads((tmp_path / "out" / "times" / "margin-1.json").read_text())
    assert {len(seconds) for seconds in times.values()} == {5}
    assert all(second >= 0 for seconds in times.values() for second in seconds)


def test_the_python_interface_gives_the_same_runs(finished):
    data = nn.datasets.load("digits")
    model = nn.Classifier(
        [nn.Dense(16), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)], steps=10, classes=range(10)
    )
    (again,) = tinyal.compare(
        {"margin": tinyal.strategies.Margin()},
        model=model,
        data=data,
        preparation=tinyal.preparation.Preparation(pool=200),
        initial=10,
        budget=40,
        batch=[(20, 5), (None, 10)],
        seeds=[1],
        confusion=True,
    ).runs
    kept = json.loads((finished / "runs" / "margin-1.json").read_text())
    assert again.queried == kept["queried"]
    assert again.accuracy == kept["accuracy"]
    assert again.confusion == kept["confusion"]


def test_a_report_is_written_unless_it_is_not_wanted(finished, tmp_path, capsys):
    path = written(tmp_path, seeds=1)
    arguments = ["compare", str(path), "--out", str(tmp_path / "out"), "--workers", "1", "--details"]
    assert cli.main(arguments) == 0
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "stochastic-bald" in html
    assert "report.html" in capsys.readouterr().out.splitlines()[-2]
    assert not (finished / "report.html").exists()
    for one in json.loads((tmp_path / "out" / "results.json").read_text())["runs"]:
        kept = json.loads((tmp_path / "out" / "runs" / f"{one['strategy']}-0.json").read_text())
        assert one["queried"] == kept["queried"]
        assert one["probabilities"] == kept["probabilities"]


def test_a_finished_folder_is_read_back_as_a_comparison(finished):
    small, whole = (
        tinyal.Comparison.load(finished / "results.json"),
        tinyal.Comparison.load(finished / "runs"),
    )
    assert {(run.strategy, run.seed): run.accuracy for run in small.runs} == {
        (run.strategy, run.seed): run.accuracy for run in whole.runs
    }
    assert not any(small.runs[0].queried), "left out of results.json"
    assert len(whole.runs[0].queried) == 5


def test_some_strategies_and_fewer_seeds(finished, tmp_path):
    path = written(tmp_path, seeds="[7, 1, 0]")
    assert run(path, tmp_path / "out", "--only", "margin", "--seeds", "2") == 0
    names = {path.name for path in (tmp_path / "out" / "runs").iterdir()}
    assert names == {"margin-0.json", "margin-1.json"}
    for name in names:
        assert (tmp_path / "out" / "runs" / name).read_bytes() == (finished / "runs" / name).read_bytes()


def test_data_sets_and_models_in_tables_of_their_own_are_combined(tmp_path):
    text = """
    strategies = ["random"]
    seeds = 1
    budget = { initial = 10, total = 20 }
    data.few = { name = "digits", pool = 50 }
    data.doubled = { name = "digits", pool = 25, copies = 2, noise = 0.1 }
    model.small = { layers = ["dense 4", "tanh", "dense"], steps = 2 }
    model.committee = { layers = ["dense 4", "tanh", "dense"], steps = 2, ensemble = 2 }
    """
    assert run(written(tmp_path, text), tmp_path / "out") == 0
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"few-small", "few-committee", "doubled-small", "doubled-committee"}
    models = {
        name: json.loads((tmp_path / "out" / name / "results.json").read_text())["config"]["model"]
        for name in names
    }
    assert [models[name].split("(")[0] for name in ("few-small", "doubled-committee")] == [
        "Classifier",
        "Ensemble",
    ]


def test_strategies_have_settings_of_their_own(tmp_path):
    text = FILE.replace('strategies = ["random", "margin", "stochastic-bald"]', "")
    text += '\n[strategies]\nplain = "random"\nbald = { n_samples = 7 }\nb2 = { strategy = "bald", n_samples = 2 }'
    made = configuration.read(written(tmp_path, text)).strategies
    assert {name: repr(strategy) for name, strategy in made.items()} == {
        "plain": "Random()",
        "bald": "BALD(n_samples=7)",
        "b2": "BALD(n_samples=2)",
    }


PYTHON = """
import numpy as np
import tinynn as nn

def last(view, n, rng):
    return view.candidates[-n:]

rng = np.random.default_rng(0)
x = rng.normal(size=(120, 3))
y = np.where(x[:, 0] > 0, "yes", "no")
data = (x[:80], y[:80], x[80:], y[80:])
model = nn.Classifier([nn.Dense(4), nn.Tanh(), nn.Dense(2)], steps=5, classes=[0, 1])
strategies = {"random": {}, "last": last}
seeds = [3, 5]
budget = {"initial": 6, "total": 16, "batch": lambda labels: labels}
"""

PLAIN = """
class Plain:
    classes_ = np.array([0, 1])
    def fit(self, x, y):
        pass
    def predict_proba(self, x):
        return np.full((len(x), 2), 0.5)

model = Plain()
"""


def test_a_python_file_has_objects_and_functions_that_processes_find(tmp_path):
    path = tmp_path / "objects_to_compare.py"
    path.write_text(PYTHON)
    assert run(path, tmp_path / "one") == 0
    assert run(path, tmp_path / "two", "--workers", "2") == 0
    assert results(tmp_path / "one") == results(tmp_path / "two")
    record = json.loads((tmp_path / "one" / "results.json").read_text())
    assert record["runs"][2]["strategy"] == "last"
    assert record["runs"][2]["labels"] == [6, 12, 16]
    assert record["config"]["file"]["strategies"]["last"] == "last"


def test_a_list_of_strategies(capsys):
    assert cli.main(["compare", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} == set(tinyal.strategies.NAMES)
    assert all(len(line.split()) > 2 for line in lines)


def test_fourteen_strategies_to_a_thousand_labels_are_below_a_megabyte():
    from tinyal.compare_record import record

    rng = np.random.default_rng(0)
    labels = list(range(20, 1001, 10))
    runs = [
        tinyal.StrategyRun(
            labels,
            rng.random(len(labels)).tolist(),
            [rng.integers(60000, size=20 if i == 0 else 10).tolist() for i in range(len(labels))],
            [None] * len(labels),
            rng.integers(1000, size=(2, 10, 10)).tolist(),
            strategy=f"strategy-{k}",
            seed=seed,
        )
        for k in range(14)
        for seed in range(10)
    ]
    runs[0].check(details=True)
    result = tinyal.Comparison(runs)
    size = len(json.dumps(record(result, {}, "strategy-0")))
    assert size < 1_000_000
    assert size < len(json.dumps(record(result, {}, "strategy-0", details=True))) / 1.5


# What is wrong with a file.


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seeds = 2", "seed = 2", "there is no setting seed. Did you mean seeds?"),
        ("seeds = 2", "seeds = 0", "seeds must be a whole number of at least 1, or a list of seeds"),
        ("seeds = 2", "seeds = [1, 1]", "seeds must be"),
        ("seeds = 2", "seeds = true", "seeds must be"),
        ("total = 40", "totl = 40", "there is no setting budget.totl. Did you mean budget.total?"),
        ("total = 40", 'total = "40"', "budget.total must be a whole number of at least 1, not '40'"),
        ("total = 40", "", "budget.total is missing: a whole number"),
        ("total = 40", "total = 10", "leaves nothing to choose"),
        ("total = 40", "total = 400", "a budget of 400 labels is more than the pool has: 200 rows"),
        ("total = 40", "total = 40\nvalidation = 35", "35 for validation are more than the budget of 40"),
        ("total = 40", "total = 40\nvalidation = 1.5", "budget.validation must be a whole number"),
        (
            "total = 40",
            'total = 40\nfirst = "both"',
            'budget.first must be "random" or "strategy" or "balanced", not \'both\'',
        ),
        ('"5 to 20, then 10"', '"five at first"', 'reads like "10 to 100, then 50"'),
        ("[budget]", "[budgets]", "there is no setting budgets. Did you mean budget?"),
        ('"margin"', '"magrin"', "there is no strategy 'magrin'. Did you mean 'margin'?"),
        ('"margin"', '"MARGIN"', "there is no strategy 'MARGIN'. Did you mean 'margin'?"),
        ('"margin"', '"random"', "strategies names one twice"),
        ('["random", "margin", "stochastic-bald"]', "[]", "strategies must be a list of names"),
        (
            '["random", "margin", "stochastic-bald"]',
            "{a = {strategy = 5}}",
            "strategies.a: there is no strategy",
        ),
        (
            '["random", "margin", "stochastic-bald"]',
            '{a = {strategy = "bald", sample = 3}}',
            "strategies.a: ",
        ),
        ('"digits"', '"mnits"', 'data.name must be "digits" or "iris" or "mnist" or "fashion-mnist"'),
        ("pool = 200", "pool = 2000", "data: a pool of 2000 rows cannot be drawn from 1348"),
        ("pool = 200", "copies = 2.5", "data.copies must be a whole number of at least 1, not 2.5"),
        ("pool = 200", "imbalance = 0.5", "data: imbalance must be at least 1"),
        ("pool = 200", "test = 0.5", "data: this data has a test set"),
        ("pool = 200", 'file = "x.npz"', "data needs one of name"),
        ('"relu"', '"relo"', "model.layers[1]: there is no 'relo'. Did you mean 'relu'?"),
        (
            '"dense 16"',
            '"dense many"',
            "model.layers[0]: 'dense many' is no Dense, which takes units initializer",
        ),
        ('"dense 16"', '"dense 16 he 7"', "model.layers[0]: 'dense 16 he 7' is no Dense"),
        ("steps = 10", "step = 10", "there is no setting model.step. Did you mean model.steps?"),
        ("steps = 10", 'optimizer = "adm 0.1"', "model.optimizer: there is no 'adm'. Did you mean 'adam'?"),
        ("steps = 10", "early_stopping = 3", "add budget.validation"),
        ("seeds = 2", 'reference = "bald"', "reference 'bald' is none of the strategies"),
        ("seeds = 2", "seeds = = 2", "trial.toml: "),
    ],
)
def test_what_is_wrong_is_said_with_its_place_and_nothing_is_written(old, new, message, tmp_path, capsys):
    assert FILE.replace("{seeds}", "2").count(old) == 1
    path = written(tmp_path, FILE.replace("{seeds}", "2").replace(old, new))
    assert run(path, tmp_path / "out") == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.startswith("tinyal: ")
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("trial.ini", "", "a comparison is a .toml or a .py file"),
        ("nowhere.toml", None, "nowhere.toml"),
        ("nowhere.py", None, "there is no file"),
        ("two words.py", "", "cannot be imported by this name"),
        ("json.py", "", "has the name of a module that there is already"),
        ("raises.py", "\n1 / 0", "line 2: ZeroDivisionError"),
        ("leaves.py", "import sys\n\nsys.exit(0)", "line 3: SystemExit"),
        ("no_python.py", "strategies = [", "line 1: SyntaxError"),
        ("says_little.py", "strategies = ['random']", "data is missing"),
    ],
)
def test_files_that_cannot_be_read(name, text, message, tmp_path, capsys):
    if text is not None:
        (tmp_path / name).write_text(text)
    assert run(tmp_path / name, tmp_path / "out") == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_no_file_and_strategies_that_the_file_has_not(tmp_path, capsys):
    assert cli.main(["compare"]) == 2
    assert "which file?" in capsys.readouterr().err
    assert run(written(tmp_path), tmp_path / "out", "--only", "entropy") == 2
    assert "the file has random, margin, stochastic-bald" in capsys.readouterr().err


def test_a_model_that_cannot_do_what_a_strategy_wants(tmp_path, capsys):
    path = tmp_path / "wants_samples.py"
    text = PYTHON.replace('{"random": {}, "last": last}', '["bald"]')
    path.write_text(text + PLAIN)
    assert run(path, tmp_path / "out") == 2
    assert "has no sample_proba" in capsys.readouterr().err


BUGS = """
from tinyal.strategies import Margin

def mine(view, n, rng):
    return view.candidates[:n] + None

class Helped(Margin):
    def score(self, view):
        return super().score(view)["first"]
"""


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize(
    ("strategy", "message"),
    [("mine", "line {}: TypeError: unsuppor"), ("Helped()", "line {}: IndexError: only")],
)
def test_a_bug_in_the_users_own_strategy_is_told_with_its_line(strategy, message, workers, tmp_path, capsys):
    name = f"with_a_bug_{strategy[:4].lower()}_{workers}.py"
    text = BUGS + PYTHON.replace('{"random": {}, "last": last}', f'{{"own": {strategy}}}')
    (tmp_path / name).write_text(text)
    assert run(tmp_path / name, tmp_path / "out", "--workers", workers) == 2
    line = 1 + text[: text.index("+ None" if strategy == "mine" else '["first"]')].count("\n")
    assert f"{tmp_path / name}: {message.format(line)}" in capsys.readouterr().err


def test_a_folder_of_other_things_is_left_alone(tmp_path, capsys):
    (tmp_path / "results.json").write_text("mine")
    assert run(written(tmp_path), tmp_path) == 2
    assert "holds other files" in capsys.readouterr().err
    assert (tmp_path / "results.json").read_text() == "mine"


def test_a_changed_file_is_another_comparison(finished, tmp_path, capsys):
    path = written(tmp_path)
    before = results(finished)
    for old, new in (
        ("total = 40", "total = 50"),
        ("pool = 200", "pool = 100"),
        ("steps = 10", "steps = 11"),
    ):
        path.write_text(FILE.replace("{seeds}", "2").replace(old, new))
        assert run(path, finished) == 2
        assert "is a run of another comparison" in capsys.readouterr().err
    assert results(finished) == before


# Budgets, models and data in words.


def test_a_schedule_is_the_same_in_words_pairs_and_as_a_function():
    words = budget.parse_batch("10 to 100, 25 to 200, then 50")
    function = budget.rounds(20, 333, lambda n: 10 if n < 100 else 25 if n < 200 else 50)
    spent = budget.rounds(20, 333, words)
    assert spent == function == [20, *[10] * 8, *[25] * 4, 50, 50, 33]
    assert budget.rounds(20, 200, [(45, 10), (None, 100)]) == [20, 10, 10, 5, 100, 55], (
        "a part ends where it says"
    )


@pytest.mark.parametrize(
    "batch", [0, [(50, 0), (None, 5)], [(50, 5)], lambda n: 0, lambda n: 2.5, lambda n: None]
)
def test_schedules_that_lead_nowhere(batch):
    with pytest.raises(ValueError, match=r"batch|schedule"):
        budget.rounds(20, 100, batch)


def test_a_network_in_words_is_the_network():
    lines = [
        "Reshape 8 8 1",
        "conv 4 3 padding=same",
        "relu",
        "maxpool 2",
        "flatten",
        "dense 9 lecun",
        "dense",
    ]
    made = model_words.make_layers(lines, classes=3)
    expected = [
        nn.Reshape((8, 8, 1)),
        nn.Conv2D(4, 3, padding="same"),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(9, "lecun"),
        nn.Dense(3),
    ]
    assert repr(made) == repr(expected)
    optimizer = model_words.make_optimizer("sgd 0.1 nesterov=true momentum=0.9 one-cycle")
    assert repr(optimizer) == repr(nn.SGD(nn.OneCycle(0.1), momentum=0.9, nesterov=True))
    assert "CosineDecay(0.001)" in repr(model_words.make_optimizer("adamw cosine"))
    optimizer = model_words.make_optimizer("sgd 0.1 momentum=0.9 nesterov=true")
    assert repr(optimizer) == repr(nn.SGD(0.1, momentum=0.9, nesterov=True))


def configured(data, folder):
    model = {"layers": "mlp", "steps": 3, "early_stopping": 2}
    written = {
        "strategies": ["random"],
        "data": data,
        "model": model,
        "budget": {"total": 30, "validation": 5},
    }
    (setup,) = configure(written, folder).setups
    return setup


X, Y = np.arange(80.0, dtype=np.float32).reshape(40, 2), np.tile([3, 10], 20)


def test_a_model_is_trained_for_long_enough_unless_the_file_says_how_long(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)

    def model(**settings):
        written = {
            "strategies": ["random"],
            "data": {"file": "a.npz", "test": 0.25},
            "model": {"layers": ["dense 4", "relu", "dense"], **settings},
            "budget": {"total": 30},
        }
        return configure(written, tmp_path).setups[0].model

    assert model().steps == model(ensemble=3).steps == 300
    assert model(steps=7).steps == 7
    assert (model(epochs=9).epochs, model(epochs=9).steps) == (9, None)


def test_a_file_may_begin_with_the_mark_that_windows_editors_write(tmp_path):
    path = tmp_path / "marked.toml"
    path.write_text(FILE.replace("{seeds}", "2"), encoding="utf-8-sig")
    assert configuration.read(path).seeds == [0, 1]


def archive(**arrays):
    """Return the bytes of an .npz file."""
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_data_of_ones_own(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    np.savez(tmp_path / "b.npz", x_train=X, y_train=Y, x_test=X[:4], y_test=Y[:4])
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    lines = [",".join(map(str, [*row, label])) for row, label in zip(X.tolist(), Y.tolist(), strict=True)]
    (tmp_path / "c.csv").write_text("\n".join(lines))
    (tmp_path / "d.csv").write_text("first,second,kind\n" + "\n".join(lines))
    for described in (
        {"file": "a.npz", "test": 0.25},
        {"file": "x.npy", "labels": "y.npy", "test": 0.25},
        {"file": "c.csv", "test": 0.25},
        {"file": "d.csv", "labels": "kind", "test": 0.25},
        {"file": "b.npz"},
    ):
        data = configured(described, tmp_path).data
        np.testing.assert_array_equal(data.x_train, X)
        assert data.classes == ("3", "10"), "in the order of numbers"
        np.testing.assert_array_equal(data.y_train, Y == 10)
        assert len(data.x_test) == (4 if described["file"] == "b.npz" else 0)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.csv", "", "it is empty"),
        ("a.csv", "1,2\n3", "row 2 has 1 columns, and the first has 2"),
        ("a.csv", "1,2,a\n3,x,b", "row 2 holds 'x' where a number is wanted"),
        ("a.csv", "1,nan,a\n3,2,b", "holds NaN"),
        ("a.csv", "1\n2", "it has one column"),
        ("a.xlsx", "", "is no file of data that is known here"),
        (
            "a.csv",
            "c,p,q\ncat,1,2\ndog,3,4",
            "row 2 holds 'cat' where a number is wanted; is it the label. labels = 'c'",
        ),
        ("a.csv", "p,q,c\n", "a first line of names, and no rows"),
        ("a.csv", "p,c\n1,cat\n2,cat", "all its labels are cat, and there is nothing to tell apart"),
        ("a.csv", "größe,c\n1,a\n2,b".encode("cp1252"), r"a\.csv is not UTF-8.*save it as .CSV UTF-8"),
        ("a.csv", "p,c\n1,a\n2,b".encode("utf-16"), r"a\.csv is not UTF-8"),
        ("a.npz", "no archive", r"a\.npz: it is no \.npz file, or one that was cut off"),
        ("a.npz", archive(x=X, y=Y)[:-30], r"a\.npz: it is no \.npz file, or one that was cut off"),
        ("a.npz", archive(x=X, y=Y).replace(X.tobytes(), X[::-1].tobytes()), "its x is no array .* damaged"),
        (
            "a.npz",
            archive(x=X, y=np.array(["a", "b"] * 20, object)),
            r"its y holds Python objects; .*astype\(str\)",
        ),
        ("a.npz", archive(x=X, y=Y * 0), "all its labels are 0"),
        ("a.npz", archive(x=X[:0], y=Y[:0]), "it has no rows"),
        ("a.npy", "", "names? *the one with y|holds one array"),
        ("missing.csv", None, "missing.csv"),
    ],
)
def test_data_that_cannot_be_read(name, text, message, tmp_path):
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises((ValueError, OSError), match=message) as error:
        configured({"file": name, "test": 0.5}, tmp_path)
    assert "pickle" not in str(error.value)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (b"no array", r"x\.npy: y\.npy is no array of NumPy's"),
        (np.array(["a", "b"] * 20, object), r"x\.npy: y\.npy holds Python objects"),
    ],
)
def test_labels_in_a_file_beside_it_that_cannot_be_read(y, message, tmp_path):
    np.save(tmp_path / "x.npy", X)
    if isinstance(y, bytes):
        (tmp_path / "y.npy").write_bytes(y)
    else:
        np.save(tmp_path / "y.npy", y)
    with pytest.raises(ValueError, match=message):
        configured({"file": "x.npy", "labels": "y.npy", "test": 0.25}, tmp_path)


def test_data_without_a_test_set_needs_a_share(tmp_path):
    np.savez(tmp_path / "a.npz", x=X, y=Y)
    with pytest.raises(ValueError, match=r"data: this data has no test set: .*test=0\.25"):
        configured({"file": "a.npz"}, tmp_path)


# Killed.

PROGRAM = "import sys; from tinyal.cli import main; sys.exit(main())"
DIES_WRITING = """
import os, signal, sys
from tinyal import run_files
from tinyal.cli import main
calls = 0
def die_at(fd_or_path, *others):
    global calls
    calls += 1
    if calls == {at}:
        if {half}:
            os.ftruncate(fd_or_path, 30)
        os.killpg(0, signal.SIGKILL)
    return real(fd_or_path, *others)
name = "fsync" if {half} else "replace"
real = getattr(os, name)
setattr(os, name, die_at)
sys.exit(main())
"""
needs_posix = pytest.mark.skipif(os.name != "posix", reason="kills by signals")


def start(path, out, *options, program=PROGRAM):
    """Start the command in a process group of its own."""
    arguments = ["compare", str(path), "--out", str(out), "--no-report", *options]
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(process, out, more, delay):
    """Kill all its processes at once, some time after so many more runs are finished; return whether it lived."""
    already = len(list((out / "runs").glob("*.json")))
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if len(list((out / "runs").glob("*.json"))) >= already + more:
            break
        time.sleep(0.002)
    time.sleep(delay)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return alive


def assert_whole(out, expected):
    """Whatever is there under the name of a run is that run."""
    for name, content in results(out).items():
        assert name.startswith(".") or content == expected[name], name


@needs_posix
@pytest.mark.parametrize("half", [False, True])
def test_killed_and_resumed_it_ends_with_the_same_bytes(half, finished, tmp_path):
    """At one point after some runs, and at one in the middle of a write."""
    path, out = written(tmp_path), tmp_path / "out"
    if half:
        process = start(path, out, "--workers", "1", program=DIES_WRITING.format(at=6, half=True))
        assert process.wait(60) == -signal.SIGKILL
        assert any(name.startswith(".") for name in results(out)), "half a file is there"
    else:
        assert kill(start(path, out, "--workers", "1"), out, 2, 0.0)
    assert len(results(out)) < len(results(finished))
    assert_whole(out, results(finished))
    assert run(path, out) == 0
    assert results(out) == results(finished)


@pytest.mark.slow
@needs_posix
def test_killed_at_twenty_random_points_it_ends_with_the_same_bytes(tmp_path):
    """Killed again and again, at random times, after random numbers of runs, and in the middle of writes."""
    draw = random.Random(0)
    path, expected = written(tmp_path, seeds=10), tmp_path / "expected"
    assert run(path, expected) == 0
    expected, out, killed, round_ = results(expected), tmp_path / "out", 0, 0
    while killed < 22:
        if round_ % 3 == 2:
            program = DIES_WRITING.format(at=draw.randint(1, 6), half=draw.random() < 0.5)
            process = start(path, out, "--workers", "1", program=program)
            alive = process.wait(60) == -signal.SIGKILL
        elif round_ % 3 == 1:
            alive = kill(start(path, out, "--workers", "2"), out, draw.randint(1, 3), draw.random() * 0.05)
        else:
            alive = kill(start(path, out, "--workers", "2"), out, 0, draw.random() * 2)
        killed, round_ = killed + alive, round_ + 1
        if out.exists():
            assert_whole(out, expected)
        if not alive:  # it was finished before: once more from the beginning
            assert results(out) == expected
            out = tmp_path / f"out{round_}"
    assert run(path, out) == 0
    assert results(out) == expected
