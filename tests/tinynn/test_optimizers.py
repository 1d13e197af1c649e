"""Optimisers against their textbook formulas, written out plainly, one step after the other."""

import numpy as np
import pytest

import tinynn as nn
from tests import public, strict

STEPS, SIZE = 100, 50


def sgd(theta, gradients, learning_rate=0.1, momentum=0.0, nesterov=False, weight_decay=0.0):
    """g ← g + λ θ, v ← μ v + g, θ ← θ − η v; Nesterov's with g + μ v for v."""
    v = np.zeros_like(theta)
    for g in gradients:
        g = g + weight_decay * theta
        v = momentum * v + g
        theta = theta - learning_rate * (g + momentum * v if nesterov else v)
    return theta


def rmsprop(theta, gradients, learning_rate=0.01, alpha=0.99, epsilon=1e-8, momentum=0.0):
    """v ← α v + (1 − α) g², u ← μ u + g / (√v + ε), θ ← θ − η u."""
    v, u = np.zeros_like(theta), np.zeros_like(theta)
    for g in gradients:
        v = alpha * v + (1 - alpha) * g**2
        u = momentum * u + g / (np.sqrt(v) + epsilon)
        theta = theta - learning_rate * u
    return theta


def adam(theta, gradients, learning_rate=1e-3, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0):
    """Algorithm 1 of Kingma & Ba 2015, with m̂ and v̂ as printed; decay as Algorithm 2 of Loshchilov & Hutter."""
    m, v = np.zeros_like(theta), np.zeros_like(theta)
    for t, g in enumerate(gradients, start=1):
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
        theta = theta - learning_rate * (m_hat / (np.sqrt(v_hat) + epsilon) + weight_decay * theta)
    return theta


def adamw(theta, gradients, weight_decay=0.01, **settings):
    """Adam with decay."""
    return adam(theta, gradients, weight_decay=weight_decay, **settings)


def clipped(theta, gradients, optimizer, norm=1.0):
    """g ← g · min(1, c / ‖g‖), and on."""
    gradients = [g * min(1, norm / np.linalg.norm(g)) for g in gradients]
    return TEXTBOOK[type(optimizer)](theta, gradients, **optimizer.config())


TEXTBOOK = {
    nn.SGD: sgd,
    nn.RMSProp: rmsprop,
    nn.Adam: adam,
    nn.AdamW: adamw,
    nn.Clipped: clipped,
}
WITH_RATES = [optimizer for optimizer in TEXTBOOK if optimizer is not nn.Clipped]
CASES = [
    (nn.SGD, {}),
    (nn.SGD, {"learning_rate": 0.03}),
    (nn.SGD, {"learning_rate": 0.03, "momentum": 0.9}),
    (nn.SGD, {"learning_rate": 0.03, "momentum": 0.9, "nesterov": True}),
    (nn.SGD, {"learning_rate": 0.03, "weight_decay": 0.01}),
    (nn.SGD, {"momentum": 0.5, "nesterov": True, "weight_decay": 0.3}),
    (nn.RMSProp, {}),
    (nn.RMSProp, {"learning_rate": 0.1, "alpha": 0.5, "epsilon": 0.1, "momentum": 0.9}),
    (nn.RMSProp, {"alpha": 0.1}),
    (nn.Adam, {}),
    (nn.Adam, {"learning_rate": 0.1, "beta1": 0.5, "beta2": 0.9, "epsilon": 0.1}),
    (nn.Adam, {"beta1": 0.0}),
    (nn.Adam, {"beta2": 0.0}),
    (nn.AdamW, {}),
    (nn.AdamW, {"learning_rate": 0.1, "weight_decay": 0.5}),
    (nn.Clipped, {"optimizer": nn.SGD(0.1, momentum=0.9)}),
    (nn.Clipped, {"optimizer": nn.Adam(), "norm": 150.0}),
]


def made(optimizer, settings):
    """Return a new one, around nothing that another test has used."""
    return optimizer(
        **{name: getattr(value, "copy", lambda v=value: v)() for name, value in settings.items()}
    )


def problem(dtype):
    """Start, and gradients of very different sizes; the last parameter's are zero."""
    rng = np.random.default_rng(0)
    gradients = rng.normal(size=(STEPS, SIZE)) * np.logspace(-3, 2, SIZE)
    gradients[:, -1] = 0
    return rng.normal(size=SIZE).astype(dtype), gradients.astype(dtype)


def test_every_optimizer_has_its_textbook():
    assert set(TEXTBOOK) == {optimizer for optimizer, _ in CASES} == public.classes(nn.Optimizer)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-10), ("float32", 2e-5)])
@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_against_the_textbook(optimizer, settings, dtype, tolerance, backend):
    """Equations `optimizer-sgd`, `optimizer-momentum`, `optimizer-nesterov-stored`, `optimizer-rmsprop`,
    `optimizer-adam-moments`, `optimizer-adam` and `optimizer-adamw` of `docs/derivations/optimizers.md`.
    """
    start, gradients = problem(dtype)
    theta = backend.asarray(start.copy())
    kept = made(optimizer, settings)
    for g in gradients:
        on_device = backend.asarray(g)
        kept.step(theta, on_device)
        np.testing.assert_array_equal(backend.to_numpy(on_device), g)  # the gradient is only read
    assert theta.dtype == dtype
    expected = TEXTBOOK[optimizer](start.astype("float64"), gradients.astype("float64"), **settings)
    moved, expected_move = backend.to_numpy(theta) - start, expected - start
    scale = np.abs(expected) + np.abs(expected_move)
    assert (np.abs(moved - expected_move) <= tolerance * scale).all()
    if not settings.get("weight_decay") and optimizer is not nn.AdamW:
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


def test_a_small_step_lowers_the_loss_by_the_squared_length_of_the_gradient():
    """Equation `optimizer-sgd` of `docs/derivations/optimizers.md`; no other step of that length does better."""
    rng = np.random.default_rng(0)
    start, g = rng.normal(size=6), rng.normal(size=6)
    curve = np.diag(rng.random(6))

    def loss(theta):
        return g @ (theta - start) + (theta - start) @ curve @ (theta - start)

    theta, eta = start.copy(), 1e-6
    nn.SGD(eta).step(theta, g)
    assert loss(theta) == pytest.approx(-eta * (g @ g), rel=1e-5)
    for other in rng.normal(size=(50, 6)):
        step = other * np.linalg.norm(theta - start) / np.linalg.norm(other)
        assert loss(start + step) > loss(theta)


@pytest.mark.parametrize("curvature", [0.3, 4.0])
@pytest.mark.parametrize(("share", "converges"), [(0.01, True), (0.99, True), (1.01, False), (3.0, False)])
def test_on_a_parabola_steps_converge_up_to_twice_one_over_its_curvature(curvature, share, converges):
    """Equation `optimizer-stability` of `docs/derivations/optimizers.md`."""
    eta = share * 2 / curvature
    theta, sgd = np.array([1.0]), nn.SGD(eta)
    for _ in range(300):
        sgd.step(theta, curvature * theta)
    assert theta[0] == pytest.approx((1 - eta * curvature) ** 300, rel=1e-9)
    assert (abs(theta[0]) < 0.1) == converges


def test_momentum_is_a_sum_over_all_gradients_that_forgets():
    """Equation `optimizer-momentum` of `docs/derivations/optimizers.md`, unrolled."""
    gradients, mu = np.random.default_rng(0).normal(size=(20, 3)), 0.8
    theta, sgd = np.zeros(3), nn.SGD(0.1, momentum=mu)
    for t in range(20):
        before = theta.copy()
        sgd.step(theta, gradients[t])
        v = sum(mu**k * gradients[t - k] for k in range(t + 1))
        np.testing.assert_allclose(theta, before - 0.1 * v, rtol=1e-12, atol=1e-15)


def test_nesterov_stores_the_place_that_it_looks_ahead_to():
    """Equations `optimizer-nesterov` and `optimizer-nesterov-stored` of `docs/derivations/optimizers.md`."""
    eta, mu, curvature = 0.05, 0.9, np.array([1.0, 5.0])
    theta, v, stored = np.ones(2), np.zeros(2), np.ones(2)
    sgd = nn.SGD(eta, momentum=mu, nesterov=True)
    for _ in range(30):
        v = mu * v + curvature * (theta - eta * mu * v)
        theta = theta - eta * v
        sgd.step(stored, curvature * stored)
        np.testing.assert_allclose(stored, theta - eta * mu * v, rtol=1e-10)


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.9, 0.999])
def test_a_mean_that_starts_at_zero_falls_short_by_a_power_of_beta(beta):
    """Equation `optimizer-bias` of `docs/derivations/optimizers.md`, for gradients scattered around their mean."""
    rng, mean = np.random.default_rng(0), 3.0
    m = np.zeros(2)
    for t in range(1, 13):
        g = mean + np.array([1.0, -1.0]) * rng.normal()  # the mean over both is exact
        m = beta * m + (1 - beta) * g
        assert m.mean() == pytest.approx((1 - beta) * sum(beta**k for k in range(t)) * mean, rel=1e-12)
        assert m.mean() == pytest.approx((1 - beta**t) * mean, rel=1e-9)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_step_allocates_nothing(optimizer, settings):
    theta, g = strict.asarray(np.ones(SIZE, np.float32)), strict.asarray(np.ones(SIZE, np.float32))
    kept = made(optimizer, settings)
    kept.step(theta, g)
    with strict.forbid("allocations", "transfers", "synchronisations"):
        kept.step(theta, g)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_copy_starts_afresh(optimizer, settings):
    start, gradients = problem("float64")
    used = made(optimizer, settings)
    for g in gradients:
        used.step(start.copy(), g)
    a, b = start.copy(), start.copy()
    fresh, copied = made(optimizer, settings), used.copy()
    for g in gradients:
        fresh.step(a, g)
        copied.step(b, g)
    np.testing.assert_array_equal(a, b)
    assert repr(copied) == repr(fresh)


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_other_number_of_parameters(optimizer, settings):
    used = made(optimizer, settings)
    used.step(np.ones(3), np.ones(3))
    with pytest.raises(ValueError, match=rf"this {optimizer.__name__} .* 3 parameters .* with 4; .*copy\(\)"):
        used.step(np.ones(4), np.ones(4))


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
@pytest.mark.parametrize("name", ["learning_rate", "epsilon"])
def test_settings_that_must_be_positive(name, bad):
    for optimizer in WITH_RATES if name == "learning_rate" else [nn.RMSProp, nn.Adam, nn.AdamW]:
        with pytest.raises(ValueError, match=f"{name} must be a positive number, not {bad}"):
            optimizer(**{name: bad})


@pytest.mark.parametrize("bad", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize(
    ("optimizer", "name"),
    [
        (nn.SGD, "momentum"),
        (nn.SGD, "weight_decay"),
        (nn.RMSProp, "alpha"),
        (nn.RMSProp, "momentum"),
        (nn.Adam, "beta1"),
        (nn.Adam, "beta2"),
        (nn.AdamW, "weight_decay"),
    ],
)
def test_settings_that_must_be_a_share(optimizer, name, bad):
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1, not {bad}"):
        optimizer(**{name: bad})


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
def test_a_norm_must_be_positive(bad):
    with pytest.raises(ValueError, match=f"norm must be a positive number, not {bad}"):
        nn.Clipped(nn.SGD(), bad)


def test_what_is_clipped_must_be_an_optimizer():
    with pytest.raises(TypeError, match=r"optimizer must be an Optimizer, such as nn.Adam\(1e-3\), not 1.0"):
        nn.Clipped(1.0)


def test_nesterov_needs_momentum():
    with pytest.raises(ValueError, match="nesterov=True needs a momentum above 0"):
        nn.SGD(0.1, nesterov=True)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("length", [0.0, 1e-12, 0.5, 1.0, 3.0, 1e12])
def test_clipping_bounds_the_length_and_keeps_the_direction(length, dtype, backend):
    direction = np.array([0.6, 0.0, -0.8])
    theta = backend.asarray(np.zeros(3, dtype))
    nn.Clipped(nn.SGD(1.0), norm=2.0).step(theta, backend.asarray((length * direction).astype(dtype)))
    np.testing.assert_allclose(backend.to_numpy(theta), -min(length, 2.0) * direction, rtol=1e-6)


def test_clipping_hides_no_nan():
    theta = np.zeros(2)
    nn.Clipped(nn.SGD()).step(theta, np.array([np.nan, 1.0]))
    assert np.isnan(theta).all()


def test_moments_that_no_gradient_feeds_become_zero(backend):
    """Otherwise float32 stops at a few of the smallest number there is, on which processors are slow."""
    theta, optimizer = backend.asarray(np.zeros(2, np.float32)), nn.Adam()
    fed = backend.asarray(np.array([1.0, 1.0], np.float32))
    starved = backend.asarray(np.array([1.0, 0.0], np.float32))
    optimizer.step(theta, fed)
    for _ in range(1000):
        optimizer.step(theta, starved)
    M = backend.to_numpy(optimizer.vector("M", theta))
    assert M[0] > 0 and M[1] == 0  # noqa: PT018


@pytest.mark.parametrize(("optimizer", "settings"), CASES)
def test_a_schedule_in_place_of_a_number(optimizer, settings):
    """A schedule gives the steps that a number set by hand before each of them gives."""
    start, gradients = problem("float64")
    schedule = nn.CosineDecay(0.1, warmup=0.2)

    def on(rate):
        if optimizer is nn.Clipped:
            inner = settings["optimizer"]
            return nn.Clipped(type(inner)(**{**inner.config(), "learning_rate": rate}))
        return optimizer(**{**settings, "learning_rate": rate})

    a, b, planned, by_hand = start.copy(), start.copy(), on(schedule), on(1.0)
    for i, g in enumerate(gradients):
        planned.plan(i / STEPS)
        assert planned.rate == schedule.at(i / STEPS)
        planned.step(a, g)
        getattr(by_hand, "optimizer", by_hand).learning_rate = schedule.at(i / STEPS)
        by_hand.plan(i / STEPS)  # which changes nothing for a number
        by_hand.step(b, g)
    np.testing.assert_array_equal(a, b)
    assert repr(planned.copy()) == repr(planned)
    assert planned.copy().rate == schedule.at(0.0)
