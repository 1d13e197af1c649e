"""`tinynn check` on exercises and `tinynn exercises`: what is printed, what is copied, and what is left alone."""

import json
import re
from pathlib import Path

import pytest

from tinynn import cli
from tinynn.check_file import check_file, run
from tinynn.exercises import registry, skeletons

SOLUTIONS = Path(__file__).parent / "solutions"


def solution(name):
    return (SOLUTIONS / registry.file_name(name)).read_text(encoding="utf-8")


@pytest.fixture
def write(tmp_path):
    def put(text, name="mine.py"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return put


def test_a_wrong_answer_shows_the_first_wrong_number_with_both_values(write, capsys):
    path = write(solution("entropy").replace("np.log(", "np.log2("))
    assert cli.main(["check", str(path)]) == 1
    out = capsys.readouterr().out
    assert "H[0] is 1.15678 and should be 0.801819 (the first of 2 wrong numbers, of 2)" in out
    assert "for p = [[0.7, 0.2, 0.1], [0.333, 0.333, 0.333]]" in out
    assert "bits-for-nats" in out
    assert "right      most_uncertain" in out
    assert "1 of 2 parts are right" in out
    assert max(len(line) for line in out.splitlines()[:-1]) <= 80


def test_each_hint_says_more_and_the_last_one_is_the_end(write, capsys):
    path = write(solution("entropy").replace("axis=1", "axis=0"))
    part = registry.get("entropy").parts[0]
    for level, wish in enumerate([[], ["--hint"], ["--hint", "2"], ["--hint", "3"]]):
        assert cli.main(["check", str(path), *wish]) == 1
        out = capsys.readouterr().out
        shown = re.findall(r"hint (\d) of 3 on entropy:", out)
        assert shown == ["1", "2", "3"][:level]
        assert all((hint[:30] in " ".join(out.split())) == (i < level) for i, hint in enumerate(part.hints))
        assert ("A hint: tinynn check" in out) == (level < 3)


def test_a_hint_is_about_the_first_part_that_is_not_right(write, capsys):
    path = write(solution("entropy").replace("[:n]", ""))
    assert run(path, hint=1) == 1
    assert "hint 1 of 3 on most_uncertain" in capsys.readouterr().out


def test_a_right_answer_needs_no_hint(write, capsys):
    assert run(write(solution("entropy")), hint=3) == 0
    assert "hint" not in capsys.readouterr().out


def test_an_unknown_level_of_hints_is_refused(write, capsys):
    with pytest.raises(SystemExit):
        cli.main(["check", str(write(solution("entropy"))), "--hint", "4"])
    assert "--hint" in capsys.readouterr().err


def test_json_has_the_same(write, capsys):
    path = write("print('hello')\n" + solution("dense").replace("dy.sum(axis=0)", "dy"))
    assert run(path, json=True, hint=1) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["exercise"], data["state"], data["ok"]) == ("dense", "wrong", False)
    assert [part["state"] for part in data["parts"]] == ["right", "wrong"]
    assert data["parts"][1]["found"][0] == "db has shape (3, 2) and should have (2,)"
    assert data["parts"][1]["diagnoses"][0]["code"] == "unsummed-bias"
    assert data["hints"] == [registry.get("dense").parts[1].hints[0]]


# How a file is recognised


def test_a_constant_or_a_name_makes_an_exercise(write):
    text = solution("dense")
    without = text.replace('EXERCISE = "dense"\n', "")
    assert registry.recognise(write(text)) == "dense"
    assert registry.recognise(write(without, "02_dense.py")) == "dense"
    assert registry.recognise(write(without)) is None
    assert registry.recognise(write(text, "03_cross_entropy.py")) == "dense"  # the constant is what counts
    assert registry.recognise(write('"""\nEXERCISE = "dense"\n"""\n' + without)) is None
    assert registry.recognise(write('def f():\n    EXERCISE = "dense"\n' + without)) is None


def test_other_files_are_checked_as_ever(write, capsys):
    text = solution("activations").replace('"activations"', '"my own"')
    path = write(text)
    assert registry.recognise(path) is None
    assert run(path) == 0
    assert capsys.readouterr().out == f"{check_file(path)}\n"
    with pytest.raises(ValueError, match="is no exercise"):
        run(path, hint=1)
    assert cli.main(["check", str(path), "--hint"]) == 2


# Whatever the learner's code does


def test_an_error_is_told_with_its_line(write, capsys):
    path = write(solution("dense").replace("dy @ self.W.T", "dy @ self.x.T"))
    assert run(path) == 1
    out = capsys.readouterr().out
    line = path.read_text(encoding="utf-8").splitlines().index("        return dy @ self.x.T") + 1
    assert "dx has shape (3, 3) and should have (3, 2)" in out  # W is square in the first trial
    assert "for other inputs it raised ValueError: matmul" in out
    assert f"in line {line}: return dy @ self.x.T" in out
    assert "Traceback" not in out


def test_an_error_inside_a_library_is_told_with_the_line_that_called_it(write, capsys):
    path = write(solution("entropy").replace("return -(p", "np.linalg.inv(p)\n    return -(p"))
    assert run(path) == 1
    assert "in line 9: np.linalg.inv(p)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (
            "return -(p * np.log(np.where(p > 0, p, 1))).sum(axis=1)",
            "pass",
            "H is None: is a return missing?",
        ),
        (".sum(axis=1)", ".sum()", "H has no axes, it is one number, and should have (2,)"),
        (".sum(axis=1)", ".sum(axis=1, keepdims=True)", "H has shape (2, 1) and should have (2,)"),
        ("return -(p", "return 'three' or (p", "H is no array of numbers but a str"),
        ("return -(p", "return 1j * (p", "H is no array of numbers but an array of complex128"),
        ("return -(p", "exit()\n    return (p", "it raised SystemExit"),
        ("def entropy(p):", "def entropy():", "it raised TypeError: entropy() takes 0 positional arguments"),
        ("def entropy(", "def entropie(", "there is no entropy in this file"),
    ],
)
def test_whatever_comes_back_is_explained(write, capsys, old, new, said):
    assert run(write(solution("entropy").replace(old, new))) == 1
    out = capsys.readouterr().out
    assert said in " ".join(out.split())
    assert "Traceback" not in out


def test_a_mistake_that_nobody_knows_is_said_to_be_one(write, capsys):
    assert run(write(solution("adam").replace("+ self.epsilon)", "+ 2 * self.epsilon)"))) == 1
    out = capsys.readouterr().out
    assert "theta after step 1 at [0] is" in out
    assert "no mistake that is known fits" in out


def test_a_gradient_that_was_not_stored_is_missed(write, capsys):
    assert run(write(solution("dense").replace("self.db = ", "db = "))) == 1
    assert "db is missing: it was not stored as self.db" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["EXERCISE = 'dense'\n1 / 0\n", "def f(:\n"])
def test_a_file_that_cannot_be_run_says_why(write, capsys, text):
    assert run(write(text, "02_dense.py"), hint=1) == 2
    out = capsys.readouterr().out
    assert re.search(r"line \d: ", out)
    assert "Traceback" not in out


def test_a_part_that_uses_another_one_waits_for_it(write, capsys):
    assert run(write(solution("dense").replace("x @ self.W + self.b", "x @ self.W"))) == 1
    assert "it is judged when Dense.forward is right" in capsys.readouterr().out


def test_a_loop_without_end_is_ended(write, capsys):
    assert run(write(solution("ask-tell").replace("while spent < budget", "while spent <= budget"))) == 1
    assert "the loop still goes on; n was 0 in the last one" in " ".join(capsys.readouterr().out.split())


def test_ctrl_c_is_clean(write, capsys):
    path = write(
        solution("entropy").replace("return -(p", "raise KeyboardInterrupt\n    return -(p"), "10_entropy.py"
    )
    assert run(path) == 2
    assert "interrupted" in capsys.readouterr().out
    assert cli.main(["exercises", str(path.parent)]) == 130


# The list, and copies of the skeletons


def test_the_list_says_how_far_one_is(tmp_path, capsys):
    assert cli.main(["exercises", "--copy", str(tmp_path)]) == 0
    capsys.readouterr()
    put = {
        "dense": solution("dense"),
        "bald": solution("bald").replace("-scores", "scores"),
        "dropout": solution("dropout").replace(
            "return dy if", "raise NotImplementedError\n        return dy if"
        ),
    }
    for name, text in put.items():
        (tmp_path / registry.file_name(name)).write_text("print('hello')\n" + text, encoding="utf-8")
    (tmp_path / registry.file_name("entropy")).write_text("def f(:", encoding="utf-8")
    (tmp_path / registry.file_name("adam")).unlink()
    (tmp_path / "notes.py").write_text("1 / 0\n", encoding="utf-8")
    assert cli.main(["exercises", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    states = {line.split()[1]: " ".join(line.split()[2:4]) for line in out.splitlines()[:13]}
    assert list(states) == list(registry.NAMES)
    assert states["activations"] == "not begun"
    assert states["dense"].startswith("right")
    assert states["bald"].startswith("wrong")
    assert states["entropy"].startswith("wrong")
    assert states["dropout"].startswith("begun")
    assert states["adam"] == "no file"
    assert "1 of 13 exercises" in out
    assert f"tinynn check {tmp_path / '01_activations.py'}" in out
    assert "hello" not in out


def test_all_solutions_are_all_right(capsys):
    assert cli.main(["exercises", str(SOLUTIONS)]) == 0
    out = capsys.readouterr().out
    assert "13 of 13 exercises" in out
    assert "Next" not in out


def test_without_files_the_list_says_how_to_get_them(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["exercises"]) == 0
    assert f"tinynn exercises --copy {skeletons.FOLDER}" in capsys.readouterr().out
    assert cli.main(["exercises", "--copy"]) == 0
    assert cli.main(["exercises"]) == 0
    assert "no file" not in capsys.readouterr().out.split("skeletons written")[1]


def test_copies_are_the_skeletons_and_nothing_is_written_over(tmp_path, capsys):
    mine = tmp_path / "new" / "02_dense.py"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    assert cli.main(["exercises", "--copy", str(mine.parent)]) == 0
    out = capsys.readouterr().out
    assert f"kept, as it was there already: {mine}" in out
    assert "12 skeletons written" in out
    assert mine.read_text(encoding="utf-8") == "mine"
    copied = {path.name: path.read_bytes() for path in mine.parent.iterdir() if path != mine}
    assert copied == {
        path.name: path.read_bytes()
        for path in skeletons.folder().glob("[0-9]*.py")
        if path.name != mine.name
    }
    assert len(copied) == 12


def test_missing_skeletons_are_said_to_be_missing(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(skeletons, "__file__", str(tmp_path / "a" / "b" / "skeletons.py"))
    assert cli.main(["exercises", "--copy", str(tmp_path / "new")]) == 2
    assert "skeletons of the exercises are missing" in capsys.readouterr().err
    assert not (tmp_path / "new").exists()
