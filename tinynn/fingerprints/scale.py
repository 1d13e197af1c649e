"""Gradients that are right but for a constant factor: a mean, a sign, a two, a scale."""

import inspect
from collections.abc import Iterator

import numpy as np

from tinynn.examining.evidence import Diagnosis, Evidence


def zero_gradient(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = 0 where it is not."""
    zeros = [
        name for name in names if (c := e.stacked(name)) is not None and not c.any() and e.has_gradient(name)
    ]
    if not zeros:
        return None
    largest = max(float(np.nanmax(np.abs(e.expected[name]))) for name in zeros)
    return Diagnosis(
        "zero-gradient",
        f"the gradient of {', '.join(zeros)} is zero everywhere, and should not be",
        f"claimed = 0; the true gradient is as large as {largest:.4g}",
        "backward: is the gradient computed, and written where it is read from?",
        tuple(zeros),
    )


def counts(e: Evidence) -> Iterator[tuple[float, str]]:
    """Yield the numbers over which a mean may have been taken, and what they count."""
    if e.subject.kind == "function":
        f = e.subject.functions[0]
        held: list[object] = list(e.values.values())
        if inspect.isfunction(f):
            scope = inspect.getclosurevars(f)
            held += [*scope.nonlocals.values(), *scope.globals.values()]
        for array in held:
            if isinstance(array, np.ndarray) and array.ndim:
                yield len(array), f"there are arrays of {len(array)} rows"
        for array in held:
            if isinstance(array, np.ndarray) and array.ndim > 1:
                yield array.size, f"there are arrays of {array.size} numbers"
        return
    n = e.subject.rows or 1
    yield n, f"the batch has {n} rows"
    outputs = e.values.get("outputs", e.y)
    if outputs.ndim > 1:
        yield outputs.size, f"there are {outputs.size} outputs, {outputs.size // n} in each of {n} rows"
        yield outputs.size // n, f"there are {outputs.size // n} outputs in each row"
        yield (
            outputs.size // outputs.shape[-1],
            f"there are {outputs.size // outputs.shape[-1]} places in the batch",
        )
    x = e.values.get("x")
    if x is not None and e.y.size and x.size > e.y.size:
        yield x.size / e.y.size, f"there are {x.size // e.y.size} inputs for every output"


def common_ratio(e: Evidence, names: list[str]) -> tuple[float, list[str]] | None:
    """Return the factor that most of some gradients have in common, and their names."""
    ratios = {name: r for name in names if (r := e.ratio(name)) is not None}
    groups = {
        name: [other for other, r in ratios.items() if abs(r - ratios[name]) < 1e-4 * abs(r)]
        for name in ratios
    }
    if not groups:
        return None
    best = max(groups, key=lambda name: len(groups[name]))
    return ratios[best], groups[best]


def dropout_scale_missing(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = expected / s, in a layer that multiplies by 0 or s."""
    slopes, r = e.slopes(), common_ratio(e, names)
    if slopes is None or r is None or e.input_name not in r[1]:
        return None
    known = slopes[np.isfinite(slopes)]
    s = float(np.abs(known).max(initial=0))
    two = np.all((np.abs(known) < 1e-7) | (np.abs(known - s) < 1e-7 * s))
    if not two or not (np.abs(known) < 1e-7).any() or s < 1 + 1e-6 or abs(r[0] * s - 1) > 1e-4:
        return None
    return Diagnosis(
        "dropout-scale-missing",
        "backward drops what forward drops, but without the scale 1/(1 − p)",
        f"forward multiplies by 0 or {s:.4g}, backward by 0 or 1: claimed = {r[0]:.4g} × true",
        "dx = dy * mask / (1 − p): the mask that forward multiplied by, scale included",
        tuple(r[1]),
    )


def mean(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = N · expected, or expected / N."""
    found = common_ratio(e, names)
    if found is None:
        return None
    r, scaled = found
    for count, what in counts(e):
        if count <= 1 or (abs(r - count) > 1e-4 * count and abs(r * count - 1) > 1e-4):
            continue
        right = [name for name in e.right if e.has_gradient(name)]
        n = f"{count:g}"
        evidence = f"claimed = {r:.4g} × true, and {what}"
        if right:
            evidence += f"; the gradient of {', '.join(right)} is right"
            division = "divided by" if r < 1 else "multiplied by"
            return Diagnosis(
                "partial-mean",
                f"the gradient of {', '.join(scaled)} is {division} {n}, those of others are not",
                evidence,
                "where 1/N is applied: once, in the loss, and then nowhere else",
                tuple(scaled),
            )
        if r > 1:
            return Diagnosis(
                "missing-mean",
                f"the function is a mean over {n}, and its gradient lacks the 1/{n}",
                evidence,
                "backward: divide by what forward divides by",
                tuple(scaled),
            )
        return Diagnosis(
            "extra-mean",
            f"the gradient is divided by {n} once more than the function",
            evidence,
            "backward: divide by what forward divides by, once",
            tuple(scaled),
        )
    return None


def scale(e: Evidence, names: list[str]) -> Diagnosis | None:
    """claimed = r · expected, with r = −1, ½, 2 or another number."""
    found = common_ratio(e, names)
    if found is None:
        return None
    r, scaled = found
    which, evidence = ", ".join(scaled), f"claimed = {r:.4f} × true, everywhere"
    if abs(r + 1) < 1e-4:
        look = "the order of a difference (prediction − target), or a lost minus"
        if e.subject.kind == "loss":
            look += "; or the arguments of forward: it is called with the outputs first, the targets second"
        return Diagnosis(
            "wrong-sign",
            f"the gradient of {which} has the wrong sign",
            evidence,
            look,
            tuple(scaled),
        )
    if abs(r - 0.5) < 1e-4:
        return Diagnosis(
            "missing-factor-two",
            f"the gradient of {which} is half of what it should be",
            evidence,
            "the derivative of a square, 2 u: either the 2 in backward, or a ½ in forward",
            tuple(scaled),
        )
    if abs(r - 2) < 1e-4:
        return Diagnosis(
            "extra-factor-two",
            f"the gradient of {which} is twice what it should be",
            evidence,
            "a ½ in forward that cancels the 2 of a square, or something added twice",
            tuple(scaled),
        )
    return Diagnosis(
        "wrong-scale",
        f"the gradient of {which} is right but for a constant factor",
        evidence,
        "a constant that is in one of forward and backward only",
        tuple(scaled),
    )
