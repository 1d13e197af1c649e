"""The demonstration, from the command line: its record, its pictures, its refusals, Ctrl-C, and what it claims."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import tinyal
from tinyal import cli, demo, task
from tinyal.comparison import Comparison
from tinyal.lessons import lessons
from tinynn import datasets
from tinynn.datasets import DatasetError

ROOT = Path(tinyal.__file__).parent.parent
PROGRAM = [sys.executable, "-c", "import sys; from tinyal.cli import main; sys.exit(main())"]
STRATEGIES = ("random", "margin", "stochastic-bald")
TINY = [
    *("demo", "--dataset", "digits", "--quick", "--no-plots", "--strategies", ",".join(STRATEGIES)),
    *(
        "--seeds",
        "4",
        "--initial",
        "20",
        "--budget",
        "50",
        "--batch",
        "20",
        "--samples",
        "5",
        "--workers",
        "1",
    ),
]


def run(out, *arguments, base=TINY):
    return cli.main([*base, "--out", str(out), *arguments])


def results(out):
    return json.loads((out / "results.json").read_text(encoding="utf-8"))


def tree(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """Return a finished folder, done by one process."""
    out = tmp_path_factory.mktemp("demo") / "reference"
    assert run(out) == 0
    return out


@pytest.fixture
def no_mnist(tmp_path, monkeypatch):
    """Point the caches of every platform at an empty folder, and cut the network."""
    for variable in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.delenv("TINYNN_DATA", raising=False)

    def unreachable(*args):
        raise DatasetError("mnist: no mirror delivered train-images-idx3-ubyte.gz.\nBy hand: ...")

    monkeypatch.setattr("tinynn.datasets.download.download", unreachable)


@pytest.fixture
def no_runs(monkeypatch):
    """Fail on every run that is begun in this process; there is one worker unless a test asks for more."""

    def forbidden(*args, **settings):
        raise AssertionError("a run was begun")

    monkeypatch.setattr(task, "simulate", forbidden)


# The record.


def is_interval(figures):
    return all(isinstance(figures[key], float) for key in ("mean", "low", "high")) and (
        figures["low"] <= figures["mean"] <= figures["high"]
    )


def test_the_record_has_the_documented_form(reference):
    record = results(reference)
    assert {"version", "config", "dataset", "runs", "summary"} <= set(record)
    assert record["version"] == 1
    assert record["dataset"] == {"name": "digits", "n_pool": 1348, "n_test": 449}
    config = record["config"]
    asked_for = {
        "strategies": list(STRATEGIES),
        "seeds": 4,
        "initial": 20,
        "budget": 50,
        "batch": 20,
        "samples": 5,
    }
    assert config.items() >= {"dataset": "digits", "device": "cpu", **asked_for}.items()
    assert [(run["strategy"], run["seed"]) for run in record["runs"]] == [
        (name, seed) for name in STRATEGIES for seed in range(4)
    ]
    for one in record["runs"]:
        assert set(one) == {"strategy", "seed", "labels", "accuracy", "queried"}
        assert one["labels"] == [20, 40, 50]
        assert [len(rows) for rows in one["queried"]] == [20, 20, 10]
        asked = [row for rows in one["queried"] for row in rows]
        assert len(set(asked)) == 50
        assert all(isinstance(row, int) and 0 <= row < 1348 for row in asked)
        assert all(isinstance(share, float) and 0.2 < share <= 1 for share in one["accuracy"])


def test_the_summary_is_computed_from_the_runs(reference):
    record = results(reference)
    assert list(record["summary"]) == list(STRATEGIES)
    for name, figures in record["summary"].items():
        assert set(figures) == {"final_accuracy", "area", "labels_to"}
        curves = [one["accuracy"] for one in record["runs"] if one["strategy"] == name]
        final, area = figures["final_accuracy"], figures["area"]
        assert is_interval(final)
        assert is_interval(area)
        assert final["mean"] == pytest.approx(np.mean([curve[-1] for curve in curves]))
        areas = [(20 * (a + b) / 2 + 10 * (b + c) / 2) / 30 for a, b, c in curves]
        assert area["mean"] == pytest.approx(np.mean(areas))
        assert {"0.80", "0.85", "0.90", "0.95"} <= set(figures["labels_to"])
        for target, labels in figures["labels_to"].items():
            reached = [
                [n for n, a in zip((20, 40, 50), curve, strict=True) if a >= float(target)]
                for curve in curves
            ]
            if sum(map(bool, reached)) < 2:
                assert labels is None
            else:
                assert is_interval(labels)
                assert labels["mean"] == pytest.approx(
                    np.mean([min(needed, default=50) for needed in reached])
                )


def test_the_number_of_workers_does_not_show_in_the_results(reference, tmp_path):
    assert run(tmp_path / "two", "--workers", "2") == 0
    assert tree(tmp_path / "two") == tree(reference)
    one, two = results(reference), results(tmp_path / "two")
    assert json.dumps(one["runs"]) == json.dumps(two["runs"])


def test_every_run_can_be_done_again_from_the_record(reference):
    """The folder's record names seeds and settings; a comparison in Python with those gives its runs."""
    config = results(reference)["config"]
    budget = demo.Budget(config["initial"], config["budget"], config["batch"], config["candidates"])
    settings = demo.Settings("digits", STRATEGIES, 4, budget, config["samples"], config["device"])
    assert config["model"] == repr(settings.model())
    (again,) = tinyal.compare(
        {"margin": tinyal.strategies.get("margin")},
        model=settings.model(),
        data=datasets.load("digits"),
        initial=20,
        budget=50,
        batch=20,
        seeds=[2],
    ).runs
    (recorded,) = [
        one for one in results(reference)["runs"] if (one["strategy"], one["seed"]) == ("margin", 2)
    ]
    assert recorded["accuracy"] == again.accuracy
    assert recorded["queried"] == again.queried


# What is shown.


def test_what_is_printed_names_every_strategy_and_where_the_results_are(reference, capsys):
    assert run(reference) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    for name in STRATEGIES:
        final = results(reference)["summary"][name]["final_accuracy"]["mean"]
        assert any(line.startswith(name) and f"{final:.1%}" in line for line in lines), out
    assert "1348" in out
    assert str(reference) in lines[-1]
    assert "results.json" in lines[-1]
    assert "MNIST" not in out
    assert max(map(len, lines)) < 130 + len(str(reference))


def test_without_random_there_is_a_table_all_the_same(tmp_path, capsys):
    small = [*TINY[:5], "--strategies", "entropy", "--seeds", "1", "--budget", "30", "--samples", "5"]
    assert run(tmp_path, base=small) == 0
    final = results(tmp_path)["summary"]["entropy"]["final_accuracy"]
    assert f"{final['mean']:.1%}" in capsys.readouterr().out
    assert final["low"] is None


def hand_made(curves, seeds=5):
    """Return settings and a comparison in which every seed of a strategy has the same curve."""
    rows = [list(range(start, start + 10)) for start in range(0, 40, 10)]
    runs = [
        tinyal.StrategyRun([10, 20, 30, 40], list(curve), rows, [None] * 4, strategy=name, seed=seed)
        for name, curve in curves.items()
        for seed in range(seeds)
    ]
    settings = demo.Settings("digits", tuple(curves), seeds, demo.Budget(10, 40, 10), samples=20)
    return settings, tinyal.Comparison(runs)


CURVES = {
    "random": (0.5, 0.6, 0.7, 0.8),
    "margin": (0.5, 0.8, 0.85, 0.9),
    "entropy": (0.5, 0.5, 0.6, 0.7),
    "stochastic-bald": (0.5, 0.6, 0.8, 0.85),
    "bald": (0.5, 0.55, 0.7, 0.8),
}


def test_the_table_says_how_many_labels_each_strategy_needed_and_saved():
    settings, result = hand_made(CURVES)
    result.of("bald")[1].accuracy[-1] = 0.79
    table = [line.split() for line in demo.table(settings, result).splitlines() if line]
    rows = {words[0]: " ".join(words) for words in table}
    assert "labels to 80%" in rows["strategy"]
    assert rows["random"].startswith("random 40 80.0%")
    assert "20 50% [50%, 50%] 90.0% [90.0%, 90.0%]" in rows["margin"]
    assert "30 25%" in rows["stochastic-bald"]
    assert "not reached - " in rows["entropy"]
    assert "≥ 40 0%" in rows["bald"]


def test_a_strategy_that_does_not_beat_random_is_explained():
    _, result = hand_made(CURVES)
    pool = datasets.load("digits").x_train
    notes = [" ".join(note.split()) for note in lessons(result, pool, "random")]
    assert [note.split()[0] for note in notes] == ["entropy", "bald"]
    assert "and did not reach 80% in 5 of 5 runs. Look" in notes[0]
    assert "stochastic-entropy draws at random by the same scores" in notes[0]
    assert "that 5 seeds could tell from luck" in notes[1]
    assert "stochastic-bald saved 25% [25%, 25%] of random's labels." in notes[1]


def test_a_lesson_claims_no_more_than_was_seen():
    pool = datasets.load("digits").x_train

    def lesson(curves, reference_ends=(0.8,) * 5):
        _, result = hand_made(curves)
        for run, end in zip(result.of("random"), reference_ends, strict=True):
            run.accuracy[-1] = end
        (note,) = lessons(result, pool, "random")
        return " ".join(note.split())

    slower = {"random": (0.5, 0.7, 0.8, 0.8), "bald": (0.5, 0.6, 0.7, 0.8)}
    assert "and needed more labels than random in these 5 pairs of runs. Look" in lesson(slower)
    remedy = lesson({**slower, "stochastic-bald": (0.5, 0.6, 0.8, 0.8)})
    assert "stochastic-bald saved 0% [0%, 0%] of random's labels, which may be luck." in remedy
    early = {"random": (0.5, 0.5, 0.5, 0.5), "bald": (0.5, 0.8, 0.8, 0.8)}
    seldom = lesson(early, reference_ends=(0.9, 0.5, 0.5, 0.5, 0.5))  # 58 % in the mean, and one run is there
    assert "what that saves nobody can say: random itself missed 58% in 4 of 5 runs" in seldom


def test_one_seed_teaches_nothing():
    _, result = hand_made(CURVES)
    one = Comparison([run for run in result.runs if run.seed == 0])
    assert lessons(one, datasets.load("digits").x_train, "random") == []


def test_pictures_show_something(tmp_path):
    from matplotlib.image import imread

    with_pictures = [argument for argument in TINY if argument != "--no-plots"]
    assert run(tmp_path, "--seeds", "2", base=with_pictures) == 0
    for name in ("learning_curves.png", "queried.png"):
        pixels = imread(tmp_path / name)
        assert min(pixels.shape[:2]) > 300
        ink = (pixels[..., :3] < 0.95).any(axis=2).mean()
        assert 0.005 < ink < 0.8, name
    assert results(tmp_path)["dataset"]["name"] == "digits"


def test_without_pictures_there_are_none(reference):
    assert not list(reference.rglob("*.png"))


# A folder that is there.


def test_a_finished_folder_is_not_done_again(reference, no_runs):
    before = tree(reference)
    assert run(reference) == 0
    assert tree(reference) == before


def test_a_folder_with_some_runs_is_completed(reference, tmp_path, monkeypatch):
    begun, simulate = [], task.simulate
    monkeypatch.setattr(task, "simulate", lambda *args, **kw: begun.append(0) or simulate(*args, **kw))
    assert run(tmp_path, "--strategies", "random,margin", "--seeds", "2") == 0
    assert len(begun) == 4
    assert run(tmp_path) == 0
    assert len(begun) == 12
    assert tree(tmp_path) == tree(reference)


@pytest.mark.parametrize(
    "other", [["--budget", "60"], ["--batch", "15"], ["--initial", "10"], ["--samples", "6"]]
)
def test_a_folder_of_other_settings_is_left_alone(other, reference, capsys, no_runs):
    before = tree(reference)
    assert run(reference, *other) == 2
    err = capsys.readouterr().err
    assert err.startswith("tinyal: ")
    assert "another comparison" in err
    assert str(reference) in err
    assert tree(reference) == before


def test_a_damaged_file_is_named(reference, tmp_path, capsys, no_runs):
    for path, content in tree(reference).items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_bytes(content)
    (tmp_path / "runs" / "margin-1.json").write_text('{"settings":')
    before = tree(tmp_path)
    assert run(tmp_path) == 2
    assert str(tmp_path / "runs" / "margin-1.json") in capsys.readouterr().err
    assert tree(tmp_path) == before


# What cannot be done.


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--strategies", "random,magrin"], "there is no strategy 'magrin'. Did you mean 'margin'?"),
        (["--strategies", "random,"], "there is no strategy ''"),
        (["--strategies", "margin,margin"], "names one twice"),
    ],
)
def test_strategies_that_do_not_exist(arguments, message, tmp_path, capsys, no_runs):
    out = tmp_path / "out"
    assert run(out, *arguments) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.err.startswith("tinyal: ")
    assert printed.out == ""
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seeds", "0"],
        ["--workers", "0"],
        ["--budget", "-5"],
        ["--batch", "ten"],
        ["--initial", "2.5"],
        ["--samples", ""],
        ["--dataset", "imagenet"],
        ["--device", "tpu"],
        ["--no-such-option"],
    ],
)
def test_arguments_that_make_no_sense(arguments, tmp_path, capsys, no_runs):
    with pytest.raises(SystemExit) as exit_:
        run(tmp_path / "out", *arguments)
    assert exit_.value.code == 2
    assert arguments[0] in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--budget", "1349"], "more than the pool has: 1348 rows"),
        (["--initial", "60"], "initial=60, budget=50"),
        (["--samples", "1"], "at least 2, not 1"),
    ],
)
@pytest.mark.parametrize("workers", ["1", "2"])
def test_numbers_that_do_not_fit(arguments, message, workers, tmp_path, capsys):
    assert run(tmp_path / "out", *arguments, "--workers", workers) == 2
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert not (tmp_path / "out").exists() or (arguments[0] == "--samples" and not tree(tmp_path / "out"))


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_way_of_the_folder(below, tmp_path, capsys, no_runs):
    (tmp_path / "mine").write_text("mine")
    assert run(tmp_path / "mine" / below) == 2
    assert "mine" in capsys.readouterr().err
    assert tree(tmp_path) == {"mine": b"mine"}


@pytest.mark.parametrize("way", ["a file", "no permission"])
def test_a_folder_that_cannot_be_written(way, tmp_path, capsys, no_runs):
    if way == "a file":
        (tmp_path / "runs").write_text("mine")
    elif os.name != "posix" or os.geteuid() == 0:
        pytest.skip("needs a user whom permissions bind")
    else:
        tmp_path.chmod(0o500)
    assert run(tmp_path) == 2
    assert "runs" in capsys.readouterr().err
    assert len(list(tmp_path.iterdir())) == (way == "a file")


def test_no_command_and_help(capsys):
    with pytest.raises(SystemExit) as exit_:
        cli.main([])
    assert exit_.value.code == 2
    with pytest.raises(SystemExit) as exit_:
        cli.main(["demo", "--help"])
    assert exit_.value.code == 0
    shown = capsys.readouterr().out
    assert all(
        f"--{name}" in shown for name in ("dataset", "strategies", "seeds", "budget", "workers", "out")
    )


def test_the_name_of_the_command_leads_here():
    (command,) = [
        line for line in (ROOT / "pyproject.toml").read_text().splitlines() if line.startswith("tinyal = ")
    ]
    assert command == 'tinyal = "tinyal.command:main"'


# MNIST, and doing without.


def test_mnist_by_name_is_mnist_or_an_error(no_mnist, no_runs, tmp_path, capsys):
    assert run(tmp_path / "out", "--dataset", "mnist") == 2
    assert "no mirror delivered" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_auto_does_without_mnist_and_says_so(no_mnist, reference, tmp_path, capsys):
    assert run(tmp_path / "out", "--dataset", "auto") == 0
    first = capsys.readouterr().out.splitlines()[:3]
    assert "MNIST cannot be had" in first[0]
    assert any("digits" in line for line in first)
    assert results(tmp_path / "out")["runs"] == results(reference)["runs"]
    assert results(tmp_path / "out")["dataset"]["name"] == "digits"


def test_a_wrong_data_folder_is_not_hidden_by_the_digits(no_mnist, no_runs, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("TINYNN_DATA", str(tmp_path / "mistyped"))
    assert run(tmp_path / "out", "--dataset", "mnist") == 2
    assert "TINYNN_DATA" in capsys.readouterr().err


# Ctrl-C.


def start(*arguments, cwd):
    """Start the program as a terminal does, in a process group of its own."""
    return subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


@pytest.mark.skipif(os.name != "posix", reason="sends the signal that Ctrl-C sends on POSIX")
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(reference, tmp_path):
    arguments = [*TINY, "--workers", "2", "--out", "my results"]
    folder = tmp_path / "my results" / "runs"
    process = start(*arguments, cwd=tmp_path)
    deadline = time.monotonic() + 60
    while not list(folder.glob("*.json")) and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGINT)
    # The workers hold these pipes, too: that they close means that no process is left.
    out, err = process.communicate(timeout=60)
    finished = len(list(folder.glob("*.json")))
    assert process.returncode == 130, (out, err)
    assert 0 < finished < 12
    assert "Traceback" not in err
    assert f"{finished} of 12 runs are finished" in err
    assert not [path for path in tree(tmp_path) if not path.endswith(".json")]
    assert not (tmp_path / "my results" / "results.json").exists()

    command = shlex.split(err.splitlines()[-1])
    assert command == ["tinyal", *arguments]
    process = start(*command[1:], cwd=tmp_path)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert "Traceback" not in err
    assert json.dumps(results(tmp_path / "my results")["runs"]) == json.dumps(results(reference)["runs"])
    assert tree(tmp_path / "my results") == tree(reference)


def test_an_interrupted_demo_without_a_folder_names_the_one_it_made(tmp_path, monkeypatch, capsys):
    def interrupted(*args, **settings):
        raise KeyboardInterrupt

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(task, "simulate", interrupted)
    assert cli.main(TINY) == 130
    command = shlex.split(capsys.readouterr().err.splitlines()[-1])
    (made,) = (tmp_path / "runs").iterdir()
    assert command == ["tinyal", *TINY, "--out", str(made.relative_to(tmp_path))]


# What it claims.


@pytest.mark.slow
@pytest.mark.skipif(not datasets.available("mnist"), reason="MNIST is not on this machine")
def test_on_mnist_active_learning_saves_a_third_of_the_labels(tmp_path, capsys):
    """The settings that a user gets without any: labels saved against random at random's final accuracy."""
    assert cli.main(["demo", "--out", str(tmp_path), "--no-plots"]) == 0
    record = results(tmp_path)
    assert record["dataset"] == {"name": "mnist", "n_pool": 60000, "n_test": 10000}
    assert len(record["runs"]) == 25
    final = np.mean([one["accuracy"][-1] for one in record["runs"] if one["strategy"] == "random"])
    target = np.floor(100 * final) / 100

    def needed(name):
        """Return the labels at which each run first reached the target."""
        return np.array(
            [
                next(
                    (n for n, a in zip(one["labels"], one["accuracy"], strict=True) if a >= target),
                    one["labels"][-1],
                )
                for one in record["runs"]
                if one["strategy"] == name
            ]
        )

    for name, least in (("margin", 0.30), ("stochastic-entropy", 0.30), ("stochastic-bald", 0.20)):
        saved = 1 - needed(name).mean() / needed("random").mean()
        assert saved >= least, (name, saved)
        assert record["labels_saved"][name]["mean"] == pytest.approx(saved)
        if least == 0.30:
            assert record["labels_saved"][name]["low"] > 0, name
    assert "labels saved" in capsys.readouterr().out
