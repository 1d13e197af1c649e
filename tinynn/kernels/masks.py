"""Dropout in one launch: each thread hashes the position of one number, exactly as `tinynn.random_bits` does."""

from typing import Any

from tinynn import random_bits
from tinynn.backend import Array
from tinynn.kernels.source import Kernel


def in_arrays(
    xp: Any,
    x: Array | None,
    y: Array | None,
    mask: Array,
    n: int,
    start: int,
    bits: int,
    threshold: int,
    scale: float,
    lower: int,
    upper: int,
    words: Array | None,
) -> None:
    """Fill `mask` with 0 and `scale`, and y with x · mask; a key that lies on the device goes before the given one."""
    if words is not None:
        lower, upper = int(words[0]), int(words[1])
    numbers_a_word = 32 // bits
    first, skipped = divmod(start, numbers_a_word)
    positions = xp.arange(-(-(skipped + n) // numbers_a_word), dtype=xp.uint32)
    hashed, scratch = xp.empty_like(positions), xp.empty_like(positions)
    random_bits.fill_words(xp, positions, upper << 32 | lower, hashed, scratch, first)
    random = hashed.view(xp.uint8 if bits == 8 else xp.uint32)[skipped : skipped + n]
    mask[...] = (random >= threshold).reshape(mask.shape) * mask.dtype.type(scale)
    if y is not None:
        xp.multiply(x, mask, out=y)


DROPOUT = Kernel(
    "dropout",
    "const REAL* x, REAL* y, REAL* mask, long long n, long long start, long long bits, long long threshold, "
    "double scale, long long lower, long long upper, const unsigned* words",
    """
    const unsigned low = words ? words[0] : (unsigned)lower;
    unsigned high = words ? words[1] : (unsigned)upper;
    high ^= high >> 16;
    const REAL kept = (REAL)scale;
    EACH(i, n) {
        const long long number = start + i;
        unsigned h = low + (unsigned)(bits == 8 ? number / 4 : number);
        h ^= h >> 16;
        h *= 0x7feb352du; h ^= h >> 15; h *= 0x846ca68bu;
        h ^= high;
        h *= 0x7feb352du; h ^= h >> 15; h *= 0x846ca68bu;
        h ^= h >> 16;
        if (bits == 8) h = h >> 8 * (unsigned)(number % 4) & 255u;
        const REAL factor = h >= (unsigned)threshold ? kept : (REAL)0;
        mask[i] = factor;
        if (x) y[i] = x[i] * factor;
    }
    """,
    in_arrays,
)
