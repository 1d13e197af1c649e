"""Trainings to examine: healthy ones, which must pass without a word, and ill ones, each with one planted illness."""

from functools import cache

import numpy as np

import tinynn as nn

CE = nn.SoftmaxCrossEntropy


@cache
def rows():
    data = nn.datasets.load("digits")
    return data.x_train[:600] / 255, data.y_train[:600]


def mlp(seed, *last, act=nn.ReLU, first=(), initializer="he", **where):
    layers = [nn.Dense(64, initializer), act(), nn.Dense(32, initializer), act(), nn.Dense(10), *last]
    return nn.Sequential([*first, *layers], 64, seed=seed, **where)


def conv(seed, **where):
    layers = [
        nn.Conv2D(8, 3),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Flatten(),
        nn.Dense(32),
        nn.ReLU(),
        nn.Dense(10),
    ]
    return nn.Sequential(layers, (8, 8, 1), seed=seed, **where)


def training(net, optimizer=None, loss=None, x=None, y=None):
    """Fill in what is as usual."""
    digits, labels = rows()
    x, y = digits if x is None else x, labels if y is None else y
    return net, loss or CE(), x.reshape(len(x), *net.input_shape), y, optimizer or nn.Adam(1e-3)


def residual(seed, *inner):
    blocks = [
        nn.Residual([*(layer.copy() for layer in inner), nn.Dense(32), nn.ReLU(), nn.Dense(32)])
        for _ in range(3)
    ]
    return nn.Sequential([nn.Dense(32), *blocks, nn.Dense(10)], 64, seed=seed)


def deep(seed, act, depth, initializer="he"):
    hidden = [layer for _ in range(depth) for layer in (nn.Dense(64, initializer), act())]
    return nn.Sequential([*hidden, nn.Dense(10)], 64, seed=seed)


def numbers(seed, *last, units=1):
    return nn.Sequential([nn.Dense(32), nn.ReLU(), nn.Dense(units), *last], 64, seed=seed)


def one_input(seed):
    x = np.random.default_rng(seed).uniform(-3, 3, (200, 1))
    net = nn.Sequential([nn.Dense(32), nn.Tanh(), nn.Dense(32), nn.Tanh(), nn.Dense(1)], 1, seed=seed)
    return training(net, nn.Adam(1e-2), nn.MeanSquaredError(), x, np.sin(x))


def two_inputs(seed, hidden=True):
    rng = np.random.default_rng(seed)
    angle, y = rng.uniform(0, np.pi, 300), np.arange(300) % 2
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1) * np.where(y, -1, 1)[:, None] + np.outer(y, [1, 0.5])
    layers = [nn.Dense(16), nn.Tanh()] * hidden
    return training(
        nn.Sequential([*layers, nn.Dense(2)], 2, seed=seed),
        nn.Adam(1e-2),
        x=x + rng.normal(0, 0.2, x.shape),
        y=y,
    )


def normalised(seed):
    return nn.Sequential(
        [nn.Dense(64), nn.BatchNorm(), nn.ReLU(), nn.Dense(32), nn.BatchNorm(), nn.ReLU(), nn.Dense(10)],
        64,
        seed=seed,
    )


HEALTHY = {
    "relu": lambda s: training(mlp(s)),
    "sgd": lambda s: training(mlp(s), nn.SGD(0.1)),
    "slow sgd": lambda s: training(mlp(s), nn.SGD(0.01)),
    "momentum": lambda s: training(mlp(s), nn.SGD(0.05, 0.9)),
    "fast adam": lambda s: training(mlp(s), nn.Adam(1e-2)),
    "schedule": lambda s: training(mlp(s), nn.Clipped(nn.AdamW(nn.OneCycle(3e-3)))),
    "linear": lambda s: training(nn.Sequential([nn.Dense(10)], 64, seed=s), nn.SGD(0.5)),
    "tanh": lambda s: training(mlp(s, act=nn.Tanh, initializer="glorot")),
    "sigmoid": lambda s: training(mlp(s, act=nn.Sigmoid, initializer="glorot"), nn.Adam(1e-2)),
    "gelu in float64": lambda s: training(mlp(s, act=nn.GELU, dtype="float64"), nn.RMSProp(1e-3)),
    "deep": lambda s: training(deep(s, nn.ReLU, 8)),
    "convolution": lambda s: training(conv(s)),
    "black margins": lambda s: training(
        nn.Sequential(
            [nn.Conv2D(4, 3), nn.ReLU(), nn.GlobalAveragePool2D(), nn.Dense(10)], (16, 16, 1), seed=s
        ),
        x=np.pad(rows()[0].reshape(-1, 8, 8), ((0, 0), (4, 4), (4, 4))),
    ),
    "batch normalisation": lambda s: training(normalised(s), nn.SGD(0.1)),
    "inputs that a layer scales": lambda s: training(mlp(s, first=[nn.BatchNorm()]), x=255 * rows()[0]),
    "residual": lambda s: training(residual(s)),
    "residual with layer normalisation": lambda s: training(residual(s, nn.LayerNorm())),
    "dropout": lambda s: training(
        nn.Sequential([nn.Dropout(0.1), nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)], 64, seed=s)
    ),
    "standardised": lambda s: training(mlp(s), x=(rows()[0] - 0.3) / 0.38),
    "zeros in the last layer": lambda s: zeroed(mlp(s), last=True),
    "smoothed labels": lambda s: training(mlp(s), loss=CE(label_smoothing=0.1)),
    "one yes or no": lambda s: training(numbers(s), loss=nn.BinaryCrossEntropy(), y=rows()[1][:, None] % 2),
    "ten yes or no": lambda s: training(
        numbers(s, units=10), loss=nn.BinaryCrossEntropy(), y=np.eye(10)[rows()[1]]
    ),
    "a number": lambda s: training(
        numbers(s), loss=nn.MeanSquaredError(), y=(rows()[1][:, None] - 4.5) / 2.9
    ),
    "autoencoder": lambda s: training(
        numbers(s, nn.Sigmoid(), units=64), loss=nn.MeanSquaredError(), y=rows()[0]
    ),
    "one input": one_input,
    "two inputs": two_inputs,
    "two inputs, linear": lambda s: two_inputs(s, hidden=False),
}


def scaled(net, factor, optimizer=None):
    for layer in net.layers:
        if layer.parameter_names:
            layer.W *= factor
    return training(net, optimizer)


def zeroed(net, last=False):
    for layer in net.layers[-1:] if last else net.layers:
        if layer.parameter_names:
            layer.W[...] = 0
    return training(net)


def with_bias(net, layer, value):
    layer.b[...] = value
    return training(net)


def with_nan(seed):
    net = mlp(seed)
    net.layers[2].W[3, 4] = np.nan
    return training(net)


def with_nan_row(seed):
    x = rows()[0].copy()
    x[7, 7] = np.nan
    return training(mlp(seed), x=x)


def saturated(seed):
    net = mlp(seed, act=nn.Tanh)
    net.layers[0].W *= 100
    return training(net)


def dead_block(seed):
    net = residual(seed)
    return with_bias(net, net.layers[1].layers[0], -100)


def dead(seed, layer, make=mlp):
    net = make(seed)
    return with_bias(net, net.layers[layer], -100)


def after_high_rate(seed):
    net, loss, x, y, optimizer = training(mlp(seed), nn.SGD(1e2))
    with np.errstate(all="ignore"):
        nn.fit(net, loss, optimizer, x, y, steps=10, progress=False)
    return net, loss, x, y, optimizer


class Uphill(nn.Tanh):
    def backward(self, dy, input_gradient=True):
        return -super().backward(dy, input_gradient)


class WithoutSlope(nn.Tanh):
    def backward(self, dy, input_gradient=True):
        return dy


class WithoutBias(nn.Dense):
    def backward(self, dy, input_gradient=True):
        dx = super().backward(dy, input_gradient)
        self.db[...] = 0
        return dx


class Blocking(nn.ReLU):
    def backward(self, dy, input_gradient=True):
        return 0 * dy


class Undefined(nn.ReLU):
    def forward(self, x, training=False):
        return self.xp.log(super().forward(x, training) - 1)


def custom(seed, act):
    return training(mlp(seed, act=act))


def narrow(seed):
    layers = [nn.Dense(32), nn.ReLU(), nn.Dense(1), nn.Sigmoid(), nn.Dense(10)]
    return training(nn.Sequential(layers, 64, seed=seed))


class Times(nn.Layer):
    """y = c x."""

    def __init__(self, c):
        self.c = c

    def forward(self, x, training=False):
        return x * self.c

    def backward(self, dy, input_gradient=True):
        return dy * self.c


class Wiggle(nn.Layer):
    """y = sin(10⁶ x): outputs stay small, gradients do not."""

    def forward(self, x, training=False):
        self.x = x
        return self.xp.sin(1e6 * x)

    def backward(self, dy, input_gradient=True):
        return dy * 1e6 * self.xp.cos(1e6 * self.x)


def lopsided(seed):
    y = rows()[1]
    return training(mlp(seed), y=np.where(np.arange(len(y)) % 20, 3, y))


ILL = {
    "all weights zero": ("equal-weights", lambda s: zeroed(mlp(s))),
    "all weights zero, sigmoid": ("equal-weights", lambda s: zeroed(mlp(s, act=nn.Sigmoid))),
    "weights 100 times too large": ("weights-too-large", lambda s: scaled(mlp(s), 100)),
    "weights 100 times too large, tanh": ("weights-too-large", lambda s: scaled(mlp(s, act=nn.Tanh), 100)),
    "training at 100": ("weights-too-large", after_high_rate),
    "deep sigmoids, small weights": ("vanishing-gradients", lambda s: scaled(deep(s, nn.Sigmoid, 5), 0.01)),
    "ten sigmoids": ("vanishing-gradients", lambda s: training(deep(s, nn.Sigmoid, 10, "glorot"))),
    "signal shrinks": ("vanishing-signal", lambda s: training(mlp(s, first=[Times(1e-6)]))),
    "signal grows": ("exploding-signal", lambda s: training(mlp(s, first=[Times(1e6)]))),
    "gradient grows": ("exploding-gradients", lambda s: custom(s, Wiggle)),
    "dead ReLUs": ("dead-units", lambda s: dead(s, 0)),
    "dead second ReLU": ("dead-units", lambda s: dead(s, 2)),
    "dead filters": ("dead-units", lambda s: dead(s, 0, conv)),
    "dead within a block": ("dead-units", dead_block),
    "saturated tanh": ("saturated-units", saturated),
    "pixels to 255": ("inputs-not-scaled", lambda s: training(mlp(s), x=255 * rows()[0])),
    "pixels divided twice": ("inputs-not-scaled", lambda s: training(mlp(s), x=rows()[0] / 255)),
    "features of a thousand": ("inputs-not-scaled", lambda s: training(mlp(s), x=1e3 * rows()[0] - 300)),
    "all rows the same": (
        "identical-rows",
        lambda s: training(mlp(s), x=np.repeat(rows()[0][:1], 600, axis=0)),
    ),
    "one row": ("single-row", lambda s: training(mlp(s), x=rows()[0][:1], y=rows()[1][:1])),
    "rate 1e-7": ("learning-rate-too-small", lambda s: training(mlp(s), nn.SGD(1e-7))),
    "rate 1e-7, adam": ("learning-rate-too-small", lambda s: training(mlp(s), nn.Adam(1e-7))),
    "rate 1e2": ("learning-rate-too-large", lambda s: training(mlp(s), nn.SGD(1e2))),
    "rate 1e2, adam": ("learning-rate-too-large", lambda s: training(mlp(s), nn.Adam(1e2))),
    "rate 1e2, tanh": ("learning-rate-too-large", lambda s: training(mlp(s, act=nn.Tanh), nn.SGD(1e2))),
    "rate 1e9": ("learning-rate-too-large", lambda s: training(mlp(s), nn.SGD(1e9))),
    "softmax twice": ("softmax-twice", lambda s: training(mlp(s, nn.Softmax()))),
    "sigmoid twice": (
        "sigmoid-twice",
        lambda s: training(mlp(s, nn.Sigmoid()), loss=nn.BinaryCrossEntropy(), y=np.eye(10)[rows()[1]]),
    ),
    "relu before the loss": ("bounded-logits", lambda s: training(mlp(s, nn.ReLU()))),
    "targets beyond a sigmoid": (
        "targets-out-of-reach",
        lambda s: training(numbers(s, nn.Sigmoid()), loss=nn.MeanSquaredError(), y=1.0 * rows()[1][:, None]),
    ),
    "targets around 2000": (
        "loss-above-chance",
        lambda s: training(numbers(s), loss=nn.MeanSquaredError(), y=2000.0 + rows()[1][:, None]),
    ),
    "one class": ("constant-targets", lambda s: training(mlp(s), y=0 * rows()[1] + 3)),
    "nearly one class": ("lopsided-classes", lopsided),
    "NaN in a weight": ("not-finite", with_nan),
    "NaN in a row": ("not-finite", with_nan_row),
    "NaN from a layer": (
        "not-finite",
        lambda s: training(
            nn.Sequential([nn.Dense(32), nn.Residual([nn.Dense(32), Undefined()]), nn.Dense(10)], 64, seed=s)
        ),
    ),
    "uphill": ("wrong-gradient", lambda s: custom(s, Uphill)),
    "derivative forgotten": ("wrong-gradient", lambda s: custom(s, WithoutSlope)),
    "one gradient missing": (
        "wrong-gradient",
        lambda s: training(nn.Sequential([WithoutBias(32), nn.ReLU(), nn.Dense(10)], 64, seed=s)),
    ),
    "nothing comes back": ("zero-gradient", lambda s: custom(s, Blocking)),
    "too narrow": ("cannot-overfit", narrow),
    "linear after linear": (
        "linear-stack",
        lambda s: training(nn.Sequential([nn.Dense(32), nn.Dropout(0.2), nn.Dense(10)], 64, seed=s)),
    ),
    "dropout at the end": ("dropout-on-outputs", lambda s: training(mlp(s, nn.Dropout(0.5)))),
}
