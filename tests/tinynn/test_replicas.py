"""Two halves of a batch side by side: the same numbers as the whole, on any number of threads, and a clean end."""

import threading
import tracemalloc

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

import tinynn as nn
from tinynn import inference, replicas, threads

N = 100


def images(n=N, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 9, 9, 2)), rng.integers(3, size=n)


def make(*extra, dtype="float64", **settings):
    layers = [
        nn.Conv2D(4, 3),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Dropout(0.25),
        nn.Residual([nn.Conv2D(4, 3, padding="same"), nn.Tanh(), nn.Dropout(0.3)]),
        *extra,
        nn.Flatten(),
        nn.Dense(7),  # 7 numbers a row: masks of the second half begin anywhere within a hashed word
        nn.Dropout(0.5),
        nn.Dense(3),
    ]
    return nn.Sequential(layers, (9, 9, 2), dtype=dtype, **settings)


def fit(net, loss=None, x=None, y=None, optimizer=None, **settings):
    default_x, default_y = images()
    return nn.fit(
        net,
        loss or nn.SoftmaxCrossEntropy(),
        optimizer or nn.SGD(0.02),
        default_x if x is None else x,
        default_y if y is None else y,
        **{"batch_size": 21, "epochs": 3} | settings,
    )


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def our_threads():
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tinynn")]


@pytest.fixture(params=[1, 2])
def allowed(request, monkeypatch):
    """How many threads there are for the halves."""
    monkeypatch.setattr(threads, "allowed", lambda: request.param)
    return request.param


@pytest.fixture
def two(monkeypatch):
    monkeypatch.setattr(threads, "allowed", lambda: 2)


def whole(monkeypatch, **settings):
    """What is trained on batches that are not split."""
    with monkeypatch.context() as patch:
        patch.setattr(replicas, "SMALLEST", 10**9)
        net = make()
        return net, fit(net, **settings)


def test_same_bits_on_one_and_two_threads(monkeypatch):
    found, seen = [], set()
    propagate = replicas.Replica.propagate

    def watched(self, x, training=False):
        seen.add((count, threading.current_thread() is threading.main_thread()))
        return propagate(self, x, training)

    monkeypatch.setattr(replicas.Replica, "propagate", watched)
    for count in (1, 2, 2):
        monkeypatch.setattr(threads, "allowed", lambda count=count: count)
        net = make(dtype="float32")
        history = fit(net, optimizer=nn.Adam(0.01))
        found.append((net.parameters, history.loss))
    assert seen == {(1, True), (2, False)}
    for parameters, losses in found[1:]:
        np.testing.assert_array_equal(parameters, found[0][0])
        assert losses == found[0][1]


@pytest.mark.parametrize(
    ("loss", "targets"),
    [
        (nn.SoftmaxCrossEntropy(), "labels"),
        (nn.SoftmaxCrossEntropy(label_smoothing=0.1), "distributions"),
        (nn.MeanSquaredError(), "distributions"),
        (nn.Huber(0.5), "distributions"),
        (nn.BinaryCrossEntropy(), "distributions"),
    ],
    ids=repr,
)
def test_halves_are_the_whole(loss, targets, allowed, monkeypatch):
    """Batches of 21 rows and of 16, with dropout, which drops the same numbers."""
    y = images()[1] if targets == "labels" else np.eye(3)[images()[1]]
    expected, its_history = whole(monkeypatch, loss=loss, y=y)
    net = make()
    history = fit(net, loss=loss, y=y)
    np.testing.assert_allclose(net.parameters, expected.parameters, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(history.loss, its_history.loss, rtol=1e-12)
    assert (net.parameters != expected.parameters).any()  # the sums were taken in another order
    assert net.step == expected.step


def test_callbacks_see_the_gradient_of_the_batch(two):
    x, y = images(40)
    net = make()
    twin = net.copy()
    seen = []

    class Look(nn.Callback):
        def before_step(self, training):
            seen.append(training.net.gradients.copy())

    fit(net, x=x, y=y, batch_size=40, epochs=1, callbacks=[Look()])
    order = np.random.default_rng((0, 0)).permutation(40)
    loss = nn.SoftmaxCrossEntropy()
    loss.forward(twin.propagate(x[order], training=True), y[order])
    twin.backpropagate(loss.backward())
    np.testing.assert_allclose(seen[0], twin.gradients, rtol=1e-9, atol=1e-13)


def passes_after(net, loss=None, rows=32, weights=None):
    """The passes of a batch, after they were done."""
    x, y = images(rows)
    x, y = net.backend.asarray(x, dtype=net.dtype), net.backend.asarray(y)
    with replicas.Passes(net, loss or nn.SoftmaxCrossEntropy()) as passes:
        passes.forward(x, y, weights, net.backend.xp.zeros((), dtype=net.dtype))
        passes.backward()
    return passes


class Mine(nn.ReLU):
    """A user's layer: nobody knows whether its rows are computed apart."""


class Harsh(nn.SoftmaxCrossEntropy):
    """A user's loss."""


def test_what_is_split():
    assert passes_after(make()).halves == (slice(0, 16), slice(16, 32))
    assert passes_after(make(), rows=17).halves == (slice(0, 8), slice(8, 17))


@pytest.mark.parametrize(
    ("net", "setting"),
    [
        (make(nn.BatchNorm()), {}),
        (make(Mine()), {}),
        (make(nn.Residual([Mine()])), {}),
        (make(device="strict"), {}),
        (nn.Sequential([nn.Flatten(), nn.Dense(3)], (9, 9, 2)), {}),
        (make(), {"loss": Harsh()}),
        (make(), {"loss": nn.SoftmaxCrossEntropy(class_weights=[1, 2, 3])}),
        (make(), {"weights": np.ones(32)}),
        (make(), {"rows": 15}),
    ],
    ids=["batch norm", "a user's", "within a block", "device", "dense", "loss", "classes", "rows", "few"],
)
def test_what_stays_whole(net, setting, two):
    passes = passes_after(net, **setting)
    assert passes.halves == ()
    assert float(abs(net.gradients).max()) > 0


def test_a_layer_that_is_watched_stays_whole(two):
    net = make()
    net.layers[1].forward = net.layers[1].forward
    assert passes_after(net).halves == ()


# What becomes of threads, and of BLAS.


@pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")
@pytest.mark.parametrize("given", [1, 2])
def test_blas_keeps_to_one_thread_while_a_convolutional_network_is_trained(given):
    seen = []
    with threadpool_limits(limits=given, user_api="blas"):
        before = blas_threads()
        for net in (make(), make(nn.BatchNorm())):
            fit(net, epochs=1, callbacks=[lambda training: seen.append(blas_threads())])
        assert {count for counts in seen for count in counts} == {1}
        assert blas_threads() == before
        seen.clear()
        dense = nn.Sequential([nn.Flatten(), nn.Dense(3)], (9, 9, 2))
        fit(dense, epochs=1, callbacks=[lambda training: seen.append(blas_threads())])
        assert seen == [before]


@pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")
def test_who_keeps_blas_on_one_thread_gets_no_second_one():
    with threadpool_limits(limits=1, user_api="blas"):
        assert threads.allowed() == 1


@pytest.mark.skipif(not blas_threads(), reason="threadpoolctl knows no BLAS here")
def test_limits_that_overlap():
    """The first to end leaves the limit in place for the other, the last lifts it."""
    with threadpool_limits(limits=2, user_api="blas"):
        before, allowed = blas_threads(), threads.allowed()
        first, second = threads.one_blas_thread(), threads.one_blas_thread()
        assert first.__enter__() == second.__enter__() == allowed
        first.__exit__(None, None, None)
        assert set(blas_threads()) == {1}
        second.__exit__(None, None, None)
        assert blas_threads() == before


def raising(error):
    def raises(*args, **named):
        raise error

    return raises


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (replicas.Replica, "propagate"),
        (replicas.Replica, "backpropagate"),
        (nn.Sequential, "propagate"),
        (nn.Sequential, "backpropagate"),
        (nn.SGD, "step"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_what_is_raised_ends_the_training_cleanly(owner, name, error, allowed, monkeypatch):
    before = blas_threads()
    monkeypatch.setattr(owner, name, raising(error("here")))
    with pytest.raises(error, match="here"):
        fit(make())
    assert not our_threads()
    assert blas_threads() == before


def test_the_second_thread_obeys_errstate(two):
    large = np.full(3, 1e38, np.float32)
    with replicas.Passes(make(), nn.SoftmaxCrossEntropy()) as passes, np.errstate(over="raise"):
        with pytest.raises(FloatingPointError, match="overflow encountered"):
            passes._both(lambda i: large * large if i else None)
        assert our_threads()


# Where it breaks is still found.


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_layer_in_which_one_row_of_the_second_half_breaks(allowed):
    def spoil(rows, seed, step):
        rows = rows.copy()
        if step == 2:
            rows[-1] = 3e38
        return rows

    with pytest.raises(
        FloatingPointError, match=r"at step 3, in epoch 1\. It began in layer 0, Conv2D\(4, 3\)"
    ):
        fit(make(dtype="float32"), augment=spoil)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_layer_whose_gradient_broke_in_the_second_half(two, monkeypatch):
    backpropagate = replicas.Replica.backpropagate

    def broken(self, dy):
        backpropagate(self, dy)
        self.layers[-1].dW[0, 0] = np.inf

    monkeypatch.setattr(replicas.Replica, "backpropagate", broken)
    with pytest.raises(FloatingPointError, match=r"at step 2, .*the gradient dW of layer 8, Dense\(3\)"):
        fit(make())


# What a step costs.


def test_steps_allocate_no_arrays(allowed):
    """Python's small objects come and go, and where a mask is made of bits, NumPy's buffer of 8192 numbers."""
    x, y = images(800)
    x = x.astype(np.float32)
    out = np.zeros((), np.float32)
    with replicas.Passes(make(dtype="float32"), nn.SoftmaxCrossEntropy()) as passes:

        def step():
            passes.forward(x, y, None, out)
            passes.backward()

        for _ in range(3):
            step()
        tracemalloc.start()
        step()
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(5):
            step()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert passes.halves
    assert peak - before < 150_000 < x[:400].nbytes


# Chunks of rows side by side.


def answers(net, x, y):
    return (
        inference.predict_proba(net, x),
        inference.embed(net, x),
        inference.sample_proba(net, x, 3, seed=2),
        inference.evaluate(net, nn.SoftmaxCrossEntropy(), x, y),
    )


@pytest.mark.parametrize("extra", [(), (nn.BatchNorm(),)], ids=["plain", "batch norm"])
def test_chunks_give_the_same_bits_on_any_number_of_threads(extra, monkeypatch):
    monkeypatch.setattr(inference, "CHUNK", 11)
    x, y = images()
    net = make(*[layer.copy() for layer in extra], dtype="float32")
    fit(net, batch_size=50, epochs=1)
    seen = set()
    plain = inference.forward

    def watched(layers, rows, training=False):
        seen.add(threading.current_thread().name)
        return plain(layers, rows, training)

    monkeypatch.setattr(inference, "forward", watched)
    found = []
    for count in (1, 2, 3):
        monkeypatch.setattr(threads, "allowed", lambda count=count: count)
        found.append(answers(net, x, y))
        if count == 1:
            assert seen == {threading.main_thread().name}
    assert any(name.startswith("tinynn-chunk") for name in seen)
    for others in found[1:]:
        for ours, expected in zip(others, found[0], strict=True):
            np.testing.assert_array_equal(ours, expected)


def test_answers_come_in_order(two):
    assert inference.each_chunk(make(), 25, 4, lambda worker, rows: (rows.start, rows.stop)) == [
        *((start, start + 4) for start in range(0, 24, 4)),
        (24, 25),
    ]


def test_chunks_at_the_same_time_share_no_loss(two, monkeypatch):
    monkeypatch.setattr(inference, "CHUNK", 11)
    both, seen = threading.Barrier(2, timeout=20), set()
    forward = nn.SoftmaxCrossEntropy.forward

    def watched(self, *arguments):
        both.wait()
        seen.add(id(self))
        return forward(self, *arguments)

    monkeypatch.setattr(nn.SoftmaxCrossEntropy, "forward", watched)
    inference.evaluate(make(), nn.SoftmaxCrossEntropy(), *images(22))
    assert len(seen) == 2


def test_chunks_of_a_network_with_a_users_layer(two, monkeypatch):
    """It may remember what a replica does not know, so only the network itself is asked."""
    monkeypatch.setattr(inference, "CHUNK", 11)

    class Remembers(Mine):
        def __init__(self):
            self.factor = 1.0

        def config(self):
            return {}

        def forward(self, x, training=False):
            return x * self.factor

    x = images()[0]
    net = make(Remembers())
    net.layers[5].factor = 3.0
    p = inference.predict_proba(net, x)
    logits = net.forward(x)
    np.testing.assert_allclose(p, nn.softmax(logits), rtol=1e-10)
    assert not our_threads()


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_what_is_raised_in_a_chunk_ends_all(error, allowed, monkeypatch):
    monkeypatch.setattr(inference, "CHUNK", 11)
    before = blas_threads()
    x = images()[0]
    net = make()
    monkeypatch.setattr(inference, "softmax", raising(error("here")))
    with pytest.raises(error, match="here"):
        inference.sample_proba(net, x, 3)
    assert not our_threads()
    assert blas_threads() == before
    assert all(
        np.shares_memory(layer.W, net.parameters) for layer in net.layers if isinstance(layer, nn.Dense)
    )
    assert all(layer.thinned is None for layer in net.layers if isinstance(layer, nn.Dropout))
