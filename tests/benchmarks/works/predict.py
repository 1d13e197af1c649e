"""Class probabilities of 60,000 rows, from bytes: conversion, three layers, softmax."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmarks import data, networks, products
from tests.benchmarks.work import Prepared, Setting, Work

CHUNKS = (1024, 8192, 60_000)


def rows(setting: Setting) -> np.ndarray:
    """Return the rows to predict."""
    return data.load().x_train[: setting.part(60_000, 10_000)]


def check(p: Any) -> dict[str, float]:
    """Return the accuracy, and the mean of the largest probabilities."""
    p = np.asarray(p)
    return {"accuracy": data.accuracy(p, data.load().y_train), "confidence": float(p.max(axis=1).mean())}


def fastest(ways: dict[int, Callable[[], Any]]) -> Callable[[], Any]:
    """Return the fastest of several ways: a peer is measured at the size of chunk that suits it best."""
    seconds = {}
    for name, way in ways.items():
        way()
        tries = []
        for _ in range(3):
            start = time.perf_counter()
            way()
            tries.append(time.perf_counter() - start)
        seconds[name] = min(tries)
    return ways[min(seconds, key=lambda name: seconds[name])]


def ours(setting: Setting) -> Prepared:
    """`inference.predict_proba`."""
    from tinynn import inference

    net, x = networks.trained(networks.MLP, setting), rows(setting)
    multiply = products.chain(inference.CHUNK, [784, 128, 64, 10], training=False)
    return Prepared(
        lambda: inference.predict_proba(net, x),
        check,
        products=products.run(multiply, times=round(len(x) / inference.CHUNK)),
    )


def torch(setting: Setting) -> Prepared:
    """PyTorch in inference mode, in chunks of the size that is fastest."""
    import torch

    net = networks.in_torch(networks.trained(networks.MLP, setting)).eval()
    x = torch.from_numpy(rows(setting))

    def predict(size: int) -> np.ndarray:
        with torch.inference_mode():
            return torch.cat([net(part.float().mul_(1 / 255)).softmax(1) for part in x.split(size)]).numpy()

    return Prepared(fastest({size: lambda size=size: predict(size) for size in CHUNKS}), check)


def jax(setting: Setting) -> Prepared:
    """JAX, compiled, in chunks of the size that is fastest."""
    import jax
    from jax import numpy as jnp

    theta = [
        (layer.W, layer.b) for layer in networks.trained(networks.MLP, setting).layers if hasattr(layer, "W")
    ]
    theta, x = jax.tree.map(jnp.asarray, theta), rows(setting)

    @jax.jit
    def probabilities(theta: Any, x: Any) -> Any:
        x = x.astype(jnp.float32) / 255
        for W, b in theta[:-1]:
            x = jnp.maximum(x @ W + b, 0)
        return jax.nn.softmax(x @ theta[-1][0] + theta[-1][1])

    def predict(size: int) -> np.ndarray:
        parts = [probabilities(theta, x[start : start + size]) for start in range(0, len(x), size)]
        return np.concatenate([np.asarray(part) for part in parts])

    return Prepared(fastest({size: lambda size=size: predict(size) for size in CHUNKS}), check)


WORKS = [
    Work(
        "predict",
        "predict_proba of 60,000 rows of bytes, MLP 784-128-64-10",
        {"ours": ours, "torch": torch, "jax": jax},
        agreement={"accuracy": 1e-3, "confidence": 1e-4},
        repeats=7,
    )
]
