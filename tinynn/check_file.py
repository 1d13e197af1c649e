"""Check a learner's file: import it, find the layers and losses that it defines, check each, print the reports."""

import contextlib
import os
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from json import dumps
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from tinynn.examining import trial_objects
from tinynn.examining.calling import UnusableError, described
from tinynn.examining.specimen import is_machine
from tinynn.exercises.registry import recognise
from tinynn.gradcheck import check_gradients
from tinynn.gradient_report import GradientReport
from tinynn.loss_audit import LossAudit, audit_loss

if TYPE_CHECKING:
    from tinynn.exercises.report import ExerciseReport

HINT = (
    "The checker looks for classes with forward and backward: layers, forward(x) and backward(dy), and losses, "
    "forward(outputs, targets) and backward()."
)


@dataclass
class FileReport:
    """What was found in a file.

    Attributes
    ----------
    path : str
    problem : str
        Why nothing could be checked, if so.
    reports : list of GradientReport
    audits : list of LossAudit
    unchecked : dict of str
        Classes that could not be tried, and why.
    skipped : dict of str
        Classes that are not to be tried by themselves, base classes and containers, and why.
    """

    path: str
    problem: str = ""
    reports: list[GradientReport] = field(default_factory=list)
    audits: list[LossAudit] = field(default_factory=list)
    unchecked: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if all is right, 1 if something is wrong or could not be tried, 2 if there was nothing to try."""
        if self.problem or not (self.reports or self.unchecked):
            return 2
        right = all(report.ok for report in self.reports) and all(audit.ok for audit in self.audits)
        return 0 if right and not self.unchecked else 1

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain data."""
        return {
            "path": self.path,
            "ok": self.exit_code == 0,
            "problem": self.problem or None,
            "reports": [report.to_dict() for report in self.reports],
            "audits": [audit.to_dict() for audit in self.audits],
            "unchecked": self.unchecked,
            "skipped": self.skipped,
        }

    def __str__(self) -> str:
        if self.problem:
            return f"{self.path}: {self.problem}"
        blocks = [str(report) for report in self.reports] + [str(audit) for audit in self.audits]
        blocks += [f"{name}: not checked\n{why}" for name, why in self.unchecked.items()]
        blocks += [f"{name}: skipped, {why}" for name, why in self.skipped.items()]
        right = sum(r.ok for r in self.reports) + sum(a.ok for a in self.audits)
        count = len(self.reports) + len(self.audits) + len(self.unchecked)
        return "\n\n".join([*blocks, f"{self.path}: {right} of {count} checks passed"])


def run(path: str | Path, json: bool = False, hint: int = 0) -> int:
    """Check a file, print what was found, and return the exit code.

    Parameters
    ----------
    path : str
        A Python file. It is imported, so what it does at import is done. One that is an answer to an exercise is
        judged as such; see `tinynn.exercises`.
    json : bool, optional
        Print JSON, for tools.
    hint : int, optional
        How many hints to give, for an exercise.

    Returns
    -------
    int
        0: every gradient is right. 1: something is wrong, or could not be tried. 2: there was nothing to try.

    Raises
    ------
    ValueError
        If hints are asked for, and the file is no exercise.
    """
    exercise = recognise(Path(path))
    if hint and exercise is None and Path(path).is_file():
        raise ValueError(
            f"{path} is no exercise, and hints are for exercises: copies of the skeletons that `tinynn exercises` lists"
        )
    report: FileReport | ExerciseReport
    with _output_aside() if json else contextlib.nullcontext():
        try:  # what the file itself prints is no JSON
            report = _judge(path, exercise, hint) if exercise else check_file(path)
        except KeyboardInterrupt:
            report = FileReport(str(path), "interrupted")
    text = dumps(report.to_dict(), indent=2, ensure_ascii=False) if json else str(report)
    print(text.encode("utf-8", "backslashreplace").decode())  # half a surrogate pair cannot be printed
    return report.exit_code


def _judge(path: str | Path, exercise: str, hint: int) -> "ExerciseReport":
    from tinynn.exercises.report import judge_file  # which loads files as this module does

    return judge_file(path, exercise, hint)


@contextlib.contextmanager
def _output_aside() -> Iterator[None]:
    """Send to stderr what is printed, also by programs that the file starts and by writes past `print`."""
    for stream in (sys.stdout, sys.__stdout__):
        if stream is not None:
            stream.flush()
    try:
        kept = os.dup(1)
        os.dup2(2, 1)
    except OSError:  # there is no such descriptor
        kept = -1
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if kept >= 0:
            if sys.__stdout__ is not None and not sys.__stdout__.closed:
                sys.__stdout__.flush()
            os.dup2(kept, 1)
            os.close(kept)


def check_file(path: str | Path) -> FileReport:
    """Check all layers and losses that a file defines.

    An object to check is, for each class with ``forward`` and ``backward`` whose name has no leading underscore: what
    its static method ``example()`` returns, an object or a tuple of an object and its inputs (x, or outputs and
    targets); else instances at the top level of the file; else one made without arguments, or with a small number for
    each argument that has no default. Inputs are tried in several shapes until one is accepted.

    Examples
    --------
    >>> check_file("nowhere.py").problem
    'there is no such file'
    """
    report = FileReport(str(path))
    try:
        module = load(Path(path))
    except UnusableError as error:
        report.problem = str(error)
        return report
    classes = [
        thing
        for name, thing in vars(module).items()
        if isinstance(thing, type)
        and thing.__module__ == module.__name__
        and is_machine(thing)
        and not name.startswith("_")
    ]
    if not classes:
        report.problem = f"there is no layer and no loss in this file. {HINT}"
        return report
    for kind in dict.fromkeys(classes):
        parent = any(
            other is not kind and issubclass(other, kind)
            for other in vars(module).values()
            if isinstance(other, type)
        )
        if why := trial_objects.unfinished(kind, parent):
            report.skipped[kind.__name__] = why
            continue
        for thing, inputs in trial_objects.candidates(kind, module):
            if isinstance(inputs, str) and parent and not trial_objects.has_example(kind, module):
                report.skipped[kind.__name__] = f"a base class that cannot be tried by itself: {inputs}"
            elif isinstance(inputs, str) and thing is None and trial_objects.holds_layers(kind):
                report.skipped[kind.__name__] = (
                    "it is made of other layers; to check it too, put an object of it at the top level of the file"
                )
            else:
                _check_one(report, kind.__name__, thing, inputs)
    if not report.reports and not report.unchecked:
        report.problem = "\n".join(f"{name} was not checked: {why}" for name, why in report.skipped.items())
    return report


def _check_one(report: FileReport, name: str, thing: Any, inputs: tuple[Any, ...] | str) -> None:
    if isinstance(inputs, str):
        report.unchecked[name] = inputs
        return
    try:
        found = check_gradients(thing, *inputs)
        audits = [audit_loss(thing)] if len(inputs) == 2 else []
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        report.unchecked[name] = f"the checker could not take it: {described(error)}"
        return
    report.reports.append(found)
    report.audits += audits


def load(path: Path) -> ModuleType:
    """Import a file under a name of its own; raise an `UnusableError` that says what is wrong with it."""
    if not path.is_file():
        raise UnusableError("no-file", "it is a directory" if path.is_dir() else "there is no such file")
    module = ModuleType("checked_" + "".join(c if c.isalnum() else "_" for c in path.stem))
    module.__file__ = str(path)
    try:
        code = compile(path.read_bytes(), str(path), "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f"line {error.lineno}: " if isinstance(error, SyntaxError) and error.lineno else ""
        text = (getattr(error, "text", None) or "").strip()
        message = error.msg if isinstance(error, SyntaxError) else str(error)
        raise UnusableError("syntax-error", f"{line}{message}" + (f"\n    {text}" if text else "")) from None
    sys.modules[module.__name__] = module  # dataclasses and copy look their classes up there
    folder = str(path.resolve().parent)
    sys.path.insert(0, folder)
    try:
        exec(code, module.__dict__)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)]
        where = f"line {lines[-1]}: " if lines else ""
        raise UnusableError("import-error", f"{where}{described(error)}") from None
    finally:
        with contextlib.suppress(ValueError):
            sys.path.remove(folder)
    return module
