"""One training step of the network of Gal et al. on a batch of 128 images, with dropout and Adam."""

from functools import partial
from itertools import count
from typing import Any

import numpy as np

from tests.benchmarks import data, networks, products
from tests.benchmarks.work import Prepared, Setting, Work
from tests.benchmarks.works.sample_conv import PIECE, convolutions

BATCH = 128


def steps(setting: Setting) -> int:
    """Return how many steps are timed together."""
    return setting.part(20, 4)


def ours(setting: Setting) -> Prepared:
    """`nn.fit` for some steps."""
    import tinynn as nn
    from tinynn import inference

    some, n, epochs = data.load(), steps(setting) * BATCH, count()
    net, loss, adam = networks.trained(networks.IMAGES, setting), nn.SoftmaxCrossEntropy(), nn.Adam(1e-3)
    x, x_test = (networks.rows(networks.IMAGES, x) for x in (some.x_train[:n], some.x_test[:1000]))
    y = some.y_train[:n]
    back = [
        products.transposed(16, PIECE * 25 * 25, 32, "first"),
        products.transposed(512, PIECE * 22 * 22, 32, "first"),
        products.transposed(PIECE * 22 * 22, 32, 512, "second"),
    ] * (BATCH // PIECE)
    dense = [
        *products.chain(BATCH, [3872, 128, 10], training=True),
        products.transposed(BATCH, 128, 3872, "second"),
    ]
    return Prepared(
        lambda: nn.fit(net, loss, adam, x, y, batch_size=BATCH, seed=next(epochs), progress=False),
        lambda _: {"accuracy": data.accuracy(inference.predict_proba(net, x_test), some.y_test)},
        per=steps(setting),
        products=products.run([*convolutions(BATCH), *back, *dense], times=steps(setting)),
    )


def torch(setting: Setting, channels_last: bool) -> Prepared:
    """Eager PyTorch with its fused Adam, images float32 already and in the layout of the network."""
    import torch
    from torch.nn import functional

    layout = torch.channels_last if channels_last else torch.contiguous_format
    some, n, epochs = data.load(), steps(setting) * BATCH, count()
    net = networks.in_torch(networks.trained(networks.IMAGES, setting)).to(memory_format=layout).train()
    adam = torch.optim.Adam(net.parameters(), 1e-3, fused=True)

    def tensor(x: np.ndarray) -> Any:
        return torch.from_numpy(x.reshape(-1, 1, 28, 28) / np.float32(255)).contiguous(memory_format=layout)

    x, y, x_test = tensor(some.x_train[:n]), torch.from_numpy(some.y_train[:n]), tensor(some.x_test[:1000])

    def run() -> float:
        total = torch.zeros(())
        for batch in torch.from_numpy(data.order(next(epochs), n)).split(BATCH):
            adam.zero_grad()
            value = functional.cross_entropy(net(x[batch]), y[batch])
            value.backward()
            adam.step()
            total += value.detach()
        return float(total)

    def check(_: Any) -> dict[str, float]:
        net.eval()
        with torch.inference_mode():
            return {"accuracy": data.accuracy(net(x_test), some.y_test)}

    return Prepared(run, check, per=steps(setting))


WORKS = [
    Work(
        "conv-step",
        f"a training step of the network of Gal et al., batch {BATCH}",
        {
            "ours": ours,
            "torch-channels-last": partial(torch, channels_last=True),
            "torch": partial(torch, channels_last=False),
        },
        agreement={"accuracy": 0.05},
        each="step",
    )
]
