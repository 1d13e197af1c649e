"""One epoch of MNIST: a network 784-128-64-10 with ReLU, Adam at 1e-3, softmax cross-entropy, float32."""

import shutil
from functools import partial
from itertools import count
from typing import Any

import numpy as np

from tests.benchmarks import data, networks, products
from tests.benchmarks.work import MissingError, Prepared, Setting, Work

WIDTHS = [784, 128, 64, 10]


def rows(setting: Setting) -> int:
    """Return how many examples an epoch has."""
    return setting.part(60_000, 12_800)


def ours(setting: Setting, batch_size: int) -> Prepared:
    """`nn.fit` on bytes, which it converts batch by batch."""
    import tinynn as nn
    from tinynn import inference

    some, n, epochs = data.load(), rows(setting), count()
    net, loss, adam = networks.fresh(networks.MLP), nn.SoftmaxCrossEntropy(), nn.Adam(1e-3)
    x, y = some.x_train[:n], some.y_train[:n]

    def run() -> None:
        nn.fit(net, loss, adam, x, y, batch_size=batch_size, seed=next(epochs), progress=False)

    return Prepared(
        run,
        lambda _: {"accuracy": data.accuracy(inference.predict_proba(net, some.x_test), some.y_test)},
        products=products.run(products.chain(batch_size, WIDTHS, training=True), times=n // batch_size),
    )


def torch(setting: Setting, batch_size: int, compiled: bool = False) -> Prepared:
    """Eager PyTorch with its fused Adam; losses are added up without waiting.

    Its rows are bytes, too: it converts a batch in less time than it gathers four times as many bytes.
    """
    import torch
    from torch.nn import functional

    if compiled and not any(map(shutil.which, ("c++", "g++", "clang++"))):
        raise MissingError("torch.compile needs a C++ compiler, and there is none")
    some, n, epochs = data.load(), rows(setting), count()
    x, y = torch.from_numpy(some.x_train[:n]), torch.from_numpy(some.y_train[:n])
    net = networks.in_torch(networks.fresh(networks.MLP))
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True)

    def loss_of(x: Any, y: Any) -> Any:
        return functional.cross_entropy(net(x), y)

    loss = torch.compile(loss_of, dynamic=False) if compiled else loss_of

    def run() -> float:
        total = torch.zeros(())
        for batch in torch.from_numpy(data.order(next(epochs), n)).split(batch_size):
            adam.zero_grad()
            value = loss(torch.index_select(x, 0, batch).float().mul_(1 / 255), y[batch])
            value.backward()
            adam.step()
            total += value.detach()
        return float(total)

    def check(_: Any) -> dict[str, float]:
        with torch.inference_mode():
            return {
                "accuracy": data.accuracy(net(torch.from_numpy(some.x_test / np.float32(255))), some.y_test)
            }

    return Prepared(run, check)


def jax(setting: Setting, batch_size: int) -> Prepared:
    """JAX: the epoch is one compiled program, a scan over the batches of bytes; parameters are updated in place."""
    import jax
    from jax import numpy as jnp

    some, n, epochs = data.load(), rows(setting), count()
    x, y = jnp.asarray(some.x_train[:n]), jnp.asarray(some.y_train[:n], dtype="int32")
    dense = [layer for layer in networks.fresh(networks.MLP).layers if hasattr(layer, "W")]
    theta = [(jnp.asarray(layer.W), jnp.asarray(layer.b)) for layer in dense]

    def logits(theta: Any, x: Any) -> Any:
        for W, b in theta[:-1]:
            x = jnp.maximum(x @ W + b, 0)
        return x @ theta[-1][0] + theta[-1][1]

    def loss(theta: Any, x: Any, y: Any) -> Any:
        return -jnp.take_along_axis(jax.nn.log_softmax(logits(theta, x)), y[:, None], axis=1).mean()

    def step(state: Any, batch: Any, x: Any, y: Any) -> Any:
        theta, m, v, t = state
        value, g = jax.value_and_grad(loss)(theta, x[batch].astype(jnp.float32) * (1 / 255), y[batch])
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)
        rate, scale = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        theta = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v * scale) + 1e-8), theta, m, v)
        return (theta, m, v, t), value

    @partial(jax.jit, donate_argnums=0)
    def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
        whole = n // batch_size * batch_size
        state, losses = jax.lax.scan(
            lambda s, b: step(s, b, x, y), state, order[:whole].reshape(-1, batch_size)
        )
        total = losses.sum()
        if whole < n:
            state, last = step(state, order[whole:], x, y)
            total += last
        return state, total

    zeros = partial(jax.tree.map, jnp.zeros_like)
    kept = [(theta, zeros(theta), zeros(theta), jnp.zeros(()))]

    def run() -> float:
        order = jnp.asarray(data.order(next(epochs), n), dtype="int32")
        kept[0], total = jax.block_until_ready(epoch(kept[0], x, y, order))
        return float(total)

    def check(_: Any) -> dict[str, float]:
        return {"accuracy": data.accuracy(logits(kept[0][0], some.x_test / np.float32(255)), some.y_test)}

    return Prepared(run, check)


def sklearn(setting: Setting, batch_size: int) -> Prepared:
    """scikit-learn's MLPClassifier, which shuffles by itself: partial_fit is one epoch."""
    from sklearn.neural_network import MLPClassifier

    some, n = data.load(), rows(setting)
    x, y = some.x_train[:n].astype(np.float32) / 255, some.y_train[:n]
    model = MLPClassifier((128, 64), alpha=0, batch_size=batch_size, learning_rate_init=1e-3, random_state=0)
    return Prepared(
        lambda: model.partial_fit(x, y, classes=range(10)),
        lambda _: {"accuracy": float(model.score(some.x_test / np.float32(255), some.y_test))},
    )


WORKS = [
    Work(
        f"mlp-epoch-{batch_size}",
        f"MLP 784-128-64-10, Adam, one epoch in batches of {batch_size}",
        {
            "ours": partial(ours, batch_size=batch_size),
            "torch": partial(torch, batch_size=batch_size),
            "torch-compile": partial(torch, batch_size=batch_size, compiled=True),
            "jax": partial(jax, batch_size=batch_size),
            "sklearn": partial(sklearn, batch_size=batch_size),
        },
        agreement={"accuracy": 0.015},
        each="epoch",
    )
    for batch_size in (32, 128, 512)
]
