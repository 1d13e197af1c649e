"""A project's folder: begun once, opened again wherever it lies, held by one process at a time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinynn as nn
from tinyal.labeling import journal as journals
from tinyal.labeling import kept_model
from tinyal.labeling.project import Project, default_folder
from tinyal.labeling.project_lock import InUseError, lock


def photos_in(folder, names=("a.png", "cat/b.png", "dog/c.png")):
    for i, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (28, 28), 10 * i).save(path)
    return folder


@pytest.fixture
def photos(tmp_path):
    return photos_in(tmp_path / "photos")


@pytest.fixture
def project(photos):
    return Project.create(default_folder(photos), source=photos)


def test_what_a_project_was_begun_with_is_there_when_it_is_opened_again(tmp_path):
    table = tmp_path / "flowers.csv"
    table.write_text("width,note\n1,red\n2,blue\n")
    settings = {"strategy": "bald", "share": 0.2, "nested": [1, {"a": None}]}
    begun = Project.create(
        default_folder(table),
        source=table,
        classes=["cat ", "dog"],
        size=(20, 24),
        text_column="note",
        settings=settings,
    )
    assert begun.folder == tmp_path / "flowers-labels"
    assert Project.open(tmp_path / "flowers-labels") == begun
    assert Project.open(table) == begun  # by what it labels
    assert (begun.classes, begun.settings, begun.title) == (("cat", "dog"), settings, "flowers.csv")
    assert begun.items().text(1) == "blue"


def test_a_project_and_its_source_can_be_moved_together(tmp_path, project, photos):
    items = project.items()
    journal = project.journal(items)
    journal.append("label", request="r", who="Ada", item=0, label="cat")
    journal.close()
    (tmp_path / "moved").mkdir()
    for folder in (photos, project.folder):
        shutil.move(folder, tmp_path / "moved")
    moved = Project.open(tmp_path / "moved" / "photos-labels")
    items = moved.items()
    journal = moved.journal(items)
    assert {items.name(i): e.label for i, e in journal.state().labels.items()} == {
        "a.png": "cat",
        "cat/b.png": "cat",
        "dog/c.png": "dog",
    }
    journal.close()


def test_what_folders_say_is_in_the_journal_once_and_is_extended(photos, project):
    for _ in range(2):
        journal = project.journal(project.items())
        assert journal.state().classes == ["cat", "dog"]
        assert {i: (e.label, e.action) for i, e in journal.state().labels.items()} == {
            1: ("cat", "known"),
            2: ("dog", "known"),
        }
        assert len(journal.events()) == 4
        journal.close()
    photos_in(photos, ("eel/d.png",))
    journal = project.journal(project.items())
    assert journal.state().classes == ["cat", "dog", "eel"]
    assert journal.standing(3).label == "eel"
    journal.close()


@pytest.mark.parametrize(
    ("place", "options", "says"),
    [
        ("photos/labels", {}, "choose a folder beside it"),
        ("photos", {}, "choose a folder beside it"),
        ("other", {}, "holds other files"),
        ("file", {}, "holds other files"),
        ("new", {"dataset": "digits"}, "not both"),
        ("new", {"source": None}, "not both"),
        ("new", {"classes": ["cat", " cat"]}, "twice"),
        ("new", {"classes": ["cat", "a\nb"]}, "one line"),
        ("new", {"source": Path("none")}, "missing"),
        ("new", {"size": (0, 28)}, "1 to 512"),
        ("new", {"size": (28, 10_000)}, "1 to 512"),
    ],
)
def test_a_project_that_cannot_be_is_refused_and_leaves_no_trace(tmp_path, photos, place, options, says):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "mine.txt").write_text("hello")
    (tmp_path / "file").write_text("hello")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((ValueError, OSError), match=says):
        Project.create(tmp_path / place, **{"source": photos, **options})
    assert sorted(tmp_path.rglob("*")) == before


def test_a_project_is_begun_once(project, photos):
    with pytest.raises(FileExistsError, match="a project already"):
        Project.create(project.folder, source=photos)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": "a labelling project", "version": 99}', "{}", "null"]
)
def test_a_file_that_describes_no_project_is_an_error(project, content):
    (project.folder / "project.json").write_text(content)
    with pytest.raises(ValueError, match=r"project\.json is not a labelling project"):
        Project.open(project.folder)


def test_a_folder_that_is_no_project_and_a_source_that_is_gone_are_errors(tmp_path, photos, project):
    with pytest.raises(FileNotFoundError, match="is no project"):
        Project.open(tmp_path)
    shutil.rmtree(photos)
    with pytest.raises(FileNotFoundError, match="bring it back"):
        Project.open(project.folder).items()


def test_without_the_list_of_items_labels_are_not_guessed_to_belong_to_anything(project):
    project.journal(project.items()).close()
    (project.folder / "items.json").unlink()
    with pytest.raises(FileNotFoundError, match="which label belongs to what"):
        project.items()
    assert not (project.folder / "items.json").exists()


def test_a_journal_of_more_items_than_there_are_is_refused(project):
    items = project.items()
    journal = project.journal(items)
    journal.append("skip", request="r", who="Ada", item=3)
    journal.close()
    with pytest.raises(ValueError, match="an answer about item 3, and there are 3 items"):
        project.journal(items)


def test_names_are_known_without_the_source(photos, project, tmp_path):
    project.items()
    shutil.rmtree(photos)
    assert list(map(project.name_of(), range(3))) == ["a.png", "cat/b.png", "dog/c.png"]
    digits = Project.create(tmp_path / "digits", dataset="digits")
    assert digits.name_of()(7) == digits.items().name(7) == "row 7"


HOLDER = """
import sys
from pathlib import Path
from tinyal.labeling.project_lock import lock
with lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("end", ["kill", "leave"])
def test_one_process_holds_a_project_and_its_end_sets_it_free(tmp_path, end):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "held\n"
    with pytest.raises(InUseError, match=f"process {process.pid} on "), lock(tmp_path):
        pass
    if end == "kill":
        process.kill()
    process.communicate()
    with lock(tmp_path):
        assert json.loads((tmp_path / "lock").read_text())["process"] == os.getpid()
        with pytest.raises(InUseError, match=f"process {os.getpid()}"), lock(tmp_path):
            pass
    with lock(tmp_path):
        pass


def network(outputs, seed=0):
    return nn.Sequential([nn.Dense(outputs)], 3, seed=seed)


def test_a_model_is_kept_with_its_classes_and_replaced_as_a_whole(tmp_path):
    path = tmp_path / "model.npz"
    kept_model.save(path, network(2), ["cat", "dog"], 40)
    kept_model.save(path, network(3, seed=1), ["cat", "dog", "eel"], 60)
    kept = kept_model.load(path)
    assert (kept.classes, kept.labels) == (("cat", "dog", "eel"), 60)
    assert np.array_equal(kept.network.parameters, network(3, seed=1).parameters)
    assert np.array_equal(nn.Sequential.load(path).parameters, kept.network.parameters)
    assert {p.name for p in tmp_path.iterdir()} == {"model.npz", "model.json"}
    with pytest.raises(ValueError, match="of 2 classes"):
        kept_model.save(path, network(3), ["cat", "dog"], 40)


def test_whenever_a_process_is_killed_a_model_has_its_classes(tmp_path, monkeypatch):
    path = tmp_path / "model.npz"
    kept_model.save(path, network(2), ["cat", "dog"], 40)

    def killed(self, target):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)  # between the description and the network
    with pytest.raises(KeyboardInterrupt):
        kept_model.save(path, network(3), ["cat", "dog", "eel"], 60)
    monkeypatch.undo()
    assert kept_model.load(path).classes == ("cat", "dog")
    kept_model.save(path, network(3), ["cat", "dog", "eel"], 60)
    assert kept_model.load(path).classes == ("cat", "dog", "eel")


@pytest.mark.parametrize(
    "content", [None, "{", "{}", '{"format": "a list of networks", "version": 1, "networks": {}}']
)
def test_a_model_whose_classes_are_not_known_is_an_error(tmp_path, content):
    path = tmp_path / "model.npz"
    kept_model.save(path, network(2), ["cat", "dog"], 40)
    if content is None:
        (tmp_path / "model.json").unlink()
    else:
        (tmp_path / "model.json").write_text(content)
    with pytest.raises((ValueError, OSError), match=r"model\.json"):
        kept_model.load(path)


def test_a_journal_can_be_read_while_it_is_written(project):
    journal = project.journal(project.items())
    journal.append("skip", request="r", who="Ada", item=0)
    assert journals.read(project.journal_path) == journal.events()
    journal.close()
