"""Comparisons: the same runs wherever they are done and however often they are interrupted, and no half of one."""

import json
import linecache
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import tinyal as al
import tinynn as nn
from tinyal import task
from tinyal.description import describe_strategy
from tinyal.run_files import RunFiles, write_json
from tinyal.strategies import NAMES as NAMES_OF_STRATEGIES
from tinyal.strategies import Entropy, Margin, Mixture, Random, Schedule, Strategy, get

DIGITS = nn.datasets.load("digits")
DATA = DIGITS.x_train[:200], DIGITS.y_train[:200], DIGITS.x_test[:100], DIGITS.y_test[:100]
NAMES = ("random", "margin", "stochastic-bald")
RUNS = [(name, seed) for name in NAMES for seed in (0, 1)]


def network(units=16):
    layers = [nn.Dense(units), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    return nn.Classifier(layers, steps=20, classes=range(10))


def compare(names=NAMES, **settings):
    chosen = names if isinstance(names, dict) else {name: get(name, n_samples=5) for name in names}
    defaults = {"model": network(), "data": DATA, "initial": 10, "budget": 30, "batch": 10, "seeds": range(2)}
    return al.compare(chosen, **{**defaults, **settings})


@pytest.fixture(scope="module")
def reference():
    return compare().runs


@pytest.fixture
def begun(monkeypatch):
    """Count the runs that are begun in this process."""
    runs, simulate = [], task.simulate

    def counted(learner, *args, **settings):
        runs.append((repr(learner.strategy), learner.seed))
        return simulate(learner, *args, **settings)

    monkeypatch.setattr(task, "simulate", counted)
    return runs


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# The same runs everywhere.


def test_all_strategies_run_with_all_seeds_in_the_order_given(reference):
    assert [(run.strategy, run.seed) for run in reference] == RUNS
    assert all(run.labels == [10, 20, 30] for run in reference)
    for seed in (0, 1):
        paired = [run for run in reference if run.seed == seed]
        assert len({tuple(run.queried[0]) for run in paired}) == 1
        assert len({tuple(run.queried[1]) for run in paired}) == 3
    assert reference[0].queried[0] != reference[1].queried[0]


def test_a_run_does_not_depend_on_the_runs_before_it(reference):
    assert compare(NAMES[::-1], seeds=[1, 0]).runs == reference[::-1]
    assert compare(NAMES[2:], seeds=np.array([1])).runs == [reference[-1]]
    assert compare().runs == reference


def test_seeds_may_be_numpys(tmp_path, reference):
    runs = compare(seeds=np.arange(2), directory=tmp_path).runs
    assert runs == reference
    assert json.dumps([run.seed for run in runs])
    with pytest.raises(TypeError, match="float"):
        compare(seeds=[0.5])


def test_a_data_set_is_as_good_as_its_arrays():
    settings = {"initial": 10, "budget": 12, "batch": 2, "seeds": [3]}
    arrays = DIGITS.x_train, DIGITS.y_train, DIGITS.x_test, DIGITS.y_test
    assert compare(data=DIGITS, **settings).runs == compare(data=arrays, **settings).runs


def test_two_processes_give_the_same_runs_and_the_same_files(tmp_path, reference, capsys):
    assert compare(workers=2, directory=tmp_path / "two", progress=True).runs == reference
    assert "18/18 " in capsys.readouterr().err, "their rounds are counted here"
    compare(directory=tmp_path / "one")
    assert files(tmp_path / "two") == files(tmp_path / "one")
    assert not multiprocessing.active_children()


def test_an_executor_of_threads_gives_the_same_runs(reference):
    with ThreadPoolExecutor(3) as executor:
        assert compare(executor=executor).runs == reference


def test_an_executor_of_processes_gives_the_same_runs(reference):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as executor:
        assert compare(executor=executor).runs == reference


def test_numpys_global_generator_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    compare(seeds=[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def blas_threads():
    return {library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"}


needs_blas = pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")


@needs_blas
def test_a_run_has_one_thread_of_linear_algebra_and_gives_the_others_back():
    seen = []

    def count(view, n, rng):
        seen.append(blas_threads())
        return view.candidates[:n]

    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        compare({"count": count}, seeds=[0])
        assert blas_threads() == before
    assert seen == [{1}, {1}]


def only_with_one_thread(view, n, rng):
    assert blas_threads() == {1}
    return view.candidates[:n]


@needs_blas
def test_a_run_in_another_process_has_one_thread_too():
    assert len(compare({"one": only_with_one_thread}, workers=2).runs) == 2


@needs_blas
def test_runs_that_overlap_in_threads_do_not_give_each_other_threads(tmp_path):
    """The run that begins first ends first, while the other is under way."""
    both, seen = threading.Barrier(2, timeout=20), []

    def first(view, n, rng):
        if len(view.labeled) == 10:
            both.wait()
        return view.candidates[:n]

    def second(view, n, rng):
        if len(view.labeled) == 10:
            both.wait()
            deadline = time.monotonic() + 20
            while not (tmp_path / "first-0.json").exists() and time.monotonic() < deadline:
                time.sleep(0.002)
        seen.append(blas_threads())
        return view.candidates[:n]

    with threadpool_limits(limits=2, user_api="blas"), ThreadPoolExecutor(2) as executor:
        before = blas_threads()
        compare({"first": first, "second": second}, seeds=[0], executor=executor, directory=tmp_path)
        assert blas_threads() == before
    assert seen == [{1}, {1}]


# Schedules, labels set aside, test sets split off.


def test_a_schedule_may_be_a_function_and_is_kept_as_what_it_gives(tmp_path):
    settings = {"names": ["margin"], "seeds": [0], "budget": 60, "directory": tmp_path}
    runs = compare(batch=lambda labels: labels, **settings).runs
    assert runs[0].labels == [10, 20, 40, 60]
    kept = files(tmp_path)
    assert compare(batch=[(20, 10), (None, 20)], **settings).runs == runs
    assert files(tmp_path) == kept, "the same batches are the same comparison, however they are written"
    with pytest.raises(ValueError, match="its batch is"):
        compare(batch=[(30, 10), (None, 30)], **settings)


class Spying(nn.Classifier):
    """A network that notes on what it was trained and by what that was judged."""

    seen: ClassVar[list] = []

    def fit(self, x, y):
        self.seen.append((np.array(x), self.validation))
        return super().fit(x, y)


@pytest.mark.parametrize("name", ["random", "margin"])
def test_labels_set_aside_for_validation_are_paid_for_and_never_trained_on(name):
    Spying.seen.clear()
    model = Spying(**network().config()).set_params(callbacks=[nn.EarlyStopping(2)])
    (run,) = compare([name], model=model, seeds=[4], budget=40, validation=7).runs
    assert run.labels == [17, 27, 37, 40]
    assert len(run.queried[0]) == 17
    aside = run.queried[0][10:]
    assert len({row for rows in run.queried for row in rows}) == 40, "no row is paid for twice"
    for x, (x_validation, y_validation) in Spying.seen:
        np.testing.assert_array_equal(x_validation, DATA[0][aside])
        np.testing.assert_array_equal(y_validation, DATA[1][aside])
        assert not (x[:, None] == x_validation).all(axis=2).any()
    assert [len(x) for x, _ in Spying.seen] == [10, 20, 30, 33]


def test_runs_of_one_seed_set_the_same_rows_aside():
    runs = compare(validation=5).runs
    for seed in (0, 1):
        assert len({tuple(run.queried[0]) for run in runs if run.seed == seed}) == 1
    assert runs[0].queried[0][10:] != runs[1].queried[0][10:]


def test_a_share_for_validation_is_held_out_of_the_labels_that_are_paid_for_anyway():
    Spying.seen.clear()
    model = Spying(**network().config()).set_params(callbacks=[nn.EarlyStopping(2)])
    (run,) = compare(["margin"], model=model, seeds=[0], validation=0.2).runs
    assert run.labels == [10, 20, 30]
    assert [(len(x), share) for x, share in Spying.seen] == [(10, 0.2), (20, 0.2), (30, 0.2)]


def test_each_seed_splits_its_own_test_set_off_and_its_runs_share_it():
    from tinyal.preparation import Preparation

    data, preparation = (DATA[0], DATA[1]), Preparation(test=0.3, pool=90, copies=2, noise=0.1)
    runs = compare(["random", "margin"], data=data, preparation=preparation).runs
    drawn = [preparation.draw(*data, None, seed) for seed in (0, 1)]
    assert set(drawn[0].rows) != set(drawn[1].rows)
    for run in runs:
        assert {row for rows in run.queried for row in rows} <= set(drawn[run.seed].rows.tolist())
        assert all(accuracy * len(drawn[run.seed].y_test) % 1 < 1e-9 for accuracy in run.accuracy)
    assert runs[0].queried[0] == runs[2].queried[0]
    with pytest.raises(ValueError, match="no test set"):
        compare(data=data)


def test_how_long_rounds_took_is_kept_apart(tmp_path, reference):
    settings = {"directory": tmp_path / "runs", "times": tmp_path / "times"}
    compare(**settings)
    compare(directory=tmp_path / "without")
    assert files(tmp_path / "runs") == files(tmp_path / "without")
    again = compare(**settings).runs
    assert again == reference
    for run in again:
        assert [len(run.seconds[what]) for what in ("choosing", "training")] == [3, 3]
    (tmp_path / "times" / "margin-0.json").write_text('{"choosing": 5}')
    assert compare(**settings).runs[2].seconds == {}, "nobody knows any more; the results are as they were"


# Interrupted and continued.


def interrupt(monkeypatch, after):
    """Let Ctrl-C come in the middle of a run, after so many scores of the margin."""
    score, calls = Margin.score, []

    def score_or_stop(self, view):
        calls.append(view)
        if len(calls) > after:
            raise KeyboardInterrupt
        return score(self, view)

    monkeypatch.setattr(Margin, "score", score_or_stop)


@pytest.mark.parametrize(("workers", "after"), [(1, 0), (1, 1), (1, 3), (2, 3)])
def test_an_interrupted_comparison_goes_on_where_it_was(
    workers, after, tmp_path, monkeypatch, reference, begun
):
    compare(directory=tmp_path / "whole")
    folder, finished = tmp_path / "interrupted", 2 + after // 2
    with monkeypatch.context() as patch:
        interrupt(patch, after)
        with pytest.raises(KeyboardInterrupt):
            compare(directory=folder)
    assert len(files(folder)) == finished
    assert files(folder).items() <= files(tmp_path / "whole").items(), "whole runs or none"
    written = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    begun.clear()
    assert compare(directory=folder, workers=workers).runs == reference
    assert len(begun) == (6 - finished if workers == 1 else 0), "other processes count for themselves"
    assert all(path.stat().st_mtime_ns == when for path, when in written.items())
    assert files(folder) == files(tmp_path / "whole")
    begun.clear()
    assert compare(directory=folder, workers=workers).runs == reference
    assert not begun


class Startled(nn.Classifier):
    """A network on whose arrival in another process Ctrl-C is pressed: as early as a worker runs code of ours."""

    def __getstate__(self):
        return {**vars(self), "home": os.getpid()}

    def __setstate__(self, state):
        self.__dict__.update(state)
        if self.home != os.getpid():
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_ctrl_c_is_left_to_the_process_that_started_the_others(capfd):
    settings = {"model": Startled(**network().config()), "names": NAMES[:1]}
    assert compare(**settings, workers=2).runs == compare(**settings).runs
    assert "Traceback" not in capfd.readouterr().err
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, []), "Ctrl-C is held back no longer than need be"


def test_more_seeds_and_strategies_can_be_added_later(tmp_path, reference, begun):
    compare(NAMES[:2], seeds=[1], directory=tmp_path)
    assert len(begun) == 2
    assert compare(directory=str(tmp_path)).runs == reference
    assert len(begun) == 6


def test_a_failure_while_writing_leaves_no_trace(tmp_path, monkeypatch, reference):
    compare(NAMES[:1], directory=tmp_path)
    before = files(tmp_path)
    for name, error in (
        ("os.replace", OSError(28, "No space left on device")),
        ("os.replace", KeyboardInterrupt()),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(name, lambda *args, error=error: (_ for _ in ()).throw(error))
            with pytest.raises(type(error)):
                compare(directory=tmp_path)
        assert files(tmp_path) == before
    assert compare(directory=tmp_path).runs == reference


def test_a_file_is_replaced_in_one_step(tmp_path):
    path = tmp_path / "results.json"
    write_json(path, {"a": 1})
    with pytest.raises(TypeError):
        write_json(path, {"a": object()})
    assert json.loads(path.read_text()) == {"a": 1}
    assert list(files(tmp_path)) == ["results.json"]


# What is in the folder already.


def edited(**changes):
    """Change entries of a run's file; a callable gets the old entry."""

    def edit(path):
        content = json.loads(path.read_text())
        for key, value in changes.items():
            content[key] = value(content[key]) if callable(value) else value
        path.write_text(json.dumps(content))

    return edit


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_text(""),
        lambda path: path.write_bytes(path.read_bytes()[:-40]),
        lambda path: path.write_bytes(b"\xff\xfe\x00 not text"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text("null"),
        lambda path: path.write_text("[" * 200_000),
        lambda path: path.write_text('{"some": "other program"}'),
        edited(settings=5),
        edited(settings=None),
        edited(settings=[1, 2]),
        edited(labels=[10, 20]),
        edited(labels=[10, 20, 31]),
        edited(labels=7),
        edited(accuracy=[0.1, 0.5, 7]),
        edited(accuracy=["high", "higher", "highest"]),
        edited(accuracy=[0.1, 0.5, float("nan")]),
        edited(queried=lambda rows: [rows[0], rows[1], rows[2][:-1]]),
        edited(queried=[1, 2, 3]),
        edited(probabilities=None),
        edited(probabilities=lambda old: [*old[:-1], [[2.0] * 10] * 10]),
        edited(probabilities=lambda old: [*old[:-1], old[-1][:-1]]),
        edited(labels=[10.0, 20.0, 30.0]),
        edited(queried=[], probabilities=[]),
        edited(queried=lambda rows: [rows[0], rows[1], [-1, *rows[2][1:]]]),
        edited(confusion=[[1, 2], [3, 4]]),
        edited(accuracy=lambda old: [*old[:-1], 0.99]),
        edited(queried=lambda rows: [rows[0], rows[2], rows[1]]),
        edited(checksum="00000000"),
    ],
)
def test_a_file_that_is_no_finished_run_is_named_and_kept(damage, tmp_path, begun):
    compare(NAMES[:2], directory=tmp_path)
    begun.clear()
    damage(tmp_path / "margin-1.json")
    before = files(tmp_path)
    with pytest.raises(ValueError, match=r"margin-1\.json is not a finished run .*delete it") as error:
        compare(NAMES[:2], directory=tmp_path)
    assert str(tmp_path / "margin-1.json") in str(error.value)
    assert files(tmp_path) == before
    assert not begun, "it is an error before anything is run"
    (tmp_path / "margin-1.json").unlink()
    compare(NAMES[:2], directory=tmp_path)
    assert len(begun) == 1


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"budget": 40}, "budget"),
        ({"initial": 9}, "initial"),
        ({"batch": 5}, "batch"),
        ({"candidates": 50}, "candidates"),
        ({"model": network(17)}, "model"),
        ({"data": (DATA[0] + np.uint8(1), *DATA[1:])}, "data"),
        ({"data": (DATA[0], 9 - DATA[1], *DATA[2:])}, "data"),
        ({"data": (*DATA[:3], 9 - DATA[3])}, "data"),
        ({"data": (DATA[0][:190], DATA[1][:190], *DATA[2:])}, "data"),
        ({"confusion": True}, "confusion"),
        ({"validation": 0.2}, "validation"),
        ({"first": "balanced"}, "first"),
        ({"names": {"margin": Entropy()}}, "strategy"),
        ({"names": {"margin": lambda view, n, rng: view.candidates[:n]}}, "strategy"),
    ],
)
def test_runs_of_other_settings_are_never_mixed(settings, key, tmp_path, begun):
    compare(["margin"], directory=tmp_path)
    begun.clear()
    before = files(tmp_path)
    with pytest.raises(
        ValueError, match=rf"margin-0\.json is a run of another comparison: its {key} is .*and now"
    ):
        compare(**{"names": ["margin"], **settings}, directory=tmp_path)
    assert files(tmp_path) == before
    assert not begun


def test_a_file_of_another_seed_or_version_is_another_run(tmp_path):
    compare(["margin"], directory=tmp_path)
    os.replace(tmp_path / "margin-1.json", tmp_path / "margin-0.json")
    with pytest.raises(ValueError, match=r"margin-0\.json is a run of another comparison: its seed is 1"):
        compare(["margin"], directory=tmp_path)
    edited(settings=lambda old: {**old, "seed": 0, "version": 0})(tmp_path / "margin-0.json")
    with pytest.raises(ValueError, match=r"its version is 0, and now it is 1\. .*delete it"):
        compare(["margin"], directory=tmp_path)


def test_a_run_with_settings_that_are_not_asked_for_is_another_run(tmp_path):
    compare(["margin"], directory=tmp_path, validation=0.2)
    with pytest.raises(ValueError, match=r"its validation is 0\.2, and now it is None"):
        compare(["margin"], directory=tmp_path)


def test_a_file_without_a_checksum_is_an_older_one_and_is_taken(tmp_path, begun):
    compare(["margin"], directory=tmp_path)
    for path in tmp_path.iterdir():
        content = json.loads(path.read_text())
        del content["checksum"]
        path.write_text(json.dumps(content))
    begun.clear()
    compare(["margin"], directory=tmp_path)
    assert not begun


def test_what_a_killed_process_left_is_removed_when_its_run_is_done(tmp_path):
    (tmp_path / ".margin-0.json.123").write_text("half a")
    (tmp_path / ".margin-0.json.backup.txt").write_text("mine")
    compare(["margin"], directory=tmp_path)
    assert set(files(tmp_path)) == {"margin-0.json", "margin-1.json", ".margin-0.json.backup.txt"}


class Nameless:
    """A model that prints itself as Python does, with where in memory it is."""

    def __init__(self):
        self.model = network()

    def fit(self, x, y):
        self.model.fit(x, y)
        self.classes_ = self.model.classes_
        return self

    def predict_proba(self, x):
        return self.model.predict_proba(x)


class First:
    def select(self, view, n, rng):
        return view.candidates[:n]


def test_what_prints_itself_with_its_address_is_the_same_in_the_next_process(tmp_path, begun):
    compare({"first": First()}, model=Nameless(), directory=tmp_path)
    begun.clear()
    compare({"first": First()}, model=Nameless(), directory=tmp_path)  # other objects, at other addresses
    assert not begun
    assert " at 0x" not in (tmp_path / "first-0.json").read_text()


def written(text, path, monkeypatch):
    """Return what stands under the name `mine` in a file, as in the next process after an edit."""
    path.write_text(text, encoding="utf-8")
    linecache.clearcache()
    module = types.ModuleType("users")
    module.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "users", module)
    exec(compile(text, path, "exec"), vars(module))
    return module.mine


FUNCTION = "mine = lambda view, n, rng: view.candidates[:n]"
CLASS = """\
class First:
    def select(self, view, n, rng):
        return view.candidates[:n]
mine = First()
"""


@pytest.mark.parametrize(
    ("text", "around"),
    [
        (FUNCTION, lambda mine: mine),
        (FUNCTION, partial),
        (FUNCTION, lambda mine: Mixture(mine, share=0.2)),
        (CLASS, lambda mine: mine),
        (CLASS, lambda mine: Schedule({0: Random(), 20: mine})),
    ],
)
def test_an_edited_strategy_is_another_one(text, around, tmp_path, begun, monkeypatch):
    def again(text):
        begun.clear()
        mine = written(text, tmp_path / "users.py", monkeypatch)
        compare({"mine": around(mine)}, seeds=[0], directory=tmp_path / "runs")
        return len(begun)

    assert again(text) == 1
    assert again(text) == 0, "the same source is the same strategy"
    with pytest.raises(ValueError, match=r"its strategy is '.*, source .* and now it is '.*, source "):
        again(text.replace("[:n]", "[-n:]"))


def test_a_strategy_of_tinyals_own_is_told_by_its_settings_alone():
    for name in NAMES_OF_STRATEGIES:
        assert describe_strategy(get(name)) == repr(get(name))


def test_samples_are_a_setting(tmp_path):
    compare({"bald": get("bald", 5)}, seeds=[0], directory=tmp_path)
    with pytest.raises(
        ValueError, match=r"its strategy is 'BALD\(n_samples=5\)', and now it is 'BALD\(n_samples=6\)'"
    ):
        compare({"bald": get("bald", 6)}, seeds=[0], directory=tmp_path)


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_file_in_the_way_of_the_folder(below, tmp_path, begun):
    (tmp_path / "runs").write_text("mine")
    with pytest.raises(OSError, match="runs"):
        compare(directory=tmp_path / "runs" / below)
    assert files(tmp_path) == {"runs": b"mine"}
    assert not begun


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_folder_without_permission(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        compare(directory=folder)
    assert not list(folder.iterdir())


@pytest.mark.parametrize("name", ["../up", "a/b", "a\\b", "C:x", "a b?*", "..", "ünï", "line\nbreak"])
def test_names_of_strategies_stay_inside_the_folder(name, tmp_path):
    folder = tmp_path / "runs"
    runs = compare({name: Random()}, seeds=[0], directory=folder).runs
    assert list(tmp_path.iterdir()) == [folder]
    (file,) = folder.iterdir()
    assert not set(file.name) & set('/\\:?*"<>|\n ')
    assert compare({name: Random()}, seeds=[0], directory=folder).runs == runs


@pytest.mark.parametrize("names", [("a/b", "a_b"), ("Margin", "margin")])
def test_names_that_would_share_a_file_are_an_error(names, tmp_path, begun):
    with pytest.raises(ValueError, match="differ as file names"):
        compare({name: Random() for name in names}, directory=tmp_path)
    assert not begun
    assert len(compare({name: Random() for name in names}, seeds=[0]).runs) == 2


# Settings that do not fit, and runs that fail.


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"names": {}}, "at least one strategy and one seed"),
        ({"seeds": []}, "at least one strategy and one seed"),
        ({"seeds": 0}, "at least one strategy and one seed"),
        ({"seeds": [1, 2, 1]}, r"seeds must differ, and are \[1, 2, 1\]"),
        ({"workers": 0}, "workers must be at least 1, not 0"),
        ({"workers": -2}, "workers must be at least 1, not -2"),
        ({"budget": 201}, "budget of 201 labels is more than the pool has: 200 rows"),
        ({"initial": 31}, "initial=31, budget=30"),
        ({"initial": 30}, "budget=30 leaves nothing to choose after the first 30 labels"),
        ({"validation": 20}, "budget=30 leaves nothing to choose after the first 30 labels"),
        ({"candidates": 0}, "candidates must be at least 1"),
        ({"candidates": 5}, "cannot ask for 10 of 5 candidates"),
        ({"candidates": 5, "workers": 2}, "cannot ask for 10 of 5 candidates"),
        ({"data": (DATA[0], DATA[1][:-1], *DATA[2:])}, "the pool has 200 rows and 199 labels"),
        ({"data": (np.where(DATA[0] > 200, np.nan, DATA[0]), *DATA[1:])}, "NaN or infinite"),
        ({"data": (DATA[0], DATA[1] + 1, *DATA[2:])}, r"labels \[10.* are not among the classes"),
        ({"validation": 0}, "validation must be a share between 0 and 1 or a number"),
        ({"validation": 1.0}, "validation must be a share between 0 and 1 or a number"),
        ({"validation": 25}, "10 initial labels and 25 for validation are more than the budget of 30"),
        ({"batch": [(20, 5)]}, "says nothing about 20 labels"),
        ({"data": DATA[:3]}, r"or \(x, y\), not 3 things"),
        ({"names": {"few": lambda view, n, rng: view.candidates[:1]}}, "must return 10 whole numbers"),
    ],
)
def test_settings_that_do_not_fit_are_an_error_and_nothing_is_written(settings, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        compare(**settings, directory=tmp_path / "runs")
    assert not (tmp_path / "runs").exists() or not list((tmp_path / "runs").iterdir())
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("strategies", "message"),
    [
        ([Random()], r"must have names, such as \{.*this is a list"),
        ({"a": "margin"}, r"'a' is the word 'margin'; al\.strategies\.get\('margin'\) makes"),
        ({"a": Margin}, r"'a' is a class; make one of it: Margin\(\)"),
        ({"a": 5}, r"'a' must have select\(view, n, rng\), or be such a function, not 5"),
    ],
)
def test_what_is_no_strategy_is_an_error_before_anything_is_written(strategies, message, tmp_path):
    with pytest.raises(TypeError, match=message):
        al.compare(strategies, model=network(), data=DATA, directory=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_number_of_seeds_is_the_seeds_from_0(reference):
    assert compare(["random"], seeds=2).runs == reference[:2]
    assert compare(["random"], seeds=np.int64(1)).runs == reference[:1]


def test_what_cannot_be_sent_to_a_process_is_an_error():
    with pytest.raises(TypeError, match=r"strategy 'a' cannot be sent to another process .*workers=1"):
        compare({"a": lambda view, n, rng: view.candidates[:n], "b": Random()}, workers=2)
    assert not multiprocessing.active_children()


def test_a_run_that_fails_leaves_the_finished_ones(tmp_path, reference):
    def failing(view, n, rng):
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        compare({"random": Random(), "failing": failing}, directory=tmp_path)
    assert sorted(files(tmp_path)) == ["random-0.json", "random-1.json"]
    assert compare(["random"], directory=tmp_path).runs == reference[:2]


def test_after_a_failure_an_executor_is_not_kept_busy():
    begun, gate = [], threading.Event()

    def failing(view, n, rng):
        raise RuntimeError("broken")

    def waiting(view, n, rng):
        begun.append(n)
        gate.wait(20)
        return view.candidates[:n]

    with ThreadPoolExecutor(2) as executor:
        with pytest.raises(RuntimeError, match="broken"):
            compare({"failing": failing, "waiting": waiting}, seeds=range(30), executor=executor)
        gate.set()
    assert len(begun) <= 4, "two of the two runs under way, not of thirty"


class Waiting(Strategy):
    """Leave a mark at the start, and another one at an end that nobody waits for."""

    def __init__(self, folder):
        self.folder = folder

    def select(self, view, n, rng):
        (self.folder / "begun").touch()
        time.sleep(20)
        (self.folder / "ended").touch()
        return view.candidates[:n]


class Failing(Strategy):
    """Fail as soon as the other run is under way."""

    def __init__(self, folder):
        self.folder = folder

    def select(self, view, n, rng):
        deadline = time.monotonic() + 20
        while not (self.folder / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.002)
        raise RuntimeError("broken")


def test_a_run_that_fails_ends_the_others_and_its_error_arrives(tmp_path):
    with pytest.raises(RuntimeError, match="broken"):
        compare({"failing": Failing(tmp_path), "waiting": Waiting(tmp_path)}, seeds=[0], workers=2)
    assert not multiprocessing.active_children()
    assert list(files(tmp_path)) == ["begun"]


class Killed(Strategy):
    """End the process, as the system does that runs out of memory."""

    def select(self, view, n, rng):
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.skipif(os.name != "posix", reason="kills by signals")
def test_a_process_that_is_killed_is_named_as_the_cause():
    with pytest.raises(RuntimeError, match="was killed, perhaps for want of memory"):
        compare({"killed": Killed()}, workers=2)
    assert not multiprocessing.active_children()


class Plain:
    """The least that a model is."""

    def fit(self, x, y):
        self.classes_ = np.unique(y)

    def predict_proba(self, x):
        return np.full((len(x), len(self.classes_)), 1 / len(self.classes_))


def test_a_model_without_validation_cannot_be_judged_while_it_trains():
    with pytest.raises(TypeError, match="Plain has no setting validation="):
        compare(model=Plain(), validation=5)
    with pytest.raises(ValueError, match="knows all classes="):
        compare(model=nn.Classifier(steps=3), validation=5)


def test_a_disk_that_is_full_stops_the_processes(tmp_path, monkeypatch):
    """Also while someone, such as a notebook, holds on to the error."""

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunFiles, "save", full)
    with pytest.raises(OSError, match="No space") as held:
        compare(workers=2, directory=tmp_path)
    assert not multiprocessing.active_children()
    assert held.value.errno == 28


def test_a_bar_is_shown_where_it_is_wanted(capsys, tmp_path):
    for progress in (False, None):  # None asks whether this is a terminal, which it is not
        compare(["random"], progress=progress)
        assert capsys.readouterr() == ("", "")
    compare(["random"], progress=True, directory=tmp_path)
    out, err = capsys.readouterr()
    assert out == ""
    assert "6/6" in err, "three rounds a run"
    assert "2 of 2 runs" in err
    compare(NAMES[:2], progress=True, directory=tmp_path)
    assert " 6/12" in (shown := capsys.readouterr().err), "of which the finished ones are half"
    assert "12/12" in shown


LONG_COMPARISON = """
import sys
import tinyal as al, tinynn as nn

class Slow:
    def __init__(self, folder): self.folder = folder
    def select(self, view, n, rng):
        import os, pathlib, time
        (pathlib.Path(self.folder) / str(os.getpid())).touch()
        time.sleep(60)

if __name__ == "__main__":
    model = nn.Classifier([nn.Dense(10)], steps=2, classes=range(10))
    data = nn.datasets.load("digits")
    al.compare({"slow": Slow(sys.argv[1])}, model=model, data=data, budget=40, seeds=range(2), workers=2)
"""


@pytest.mark.skipif(os.name != "posix", reason="looks at processes by signals")
def test_processes_end_with_the_one_that_started_them(tmp_path):
    """Killed alone, without a chance to stop the others."""
    script = tmp_path / "long.py"
    script.write_text(LONG_COMPARISON)
    (begun := tmp_path / "begun").mkdir()
    parent = subprocess.Popen([sys.executable, script, begun])
    try:
        assert wait_for(lambda: len(list(begun.iterdir())) == 2), "both began"
    finally:
        parent.kill()
        parent.wait()
    workers = [int(file.name) for file in begun.iterdir()]
    assert wait_for(lambda: not any(map(runs, workers)))


def wait_for(what, seconds=60):
    """Return whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not what() and time.monotonic() < end:
        time.sleep(0.05)
    return what()


def runs(pid):
    """Return whether a process computes; one that has ended may wait for somebody to take note."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat")
        return not (state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z")
    except ProcessLookupError:
        return False
