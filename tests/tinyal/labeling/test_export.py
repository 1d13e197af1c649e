"""Labels as files that others read, and the rest labelled by the model: exact, whole, and harmless."""

import argparse
import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import tinynn as nn
from tinyal import export_command, predict_command
from tinyal.labeling import export, journal, kept_model
from tinyal.labeling import predict as predicting
from tinyal.labeling.array_items import ImageItems
from tinyal.labeling.events import Event
from tinyal.labeling.kept_model import KeptModel
from tinyal.labeling.ledger import Ledger
from tinyal.labeling.predict import predict, predictions_csv, predictions_json
from tinyal.labeling.project import Project, default_folder

EVENTS = [
    Event(1, "1", 0.0, "", "class", label="cat", how="known"),
    Event(2, "2", 1.5, "Ada", "class", label="=dog"),
    Event(3, "3", 2.25, "Ada", "label", 1, "=dog", 1.25, "cat", 0.75, how="random"),
    Event(4, "4", 3.0, "@Grace", "skip", 0, seconds=0.5),
    Event(5, "5", 4.0, "Ada", "label", 2, "cat"),
    Event(6, "6", 5.0, "Ada", "undo", 2, undoes=5),
    Event(7, "7", 6.0, "Ada", "defer", 3),
    Event(8, "8", 7.0, "Ada", "cannot-tell", 4),
    Event(9, "9", 8.0, "", "known", 5, "cat", how="known"),
]
NAMES = ['a,"b".png', "=HYPERLINK(1)", "two\nlines.png", "+3.png", "ü.png", "plain.png"]


def read(text):
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_the_table_has_what_counts_in_the_order_of_the_items():
    rows = read(export.labels_csv(EVENTS, NAMES.__getitem__))
    assert [row["item"] for row in rows] == ["0", "1", "3", "4", "5"]
    assert [row["action"] for row in rows] == ["skip", "label", "defer", "cannot-tell", "known"]
    assert [row["label"] for row in rows] == ["", "'=dog", "", "", "cat"]
    assert rows[1] == {
        "item": "1",
        "name": "'=HYPERLINK(1)",
        "label": "'=dog",
        "action": "label",
        "who": "Ada",
        "time": "1970-01-01T00:00:02.250Z",
        "seconds": "1.25",
        "model_guess": "cat",
        "model_probability": "0.75",
        "how": "random",
    }
    assert rows[0]["name"] == 'a,"b".png'
    assert rows[0]["who"] == "'@Grace"


def test_json_has_the_same_labels_exactly_and_the_whole_log():
    content = json.loads(export.labels_json(EVENTS, NAMES.__getitem__))
    assert content["classes"] == ["cat", "=dog"]
    assert [row["item"] for row in content["labels"]] == [0, 1, 3, 4, 5]
    assert content["labels"][1]["name"] == "=HYPERLINK(1)"
    assert content["labels"][1]["label"] == "=dog"
    assert [entry["number"] for entry in content["log"]] == list(range(1, 10))
    assert content["log"][5]["undoes"] == 5
    assert content["log"][2]["time"] == "1970-01-01T00:00:02.250Z"


@given(st.lists(st.lists(st.text("=+-@'\t\r\n ,;\"aé＝", max_size=6), min_size=2, max_size=2)))
def test_no_cell_is_a_formula_and_every_text_can_be_had_back(lines):
    written = export.table(["a", "b"], [dict(zip("ab", line, strict=True)) for line in lines])
    back = [list(row.values()) for row in read(written)]
    for line, cells in zip(lines, back, strict=True):
        for text, cell in zip(line, cells, strict=True):
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
            assert (cell[1:] if cell.startswith("'") else cell) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "'=1"])
def test_what_a_spreadsheet_might_run_gets_an_apostrophe(text):
    assert export.safe(text) == "'" + text
    assert export.safe("a" + text) == "a" + text


def model_of(weights, classes, labels=10):
    """A network for rows of pixels of which one decides each class."""
    net = nn.Sequential([nn.Flatten(), nn.Dense(len(classes))], (2, 2, 1))
    net.layers[1].W[:] = weights
    net.layers[1].b[:] = 0
    return KeptModel(net, tuple(classes), labels)


def four_images():
    features = np.zeros((5, 2, 2, 1), np.uint8)
    features[np.arange(4), [0, 0, 1, 1], [0, 1, 0, 1]] = 255  # item i has pixel i
    return ImageItems(features, ["cat", "dog", "eel"])


def test_the_rest_gets_the_most_probable_class_with_its_probability():
    model = model_of([[4, 0, 1], [0, 4, 1], [1, 0, 4], [0, 1, 4]], ["cat", "dog", "eel"])
    state = Ledger(
        [
            Event(1, "1", 0.0, "", "class", label="cat"),
            Event(2, "2", 0.0, "Ada", "label", 1, "cat"),
            Event(3, "3", 0.0, "Ada", "skip", 2),
        ]
    ).state
    items = four_images()
    items.gone = frozenset({4})
    predictions = predict(items, state, model)
    assert [(p.item, p.name, p.label, p.runner_up, p.answered) for p in predictions] == [
        (0, "row 0", "cat", "eel", None),
        (2, "row 2", "eel", "cat", "skip"),
        (3, "row 3", "eel", "dog", None),
    ]
    odds = np.exp([4.0, 1.0, 0.0])
    for p in predictions:
        np.testing.assert_allclose([p.confidence, p.runner_up_confidence], odds[:2] / odds.sum(), atol=1e-6)
    rows = read(predictions_csv(predictions))
    assert [row["label"] for row in rows] == ["cat", "eel", "eel"]
    assert [row["answered"] for row in rows] == ["", "skip", ""]
    content = json.loads(predictions_json(predictions, model))
    assert (content["classes"], content["labels"]) == (["cat", "dog", "eel"], 10)
    assert [p["item"] for p in content["predictions"]] == [0, 2, 3]


def test_chunks_of_items_give_what_all_at_once_give(monkeypatch):
    rng = np.random.default_rng(0)
    model = model_of(rng.normal(size=(4, 3)), ["cat", "dog", "eel"])
    items = ImageItems(rng.integers(0, 256, (50, 2, 2, 1), dtype=np.uint8), model.classes)
    whole = predict(items, Ledger().state, model)
    monkeypatch.setattr(predicting, "CHUNK", 7)
    assert predict(items, Ledger().state, model) == whole
    assert len(whole) == 50
    assert predict(items, Ledger([]).state, model)[49].item == 49


def test_a_model_of_other_images_is_an_error():
    items = ImageItems(np.zeros((3, 4, 4, 1), np.uint8), [])
    with pytest.raises(ValueError, match=r"\(2, 2, 1\).*\(4, 4, 1\)"):
        predict(items, Ledger().state, model_of(np.zeros((4, 2)), ["cat", "dog"]))


@pytest.fixture
def project(tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for i in range(4):
        Image.new("L", (2, 2), 60 * i).save(photos / f"=image{i}.png")
    project = Project.create(default_folder(photos), source=photos, classes=["cat", "dog"])
    journal = project.journal(project.items())
    journal.append("label", request="r0", who="Ada", item=0, label="cat", seconds=1.5)
    journal.append("skip", request="r1", who="Ada", item=1)
    journal.close()
    return project


def run(command, *arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    options = parser.parse_args([str(argument) for argument in arguments])
    return options.command(options, [])


@pytest.mark.parametrize("place", ["folder", "source"])
def test_export_writes_the_labels_beside_a_running_server(project, tmp_path, capsysbinary, place):
    asked = getattr(project, place)
    with project.lock():
        assert run(export_command, asked) == 0
        printed = capsysbinary.readouterr()
        rows = read(printed.out.decode())
        assert [(row["name"], row["label"]) for row in rows] == [
            ("'=image0.png", "cat"),
            ("'=image1.png", ""),
        ]
        assert b"1 labels (cat 1), 1 skipped" in printed.err
        out = tmp_path / "labels.json"
        assert run(export_command, asked, "--out", out) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["labels"][0]["name"] == "=image0.png"


def test_a_file_is_replaced_only_by_force(project, tmp_path):
    out = tmp_path / "labels.csv"
    out.write_text("mine")
    with pytest.raises(FileExistsError, match="--force"):
        run(export_command, project.folder, "--out", out)
    assert out.read_text() == "mine"
    run(export_command, project.folder, "--out", out, "--force")
    assert (
        out.read_bytes() == export.labels_csv(journal.read(project.journal_path), project.name_of()).encode()
    )
    with pytest.raises(ValueError, match=r"must end with \.csv or \.json"):
        run(export_command, project.folder, "--out", tmp_path / "labels.xls")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["labels.csv", "photos", "photos-labels"]


def test_predict_labels_what_came_later_too_unless_somebody_labels(project, tmp_path, capsysbinary):
    with pytest.raises(ValueError, match="no model yet"):
        run(predict_command, project.folder)
    model = model_of([[9, 0], [0, 0], [0, 0], [0, 0]], ["cat", "dog"], labels=1)
    kept_model.save(project.model_path, model.network, model.classes, model.labels)
    Image.new("L", (2, 2), 255).save(project.source / "late.png")
    with project.lock():
        assert run(predict_command, project.folder) == 0
    rows = read(capsysbinary.readouterr().out.decode())
    assert [row["name"] for row in rows] == ["'=image1.png", "'=image2.png", "'=image3.png"]
    assert run(predict_command, project.folder, "--out", tmp_path / "rest.csv") == 0
    rows = read((tmp_path / "rest.csv").read_text(encoding="utf-8"))
    assert [row["name"] for row in rows] == ["'=image1.png", "'=image2.png", "'=image3.png", "late.png"]
    expected = 1 / (1 + np.exp(-9 * np.array([60, 120, 180, 255]) / 255))
    np.testing.assert_allclose([float(row["confidence"]) for row in rows], expected, atol=1e-5)
    assert [row["answered"] for row in rows] == ["skip", "", "", ""]
    said = capsysbinary.readouterr().err.decode()
    assert "4 items labelled by a model that learned from 1 labels; of 75% it is 90% sure or more" in said


def test_predict_trains_on_the_labels_that_the_last_model_did_not_know(project, capsysbinary):
    """The server was ended before it had learned from the last answers."""
    journal = project.journal(project.items())
    journal.append("label", request="r2", who="Ada", item=3, label="dog", seconds=1.0)
    journal.close()
    with project.lock(), pytest.raises(ValueError, match="the page that is open"):
        run(predict_command, project.folder)
    assert run(predict_command, project.folder) == 0
    printed = capsysbinary.readouterr()
    assert b"training on 2 labels" in printed.err
    assert b"learned from 2 labels;" in printed.err
    assert [row["label"] in ("cat", "dog") for row in read(printed.out.decode())] == [True, True]
    assert run(predict_command, project.folder) == 0
    assert b"training" not in capsysbinary.readouterr().err, "it is kept"
