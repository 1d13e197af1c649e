"""Layers number by number, as the derivations have them: every equation against the layer that it became."""

import itertools
import math

import numpy as np
import pytest
import scipy.special

import tinynn as nn


def make(layers, shape):
    net = nn.Sequential(layers, shape, dtype="float64")
    net.parameters += 0.1  # biases too
    return net


def test_sigmoid_and_softplus_rewritten_for_numbers_far_out():
    """Equation `activation-stable` of `docs/derivations/activations.md`: the same numbers, and none overflows."""
    x = np.linspace(-30, 30, 121)
    by_tanh, by_maximum = (1 + np.tanh(x / 2)) / 2, np.maximum(x, 0) + np.log1p(np.exp(-abs(x)))
    np.testing.assert_allclose(by_tanh, 1 / (1 + np.exp(-x)), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(by_maximum, np.log1p(np.exp(x)), rtol=1e-12)
    for layer, rewritten, far in ((nn.Sigmoid(), by_tanh, [0, 1]), (nn.Softplus(), by_maximum, [0, 1000])):
        net = make([layer], (1,))
        np.testing.assert_allclose(net.forward(x[:, None])[:, 0], rewritten, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(net.forward([[-1000.0], [1000.0]])[:, 0], far, atol=1e-300)


@pytest.mark.parametrize("inputs", [1, 4])
def test_a_neuron_number_by_number(inputs):
    """Equations `one-neuron-scalar`, `one-neuron-sigmoid`, `one-neuron-vector`, `one-neuron-dz`,
    `one-neuron-gradients`, `one-neuron-batch` and `one-neuron-batch-gradients` of `docs/derivations/neuron.md`.
    """
    rng = np.random.default_rng(inputs)
    net = make([nn.Dense(1), nn.Sigmoid()], (inputs,))
    neuron = net.layers[0]
    w, b = neuron.W[:, 0].tolist(), float(neuron.b[0])
    x, dh = rng.normal(size=(3, inputs)), rng.normal(size=3)
    h, dx = net.forward(x), net.backward(dh[:, None])
    dw, db = np.zeros(inputs), 0.0
    for r in range(3):
        z = sum(x[r, i] * w[i] for i in range(inputs)) + b
        sigma = 1 / (1 + math.exp(-z))
        dz = dh[r] * sigma * (1 - sigma)
        assert h[r, 0] == pytest.approx(sigma, rel=1e-12)
        assert dx[r] == pytest.approx([dz * w[i] for i in range(inputs)], rel=1e-12)
        dw += [dz * x[r, i] for i in range(inputs)]
        db += dz
    assert neuron.dW[:, 0] == pytest.approx(dw, rel=1e-12)
    assert neuron.db[0] == pytest.approx(db, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_the_border_of_a_neuron_is_as_near_as_its_formula_says(seed):
    """Equation `one-neuron-distance` of `docs/derivations/neuron.md`, against the shortest step that solves z = 0."""
    rng = np.random.default_rng(seed)
    net = make([nn.Dense(1), nn.Sigmoid()], (3,))
    w, b = net.layers[0].W[:, 0], net.layers[0].b[0]
    x = rng.normal(size=3)
    step = np.linalg.lstsq(w[None], [-(x @ w + b)])[0]
    assert net.forward((x + step)[None])[0, 0] == pytest.approx(0.5, rel=1e-12)
    assert np.linalg.norm(step) == pytest.approx(abs(x @ w + b) / np.linalg.norm(w), rel=1e-12)


def test_dense_of_one_row_number_by_number():
    """Equations `dense-layer-unit`, `dense-layer-one-weight`, `dense-layer-one-input` and `dense-layer-row` of
    `docs/derivations/dense.md`.
    """
    rng = np.random.default_rng(0)
    net = make([nn.Dense(3)], (4,))
    dense = net.layers[0]
    x, dy = rng.normal(size=4), rng.normal(size=3)
    y, dx = net.forward(x[None]), net.backward(dy[None])
    for j in range(3):
        assert y[0, j] == pytest.approx(sum(x[i] * dense.W[i, j] for i in range(4)) + dense.b[j], rel=1e-12)
        assert dense.db[j] == dy[j]
    for i in range(4):
        assert dx[0, i] == pytest.approx(sum(dy[j] * dense.W[i, j] for j in range(3)), rel=1e-12)
        assert dense.dW[i] == pytest.approx([x[i] * dy[j] for j in range(3)], rel=1e-12)
    np.testing.assert_allclose(y, x[None] @ dense.W + dense.b, rtol=1e-12)
    np.testing.assert_allclose(dense.dW, x[:, None] @ dy[None], rtol=1e-12)
    np.testing.assert_allclose(dx, dy[None] @ dense.W.T, rtol=1e-12)


def test_two_dense_layers_in_a_row_are_one():
    """Equation `dense-layer-collapse` of `docs/derivations/dense.md`."""
    two, one = make([nn.Dense(4), nn.Dense(3)], (5,)), make([nn.Dense(3)], (5,))
    first, second = two.layers
    one.layers[0].W = first.W @ second.W
    one.layers[0].b = first.b @ second.W + second.b
    x = np.random.default_rng(0).normal(size=(6, 5))
    np.testing.assert_allclose(two.forward(x), one.forward(x), rtol=1e-10)


def derivative(f, x):
    """Return ∂f_j/∂x_k of an analytic function, (j, k), by the complex step."""
    return np.stack([f(x + 1e-20j * one).imag / 1e-20 for one in np.eye(len(x))], axis=-1)


def test_softmax_of_two_is_a_sigmoid():
    """Equation `softmax-two` of `docs/derivations/softmax.md`."""
    z = np.random.default_rng(0).normal(0, 3, size=(20, 2))
    np.testing.assert_allclose(nn.softmax(z)[:, 0], scipy.special.expit(z[:, 0] - z[:, 1]), rtol=1e-12)


def test_softmax_backward_is_a_product_with_its_jacobian():
    """Equations `softmax-slopes`, `softmax-jacobian`, `softmax-paths`, `softmax-backward-row` and
    `softmax-backward` of `docs/derivations/softmax.md`, against the complex step.
    """
    rng = np.random.default_rng(0)
    z, dp = rng.normal(size=(3, 5)), rng.normal(size=(3, 5))
    net = make([nn.Softmax()], (5,))
    p, dz = net.forward(z), net.backward(dp)
    for r in range(3):
        J = derivative(lambda z: np.exp(z) / np.exp(z).sum(), z[r])
        slopes = [[p[r, j] * ((j == k) - p[r, k]) for k in range(5)] for j in range(5)]
        np.testing.assert_allclose(J, slopes, rtol=1e-12)
        np.testing.assert_allclose(J, np.diag(p[r]) - np.outer(p[r], p[r]), rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(dz[r], dp[r] @ J, rtol=1e-10)
        for k in range(5):
            paths = p[r, k] * dp[r, k] - p[r, k] * sum(dp[r, j] * p[r, j] for j in range(5))
            assert dz[r, k] == pytest.approx(paths, rel=1e-10)
            assert dz[r, k] == pytest.approx(p[r, k] * (dp[r, k] - dp[r] @ p[r]), rel=1e-10)
    s = (dp * p).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(dz, p * (dp - s), rtol=1e-10)


EPSILON = 1e-9  # small, so that next to nothing is left of the gradient along x̂


def normalized(x):
    """Return x̂ and σ of numbers that are normalised together, real or complex."""
    deviation = np.sqrt(((x - x.mean()) ** 2).mean() + EPSILON)
    return (x - x.mean()) / deviation, deviation


def test_the_slopes_of_a_normalization():
    """Equations `norm-deviation` and `norm-jacobian` of `docs/derivations/normalization.md`, by the complex step."""
    m, x = 5, np.random.default_rng(0).normal(1, 2, size=5)
    x_hat, sigma = normalized(x)
    of_variance = derivative(lambda x: ((x - x.mean()) ** 2).mean(), x)
    np.testing.assert_allclose(of_variance, 2 / m * (x - x.mean()), rtol=1e-12)
    np.testing.assert_allclose(
        derivative(lambda x: normalized(x)[1], x), of_variance / (2 * sigma), rtol=1e-12
    )
    np.testing.assert_allclose(derivative(lambda x: normalized(x)[1], x), x_hat / m, rtol=1e-12)
    J = [[((i == j) - 1 / m - x_hat[j] * x_hat[i] / m) / sigma for i in range(m)] for j in range(m)]
    np.testing.assert_allclose(derivative(lambda x: normalized(x)[0], x), J, rtol=1e-11)


@pytest.mark.parametrize("layer", [nn.BatchNorm(epsilon=EPSILON), nn.LayerNorm(epsilon=EPSILON)], ids=repr)
def test_what_goes_back_through_a_normalization(layer):
    """Equations `norm-forward`, `norm-scale-shift`, `norm-backward`, `norm-directions`, `norm-parameters` and
    `norm-batch` of `docs/derivations/normalization.md`.
    """
    rng = np.random.default_rng(0)
    n, F = 4, 6
    x, dy = rng.normal(1, 2, size=(n, F)), rng.normal(size=(n, F))
    net = make([layer.copy()], (F,))
    (made,) = net.layers
    made.gamma, made.beta = rng.normal(size=F), rng.normal(size=F)
    y, dx = net.forward(x, training=True), net.backward(dy)
    columns = isinstance(layer, nn.BatchNorm)
    together = x.T if columns else x  # a line holds what is normalised together
    x_hat, sigma = (np.array(part) for part in zip(*map(normalized, together), strict=True))
    g = dy * made.gamma
    lines = (
        (g - g.mean() - hat * (g * hat).mean()) / deviation
        for g, hat, deviation in zip(g.T if columns else g, x_hat, sigma, strict=True)
    )
    through = np.array(list(lines))
    np.testing.assert_allclose(through.sum(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose((through * x_hat).sum(axis=1), 0, atol=1e-7)
    np.testing.assert_allclose(dx, through.T if columns else through, rtol=1e-10)
    x_hat = x_hat.T if columns else x_hat
    np.testing.assert_allclose(y, made.gamma * x_hat + made.beta, rtol=1e-10)
    np.testing.assert_allclose(made.dgamma, (dy * x_hat).sum(axis=0), rtol=1e-10)
    np.testing.assert_allclose(made.dbeta, dy.sum(axis=0), rtol=1e-10)
    if columns:
        short = made.gamma / sigma * (dy - made.dbeta / n - x_hat * made.dgamma / n)
        np.testing.assert_allclose(dx, short, rtol=1e-10)


def test_what_random_weights_make_of_the_size_of_a_signal():
    """In the exact mean over weights ±s, all of whose draws are tried: forwards I s², backwards U s², angles are kept.

    Equations `init-one-neuron`, `init-factor`, `init-he`, `init-backward` and `init-two-rows` of
    `docs/derivations/initialization.md`.
    """
    rng = np.random.default_rng(0)
    inputs, units, s = 4, 2, 0.7
    x, dz = rng.normal(size=(2, inputs)), rng.normal(size=(2, units))
    net = nn.Sequential([nn.Dense(units)], (inputs,), dtype="float64")
    forward, back = [], []
    for signs in itertools.product((-s, s), repeat=inputs * units):
        W = np.reshape(signs, (inputs, units))
        net.layers[0].W = W
        forward.append(net.forward(x))
        back.append(net.backward(dz))
        np.testing.assert_allclose(back[-1], dz @ W.T, rtol=1e-12, atol=1e-15)
    z, dx = np.array(forward), np.array(back)
    sizes, q = (z**2).mean(axis=0), (x**2).mean(axis=1, keepdims=True)
    np.testing.assert_allclose(sizes, s**2 * np.tile((x**2).sum(axis=1, keepdims=True), units), rtol=1e-12)
    np.testing.assert_allclose(sizes, inputs * s**2 * np.tile(q, units), rtol=1e-12)
    np.testing.assert_allclose((np.maximum(z, 0) ** 2).mean(axis=0), sizes / 2, rtol=1e-12)
    np.testing.assert_allclose((z[:, 0] * z[:, 1]).mean(axis=0), s**2 * x[0] @ x[1], rtol=1e-12)
    gone_back = units * s**2 * (dz**2).mean(axis=1, keepdims=True)
    np.testing.assert_allclose((dx**2).mean(axis=0), np.tile(gone_back, inputs), rtol=1e-12)
