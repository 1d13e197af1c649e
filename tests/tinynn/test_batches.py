"""Batches: every row once an epoch with its own label, in an order that the seed and the epoch decide."""

from itertools import chain

import numpy as np

import tinynn as nn


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
