"""Which mistake is it? A wrong gradient is compared with the fingerprints of classic ones."""

import numpy as np

from tinynn.examining import blame, single_precision
from tinynn.examining.evidence import Diagnosis, Evidence
from tinynn.fingerprints import FINGERPRINTS, SUBTLE
from tinynn.fingerprints.order import right_above_wrong_below
from tinynn.gradient_report import Verdict

FIRST = ("overwritten-activation", "updated-before-propagated")
SMALL = 1e-4  # an error below this may be explained by what changes a gradient only little


def diagnose(
    e: Evidence, verdicts: list[Verdict], problems: list[Diagnosis], remembered: list[Diagnosis], mode: str
) -> list[Diagnosis]:
    """Explain the wrong gradients, the most telling diagnosis first.

    Parameters
    ----------
    e : Evidence
    verdicts : list of Verdict
    problems : list of Diagnosis
        What is wrong with the form of a gradient: its shape, dtype, NaN.
    remembered : list of Diagnosis
        What is wrong with the code's memory.
    mode : str
        How parts of a network are to be checked.
    """
    found = blame.parts(e, mode)
    if found:
        order = right_above_wrong_below(e, e.wrong)
        return found + ([order] if order else [])
    if rounded := single_precision.probe(e):
        return [rounded]
    found = [d for d in remembered if d.code in FIRST] + [d for d in problems if d.code == "wrong-dtype"]
    small = {v.name for v in verdicts if v.error < SMALL}
    for fingerprint in FINGERPRINTS:
        while True:
            explained = {name for d in found for name in d.variables}
            names = [
                name
                for name in e.wrong
                if name not in explained and (name not in small or fingerprint in SUBTLE)
            ]
            diagnosis = fingerprint(e, names) if names else None
            if diagnosis is None:
                break
            found.append(diagnosis)
    found += [d for d in problems if d.variables[0] not in {name for d in found for name in d.variables}]
    found += [d for d in remembered if d not in found and not (found and d.code == "not-linear")]
    explained = {name for d in found for name in d.variables}
    unknown = [name for name in e.wrong if name not in explained]
    little = [name for name in unknown if name in small]
    if little:
        found.append(imprecise(little, max(v.error for v in verdicts if v.name in little)))
    unknown = [name for name in unknown if name not in small]
    return [*found, unexplained(e, unknown)] if unknown else found


def imprecise(names: list[str], error: float) -> Diagnosis:
    """Describe a gradient that is nearly right."""
    return Diagnosis(
        "imprecise",
        f"the gradient of {', '.join(names)} is nearly right",
        f"relative error {error:.1e}: too little for a wrong formula, too much for float64",
        "float32 on the way, an ε added to avoid a division by zero, an approximation, a clipped logarithm",
        tuple(names),
    )


def unexplained(e: Evidence, names: list[str]) -> Diagnosis:
    """Say that nothing fits, and how the errors are spread."""
    lines = []
    for name in names:
        claimed, expected = e.stacked(name), e.expected[name]
        if claimed is None:
            continue
        known = np.isfinite(expected)
        c, t = claimed[known], expected[known]
        off = np.abs(c - t) > 1e-6 * max(np.abs(c).max(), np.abs(t).max())
        cosine = float(c @ t / (np.linalg.norm(c) * np.linalg.norm(t) or 1))
        lines.append(
            f"{name}: {int(off.sum())} of {off.size} numbers differ, cosine with the true gradient {cosine:.3f}"
        )
    return Diagnosis(
        "unknown",
        f"no mistake that the checker knows explains the gradient of {', '.join(names)}",
        "; ".join(lines),
        "the picture of the errors: a row, a column, a block or single numbers?",
        tuple(names),
    )
