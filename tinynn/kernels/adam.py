"""Adam in one launch: each thread takes one parameter, with its gradient and moments, through all of the step.

Its form in words of arrays reads and writes the vectors eleven times; this reads four and writes three.
"""

from typing import Any

from tinynn.backend import Array
from tinynn.kernels.source import Kernel

NUMBERS = 4
"""Step size, ε, whether tiny moments are flushed, and what a step leaves of the parameters (AdamW)."""


def in_arrays(
    xp: Any,
    theta: Array,
    g: Array,
    M: Array,
    V: Array,
    n: int,
    beta1: float,
    beta2: float,
    tiny: float,
    step: float,
    epsilon: float,
    flush: float,
    left: float,
    numbers: Array | None,
) -> None:
    """Do what `tinynn.Adam` and `tinynn.AdamW` do; numbers that lie on the device go before those that are given."""
    if numbers is not None:
        step, epsilon, flush, left = (float(number) for number in numbers)
    theta *= left
    M *= beta1
    M += g
    V *= beta2
    V += g * g
    if flush:
        M *= xp.absolute(M) > tiny
    theta -= M / (xp.sqrt(V) + epsilon) * step


ADAM = Kernel(
    "adam",
    "REAL* theta, const REAL* g, REAL* M, REAL* V, long long n, double beta1, double beta2, double tiny, "
    "double step, double epsilon, double flush, double left, const REAL* numbers",
    """
    const REAL b1 = (REAL)beta1, b2 = (REAL)beta2, smallest = (REAL)tiny;
    const REAL size = numbers ? numbers[0] : (REAL)step, eps = numbers ? numbers[1] : (REAL)epsilon;
    const bool flushing = numbers ? numbers[2] != 0 : flush != 0;
    const REAL kept = numbers ? numbers[3] : (REAL)left;
    EACH(i, n) {
        const REAL gradient = g[i];
        REAL m = M[i] * b1 + gradient;
        const REAL v = V[i] * b2 + gradient * gradient;
        if (flushing) m *= fabs(m) > smallest ? (REAL)1 : (REAL)0;
        M[i] = m;
        V[i] = v;
        theta[i] = theta[i] * kept - m / (sqrt(v) + eps) * size;
    }
    """,
    in_arrays,
)
