"""The report on an answer to an exercise: what is right, the first wrong number, the mistake, and hints on request."""

import textwrap
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tinynn.check_file import load
from tinynn.examining.calling import UnusableError
from tinynn.exercises import registry
from tinynn.exercises.judging import Verdict, judge

WIDTH = 79
HINTS = 3


@dataclass
class ExerciseReport:
    """What was found in an answer.

    Attributes
    ----------
    path : str
    name : str
        Of the exercise.
    problem : str
        Why nothing could be judged, if so.
    verdicts : list of Verdict
        One for each part.
    hint : int
        How many hints are wanted on the first part that is not right.
    """

    path: str
    name: str
    problem: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    hint: int = 0

    @property
    def right(self) -> int:
        """How many parts are right."""
        return sum(v.state == "right" for v in self.verdicts)

    @property
    def state(self) -> str:
        """The whole in a word: "not begun", "begun", "wrong" or "right"."""
        states = {v.state for v in self.verdicts}
        if self.problem or "wrong" in states:
            return "wrong"
        if len(states) == 1:
            return states.pop()
        return "begun"

    @property
    def exit_code(self) -> int:
        """0 if all is right, 1 if something is not, 2 if the file could not be run."""
        return 2 if self.problem else int(self.state != "right")

    @property
    def hints(self) -> list[str]:
        """The hints that were asked for."""
        return list(self._next.part.hints[: self.hint]) if self._next else []

    @property
    def _next(self) -> Verdict | None:
        """The first part that is not right, those that wait for it aside."""
        return next((v for v in self.verdicts if v.state != "right"), None)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "path": self.path,
            "exercise": self.name,
            "ok": self.exit_code == 0,
            "problem": self.problem or None,
            "state": self.state,
            "parts": [
                {
                    "name": v.part.name,
                    "state": v.state,
                    "line": v.line,
                    "found": v.found,
                    "diagnoses": [d.to_dict() for d in v.diagnoses],
                }
                for v in self.verdicts
            ],
            "hints": self.hints,
        }

    def __str__(self) -> str:
        if self.problem:
            return f"{self.path}: {self.problem}"
        exercise = registry.get(self.name)
        head = f"Exercise {registry.NAMES.index(self.name) + 1}. {exercise.title}"
        lines = [head, "─" * min(WIDTH, len(head))]
        wide = max(len(v.part.name) for v in self.verdicts)
        for v in self.verdicts:
            lines += _about(v, wide)
        lines += ["", *self._hints_as_text(), self._last(exercise.compare)]
        return "\n".join(lines)

    def _hints_as_text(self) -> list[str]:
        lines = []
        for k, hint in enumerate(self.hints, 1):
            lines += _wrapped(hint, f"hint {k} of {HINTS} on {self._next.part.name}: " if self._next else "")
        return [*lines, ""] if lines else []

    def _last(self, compare: str) -> str:
        count = f"{self.right} of {len(self.verdicts)} parts are right"
        if self.state == "right":
            return f"{self.path}: {count}. Now compare with {compare}."
        if self.hint >= HINTS:
            return f"{self.path}: {count}"
        more = f" {self.hint + 1}" if self.hint else ""
        return f"{self.path}: {count}. A hint: tinynn check {self.path} --hint{more}"


def judge_file(path: str | Path, name: str, hint: int = 0) -> ExerciseReport:
    """Run a learner's file and judge it as an answer to an exercise.

    Parameters
    ----------
    path : str
        A Python file. It is imported, so what it does at import is done.
    name : str
        Of the exercise, one of `registry.NAMES`.
    hint : int, optional
        How many hints to give on the first part that is not right, up to 3.
    """
    report = ExerciseReport(str(path), name, hint=hint)
    try:
        module = load(Path(path))
    except UnusableError as error:
        report.problem = str(error)
        return report
    report.verdicts = judge(registry.get(name), module)
    return report


def _about(v: Verdict, wide: int) -> list[str]:
    start = f"{v.state:<9}  {v.part.name:{wide}}  "
    lines = textwrap.wrap(start + v.part.formula, WIDTH, subsequent_indent=" " * len(start))
    if v.state == "not begun":
        where = f"in line {v.line}" if v.line else "in the file"
        return [*lines, f"  write it {where}; the docstring there says what it gets and what to return"]
    for text in v.found:
        lines += textwrap.wrap(text, WIDTH, initial_indent="  ", subsequent_indent="    ")
    for d in v.diagnoses:
        lines += _wrapped(f"{d.code}: {d.sentence}", "  → ")
        lines += _wrapped(d.evidence, "    evidence: ") + _wrapped(d.look, "    look at:  ")
    if v.compared and v.state == "wrong" and not v.diagnoses:
        lines.append("  → no mistake that is known fits")
    return lines


def _wrapped(text: str, first: str) -> list[str]:
    indent = " " * (len(first) if len(first) < 20 else 4)
    return textwrap.wrap(text, WIDTH, initial_indent=first, subsequent_indent=indent) if text else []
