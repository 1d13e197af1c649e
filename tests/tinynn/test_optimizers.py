"""Optimisers against their textbook formulas, written out plainly, one step after the other."""

import inspect

import numpy as np
import pytest

import tinynn as nn
from tests import strict

STEPS, SIZE = 100, 50


def sgd(theta, gradients, learning_rate=0.1, momentum=0.0):
    """v ← μ v + g, θ ← θ − η v."""
    v = np.zeros_like(theta)
    for g in gradients:
        v = momentum * v + g
        theta = theta - learning_rate * v
    return theta


def adam(theta, gradients, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8):
    """Algorithm 1 of Kingma & Ba 2015, with m̂ and v̂ as printed."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - learning_rate * m_hat / (np.sqrt(v_hat) + epsilon)
    return theta


TEXTBOOK = {nn.SGD: sgd, nn.Adam: adam}
CASES = [
    (nn.SGD, {}),
    (nn.SGD, {"learning_rate": 0.03}),
    (nn.SGD, {"learning_rate": 0.03, "momentum": 0.9}),
    (nn.Adam, {}),
    (nn.Adam, {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}),
    (nn.Adam, {"beta1": 0.0}),
    (nn.Adam, {"beta2": 0.0}),
]


def problem(dtype):
    """Start, and gradients of very different sizes; the last parameter's are zero."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(STEPS, SIZE)) * np.logspace(-3, 2, SIZE)
    gradients[:, -1] = 0
    return rng.normal(size=SIZE).astype(dtype), gradients.astype(dtype)


def test_every_optimizer_has_its_textbook():
    public = {
        value for value in vars(nn).values() if inspect.isclass(value) and issubclass(value, nn.Optimizer)
    }
    assert set(TEXTBOOK) == {optimizer for optimizer, _ in CASES} == public - {nn.Optimizer}


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_against_the_textbook(optimizer, settings, dtype, tolerance, backend):
    start, gradients = problem(dtype)
    theta = backend.asarray(start.copy())
    kept = optimizer(**settings)
    for g in gradients:
        on_device = backend.asarray(g)
        kept.step(theta, on_device)
        np.testing.assert_array_equal(backend.to_numpy(on_device), g)  # the gradient is only read
    assert theta.dtype == dtype
    expected = TEXTBOOK[optimizer](start.astype("float64"), gradients.astype("float64"), **settings)
    moved, expected_move = backend.to_numpy(theta) - start, expected - start
    scale = np.abs(expected) + np.abs(expected_move)
    assert (np.abs(moved - expected_move) <= tolerance * scale).all()
    assert moved[-1] == 0  # no gradient, no step
    assert np.abs(moved[:-1]).min() > 0


@pytest.mark.parametrize("factor", [1e-6, 1e-3, 1e3, 1e6])
def test_adam_does_not_see_the_size_of_the_gradient(factor):
    start, gradients = problem("float64")
    a, b = start.copy(), start.copy()
    plain, scaled = nn.Adam(epsilon=1e-30), nn.Adam(epsilon=1e-30)
    for g in gradients:
        plain.step(a, g)
        scaled.step(b, factor * g)
    np.testing.assert_allclose(a, b, rtol=1e-9)


def test_first_step_of_adam_is_the_learning_rate():
    theta = np.zeros(3)
    nn.Adam(0.01).step(theta, np.array([5.0, -1e-3, 1e4]))
    np.testing.assert_allclose(theta, [-0.01, 0.01, -0.01], rtol=1e-4)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_step_allocates_nothing(optimizer, settings):
    theta, g = strict.asarray(np.ones(SIZE, np.float32)), strict.asarray(np.ones(SIZE, np.float32))
    kept = optimizer(**settings)
    kept.step(theta, g)
    with strict.forbid("allocations", "transfers", "synchronisations"):
        kept.step(theta, g)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_copy_starts_afresh(optimizer, settings):
    start, gradients = problem("float64")
    used = optimizer(**settings)
    for g in gradients:
        used.step(start.copy(), g)
    a, b = start.copy(), start.copy()
    fresh, copied = optimizer(**settings), used.copy()
    for g in gradients:
        fresh.step(a, g)
        copied.step(b, g)
    np.testing.assert_array_equal(a, b)
    assert repr(copied) == repr(fresh)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_other_number_of_parameters(optimizer, settings):
    used = optimizer(**settings)
    used.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=rf"this {optimizer.__name__} .* 3 parameters .* with 4; .*copy\(\)"):
        used.step(np.ones(4), np.ones(4))


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["learning_rate", "epsilon"])
def test_settings_that_must_be_positive(name, bad):
    for optimizer in TEXTBOOK if name == "learning_rate" else [nn.Adam]:
        with pytest.raises(ValueError, match=f"{name} must be a positive number, not {bad}"):
            optimizer(**{name: bad})


@pytest.mark.parametrize("bad", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize(
    ("optimizer", "name"), [(nn.SGD, "momentum"), (nn.Adam, "beta1"), (nn.Adam, "beta2")]
)
def test_settings_that_must_be_a_share(optimizer, name, bad):
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1, not {bad}"):
        optimizer(**{name: bad})
