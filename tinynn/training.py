"""Training: shuffled batches, a step of the optimiser for each, and a record of how it went."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.checks import check_labels, check_rows
from tinynn.history import History
from tinynn.inference import evaluate
from tinynn.layers.base import Buffered
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.progress import progress_bar


def fit(
    net: Sequential,
    loss: SoftmaxCrossEntropy,
    optimizer: Optimizer,
    x: Any,
    y: Any,
    *,
    epochs: int = 1,
    steps: int | None = None,
    batch_size: int = 128,
    validation: tuple[Any, Any] | None = None,
    seed: int = 0,
    progress: bool | None = None,
) -> History:
    """Train a network: for every batch forward, loss, backward, one step of the optimiser.

    Parameters
    ----------
    net, loss, optimizer
        What is trained, on what, and how. The optimiser goes on from where its last step left it.
    x : array (n, *input_shape)
        Rows. uint8 pixels stay uint8 until a batch needs them, and become 0 to 1.
    y : int array (n,)
        Labels, 0 to outputs − 1.
    epochs : int, optional
        How often every row is used.
    steps : int, optional
        Stop after this many batches instead, however many epochs that takes. For small sets, where an epoch is a
        handful of batches.
    batch_size : int, optional
        Rows a step; the last batch of an epoch takes what is left.
    validation : (x, y), optional
        Rows to evaluate after every epoch.
    seed : int, optional
        Decides the order of the rows.
    progress : bool, optional
        Whether to show a bar; by default where standard error is a terminal.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        For rows, labels or numbers that do not fit.
    FloatingPointError
        When the loss is no longer a finite number.
    """
    for name, number in (
        ("epochs", epochs),
        ("steps", 1 if steps is None else steps),
        ("batch_size", batch_size),
    ):
        if number < 1:
            raise ValueError(f"{name} must be at least 1, not {number}")
    x, y = check_rows(x, net.input_shape), check_labels(y, len(x), net.output_shape[-1])
    if validation is not None:
        xv = check_rows(validation[0], net.input_shape)
        validation = xv, check_labels(validation[1], len(xv), net.output_shape[-1])
    batches = _Batches(net, x, y, min(batch_size, len(x)))
    total = steps or epochs * batches.per_epoch
    history, done = History(), 0
    with progress_bar(total, "batch", progress) as bar:
        while done < total:
            started = time.perf_counter()
            # One generator an epoch: epoch 7 shuffles the same way whether or not 0 to 6 ran before it.
            order = np.random.default_rng((seed, len(history))).permutation(len(x))
            count = min(batches.per_epoch, total - done)
            values = net.backend.xp.empty(count, dtype=net.dtype)
            for i, (rows, labels) in enumerate(batches.epoch(order, count)):
                logits = net.propagate(rows, training=True)
                loss.forward(logits, labels, out=values[i, ...])
                net.backpropagate(loss.backward())
                optimizer.step(net.parameters, net.gradients)
                bar.update()
            done += count
            history.loss.append(_mean_loss(net, values, batches, len(history)))
            if validation is not None:
                value, accuracy = evaluate(net, loss, *validation)
                history.validation_loss.append(value)
                history.validation_accuracy.append(accuracy)
            history.seconds.append(time.perf_counter() - started)
            bar.set_postfix_str(history.last())
    return history


class _Batches(Buffered):
    """The data on the network's device, handed out batch by batch through kept buffers."""

    def __init__(self, net: Sequential, x: np.ndarray, y: np.ndarray, batch_size: int) -> None:
        self.backend, self.xp, self.dtype = net.backend, net.backend.xp, net.dtype
        self.x, self.y = net.backend.asarray(x), net.backend.asarray(y)
        self.batch_size = batch_size
        self.per_epoch = -(-len(x) // batch_size)

    def epoch(self, order: np.ndarray, count: int) -> Iterator[tuple[Array, Array]]:
        """Yield the first `count` batches of the rows in this order."""
        order = self.backend.asarray(order)
        for i in range(count):
            rows = order[i * self.batch_size : (i + 1) * self.batch_size]
            labels = self.buffer("labels", rows.shape, self.y.dtype)
            self.backend.gather(self.y, rows, labels)
            shape = (len(rows), *self.x.shape[1:])
            raw = self.buffer("raw", shape, self.x.dtype)
            self.backend.gather(self.x, rows, raw)
            if raw.dtype == self.dtype:
                yield raw, labels
            else:
                batch = self.buffer("batch", shape)
                self.backend.to_floats(raw, batch)
                yield batch, labels

    def sizes(self, count: int) -> np.ndarray:
        """Return how many rows each of the first `count` batches has."""
        starts = np.arange(count) * self.batch_size
        return np.minimum(self.batch_size, len(self.x) - starts)


def _mean_loss(net: Sequential, values: Array, batches: _Batches, epoch: int) -> float:
    mean = float(np.average(net.backend.to_numpy(values), weights=batches.sizes(len(values))))
    if not np.isfinite(mean):
        raise FloatingPointError(
            f"the loss became {mean} in epoch {epoch + 1}; the usual cause is a learning rate that is too large, "
            "or inputs far from the range −1 to 1"
        )
    return mean
