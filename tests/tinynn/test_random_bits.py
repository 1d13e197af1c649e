"""The counter-based generator: published vectors, and the statistics of its bits."""

import itertools

import numpy as np
import pytest
from scipy import stats

from tinynn import random_bits
from tinynn.backend import get_backend

N = 2**16
KEY = 0x0123456789ABCDEF


def words(key=KEY, n=N, backend=None):
    backend = backend or get_backend("cpu")
    positions = backend.xp.arange(n, dtype=np.uint32)
    out, scratch = backend.xp.empty_like(positions), backend.xp.empty_like(positions)
    random_bits.fill_words(backend.xp, positions, key, out, scratch)
    return backend.to_numpy(out)


def bits(array):
    """Each word's 32 bits, shape (n, 32)."""
    return np.unpackbits(array.view(np.uint8).reshape(-1, 4), axis=1)


def lowbias32(h):
    """Wellons' hash, one number at a time."""
    for shift, multiplier in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        h = ((h ^ (h >> shift)) * multiplier) % 2**32
    return h ^ (h >> 16)


def test_words_are_two_rounds_of_a_published_hash():
    high, low = KEY >> 32, KEY % 2**32
    expected = [lowbias32(lowbias32((i + low) % 2**32) ^ high) for i in range(20)]
    assert words(n=20).tolist() == expected


def test_key_is_splitmix64():
    """The first outputs of the reference generator seeded with 0 and with 1234567."""
    assert random_bits.key(0) == 0xE220A8397B1DCDAF
    assert random_bits.key(1234567) == 6457827717110365317


def test_same_words_on_every_device(backend):
    np.testing.assert_array_equal(words(backend=backend), words())


@pytest.mark.parametrize("key", [0, 1, KEY, 2**64 - 1])
def test_bytes_are_uniform(key):
    w = words(key)
    for lane in w.view(np.uint8).reshape(-1, 4).T:
        counts = np.bincount(lane, minlength=256)
        assert 1e-6 < stats.chisquare(counts).pvalue < 1 - 1e-6


@pytest.mark.parametrize("key", [0, 1, KEY])
def test_positions_have_words_of_their_own(key):
    """Every step of the hash can be undone, so no two positions share a word."""
    assert len(np.unique(words(key))) == N


def largest_correlation(a, b):
    """Over all pairs of a bit of a and a bit of b, in spreads of independent bits."""
    a, b = (2 * bits(x).astype(np.float32) - 1 for x in (a, b))
    return np.abs(a.T @ b).max() / np.sqrt(len(a))


@pytest.mark.parametrize("lag", [1, 2, 4, 64, 1000])
def test_neighbouring_positions_are_independent(lag):
    w = words()
    assert largest_correlation(w[lag:], w[:-lag]) < 6  # 1024 pairs: beyond 6 once in half a million


@pytest.mark.parametrize("bit", range(64))
def test_keys_that_differ_in_one_bit_are_independent(bit):
    n = N // 32
    assert largest_correlation(words(n=n), words(KEY ^ (1 << bit), n=n)) < 6


def test_neighbouring_steps_are_independent():
    steps = [words(random_bits.key(KEY, step), n=N // 8) for step in range(6)]
    for a, b in itertools.combinations(steps, 2):
        assert largest_correlation(a, b) < 6


def test_keys_of_seed_layer_and_step_are_distinct():
    keys = {random_bits.key(*parts) for parts in itertools.product(range(20), repeat=3)}
    keys |= {random_bits.key(*parts) for parts in itertools.product(range(20), repeat=2)}
    keys |= {random_bits.key(part) for part in range(20)}
    assert len(keys) == 20**3 + 20**2 + 20
    assert all(0 <= key < 2**64 for key in keys)
    assert random_bits.key(2**63, -1) != random_bits.key(2**63, 1)


def test_key_changes_half_its_bits():
    flips = [
        (random_bits.key(seed, step) ^ random_bits.key(seed, step + 1)).bit_count()
        for seed in range(100)
        for step in range(20)
    ]
    assert np.mean(flips) == pytest.approx(32, abs=5 * 4 / np.sqrt(len(flips)))
