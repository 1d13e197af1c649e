"""Judge an answer: try each part on numbers, compare, and where it is wrong find out which known mistake it is."""

import copy
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from tinynn.examining.evidence import Diagnosis
from tinynn.exercises.asking import RaisedError, ask
from tinynn.exercises.comparing import described, difference, same
from tinynn.exercises.exercise import Exercise, Outputs, Part, Trial
from tinynn.exercises.recognising import Answers, known_mistakes

CHANGED = Diagnosis(
    "changes-its-input",
    "what it returns is right, but it writes into an array that it was given",
    "it holds other numbers after the call than before",
    "x -= ..., x[...] = ... and x.sort() change the caller's array; x = x - ... makes a new one",
)


@dataclass
class Verdict:
    """What was found about one part.

    Attributes
    ----------
    part : Part
    state : {"right", "wrong", "not begun", "waiting"}
        Waiting is for another part, which has to be right first.
    line : int or None
        Where in the file, if that is known.
    found : list of str
        How the outputs differ from the right ones, or what was raised.
    diagnoses : list of Diagnosis
        The mistakes that explain it.
    compared : bool
        Whether there were outputs in all trials, so that a mistake was looked for.
    """

    part: Part
    state: str
    line: int | None = None
    found: list[str] = field(default_factory=list)
    diagnoses: list[Diagnosis] = field(default_factory=list)
    compared: bool = False


def judge(exercise: Exercise, module: ModuleType) -> list[Verdict]:
    """Judge all parts of an exercise in a learner's module."""
    verdicts: dict[str, Verdict] = {}
    for part in exercise.parts:
        first = verdicts.get(part.after)
        verdicts[part.name] = _judge(part, module, first is None or first.state == "right")
    return list(verdicts.values())


def _judge(part: Part, module: ModuleType, ready: bool) -> Verdict:
    owner, _, method = part.name.partition(".")
    thing = getattr(module, owner, None)
    target = getattr(thing, method, None) if method else thing
    if not callable(target):
        return Verdict(part, "wrong", found=[f"there is no {part.name} in this file"])
    code = getattr(target, "__code__", None)
    line = getattr(code, "co_firstlineno", None)
    left_open = "NotImplementedError" in getattr(code, "co_names", ())
    if not ready:
        if left_open:
            return Verdict(part, "not begun", line)
        return Verdict(part, "waiting", line, [f"it is judged when {part.after} is right"])
    trials = part.trials(np.random.default_rng(0))
    given = copy.deepcopy(trials)
    answers = [ask(part.ask, thing, trial, str(module.__file__)) for trial in given]
    if left_open and any(isinstance(answer, RaisedError) and answer.unwritten for answer in answers):
        return Verdict(part, "not begun", line)
    verdict, wrong = _compared(part, trials, answers, line)
    verdict.diagnoses, known = known_mistakes(part, wrong, trials, answers)
    verdict.compared = not any(isinstance(answer, RaisedError) for answer in answers)
    if verdict.compared and (not wrong or set(wrong) - known):
        _check_gradients(verdict, thing)
    changed = _changed(trials, given)
    if verdict.state == "right" and changed:
        return Verdict(part, "wrong", line, [f"{', '.join(changed)}: changed by the call"], [CHANGED])
    return verdict


def _compared(
    part: Part, trials: list[Trial], answers: Answers, line: int | None
) -> tuple[Verdict, list[str]]:
    """Return a verdict on the first trial that is wrong, and the outputs that are wrong in any."""
    wrong: list[str] = []
    verdict = Verdict(part, "right", line)
    for trial, answer in zip(trials, answers, strict=True):
        right = part.right(*copy.deepcopy(trial).values())
        texts = _differences(answer, right)
        wrong += [name for name in texts if name not in wrong]
        if not texts or verdict.state == "wrong":
            continue
        verdict.state = "wrong"
        inputs = f"for {described(trial)}"
        if isinstance(answer, RaisedError):
            verdict.line = answer.line or line
            verdict.found = [*_raised(answer, "it"), inputs]
        else:
            later = [a for a in answers if isinstance(a, RaisedError)]
            verdict.found = [
                *texts.values(),
                inputs,
                *(_raised(later[0], "for other inputs it") if later else []),
            ]
    return verdict, wrong


def _raised(error: RaisedError, subject: str) -> list[str]:
    place = [f"in line {error.line}: {error.source}"] if error.line else []
    return [f"{subject} raised {error}", *place]


def _differences(answer: Outputs | RaisedError, right: Outputs) -> dict[str, str]:
    if isinstance(answer, RaisedError):
        return dict.fromkeys(right, f"{answer}")
    texts = {name: difference(name, answer[name], value) for name, value in right.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _check_gradients(verdict: Verdict, thing: Any) -> None:
    """Add what the gradient checker knows: mistakes of layers and losses, and what code remembers and should not."""
    if verdict.part.gradients is None:
        return
    report = verdict.part.gradients(thing)
    known = [d for d in report.diagnoses if d.code != "unknown"]
    if verdict.state == "right" and not report.ok:
        verdict.state = "wrong"
        verdict.found = ["the numbers are right; the gradient check found something else"]
        known = report.diagnoses
    verdict.diagnoses = [*verdict.diagnoses, *known]


def _changed(before: list[Trial], after: list[Trial]) -> list[str]:
    """Name the arrays that the learner's code was given and has changed."""
    return sorted(
        {
            name
            for old, new in zip(before, after, strict=True)
            for name, value in old.items()
            if isinstance(value, np.ndarray) and not same(new[name], value)
        }
    )
