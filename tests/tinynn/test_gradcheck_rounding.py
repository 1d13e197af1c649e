"""What stands between a function and its differences: single precision, sizes, poles, randomness, slots."""

import random

import numpy as np
import pytest

import tinynn as nn
from tinynn.gradcheck import check_gradients

X = np.random.default_rng(0).normal(size=(6, 4))
RNG = np.random.default_rng(3)


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, dy):
        return 2 * self.x * dy


def cast_input(x):
    return np.tanh(x.astype(np.float32)) * np.float64(1.1)


def cast_within(x):
    return np.exp(x).astype(np.float32) * np.float64(1.1) + x


@pytest.mark.parametrize(
    ("forward", "slope"),
    [
        (cast_input, lambda x: 1.1 * (1 - np.tanh(x) ** 2)),
        (cast_within, lambda x: 1.1 * np.exp(x) + 1),
        (lambda x: x.astype(np.float32) @ np.eye(4), lambda x: np.ones_like(x)),
    ],
)
def test_single_precision_inside_is_named(forward, slope):
    class Casting(Square):
        def forward(self, x):
            self.x = x
            return forward(x)

        def backward(self, dy):
            return dy * slope(self.x)

    report = check_gradients(Casting(), X)
    assert report.codes == ["wrong-dtype"], str(report)
    assert "float32 inside" in report.diagnoses[0].sentence


@pytest.mark.parametrize(
    "forward", [np.round, np.abs, np.tanh, np.floor, lambda x: x + 1e8, lambda x: np.round(x * 4) / 4]
)
def test_a_wrong_gradient_in_double_precision_is_not_taken_for_single(forward):
    class Wrong(Square):
        def forward(self, x):
            self.x = x
            return forward(x)

        def backward(self, dy):
            return 1.7 * dy * self.x

    report = check_gradients(Wrong(), X)
    assert not report.ok
    assert "wrong-dtype" not in report.codes, str(report)


NEAR_INFLECTION = (np.array([3000, 4000, 5000, 7000]) * np.pi - 0.012) / 3e4


@pytest.mark.parametrize(
    ("forward", "x"),
    [
        (lambda x: np.abs(x - 1 - 2e-7) + 1, np.array([1.0, 2.0, 3.0])),
        (lambda x: np.sin(3e4 * x), NEAR_INFLECTION),
    ],
)
def test_a_kink_nearby_and_a_steep_curve_are_not_taken_for_single_precision(forward, x):
    report = check_gradients(forward, lambda x: 1.7 * x, x)
    assert not report.ok
    assert "wrong-dtype" not in report.codes, str(report)


@pytest.mark.parametrize("bent", [np.abs, lambda x: np.maximum(x, 0.0)])
def test_numbers_of_very_different_size_are_not_skipped(bent):
    class Bent(Square):
        def forward(self, x):
            self.x = x
            return bent(x)

        def backward(self, dy):
            return dy * (bent(self.x + np.abs(self.x) * 1e-3) - bent(self.x)) / (np.abs(self.x) * 1e-3)

    x = X * np.array([1e6, 1e6, 1e-3, 1e-3])
    (verdict,) = check_gradients(Bent(), x).variables
    assert verdict.verdict == "right"
    assert verdict.checked == x.size


def draws_from_the_module(x):
    return x * RNG.normal(size=x.shape)


def its_gradient(x):
    return RNG.normal(size=x.shape)


def draws_from_numpy(x):
    return x * np.random.rand(*x.shape) * random.random()  # noqa: NPY002


def gradient_from_numpy(x):
    return np.random.rand(*x.shape) * random.random()  # noqa: NPY002


@pytest.mark.parametrize(
    "pair", [(draws_from_the_module, its_gradient), (draws_from_numpy, gradient_from_numpy)]
)
def test_generators_of_functions_are_held_and_left_as_they_were(pair):
    before = RNG.bit_generator.state, np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002
    assert check_gradients(*pair, X).ok
    assert not check_gradients(pair[0], lambda x: 2 * pair[1](x), X).ok
    assert before == (RNG.bit_generator.state, np.random.get_state()[1].tolist(), random.getstate())  # noqa: NPY002


def test_what_is_drawn_does_not_depend_on_earlier_draws():
    claimed = []
    for seed in range(2):
        np.random.seed(seed)  # noqa: NPY002
        report = check_gradients(draws_from_numpy, lambda x: 2 * gradient_from_numpy(x), X)
        claimed.append(report.variables[0].claimed)
    assert claimed[0] == claimed[1]


def test_a_layer_that_stands_in_two_places_and_one_with_slots_are_reported():
    class Slotted:
        __slots__ = ("x",)
        forward, backward = Square.forward, Square.backward

    class Chain:
        def __init__(self, *layers):
            self.layers = list(layers)

        def forward(self, x):
            for layer in self.layers:
                x = layer.forward(x)
            return x

        def backward(self, dy):
            for layer in reversed(self.layers):
                dy = layer.backward(dy)
            return -dy

    twice = Square()
    assert not check_gradients(Chain(twice, twice), X).ok
    assert check_gradients(Chain(Slotted(), Slotted()), X).codes == ["wrong-sign"]


def test_a_function_that_is_infinite_nearby_gives_a_report_and_no_warning():
    report = check_gradients(
        lambda x: np.where(x > 0.9999, x, np.inf), np.ones_like, np.array([1.0, 2.0, 3.0])
    )
    assert report.ok, str(report)
    assert report.variables[0].checked == 3


def test_a_network_on_a_device_is_checked_as_a_copy_that_says_so(device):
    net = nn.Sequential([nn.Dense(3), nn.Tanh()], input_shape=(4,), device=device)
    for report in (check_gradients(net, X), check_gradients(net, nn.MeanSquaredError(), X, X[:, :3])):
        assert report.ok, str(report)
        assert ("a copy on the CPU was checked" in str(report)) == (device != "cpu")
