"""A healthy training passes without a word, each illness is named once, and nothing of the user's is touched."""

import ast
import json
from pathlib import Path

import numpy as np
import pytest

import tinynn as nn
from tests.tinynn.health_wards import HEALTHY, ILL, conv, mlp, rows
from tinynn import health
from tinynn.health import checkup, diagnose_training
from tinynn.health.baselines import Baselines

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "how-to" / "diagnose-training.md"


def as_training_goes(name, seed, epochs):
    net, loss, x, y, optimizer = HEALTHY[name](seed)
    for already in epochs:
        if already:
            nn.fit(net, loss, optimizer, x, y, epochs=already, batch_size=32, progress=False)
        report = diagnose_training(net, loss, x, y, optimizer, seed=seed)
        assert report.ok, f"seed {seed}, after {already} epochs more:\n{report}"
    reads_well(report)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_has_no_findings(name):
    as_training_goes(name, seed=0, epochs=(0, 3))


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 8))
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_training_has_no_findings_with_any_seed(name, seed):
    as_training_goes(name, seed, epochs=(0, 3, 20))


@pytest.mark.parametrize(("name", "code"), [(name, code) for name, (code, _) in ILL.items()])
def test_each_illness_is_named_and_nothing_else(name, code):
    report = diagnose_training(*ILL[name][1](0))
    assert report.codes == [code], f"{name}:\n{report}"
    assert not report.ok
    reads_well(report)
    assert report.findings[0].sentence
    assert report.findings[0].fix


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 8))
@pytest.mark.parametrize("name", ILL)
def test_each_illness_is_named_with_any_seed(name, seed):
    code, make = ILL[name]
    report = diagnose_training(*make(seed), seed=seed)
    assert report.codes == [code], f"{name}, seed {seed}:\n{report}"


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        ("NaN in a weight", "layer 2, Dense(32)"),
        ("dead second ReLU", "layer 3, ReLU()"),
        ("dead within a block", "layer 1.1, ReLU()"),
        ("softmax twice", "layer 5, Softmax()"),
        ("saturated tanh", "layer 1, Tanh()"),
        ("one gradient missing", "layer 0, WithoutBias(32)"),
        ("NaN from a layer", "layer 1.1, Undefined()"),
    ],
)
def test_the_layer_is_named(name, layer):
    (finding,) = diagnose_training(*ILL[name][1](0)).findings
    assert finding.layer == layer


def test_two_illnesses_that_have_nothing_to_do_with_each_other_are_both_named():
    x, y = rows()
    net = mlp(0, nn.Softmax())
    report = diagnose_training(net, nn.SoftmaxCrossEntropy(), 255 * x, y)
    assert report.codes == ["inputs-not-scaled", "softmax-twice"]


def test_every_code_is_produced_documented_and_has_its_consequences_considered():
    """Codes are read from the source, so that a new one cannot be forgotten."""
    codes = set()
    for path in Path(health.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding":
                first = node.args[0]
                codes |= (
                    {first.value} if isinstance(first, ast.Constant) else {"softmax-twice", "sigmoid-twice"}
                )
    assert codes == {code for code, _ in ILL.values()}
    assert codes == set(checkup.CONSEQUENCES)
    assert set().union(*checkup.CONSEQUENCES.values()) <= set(checkup.EXAMINATIONS)
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [line.split("|")[1] for line in lines if line.startswith("| `")]
    listed = [code for cell in cells for code in cell.split("`")[1::2]]
    assert sorted(listed) == sorted(codes)


def test_nothing_is_touched(device, backend):
    x, y = (array[:100] for array in rows())
    made = []
    for diagnosed in (False, True):
        net = nn.Sequential(
            [nn.Dense(32), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)],
            64,
            seed=3,
            device=device,
        )
        loss, optimizer = nn.SoftmaxCrossEntropy(), nn.Clipped(nn.Adam(1e-2))
        nn.fit(net, loss, optimizer, x, y, epochs=1, batch_size=32, progress=False)
        outputs = net.layers[-1].forward(net.layers[-1].x)  # a layer's buffer
        kept = loss.in_one[1] if loss.in_one else loss.p  # its buffer: a kernel's gradient, or probabilities
        before = [
            backend.to_numpy(a).copy() for a in (net.parameters, net.gradients, net.state, outputs, kept)
        ]
        step, drawn, names = net.step, np.random.get_state()[1].copy(), set(net.layers[1].__dict__)  # noqa: NPY002
        if diagnosed:
            assert diagnose_training(net, loss, x, y, optimizer).ok
        after = [backend.to_numpy(a) for a in (net.parameters, net.gradients, net.state, outputs, kept)]
        assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
        assert net.step == step
        assert set(net.layers[1].__dict__) == names
        np.testing.assert_array_equal(np.random.get_state()[1], drawn)  # noqa: NPY002
        # Everything that is hidden, such as moments and masks, shows in how training goes on.
        nn.fit(net, loss, optimizer, x, y, epochs=1, batch_size=32, progress=False)
        made.append(backend.to_numpy(net.parameters))
    np.testing.assert_array_equal(made[0], made[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_devices_agree(device, dtype):
    x, y = (array[:40] for array in rows())

    def report(where):
        net = conv(0, device=where, dtype=dtype)
        return diagnose_training(net, nn.SoftmaxCrossEntropy(), x.reshape(-1, 8, 8, 1), y, nn.Adam(1e-3))

    there, here = report(device), report("cpu")
    assert there.ok, str(there)
    for a, b in zip(there.layers, here.layers, strict=True):
        np.testing.assert_allclose(
            [a.spread, a.gradient, a.update], [b.spread, b.gradient, b.update], rtol=1e-3
        )


def test_rows_may_lie_on_the_device(device, backend):
    x, y = (array[:40] for array in rows())
    net = mlp(0, device=device)
    optimizer = nn.Adam(1e-3)
    there = diagnose_training(
        net, nn.SoftmaxCrossEntropy(), backend.asarray(x), backend.asarray(y), optimizer
    )
    assert str(there) == str(diagnose_training(net, nn.SoftmaxCrossEntropy(), x, y, optimizer))


def test_pixels_as_bytes_are_scaled_by_the_network():
    data = nn.datasets.load("digits")
    report = diagnose_training(mlp(0), nn.SoftmaxCrossEntropy(), data.x_train, data.y_train, nn.Adam(1e-3))
    assert report.ok, str(report)
    assert "inputs: 0 to 1" in str(report)


def test_the_same_seed_gives_the_same_report():
    x, y = rows()
    one, two = (
        diagnose_training(mlp(0), nn.SoftmaxCrossEntropy(), x, y, nn.Adam(1e-3), seed=5) for _ in range(2)
    )
    assert one.to_json() == two.to_json()


def reads_well(report):
    """Problems first, in 80 columns, and the same as JSON."""
    text = str(report)
    lines = text.splitlines()
    assert max(map(len, lines)) < 80
    first = next(i for i, line in enumerate(lines) if line.startswith(("→", "✓")))
    assert lines[first].startswith("→" if report.findings else "✓")
    assert text.count("→ ") == len(report.findings)
    data = json.loads(report.to_json())
    assert data["ok"] == report.ok
    assert [finding["code"] for finding in data["findings"]] == report.codes
    assert len(data["layers"]) == len(report.layers)


def test_what_is_trained_is_called_trained():
    net, loss, x, y, optimizer = HEALTHY["relu"](0)
    assert "as it should be at first" in str(diagnose_training(net, loss, x, y))
    nn.fit(net, loss, optimizer, x, y, epochs=10, batch_size=32, progress=False)
    report = diagnose_training(net, loss, x, y)
    assert "already trained" in str(report)
    assert report.not_judged == ["learning rate, without optimizer="]


def test_the_highest_rate_of_a_schedule_is_judged():
    x, y = rows()
    optimizer = nn.Clipped(nn.Adam(nn.OneCycle(1e2)))
    assert diagnose_training(mlp(0), nn.SoftmaxCrossEntropy(), x, y, optimizer).codes == [
        "learning-rate-too-large"
    ]


def test_vitals_are_what_they_say():
    x, y = rows()
    net = nn.Sequential([nn.Dense(16), nn.ReLU(), nn.Dense(10)], 64, dtype="float64")
    net.layers[0].b[:4] = -100
    net.layers[0].W[0, 5] = 0.3
    dense, relu, _ = diagnose_training(net, nn.SoftmaxCrossEntropy(), x, y, nn.SGD(0.1)).layers
    sample = np.sort(np.random.default_rng((0, 0)).permutation(len(x))[:256])
    z = x[sample] @ net.layers[0].W + net.layers[0].b
    np.testing.assert_allclose(dense.spread, np.sqrt(np.mean(z.std(axis=0) ** 2)))
    assert relu.dead == (z <= 0).all(axis=0).mean() >= 4 / 16
    assert np.isnan(relu.gradient)
    assert 1e-4 < dense.update < 1e-1


def test_dropout_is_off_and_weights_that_start_at_zero_have_no_update_ratio():
    x, y = rows()
    net = nn.Sequential([nn.Dense(16), nn.Tanh(), nn.Dropout(0.9), nn.Dense(10)], 64)
    net.layers[3].W[...] = 0
    layers = diagnose_training(net, nn.SoftmaxCrossEntropy(), x, y, nn.Adam(1e-3)).layers
    assert layers[2].spread == layers[1].spread
    assert np.isnan(layers[3].update)


def test_an_update_is_the_step_over_the_weights():
    x, y = (array[:20] for array in rows())
    net = nn.Sequential([nn.Dense(10)], 64, dtype="float64")
    (vital,) = diagnose_training(net, nn.SoftmaxCrossEntropy(), x, y, nn.Adam(1e-4)).layers
    optimizer, ratios = nn.Adam(1e-4), []
    for _ in range(5):  # with so few rows, a batch is all of them
        before = net.layers[0].W.copy()
        nn.fit(net, nn.SoftmaxCrossEntropy(), optimizer, x, y, steps=1, progress=False)
        ratios.append(np.linalg.norm(net.layers[0].W - before) / np.linalg.norm(before))
    np.testing.assert_allclose(vital.update, np.median(ratios))


@pytest.mark.parametrize(
    ("loss", "shape", "y", "chance", "constant", "perfect"),
    [
        (nn.SoftmaxCrossEntropy(), (4,), np.array([0, 0, 0, 1]), np.log(4), 0.5623351, 0.0),
        (
            nn.SoftmaxCrossEntropy(label_smoothing=0.4),
            (4,),
            np.array([0, 1, 2, 3]),
            np.log(4),
            np.log(4),
            0.9404479,
        ),
        (nn.BinaryCrossEntropy(), (1,), np.array([[0.0], [0], [0], [1]]), np.log(2), 0.5623351, 0.0),
        (nn.MeanSquaredError(), (1,), np.array([[1.0], [3.0]]), 1.0, 1.0, 0.0),
    ],
)
def test_baselines(loss, shape, y, chance, constant, perfect):
    found = Baselines(loss, shape)
    np.testing.assert_allclose(
        [found.chance(y), found.constant(y), found.perfect(y)], [chance, constant, perfect], atol=1e-6
    )


def test_a_loss_of_ones_own_is_examined_as_far_as_it_goes():
    class Quartic(nn.MeanSquaredError):
        pass

    class Unknown(nn.Loss):
        def forward(self, outputs, targets, weights=None, out=None):
            outputs, targets = self.adopt(outputs, targets)
            self.difference = outputs - targets
            return (self.difference**4).mean()

        def backward(self):
            return 4 * self.difference**3 / self.difference.size

    x, y = rows()
    net = nn.Sequential([nn.Dense(16), nn.Tanh(), nn.Dense(1)], 64)
    report = diagnose_training(net, Unknown(), x, (y[:, None] - 4.5) / 3, nn.Adam(1e-3))
    assert report.ok, str(report)
    assert "not known for this loss" in str(report)
    assert "agree with the slope" in str(report)


def test_what_does_not_fit_is_refused():
    x, y = rows()
    net, loss = mlp(0), nn.SoftmaxCrossEntropy()
    with pytest.raises(ValueError, match="rows of shape"):
        diagnose_training(net, loss, x[:, :9], y)
    with pytest.raises(ValueError, match="outside 0 to 9"):
        diagnose_training(net, loss, x, y + 1)
    with pytest.raises(TypeError, match=r"write Adam\(\)"):
        diagnose_training(net, loss, x, y, nn.Adam)
    with pytest.raises(TypeError, match=r"write SoftmaxCrossEntropy\(\)"):
        diagnose_training(net, nn.SoftmaxCrossEntropy, x, y)


def test_few_rows_are_enough():
    x, y = rows()
    assert diagnose_training(mlp(0), nn.SoftmaxCrossEntropy(), x[:5], y[:5], nn.Adam(1e-3)).ok


@pytest.mark.parametrize("rate", [nn.SGD(10.0), nn.SGD(3.0), nn.Adam(1.0)], ids=repr)
def test_a_rate_at_which_nothing_is_learned_is_too_large(rate):
    """After twenty epochs at these rates the network is right as often as by chance."""
    data = nn.datasets.load("digits")
    for units in (16, 64):
        net = nn.Sequential([nn.Dense(units), nn.ReLU(), nn.Dense(10)], 64)
        report = nn.diagnose_training(net, nn.SoftmaxCrossEntropy(), data.x_train, data.y_train, rate)
        assert "learning-rate-too-large" in report.codes, str(report)
