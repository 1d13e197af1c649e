"""What a trained network says about many rows: probabilities, posterior samples, features, in chunks.

Rows are taken a chunk at a time, so that memory is bounded by the chunk and not by the pool, and a chunk's
intermediate results stay in the processor's cache.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinynn import random_bits
from tinynn.backend import Array
from tinynn.layers.chain import forward, walk
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout
from tinynn.losses import Loss, softmax
from tinynn.network import Sequential

CHUNK = 1024


def chunks(net: Sequential, x: Any) -> Iterator[tuple[slice, Array]]:
    """Go through the rows of x in pieces that are on the network's device, in its dtype."""
    for start in range(0, len(x), CHUNK):
        yield slice(start, min(start + CHUNK, len(x))), net.to_input(x[start : start + CHUNK])


def predict_proba(net: Sequential, x: Any) -> np.ndarray:
    """Return the class probabilities of rows x, shape (n, classes), on the host; dropout is off."""
    p = np.empty((len(x), *net.output_shape), dtype=net.dtype)
    for rows, chunk in chunks(net, x):
        p[rows] = net.backend.to_numpy(softmax(net.propagate(chunk)))
    return p


def evaluate(net: Sequential, loss: Loss, x: Any, y: np.ndarray) -> tuple[float, float | None]:
    """Return the mean loss of a network on rows x with targets y, and for labels the accuracy; dropout is off."""
    total, correct = 0.0, 0
    for rows, chunk in chunks(net, x):
        outputs, targets = net.propagate(chunk), net.backend.asarray(y[rows])
        total += float(loss.forward(outputs, targets)) * len(chunk)
        if targets.ndim == 1:
            correct += int((net.backend.xp.argmax(outputs, axis=1) == targets).sum())
    return total / len(x), correct / len(x) if y.ndim == 1 else None


def embed(net: Sequential, x: Any) -> np.ndarray:
    """Return what the last Dense layer sees of rows x: the penultimate features, shape (n, features), on the host."""
    last = max((i for i, layer in enumerate(net.layers) if isinstance(layer, Dense)), default=None)
    if last is None:
        raise ValueError("embed returns the input of the last Dense layer, and this network has none")
    features = np.empty((len(x), *net.layers[last].input_shape), dtype=net.dtype)
    for rows, chunk in chunks(net, x):
        features[rows] = net.backend.to_numpy(forward(net.layers[:last], chunk))
    return features


def sample_proba(net: Sequential, x: Any, n_samples: int, seed: int = 0) -> np.ndarray:
    """Return the class probabilities of rows x under posterior samples: dropout stays on (Gal & Ghahramani 2016).

    Sample k is one thinned network: each dropout layer draws one mask and uses it for every row. Rows are
    therefore comparable within a sample, and a row's probabilities do not depend on which rows came with it.
    What comes before the first dropout layer is the same in all samples and computed once.

    Returns
    -------
    array (n_samples, n, classes)
        On the host.

    Raises
    ------
    ValueError
        When the network has no dropout layer, so that all samples would be one and the same.
    """
    drops = [layer for layer in walk(net.layers) if isinstance(layer, Dropout) and layer.rate]
    if not drops:
        raise ValueError(
            "sample_proba needs a Dropout layer: without one all samples are the same network. Add "
            "nn.Dropout(0.5) before the last Dense layer"
        )
    if n_samples < 1:
        raise ValueError(f"n_samples must be at least 1, not {n_samples}")
    first = next(i for i, layer in enumerate(net.layers) if drops[0] in walk([layer]))
    masks = [[layer.thin(k, seed) for layer in drops] for k in range(n_samples)]
    p = np.empty((n_samples, len(x), *net.output_shape), dtype=net.dtype)
    try:
        for rows, chunk in chunks(net, x):
            certain = forward(net.layers[:first], chunk)
            for k in range(n_samples):
                for layer, mask in zip(drops, masks[k], strict=True):
                    layer.thinned = mask
                p[k, rows] = net.backend.to_numpy(softmax(forward(net.layers[first:], certain)))
    finally:
        for layer in drops:
            layer.thinned = None
    return p


def sampling_seed(seed: int) -> int:
    """Keep the masks of posterior samples apart from those of training."""
    return random_bits.key(seed, 0x5A3B1E)
