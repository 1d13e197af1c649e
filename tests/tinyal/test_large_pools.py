"""Large pools: nothing is held that grows with the rows but their numbers; the choice is that of a small pool."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinyal as al
import tinynn as nn
from tinyal import pool as pools
from tinyal.pool import ChunkedPool, check_finite, gather
from tinyal.strategies import BALD, Entropy, Margin, Pointwise, choose, top
from tinyal.strategies.base import subset
from tinyal.strategies.best import Best
from tinyal.view import PoolView


def top_of_all(scores, n, rng):
    """Choose with all scores at hand: what choosing chunk by chunk is held to, down to the generator's draws."""
    threshold = np.partition(scores, len(scores) - n)[len(scores) - n]
    above = np.flatnonzero(scores > threshold)
    tied = rng.choice(np.flatnonzero(scores == threshold), n - len(above), replace=False)
    above = rng.permutation(above)
    return np.concatenate([above[np.argsort(-scores[above], kind="stable")], tied])


def mapped(path, array):
    np.save(path, array)
    return np.load(path, mmap_mode="r")


def chunked(array, size=7):
    return ChunkedPool(lambda: (array[i : i + size] for i in range(0, len(array), size)), len(array))


def in_a_file(array, path):
    return mapped(path / "pool.npy", array)


def in_chunks(array, path):
    return chunked(array)


def view_of(pool, model=None, candidates=None, labeled=(), classes=(0, 1, 2)):
    candidates = np.arange(len(pool)) if candidates is None else np.asarray(candidates)
    labeled = np.asarray(labeled, dtype=np.int64)
    return PoolView(model, pool, candidates, labeled, labeled % 3, np.asarray(classes), 5)


def by_rows(**more):
    """Make a model whose answers are functions of a row alone, and which counts the rows of each question."""
    asked = []

    def predict_proba(x):
        asked.append(len(x))
        p = np.stack([x[:, 0] % 5 + 1.0, x[:, 0] % 3 + 1.0, np.ones(len(x))], axis=1)
        return p / p.sum(axis=1, keepdims=True)

    return SimpleNamespace(classes_=np.arange(3), predict_proba=predict_proba, asked=asked, **more)


# The n largest, chunk by chunk.


@given(
    st.lists(
        st.sampled_from([0.0, -0.0, 1, 2, 3.5, np.inf, -np.inf]) | st.floats(-2, 2), min_size=1, max_size=60
    ),
    st.data(),
)
def test_the_largest_of_chunks_are_those_of_the_whole_whatever_ties(scores, data):
    scores = np.array(scores, dtype=np.float64)
    n = data.draw(st.integers(1, len(scores)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(scores)), max_size=6)))
    rng, reference = np.random.default_rng(n), np.random.default_rng(n)
    best = Best(n)
    for part in np.split(scores, cuts):
        best.add(part)
    chosen = best.positions(rng)
    assert chosen.tolist() == top_of_all(scores, n, reference).tolist()
    assert chosen.dtype == np.int64
    assert rng.bit_generator.state == reference.bit_generator.state, "later draws would be others"
    assert top(scores, n, np.random.default_rng(n)).tolist() == chosen.tolist()


@pytest.mark.parametrize("levels", [1, 2, 40, 10**9])
@pytest.mark.parametrize("n", [1, 100, 3000, 39_999, 40_000])
def test_among_many_rows_too_the_same_are_drawn(levels, n):
    """More than 10,000 ties take another way through the generator's `choice`."""
    scores = np.random.default_rng(levels).integers(0, levels, 40_000) / 7
    best = Best(n)
    for start in range(0, len(scores), 8192):
        best.add(scores[start : start + 8192])
    chosen = best.positions(np.random.default_rng(1))
    np.testing.assert_array_equal(chosen, top_of_all(scores, n, np.random.default_rng(1)))


def test_the_largest_are_kept_in_memory_that_does_not_grow_but_for_a_bit_a_tie():
    def peak(rows, levels):
        chunks = np.random.default_rng(0).integers(0, levels, (8192,)).astype(np.float64)
        best = Best(100)
        tracemalloc.start()
        for _ in range(rows // 8192):
            best.add(chunks)
        best.positions(np.random.default_rng(0))
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return most

    few, many = peak(2**17, 1), peak(2**20, 1)
    assert many - few < (2**20 - 2**17) / 8 * 1.3
    assert peak(2**20, 2**40) < 400_000


def test_a_batch_larger_than_the_scores_is_an_error():
    with pytest.raises(ValueError, match="cannot choose 4 of 3 candidates"):
        top(np.zeros(3), 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="at least 1 row, not 0"):
        top(np.zeros(3), 0, np.random.default_rng(0))


# Rows in files and in chunks.


@pytest.mark.parametrize("make", [in_a_file, in_chunks])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_rows_come_as_from_an_array_in_any_order(make, dtype, tmp_path):
    array = np.random.default_rng(0).integers(0, 255, (40, 2, 3)).astype(dtype)
    pool = make(array, tmp_path)
    assert (len(pool), pool.shape, pool.ndim, pool.dtype) == (40, (40, 2, 3), 3, array.dtype)
    for rows in ([3], [], range(40), [39, 0, 20, 20, 7], range(10, 30), [3, 5, 4, 6], range(39, -1, -1)):
        rows = np.array(rows, dtype=np.int64)
        found = gather(pool, rows)
        np.testing.assert_array_equal(found, array[rows])
        assert (type(found), found.dtype) == (np.ndarray, array.dtype) or len(rows) == 0


def test_neighbouring_rows_of_a_file_are_a_view_of_it_that_cannot_be_written(tmp_path):
    np.save(tmp_path / "pool.npy", np.arange(40).reshape(20, 2))
    pool = np.load(tmp_path / "pool.npy", mmap_mode="r+")
    part = gather(pool, np.arange(5, 15))
    assert np.shares_memory(part, pool)
    with pytest.raises(ValueError, match="read-only"):
        part[0] = 7
    pool[5] = 1  # the pool itself is as it was
    array = np.arange(40).reshape(20, 2)
    assert not np.shares_memory(gather(array, np.arange(5, 15)), array)


@pytest.mark.parametrize("make", [in_a_file, in_chunks])
@pytest.mark.parametrize("strategy", [Margin(), Entropy(), BALD(4)])
def test_the_choice_is_that_of_the_same_rows_in_memory(make, strategy, device, tmp_path, monkeypatch):
    monkeypatch.setattr("tinyal.view.CHUNK", 40)
    data = nn.datasets.load("digits")
    layers = [nn.Dense(8), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    model = nn.Classifier(layers, steps=3, dtype="float64", device=device)
    model.fit(data.x_train[:100], data.y_train[:100])
    free = np.setdiff1d(np.arange(100, 300), [130, 131, 200])

    def choice(pool):
        view = view_of(pool, model, free, range(100), range(10))
        return choose(strategy, view, 20, np.random.default_rng(0)).tolist()

    assert choice(make(data.x_train[:300], tmp_path)) == choice(data.x_train[:300])


def test_scoring_reads_chunks_in_one_pass_and_chosen_rows_in_another():
    passes, read = [], []

    def chunks():
        passes.append(0)
        for start in range(0, 100, 9):
            read.append(start)
            yield np.arange(start, min(start + 9, 100))[:, None]

    pool = ChunkedPool(chunks, 100)
    assert (len(passes), read) == (1, [0]), "only the first chunk, for the shape"
    for start in range(0, 100, 10):
        assert pool[start : start + 10][:, 0].tolist() == list(range(start, start + 10))
    assert (len(passes), read) == (1, list(range(0, 100, 9)))
    assert pool[[40, 3, 12]][:, 0].tolist() == [40, 3, 12]
    assert (len(passes), read[12:]) == (2, [0, 9, 18, 27, 36]), "no further than asked"
    assert pool[np.array([], dtype=int)].shape == (0, 1)
    assert pool[::30][:, 0].tolist() == [0, 30, 60, 90]


def test_chunks_may_reuse_their_array_be_a_list_or_be_empty():
    def refilled():
        chunk = np.empty((10, 1))
        for start in range(0, 30, 10):
            chunk[:, 0] = range(start, start + 10)
            yield chunk

    pool = ChunkedPool(refilled, 30)
    assert pool[[25, 5, 15]][:, 0].tolist() == [25, 5, 15]
    pool = ChunkedPool(
        [np.zeros((0, 1)), np.ones((2, 1)), np.zeros((0, 1)), np.ones((1, 1)) * 2, np.zeros((0, 1))], 3
    )
    assert pool[[2, 1]][:, 0].tolist() == [2, 1]
    assert pool[[0]][:, 0].tolist() == [1]


@pytest.mark.parametrize(
    ("chunks", "length", "error", "message"),
    [
        (iter([np.zeros((2, 1))]), 2, TypeError, "gone through once.*pass the function"),
        ((np.zeros((2, 1)) for _ in range(2)), 4, TypeError, "a generator can be gone through once"),
        ([np.zeros((2, 1))], 0, ValueError, "length must be at least 1, not 0"),
        ([np.zeros((2, 1))], 3, ValueError, "ended after 2 rows, and length says 3"),
        ([np.zeros((2, 1)), np.zeros((2, 1))], 3, ValueError, "have 4 rows or more; length says 3"),
        ([np.zeros((2, 1)), np.zeros((2, 1))], 2, ValueError, "there are chunks after row 1"),
        (
            [np.zeros((2, 1)), np.zeros((2, 2))],
            4,
            ValueError,
            r"row 2 .*float64 \(2,\).*had float64 \(1,\)",
        ),
        ([np.zeros((2, 1)), np.zeros((2, 1), int)], 4, ValueError, r"row 2 has rows of int64"),
        ([np.zeros((2, 1)), [[0.0], [np.inf]]], 4, ValueError, "row 3 of the pool holds NaN or infinite"),
    ],
)
def test_wrong_chunks_are_told_as_soon_as_they_are_met(chunks, length, error, message):
    with pytest.raises(error, match=message):
        ChunkedPool(chunks, length)[:]


def test_a_chunked_pool_is_asked_for_rows_and_not_for_all():
    pool = chunked(np.zeros((20, 2)))
    with pytest.raises(TypeError, match="might not fit into memory"):
        np.asarray(pool)
    with pytest.raises(IndexError, match=r"rows \[20, -1\] are outside the pool of 20 rows"):
        pool[[3, 20, -1]]
    for rows in (3, [1.0, 2.0], [[1]], np.ones(20, bool)):
        with pytest.raises(IndexError, match="slices or by arrays of row numbers"):
            pool[rows]


def test_finite_is_looked_at_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(pools, "rows_at_a_time", lambda xp, numbers: 3)
    array = np.zeros((10, 2), np.float32)
    check_finite(array), check_finite(array.astype(int)), check_finite(np.zeros((3, 0)))
    array[7, 1], array[9, 0] = np.nan, np.inf
    for pool in (array, mapped(tmp_path / "pool.npy", array)):
        with pytest.raises(ValueError, match="holds NaN or infinite values, first in row 7; fill them"):
            check_finite(pool)
    check_finite(chunked(np.zeros((10, 2))))


# Views that do not fit.


@pytest.mark.parametrize("make", [in_a_file, in_chunks])
def test_what_a_model_says_of_too_many_rows_comes_by_chunks_and_their_rows_are_refused(
    make, tmp_path, monkeypatch
):
    array = np.arange(60)[:, None]

    def samples(x, n_samples, seed):
        return np.stack([by_rows().predict_proba(x + k) for k in range(n_samples)])

    model = by_rows(sample_proba=samples, embed=lambda x: x * 2.0)
    small = view_of(array, model)
    monkeypatch.setattr("tinyal.view.LARGEST", 400)  # bytes: fifty rows
    monkeypatch.setattr("tinyal.view.CHUNK", 25)
    view = view_of(make(array, tmp_path), model)
    for message in ("60 candidates take 0.0 GB", "view.chunks", "candidates="):
        with pytest.raises(ValueError, match=message):
            _ = view.x
    np.testing.assert_array_equal(view.proba(), small.proba())
    assert model.asked == [25, 25, 10, 60]
    np.testing.assert_array_equal(view.embed(), small.embed())
    np.testing.assert_array_equal(view.sample_proba(3), small.sample_proba(3))
    part = view.subset(np.array([50, 2]))
    np.testing.assert_array_equal(part.x[:, 0], [50, 2])
    np.testing.assert_array_equal(part.proba(), small.proba()[[50, 2]])
    assert small.x.shape == (60, 1), "rows in memory may be gathered whatever they take"


def test_chunks_of_large_rows_are_smaller(monkeypatch):
    monkeypatch.setattr("tinyal.view.PIECE", 80)
    array = np.arange(60)[:, None]
    assert [len(chunk) for chunk in view_of(chunked(array)).chunks()] == [10] * 6
    assert [len(chunk) for chunk in view_of(array).chunks()] == [60]


def test_a_subset_is_drawn_only_where_candidates_are_left_out():
    view, rng = view_of(np.arange(60)[:, None], candidates=np.arange(20, 50)), np.random.default_rng(0)
    before = rng.bit_generator.state
    assert subset(view, 5, None, rng) is view
    assert subset(view, 5, 30, rng) is view
    assert rng.bit_generator.state == before
    part = subset(view, 5, 12, rng)
    assert len(set(part.candidates.tolist())) == 12
    assert part.candidates.tolist() == sorted(part.candidates.tolist())
    assert set(part.candidates.tolist()) <= set(range(20, 50))
    drawn = np.zeros(60)
    for seed in range(300):
        drawn[subset(view, 1, 12, np.random.default_rng(seed)).candidates] += 1
    assert (np.abs(drawn[20:50] - 120) < 5 * np.sqrt(300 * 0.4 * 0.6)).all()
    with pytest.raises(ValueError, match="cannot choose 13 rows of candidates=12: raise candidates="):
        subset(view, 13, 12, rng)
    with pytest.raises(ValueError, match="cannot choose 31 of 30 candidates"):
        subset(view, 31, 12, rng)


@pytest.mark.parametrize("make", [in_a_file, in_chunks])
def test_a_learner_asks_of_a_pool_outside_memory_what_it_asks_of_an_array(make, tmp_path):
    data = nn.datasets.load("digits")
    x, y = data.x_train[:200].astype(np.float32), data.y_train[:200]

    def run(pool):
        model = nn.Classifier([nn.Dense(8), nn.ReLU(), nn.Dense(10)], steps=10, classes=range(10))
        learner = al.ActiveLearner(model, pool, Entropy(), seed=3)
        record = al.simulate(learner, al.oracles.ArrayOracle(y), test=(x, y), initial=20, budget=40, batch=10)
        return record.queried, record.accuracy

    assert run(make(x, tmp_path)) == run(x)


# Progress.


class Zero(Pointwise):
    """The same score for all."""

    def score(self, view):
        return np.zeros(len(view))


@pytest.mark.parametrize(
    ("candidates", "patience", "shown"), [(100_000, 0, True), (100_000, 60, False), (99_999, 0, False)]
)
def test_a_long_scoring_shows_how_far_it_has_come(candidates, patience, shown, monkeypatch):
    bars = []

    class Bar:
        def __init__(self, total, unit, done):
            bars.append(self)
            self.total, self.unit, self.done, self.closed = total, unit, done, False

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.closed = True

        def update(self, done):
            self.done += done

    module = (
        Pointwise.scored.__globals__
    )  # and no other: where doctests came first, there may be two of one name
    monkeypatch.setitem(module, "progress_bar", Bar)
    monkeypatch.setitem(module, "PATIENCE", patience)
    Zero().select(view_of(np.zeros((candidates, 1), np.uint8)), 3, np.random.default_rng(0))
    assert len(bars) == shown
    for bar in bars:
        assert (bar.total, bar.unit, bar.done, bar.closed) == (candidates, "row", candidates, True)


# A million rows in a file that takes no room.


@pytest.mark.slow
def test_a_million_rows_are_scored_in_the_memory_of_a_chunk(tmp_path):
    pool = np.lib.format.open_memmap(tmp_path / "pool.npy", "w+", np.uint8, (1_000_000, 784))
    rows = np.random.default_rng(0).integers(0, 1_000_000, 50)
    pool[rows] = np.random.default_rng(1).integers(0, 256, (50, 784), dtype=np.uint8)
    x, y = np.random.default_rng(2).integers(0, 256, (500, 784), dtype=np.uint8), np.arange(500) % 10
    x[y == 0] = 0  # of rows of zeros it is to be sure
    model = nn.Classifier([nn.Dense(128), nn.ReLU(), nn.Dense(10)], steps=60, classes=range(10)).fit(x, y)
    view = view_of(pool, model, classes=range(10))
    tracemalloc.start()
    chosen = choose(Margin(), view, 100, np.random.default_rng(0))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 40e6, "all rows are 784e6, all scores 8e6, a chunk in float32 26e6"
    few = Margin().scores(view_of(pool, model, np.append(rows, [5]), classes=range(10)))
    larger = rows[few[:-1] > few[-1]]
    assert set(larger.tolist()) <= set(chosen.tolist()), (
        "rows of zeros all tie, and those above them come first"
    )
    assert len(larger) > 10
