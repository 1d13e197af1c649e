"""``tinyal reproduce``: what it writes, that it goes on where it was, and which folders it leaves alone."""

import argparse
import json
from types import SimpleNamespace

import pytest

from tinyal import reproduce_command, reproductions


class Trial:
    """A reproduction that counts."""

    NAME, TITLE = "trial", "A trial"

    def __init__(self, interrupted=False):
        self.interrupted, self.asked = interrupted, []

    def run(self, profile, out, seeds, workers, progress):
        self.asked.append((profile, seeds, workers))
        (out / "part.json").write_text("{}")
        if self.interrupted:
            raise KeyboardInterrupt
        return {"reproduction": "trial", "profile": profile}

    def table(self, record):
        return f"a table of {record['profile']}"

    def draw(self, record, path):
        path.write_bytes(b"a figure")


@pytest.fixture
def trial(monkeypatch):
    made = Trial()
    monkeypatch.setattr(reproduce_command, "get", lambda name: made)
    return made


def command(*arguments):
    parser = argparse.ArgumentParser()
    reproduce_command.add_arguments(parser)
    options = parser.parse_args(list(map(str, arguments)))
    return options.command(options, ["reproduce", *map(str, arguments)])


def test_record_table_and_figure_are_written_and_the_table_is_shown(trial, tmp_path, capsys):
    out = tmp_path / "new" / "folder"
    assert command("trial", "--profile", "cpu", "--seeds", 2, "--workers", 3, "--out", out) == 0
    assert trial.asked == [("cpu", 2, 3)]
    assert json.loads((out / "record.json").read_text())["profile"] == "cpu"
    assert (out / "table.txt").read_text() == "a table of cpu\n"
    assert (out / "figure.png").read_bytes() == b"a figure"
    shown = capsys.readouterr().out
    assert "a table of cpu" in shown
    assert str(out) in shown


def test_the_same_command_goes_on_and_another_one_is_refused(trial, tmp_path):
    trial.interrupted = True
    assert command("trial", "--out", tmp_path / "a") == 130
    trial.interrupted = False
    assert command("trial", "--out", tmp_path / "a") == 0
    with pytest.raises(ValueError, match="is of trial quick, and not of trial cpu"):
        command("trial", "--profile", "cpu", "--out", tmp_path / "a")
    assert len(trial.asked) == 2


def test_an_interruption_says_how_to_go_on(trial, tmp_path, capsys):
    trial.interrupted = True
    command("trial", "--out", tmp_path / "a")
    assert f"tinyal reproduce trial --out {tmp_path / 'a'}" in capsys.readouterr().err
    assert not (tmp_path / "a" / "record.json").exists()


def test_a_folder_of_other_things_is_left_alone(trial, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files"):
        command("trial", "--out", tmp_path)
    with pytest.raises(ValueError, match="must be a folder of its own"):
        command("trial", "--out", tmp_path / "mine.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    assert trial.asked == []


def test_a_list(capsys):
    assert command("--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(reproductions.NAMES)
    assert all(
        reproductions.get(name).TITLE in line for name, line in zip(reproductions.NAMES, lines, strict=True)
    )


def test_no_name_and_a_wrong_one():
    with pytest.raises(ValueError, match=r"which one\? .* gal2017"):
        command()
    with pytest.raises(ValueError, match="there is no reproduction 'gal'"):
        command("gal")


def test_a_broken_mark_is_an_error_that_names_no_traceback(trial, tmp_path):
    (tmp_path / reproduce_command.MARK).write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        command("trial", "--out", tmp_path)


def test_the_parser_knows_the_profiles():
    parser = argparse.ArgumentParser()
    reproduce_command.add_arguments(parser)
    assert parser.parse_args(["gal2017"]).profile == "quick"
    with pytest.raises(SystemExit):
        parser.parse_args(["gal2017", "--profile", "slow"])
    assert isinstance(parser.parse_args(["x", "--seeds", "3"]), argparse.Namespace | SimpleNamespace)
