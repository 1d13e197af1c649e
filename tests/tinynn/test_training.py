"""Training: that it learns, what is recorded, what it costs on a device, and what it refuses."""

import re

import numpy as np
import pytest
from scipy.special import log_softmax

import tinynn as nn
from tests import strict


def make(seed=0, **where):
    return nn.Sequential([nn.Dense(8), nn.Tanh(), nn.Dropout(0.25), nn.Dense(3)], (4,), seed=seed, **where)


def blobs(n=90, seed=0, spread=0.3):
    """Three clouds of points."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return rng.normal(0, spread, (n, 4)) + np.eye(3, 4)[y], y


def fit(net, x, y, optimizer=None, **settings):
    return nn.fit(net, nn.SoftmaxCrossEntropy(), optimizer or nn.Adam(0.01), x, y, **settings)


def accuracy(net, x, y):
    return np.mean(net.backend.to_numpy(net.forward(x)).argmax(axis=1) == y)


def test_learns(device):
    net = make(device=device)
    x, y = blobs()
    history = fit(net, x, y, epochs=40, batch_size=16)
    assert accuracy(net, *blobs(seed=1)) > 0.95
    assert history.loss[-1] < history.loss[0] / 2
    assert len(history) == len(history.seconds) == 40
    assert min(history.seconds) > 0


def test_devices_agree(device, backend):
    x, y = blobs()
    nets = make(device=device, dtype="float64"), make(dtype="float64")
    for net in nets:
        fit(net, x, y, epochs=3, batch_size=16)
    np.testing.assert_allclose(
        backend.to_numpy(nets[0].parameters), nets[1].parameters, rtol=1e-9, atol=1e-12
    )


def test_same_seed_same_parameters_to_the_bit():
    x, y = blobs()

    def trained(seed=0, order=0):
        net = make(seed)
        history = fit(net, x, y, epochs=3, batch_size=16, seed=order)
        return net.parameters, history.loss

    first, losses = trained()
    again, losses_again = trained()
    np.testing.assert_array_equal(first, again)
    assert losses == losses_again
    assert (first != trained(seed=1)[0]).any()
    assert (first != trained(order=1)[0]).any()


def test_one_step_of_gradient_descent_by_hand():
    x, y = blobs(6)
    net = nn.Sequential([nn.Dense(3)], (4,), dtype="float64")
    W = net.layers[0].W.copy()
    fit(net, x, y, nn.SGD(0.5), steps=1)
    p = np.exp(log_softmax(x @ W, axis=1))
    np.testing.assert_allclose(net.layers[0].W, W - 0.5 * x.T @ (p - np.eye(3)[y]) / 6, rtol=1e-12)


def test_training_continues():
    """The network goes on from its parameters, the optimiser from its moments."""
    x, y = blobs()
    net, optimizer = make(), nn.Adam(0.01)
    first = fit(net, x, y, optimizer, epochs=10).loss
    second = fit(net, x, y, optimizer, epochs=10).loss
    assert second[0] < first[-1] * 1.2 < first[0]
    assert optimizer.t == 20
    assert net.step == 20


def test_history_is_the_mean_over_rows():
    """With next to no learning rate, the mean over batches of 4, 4 and 2 rows is the mean over all rows."""
    x, y = blobs(10)
    net = nn.Sequential([nn.Dense(3)], (4,), dtype="float64")
    history = fit(net, x, y, nn.SGD(1e-12), epochs=2, batch_size=4)
    expected = -log_softmax(net.forward(x), axis=1)[np.arange(10), y].mean()
    assert history.loss == pytest.approx([expected] * 2, rel=1e-9)


def test_validation(device, backend):
    x, y = blobs()
    xv, yv = blobs(n=1030, seed=1, spread=1)  # more than are evaluated at once
    net = make(device=device, dtype="float64")
    history = fit(net, x, y, epochs=3, validation=(xv, yv))
    assert len(history.validation_loss) == len(history.validation_accuracy) == 3
    logits = backend.to_numpy(net.forward(xv))
    loss = -log_softmax(logits, axis=1)[np.arange(len(yv)), yv].mean()
    assert history.validation_loss[-1] == pytest.approx(loss, rel=1e-9)
    assert history.validation_accuracy[-1] == pytest.approx(np.mean(logits.argmax(axis=1) == yv))
    assert f"accuracy {history.validation_accuracy[-1]:.2%}" in history.last()


def test_looking_on_changes_nothing():
    x, y = blobs()
    watched, alone = make(), make()
    fit(watched, x, y, epochs=3, validation=blobs(seed=1))
    assert not fit(alone, x, y, epochs=3).validation_loss
    np.testing.assert_array_equal(watched.parameters, alone.parameters)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pixels_are_numbers_from_zero_to_one(dtype, device, backend):
    pixels = np.random.default_rng(0).integers(256, size=(20, 4), dtype=np.uint8)
    y = np.arange(20) % 3
    nets = make(device=device, dtype=dtype), make(device=device, dtype=dtype)
    fit(nets[0], pixels, y, epochs=3, batch_size=8)
    fit(nets[1], pixels / 255, y, epochs=3, batch_size=8)
    a, b = (backend.to_numpy(net.parameters) for net in nets)
    np.testing.assert_allclose(a, b, rtol=1e-4 if dtype == "float32" else 1e-9, atol=1e-5)


def test_data_on_disk_and_in_lists(tmp_path):
    x, y = blobs()
    np.save(tmp_path / "x.npy", x)
    nets = [make() for _ in range(3)]
    for net, rows in zip(nets, (x, np.load(tmp_path / "x.npy", mmap_mode="r"), x.tolist()), strict=True):
        fit(net, rows, y.tolist(), epochs=2)
        np.testing.assert_array_equal(net.parameters, nets[0].parameters)


def test_data_on_the_device(device, backend):
    x, y = blobs()
    nets = make(device=device), make(device=device)
    fit(nets[0], x, y, epochs=2)
    fit(nets[1], backend.asarray(x), y, epochs=2)
    np.testing.assert_array_equal(*(backend.to_numpy(net.parameters) for net in nets))


def test_callers_arrays_are_left_alone():
    x, y = blobs()
    before = x.copy(), y.copy()
    fit(make(dtype="float64"), x, y, epochs=2)
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_what_an_epoch_costs_on_a_device():
    """The data travels once; then the order once an epoch, and the losses back once an epoch."""
    x, y = blobs(32)
    costs = []
    for epochs in (1, 2, 12):
        net = make(device="strict")
        with strict.count() as counts:
            fit(net, x, y, epochs=epochs, batch_size=8)
        costs.append(counts)
    one, two, twelve = costs
    for kind, an_epoch in (("transfers", 1), ("synchronisations", 1), ("allocations", 1)):
        assert getattr(two, kind) - getattr(one, kind) == an_epoch, str(two)
        assert getattr(twelve, kind) - getattr(two, kind) == 10 * an_epoch


# Progress, and what is refused.


@pytest.mark.parametrize(
    ("progress", "terminal", "shown"),
    [
        (True, False, True),
        (False, True, False),
        (None, True, True),
        (None, False, False),
    ],
)
def test_progress_bar(progress, terminal, shown, capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    fit(make(), *blobs(), epochs=2, batch_size=16, progress=progress)
    out, err = capsys.readouterr()
    assert not out
    assert ("12/12" in err and "loss" in err) if shown else not err


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_loss_that_is_no_number():
    x, y = blobs()
    net = nn.Sequential([nn.Dense(8), nn.ReLU(), nn.Dense(3)], (4,))
    with pytest.raises(
        FloatingPointError,
        match=r"the loss became (nan|inf) at step \d+, in epoch \d+\. It began in .*learning rate",
    ):
        fit(net, x, y, nn.SGD(1e30), epochs=20)


def spoiled(value, row=5):
    x = blobs()[0]
    x[row, 2] = value
    return x


X, Y = blobs()


@pytest.mark.parametrize(
    ("x", "y", "settings", "says"),
    [
        (X, Y + 1, {}, r"label 3 in row 2 is outside 0 to 2: the network has 3 outputs"),
        (X, Y - 1, {}, r"label -1 in row 0 is outside 0 to 2"),
        (X, Y + 0.0, {}, "whole numbers, not float64"),
        (X, Y[1:], {}, r"y must have shape \(90,\).*\(89,\)"),
        (spoiled(np.nan), Y, {}, "NaN or infinite values, first in row 5"),
        (spoiled(np.inf), Y, {}, "NaN or infinite values, first in row 5"),
        (spoiled(-np.inf, 0), Y, {}, "NaN or infinite values, first in row 0"),
        (X[:, :3], Y, {}, r"x must have shape \(n, 4\).*\(90, 3\)"),
        (X[0], Y, {}, r"one row an example.*\(4,\)"),
        (X[:0], Y[:0], {}, r"empty.*\(0, 4\)"),
        (X.astype(str), Y, {}, "x must hold numbers"),
        (X, Y, {"epochs": 0}, "epochs must be at least 1, and a whole number, not 0"),
        (X, Y, {"steps": 0}, "steps must be at least 1, and a whole number, not 0"),
        (X, Y, {"batch_size": 0}, "batch_size must be at least 1, and a whole number, not 0"),
        (X, Y, {"validation": (X[:, :3], Y)}, r"x must have shape \(n, 4\)"),
        (X, Y, {"validation": (X, Y + 1)}, "label 3"),
    ],
)
def test_what_is_refused(x, y, settings, says):
    net = make()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=says):
        fit(net, x, y, **settings)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.slow
@pytest.mark.skipif(not nn.datasets.available("mnist"), reason="MNIST is not on this machine")
def test_mnist():
    """784-128-64-10 is right about 97.5 % of the test images within ten epochs."""
    data = nn.datasets.load("mnist")
    layers = [nn.Dense(128), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(10)]
    net, optimizer = nn.Sequential(layers, (784,)), nn.Adam(1e-3)
    reached = 0.0
    for epoch in range(10):
        fit(net, data.x_train, data.y_train, optimizer, seed=epoch)
        reached = accuracy(net, data.x_test, data.y_test)
        if reached >= 0.975:
            break
    assert reached >= 0.975


@pytest.mark.parametrize(
    "layers", [[nn.Dense(3)], [nn.Reshape((2, 2, 1)), nn.Conv2D(4, 2), nn.Flatten(), nn.Dense(3)]]
)
def test_the_bar_tells_loss_accuracy_speed_and_the_time_left(layers, capsys, monkeypatch):
    import tqdm

    monkeypatch.setattr(tqdm.tqdm, "monitor_interval", 0)
    x, y = blobs()
    net = nn.Sequential(layers, 4)
    fit(net, x, y, epochs=3000, batch_size=90, progress=True)
    shown = capsys.readouterr().err
    assert re.search(r"loss 0\.\d{4}, accuracy \d+%, [\d,]+ rows/s", shown)
    assert "3000/3000" in shown
    assert re.search(r"\d\d:\d\d<\d\d:\d\d", shown)


def test_accuracy_of_a_batch(device):
    from tinynn.replicas import Passes

    net = make(device=device)
    x, y = blobs()
    with Passes(net, nn.SoftmaxCrossEntropy()) as passes:
        rows, targets = net.to_input(x), net.backend.asarray(y)
        passes.forward(rows, targets, None, out=net.backend.xp.empty(1, dtype=net.dtype)[0, ...])
        outputs = net.backend.to_numpy(passes.outputs)
        assert passes.accuracy(targets) == pytest.approx(np.mean(outputs.argmax(axis=1) == y))
    with Passes(net, nn.MeanSquaredError()) as passes:
        numbers = net.backend.xp.zeros((len(x), 3), dtype=net.dtype)
        passes.forward(rows, numbers, None, out=net.backend.xp.empty(1, dtype=net.dtype)[0, ...])
        assert passes.accuracy(numbers) is None


def test_accuracy_of_distributions_and_of_yes_and_no(device):
    x, y = blobs()
    net = make(device=device)
    classes = np.eye(3)[y]
    loss, labels = nn.SoftmaxCrossEntropy(), nn.evaluate(net, nn.SoftmaxCrossEntropy(), x, y)
    assert nn.evaluate(net, loss, x, 0.8 * classes + 0.2 / 3) == (
        pytest.approx(labels[0], abs=0.5),
        labels[1],
    )
    answers = net.forward(net.to_input(x))
    yes = net.backend.to_numpy(answers) > 0
    half = yes ^ (np.arange(3) == 1)  # of three answers a row, the middle one is wrong
    assert nn.evaluate(net, nn.BinaryCrossEntropy(), x, half.astype(float))[1] == pytest.approx(2 / 3)
    assert nn.evaluate(net, nn.MeanSquaredError(), x, classes)[1] is None
    history = nn.fit(net, loss, nn.Adam(), x, classes, validation=(x, classes))
    assert len(history.validation_accuracy) == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"optimizer": "adam"}, "optimizer must be an Optimizer, such as nn.Adam"),
        ({"optimizer": nn.Adam}, "optimizer must be an Optimizer"),
        ({"loss": "ce"}, "loss must be a Loss, such as nn.SoftmaxCrossEntropy"),
        ({"loss": nn.Adam()}, "loss must be a Loss"),
        ({"loss": nn.SoftmaxCrossEntropy}, r"write SoftmaxCrossEntropy\(\)"),
        ({"net": nn.Classifier()}, "fit trains a Sequential"),
        ({"augment": True}, "augment must be an Augment"),
        ({"augment": nn.Augment}, "augment must be an Augment"),
        ({"callbacks": "EarlyStopping"}, "not 'EarlyStopping'"),
    ],
)
def test_things_of_the_wrong_kind(given, says):
    settings = {"net": make(), "loss": nn.SoftmaxCrossEntropy(), "optimizer": nn.Adam()} | given
    with pytest.raises(TypeError, match=says):
        nn.fit(x=X, y=Y, **settings)


def test_evaluate_is_what_validation_says(device):
    x, y = blobs(n=2100, spread=1)
    net, loss = make(device=device), nn.SoftmaxCrossEntropy()
    history = nn.fit(net, loss, nn.Adam(), X, Y, validation=(x, y))
    assert nn.evaluate(net, loss, x, y) == (history.validation_loss[0], history.validation_accuracy[0])
    with pytest.raises(ValueError, match="outside 0 to 2"):
        nn.evaluate(net, loss, x, y + 1)


@pytest.mark.parametrize(
    "make_it", [lambda: nn.Adam("0.1"), lambda: nn.L2("a"), lambda: nn.SGD(0.1, "b"), lambda: nn.Adam(True)]
)
def test_settings_that_are_no_numbers(make_it):
    with pytest.raises(ValueError, match=r"(learning_rate|strength|momentum) must be"):
        make_it()
