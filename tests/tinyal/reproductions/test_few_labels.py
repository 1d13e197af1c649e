"""The recipe for few labels: it looks at no label that it does not count, resumes, and reports what came out."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

import tinynn as nn
from tinyal.reproductions import few_labels, few_labels_report
from tinyal.reproductions.few_labels import PROFILES, Profile
from tinyal.reproductions.few_labels_pool import GRAPH

ROOT = Path(__file__).parents[3]
RECORD = ROOT / "docs" / "results" / "few-labels.json"


def small_digits():
    data = nn.datasets.load("digits")
    return replace(
        data,
        x_train=data.x_train[:300],
        y_train=data.y_train[:300],
        x_test=data.x_test[:100],
        y_test=data.y_test[:100],
    )


@pytest.fixture
def quick(monkeypatch):
    profile = replace(PROFILES["quick"], labels=(24,), seeds=1, steps=10, rounds=1, eigenvectors=10)
    monkeypatch.setitem(few_labels.PROFILES, "quick", profile)
    return profile


def run(out, data=None, **settings):
    record = few_labels.run("quick", out, None, 1, False, data=data or small_digits(), **settings)
    for each in record["runs"]:
        assert each.pop("seconds") > 0
    record.pop("seconds for the graph")
    return record


@pytest.mark.parametrize(
    ("first", "sees"),
    [(0.5, "histograms"), pytest.param(1.0, "images", marks=pytest.mark.slow)],
)
def test_labels_that_were_not_asked_for_change_nothing(quick, first, sees, tmp_path, monkeypatch):
    """Every label of the pool but those asked for is made wrong: choice, network and test accuracy stay."""
    monkeypatch.setitem(few_labels.PROFILES, "quick", replace(quick, first=first, sees=sees))
    data = small_digits()
    record = run(tmp_path / "first")
    for each in record["runs"]:
        assert len(set(each["asked"])) == each["labels"] == 24
        labels = (data.y_train + 1) % 10
        labels[each["asked"]] = data.y_train[each["asked"]]
        out = tmp_path / each["choice"]
        again = run(out, replace(data, y_train=labels))["runs"]
        (other,) = (found for found in again if found["choice"] == each["choice"])
        assert (other["asked"], other["accuracy"]) == (each["asked"], each["accuracy"])
        assert other["spread"] != each["spread"], "that is counted afterwards, on all labels"


def test_labels_of_the_test_set_are_read_for_the_accuracy_alone(quick, tmp_path):
    data = small_digits()
    before = run(tmp_path / "a", data)["runs"]
    after = run(tmp_path / "b", replace(data, y_test=(data.y_test + 1) % 10))["runs"]
    for one, other in zip(before, after, strict=True):
        assert (one["asked"], one["spread"]) == (other["asked"], other["spread"])
        assert one["accuracy"] + other["accuracy"] <= 1


def test_runs_go_on_where_they_were_interrupted(quick, tmp_path, monkeypatch):
    whole = run(tmp_path / "whole", labels=[24, 12])
    assert [(each["labels"], each["choice"]) for each in whole["runs"]] == [
        (24, "graph"),
        (12, "graph"),
        (24, "random"),
        (12, "random"),
    ]
    done = []

    def interrupted(*arguments):
        if len(done) == 3:
            raise KeyboardInterrupt
        done.append(arguments)
        return few_labels.__dict__["real"](*arguments)

    monkeypatch.setattr(few_labels, "real", few_labels.one_run, raising=False)
    monkeypatch.setattr(few_labels, "one_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "part", labels=[24, 12])
    done.clear()
    assert run(tmp_path / "part", labels=[24, 12]) == whole
    assert len(done) == 1
    assert {path.name for path in (tmp_path / "part").iterdir()} == {GRAPH, "runs"}
    done.clear()
    assert run(tmp_path / "part", labels=[24, 12]) == whole
    assert not done


def test_runs_of_other_settings_are_never_mixed(quick, tmp_path, monkeypatch):
    run(tmp_path)
    monkeypatch.setitem(few_labels.PROFILES, "quick", replace(quick, balance=None))
    with pytest.raises(
        ValueError, match=r"graph-24-0\.json is a run with other settings; choose another folder"
    ):
        run(tmp_path)


def test_the_graph_of_other_rows_is_not_taken_for_this_one(quick, tmp_path):
    run(tmp_path)
    data = small_digits()
    fewer = replace(data, x_train=data.x_train[:200], y_train=data.y_train[:200])
    with pytest.raises(
        ValueError, match=r"graph\.npz is the graph of 300 rows, or was made with other settings"
    ):
        run(tmp_path, fewer, labels=[12])


@pytest.mark.slow
def test_processes_do_the_same(quick, tmp_path):
    alone = run(tmp_path / "one")
    record = few_labels.run("quick", tmp_path / "two", None, 2, False, data=small_digits())
    for each in record["runs"]:
        each.pop("seconds")
    assert record["runs"] == alone["runs"]


def test_the_table_has_medians_and_quartiles():
    record = made_up()
    first = str(few_labels.table(record)).splitlines()
    assert first[1].split()[:9] == [
        "50",
        "middles",
        "of",
        "clusters",
        "97.00%",
        "96.00%",
        "to",
        "98.00%",
        "95.00%",
    ]
    assert "random choice" in first[2]
    assert "is estimated from" in str(few_labels.table(record))


@pytest.mark.slow
def test_the_figure_is_a_picture(tmp_path):
    few_labels.draw(made_up(), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def made_up():
    runs = [
        {"labels": 50, "choice": choice, "seed": seed, "accuracy": accuracy, "spread": 0.9, "seconds": 30.0}
        for choice in few_labels.CHOICES
        for seed, accuracy in enumerate([0.95, 0.96, 0.97, 0.98, 0.99])
    ]
    return {"settings": asdict(Profile()), "seconds for the graph": 20.0, "runs": runs}


def test_the_recorded_runs_are_of_todays_settings_and_reach_what_is_claimed():
    record = json.loads(RECORD.read_text(encoding="utf-8"))
    assert record["settings"] == json.loads(json.dumps(asdict(PROFILES["cpu"])))
    assert record["profile"] == "cpu"
    groups = few_labels_report.groups(record)
    assert groups.keys() == {(labels, choice) for labels in (100, 50, 20) for choice in few_labels.CHOICES}
    for (labels, _), runs in groups.items():
        assert sorted(each["seed"] for each in runs) == list(range(len(runs)))
        assert all(len(set(each["asked"])) == labels for each in runs)
    for labels in (100, 50, 20):
        chosen, drawn = (
            np.median([each["accuracy"] for each in groups[labels, choice]]) for choice in few_labels.CHOICES
        )
        assert chosen > 0.97
        assert chosen > drawn
