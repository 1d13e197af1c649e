import importlib.util
import json
import re
import socket
import stat
import sys
import webbrowser

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.tinyal.labeling.served import COMMAND, Labeller, Served
from tinyal import cli
from tinyal.labeling import serving
from tinyal.labeling.project import Project


def label(*arguments):
    return cli.main(["label", *map(str, arguments)])


@pytest.fixture
def rows(tmp_path):
    np.save(tmp_path / "rows.npy", np.random.default_rng(0).normal(size=(30, 3)))
    return tmp_path / "rows.npy"


def test_a_person_starts_labels_ends_and_goes_on(rows, tmp_path):
    command = [*COMMAND, "label", str(rows), "--no-browser"]
    with Served(
        [*command, "--classes", "cat,dog", "--layers", "dense 4, relu, dense", "--steps", "10"]
    ) as served:
        assert served.url.startswith("http://127.0.0.1:")
        Labeller().work(served, 5)
        said, status = served.interrupt()
    assert status == 0
    assert said.count(served.token) == 1  # in the address, and in no log of requests
    assert "30 items, 0 answered" in said
    assert "5 labels are kept" in said
    assert "Traceback" not in said
    again = re.search(r"tinyal (label --resume .*)", said).group(1)
    assert str(tmp_path / "rows-labels") in again
    with Served([*COMMAND, *again.split(), "--no-browser"]) as resumed:
        assert resumed.token == served.token  # a page that is open goes on
        with resumed.client() as client:
            status = client.get("/api/status").json()
    assert (status["labelled"], status["total"], status["title"]) == (5, 30, "rows.npy")


def test_what_cannot_be_is_said_before_anything_is_written(rows, tmp_path, capsys, monkeypatch):
    for arguments, message in [
        ([], "what is to be labelled?"),
        ([rows, "--dataset", "digits"], "one at a time"),
        ([tmp_path / "nowhere"], "is missing"),
        ([rows, "--strategy", "margins"], "Did you mean 'margin'"),
        ([rows, "--random-share", "7"], "from 0 to 1"),
        ([rows, "--resume"], "no project"),
        ([rows, "--resume", "--classes", "a,b"], "was settled when the project began"),
        ([rows, "--classes", "a,a"], "a class is there twice"),
        ([rows, "--simulate"], "labels that are known"),
        ([rows, "--layers", "dens 4, relu, dense"], "there is no 'dens'. Did you mean 'dense'?"),
        ([rows, "--layers", "conv 4 3, dense"], "Conv2D"),
        ([rows, "--layers", "dense 7"], "end with dense alone"),
        ([__file__], "nothing that can be labelled"),
    ]:
        assert label(*arguments, "--no-browser") == 2
        assert message in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert label(tmp_path / "empty", "--no-browser") == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "rows.npy"]


def test_without_classes_it_says_how_to_come_by_them(rows, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(serving, "serve", lambda app, listening: listening.close())
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (4, 4)).save(photos / "one.png")
    said = []
    for source in (rows, photos):
        assert label(source, "--no-browser") == 0
        said.append(capsys.readouterr().out)
        assert "press + on the page and type the name of the first one" in said[-1]
        assert "--classes cat,dog" in said[-1]
    assert ["subfolders of photos" in text for text in said] == [False, True]
    (photos / "cat").mkdir()
    assert label(photos, "--resume", "--no-browser") == 0
    assert "no classes" not in capsys.readouterr().out


def test_a_project_is_never_begun_twice(rows, tmp_path, capsys):
    Project.create(tmp_path / "rows-labels", source=rows, classes=("a", "b"))
    assert label(rows, "--no-browser") == 2
    assert "add --resume to go on" in capsys.readouterr().err


def test_one_server_at_a_time_has_a_project(rows, tmp_path, capsys):
    project = Project.create(tmp_path / "rows-labels", source=rows, classes=("a", "b"))
    with project.lock():
        assert label(rows, "--resume", "--no-browser") == 2
    assert "in use by process" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(rows, monkeypatch, capsys):
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *_: None if name == "uvicorn" else find(name)
    )
    assert label(rows) == 2
    assert "the page needs uvicorn: pip install 'tinynn[label]'" in capsys.readouterr().err


def test_help_shows_examples(capsys):
    with pytest.raises(SystemExit):
        label("--help")
    assert "tinyal label --dataset digits --simulate" in capsys.readouterr().out


def test_settings_of_an_unknown_kind_are_an_error(rows, tmp_path, capsys):
    project = Project.create(tmp_path / "rows-labels", source=rows, settings={"strategie": "margin"})
    assert label("--resume", "--project", project.folder, "--no-browser") == 2
    assert "settings that nobody knows" in capsys.readouterr().err


def test_a_port_that_is_taken_is_replaced_unless_it_was_asked_for(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setattr(serving, "PORT", port)
        with serving.bind("127.0.0.1", None) as other:
            assert other.getsockname()[1] != port
        with pytest.raises(OSError, match=f"{port} cannot be listened on.*a free one is found"):
            serving.bind("127.0.0.1", port)


def test_the_browser_gets_a_file_that_only_its_owner_reads(tmp_path, monkeypatch):
    opened = []

    class Window:
        def open(self, url):
            opened.append(url)
            return True

    url = serving.address("127.0.0.1", 8765, "secret")
    monkeypatch.setattr(webbrowser, "get", Window)
    assert serving.open_browser(url, tmp_path)
    assert serving.open_browser(url, tmp_path)  # again, after a restart
    path = tmp_path / "open.html"
    assert opened == [path.resolve().as_uri()] * 2
    assert "secret" not in opened[0]
    assert f"url={url}" in path.read_text(encoding="utf-8")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_browser_that_would_take_over_the_terminal_is_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(webbrowser, "get", lambda: webbrowser.GenericBrowser("lynx"))
    assert not serving.open_browser("http://127.0.0.1/", tmp_path)

    def none():
        raise webbrowser.Error("no browser")

    monkeypatch.setattr(webbrowser, "get", none)
    assert not serving.open_browser("http://127.0.0.1/", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_loop_answers_itself(capsys):
    assert label("--dataset", "digits", "--simulate", "60") == 0
    said = capsys.readouterr().out
    labels = [int(line.split()[0]) for line in said.splitlines() if re.match(r" +\d+  ", line)]
    assert labels == [10, 20, 30, 40, 50, 60]
    accuracy = float(re.search(r"the model gets ([\d.]+)% right", said).group(1))
    assert accuracy > 75


@pytest.mark.slow
def test_letting_others_in_comes_with_a_warning(rows):
    with Served([*COMMAND, "label", str(rows), "--no-browser", "--host", "0.0.0.0"]) as served:
        port = served.url.rpartition(":")[2]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            assert client.get("/").status_code == 200
            assert client.get("/", headers={"Host": f"evil.example:{port}"}).status_code == 403
        said, _ = served.interrupt()
    assert "WARNING: --host 0.0.0.0 lets other machines in" in said


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to catch")
def test_being_ended_is_like_ctrl_c(rows, tmp_path):
    with Served([*COMMAND, "label", str(rows), "--no-browser", "--classes", "cat,dog"]) as served:
        Labeller().work(served, 3)
        served.process.terminate()
        rest, _ = served.process.communicate(timeout=60)
    assert served.process.returncode == 143
    assert "Traceback" not in rest
    assert not (tmp_path / "rows-labels" / "labels.sqlite-wal").exists()
    assert json.loads((tmp_path / "rows-labels" / "project.json").read_text())["classes"] == ["cat", "dog"]
