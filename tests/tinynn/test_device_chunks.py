"""Pools larger than a device: rows sent while others are worked on, and chunks that shrink where memory ends."""

import types

import numpy as np
import pytest

import tinynn as nn
from tests import conftest, strict
from tests.strict import fused
from tinynn import device_chunks, device_memory, inference
from tinynn.backend import register
from tinynn.feeding import Feeder


class Event:
    """Something that has happened once a stream has come so far."""

    def __init__(self, stream, place):
        self.stream, self.place = stream, place

    def synchronize(self):
        self.stream.run(self.place)


class Stream:
    """Work that is done as late as the rules allow: when somebody waits for it."""

    def __init__(self, non_blocking=False):
        self.todo, self.done = [], 0

    def add(self, work):
        self.todo.append(work)

    def run(self, place):
        while self.done < place:
            self.done += 1
            self.todo[self.done - 1]()

    def record(self):
        return Event(self, len(self.todo))

    def wait_event(self, event):
        self.add(event.synchronize)


class Eager(Stream):
    """The stream that computes: the strict device's operations are done at once, and so is its waiting."""

    def add(self, work):
        work()


class Rows(fused.FusedArray):
    """Arrays whose `set` may be put off."""

    __slots__ = ()

    def set(self, arr, stream=None):
        stream.add(lambda: self._host.__setitem__(..., arr))


def make_cupy():
    computing = Eager()
    cuda = types.SimpleNamespace(
        Stream=Stream, get_current_stream=lambda: computing, alloc_pinned_memory=lambda n: bytearray(n)
    )
    empty = lambda n, dtype: strict.device_array.wrap(np.full(n, 0xA5, dtype), Rows)  # noqa: E731
    return types.SimpleNamespace(cuda=cuda, empty=empty)


class Small(conftest.StrictBackend):
    """A device with room for so many rows of a chunk, and a link that copies as late as it may."""

    def __init__(self, room=10**9, free=None):
        super().__init__("fused", fused.DEVICE, fused.KERNELS)
        self.room, self.free, self.tried = room, free, []

    def feeder(self):
        return Feeder(make_cupy())

    def free_bytes(self):
        return self.free

    def to_floats(self, source, out):
        self.tried.append(len(source))
        if len(source) > self.room:
            raise MemoryError(f"Out of memory allocating {source.nbytes} bytes")
        super().to_floats(source, out)

    def asarray(self, array, dtype=None):
        if getattr(array, "nbytes", 0) > getattr(self, "limit", 10**12):
            raise MemoryError("Out of memory allocating the pool")
        return super().asarray(array, dtype)


@pytest.fixture
def small():
    """Put a small device in the place of the usual one."""

    def put(**how):
        register(device := Small(**how))
        return device

    return put


def layers():
    return [nn.Dense(9), nn.ReLU(), nn.Dropout(0.5), nn.Dense(4)]


def pool(n=100, dtype=np.uint8):
    return np.random.default_rng(0).integers(256, size=(n, 6)).astype(dtype)


ASKED = {
    "predict_proba": lambda net, x: inference.predict_proba(net, x),
    "embed": lambda net, x: inference.embed(net, x),
    "sample_proba": lambda net, x: inference.sample_proba(net, x, 3, seed=5),
    "evaluate": lambda net, x: np.array(
        inference.evaluate(net, nn.SoftmaxCrossEntropy(), x, np.arange(len(x)) % 4)
    ),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("what", ASKED)
def test_rows_arrive_in_time_and_none_is_written_over(what, dtype, small, monkeypatch):
    """Copies are done only when something waits for them: whoever forgets to wait gets the rows of another chunk."""
    small()
    monkeypatch.setattr(inference, "CHUNK", 16)
    net, x = nn.Sequential(layers(), 6, device="fused"), pool(dtype=dtype)
    expected = ASKED[what](nn.Sequential(layers(), 6), x)
    np.testing.assert_allclose(ASKED[what](net, x), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("forgotten", ["receive", "send"])
def test_a_feeder_that_does_not_wait_is_seen(forgotten, small, monkeypatch):
    """The stand-in really copies late: without a wait the answers are wrong."""
    small()
    monkeypatch.setattr(inference, "CHUNK", 16)
    if forgotten == "receive":
        monkeypatch.setattr(Feeder, "receive", lambda self, slot: slot.rows)
    else:
        monkeypatch.setattr(Event, "synchronize", lambda self: None)
    net, x = nn.Sequential(layers(), 6, device="fused"), pool()
    there = ASKED["predict_proba"](net, x)
    assert np.abs(there - ASKED["predict_proba"](nn.Sequential(layers(), 6), x)).max() > 0.01


def test_rows_that_nobody_received_are_copied_before_their_place_is_used_again(monkeypatch):
    copied = []

    def late(self, arr, stream=None):
        stream.add(lambda: copied.append(arr.copy()))

    monkeypatch.setattr(Rows, "set", late)
    feeder = Feeder(make_cupy())
    sent = [np.full((3, 2), i, np.uint8) for i in range(4)]
    last = [feeder.send(rows) for rows in sent][-1]
    last.sent.synchronize()
    np.testing.assert_array_equal(copied, sent)


def test_a_copy_waits_until_what_it_writes_over_has_been_read(monkeypatch):
    cupy, said = make_cupy(), []
    computing = Stream()  # as late as the copies
    monkeypatch.setattr(cupy.cuda, "get_current_stream", lambda: computing)
    monkeypatch.setattr(Rows, "set", lambda self, arr, stream=None: stream.add(lambda: said.append("copy")))
    feeder = Feeder(cupy)
    for _ in range(3):
        slot = feeder.send(np.zeros((3, 2), np.uint8))
        feeder.receive(slot)
        computing.add(lambda: said.append("read"))
        feeder.release(slot)
    slot.sent.synchronize()
    # The third goes where the first went, and waits until that has been read; the second waits for nothing.
    assert said == ["copy", "copy", "read", "copy"]
    slot.used.synchronize()
    assert said[4:] == ["read", "read"]


def test_the_next_rows_are_sent_before_the_answers_are_waited_for(small, monkeypatch):
    small()
    monkeypatch.setattr(inference, "CHUNK", 40)
    said = []
    for name in ("send", "receive", "release"):
        own = getattr(Feeder, name)
        monkeypatch.setattr(
            Feeder, name, lambda self, what, own=own, name=name: said.append(name) or own(self, what)
        )
    monkeypatch.setattr(Small, "to_numpy", lambda self, a: said.append("answer") or fused.DEVICE.asnumpy(a))
    inference.predict_proba(nn.Sequential(layers(), 6, device="fused"), pool())
    first, middle, last = ["send", "receive"], ["release", "send", "answer", "receive"], ["release", "answer"]
    assert said == [*first, *middle, *middle, *last]


@pytest.mark.parametrize("room", [1, 3, 7, 40])
@pytest.mark.parametrize("what", ASKED)
def test_scoring_falls_back_to_smaller_chunks(what, room, small):
    device = small(room=room)
    net, x = nn.Sequential(layers(), 6, device="fused"), pool()
    np.testing.assert_allclose(
        ASKED[what](net, x), ASKED[what](nn.Sequential(layers(), 6), x), rtol=1e-4, atol=1e-5
    )
    assert device.tried[0] == 100
    assert min(device.tried[:-1]) > room // 2 or room == 1
    assert len([n for n in device.tried if n > room]) <= 7  # halved each time, and never tried again


def test_where_not_even_one_row_fits_it_says_so(small):
    small(room=0)
    net = nn.Sequential(layers(), 6, device="fused")
    with pytest.raises(
        MemoryError, match=r"no room for the network and a single row of 148 bytes \(Out of memory"
    ):
        inference.predict_proba(net, pool())
    np.testing.assert_equal(net.layers[0].W.shape, (6, 9))  # and the network is whole


def test_a_batch_that_does_not_fit_says_which_would(small, monkeypatch):
    device = small(free=20_000)
    net = nn.Sequential(layers(), 6, device="fused")

    def full(x, training=False):
        raise MemoryError("Out of memory allocating 9,999 bytes")

    monkeypatch.setattr(net, "propagate", full)
    row = device_memory.bytes_a_row(net)
    fit = int(0.5 * 20_000 / (2 * row))
    with pytest.raises(
        MemoryError, match=rf"a batch of 64 rows \(Out of.*\); one of {fit} should fit: batch_size={fit}"
    ):
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(), pool(), np.arange(100) % 4, batch_size=64)
    device.free = None
    with pytest.raises(MemoryError, match="batch_size=32"):
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(), pool(), np.arange(100) % 4, batch_size=64)


def test_a_pool_larger_than_the_device_is_trained_on_from_the_host(small):
    nets = []
    for limit in (10**12, 1000):
        small().limit = limit
        net = nn.Sequential(layers(), 6, device="fused")
        nn.fit(
            net,
            nn.SoftmaxCrossEntropy(),
            nn.Adam(),
            pool(dtype="f8"),
            np.zeros(100, int),
            batch_size=20,
            epochs=2,
        )
        nets.append(strict.asnumpy(net.parameters))
    np.testing.assert_array_equal(*nets)


@pytest.mark.parametrize(
    ("free", "expected"), [(None, inference.CHUNK), (10**12, 8192), (128 * 100, 50), (10, 1)]
)
def test_chunks_are_as_large_as_memory_allows(free, expected, small):
    small(free=free)
    net = nn.Sequential(layers(), 6, device="fused")
    assert device_memory.bytes_a_row(net) == 4 * (6 + 9 + 9 + 9 + 4) == 148
    rows = inference.rows_in_cache(net, net.layers)
    assert rows == (expected if free != 128 * 100 else int(0.5 * free / 148))


def test_convolutions_count_their_windows():
    net = nn.Sequential([nn.Conv2D(5, 3), nn.Flatten(), nn.Dense(2)], (8, 8, 2), dtype="float64")
    assert device_memory.bytes_a_row(net) == 8 * (128 + 36 * 5 + 36 * 9 * 2 + 180 + 2)


def test_answers_come_in_order():
    net = nn.Sequential([nn.Dense(1)], 1, device="fused")
    answers = device_chunks.each_chunk(net, 7, 3, lambda worker, rows: (rows.start, rows.stop))
    assert answers == [(0, 3), (3, 6), (6, 7)]
