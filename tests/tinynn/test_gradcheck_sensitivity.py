"""How small an error the gradient checker sees: one number in a hundred thousand, and zeros far below the rest."""

import math

import numpy as np
import pytest

import tinynn as nn
from tests.museum.weights import Dense
from tests.tinynn.test_gradcheck_correct import CORRECT
from tinynn.gradcheck import check_gradients
from tinynn.gradient_report import GradientReport, Verdict


def spoilt_dense(shape, where, seed, factor=0.0):
    """A learner's Dense whose dW is wrong at some numbers, and a batch for it."""
    rng = np.random.default_rng(seed)

    class Spoilt(Dense):
        def backward(self, dy):
            dx = super().backward(dy)
            self.dW = self.dW.copy()
            self.dW[where] *= factor
            return dx

    return Spoilt(rng.normal(size=shape), np.zeros(shape[1])), rng.normal(size=(5, shape[0]))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "shape", [(80, 60), (12, 700), (700, 12), pytest.param((784, 128), marks=pytest.mark.slow)]
)
def test_one_number_that_was_zeroed_is_caught_and_found(shape, seed):
    where = tuple(int(i) for i in np.random.default_rng(seed).integers(shape))
    report = check_gradients(*spoilt_dense(shape, where, seed), seed=seed, mode="projected")
    assert [v.name for v in report.variables if v.verdict == "wrong"] == ["W"]
    (W,) = (v for v in report.variables if v.name == "W")
    assert W.worst == where
    assert W.claimed == 0
    assert W.expected != 0
    assert report.codes


@pytest.mark.parametrize("where", [7, (slice(None), 7), (slice(3, 5), slice(9, 12)), slice(None)])
@pytest.mark.parametrize("factor", [0.0, -1.0, 1.001])
def test_rows_columns_blocks_and_all_are_caught_too(where, factor):
    report = check_gradients(*spoilt_dense((80, 60), where, 1, factor), mode="projected")
    (W,) = (v for v in report.variables if v.name == "W")
    assert W.verdict == "wrong"
    wrong = np.zeros((80, 60))
    wrong[where] = 1
    assert wrong[W.worst]
    assert W.claimed == pytest.approx(factor * W.expected, abs=1e-6)


def test_two_errors_of_the_same_size_do_not_cancel():
    for seed in range(8):
        x = np.random.default_rng(seed).normal(size=(80, 70))

        def gradient(x):
            dx = 2 * x
            dx[3, 4] += 1
            dx[60, 61] += 1
            return dx

        report = check_gradients(lambda x: np.sum(x**2), gradient, x, seed=seed)
        assert report.variables[0].worst in ((3, 4), (60, 61)), str(report)


class LazyReLU:
    """It forgets the gradient of the first row of the batch."""

    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, dy):
        dx = dy * (self.x > 0)
        dx[0] = 0
        return dx


def test_a_row_of_a_large_batch_is_found_between_kinks():
    for seed in range(3):
        report = check_gradients(LazyReLU(), np.random.default_rng(seed).normal(size=(256, 40)), seed=seed)
        (x,) = report.variables
        assert x.verdict == "wrong"
        assert x.worst[0] == 0


@pytest.mark.parametrize("mode", ["full", "projected"])
@pytest.mark.parametrize(
    "pairs", [5, pytest.param(8, marks=pytest.mark.slow), pytest.param(18, marks=pytest.mark.slow)]
)
def test_zeros_at_the_bottom_of_a_deep_chain_are_wrong(pairs, mode):
    class Frozen(nn.Dense):
        def backward(self, dy, input_gradient=True):
            dx = super().backward(dy, input_gradient)
            self.dW *= 0
            self.db *= 0
            return dx

    def check(bottom, seed):
        above = [layer for _ in range(pairs) for layer in (nn.Sigmoid(), nn.Dense(5))]
        net = nn.Sequential([bottom, *above], (4,), seed=seed, dtype="float64")
        rng = np.random.default_rng(seed)
        x, y = rng.normal(size=(6, 4)), rng.integers(5, size=6)
        return check_gradients(net, nn.SoftmaxCrossEntropy(), x, y, mode=mode)

    for seed in range(2 if pairs == 8 else 1):
        right = check(nn.Dense(5), seed)
        assert right.ok, str(right)
        report = check(Frozen(5), seed)
        wrong = {v.name for v in report.variables if v.verdict == "wrong"}
        assert wrong == {"0 Frozen.W", "0 Frozen.b"}, str(report)
        assert "zero-gradient" in report.codes


@pytest.mark.parametrize("x", [2.0, np.array(2.0), np.float64(0.3), 2])
def test_a_number_is_an_input_like_any_other(x):
    assert check_gradients(lambda x: x**3, lambda x: 3 * x**2, x).ok
    assert check_gradients(math.sin, math.cos, x).ok
    report = check_gradients(lambda x: x**3, lambda x: 2 * x**2, x)
    (v,) = report.variables
    assert v.verdict == "wrong"
    assert abs(v.expected / v.claimed) == pytest.approx(1.5)
    assert "number" in str(report)


def test_two_numbers_are_inputs_too():
    assert check_gradients(lambda a, b: a * b, lambda a, b: (b, a), 2.0, 3.0).ok
    assert not check_gradients(lambda a, b: a * b, lambda a, b: (a, b), 2.0, 3.0).ok


def test_the_headline_claims_no_more_than_was_checked():
    right, unknown = Verdict("W", (3,), 0.0, "right", 3), Verdict("x", (2,), float("nan"), "not checked")
    head = str(GradientReport("Net", 1e-6, [right, unknown])).splitlines()[0]
    assert head == "Net: every gradient that was checked is right; 1 not checked"
    assert str(GradientReport("Net", 1e-6, [right])).startswith("Net: every gradient is right\n")
    long = str(GradientReport("A network with a name " * 4, 1e-6, [right, unknown]))
    assert max(map(len, long.splitlines())) <= 79


@pytest.mark.parametrize("name", CORRECT)
def test_no_correct_one_is_accused_along_directions(name):
    for seed in range(3):
        report = check_gradients(*CORRECT[name](np.random.default_rng(seed)), seed=seed, mode="projected")
        assert not [v for v in report.variables if v.verdict == "wrong"], str(report)


def test_a_correct_network_of_many_numbers_is_not_accused():
    for seed in range(3):
        rng = np.random.default_rng(seed)
        layers = [nn.Dense(64), nn.Tanh(), nn.Dense(48), nn.GELU(), nn.Dense(10)]
        net = nn.Sequential(layers, (100,), seed=seed, dtype="float64")
        x, y = rng.normal(size=(32, 100)), rng.integers(10, size=32)
        report = check_gradients(net, nn.SoftmaxCrossEntropy(), x, y, seed=seed)
        assert report.ok, str(report)
