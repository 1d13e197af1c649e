"""Batches: every row once an epoch with its own label, in an order that the seed and the epoch decide."""

import tracemalloc
from itertools import chain

import numpy as np
import pytest

import tinynn as nn
from tests import strict
from tinynn.batches import hold_out
from tinynn.inference import evaluate


class Recorder(nn.Layer):
    """Remembers what passes by; each row's first number is its own number."""

    def forward(self, x, training=False):
        if training:
            self.__dict__.setdefault("batches", []).append(np.round(x[:, 0]).astype(int).tolist())
        return x

    def backward(self, dy, input_gradient=True):
        return dy if input_gradient else None


class LabelRecorder(nn.SoftmaxCrossEntropy):
    def forward(self, outputs, targets, *args, **kwargs):
        self.__dict__.setdefault("batches", []).append(targets.tolist())
        return super().forward(outputs, targets, *args, **kwargs)


def batches_of(n=10, **settings):
    """The row numbers and the labels of each batch; row i has label i % 3."""
    recorder, loss = Recorder(), LabelRecorder()
    net = nn.Sequential([recorder, nn.Dense(3)], (2,))
    x = np.column_stack([np.arange(n), np.ones(n)])
    nn.fit(net, loss, nn.SGD(1e-6), x, np.arange(n) % 3, **settings)
    return recorder.batches, loss.batches


def test_every_row_is_used_once_an_epoch_with_its_label():
    rows, labels = batches_of(epochs=3, batch_size=4)
    assert [len(batch) for batch in rows] == [4, 4, 2] * 3  # the last one takes what is left
    for epoch in range(3):
        assert sorted(chain(*rows[3 * epoch : 3 * epoch + 3])) == list(range(10))
    assert [[row % 3 for row in batch] for batch in rows] == labels


def test_order_depends_on_seed_and_epoch_alone():
    rows, _ = batches_of(n=50, epochs=3, batch_size=50)
    assert rows[0] != rows[1] != rows[2] != rows[0]
    assert list(range(50)) not in rows
    assert rows == batches_of(n=50, epochs=3, batch_size=50)[0]
    other = batches_of(n=50, epochs=3, batch_size=50, seed=1)[0]
    assert not any(order in other for order in rows)
    in_tens = batches_of(n=50, epochs=3, batch_size=10)[0]
    assert [list(chain(*in_tens[i : i + 5])) for i in (0, 5, 10)] == rows


def test_steps_instead_of_epochs():
    rows, _ = batches_of(epochs=3, batch_size=4)
    assert batches_of(steps=7, batch_size=4)[0] == rows[:7]
    assert batches_of(steps=2, epochs=99, batch_size=4)[0] == rows[:2]


def test_batch_larger_than_the_data_takes_it_whole():
    rows, _ = batches_of(epochs=2, batch_size=1000)
    assert [len(batch) for batch in rows] == [10, 10]


# Rows that are held out, weights, and data on disk.


def test_held_out_rows_are_never_trained_on():
    recorder = Recorder()
    net = nn.Sequential([recorder, nn.Dense(3)], (2,))
    n = 50
    x = np.column_stack([np.arange(n), np.ones(n)])
    settings = {"validation": 0.3, "batch_size": 8, "epochs": 2, "seed": 4}
    history = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(1e-6), x, np.arange(n) % 3, **settings)
    trained = set(chain(*recorder.batches))
    assert len(trained) == 35
    assert sorted(chain(*recorder.batches[:5])) == sorted(trained)
    rest = [i for i in range(n) if i not in trained]
    expected = evaluate(net, nn.SoftmaxCrossEntropy(), x[rest], np.array(rest) % 3)
    assert (history.validation_loss[-1], history.validation_accuracy[-1]) == pytest.approx(expected)


def test_which_are_held_out_depends_on_the_seed():
    held = [tuple(hold_out(100, 0.2, seed)[1]) for seed in (0, 0, 1)]
    assert held[0] == held[1] != held[2]
    train, rest = hold_out(100, 0.2, 0)
    assert sorted([*train, *rest]) == list(range(100))


def test_a_weight_of_two_is_a_row_twice(device, backend):
    """One step on all rows at once: with weights 2 and 1 as with the first half repeated, with 0 as without it."""
    x = np.random.default_rng(0).normal(size=(12, 4))
    y = np.arange(12) % 3
    twice = np.r_[0:6, 0:6, 6:12]

    def after(x, y, weights=None):
        net = nn.Sequential([nn.Dense(3)], 4, device=device, dtype="float64")
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(1.0), x, y, weights=weights)
        return backend.to_numpy(net.parameters)

    np.testing.assert_allclose(after(x, y, [2.0] * 6 + [1] * 6), after(x[twice], y[twice]), rtol=1e-12)
    np.testing.assert_allclose(after(x, y, [0] * 6 + [1] * 6), after(x[6:], y[6:]), rtol=1e-12)


def test_batches_that_weigh_nothing_do_no_harm():
    net = nn.Sequential([nn.Dense(3)], 4)
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="not all of them 0"):
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(1.0), np.ones((3, 4)), [0, 1, 2], weights=[0, 0, 0])
    history = nn.fit(
        net,
        nn.SoftmaxCrossEntropy(),
        nn.SGD(1.0),
        np.ones((4, 4)),
        [0, 1, 2, 0],
        weights=[0, 0, 0, 1],
        batch_size=1,
    )
    assert np.isfinite(history.loss).all()
    assert (net.parameters != before).any()


def test_memory_mapped_rows_are_not_read_into_memory(tmp_path):
    """64 MB of rows, of which a training of a few steps touches a few: the peak of what NumPy allocates stays small."""
    n, features = 16_000, 1000
    mapped = np.lib.format.open_memmap(tmp_path / "x.npy", mode="w+", dtype=np.float32, shape=(n, features))
    mapped[:] = 0.5
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    net = nn.Sequential([nn.Dense(2)], features)
    tracemalloc.start()
    nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(0.1), x, np.arange(n) % 2, steps=5, validation=0.01)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6


def test_memory_mapped_rows_stay_on_the_host(tmp_path):
    x = np.random.default_rng(0).random((200, 8)).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    results, moved = [], []
    for rows in (x, np.load(tmp_path / "x.npy", mmap_mode="r")):
        net = nn.Sequential([nn.Dense(2)], 8, device="strict")
        with strict.count() as counts:
            nn.fit(
                net, nn.SoftmaxCrossEntropy(), nn.SGD(0.1), rows, np.arange(200) % 2, steps=3, batch_size=4
            )
        moved.append(counts.bytes)
        results.append(net.backend.to_numpy(net.parameters))
    np.testing.assert_array_equal(*results)
    assert moved[0] - moved[1] > 0.9 * x.nbytes


# Batches that the caller makes.


def given(number=3, rows=10, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(rows, 4)), rng.integers(3, size=rows)) for _ in range(number)]


def train_on(batches, device="cpu", **settings):
    net = nn.Sequential([nn.Dense(3)], 4, device=device)
    history = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(nn.CosineDecay(0.5)), batches, **settings)
    return net.backend.to_numpy(net.parameters), history


def test_given_batches_of_every_kind_give_the_same(device):
    """A list, a function of the epoch, something that can be gone through again, an iterator of all."""
    batches = given()

    class Again:
        def __iter__(self):
            return iter(batches)

    expected, history = train_on(batches, device, epochs=2)
    assert len(history) == 2
    for other in (lambda epoch: batches, Again(), iter([*batches, *batches])):
        parameters, _ = train_on(other, device, steps=6)
        np.testing.assert_array_equal(parameters, expected)
    by_hand = nn.Sequential([nn.Dense(3)], 4)
    optimizer, loss = nn.SGD(nn.CosineDecay(0.5)), nn.SoftmaxCrossEntropy()
    for i, (x, y) in enumerate([*batches, *batches]):
        optimizer.plan(i / 6)
        loss.forward(by_hand.forward(x, training=True), y)
        by_hand.backward(loss.backward())
        optimizer.step(by_hand.parameters, by_hand.gradients)
    np.testing.assert_allclose(expected, by_hand.parameters, rtol=1e-6)


def test_a_function_hears_which_epoch_it_is():
    epochs = []
    train_on(lambda epoch: epochs.append(epoch) or given(2), steps=5)
    assert epochs == [0, 1, 2]


def test_weights_come_with_the_batch():
    x, y = given(1)[0]
    some = np.r_[np.ones(5), np.zeros(5)]
    np.testing.assert_allclose(
        train_on([(x, y, some)], epochs=1)[0], train_on([(x[:5], y[:5])], epochs=1)[0], rtol=1e-6
    )


def test_batches_that_end_early():
    _, history = train_on(iter(given(4)), steps=9)
    assert history.stopped == "there were no more batches after 4 of 9 steps"
    assert len(history) == 1


@pytest.mark.parametrize(
    ("batches", "settings", "error", "says"),
    [
        ([], {}, ValueError, "the list is empty"),
        ([3], {}, ValueError, r"must be \(x, y\).*batch 0 of this training is int"),
        (iter(given()), {}, ValueError, "not known before; say with steps="),
        (lambda epoch: given(), {}, ValueError, "not known before; say with steps="),
        (3, {"steps": 1}, TypeError, r"an iterable of \(x, y\), not int"),
        (
            np.zeros((5, 4)),
            {"steps": 1},
            ValueError,
            "y is missing: rows x need targets y",
        ),
        (
            [given()[0], (1, 2, 3, 4)],
            {"steps": 2},
            ValueError,
            "batch 1 of this training is tuple of 4 things",
        ),
        ([(np.zeros((5, 3)), [0] * 5)], {}, ValueError, r"x must have shape \(n, 4\)"),
        ([(np.zeros((5, 4)), [0] * 4)], {}, ValueError, r"one label a row"),
        ([(np.zeros((5, 4)), [7] * 5)], {}, ValueError, "outside 0 to 2"),
        ([(np.zeros((5, 4)), [0] * 5, [1, 2])], {}, ValueError, "one number a row"),
        (given(), {"validation": 0.1}, ValueError, "go with x and y"),
        (given(), {"weights": [1]}, ValueError, "go with x and y"),
    ],
)
def test_given_batches_that_are_refused(batches, settings, error, says):
    with pytest.raises(error, match=says):
        train_on(batches, **settings)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"weights": [1, 2]}, r"one number a row of x, shape \(10,\)"),
        ({"weights": [-1] * 10}, "at least 0"),
        ({"weights": [np.nan] * 10}, "finite"),
        ({"weights": ["a"] * 10}, "one number a row"),
        ({"validation": 1.0}, "above 0 and below 1, such as 0.1, or rows"),
        ({"validation": "0.2"}, "above 0 and below 1, .*not '0.2'"),
        ({"validation": 0.0}, "above 0 and below 1"),
        ({"validation": np.ones(10)}, "above 0 and below 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0, not -1"),
        ({"seed": None}, "seed must be"),
        ({"seed": "a"}, "seed must be"),
        ({"validation": 0.01}, "0 to validate on and 10 to train on"),
        ({"validation": 0.99}, "10 to validate on and 0 to train on"),
        ({"validation": (1, 2, 3)}, "not 3 things"),
    ],
)
def test_settings_that_are_refused(settings, says):
    net = nn.Sequential([nn.Dense(3)], 4)
    with pytest.raises(ValueError, match=says):
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(), np.ones((10, 4)), np.arange(10) % 3, **settings)


def test_balanced_weights_make_all_classes_count_alike():
    y = np.array([0] * 90 + [1] * 9 + [2])
    weights = nn.balanced_weights(y, 4)
    assert [round(w * n, 9) for w, n in zip(weights, (90, 9, 1), strict=False)] == [25, 25, 25]
    assert weights[3] == 1
    with pytest.raises(ValueError, match="outside 0 to 1"):
        nn.balanced_weights(y, 2)


@pytest.mark.parametrize("own", [False, True])
def test_every_step_is_distorted_anew(own):
    steps = []

    def augment(x, seed, step):
        steps.append((seed, step))
        return x

    net = nn.Sequential([nn.Dense(3)], 4)
    rows = (given(3, rows=10), None) if own else (np.ones((30, 4)), np.arange(30) % 3)
    nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(), *rows, epochs=2, batch_size=10, augment=augment, seed=5)
    assert steps == [(5, step) for step in range(6)]
