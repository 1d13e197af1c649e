"""Callbacks: when they are told what, stopping, and going back to the best parameters."""

import numpy as np
import pytest

import tinynn as nn


def make(**settings):
    layers = [nn.Dense(16), nn.ReLU(), nn.BatchNorm(), nn.Dense(3)]
    return nn.Sequential(layers, 4, **settings)


def blobs(n=60, seed=0):
    """Three clouds that overlap, so that a network can learn its examples by heart."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return rng.normal(0, 1, (n, 4)) + np.eye(3, 4)[y], y


def fit(net, callbacks, rate=0.01, **settings):
    settings = {"epochs": 3, "batch_size": 25} | settings
    return nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(rate), *blobs(), callbacks=callbacks, **settings)


class Diary(nn.Callback):
    def __init__(self):
        self.lines = []

    def start(self, training):
        self.lines.append(("start", training.step))

    def before_step(self, training):
        self.lines.append(("before", training.step))
        self.before = training.net.parameters.copy()
        assert np.abs(training.net.gradients).max() > 0

    def after_step(self, training):
        self.lines.append(("after", training.step))
        assert (training.net.parameters != self.before).any()

    def after_epoch(self, training):
        self.lines.append(("epoch", training.step, training.epoch, len(training.history)))

    def finish(self, training):
        self.lines.append(("finish", training.step))


def test_what_is_told_and_when():
    diary = Diary()
    fit(make(), [diary], epochs=2, batch_size=40)
    assert diary.lines == [
        ("start", 0),
        *[("before", 0), ("after", 1), ("before", 1), ("after", 2), ("epoch", 2, 1, 1)],
        *[("before", 2), ("after", 3), ("before", 3), ("after", 4), ("epoch", 4, 2, 2)],
        ("finish", 4),
    ]


def test_a_callback_may_change_the_gradient():
    net = make()
    before = net.parameters.copy()

    class Freeze(nn.Callback):
        def before_step(self, training):
            training.net.gradients.fill(0)

    fit(net, [Freeze()])
    np.testing.assert_array_equal(net.parameters, before)


def test_stopping_within_an_epoch():
    class Stop(nn.Callback):
        def after_step(self, training):
            if training.step == 5:
                training.stop("five is enough")

    history = fit(make(), Stop(), epochs=9)
    assert history.stopped == "five is enough"
    assert len(history) == len(history.seconds) == 2


def test_functions_are_told_after_every_epoch():
    losses = []
    history = fit(make(), lambda training: losses.append(training.history.loss[-1]))
    assert losses == history.loss
    assert not history.stopped


def test_looking_on_changes_nothing():
    watched, alone = make(), make()
    fit(watched, [Diary(), lambda training: None])
    fit(alone, [])
    np.testing.assert_array_equal(watched.parameters, alone.parameters)


@pytest.mark.parametrize("monitor", ["validation_loss", "validation_accuracy"])
def test_early_stopping_restores_the_best(monitor, device, backend):
    net, seen = make(device=device), []
    history = fit(
        net,
        [
            nn.EarlyStopping(4, monitor),
            lambda t: seen.append([backend.to_numpy(v).copy() for v in (t.net.parameters, t.net.state)]),
        ],
        validation=blobs(40, seed=1),
        epochs=200,
        rate=0.05,
    )
    values = np.array(getattr(history, monitor)) * (1 if monitor == "validation_loss" else -1)
    best = int(values.argmin())
    assert len(history) == best + 1 + 4 < 200
    assert f"those after epoch {best + 1}" in history.stopped
    np.testing.assert_array_equal(backend.to_numpy(net.parameters), seen[best][0])
    np.testing.assert_array_equal(backend.to_numpy(net.state), seen[best][1])
    assert (seen[-1][0] != seen[best][0]).any()


def test_the_best_is_restored_where_the_training_ends_by_itself():
    net, seen = make(), []
    stopping = nn.EarlyStopping(100)

    def look(training):
        seen.append(training.net.parameters.copy())

    history = fit(net, [stopping, look], validation=blobs(40, seed=1), epochs=60, rate=0.05)
    assert not history.stopped
    assert stopping.best_epoch == int(np.argmin(history.validation_loss)) + 1 < 60
    np.testing.assert_array_equal(net.parameters, seen[stopping.best_epoch - 1])


def test_one_object_serves_two_trainings():
    """What the first training found best has no say in the second."""
    stopping = nn.EarlyStopping(3)
    nets = make(), make()
    for net in nets:
        fit(net, stopping, validation=blobs(40, seed=1), epochs=50, rate=0.05)
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


@pytest.mark.parametrize(
    ("callbacks", "error", "says"),
    [
        ([nn.EarlyStopping()], ValueError, r"validation_loss, and there is none: pass validation=0\.1"),
        ([nn.EarlyStopping], TypeError, "a callback must be a function of the training, or an object"),
        ([3], TypeError, "a callback must be a function"),
    ],
)
def test_what_is_refused(callbacks, error, says):
    with pytest.raises(error, match=says):
        fit(make(), callbacks)


def test_monitors_are_checked():
    with pytest.raises(ValueError, match="by heart"):
        nn.EarlyStopping(monitor="loss")
    with pytest.raises(ValueError, match="patience must be at least 1"):
        nn.EarlyStopping(0)
