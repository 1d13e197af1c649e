"""Recorded steps: a replay is the step that would have been computed, and what cannot be recorded is said in a line."""

import warnings

import numpy as np
import pytest

import tinynn as nn
from tests import strict
from tests.kernels.test_launches import mlp, pixels, trained, with_dropout
from tests.strict import fused
from tests.strict.graphs import Recorder
from tinynn import checkpoint

SCHEDULE = nn.OneCycle(0.02)
OPTIMIZERS = [
    nn.Adam(SCHEDULE),
    nn.AdamW(SCHEDULE, weight_decay=0.1),
    nn.SGD(SCHEDULE, momentum=0.9, nesterov=True, weight_decay=0.01),
    nn.RMSProp(SCHEDULE, momentum=0.5),
    nn.Clipped(nn.Adam(SCHEDULE), 0.5),
    nn.Adam(nn.ReduceOnPlateau(0.05, patience=1, threshold=0.5)),
]


def both_ways(layers, **settings):
    """Parameters, history and optimiser of two trainings, each step by itself and replayed."""
    found = []
    for graphs in (False, True):
        optimizer = settings.get("optimizer", nn.Adam(SCHEDULE)).copy()
        net, history = trained(layers(), "fused", **{**settings, "optimizer": optimizer, "graphs": graphs})
        found.append(
            (strict.asnumpy(net.parameters), strict.asnumpy(net.state), net.step, optimizer.t, history)
        )
    return found


def assert_same(found):
    (theta, state, step, t, history), (again, state_again, step_again, t_again, history_again) = found
    np.testing.assert_array_equal(again, theta)
    np.testing.assert_array_equal(state_again, state)
    assert (step_again, t_again) == (step, t)
    assert history_again.loss == history.loss
    assert history_again.learning_rate == history.learning_rate
    assert history_again.validation_loss == history.validation_loss


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_replayed_training_is_the_same_to_the_bit(optimizer):
    """Rates that change every step, dropout masks of their own in every step, a smaller last batch, validation."""
    x, y = pixels((10,), 30)
    assert_same(both_ways(with_dropout, optimizer=optimizer, epochs=7, batch_size=9, validation=(x, y)))


def test_replay_over_more_steps_than_losses_wait(monkeypatch):
    """Tables and losses come round within an epoch."""
    from tinynn import history, replay

    for module in (history, replay):
        monkeypatch.setattr(module, "READ_EVERY", 5)
    assert_same(both_ways(with_dropout, epochs=3, batch_size=4))


@pytest.mark.parametrize(
    "layers",
    [
        lambda: [nn.Dense(8), nn.BatchNorm(), nn.ReLU(), nn.Dense(3)],
        lambda: [
            nn.Reshape((5, 2, 1)),
            nn.Conv2D(3, 2),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(0.5),
            nn.Dense(3),
        ],
        lambda: [nn.LayerNorm(), nn.Dense(8), nn.SiLU(), nn.Dense(3)],
    ],
    ids=["batch norm", "convolution", "layer norm"],
)
def test_other_layers_are_recorded_too(layers):
    assert_same(both_ways(layers, epochs=4))


def test_weights_and_callbacks_after_a_step():
    weights = np.random.default_rng(3).random(48)
    found = both_ways(
        mlp, weights=weights, epochs=3, callbacks=[nn.MaxNorm(0.5), nn.EarlyStopping(50)], validation=0.2
    )
    assert_same(found)


def test_a_replayed_step_costs_three_launches():
    """Two that gather the batch, and one for all the rest; tables are sent once an epoch."""
    found = []
    for steps in (2, 3):
        with strict.count() as counts:
            trained(with_dropout(), "fused", graphs=True, steps=steps)
        found.append(counts)
    assert found[1].launches - found[0].launches == 3
    assert (found[1].transfers, found[1].allocations) == (found[0].transfers, found[0].allocations)


def test_transfers_of_an_epoch():
    """The order, the rates and the keys once; the losses back once."""
    found = []
    for epochs in (2, 3):
        with strict.count() as counts:
            trained(with_dropout(), "fused", graphs=True, epochs=epochs)
        found.append(counts)
    assert found[1].transfers - found[0].transfers == 3
    assert found[1].synchronisations - found[0].synchronisations == 1


def test_an_interrupted_training_goes_on_replayed(tmp_path, monkeypatch):
    straight, _ = trained(with_dropout(), "fused", graphs=True, epochs=4)

    settings = {"graphs": True, "epochs": 4, "checkpoint": tmp_path / "t.npz"}
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)
    with pytest.raises(KeyboardInterrupt):
        trained(with_dropout(), "fused", callbacks=[Interrupt()], **settings)
    again, _ = trained(with_dropout(), "fused", callbacks=[Interrupt(never=True)], **settings)
    np.testing.assert_array_equal(strict.asnumpy(again.parameters), strict.asnumpy(straight.parameters))


class Interrupt(nn.Callback):
    def __init__(self, never=False):
        self.never = never

    def __repr__(self):
        return "Interrupt"

    def after_step(self, training):
        if training.step == 8 and not self.never:
            raise KeyboardInterrupt


class OwnStep(nn.Optimizer):
    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate

    def step(self, parameters, gradients):
        parameters -= self.rate * gradients


class Broken(Recorder):
    def record(self, work):
        super().record(work)
        raise NotImplementedError("calling cuBLAS API during stream capture is currently unsupported")


class Waits(nn.SoftmaxCrossEntropy):
    __module__ = "tinynn.somewhere"

    def forward(self, outputs, targets, weights=None, out=None):
        float(outputs[0, 0])
        return super().forward(outputs, targets, weights, out)


def own_layer():
    class Own(nn.ReLU):
        pass

    return [nn.Dense(3), Own()]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"device": "cpu"}, "no CUDA graphs on device 'cpu'"),
        ({"device": "strict"}, "no CUDA graphs on device 'strict'"),
        ({"optimizer": OwnStep()}, "OwnStep has a step of its own"),
        ({"optimizer": nn.Clipped(OwnStep())}, "OwnStep has a step of its own"),
        ({"layers": own_layer}, "a layer or the loss is not tinynn's"),
        ({"callbacks": [nn.L2(0.1)]}, "a callback changes or looks at every gradient"),
        ({"loss": Waits()}, r"could not be recorded \(ForbiddenError: synchronisations"),
    ],
    ids=lambda value: "",
)
def test_what_cannot_be_replayed_is_said_once_and_trained_all_the_same(settings, says):
    settings = {"device": "fused", "layers": mlp, "optimizer": nn.Adam(0.01), **settings}
    layers, device = settings.pop("layers"), settings.pop("device")
    settings["optimizer"] = settings["optimizer"].copy()
    with pytest.warns(nn.GraphNotice, match=says) as said:
        net, _ = trained(layers(), device, graphs=True, **settings)
    assert len(said) == 1
    assert "\n" not in str(said[0].message)
    expected, _ = trained(layers(), device, **{**settings, "optimizer": settings["optimizer"].copy()})
    there = [each.backend.to_numpy(each.parameters) for each in (net, expected)]
    np.testing.assert_array_equal(*there)


def test_a_classifier_asks_for_it_too():
    x, y = np.eye(4, dtype=np.float32), [0, 1, 0, 1]
    with pytest.warns(nn.GraphNotice, match="no CUDA graphs on device 'cpu'"):
        model = nn.Classifier(epochs=1, graphs=True).fit(x, y)
    expected = nn.Classifier(epochs=1).fit(x, y)
    np.testing.assert_array_equal(model.network_.parameters, expected.network_.parameters)


def test_a_recording_that_fails_leaves_nothing_behind(monkeypatch):
    """CuPy's own refusal, raised when everything has been launched already."""
    expected, _ = trained(with_dropout(), "fused")
    monkeypatch.setattr(fused.KERNELS, "recorder", Broken())
    with pytest.warns(nn.GraphNotice, match="NotImplementedError: calling cuBLAS"):
        net, _ = trained(with_dropout(), "fused", graphs=True)
    np.testing.assert_array_equal(strict.asnumpy(net.parameters), strict.asnumpy(expected.parameters))
    assert all(layer.key_on_device is None for layer in net.layers if isinstance(layer, nn.Dropout))


def test_no_recorder_says_why(monkeypatch):
    monkeypatch.setattr(fused.KERNELS, "recorder", None)
    monkeypatch.setattr(fused.KERNELS, "no_recorder", "cuBLAS was not found")
    with pytest.warns(nn.GraphNotice, match="cuBLAS was not found"):
        trained(mlp(), "fused", graphs=True)


def test_a_key_that_would_be_the_same_in_every_step_is_refused():
    layer = nn.Sequential([nn.Dropout(0.5)], 4, device="fused").layers[0]
    layer.key_on_device = strict.asarray(np.zeros(2, np.uint32))
    with pytest.raises(RuntimeError, match="the same in every step"):
        layer.step_key()


def test_without_graphs_nothing_is_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trained(mlp(), "cpu")
