"""The examination of one subject: claims, true derivatives, verdicts, and where something is wrong, a diagnosis."""

from dataclasses import replace
from typing import Any

import numpy as np

from tinynn import diagnosis
from tinynn.examining import single_precision, ties
from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence, claim
from tinynn.examining.memory import probe_memory
from tinynn.examining.sessions import Session
from tinynn.examining.subjects import Subject
from tinynn.examining.truth import Truth
from tinynn.examining.verdicts import TOLERANCE, judge
from tinynn.gradient_report import GradientReport, heat_map

__all__ = ["TOLERANCE", "examine"]


def examine(subject: Subject, rng: np.random.Generator, mode: str) -> GradientReport:
    """Check one subject; raise an `UnusableError` where it gives nothing to compare."""
    subject = movable(subject)
    y = first_output(subject)
    dys = cotangents(subject, y, rng)
    values = {name: array.copy() for name, array in subject.open(np.float64).arrays.items()}
    evidence = Evidence(subject, values, y, dys)
    raw = [claim(subject.open, dy, {}) for dy in dys]
    truth = Truth(subject, y, dys, rng, mode)
    report = GradientReport(subject.title, TOLERANCE)
    problems: list[Diagnosis] = []
    for name in values:
        arrays = [readable(name, claimed[name], values[name].shape) for claimed in raw]
        evidence.claimed[name] = [array for array, _ in arrays]
        problems += [problem for _, problem in arrays[:1] if problem]
    truth.find(evidence)
    report.variables = judge(evidence, truth, {d.variables[0]: d for d in problems})
    evidence.wrong = [v.name for v in report.variables if v.verdict == "wrong"]
    evidence.right = [v.name for v in report.variables if v.verdict == "right"]
    remembered = probe_memory(evidence)
    report.method, report.notes = truth.method(), subject.notes + truth.notes()
    tied = ties.probe(evidence, rng) if "x" in evidence.right else None
    if evidence.wrong:
        truth.fill_in(evidence)
        report.diagnoses = diagnosis.diagnose(evidence, report.variables, problems, remembered, mode)
    else:
        report.diagnoses = remembered
    if tied:
        report.diagnoses.append(tied)
    if not any(v.verdict != "not checked" for v in report.variables):
        rounded = single_precision.probe(evidence)
        report.diagnoses.append(rounded or nothing_checked())
    draw_errors(report, evidence)
    return report


def movable(subject: Subject) -> Subject:
    """Keep numbers as arrays of no axes: what arithmetic makes of those cannot be moved in place."""

    def opened(dtype: Any) -> Session:
        session = subject.open(dtype)
        for name, value in session.arrays.items():
            session.arrays[name] = np.asarray(value)
        return session

    return replace(subject, open=opened)


def draw_errors(report: GradientReport, evidence: Evidence) -> None:
    """Add a picture of the errors of each gradient that no mistake explains."""
    names = {name for d in report.diagnoses if d.code in ("unknown", "not-linear") for name in d.variables}
    for name in evidence.wrong:
        claimed = evidence.stacked(name)
        if claimed is not None and name in names:
            report.heat_maps[name] = heat_map(claimed[0] - evidence.expected[name][0])


def nothing_checked() -> Diagnosis:
    """Say that no number could be compared."""
    return Diagnosis(
        "nothing-checked",
        "there was nothing to compare: no numbers, or the function bends or jumps at each of them",
        "",
        "the inputs (empty? all at kinks?), and forward: does it round, or compute in float32?",
    )


def first_output(subject: Subject) -> np.ndarray:
    """Go forward twice, and see that the same numbers come, in float64."""
    session = subject.open(np.float64)
    first = session.forward()
    if first is None:
        raise UnusableError(
            "no-output", "forward returned None; it must return its output", "the last line of forward"
        )
    y = np.array(first)
    if y.dtype.kind not in "fiub":
        raise UnusableError(
            "wrong-dtype", f"forward returned {y.dtype} values, not floating-point numbers", "forward"
        )
    if y.dtype.kind == "f" and y.dtype.itemsize < 8:
        raise UnusableError(
            "wrong-dtype",
            f"forward made {y.dtype} of float64 numbers, in which no gradient can be judged",
            "a conversion in forward, such as astype or dtype=; take the dtype of the input",
        )
    y = y.astype(np.float64)
    if not np.isfinite(y).all():
        raise UnusableError(
            "not-a-number",
            f"forward gave {np.count_nonzero(~np.isfinite(y))} values that are not finite",
            "forward",
        )
    if not subject.free and y.ndim:
        raise UnusableError(
            "wrong-shape",
            f"a loss must be one number, and forward gave an array of shape {y.shape}",
            "forward",
        )
    if rounds_inside(subject):
        raise UnusableError(
            "wrong-dtype",
            "forward computes in float32 inside: its float64 output has the digits of float32",
            "a conversion in forward, or arrays made with dtype=np.float32; take the dtype of the input",
        )
    if not np.array_equal(y, np.asarray(session.forward(), dtype=np.float64)):
        raise UnusableError(
            "not-repeatable",
            "forward gives another output for the same input",
            "randomness that the checker cannot put back: keep a numpy Generator as attribute, such as self.rng",
        )
    return y


def rounds_inside(subject: Subject) -> bool:
    """Whether an input with all digits of float64 gives an output with those of float32 only."""
    session = subject.open(np.float64)
    rng = np.random.default_rng(0)
    for array in session.arrays.values():
        array *= 1 + 1e-9 * rng.random(array.shape)
    y = np.asarray(session.forward(), dtype=np.float64)
    with np.errstate(all="ignore"):
        coarse = np.round(y * 4096) / 4096  # what forward rounds on purpose has few digits
        return bool(np.array_equal(y, y.astype(np.float32)) and (y != coarse).any())


def cotangents(subject: Subject, y: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Return gradients dy of the output, of both signs and never small; 1 for a loss."""
    if not subject.free:
        return [np.ones(())]
    return [np.asarray(rng.uniform(0.5, 1.5, y.shape) * rng.choice([-1.0, 1.0], y.shape)) for _ in range(2)]


def readable(name: str, raw: Any, shape: tuple[int, ...]) -> tuple[np.ndarray | None, Diagnosis | None]:
    """Return what was claimed as float64 numbers, and what is wrong with its form."""
    look = (
        f"what backward returns for {name}"
        if name in ("x", "outputs")
        else f"d{name.split('.')[-1]} in backward"
    )

    def problem(code: str, sentence: str, evidence: str = "") -> Diagnosis:
        return Diagnosis(code, sentence, evidence, look, (name,))

    if raw is None:
        return None, problem("no-gradient", f"there is no gradient for {name}: backward left None")
    try:
        array = np.asarray(raw)
    except ValueError:
        return None, problem("wrong-shape", f"the gradient of {name} is a ragged list, not an array")
    if array.dtype.kind not in "fiub":
        return None, problem(
            "wrong-dtype", f"the gradient of {name} holds {array.dtype} values, not real numbers"
        )
    values = array.astype(np.float64)
    if array.shape != shape:
        return values, problem(
            "wrong-shape",
            f"the gradient of {name} must have the shape of {name}",
            f"{name} has shape {shape}, its gradient {array.shape}",
        )
    if not np.isfinite(values).all():
        place = tuple(map(int, np.argwhere(~np.isfinite(values))[0]))
        count = np.count_nonzero(~np.isfinite(values))
        return None, problem(
            "not-a-number",
            f"the gradient of {name} holds values that are not finite",
            f"{count} of {values.size}, the first at {list(place)}: {values[place]}",
        )
    if array.dtype != np.float64 and array.ndim:
        lost = "digits are lost" if array.dtype.kind == "f" else "fractions are lost"
        return values, problem(
            "wrong-dtype",
            f"the gradient of {name} is {array.dtype} where float64 went in: {lost}",
            f"the first numbers: {', '.join(map(str, array.reshape(-1)[:3]))}",
        )
    return values, None
