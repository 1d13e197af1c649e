"""From claimed and true gradients to a verdict for each array."""

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence
from tinynn.gradient_report import Verdict

if TYPE_CHECKING:
    from tinynn.examining.truth import Truth

TOLERANCE = 1e-6
FLOOR = 1e-4  # an array's error counts against this share of the largest gradient, if its own is smaller


def judge(evidence: Evidence, truth: "Truth", problems: dict[str, Diagnosis]) -> list[Verdict]:
    """Return one verdict for each array."""
    largest = max((float(np.nanmax(np.abs(e), initial=0)) for e in evidence.expected.values()), default=0.0)
    return [judge_one(name, evidence, truth, largest, problems.get(name)) for name in evidence.values]


def judge_one(
    name: str, evidence: Evidence, truth: "Truth", largest: float, problem: Diagnosis | None
) -> Verdict:
    """Compare one array's gradients, entry by entry or along directions.

    A direction that disagrees is a proof: the numbers that are looked at afterwards show where, never whether.
    A claim of nothing but zeros is wrong as soon as the true gradient stands above rounding, however small it is
    beside those of other arrays.
    """
    shape = evidence.values[name].shape
    claimed = evidence.stacked(name)
    if claimed is None:
        return Verdict(name, shape, float("nan"), "wrong", problem=problem.code if problem else "")
    floor = max(FLOOR * largest, truth.noise[name] / TOLERANCE)
    if name in truth.along:
        directions, derivatives = truth.along[name]
        projected = claimed.reshape(len(claimed), -1) @ directions.T
        size = max(
            float(np.sqrt((claimed**2).reshape(len(claimed), -1).sum(1).max())),
            np.abs(derivatives).max(initial=0),
        )
        if not len(directions):
            return Verdict(name, shape, float("nan"), "not checked", 0, truth.skipped[name])
        floor = lowered(floor, claimed, derivatives, truth.doubt[name])
        error = float(np.abs(projected - derivatives).max(initial=0)) / (max(size, floor) or 1.0)
        if error <= TOLERANCE:
            verdict = "wrong" if problem else "right"
            return Verdict(name, shape, error, verdict, len(directions), truth.skipped[name])
        truth.trace(evidence, name)
        shown = compare(name, shape, claimed, evidence.expected[name], floor, truth.skipped[name], problem)
        if shown.verdict == "wrong" and shown.error > TOLERANCE:
            return shown
        unseen = "it is wrong along random directions; no single number stands out"
        return replace(shown, error=error, verdict="wrong", worst=None, problem=shown.problem or unseen)
    floor = lowered(floor, claimed, evidence.expected[name], truth.doubt[name])
    return compare(name, shape, claimed, evidence.expected[name], floor, truth.skipped[name], problem)


def lowered(floor: float, claimed: np.ndarray, expected: np.ndarray, doubt: float) -> float:
    """Return the floor, or none for a claim of nothing but zeros where the true gradient is more than rounding."""
    some = float(np.nanmax(np.abs(expected), initial=0)) > doubt
    return 0.0 if some and not claimed.any() else floor


def compare(
    name: str,
    shape: tuple[int, ...],
    claimed: np.ndarray,
    expected: np.ndarray,
    floor: float,
    skipped: int,
    problem: Diagnosis | None,
) -> Verdict:
    """Compare entry by entry where the truth is known."""
    known = np.isfinite(expected)
    checked = int(known[0].sum())
    if not checked:
        empty = "" if claimed.size else "an empty array"
        return Verdict(
            name, shape, float("nan"), "wrong" if problem else "not checked", 0, skipped, problem=empty
        )
    difference = np.where(known, np.abs(claimed - np.where(known, expected, 0)), 0)
    size = max(np.abs(claimed[known]).max(), np.abs(expected[known]).max(), floor)
    error = float(difference.max() / size) if size else 0.0
    place = np.unravel_index(int(difference.argmax()), difference.shape)
    verdict = "wrong" if error > TOLERANCE or problem else "right"
    return Verdict(
        name,
        shape,
        error,
        verdict,
        checked,
        skipped,
        tuple(map(int, place[1:])),
        float(claimed[place]),
        float(expected[place]),
    )
