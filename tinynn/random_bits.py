"""Random bits from a counter: no state, the same on every device, any part of the stream at any time.

Each 32-bit word is a hash of its position and a key. The hash mixes as MurmurHash3's finaliser does: shifts,
exclusive ors and odd multipliers, each of which can be undone, so that different positions give different words.
Unlike a generator with a state, it can be replayed (a gradient check needs the same mask twice) and computed
wherever the array lives.
"""

from typing import Any

import numpy as np

from tinynn.backend import Array

_WORD = 0xFFFFFFFF
# Multipliers and shifts found by search for low bias: C. Wellons, "Prospecting for hash functions", 2018.
_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B


def key(*parts: int) -> int:
    """Hash whole numbers (seed, layer, step ...) to one 64-bit key, by the finaliser of SplitMix64.

    Examples
    --------
    >>> key(0, 1, 2) == key(0, 1, 2), key(0, 1, 2) == key(0, 2, 1)
    (True, False)
    """
    state = 0
    for part in parts:
        state = (state + part + 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & 0xFFFFFFFFFFFFFFFF
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & 0xFFFFFFFFFFFFFFFF
        state ^= state >> 31
    return state


def fill_words(xp: Any, positions: Array, key: int, out: Array, scratch: Array, first: int = 0) -> None:
    """Write the random words of these positions, counted from `first`, into `out`; arrays are uint32, of one shape.

    A word is h(h(position + lower half of the key) ⊕ upper half), with h the steps s₁₆, ·a, s₁₅, ·b, s₁₆ and
    sₖ(x) = x ⊕ (x >> k). Now s₁₆ of 32 bits undoes itself, s₁₆(s₁₆(x)) = x, and s₁₆(x ⊕ y) = s₁₆(x) ⊕ s₁₆(y): where
    one h ends and the next begins, all that is left is s₁₆ of the key, a number. That saves a quarter of the time.
    """
    lower, upper = (key + first) & _WORD, key >> 32
    xp.add(positions, np.uint32(lower), out=out)
    _xor_shift(xp, out, 16, scratch)
    _multiply(xp, out, scratch)
    xp.bitwise_xor(out, np.uint32(upper ^ (upper >> 16)), out=out)
    _multiply(xp, out, scratch)
    _xor_shift(xp, out, 16, scratch)


def _multiply(xp: Any, h: Array, scratch: Array) -> None:
    xp.multiply(h, np.uint32(_FIRST), out=h)
    _xor_shift(xp, h, 15, scratch)
    xp.multiply(h, np.uint32(_SECOND), out=h)


def _xor_shift(xp: Any, h: Array, shift: int, scratch: Array) -> None:
    xp.right_shift(h, np.uint32(shift), out=scratch)
    xp.bitwise_xor(h, scratch, out=h)
