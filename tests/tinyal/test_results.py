"""A comparison written and read back is the same; what is no comparison is refused, and nothing is written over."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinyal as al
from tests.tinyal.test_comparison import comparison as made_by_hand
from tinyal import Comparison
from tinyal.run_files import RunFiles
from tinyal.simulation import RunRecord
from tinynn import Classifier, Dense

RECORD = RunRecord([2, 3], [0.5, 0.75], [[4, 1], [7]], [None, [[0.25, 0.75]]])
RECORDED = Path(__file__).parents[2] / "docs" / "demo"


def comparison():
    result = made_by_hand()
    for run in result.runs:
        run.labels = [2, 3, 4, 5]  # as many as were queried
    return result


def test_written_and_read_back(tmp_path):
    result = comparison()
    result.settings = {"model": "a net", "batch": 10}
    result.runs[0].confusion = [[[1, 0], [2, 3]], [[3, 0], [0, 3]]]
    result.runs[0].seconds = {"choosing": [0.5] * 4, "training": [1.0] * 4}
    result.to_json(tmp_path / "c.json")
    again = Comparison.load(tmp_path / "c.json")
    assert again.runs == result.runs
    assert again.settings == result.settings
    assert again.strategies == ["random", "quick", "slow", "mixed"]
    assert again.sentences("random") == result.sentences("random")
    again.to_json(tmp_path / "d.json")
    assert (tmp_path / "d.json").read_bytes() == (tmp_path / "c.json").read_bytes()
    assert b"seconds" not in (tmp_path / "c.json").read_bytes(), "times differ from one day to the next"


def test_no_file_is_written_over_unasked(tmp_path):
    path = tmp_path / "c.json"
    path.write_text("mine")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        comparison().to_json(path)
    assert path.read_text() == "mine"
    comparison().to_json(path, overwrite=True)
    assert Comparison.load(path).runs == comparison().runs


def test_the_recorded_demonstration_is_read():
    result = Comparison.load(RECORDED)
    assert result.strategies[:2] == ["random", "margin"]
    assert result.settings["dataset"] == "mnist"
    assert len(result.runs) == 25
    assert result.runs[0].probabilities == [None] * 25


def test_a_folder_of_finished_runs_is_read(tmp_path):
    strategies = {"b-two": al.strategies.Random(), "a": al.strategies.Margin()}
    for folder in (tmp_path / "x", tmp_path / "y" / "runs"):
        files = RunFiles(folder, {"model": "a net", "batch": 1}, strategies)
        for name in strategies:
            for seed in (10, 2):
                files.save(name, seed, RECORD)
    for folder in (tmp_path / "x", tmp_path / "y"):
        result = Comparison.load(folder)
        assert [(run.strategy, run.seed) for run in result.runs] == [
            ("a", 2),
            ("a", 10),
            ("b-two", 2),
            ("b-two", 10),
        ]
        assert result.runs[0].probabilities == RECORD.probabilities
        assert result.runs[0].queried == RECORD.queried
        assert result.settings["model"] == "a net"


def test_what_a_small_file_leaves_out_is_taken_from_the_runs(tmp_path):
    names = {"b two": al.strategies.Random(), "a": al.strategies.Margin()}
    run = {"labels": RECORD.labels, "accuracy": RECORD.accuracy}
    runs = [{"strategy": name, "seed": seed, **run} for name in names for seed in (1, 0)]
    (tmp_path / "results.json").write_text(json.dumps({"version": 1, "config": {"k": 1}, "runs": runs}))
    small = Comparison.load(tmp_path)
    assert [run.queried for run in small.runs] == [[[], []]] * 4
    assert small.final_accuracy("a").mean == 0.75
    small.to_json(tmp_path / "again.json")
    assert Comparison.load(tmp_path / "again.json").runs == small.runs
    files = RunFiles(tmp_path / "runs", {}, names)
    for name in names:
        for seed in (0, 1):
            files.save(name, seed, RECORD)
    whole = Comparison.load(tmp_path)
    assert [(run.strategy, run.seed) for run in whole.runs] == [
        ("b two", 1),
        ("b two", 0),
        ("a", 1),
        ("a", 0),
    ]
    assert [run.queried for run in whole.runs] == [RECORD.queried] * 4
    assert whole.settings == {"k": 1}
    files.save("a", 1, RunRecord([2, 3], [0.5, 0.5], [[4, 1], [7]], [None, [[0.25, 0.75]]]))
    with pytest.raises(ValueError, match=r"a-1\.json is not the run of that strategy"):
        Comparison.load(tmp_path)


def test_what_compare_keeps_is_what_it_returned(tmp_path):
    x = [[float(i)] for i in range(8)]
    y = [0, 1] * 4
    result = al.compare(
        {"random": al.strategies.Random()},
        model=Classifier([Dense(2)], steps=1, classes=range(2)),
        data=(np.array(x), np.array(y)) * 2,
        initial=2,
        budget=4,
        batch=1,
        seeds=[3, 1],
        directory=tmp_path,
        progress=False,
    )
    assert Comparison.load(tmp_path).runs == sorted(result.runs, key=lambda run: run.seed)


def test_runs_of_two_comparisons_do_not_mix(tmp_path):
    for name, batch in (("a", 1), ("b", 2)):
        RunFiles(tmp_path, {"batch": batch}, {name: al.strategies.Random()}).save(name, 0, RECORD)
    with pytest.raises(
        ValueError, match=r"b-0\.json is a run of another comparison .* its batch is 2, not 1"
    ):
        Comparison.load(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "no JSON file"),
        ("[]", "no comparison"),
        ('{"version": 1, "runs": []}', "no comparison"),
        ('{"version": 2, "runs": [{}]}', "version 2; this tinyal reads 1"),
        ('{"version": 1, "runs": [{}]}', "KeyError: 'labels'"),
        ('{"version": 1, "runs": [3]}', "no finished run"),
    ],
)
def test_what_is_no_comparison(tmp_path, text, message):
    (tmp_path / "results.json").write_text(text)
    for path in (tmp_path, tmp_path / "results.json"):
        with pytest.raises(ValueError, match=message):
            Comparison.load(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": [2, 4]}, "labels must count"),
        ({"accuracy": [0.5, 75]}, "shares"),
        ({"accuracy": None}, "TypeError"),
        ({"strategy": ""}, "name of its strategy"),
        ({"seed": "1"}, "name of its strategy and its seed"),
    ],
)
def test_broken_runs_are_named(tmp_path, change, message):
    run = {"labels": [2, 3], "accuracy": [0.5, 0.75], "queried": [[4, 1], [7]], "strategy": "a", "seed": 0}
    path = tmp_path / "c.json"
    path.write_text(json.dumps({"version": 1, "runs": [run]}))
    assert len(Comparison.load(path).runs) == 1
    path.write_text(json.dumps({"version": 1, "runs": [{**run, **change}]}))
    with pytest.raises(ValueError, match=message):
        Comparison.load(path)


def test_a_run_that_was_changed_by_hand_is_refused(tmp_path):
    files = RunFiles(tmp_path / "runs", {}, {"a": al.strategies.Random()})
    files.save("a", 0, RECORD)
    path = files.path("a", 0)
    kept = json.loads(path.read_text())
    path.write_text(json.dumps({**kept, "accuracy": [0.5, 0.99]}))
    with pytest.raises(ValueError, match=r"a-0\.json is not a finished run: its numbers were changed"):
        Comparison.load(tmp_path)
    path.write_text(json.dumps({**kept, "queried": [[4, 2], [7]]}))
    small = {"strategy": "a", "seed": 0, "labels": RECORD.labels, "accuracy": RECORD.accuracy}
    (tmp_path / "results.json").write_text(json.dumps({"version": 1, "runs": [small]}))
    with pytest.raises(ValueError, match=r"a-0\.json is not a finished run: its numbers were changed"):
        Comparison.load(tmp_path)
    path.write_text(json.dumps(kept))
    assert Comparison.load(tmp_path).runs[0].queried == RECORD.queried


def test_brackets_without_end_are_no_comparison(tmp_path):
    for name in ("results.json", "a-0.json"):
        (tmp_path / name).write_text("[" * 200_000)
        with pytest.raises(ValueError, match="no JSON file"):
            Comparison.load(tmp_path / name)


def test_an_empty_folder_and_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no results\.json, and no finished runs"):
        Comparison.load(tmp_path)
    with pytest.raises(FileNotFoundError):
        Comparison.load(tmp_path / "nothing.json")
    (tmp_path / "a-0.json").write_text("[]")
    with pytest.raises(ValueError, match="not a finished run"):
        Comparison.load(tmp_path)
