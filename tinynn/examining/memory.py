"""What code remembers and should not: gradients added up, stale caches, arrays overwritten, parameters changed.

A right gradient once is not enough. The same gradient is asked for a second time, after another batch, while another
copy is at work, and with another dy.
"""

from typing import Any

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence, claim, fits
from tinynn.examining.places import PARAMETERS
from tinynn.examining.sessions import Session

CACHE = "what forward stores for backward: each forward pass must store anew, in the object itself"


def probe_memory(e: Evidence) -> list[Diagnosis]:
    """Return what is wrong with the memory of the code under test, each code once."""
    unstored = [unstored_gradient(name) for name in e.subject.unstored]
    if any(claimed[0] is None for claimed in e.claimed.values()):
        return unstored
    found = [arguments_kept(e), *after_backward(e), after_another_batch(e), beside_another(e), linear(e)]
    once: dict[str, Diagnosis] = {}
    for diagnosis in found:
        if diagnosis is not None and not (
            "overwritten-activation" in once and diagnosis.code != "updated-before-propagated"
        ):
            once.setdefault(diagnosis.code, diagnosis)
    return unstored + list(once.values())


def unstored_gradient(name: str) -> Diagnosis:
    """Describe a parameter that no training can change."""
    above, last = (["", *name.split(".")])[-2:]
    stored = f"self.d{last.lstrip('_')}"
    if last.isdigit() or above in PARAMETERS:
        stored = f"self.grads[{last if last.isdigit() else repr(last)}]"
    return Diagnosis(
        "no-gradient",
        f"{name} changes the output, and backward stores no gradient for it: store it as {stored}",
        f"the output changed with {name}, which has no gradient beside it after backward",
        f"backward, if {name} is learned; if it is a constant, say so with {name}.setflags(write=False)",
        (name,),
    )


def same(a: Any, b: Any, size: float) -> bool:
    """Whether two arrays are the same but for the rounding of numbers of some size."""
    a, b = np.asarray(a), np.asarray(b)
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-9, atol=1e-10 * size))


def largest(claims: dict[str, Any]) -> float:
    """Return the largest number of all gradients: what is zero but for rounding is small beside it."""
    return max((float(np.abs(np.asarray(c)).max(initial=0)) for c in claims.values()), default=0.0)


def differing(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Name the arrays for which two claims differ."""
    size = max(largest(a), largest(b))
    return [name for name in a if not same(a[name], b[name], size)]


def first_claim(e: Evidence) -> dict[str, Any]:
    """What a fresh copy says to the first dy."""
    return {name: claimed[0] for name, claimed in e.claimed.items()}


def another_input(e: Evidence) -> np.ndarray:
    """The same numbers in other places, so that they stay where the function is defined."""
    x = e.values[next(iter(e.values)) if e.subject.kind == "function" else e.input_name]
    order = np.random.default_rng(0).permutation(x.size)
    return x.reshape(-1)[order].reshape(x.shape)


def arguments_kept(e: Evidence) -> Diagnosis | None:
    """Arrays that are passed in belong to others: the layer below has cached them for its own backward pass."""
    session = e.subject.open(np.float64)
    session.forward()
    victim, method = session.overwritten(), "forward"
    if not victim:
        session.backward(e.dys[0])
        victim, method = session.overwritten(), "backward"
    if not victim:
        return None
    return Diagnosis(
        "overwritten-activation",
        f"{method} writes into {victim}, an array that others still need",
        f"{victim} was another array after {method} than before",
        "operations in place on an argument (x *= ..., x[x < 0] = 0, out=x); write into an array of its own",
        tuple(e.wrong),
    )


def after_backward(e: Evidence) -> list[Diagnosis | None]:
    """Go backward twice, and look at the parameters between."""
    session = e.subject.open(np.float64)
    session.forward()
    first = session.backward(e.dys[0])
    changed = session.changed()
    if changed:
        return [updated_first(e, session, changed)]
    if getattr(getattr(session, "specimen", None), "drew", False):
        return []  # a mask drawn anew; the fingerprints of dropout will say so
    try:
        second = session.backward(e.dys[0])
    except UnusableError:
        return []  # it forgets its cache after use, and may
    different = differing(first, second)
    if not different:
        return []
    added = [name for name in different if fits(second[name], 2 * np.asarray(first[name]))]
    if added == different:
        return [accumulated(added, "twice the gradient after two calls of backward, 2.000 × the first")]
    return [
        Diagnosis(
            "overwritten-activation",
            "backward overwrites what forward had stored: the second call gives another gradient",
            f"calling backward twice with the same dy gave two gradients for {', '.join(different)}",
            "operations in place on stored arrays (self.y *= ..., out=self.x) in backward",
            tuple(e.wrong or different),
        )
    ]


def accumulated(names: list[str], evidence: str) -> Diagnosis:
    """Describe gradients that are added to those of earlier calls."""
    return Diagnosis(
        "accumulated-gradient",
        f"the gradient of {', '.join(names)} is added to that of an earlier call",
        evidence,
        "+= where = is meant in backward; or zero the gradients before each backward pass",
        tuple(names),
    )


def updated_first(e: Evidence, session: Session, changed: list[str]) -> Diagnosis | None:
    """Whether dx was computed with parameters that backward had changed before."""
    model: Any = getattr(session, "model", session)
    after = {name: model.after[name] for name in changed}
    x = e.input_name
    if x in e.wrong and fits(e.claimed[x][0], e.true_gradient(x, e.dys[0], after)):
        step = max(float(np.abs(after[name] - e.values[name]).max()) for name in changed)
        return Diagnosis(
            "updated-before-propagated",
            f"backward changes {', '.join(changed)} before the gradient has passed through",
            f"dx is right for the {', '.join(changed)} after backward, which moved by up to {step:.3g}",
            "the order in backward: compute dx with the old weights first, and leave the step to an optimizer",
            (x,),
        )
    e.subject.notes.append(
        f"backward changes {', '.join(changed)}; a step of learning belongs into an optimizer."
    )
    return None


def after_another_batch(e: Evidence) -> Diagnosis | None:
    """Forward and backward with other inputs first must leave no trace."""
    name = next(iter(e.values)) if e.subject.kind == "function" else e.input_name
    fresh, other = first_claim(e), another_input(e)
    session = e.subject.open(np.float64)
    try:
        session.arrays[name] = other
        session.forward()
        before = session.backward(e.dys[-1])
        session.arrays[name] = e.values[name].copy()
        y = np.asarray(session.forward())
        if not same(y, e.y, float(np.abs(e.y).max(initial=0))):
            return None  # its output depends on what it saw, as running statistics may
        now = session.backward(e.dys[0])
        different = differing(now, fresh)
        if not different:
            return None
        if all(fits(np.asarray(now[n]) - np.asarray(fresh[n]), np.asarray(before[n])) for n in different):
            return accumulated(
                different, "after another batch, the gradient was the sum of both batches' gradients"
            )
        stale = claim(e.subject.open, e.dys[0], {name: other})
    except UnusableError as error:
        return Diagnosis("stale-cache", f"a second batch fails: {error}", "", error.where or CACHE)
    kept = [n for n in different if same(now[n], stale[n], largest(now))]
    return Diagnosis(
        "stale-cache",
        f"backward still uses the batch of an earlier forward pass for {', '.join(different)}",
        f"d{kept[0].split('.')[-1]} is exactly the gradient at the batch before"
        if kept
        else "the same input and dy gave another gradient after another batch",
        CACHE,
        tuple(different),
    )


def beside_another(e: Evidence) -> Diagnosis | None:
    """Two copies must not share a cache."""
    if e.subject.kind == "function":
        return None
    one, two = e.subject.open(np.float64), e.subject.open(np.float64)
    try:
        one.forward()
        two.arrays[e.input_name] = another_input(e)
        two.forward()
        different = differing(one.backward(e.dys[0]), first_claim(e))
    except UnusableError:
        return None
    if not different or getattr(getattr(one, "specimen", None), "drew", False):
        return None
    return Diagnosis(
        "stale-cache",
        "two objects of this class share one cache: the forward pass of one spoils the backward pass of the other",
        f"another copy's forward pass changed {', '.join(different)}",
        CACHE,
        tuple(different),
    )


def linear(e: Evidence) -> Diagnosis | None:
    """A gradient is linear in dy, whatever the layer: backward(2a − 3b) = 2 backward(a) − 3 backward(b)."""
    if not e.subject.free or e.subject.kind == "function":
        return None
    a, b = e.dys
    mixed = claim(e.subject.open, 2 * a - 3 * b, {})
    size = max(largest(mixed), largest(first_claim(e)))
    different = []
    for name, (of_a, of_b) in e.claimed.items():
        if of_b is None or of_a.shape != of_b.shape or of_a.shape != np.shape(mixed[name]):
            continue
        if not same(mixed[name], 2 * of_a - 3 * of_b, size):
            different.append(name)
    if not different:
        return None
    ignored = [n for n in different if fits(e.claimed[n][0], np.asarray(e.claimed[n][1]))]
    if ignored:
        return Diagnosis(
            "missing-upstream-gradient",
            f"the gradient of {', '.join(ignored)} does not depend on dy, the gradient from above",
            "two different dy gave the same gradient",
            "the chain rule in backward: the layer's own derivative times dy",
            tuple(ignored),
        )
    return Diagnosis(
        "not-linear",
        f"the gradient of {', '.join(different)} is not linear in dy, and every gradient is",
        "backward(2a − 3b) is not 2 backward(a) − 3 backward(b)",
        "conditions on dy, powers of dy, clipping or random numbers in backward",
        tuple(different),
    )
