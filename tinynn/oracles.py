r"""Derivatives from nothing but function values: central differences with a surviving step, and the complex step.

**Central differences.** D(h) = (f(x + h) − f(x − h)) / 2h errs by h² f‴/6 (the curve) and by about ε|f|/h (rounding).
Two of them cancel the first error, R(h) = (4 D(h/2) − D(h)) / 3, and leave one of order h⁴. Which h survives between
curve and rounding depends on the function, so several are tried, and the one where R moves least is taken.

**Kinks.** Where f bends within x ± h, no difference is a derivative. With the second difference
S(h) = (f(x + h) − 2 f(x) + f(x − h)) / h, a smooth function has D(h) ≈ D(h/2) and S(h) ≈ 2 S(h/2), up to h³; at a kink
one of the two fails, whatever the function is made of. Smaller steps are tried before a number is skipped.

**Complex step.** f(x + ih) = f(x) + ih f′(x) − …, so f′(x) = Im f(x + ih) / h: nothing is subtracted, nothing
cancels, and h = 1e−20 leaves an error of 1e−16 (Squire & Trapp 1998). It asks for a function that is analytic.
"""

import itertools
from collections.abc import Callable, Sequence

import numpy as np

from tinynn.examining.sessions import Session

STEPS = (1e-2, 2e-3, 5e-4, 1e-4, 1e-5, 1e-6)
COMPLEX_STEP = 1e-20
SMOOTH = 1e-7  # a difference that moves by more than this share of the gradient stands at a kink
EPSILON = float(np.finfo(np.float64).eps)

Observe = Callable[[], np.ndarray]
Move = Callable[[float], None]


def mover(array: np.ndarray, direction: np.ndarray | int) -> Move:
    """Return a function that puts an array to its start plus t times a direction, or one number of it plus t."""
    flat = array.reshape(-1)
    if isinstance(direction, int | np.integer):
        start = flat[direction]

        def move(t: float) -> None:
            flat[direction] = start + t

        return move
    whole = array.copy()

    def move_all(t: float) -> None:
        array[...] = whole + t * direction if t else whole

    return move_all


def block_mover(array: np.ndarray, block: np.ndarray, direction: np.ndarray) -> Move:
    """Return a function that adds t times a direction to the numbers of an array at the flat indices `block`."""
    flat = array.reshape(-1)
    start = flat[block]

    def move(t: float) -> None:
        flat[block] = start + t * direction if t else start

    return move


def differences(
    observe: Observe,
    moves: list[Move],
    scale: float,
    rng: np.random.Generator,
    own: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray, float]:
    """Differentiate what is observed along each move.

    Parameters
    ----------
    observe : callable
        Returns the output as an array (m,).
    moves : sequence of callable
        Each takes t and moves the inputs.
    scale : float
        How large the numbers that are moved are.
    own : array (moves,), optional
        How large each of them is, where each move is that of one number; tried where a kink is met.

    Returns
    -------
    derivatives : array (moves, m)
    smooth : bool array (moves,)
        False where a kink was met at every step that was tried.
    step : float
        The step that survived.
    """
    base = observe()
    some = rng.permutation(len(moves))[:3]
    errors = []
    for h in STEPS:
        rough = [_difference(observe, base, moves[k], h * scale) for k in some]
        errors.append((np.array([d for d, _ in rough]), max(float(r.max(initial=0)) for _, r in rough)))
    size = max(1e-300, *(_largest(d) for d, _ in errors))
    with np.errstate(
        invalid="ignore"
    ):  # a step that reaches to where the function is infinite is no candidate
        moved = [
            np.nan_to_num(np.abs(a - b), nan=np.inf).max(initial=0) + SMOOTH * (r > SMOOTH * size)
            for (a, r), (b, _) in itertools.pairwise(errors)
        ]
    step = STEPS[int(np.argmin(moved))] * scale
    found = [_difference(observe, base, move, step) for move in moves]
    derivatives = np.array([d for d, _ in found]).reshape(len(moves), base.size)
    size = _largest(derivatives)
    smooth = np.array([bool(np.all(rough <= _allowed(size, base, step))) for _, rough in found], dtype=bool)
    for k in np.flatnonzero(~smooth):
        shorter = [step / shrink for shrink in (30, 1000, 10000)]
        if own is not None:  # a number much smaller than the others of its array
            shorter += [h for shrink in (100, 3000) if 0 < (h := own[k] / shrink) < shorter[-1]]
        for h in shorter:
            derivatives[k], rough_now = _difference(observe, base, moves[k], h)
            allowed = _allowed(size, base, h)
            sharp = (allowed < 1e-3 * max(size, 1e-300)) | (rough_now == 0)  # or rounding would hide a kink
            smooth[k] = bool(np.all((rough_now <= allowed) & sharp))
            if smooth[k]:
                break
    return derivatives, smooth, step


def _largest(derivatives: np.ndarray) -> float:
    return float(np.abs(derivatives[np.isfinite(derivatives)]).max(initial=0))


def _allowed(size: float, base: np.ndarray, h: float) -> np.ndarray:
    with np.errstate(all="ignore"):
        return np.asarray(SMOOTH * size + 50 * EPSILON * np.abs(base) / h)


def _difference(observe: Observe, base: np.ndarray, move: Move, h: float) -> tuple[np.ndarray, np.ndarray]:
    """Return R(h), and by how much D and S disagree between h and h/2, both for each number that is observed."""
    at = {}
    for k in (1.0, -1.0, 0.5, -0.5):
        move(k * h)
        at[k] = observe()
    move(0.0)
    with np.errstate(all="ignore"):  # an infinite value is as rough as can be
        D, D_half = (at[1] - at[-1]) / (2 * h), (at[0.5] - at[-0.5]) / h
        S, S_half = (at[1] - 2 * base + at[-1]) / h, (at[0.5] - 2 * base + at[-0.5]) / (h / 2)
        bend = np.maximum(np.abs(D - D_half), np.abs(S - 2 * S_half))
        return (4 * D_half - D) / 3, np.nan_to_num(bend, nan=np.inf)


def complex_step(
    session: Session, name: str, entries: Sequence[int], observe: Callable[[Session], np.ndarray]
) -> np.ndarray:
    """Differentiate a session in complex128 by each of some numbers of an array; (entries, m)."""
    flat = session.arrays[name].reshape(-1)
    rows = []
    for i in entries:
        start = flat[i]
        flat[i] = start + 1j * COMPLEX_STEP
        rows.append(observe(session).imag / COMPLEX_STEP)
        flat[i] = start
    return np.array(rows)
