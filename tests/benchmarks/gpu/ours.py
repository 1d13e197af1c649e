"""tinynn's side: an epoch of MNIST, posterior samples, gradients; on a device or on the processor."""

from typing import Any

import numpy as np

import tinynn as nn
from tests.benchmarks import data, networks
from tests.benchmarks.gpu.clocks import Clock, EventClock, HostClock, medians, of_marks
from tests.benchmarks.gpu.plan import Plan
from tinynn import inference
from tinynn.backend import get_backend


def clock(device: str) -> Clock:
    """Return what measures time on a device."""
    if not device.startswith("cuda"):
        return HostClock()
    cuda = get_backend(device).xp.cuda
    return EventClock(cuda.Event, cuda.get_elapsed_time)


def epoch(plan: Plan, device: str, batch: int, graphs: bool) -> dict[str, Any]:
    """Time epochs of the network 784-128-64-10 with Adam, all but the first of one training; rows are on the device."""
    some, n = data.load(), plan.rows
    net = nn.Sequential(networks.layers(networks.MLP), 784, seed=0, device=device)
    loss, x, watch = nn.SoftmaxCrossEntropy(), net.backend.asarray(some.x_train[:n]), clock(device)
    marks = [watch.mark()]
    repeats, warm = (1, 0) if device == "cpu" else (plan.repeats, plan.warm)
    nn.fit(
        net,
        loss,
        nn.Adam(1e-3),
        x,
        some.y_train[:n],
        epochs=warm + repeats,
        batch_size=batch,
        callbacks=[lambda training: marks.append(watch.mark())],
        progress=False,
        graphs=graphs,
    )
    found = of_marks(watch, marks[warm:])
    return found | {
        "accuracy": inference.evaluate(net, loss, some.x_test[: plan.tested], some.y_test[: plan.tested])[1]
    }


def samples(plan: Plan, device: str) -> dict[str, Any]:
    """Time posterior samples of images by the network of Gal, Islam & Ghahramani (2017)."""
    some = data.load()
    x = networks.rows(networks.IMAGES, some.x_train[: plan.images])
    net = nn.Sequential(networks.layers(networks.IMAGES), (28, 28, 1), seed=0, device=device)
    held: list[Any] = []
    found = medians(
        clock(device),
        lambda: held.append(inference.sample_proba(net, x, plan.samples, seed=0)) or held[:-1].clear(),
        plan.repeats,
        warm=1,
    )
    return found | {"sum": float(held[-1].sum() / held[-1].shape[0] / len(x))}


def gradients(plan: Plan, device: str) -> dict[str, Any]:
    """Compare gradients in float32 on a device with those of the processor in float64, by their relative distance."""
    some, found = data.load(), {}
    for name, shape in ((networks.MLP, (784,)), (networks.IMAGES, (28, 28, 1))):
        x, y = networks.rows(name, some.x_train[: plan.checked]), some.y_train[: plan.checked]
        vectors = []
        for where, dtype in (("cpu", "float64"), (device, "float32")):
            net = nn.Sequential(networks.layers(name), shape, seed=0, device=where, dtype=dtype)
            loss = nn.SoftmaxCrossEntropy()
            loss.forward(net.forward(x, training=True), net.backend.asarray(y))
            net.backward(loss.backward())
            vectors.append(net.backend.to_numpy(net.gradients).astype(float))
        exact, there = vectors
        found[name] = float(np.linalg.norm(there - exact) / np.linalg.norm(exact))
    return found
