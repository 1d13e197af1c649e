"""Checkpoints: an interrupted training ends where an uninterrupted one does, bit for bit, even if it was killed."""

import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

import tinynn as nn
from tinynn import checkpoint


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 0)


def blobs(n=60, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return rng.normal(0, 1, (n, 4)) + np.eye(3, 4)[y], y


def make(device="cpu", **settings):
    layers = [
        nn.Dense(16),
        nn.BatchNorm(),
        nn.ReLU(),
        nn.Dropout(0.3),
        nn.Residual([nn.Dense(16)]),
        nn.Dense(3),
    ]
    return nn.Sequential(layers, 4, device=device, **settings)


OPTIMIZERS = {
    "sgd": lambda: nn.SGD(0.1),
    "nesterov": lambda: nn.SGD(nn.CosineDecay(0.1), momentum=0.9, nesterov=True),
    "rmsprop": lambda: nn.RMSProp(0.01, momentum=0.5),
    "adam": lambda: nn.Adam(0.01),
    "adamw": lambda: nn.AdamW(nn.OneCycle(0.01)),
    "clipped": lambda: nn.Clipped(nn.Adam(nn.ReduceOnPlateau(0.05, patience=1)), 0.5),
}


class Interrupt(nn.Callback):
    """Ctrl-C, within an epoch."""

    def __init__(self):
        self.at = None

    def after_step(self, training):
        if training.step == self.at:
            raise KeyboardInterrupt


def train(path, net=None, optimizer=None, at=None, x=None, y=None, **settings):
    net = net or make()
    interrupt = Interrupt()
    interrupt.at = at
    given = blobs()
    settings = {
        "epochs": 8,
        "batch_size": 25,
        "validation": 0.2,
        "callbacks": [nn.EarlyStopping(3), nn.L2(1e-3), interrupt],
        "seed": 3,
    } | settings
    x, y = (given[0] if x is None else x), (given[1] if y is None else y)
    history = nn.fit(
        net, nn.SoftmaxCrossEntropy(), optimizer or nn.Adam(0.01), x, y, checkpoint=path, **settings
    )
    return net, history


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("moments", [[5], [4, 7], [1, 2, 9]])
def test_an_interrupted_training_ends_at_the_same_place(tmp_path, name, moments, device, backend):
    path = tmp_path / "run.npz"
    expected, its_history = train(None, make(device), OPTIMIZERS[name]())
    for at in moments:
        with pytest.raises(KeyboardInterrupt):
            train(path, make(device), OPTIMIZERS[name](), at=at)
    net, history = train(path, make(device), OPTIMIZERS[name]())
    for one, other in ((net.parameters, expected.parameters), (net.state, expected.state)):
        np.testing.assert_array_equal(backend.to_numpy(one), backend.to_numpy(other))
    assert net.step == expected.step
    assert history.loss == its_history.loss
    assert history.validation_loss == its_history.validation_loss
    assert history.learning_rate == its_history.learning_rate
    assert history.stopped == its_history.stopped


def test_a_finished_training_is_not_repeated(tmp_path, monkeypatch):
    path, steps = tmp_path / "run.npz", []
    step = nn.Adam.step
    monkeypatch.setattr(nn.Adam, "step", lambda *given: (steps.append(1), step(*given)))
    expected, history = train(path)
    taken = len(steps)
    net, again = train(path)
    assert len(steps) == taken > 0
    np.testing.assert_array_equal(net.parameters, expected.parameters)
    assert again == history


def test_distorted_batches_go_on_where_they_were(tmp_path):
    path = tmp_path / "run.npz"
    expected, _ = train(None, augment=Noise())
    with pytest.raises(KeyboardInterrupt):
        train(path, at=5, augment=Noise())
    net, _ = train(path, augment=Noise())
    np.testing.assert_array_equal(net.parameters, expected.parameters)
    assert (net.parameters != train(None)[0].parameters).any()


class Noise:
    """A distortion by seed and step."""

    def __call__(self, x, seed, step):
        return x + np.random.default_rng((seed, step)).normal(0, 0.1, x.shape).astype(x.dtype)

    def __repr__(self):
        return "Noise()"


def test_batches_of_a_function_go_on_with_the_right_epoch_and_distortion(tmp_path):
    def batches(epoch):
        x, y = blobs(seed=epoch)
        return ((x[i : i + 20], y[i : i + 20]) for i in range(0, 60, 20))

    def run(path, at=None):
        net, interrupt = make(), Interrupt()
        interrupt.at = at
        optimizer = nn.Adam(nn.CosineDecay(0.01))
        nn.fit(
            net,
            nn.SoftmaxCrossEntropy(),
            optimizer,
            batches,
            steps=15,
            checkpoint=path,
            callbacks=interrupt,
            augment=Noise(),
        )
        return net.parameters

    expected = run(None)
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "run.npz", at=7)
    np.testing.assert_array_equal(run(tmp_path / "run.npz"), expected)


PROGRAM = """
    import numpy as np, sys, tinynn as nn
    from tinynn import checkpoint
    checkpoint.SECONDS_BETWEEN = 0
    data = nn.datasets.load("digits")
    layers = [nn.Dense(32), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    net = nn.Sequential(layers, 64, seed=1)
    nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(nn.CosineDecay(0.01)), data.x_train, data.y_train, epochs=60,
           checkpoint=sys.argv[1], callbacks=[lambda t: print(t.epoch, flush=True)])
    np.save(sys.argv[2], net.parameters)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_killed(tmp_path):
    """SIGKILL, at whatever it is doing, three times."""
    program = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    whole = tmp_path / "whole.npy"
    subprocess.run([*program, tmp_path / "a.npz", whole], check=True, capture_output=True)
    kills, last = 0, 0
    for epochs in (5, 12, 7):
        with subprocess.Popen(
            [*program, tmp_path / "b.npz", tmp_path / "part.npy"], stdout=subprocess.PIPE
        ) as run:
            lines = [run.stdout.readline() for _ in range(epochs)]
            epoch = int(lines[-1])
            time.sleep(0.001 * kills)
            run.send_signal(signal.SIGKILL)
        assert run.returncode == -signal.SIGKILL
        assert epoch > last or not last  # it went on, and did not begin anew
        last, kills = epoch, kills + 1
    subprocess.run([*program, tmp_path / "b.npz", tmp_path / "part.npy"], check=True, capture_output=True)
    np.testing.assert_array_equal(np.load(tmp_path / "part.npy"), np.load(whole))


def test_an_unfinished_write_leaves_the_checkpoint_before(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        train(path, at=5)
    before = path.read_bytes()

    def full(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(checkpoint, "write_vectors", full)
    with pytest.raises(OSError, match="full"):
        train(path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["run.npz"]


X, Y = blobs()


def changed_once(x):
    x = x.copy()
    x[1, 1] += 1
    return x


class Twice:
    def __call__(self, x, seed, step):
        return 2 * x

    def __repr__(self):
        return "Twice()"


def trained():
    net = make()
    nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(), X, Y)
    net.step = 0
    return net


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"net": nn.Sequential([nn.Dense(3)], 4)},
            r"layers: \['Dense\(16\)'.*; now it is \['Dense\(3\)'\]",
        ),
        ({"net": make(seed=5)}, "seed of the network: 0; now it is 5"),
        ({"net": make(dtype="float64")}, "dtype: float32; now it is float64"),
        ({"optimizer": nn.SGD(0.1)}, r"optimizer: Adam\(learning_rate=0.01\); now it is SGD"),
        ({"epochs": 9}, "steps in all: 16; now it is 18"),
        ({"batch_size": 26}, "batch size: 25; now it is 26"),
        ({"seed": 4}, "seed of the order: 3; now it is 4"),
        ({"x": changed_once(X)}, "x: "),
        ({"weights": np.arange(60.0)}, "weights: None; now it is "),
        ({"validation": blobs(seed=1)}, r"rows: 48; now it is 60"),
        ({"augment": Twice()}, r"distortion: None; now it is Twice\(\)"),
        ({"net": trained()}, "starting parameters: "),
        ({"y": Y[::-1]}, "y: "),
        ({"callbacks": []}, "callbacks: .*EarlyStopping.*; now it is "),
    ],
)
def test_another_training(tmp_path, settings, says):
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        train(path, at=5)
    net = settings.pop("net", None) or make()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=f"checkpoint of another training, with {says}"):
        train(path, net, **settings)
    np.testing.assert_array_equal(net.parameters, before)


def test_files_that_are_none(tmp_path):
    path = tmp_path / "run.npz"
    with pytest.raises(KeyboardInterrupt):
        train(path, at=5)
    good = path.read_bytes()
    make().save(tmp_path / "model.npz")
    np.savez(tmp_path / "hostile.npz", training=np.array([{"a": print}], dtype=object))
    np.savez(tmp_path / "foreign.npz", x=X)
    for name, content in (
        ("text", b"hello"),
        ("empty", b""),
        ("short", good[:-100]),
        ("half", good[: len(good) // 2]),
    ):
        (tmp_path / f"{name}.npz").write_bytes(content)
    damaged = bytearray(good)
    damaged[len(good) // 3] ^= 255
    (tmp_path / "damaged.npz").write_bytes(damaged)
    for name in ("model", "hostile", "foreign", "text", "empty", "short", "half", "damaged"):
        file = tmp_path / f"{name}.npz"
        content = file.read_bytes()
        with pytest.raises(ValueError, match=rf"{name}\.npz.* is not a checkpoint that tinynn wrote"):
            train(file)
        assert file.read_bytes() == content


def test_an_iterator_cannot_go_on(tmp_path):
    with pytest.raises(ValueError, match="iterator cannot go on from a checkpoint"):
        nn.fit(
            make(),
            nn.SoftmaxCrossEntropy(),
            nn.Adam(),
            iter([blobs()]),
            steps=1,
            checkpoint=tmp_path / "run.npz",
        )


def test_written_every_few_seconds(tmp_path, monkeypatch):
    """At the end in any case; between, not more often than every few seconds."""
    writes, clock = [], [0.0]
    write = checkpoint.write_vectors
    monkeypatch.setattr(checkpoint, "write_vectors", lambda *given: (writes.append(clock[0]), write(*given)))
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", 5.0)
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: clock[0])

    def tick(training):
        clock[0] += 2.0

    train(tmp_path / "run.npz", epochs=8, callbacks=[tick])
    assert writes == [6.0, 12.0, 16.0]


def test_other_validation_rows_are_another_training(tmp_path):
    path = tmp_path / "run.npz"
    train(path, validation=blobs(30, seed=1))
    with pytest.raises(ValueError, match="validation rows: "):
        train(path, validation=blobs(30, seed=2))


@pytest.mark.parametrize(
    ("path", "error", "says"),
    [
        ("nowhere/run.npz", FileNotFoundError, "there is no folder .*nowhere"),
        (".", IsADirectoryError, "is a folder"),
        ("", TypeError, "must be the name of a file"),
        (True, TypeError, "must be the name of a file"),
    ],
)
def test_a_place_that_cannot_be_is_an_error_before_the_first_step(path, error, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    net = make()
    before = net.parameters.copy()
    with pytest.raises(error, match=says):
        train(path, net)
    np.testing.assert_array_equal(net.parameters, before)
