"""The checker itself: its oracles, what it skips, what it refuses, what it says."""

import json
import math

import numpy as np
import pytest

import tinynn as nn
from tests.museum import activations, weights
from tinynn import oracles
from tinynn.gradcheck import check_gradients

RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 4))


def network(dtype="float32"):
    return nn.Sequential([nn.Dense(6), nn.Tanh(), nn.Dropout(0.3), nn.Dense(3)], (4,), dtype=dtype)


LABELS = np.array([0, 2, 1, 1, 0])


@pytest.mark.parametrize("f", [(np.sin, np.cos), (np.exp, np.exp), (lambda x: x**5, lambda x: 5 * x**4)])
def test_the_step_that_survives_gives_eleven_digits(f):
    """Equation `check-richardson` of `docs/derivations/gradient-checking.md`."""
    x = np.linspace(0.3, 2, 7)
    moves = [oracles.mover(x, i) for i in range(7)]
    found, smooth, step = oracles.differences(lambda: f[0](x).copy(), moves, 1.0, np.random.default_rng(0))
    assert smooth.all()
    assert 1e-5 < step < 1e-1
    np.testing.assert_allclose(np.diag(found), f[1](x), rtol=1e-10)


@pytest.mark.parametrize("distance", [0.0, 1e-9, 1e-6, 1e-4, 1e-3])
def test_a_kink_is_met_or_avoided_and_never_averaged(distance):
    x = np.array([distance, 1.0, -1.0])
    moves = [oracles.mover(x, i) for i in range(3)]
    found, smooth, _ = oracles.differences(lambda: np.abs(x).copy(), moves, 1.0, np.random.default_rng(0))
    assert smooth.tolist()[1:] == [True, True]
    assert smooth[0] == (distance > 1e-7)
    np.testing.assert_allclose(np.diag(found)[smooth], np.where(x < 0, -1, 1)[smooth], rtol=1e-9)


def test_a_kink_is_skipped_by_the_name_of_the_layer():
    x = X.copy()
    x[0, 1] = x[3, 2] = 0
    net = nn.Sequential([nn.ReLU(), nn.Dense(3)], (4,))
    report = check_gradients(net, nn.SoftmaxCrossEntropy(), x, LABELS)
    assert report.ok
    assert {v.name: v.skipped for v in report.variables} == {"1 Dense.W": 0, "1 Dense.b": 0, "x": 2}
    assert "2 of x" in str(report)
    assert "layer 0 ReLU" in str(report)


def test_nothing_but_kinks_is_no_success():
    report = check_gradients(nn.ReLU(), np.zeros((3, 4)))
    assert not report.ok
    assert report.codes == ["nothing-checked"]


def test_a_float32_network_is_checked_in_float64_and_left_as_it_was():
    net = network()
    before, step = net.parameters.copy(), net.step
    report = check_gradients(net, nn.SoftmaxCrossEntropy(), X, LABELS)
    assert report.ok
    assert report.max_relative_error < 1e-9
    assert "float32" in str(report)
    assert "float32" not in str(check_gradients(network("float64"), nn.SoftmaxCrossEntropy(), X, LABELS))
    assert net.step == step
    np.testing.assert_array_equal(net.parameters, before)


def test_the_complex_step_confirms_where_it_can():
    """Equation `check-complex` of `docs/derivations/gradient-checking.md`."""
    assert "complex step: agrees" in check_gradients(nn.Tanh(), X).method

    class Modulus:
        def forward(self, x):
            self.x = x
            return np.abs(x)

        def backward(self, dy):
            return dy * np.sign(self.x)

    report = check_gradients(Modulus(), X)
    assert report.ok
    assert "complex step: not used" in report.method


@pytest.mark.parametrize("mode", ["full", "projected"])
@pytest.mark.parametrize("factor", [0.0, -1.0, 1 + 1e-5, 2.0])
def test_both_modes_catch_a_small_error_and_an_all_zero_gradient(mode, factor):
    class Scaled(nn.Dense):
        def backward(self, dy, input_gradient=True):
            dx = super().backward(dy, input_gradient)
            self.dW *= factor
            return dx

    def check(layer):
        net = nn.Sequential([nn.Dense(7), nn.Tanh(), layer], (9,))
        x, y = np.random.default_rng(1).normal(size=(5, 9)), LABELS
        return check_gradients(net, nn.SoftmaxCrossEntropy(), x, y, mode=mode)

    assert check(nn.Dense(3)).ok
    report = check(Scaled(3))
    assert [v.name for v in report.variables if v.verdict == "wrong"] == [
        "2 Dense.W".replace("Dense", "Scaled")
    ]
    assert not report.ok


def test_a_gradient_that_truly_is_zero_passes_and_a_claim_of_zero_does_not():
    """Equation `check-relative` of `docs/derivations/gradient-checking.md`, where all of a gradient is missing."""
    net = nn.Sequential(
        [nn.Dense(3), nn.BatchNorm(), nn.Dense(2)], (4,)
    )  # normalisation cancels the first bias
    report = check_gradients(net, nn.SoftmaxCrossEntropy(), X, LABELS % 2)
    assert report.ok
    zero = check_gradients(lambda x: 1e-6 * np.sum(x**2), np.zeros_like, X)
    assert zero.codes == ["zero-gradient"]
    assert zero.max_relative_error == pytest.approx(1)


def test_the_worst_entry_is_shown_with_both_values():
    def gradient(x):
        dx = 2 * x
        dx[2, 1] += 5
        return dx

    report = check_gradients(lambda x: np.sum(x**2), gradient, X)
    (v,) = report.variables
    assert v.worst == (2, 1)
    assert (v.claimed - v.expected) / 5 == pytest.approx(v.claimed / gradient(X)[2, 1])
    assert "at [2, 1]" in str(report)


@pytest.mark.parametrize("factor", [0.5, 1.5])
def test_an_error_counts_against_the_larger_of_both_gradients(factor):
    """Equation `check-relative` of `docs/derivations/gradient-checking.md`."""
    claimed, true = factor * 2 * X, 2 * X
    (v,) = check_gradients(lambda x: np.sum(x**2), lambda x: factor * 2 * x, X).variables
    error = np.abs(claimed - true).max() / max(np.abs(claimed).max(), np.abs(true).max())
    assert v.error == pytest.approx(error, rel=1e-8)


def test_an_image_of_ties_is_right_for_one_winner_and_wrong_for_all():
    from tests.museum.noise import MaxPoolEveryWinner

    x = RNG.normal(size=(2, 4, 6, 3))
    assert check_gradients(nn.MaxPool2D(2), x).ok
    assert check_gradients(MaxPoolEveryWinner(), x).codes == ["pool-ties-counted"]


class Bad(weights.Dense):
    def __init__(self):
        super().__init__(np.random.default_rng(1).normal(size=(4, 3)), np.ones(3))


def bad_backward(spoil):
    class Spoilt(Bad):
        def backward(self, dy):
            return spoil(super().backward(dy))

    return Spoilt()


def bad_forward(spoil):
    class Spoilt(Bad):
        def forward(self, x):
            return spoil(super().forward(x))

    return Spoilt()


def fail(*_):
    raise ValueError("no way")


def random_forward(y):
    return y + np.random.default_rng().normal()


def with_nan(dx):
    dx[1, 2] = np.nan
    return dx


@pytest.mark.parametrize(
    ("layer", "code", "said"),
    [
        (bad_backward(lambda dx: None), "no-gradient", "None"),
        (bad_backward(lambda dx: dx[:, :2]), "wrong-shape", "(5, 2)"),
        (bad_backward(lambda dx: [[1.0], [1.0, 2.0]]), "wrong-shape", "ragged"),
        (bad_backward(with_nan), "not-a-number", "[1, 2]"),
        (bad_backward(lambda dx: dx.astype(np.float32)), "wrong-dtype", "float32"),
        (bad_backward(lambda dx: dx.astype(int)), "wrong-dtype", "int64"),
        (bad_backward(lambda dx: "dx"), "wrong-dtype", "x"),
        (bad_backward(fail), "raised", "ValueError: no way"),
        (bad_forward(fail), "raised", "ValueError: no way"),
        (bad_forward(lambda y: None), "no-output", "None"),
        (bad_forward(lambda y: y / 0), "not-a-number", "15"),
        (bad_forward(lambda y: y.astype(np.float32)), "wrong-dtype", "float32"),
        (bad_forward(lambda y: y.astype(np.float32).astype(float)), "wrong-dtype", "inside"),
        (bad_forward(lambda y: "y"), "wrong-dtype", "y"),
        (bad_forward(random_forward), "not-repeatable", "Generator"),
    ],
)
def test_bad_input_is_a_readable_report(layer, code, said):
    report = check_gradients(layer, X)
    assert not report.ok
    assert report.codes[0] == code
    assert said in str(report)
    assert report.max_relative_error == math.inf or report.max_relative_error > 0 or code == "wrong-dtype"


def test_a_report_fits_a_terminal_and_speaks_json():
    for report in (
        check_gradients(activations.TanhOfInput(), X),
        check_gradients(network(), nn.SoftmaxCrossEntropy(), X, LABELS),
        check_gradients(bad_backward(fail), X),
    ):
        assert max(map(len, str(report).splitlines())) <= 80
        data = json.loads(report.to_json())
        assert data["ok"] is report.ok
        assert [d["code"] for d in data["diagnoses"]] == report.codes


@pytest.mark.parametrize(
    "arguments", [(), (nn.Tanh(),), (np.sin,), (np.sin, X), (3, X), (nn.Tanh(), 1, 2, 3), (nn.Tanh(), "text")]
)
def test_a_call_that_makes_no_sense_says_what_would(arguments):
    with pytest.raises(TypeError):
        check_gradients(*arguments)


def test_mode_is_checked():
    with pytest.raises(ValueError, match="full"):
        check_gradients(nn.Tanh(), X, mode="fast")


def test_a_parameter_without_a_gradient_is_an_error():
    class Forgetful(Bad):
        def __init__(self):
            super().__init__()
            self.scale = np.ones(3)

        def forward(self, x):
            return super().forward(x) * self.scale

        def backward(self, dy):
            return super().backward(dy * self.scale)

    report = check_gradients(Forgetful(), X)
    assert report.codes == ["no-gradient"]
    assert "self.dscale" in report.diagnoses[0].sentence


def test_a_network_of_the_learners_own_layers():
    class Chain:
        def __init__(self):
            rng = np.random.default_rng(3)
            self.layers = [weights.Dense(rng.normal(size=(4, 6)), np.ones(6)), activations.TanhTwice()]
            self.layers += [weights.Dense(rng.normal(size=(6, 3)), np.ones(3))]

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x

        def backward(self, dy):
            for layer in reversed(self.layers):
                dy = layer.backward(dy)
            return dy

    report = check_gradients(Chain(), nn.SoftmaxCrossEntropy(), X, LABELS)
    assert report.codes == ["derivative-at-output", "right-above-wrong-below"]
    assert "layer 1 TanhTwice" in str(report)


def test_rounding_is_no_gradient():
    report = check_gradients(lambda x: np.sum(np.cos(x) ** 2 + np.sin(x) ** 2), np.zeros_like, X)
    assert report.ok, str(report)


def test_a_nearly_right_gradient_is_called_imprecise_and_nothing_else():
    noise = 1 + 3e-6 * np.random.default_rng(5).normal(size=X.shape)
    assert check_gradients(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * noise, X).codes == ["imprecise"]
    assert check_gradients(np.tanh, lambda x: (1 - np.tanh(x) ** 2) * (1 + 3e-6), X).codes == ["wrong-scale"]


def test_a_kink_is_traced_to_the_layer_that_bends_and_not_to_one_below():
    x = X.copy()
    x[1, 1] = 0
    report = check_gradients(nn.Sequential([nn.Tanh(), nn.ReLU(), nn.Dense(2)], (4,)), x)
    assert "It bends in layer 1 ReLU." in " ".join(report.notes)


@pytest.mark.parametrize("mode", ["full", "projected"])
def test_a_constant_has_a_gradient_of_zero(mode):
    x = -np.abs(np.random.default_rng(0).normal(size=(12, 9))) - 0.1
    assert check_gradients(nn.ReLU(), x, mode=mode).ok
    assert check_gradients(lambda x: 0.0, np.zeros_like, x, mode=mode).ok
    assert not check_gradients(nn.ReLU(), np.zeros((0, 3)), mode=mode).ok
