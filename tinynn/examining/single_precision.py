"""Single precision inside forward: a smooth function that climbs in small steps has been rounded there."""

import numpy as np

from tinynn.examining.calling import UnusableError
from tinynn.examining.evidence import Diagnosis, Evidence

SPACINGS = (5e-8, 2e-8)  # of the relative changes of all numbers together: float32 resolves 6e-8
POINTS = 17
LEAST, MOST = 1e-10, 1e-5  # how high a step is, as a share of the largest output


def probe(e: Evidence) -> Diagnosis | None:
    """Move all numbers together, very little, and look whether the output climbs a staircase.

    A step of height J in it shows as second differences +J and −J next to each other, however close the points. Those
    of a smooth function shrink with the square of the spacing, and a kink has one sign only.
    """
    try:
        with np.errstate(all="ignore"):
            steps = [_steps(e, spacing) for spacing in SPACINGS]
    except UnusableError:  # an input at the end of its range, such as a probability of 1
        return None
    size = float(np.abs(e.y).max(initial=0))
    heights = [np.minimum(d.max(axis=0), -d.min(axis=0)) for d in steps]
    stairs = (heights[1] > 0.3 * heights[0]) & (heights[0] > LEAST * size) & (heights[0] < MOST * size)
    if not stairs.any():
        return None
    return Diagnosis(
        "wrong-dtype",
        "forward computes in float32 inside, in which no gradient can be judged",
        f"as all numbers grow evenly by a share of {SPACINGS[0]:.0e}, the output jumps by {heights[0].max():.1e}",
        "a conversion in forward, or arrays made with dtype=np.float32; take the dtype of the input",
        tuple(e.wrong),
    )


def _steps(e: Evidence, spacing: float) -> np.ndarray:
    """Return second differences of the output along evenly spaced points; (POINTS − 2, outputs)."""
    session = e.subject.open(np.float64)
    rng = np.random.default_rng(0)
    speeds = {name: rng.uniform(0.5, 1.0, array.shape) for name, array in session.arrays.items()}
    starts = {name: array.copy() for name, array in session.arrays.items()}
    path = []
    for k in range(POINTS):
        for name, array in session.arrays.items():
            array[...] = starts[name] * (1 + k * spacing * speeds[name])
        path.append(np.array(session.forward(), dtype=np.float64).reshape(-1))
    return np.asarray(np.diff(np.array(path), n=2, axis=0))
