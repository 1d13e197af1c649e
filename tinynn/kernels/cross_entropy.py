"""Softmax and its cross-entropy: the 32 threads of a warp take a row together, each every 32nd class."""

from typing import Any

from tinynn.backend import Array
from tinynn.kernels.source import Kernel

LARGEST_AND_TOTAL = """
        REAL largest = logits[0], total = 0;
        for (long long k = LANE; k < classes; k += 32)
            largest = largest > logits[k] || largest != largest ? largest : logits[k];
        largest = largest_of_warp(largest);
        for (long long k = LANE; k < classes; k += 32) total += exp(logits[k] - largest);
        total = sum_of_warp(total);
"""


def softmax_in_arrays(xp: Any, z: Array, p: Array, n: int, classes: int) -> None:
    """pₖ = exp(zₖ − max z) / Σⱼ exp(zⱼ − max z) in each row."""
    z = z.reshape(n, classes)
    powers = xp.exp(z - z.max(axis=1, keepdims=True))
    p[...] = (powers / powers.sum(axis=1, keepdims=True)).reshape(p.shape)


SOFTMAX = Kernel(
    "softmax",
    "const REAL* z, REAL* p, long long n, long long classes",
    f"""
    EACH_ROW(row, n) {{
        const REAL* logits = z + row * classes;
        {LARGEST_AND_TOTAL.strip()}
        for (long long k = LANE; k < classes; k += 32) p[row * classes + k] = exp(logits[k] - largest) / total;
    }}
    """,
    softmax_in_arrays,
)


def rows_in_arrays(xp: Any, z: Array, labels: Array, losses: Array, dz: Array, n: int, classes: int) -> None:
    """−ln p at the label of each row, and ∂L/∂z = (p − t) / n with t = 1 at the label; 0 where a label is none."""
    softmax_in_arrays(xp, z, dz, n, classes)
    rows = xp.arange(n)
    known = (labels >= 0) & (labels < classes)
    places = labels * known
    largest = z.max(axis=1)
    losses[...] = known * (xp.log(xp.exp(z - largest[:, None]).sum(axis=1)) - (z[rows, places] - largest))
    dz[rows, places] -= 1
    dz *= (known * (1 / n)).reshape(n, 1)


ROWS = Kernel(
    "cross_entropy_rows",
    "const REAL* z, const long long* labels, REAL* losses, REAL* dz, long long n, long long classes",
    f"""
    const REAL share = (REAL)(1.0 / (double)n);
    EACH_ROW(row, n) {{
        const REAL* logits = z + row * classes;
        const long long label = labels[row];
        const bool known = label >= 0 && label < classes;
        {LARGEST_AND_TOTAL.strip()}
        for (long long k = LANE; k < classes; k += 32) {{
            const REAL p = exp(logits[k] - largest) / total;
            dz[row * classes + k] = known ? (k == label ? p - 1 : p) * share : (REAL)0;
        }}
        if (LANE == 0) losses[row] = known ? log(total) - (logits[label] - largest) : (REAL)0;
    }}
    """,
    rows_in_arrays,
)


def mean_in_arrays(xp: Any, values: Array, mean: Array, n: int) -> None:
    """Σ values / n."""
    mean[...] = values.mean()


MEAN = Kernel(
    "mean_of",
    "const REAL* values, REAL* mean, long long n",
    """
    // One block, so that the order of the sum, and with it the last bit, is the same each time.
    __shared__ double part[256];
    double sum = 0;
    for (long long i = threadIdx.x; i < n; i += blockDim.x) sum += values[i];
    part[threadIdx.x] = sum;
    for (int half = 128; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) part[threadIdx.x] += part[threadIdx.x + half];
    }
    if (threadIdx.x == 0) *mean = (REAL)(part[0] / (double)n);
    """,
    mean_in_arrays,
)
