"""PyTorch's automatic differentiation computes the same outputs and gradients, in float64."""

import numpy as np
import pytest

import tinynn as nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

F = torch.nn.functional
TOLERANCE = 1e-10
IMAGES = (7, 6, 3)


def image(function):
    """Apply a function of channels-first images to channels-last ones."""
    return lambda x, p: function(x.permute(0, 3, 1, 2), p).permute(0, 2, 3, 1)


def conv(stride, padding):
    def apply(x, p):
        (above, below), (left, right) = padding
        x = F.pad(x, (left, right, above, below))
        return F.conv2d(x, p["W"].permute(3, 2, 0, 1), p["b"], stride=stride)

    return image(apply)


def batch_norm(x, p):
    rows = x.reshape(-1, x.shape[-1])
    return F.batch_norm(rows, None, None, p["gamma"], p["beta"], training=True, eps=1e-5).reshape(x.shape)


# A layer, the shape of a row, and the same function written with PyTorch, of x and the layer's parameters.
LAYERS = {
    "Dense": (nn.Dense(4), (5,), lambda x, p: x @ p["W"] + p["b"]),
    "ReLU": (nn.ReLU(), (5,), lambda x, p: F.relu(x)),
    "LeakyReLU": (nn.LeakyReLU(0.2), (5,), lambda x, p: F.leaky_relu(x, 0.2)),
    "ELU": (nn.ELU(0.7), (5,), lambda x, p: F.elu(x, 0.7)),
    "GELU": (nn.GELU(), (5,), lambda x, p: F.gelu(x)),
    "SiLU": (nn.SiLU(), (5,), lambda x, p: F.silu(x)),
    "Softplus": (nn.Softplus(), (5,), lambda x, p: F.softplus(x)),
    "Sigmoid": (nn.Sigmoid(), (5,), lambda x, p: torch.sigmoid(x)),
    "Tanh": (nn.Tanh(), (5,), lambda x, p: torch.tanh(x)),
    "Softmax": (nn.Softmax(), (5,), lambda x, p: F.softmax(x, dim=-1)),
    "Flatten": (nn.Flatten(), IMAGES, lambda x, p: x.flatten(1)),
    "Reshape": (nn.Reshape((9, 14)), IMAGES, lambda x, p: x.reshape(-1, 9, 14)),
    "LayerNorm": (nn.LayerNorm(), (5,), lambda x, p: F.layer_norm(x, (5,), p["gamma"], p["beta"], 1e-5)),
    "BatchNorm": (nn.BatchNorm(), (5,), batch_norm),
    "BatchNorm, images": (nn.BatchNorm(), IMAGES, batch_norm),
    "MaxPool2D": (nn.MaxPool2D(), IMAGES, image(lambda x, p: F.max_pool2d(x, 2))),
    "MaxPool2D, overlapping": (
        nn.MaxPool2D(3, 2),
        IMAGES,
        image(lambda x, p: F.max_pool2d(x, 3, 2)),
    ),
    "AveragePool2D": (
        nn.AveragePool2D((2, 3), (2, 1)),
        IMAGES,
        image(lambda x, p: F.avg_pool2d(x, (2, 3), (2, 1))),
    ),
    "GlobalAveragePool2D": (nn.GlobalAveragePool2D(), IMAGES, lambda x, p: x.mean(dim=(1, 2))),
    "Conv2D": (nn.Conv2D(4, (2, 3)), IMAGES, conv(1, ((0, 0), (0, 0)))),
    "Conv2D, same": (nn.Conv2D(4, 3, padding="same"), IMAGES, conv(1, ((1, 1), (1, 1)))),
    "Conv2D, same and strides": (nn.Conv2D(2, 3, 2, "same"), IMAGES, conv(2, ((1, 1), (0, 1)))),
    "Conv2D, padded": (
        nn.Conv2D(2, (2, 4), (3, 2), ((0, 2), (3, 1))),
        IMAGES,
        conv((3, 2), ((0, 2), (3, 1))),
    ),
    "Residual": (
        nn.Residual([nn.Dense(5), nn.Tanh()]),
        (5,),
        lambda x, p: x + torch.tanh(x @ p["W"] + p["b"]),
    ),
    "Residual in residual": (
        nn.Residual([nn.Tanh(), nn.Residual([nn.Dense(5), nn.SiLU()])]),
        (5,),
        lambda x, p: x + torch.tanh(x) + F.silu(torch.tanh(x) @ p["W"] + p["b"]),
    ),
}


def relative(ours, theirs):
    theirs = theirs.detach().numpy()
    return np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-12)


def test_every_layer_has_an_oracle():
    without = {"Layer", "Dropout"}  # dropout is a product with a random mask; its tests hold the mask
    assert {name.split(",")[0].split(" ")[0] for name in LAYERS} == set(nn.layers.__all__) - without


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("seed", range(3))
def test_layers_and_their_gradients(name, seed):
    layer, shape, function = LAYERS[name]
    rng = np.random.default_rng(seed)
    net = nn.Sequential([layer.copy()], shape, dtype="float64")
    net.parameters[...] = rng.normal(size=net.parameters.shape)
    x = rng.normal(size=(4, *shape))
    y = net.forward(x, training=True)
    dy = rng.normal(size=y.shape)
    dx = net.backward(dy)

    x_torch = torch.tensor(x, requires_grad=True)
    inner = [part for part in nn.layers.chain.walk(net.layers) if part.parameter_names]
    arrays = {key: (part, key) for part in inner for key in part.parameter_names}
    p = {
        key: torch.tensor(np.array(getattr(part, key)), requires_grad=True)
        for key, (part, _) in arrays.items()
    }
    y_torch = function(x_torch, p)
    y_torch.backward(torch.tensor(dy))
    assert relative(y, y_torch) < TOLERANCE
    assert relative(dx, x_torch.grad) < TOLERANCE
    for key, (part, _) in arrays.items():
        assert relative(getattr(part, f"d{key}"), p[key].grad) < TOLERANCE, key


def one_per_class(rng, n, k):
    return rng.integers(0, k, n)


# A loss, how targets are drawn, and the same with PyTorch, of outputs, targets and row weights or None.
LOSSES = {
    "SoftmaxCrossEntropy": (
        nn.SoftmaxCrossEntropy(),
        one_per_class,
        lambda z, t: F.cross_entropy(z, t, reduction="none"),
    ),
    "SoftmaxCrossEntropy, smoothed": (
        nn.SoftmaxCrossEntropy(label_smoothing=0.2),
        one_per_class,
        lambda z, t: F.cross_entropy(z, t, reduction="none", label_smoothing=0.2),
    ),
    "SoftmaxCrossEntropy, distributions": (
        nn.SoftmaxCrossEntropy(),
        lambda rng, n, k: rng.dirichlet(np.ones(k), n),
        lambda z, t: F.cross_entropy(z, t, reduction="none"),
    ),
    "BinaryCrossEntropy": (
        nn.BinaryCrossEntropy(),
        lambda rng, n, k: rng.random((n, k)),
        lambda z, t: F.binary_cross_entropy_with_logits(z, t, reduction="none").mean(1),
    ),
    "MeanSquaredError": (
        nn.MeanSquaredError(),
        lambda rng, n, k: rng.normal(size=(n, k)),
        lambda z, t: F.mse_loss(z, t, reduction="none").mean(1),
    ),
    "Huber": (
        nn.Huber(0.4),
        lambda rng, n, k: rng.normal(size=(n, k)),
        lambda z, t: F.huber_loss(z, t, reduction="none", delta=0.4).mean(1),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("weighted", [False, True])
def test_losses_and_their_gradients(name, weighted):
    loss, draw, function = LOSSES[name]
    rng = np.random.default_rng(7)
    z, t = rng.normal(size=(6, 4)), draw(rng, 6, 4)
    weights = rng.random(6) if weighted else None
    z_torch = torch.tensor(z, requires_grad=True)
    rows = function(z_torch, torch.tensor(t))
    w = torch.tensor(weights if weighted else np.ones(6))
    theirs = (w * rows).sum() / w.sum()
    theirs.backward()
    ours = loss.forward(z, t, weights)
    assert abs(float(ours) - theirs.item()) < TOLERANCE * abs(theirs.item())
    assert relative(loss.backward(), z_torch.grad) < TOLERANCE


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_weights(smoothing):
    rng = np.random.default_rng(3)
    z, t, c = rng.normal(size=(6, 4)), rng.integers(0, 4, 6), rng.random(4) + 0.5
    z_torch = torch.tensor(z, requires_grad=True)
    theirs = F.cross_entropy(z_torch, torch.tensor(t), torch.tensor(c), label_smoothing=smoothing)
    theirs.backward()
    loss = nn.SoftmaxCrossEntropy(smoothing, c)
    assert abs(float(loss.forward(z, t)) - theirs.item()) < TOLERANCE
    assert relative(loss.backward(), z_torch.grad) < TOLERANCE


def test_running_statistics_follow_pytorch():
    rng = np.random.default_rng(1)
    ours = nn.Sequential([nn.BatchNorm(momentum=0.8)], (3,), dtype="float64")
    theirs = torch.nn.BatchNorm1d(3, momentum=0.2, dtype=torch.float64)
    for _ in range(5):
        x = rng.normal(2, 3, size=(7, 3))
        ours.forward(x, training=True)
        theirs(torch.tensor(x))
    x = rng.normal(size=(2, 3))
    assert relative(ours.forward(x), theirs.eval()(torch.tensor(x))) < TOLERANCE


def test_a_whole_network():
    rng = np.random.default_rng(5)
    layers = [
        nn.Conv2D(4, 3, padding="same"),
        nn.BatchNorm(),
        nn.ReLU(),
        nn.Residual([nn.Conv2D(4, 3, padding="same"), nn.GELU()]),
        nn.MaxPool2D(),
        nn.Flatten(),
        nn.Dense(5),
    ]
    net = nn.Sequential(layers, (8, 6, 1), dtype="float64")
    loss = nn.SoftmaxCrossEntropy()
    x, t = rng.normal(size=(3, 8, 6, 1)), rng.integers(0, 5, 3)
    value = float(loss.forward(net.forward(x, training=True), t))
    dx = net.backward(loss.backward())

    θ = torch.tensor(net.parameters.copy(), requires_grad=True)
    x_torch, start = torch.tensor(x, requires_grad=True), 0

    def take(array):
        nonlocal start
        start += array.size
        return θ[start - array.size : start].reshape(array.shape)

    first, norm, second, last = layers[0], layers[1], layers[3].layers[0], layers[6]
    p = [
        {name: take(getattr(layer, name)) for name in layer.parameter_names}
        for layer in (first, norm, second, last)
    ]
    same = conv(1, ((1, 1), (1, 1)))
    h = F.relu(batch_norm(same(x_torch, p[0]), p[1]))
    h = h + F.gelu(same(h, p[2]))
    h = image(lambda x, p: F.max_pool2d(x, 2))(h, None).flatten(1)
    theirs = F.cross_entropy(h @ p[3]["W"] + p[3]["b"], torch.tensor(t))
    theirs.backward()
    assert abs(value - theirs.item()) < TOLERANCE
    assert relative(net.gradients, θ.grad) < TOLERANCE
    assert relative(dx, x_torch.grad) < TOLERANCE
