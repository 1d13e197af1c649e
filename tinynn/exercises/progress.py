"""How far somebody has come: every exercise with what a folder holds of it, judged on the spot."""

import contextlib
import sys
from pathlib import Path

from tinynn.exercises import registry
from tinynn.exercises.report import ExerciseReport, judge_file


def judge_folder(folder: Path) -> dict[str, ExerciseReport | None]:
    """Judge all answers in a folder.

    Parameters
    ----------
    folder : Path
        Every Python file in it that is recognised as an exercise is run; what the files print goes to stderr.

    Returns
    -------
    dict
        For each exercise the report, the best one where several files answer it; None where no file does.
    """
    found: dict[str, ExerciseReport | None] = dict.fromkeys(registry.NAMES)
    for path in sorted(folder.glob("*.py")):
        name = registry.recognise(path)
        if name is None:
            continue
        with contextlib.redirect_stdout(sys.stderr):
            report = judge_file(path, name)
        best = found[name]
        if best is None or report.right > best.right:
            found[name] = report
    return found


def table(folder: Path) -> str:
    """Write the exercises and their states, a line each, and what to do next."""
    reports = judge_folder(folder)
    lines = []
    for i, (name, report) in enumerate(reports.items(), 1):
        state = report.state if report else "no file"
        parts = f"{report.right} of {len(report.verdicts)}" if report and report.verdicts else ""
        lines.append(f"{i:>2} {name:<17} {state:<10} {parts:<7} {registry.get(name).title}".rstrip())
    right = sum(report is not None and report.state == "right" for report in reports.values())
    lines += ["", f"{right} of {len(reports)} exercises in {folder} are right."]
    todo = next((report for report in reports.values() if report and report.state != "right"), None)
    if todo:
        lines.append(f"Next: open {todo.path}, write, and run\n  tinynn check {todo.path}")
    elif None in reports.values():
        lines.append(f"To get the skeletons:\n  tinynn exercises --copy {folder}")
    return "\n".join(lines)
