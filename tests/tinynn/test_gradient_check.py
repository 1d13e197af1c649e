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
    """The error of (f₊₁ − f₋₁) / 2h falls as h², then rises as ε/h: every gradient check steers between the two.

    Equations `check-central` and `check-error` of `docs/derivations/gradient-checking.md`.
    """
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


def f(x):
    return x / (1 + x * x)


SLOPES = [0.48, -1.408, 1.0752]  # f′, f″ and f‴ at 0.5


@pytest.mark.parametrize("h", [1e-2, 1e-3])
def test_quotients_err_by_the_next_term_of_the_series(h):
    """Equations `check-taylor`, `check-central`, `check-richardson` and `check-complex` of
    `docs/derivations/gradient-checking.md`, and `chain-slope` of `docs/derivations/chain-rule.md`: what is left is of
    the order of the term after it.
    """
    x, (first, second, third) = 0.5, SLOPES
    for sign in (1, -1):
        series = f(x) + sign * h * first + h**2 / 2 * second + sign * h**3 / 6 * third
        assert abs(f(x + sign * h) - series) < 2 * h**4
        assert abs(f(x + sign * h) - (f(x) + sign * h * first)) < h**2

    def central(h):
        return (f(x + h) - f(x - h)) / (2 * h)

    assert (f(x + h) - f(x)) / h - first == pytest.approx(h / 2 * second, rel=2 * h)
    assert central(h) - first == pytest.approx(h**2 / 6 * third, rel=10 * h**2)
    assert abs((4 * central(h / 2) - central(h)) / 3 - first) < 2 * h**4 + 1e-12
    assert (f(x + 1j * h).imag / h) - first == pytest.approx(-(h**2) / 6 * third, rel=10 * h**2)
    assert f(x + 1j * h).real == pytest.approx(f(x) - h**2 / 2 * second, abs=2 * h**4)
    assert f(x + 1e-20j).imag / 1e-20 == pytest.approx(first, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_best_step_is_the_third_root_of_the_precision(dtype):
    """Equations `check-error` and `check-best-step` of `docs/derivations/gradient-checking.md`."""
    x, third = dtype(0.5), abs(SLOPES[2])
    epsilon, steps = float(np.finfo(dtype).eps), np.logspace(-12, 0, 2401)
    best = (3 * epsilon * f(0.5) / third) ** (1 / 3)
    error = steps**2 / 6 * third + epsilon * f(0.5) / steps
    assert steps[error.argmin()] == pytest.approx(best, rel=0.02)
    measured = np.array(
        [abs((f(x + h) - f(x - h)) / (2 * h) - dtype(SLOPES[0])) for h in steps.astype(dtype)]
    )
    near = (steps > best / 3) & (steps < 3 * best)
    assert 0.01 < measured[near].mean() / epsilon ** (2 / 3) < 10
    assert measured[steps > 100 * best].min() > 10 * measured[near].mean()
    assert measured[steps < best / 1000].mean() > 10 * measured[near].mean()


def test_a_random_direction_checks_all_parameters_at_once():
    """Equation `check-direction` of `docs/derivations/gradient-checking.md`."""
    rng = np.random.default_rng(0)
    net = make_network([nn.Dense(5), nn.Tanh(), nn.Dense(3)], (4,), rng)
    x, head = rng.normal(size=(6, 4)), cross_entropy(rng.integers(3, size=6))
    net.backward(head(net.forward(x))[1])
    g, start, u = net.gradients.copy(), net.parameters.copy(), rng.normal(size=net.parameters.shape)

    def loss(t):
        net.parameters[...] = start + t * u
        return float(head(net.forward(x))[0])

    assert (loss(1e-5) - loss(-1e-5)) / 2e-5 == pytest.approx(g @ u, rel=1e-7)
    g[0] += 1e-3
    assert (loss(1e-5) - loss(-1e-5)) / 2e-5 != pytest.approx(g @ u, rel=1e-7)
