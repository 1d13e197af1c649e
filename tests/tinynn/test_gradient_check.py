"""The check of test_gradients.py must itself fail on wrong derivatives, however small the mistake."""

import numpy as np
import pytest
from hypothesis import given

import tinynn as nn
from tests.tinynn.test_gradients import (
    UnprovenError,
    check_network,
    cross_entropy,
    make_network,
    projection,
    seeds,
)

MISTAKES = {  # what becomes of dx = dy · (1 − y²)
    "left out": lambda y, dy, dx: dy,
    "zero": lambda y, dy, dx: 0 * dx,
    "sign": lambda y, dy, dx: -dx,
    "mean for sum": lambda y, dy, dx: dx / len(dx),
    "a millionth too large": lambda y, dy, dx: dx * (1 + 1e-6),
    "factor twice": lambda y, dy, dx: dx * (1 - y * y),
    "a millionth of y": lambda y, dy, dx: dx + 1e-6 * y,
    "rows in another order": lambda y, dy, dx: dx[::-1],
    "one entry": lambda y, dy, dx: dx * (np.arange(dx.size).reshape(dx.shape) > 0),
}


class Wrong(nn.Tanh):
    def __init__(self, mistake):
        self.mistake = mistake

    def backward(self, dy, input_gradient=True):
        return self.mistake(self.y, dy, super().backward(dy))


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
@given(seed=seeds)
def test_wrong_derivative_is_caught(mistake, seed):
    rng = np.random.default_rng(seed)
    net = make_network([nn.Dense(3), Wrong(mistake), nn.Dense(2)], (4,), rng)
    with pytest.raises(AssertionError, match="relative error"):
        check_network(net, rng.normal(size=(5, 4)), projection(net, 5, rng))


class HalfDense(nn.Dense):
    """Forgets the gradient of one parameter."""

    forgets = "b"

    def backward(self, dy, input_gradient=True):
        dx = super().backward(dy, input_gradient)
        getattr(self, f"d{self.forgets}").fill(0)
        return dx


@pytest.mark.parametrize("forgets", ["W", "b"])
def test_gradient_of_zeros_is_caught(forgets):
    rng = np.random.default_rng(0)
    layer = HalfDense(3)
    layer.forgets = forgets
    net = make_network([nn.Dense(4), nn.Tanh(), layer], (4,), rng)
    with pytest.raises(AssertionError, match="relative error"):
        check_network(net, rng.normal(size=(5, 4)), cross_entropy(rng.integers(3, size=5)))


def test_flat_function_and_kink_prove_nothing():
    rng = np.random.default_rng(0)
    net = make_network([Wrong(MISTAKES["zero"])], (3,), rng)
    with pytest.raises(UnprovenError):
        check_network(net, rng.normal(size=(2, 3)), lambda y: (0 * y.sum(), 0 * y))
    net = make_network([nn.ReLU()], (3,), rng)
    with pytest.raises(UnprovenError):
        check_network(net, np.array([[1e-5, 2, 3]]), projection(net, 1, rng))


def test_error_of_simple_differences_is_a_v():
    """The error of (f₊₁ − f₋₁) / 2h falls as h², then rises as ε/h: every gradient check steers between the two."""
    rng = np.random.default_rng(1)
    net = make_network([nn.Dense(5), nn.Tanh(), nn.Dense(3)], (4,), rng)
    x, head = rng.normal(size=(6, 4)), cross_entropy(rng.integers(3, size=6))
    net.backward(head(net.forward(x))[1])
    analytic, start = net.gradients.copy(), net.parameters.copy()

    def error(h):
        numeric = np.empty_like(start)
        for i in range(len(start)):
            at = []
            for sign in (1, -1):
                net.parameters[i] = start[i] + sign * h
                at.append(float(head(net.forward(x))[0]))
            numeric[i] = (at[0] - at[1]) / (2 * h)
            net.parameters[i] = start[i]
        return np.linalg.norm(numeric - analytic) / np.linalg.norm(analytic)

    coarse, finer, best, finest = map(error, (1e-2, 1e-3, 1e-5, 1e-10))
    assert coarse / finer == pytest.approx(100, rel=0.1)
    assert best < 1e-9
    assert finest > 1e-7
