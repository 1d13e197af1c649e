"""Skeletons fail and say what to do, solutions pass, and typical wrong answers are called by their names."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.exercises.wrong_answers import WRONG
from tinynn.exercises import registry, skeletons
from tinynn.exercises.exercise import Mistake, Part
from tinynn.exercises.recognising import known_mistakes, made
from tinynn.exercises.report import judge_file

SOLUTIONS = Path(__file__).parent / "solutions"
ANSWERS = [(name, *answer) for name, answers in WRONG.items() for answer in answers]
MISTAKES = [
    (name, part, mistake)
    for name in registry.NAMES
    for part in registry.get(name).parts
    for mistake in part.mistakes
]


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_skeleton_fails_and_says_where_to_write(name):
    path = skeletons.folder() / registry.file_name(name)
    report = judge_file(path, registry.recognise(path))
    assert (report.state, report.exit_code) == ("not begun", 1)
    lines = path.read_text(encoding="utf-8").splitlines()
    for verdict in report.verdicts:
        assert lines[verdict.line - 1].lstrip().startswith(f"def {verdict.part.name.split('.')[-1]}(")
        assert f"write it in line {verdict.line}" in str(report)
    assert f"tinynn check {path} --hint" in str(report)


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_skeleton_names_its_exercise_and_its_command(name):
    text = (skeletons.folder() / registry.file_name(name)).read_text(encoding="utf-8")
    assert f'\nEXERCISE = "{name}"\n' in text
    assert f"\n    tinynn check tutorials/exercises/{registry.file_name(name)}\n" in text
    assert "\nQuestion. " in text


@pytest.mark.parametrize("name", registry.NAMES)
def test_a_solution_passes(name):
    path = SOLUTIONS / registry.file_name(name)
    report = judge_file(path, registry.recognise(path))
    assert report.name == name
    assert (report.state, report.exit_code) == ("right", 0), str(report)
    assert registry.get(name).compare in str(report)


@pytest.mark.parametrize(
    ("name", "part", "code", "old", "new"),
    ANSWERS,
    ids=[f"{name}-{part}-{code}-{i}" for i, (name, part, code, *_) in enumerate(ANSWERS)],
)
def test_a_wrong_answer_is_called_by_its_name(tmp_path, name, part, code, old, new):
    solution = (SOLUTIONS / registry.file_name(name)).read_text(encoding="utf-8")
    assert old in solution
    path = tmp_path / "answer.py"
    path.write_text(solution.replace(old, new), encoding="utf-8")
    report = judge_file(path, name)
    assert (report.state, report.exit_code) == ("wrong", 1)
    verdict = {v.part.name: v for v in report.verdicts}[part]
    assert verdict.state == "wrong"
    assert [d.code for d in verdict.diagnoses] == [code]
    assert verdict.found
    assert f"→ {code}: " in str(report)


def test_every_exercise_has_three_wrong_answers_and_every_known_mistake_one():
    assert list(WRONG) == list(registry.NAMES)
    assert min(len({code for _, code, *_ in answers}) for answers in WRONG.values()) >= 3
    shown = {(name, part, code) for name, part, code, *_ in ANSWERS}
    assert {(name, part.name, mistake.code) for name, part, mistake in MISTAKES} <= shown


@pytest.mark.parametrize(
    ("part", "mistake"),
    [pytest.param(part, mistake, id=f"{name}-{mistake.code}") for name, part, mistake in MISTAKES],
)
def test_no_known_mistake_gives_what_is_right(part: Part, mistake: Mistake):
    """Else a right answer with another flaw would be called by its name."""
    trials = part.trials(np.random.default_rng(0))
    rights = [part.right(*trial.values()) for trial in trials]
    for output in rights[0]:
        found, _ = known_mistakes(part, [output], trials, rights)
        assert mistake.code not in [d.code for d in found]


def test_no_two_mistakes_of_a_part_give_the_same_numbers():
    """Else which of them is named would depend on their order."""
    for _, part, mistake in MISTAKES:
        trials = part.trials(np.random.default_rng(0))
        output = mistake.of or next(iter(part.right(*trials[0].values())))
        answers = [made(mistake, trial, output) for trial in trials]
        if any(answer is None for answer in answers):
            continue
        rights = [part.right(*trial.values()) for trial in trials]
        whole = [{**right, **answer} for right, answer in zip(rights, answers, strict=True)]
        found, _ = known_mistakes(part, list(answers[0]), trials, whole)
        assert [d.code for d in found] == [mistake.code]


@pytest.mark.parametrize("name", registry.NAMES)
def test_hints_are_three_different_sentences_for_each_part(name):
    hints = [hint for part in registry.get(name).parts for hint in part.hints]
    assert Counter(hints).most_common(1)[0][1] == 1
    assert all(len(hint) > 20 and hint.endswith((".", "?")) for hint in hints)
