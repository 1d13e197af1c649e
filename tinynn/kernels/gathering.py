"""A batch in one launch: bytes are gathered by row and converted to numbers from 0 to 1 on their way."""

from typing import Any

from tinynn.backend import Array
from tinynn.kernels.source import Kernel


def in_arrays(xp: Any, pixels: Array, rows: Array, batch: Array, n: int, width: int, scale: float) -> None:
    """batch[i] = pixels[rows[i]] · scale."""
    batch[...] = pixels[rows]
    batch *= scale


PIXELS = Kernel(
    "gather_pixels",
    "const unsigned char* pixels, const long long* rows, REAL* batch, long long n, long long width, double scale",
    """
    const REAL factor = (REAL)scale;
    EACH(i, n * width) batch[i] = (REAL)pixels[rows[i / width] * width + i % width] * factor;
    """,
    in_arrays,
)
