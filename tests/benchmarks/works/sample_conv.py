"""Posterior samples of 2000 images: 20 passes with dropout through the network of Gal et al."""

from functools import partial
from typing import Any

import numpy as np

from tests.benchmarks import data, networks, products
from tests.benchmarks.work import Prepared, Setting, Work
from tests.benchmarks.works.sample_mlp import SAMPLES, check

PIECE = 1  # images at a time: the products alone are fastest so, 0.35 ms an image where 8 together take 0.54


def convolutions(images: int) -> list[Any]:
    """Return the products of both convolutions, forward, as windows written out as lines."""
    first, second = products.product(PIECE * 25 * 25, 16, 32), products.product(PIECE * 22 * 22, 512, 32)
    return [first, second] * (images // PIECE)


def images(setting: Setting) -> np.ndarray:
    """Return the images to sample for."""
    return networks.rows(networks.IMAGES, data.load().x_train[: setting.part(2000, 400)])


def ours(setting: Setting) -> Prepared:
    """`inference.sample_proba`: the convolutions stand before the first dropout layer and run once."""
    from tinynn import inference

    net, x = networks.trained(networks.IMAGES, setting), images(setting)
    dense = products.chain(len(x), [3872, 128, 10], training=False) * SAMPLES
    return Prepared(
        lambda: inference.sample_proba(net, x, SAMPLES, seed=0),
        check,
        products=products.run([*convolutions(len(x)), *dense]),
    )


def torch(setting: Setting, suffix: bool = False) -> Prepared:
    """PyTorch in inference mode, channels last, with dropout left on."""
    import torch

    net = networks.in_torch(networks.trained(networks.IMAGES, setting)).to(memory_format=torch.channels_last)
    prefix, rest = networks.before_dropout(net) if suffix else (torch.nn.Identity(), net.train())
    x = torch.from_numpy(images(setting)).permute(0, 3, 1, 2)

    def run() -> np.ndarray:
        samples = torch.empty(SAMPLES, len(x), 10)
        with torch.inference_mode():
            for start in range(0, len(x), 500):
                part = prefix(x[start : start + 500].float().mul_(1 / 255))
                for k in range(SAMPLES):
                    samples[k, start : start + 500] = rest(part).softmax(1)
        return samples.numpy()

    return Prepared(run, check)


WORKS = [
    Work(
        "sample-conv",
        f"{SAMPLES} dropout samples of 2000 images, network of Gal et al.",
        {"ours": ours, "torch": torch, "torch-suffix": partial(torch, suffix=True)},
        agreement={"accuracy": 0.02, "spread": 0.01},
    )
]
