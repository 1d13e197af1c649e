"""The networks that are measured: ours trained once a run, and the others with its weights."""

from typing import Any

import numpy as np

import tinynn as nn
from tests.benchmarks import data
from tests.benchmarks.work import Setting

MLP, SAMPLED, IMAGES = "mlp", "sampled", "images"


def layers(name: str) -> list[nn.Layer]:
    """Return the layers of a network, without weights."""
    if name == MLP:
        return [nn.Dense(128), nn.ReLU(), nn.Dense(64), nn.ReLU(), nn.Dense(10)]
    if name == SAMPLED:
        return [nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    # Gal, Islam & Ghahramani 2017, "Deep Bayesian active learning with image data", section 5.
    convolutions = [
        nn.Conv2D(32, 4),
        nn.ReLU(),
        nn.Conv2D(32, 4),
        nn.ReLU(),
        nn.MaxPool2D(2),
        nn.Dropout(0.25),
    ]
    return [*convolutions, nn.Flatten(), nn.Dense(128), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]


def fresh(name: str) -> nn.Sequential:
    """Return a network as it starts."""
    return nn.Sequential(layers(name), (28, 28, 1) if name == IMAGES else (784,), seed=0)


def rows(name: str, x: np.ndarray) -> np.ndarray:
    """Give rows of 784 bytes the shape that a network takes."""
    return x.reshape(-1, 28, 28, 1) if name == IMAGES else x


def trained(name: str, setting: Setting) -> nn.Sequential:
    """Return a network that has learned a little, by whichever process needs it first."""
    path = setting.scratch / f"{name}.npz"
    if not path.exists():
        some = data.load()
        n = 6400 if name == IMAGES else 20_000
        net = fresh(name)
        nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(1e-3), rows(name, some.x_train[:n]), some.y_train[:n])
        net.save(path)
    return nn.Sequential.load(path)


def in_torch(net: nn.Sequential) -> Any:
    """Return the same network of PyTorch's modules: images there have their channels first."""
    import torch

    def tensor(array: np.ndarray) -> Any:
        return torch.nn.Parameter(torch.from_numpy(np.ascontiguousarray(array)))

    modules: list[Any] = []
    image: tuple[int, ...] | None = None
    for layer in net.layers:
        if isinstance(layer, nn.Dense):
            W = layer.W
            if image:  # flattened in another order there
                W = W.reshape(*image, -1).transpose(2, 0, 1, 3).reshape(W.shape)
                image = None
            module = torch.nn.Linear(*layer.W.shape)
            module.weight, module.bias = tensor(W.T), tensor(layer.b)
        elif isinstance(layer, nn.Conv2D):
            module = torch.nn.Conv2d(layer.W.shape[2], layer.filters, layer.window)
            module.weight, module.bias = tensor(layer.W.transpose(3, 2, 0, 1)), tensor(layer.b)
        elif isinstance(layer, nn.Dropout):
            module = torch.nn.Dropout(layer.rate)
        elif isinstance(layer, nn.Flatten):
            image, module = layer.input_shape, torch.nn.Flatten()
        else:
            module = torch.nn.MaxPool2d(2) if isinstance(layer, nn.MaxPool2D) else torch.nn.ReLU()
        modules.append(module)
    return torch.nn.Sequential(*modules)


def before_dropout(net: Any) -> tuple[Any, Any]:
    """Divide PyTorch's network into what comes before the first dropout layer and the rest, which is drawn anew."""
    import torch

    first = next(i for i, module in enumerate(net) if isinstance(module, torch.nn.Dropout))
    return net[:first].eval(), net[first:].train()
