"""Published examples with known numbers, reproduced with the package's own layers."""

import math

import numpy as np
import pytest

import tinynn as nn

# "A step by step backpropagation example" (Mazur): 2-2-2, sigmoids, E = ½ Σ (t − o)², learning rate ½.
X, TARGET = np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]])
W1, W2 = np.array([[0.15, 0.20], [0.25, 0.30]]), np.array([[0.40, 0.45], [0.50, 0.55]])  # rows are neurons


def mazur():
    net = nn.Sequential([nn.Dense(2), nn.Sigmoid(), nn.Dense(2), nn.Sigmoid()], (2,), dtype="float64")
    hidden, out = net.layers[0], net.layers[2]
    hidden.W[...], hidden.b[...] = W1.T, 0.35
    out.W[...], out.b[...] = W2.T, 0.60
    return net


def error(net):
    return float(((net.forward(X) - TARGET) ** 2).sum() / 2)


def backward(net):
    net.backward(net.forward(X) - TARGET)


def test_mazur_forward():
    """Equations `neuron`, `mazur-weights`, `two-layer-hidden`, `two-layer-output` and `squared-error` of
    `docs/derivations/two-layer-network.md`, in published numbers.
    """
    net = mazur()
    o = net.forward(X)
    np.testing.assert_allclose(net.layers[1].y, [[0.593269992, 0.596884378]], atol=5e-10)
    np.testing.assert_allclose(o, [[0.751365070, 0.772928465]], atol=5e-10)
    np.testing.assert_allclose((o - TARGET) ** 2 / 2, [[0.274811083, 0.023560026]], atol=5e-10)
    assert error(net) == pytest.approx(0.298371109, abs=5e-10)


def test_mazur_backward_and_one_step():
    """Equations `output-deltas`, `two-layer-backward` and `gradient-step` of
    `docs/derivations/two-layer-network.md`, in published numbers.
    """
    net = mazur()
    hidden, out = net.layers[0], net.layers[2]
    backward(net)
    np.testing.assert_allclose(out.db, [0.138498562, -0.038098237], atol=5e-10)  # one row: db is δ
    hidden.db[...] = out.db[...] = 0  # the example leaves its biases alone
    nn.SGD(0.5).step(net.parameters, net.gradients)
    np.testing.assert_allclose(out.W.T, [[0.358916480, 0.408666186], [0.511301270, 0.561370121]], atol=5e-10)
    np.testing.assert_allclose(
        hidden.W.T, [[0.149780716, 0.199561432], [0.249751144, 0.299502287]], atol=5e-10
    )
    assert hidden.b.tolist() == [0.35, 0.35]


def no_bias(db):
    db[...] = 0


def shared_bias(db):
    db[...] = db.sum()


def own_bias(db):
    pass


@pytest.mark.parametrize(
    ("treat", "after"), [(no_bias, 0.2910277737), (shared_bias, 0.2857508867), (own_bias, 0.2804714468)]
)
def test_mazur_error_after_one_step(treat, after):
    """The page's 0.291027924 comes from updating W2 before propagating back through it."""
    net = mazur()
    backward(net)
    for layer in (net.layers[0], net.layers[2]):
        treat(layer.db)
    nn.SGD(0.5).step(net.parameters, net.gradients)
    assert error(net) == pytest.approx(after, abs=5e-11)


def test_mazur_weight_by_weight():
    """Equations `chain-rule`, `output-deltas`, `two-paths`, `hidden-weight` and `central-difference` of
    `docs/derivations/two-layer-network.md`, one number at a time.
    """
    net = mazur()
    backward(net)
    hidden, out = net.layers[0], net.layers[2]
    h, o, t = net.layers[1].y[0].copy(), net.layers[3].y[0].copy(), TARGET[0]
    dW1, dW2 = hidden.dW.copy(), out.dW.copy()
    dz = [(o[k] - t[k]) * o[k] * (1 - o[k]) for k in range(2)]
    for j, i in np.ndindex(2, 2):
        assert dW2[j, i] == pytest.approx((o[i] - t[i]) * o[i] * (1 - o[i]) * h[j], rel=1e-12)
        dh = dz[0] * W2[0, j] + dz[1] * W2[1, j]
        assert dW1[i, j] == pytest.approx(dh * h[j] * (1 - h[j]) * X[0, i], rel=1e-12)
    for W, dW in ((hidden.W, dW1), (out.W, dW2)):
        for place in np.ndindex(2, 2):
            start, errors = W[place], []
            for w in (start + 1e-4, start - 1e-4):
                W[place] = w
                errors.append(error(net))
            W[place] = start
            assert dW[place] == pytest.approx((errors[0] - errors[1]) / 2e-4, abs=1e-9)


def test_two_layers_backward_line_by_line():
    """Equations `two-layer-hidden`, `two-layer-output`, `sigmoid-backward`, `dense-forward`, `dense-sums`,
    `dense-gradients`, `two-layer-backward` and `transposed-product` of `docs/derivations/two-layer-network.md`.

    With n, I, H and O all different, so that no transpose can be forgotten.
    """
    rng = np.random.default_rng(0)
    n, inputs, units, outputs = 5, 4, 3, 2
    net = nn.Sequential(
        [nn.Dense(units), nn.Sigmoid(), nn.Dense(outputs), nn.Sigmoid()], (inputs,), dtype="float64"
    )
    net.parameters[...] = rng.normal(size=net.parameters.shape)
    hidden, out = net.layers[0], net.layers[2]
    x, t = rng.normal(size=(n, inputs)), rng.random((n, outputs))

    z1 = np.array(
        [
            [sum(x[r, i] * hidden.W[i, j] for i in range(inputs)) + hidden.b[j] for j in range(units)]
            for r in range(n)
        ]
    )
    np.testing.assert_allclose(z1, x @ hidden.W + hidden.b, rtol=1e-12)
    as_mazur_has_it = (hidden.W.T @ x.T).T + hidden.b  # a row of weights for each neuron
    np.testing.assert_allclose(z1, as_mazur_has_it, rtol=1e-12)
    h = 1 / (1 + np.exp(-z1))
    o = 1 / (1 + np.exp(-(h @ out.W + out.b)))
    np.testing.assert_allclose(net.forward(x), o, rtol=1e-12)
    do = o - t
    dz2 = do * o * (1 - o)
    dW2, db2, dh = h.T @ dz2, dz2.sum(axis=0), dz2 @ out.W.T
    dz1 = dh * h * (1 - h)
    dW1 = np.array(
        [[sum(x[r, i] * dz1[r, j] for r in range(n)) for j in range(units)] for i in range(inputs)]
    )
    db1 = [sum(dz1[r, j] for r in range(n)) for j in range(units)]
    dx = [[sum(dz1[r, j] * hidden.W[i, j] for j in range(units)) for i in range(inputs)] for r in range(n)]
    np.testing.assert_allclose(net.backward(do), dx, rtol=1e-10)
    for ours, line in (
        (out.dW, dW2),
        (out.db, db2),
        (hidden.dW, dW1),
        (hidden.dW, x.T @ dz1),
        (hidden.db, db1),
    ):
        np.testing.assert_allclose(ours, line, rtol=1e-10)
    np.testing.assert_allclose(dx, dz1 @ hidden.W.T, rtol=1e-10)
    start, u, errors = net.parameters.copy(), rng.normal(size=net.parameters.shape), []
    for step in (1e-5, -1e-5):
        net.parameters[...] = start + step * u
        errors.append(((net.forward(x) - t) ** 2).sum() / 2)
    assert net.gradients @ u == pytest.approx((errors[0] - errors[1]) / 2e-5, rel=1e-7)


def test_cs231n_circuit():
    """Equations `one-neuron-vector`, `one-neuron-sigmoid` and `one-neuron-gradients` of
    `docs/derivations/neuron.md`, in published numbers.
    """
    net = nn.Sequential([nn.Dense(1), nn.Sigmoid()], (2,), dtype="float64")
    neuron = net.layers[0]
    neuron.W[...], neuron.b[...] = [[2], [-3]], -3
    np.testing.assert_allclose(net.forward([[-1, -2]]), [[0.7310586]], atol=5e-8)
    np.testing.assert_allclose(net.backward([[1]]), [[0.3932239, -0.5898358]], atol=5e-8)
    np.testing.assert_allclose(neuron.dW, [[-0.1966119], [-0.3932239]], atol=5e-8)
    np.testing.assert_allclose(neuron.db, [0.1966119], atol=5e-8)


@pytest.mark.parametrize(
    ("logits", "formats", "printed"),
    [
        ((5, 1, 0.1), (".3f", ".3f", ".3f"), "0.975 0.018 0.007"),
        ((12.5, 0.6, -23), (".5f", ".0e", ".0e"), "0.99999 7e-06 4e-16"),
    ],
)
def test_softmax_values(logits, formats, printed):
    """Equation `softmax-definition` of `docs/derivations/softmax.md`."""
    (p,) = nn.softmax(np.array([logits]))
    assert " ".join(map(format, p.tolist(), formats)) == printed


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_loss_of_knowing_nothing_is_ln_k(classes):
    """Equation `cross-entropy-likelihood` of `docs/derivations/cross-entropy.md`, where each qᵢ is 1/K."""
    net = nn.Sequential([nn.Dense(7), nn.ReLU(), nn.Dense(classes)], (4,), dtype="float64")
    net.layers[-1].W[...] = 0
    logits = net.forward(np.random.default_rng(0).normal(size=(20, 4)))
    labels = np.arange(20) % classes
    assert nn.SoftmaxCrossEntropy().forward(logits, labels) == pytest.approx(math.log(classes), rel=1e-12)
