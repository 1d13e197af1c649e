"""Posterior samples of 60,000 rows: 20 passes with dropout through a network 784-128-dropout-10.

Ours draws a thinned network a sample. The usual way, which ``torch`` and ``jax`` take, is a pass through the whole
network with a mask of its own for every row; ``-suffix`` computes what comes before the dropout layer once.
"""

from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks import data, networks, products
from tests.benchmarks.work import Prepared, Setting, Work

SAMPLES = 20


def rows(setting: Setting) -> np.ndarray:
    """Return the rows to sample for."""
    return data.load().x_train[: setting.part(60_000, 5000)]


def check(samples: Any) -> dict[str, float]:
    """Return the accuracy of the mean, and how far samples are apart: of passes without dropout that is 0."""
    samples = np.asarray(samples)
    return {
        "accuracy": data.accuracy(samples.mean(axis=0), data.load().y_train),
        "spread": float(samples.std(axis=0).mean()),
    }


def ours(setting: Setting) -> Prepared:
    """`inference.sample_proba`."""
    from tinynn import inference

    net, x = networks.trained(networks.SAMPLED, setting), rows(setting)
    first, last = products.product(inference.CHUNK, 784, 128), products.product(inference.CHUNK, 128, 10)
    return Prepared(
        lambda: inference.sample_proba(net, x, SAMPLES, seed=0),
        check,
        products=products.run([first, *[last] * SAMPLES], times=round(len(x) / inference.CHUNK)),
    )


def torch(setting: Setting, suffix: bool = False) -> Prepared:
    """PyTorch in inference mode with dropout left on, 20 times over all rows in chunks."""
    import torch

    net = networks.in_torch(networks.trained(networks.SAMPLED, setting)).train()
    prefix, rest = networks.before_dropout(net) if suffix else (torch.nn.Identity(), net)
    x = torch.from_numpy(rows(setting))

    def run() -> np.ndarray:
        samples = torch.empty(SAMPLES, len(x), 10)
        with torch.inference_mode():
            for start in range(0, len(x), 8192):
                part = prefix(x[start : start + 8192].float().mul_(1 / 255))
                for k in range(SAMPLES):
                    samples[k, start : start + 8192] = rest(part).softmax(1)
        return samples.numpy()

    return Prepared(run, check)


def jax(setting: Setting, suffix: bool = False) -> Prepared:
    """JAX: one compiled program for a chunk, in it a loop over the samples."""
    import jax
    from jax import numpy as jnp

    net = networks.trained(networks.SAMPLED, setting)
    (W1, b1), (W2, b2) = [
        (jnp.asarray(layer.W), jnp.asarray(layer.b)) for layer in net.layers if hasattr(layer, "W")
    ]
    x = rows(setting)

    @jax.jit
    def sample(key: Any, x: Any) -> Any:
        x = x.astype(jnp.float32) / 255

        def hidden() -> Any:
            return jnp.maximum(x @ W1 + b1, 0)

        once = hidden() if suffix else None

        def one(_: Any, key: Any) -> Any:
            h = once if suffix else hidden()
            kept = jax.random.bernoulli(key, 0.5, h.shape)
            return None, jax.nn.softmax(jnp.where(kept, 2 * h, 0) @ W2 + b2)

        return jax.lax.scan(one, None, jax.random.split(key, SAMPLES))[1]

    def run() -> np.ndarray:
        samples = np.empty((SAMPLES, len(x), 10), dtype=np.float32)
        for i, start in enumerate(range(0, len(x), 8192)):
            part = x[start : start + 8192]
            samples[:, start : start + len(part)] = sample(jax.random.key(i), part)
        return samples

    return Prepared(run, check)


WORKS = [
    Work(
        "sample-mlp",
        f"{SAMPLES} dropout samples of 60,000 rows, MLP 784-128-dropout-10",
        {
            "ours": ours,
            "torch": torch,
            "torch-suffix": partial(torch, suffix=True),
            "jax": jax,
            "jax-suffix": partial(jax, suffix=True),
        },
        agreement={"accuracy": 0.01, "spread": 0.01},
    )
]
