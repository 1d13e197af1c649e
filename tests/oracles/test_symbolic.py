"""SymPy derives each gradient from the formula alone; the code's numbers must agree.

The formulas stand here as they do in a textbook, one number at a time. SymPy differentiates L = Σ dy · y by every
input and every parameter, puts in the numbers, and what comes out is compared with `backward`.
"""

import numpy as np
import pytest

import tinynn as nn

sp = pytest.importorskip("sympy")

X = sp.Symbol("x", real=True)
Y = sp.Symbol("y", real=True)  # the output
GATE, PHI = 1 / (1 + sp.exp(-X)), (1 + sp.erf(X / sp.sqrt(2))) / 2
ACTIVATIONS = {  # a layer, its formula, and the slope that the page of derivations arrives at
    "ReLU": (nn.ReLU(), sp.Max(X, 0), sp.Piecewise((1, X > 0), (0, True))),
    "LeakyReLU": (
        nn.LeakyReLU(0.2),
        sp.Piecewise((X, X > 0), (sp.Rational(1, 5) * X, True)),
        sp.Piecewise((1, X > 0), (sp.Rational(1, 5), True)),
    ),
    "ELU": (
        nn.ELU(0.5),
        sp.Piecewise((X, X > 0), ((sp.exp(X) - 1) / 2, True)),
        sp.Piecewise((1, X > 0), (sp.exp(X) / 2, True)),
    ),
    "GELU": (nn.GELU(), X * PHI, PHI + X * sp.exp(-(X**2) / 2) / sp.sqrt(2 * sp.pi)),
    "SiLU": (nn.SiLU(), X * GATE, GATE + X * GATE * (1 - GATE)),
    "Softplus": (nn.Softplus(), sp.log(1 + sp.exp(X)), GATE),
    "Sigmoid": (nn.Sigmoid(), GATE, Y * (1 - Y)),
    "Tanh": (nn.Tanh(), sp.tanh(X), 1 - Y**2),
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name):
    """Equations `activation-sigmoid`, `activation-tanh`, `activation-relu`, `activation-softplus` and
    `activation-gated` of `docs/derivations/activations.md`, and `sigmoid-derivative` of
    `docs/derivations/two-layer-network.md`.
    """
    layer, formula, closed = ACTIVATIONS[name]
    net = nn.Sequential([layer.copy()], (1,), dtype="float64")
    points = np.array([-3.0, -1.2, -0.3, 0.4, 1.1, 2.5])
    y = net.forward(points[:, None])[:, 0]
    slope = net.backward(np.ones((len(points), 1)))[:, 0]
    derivative = sp.diff(formula, X)
    for point, value, gradient in zip(points, y, slope, strict=True):
        exact = sp.Rational(str(point))
        true = float(derivative.subs(X, exact).evalf(30))
        assert value == pytest.approx(float(formula.subs(X, exact).evalf(30)), rel=1e-12)
        assert gradient == pytest.approx(true, rel=1e-12)
        assert float(closed.subs({X: exact, Y: formula.subs(X, exact)}).evalf(30)) == pytest.approx(
            true, rel=1e-14
        )


def symbols(name, shape):
    return np.array(sp.symbols(f"{name}:{int(np.prod(shape))}", real=True), dtype=object).reshape(shape)


def dense(x, p):
    return x @ p["W"] + p["b"]


def conv(x, p):
    n, height, width, _ = x.shape
    rows, columns, _, filters = p["W"].shape
    y = np.empty((n, height - rows + 1, width - columns + 1, filters), dtype=object)
    for i, j, f in np.ndindex(y.shape[1:]):
        window = x[:, i : i + rows, j : j + columns]
        y[:, i, j, f] = (window * p["W"][..., f]).sum(axis=(1, 2, 3)) + p["b"][f]
    return y


def normalized(x, axis):
    mean = x.sum(axis=axis, keepdims=True) / x.shape[axis]
    variance = ((x - mean) ** 2).sum(axis=axis, keepdims=True) / x.shape[axis]
    return (x - mean) / np.vectorize(sp.sqrt)(variance + sp.Rational("1e-5"))


def batch_norm(x, p):
    return p["gamma"] * normalized(x, axis=0) + p["beta"]


def layer_norm(x, p):
    return p["gamma"] * normalized(x, axis=1) + p["beta"]


def softmax(x, p):
    e = np.vectorize(sp.exp)(x)
    return e / e.sum(axis=1, keepdims=True)


LAYERS = {
    "Dense": (nn.Dense(2), (3,), 2, dense),
    "Conv2D": (nn.Conv2D(2, 2), (3, 2, 1), 2, conv),
    "BatchNorm": (nn.BatchNorm(), (2,), 3, batch_norm),
    "LayerNorm": (nn.LayerNorm(), (3,), 2, layer_norm),
    "Softmax": (nn.Softmax(), (3,), 2, softmax),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    """Equations `dense-layer-forward` of `docs/derivations/dense.md`, `conv-forward` of
    `docs/derivations/convolution.md`, `norm-forward` and `norm-scale-shift` of `docs/derivations/normalization.md`, and
    `softmax-definition` of `docs/derivations/softmax.md`.
    """
    layer, shape, n, formula = LAYERS[name]
    rng = np.random.default_rng(2)
    net = nn.Sequential([layer.copy()], shape, dtype="float64")
    (made,) = net.layers
    net.parameters[...] = rng.normal(size=net.parameters.shape)
    x = rng.normal(size=(n, *shape))
    y = net.forward(x, training=True)
    dy = rng.normal(size=y.shape)
    dx = net.backward(dy)

    letters = {"x": (symbols("x", x.shape), x, dx)}
    for key in made.parameter_names:
        values = getattr(made, key)
        letters[key] = symbols(key, values.shape), values, getattr(made, f"d{key}")
    outputs = formula(letters["x"][0], {key: letter for key, (letter, _, _) in letters.items() if key != "x"})
    loss = sum(sp.Float(d, 30) * output for d, output in zip(dy.ravel(), outputs.ravel(), strict=True))
    numbers = {
        symbol: sp.Float(value, 30)
        for letter, values, _ in letters.values()
        for symbol, value in zip(letter.ravel(), values.ravel(), strict=True)
    }
    assert y.ravel() == pytest.approx([float(output.subs(numbers)) for output in outputs.ravel()], rel=1e-12)
    for letter, _, gradient in letters.values():
        exact = [float(sp.diff(loss, symbol).subs(numbers)) for symbol in letter.ravel()]
        assert gradient.ravel() == pytest.approx(exact, rel=1e-10, abs=1e-13)


Z = symbols("z", (2, 3))
T = symbols("t", (2, 3))
R = Z - T
# A loss, its textbook formula in outputs z and targets t, and targets to put in.
LOSSES = {
    "SoftmaxCrossEntropy": (
        nn.SoftmaxCrossEntropy(),
        -sum(T[i, k] * sp.log(sp.exp(Z[i, k]) / sum(map(sp.exp, Z[i]))) for i, k in np.ndindex(2, 3)) / 2,
        [[0.2, 0.5, 0.3], [0, 0, 1]],
    ),
    "BinaryCrossEntropy": (
        nn.BinaryCrossEntropy(),
        -sum(
            t * sp.log(1 / (1 + sp.exp(-z))) + (1 - t) * sp.log(1 - 1 / (1 + sp.exp(-z)))
            for z, t in zip(Z.ravel(), T.ravel(), strict=True)
        )
        / 6,
        [[0, 1, 0.3], [1, 0.9, 0]],
    ),
    "MeanSquaredError": (nn.MeanSquaredError(), (R**2).sum() / 6, [[0.5, -1, 2], [3, 0, 1]]),
    "Huber": (
        nn.Huber(0.5),
        sum(sp.Piecewise((r**2 / 2, sp.Abs(r) <= 0.5), (0.5 * (sp.Abs(r) - 0.25), True)) for r in R.ravel())
        / 6,
        [[0.5, -1, 2], [3, 0, 1]],
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_losses(name):
    """Equation `cross-entropy-batch` of `docs/derivations/cross-entropy.md`."""
    loss, formula, targets = LOSSES[name]
    z, t = np.random.default_rng(4).normal(size=(2, 3)), np.array(targets, dtype=np.float64)
    numbers = dict(zip([*Z.ravel(), *T.ravel()], map(sp.Float, [*z.ravel(), *t.ravel()]), strict=True))
    assert float(loss.forward(z, t)) == pytest.approx(float(formula.subs(numbers)), rel=1e-12)
    exact = [float(sp.diff(formula, symbol).subs(numbers)) for symbol in Z.ravel()]
    assert loss.backward().ravel() == pytest.approx(exact, rel=1e-10)
