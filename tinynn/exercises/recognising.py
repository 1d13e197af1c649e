"""Recognise wrong answers: a mistake is named where it gives exactly the numbers that came, in every trial."""

import copy

import numpy as np

from tinynn.examining.evidence import Diagnosis
from tinynn.exercises.asking import RaisedError
from tinynn.exercises.comparing import same
from tinynn.exercises.exercise import Mistake, Outputs, Part, Trial

Answers = list[Outputs | RaisedError]


def known_mistakes(
    part: Part, wrong: list[str], trials: list[Trial], answers: Answers
) -> tuple[list[Diagnosis], set[str]]:
    """Return the mistakes that explain wrong outputs, and the names of the outputs that they explain."""
    found: list[Diagnosis] = []
    explained: set[str] = set()
    for mistake in part.mistakes if wrong else ():
        wrongs = [made(mistake, trial, wrong[0]) for trial in trials]
        outputs = {name for given in wrongs if given is not None for name in given}
        if not outputs & set(wrong) or outputs & explained:
            continue
        if all(_fits(given, answer) for given, answer in zip(wrongs, answers, strict=True)):
            total = sum(np.size(value) for given in wrongs if given is not None for value in given.values())
            evidence = (
                f"all {total} numbers that came in {len(trials)} trials are those that this mistake gives"
            )
            found.append(Diagnosis(mistake.code, mistake.sentence, evidence, mistake.look, tuple(outputs)))
            explained |= outputs
    return found, explained


def made(mistake: Mistake, trial: Trial, output: str) -> Outputs | None:
    """Return what a mistake gives, or None where it raises, as with shapes that do not fit.

    `output` is the name of what it gives, for a part with only one output.
    """
    try:
        with np.errstate(all="ignore"):
            given = mistake.gives(*copy.deepcopy(trial).values())
    except (ValueError, IndexError, ZeroDivisionError):
        return None
    return given if isinstance(given, dict) else {mistake.of or output: given}


def _fits(wrong: Outputs | None, answer: Outputs | RaisedError) -> bool:
    if wrong is None or isinstance(answer, RaisedError):
        return wrong is None and isinstance(answer, RaisedError)
    return all(same(answer[name], value) for name, value in wrong.items())
