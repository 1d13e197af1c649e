"""Training: shuffled batches, a step of the optimiser for each, and a record of how it went."""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.inference import chunks
from tinynn.layers.base import Buffered
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss : list of float
        Mean training loss over the epoch's batches, in nats, as the parameters changed.
    validation_loss, validation_accuracy : list of float
        On the validation rows after the epoch; empty when none were given.
    seconds : list of float
        Time of the epoch, validation included.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.loss)

    def last(self) -> str:
        """Describe the last epoch in a few words."""
        words = f"loss {self.loss[-1]:.4f}"
        if self.validation_accuracy:
            words += (
                f", validation {self.validation_loss[-1]:.4f}, accuracy {self.validation_accuracy[-1]:.2%}"
            )
        return words


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
    with _bar(total, progress) as bar:
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


def evaluate(net: Sequential, loss: SoftmaxCrossEntropy, x: Any, y: np.ndarray) -> tuple[float, float]:
    """Return the mean loss and the accuracy of a network on rows x with labels y; dropout is off."""
    total, correct = 0.0, 0
    for rows, chunk in chunks(net, x):
        logits = net.propagate(chunk)
        labels = net.backend.asarray(y[rows])
        total += float(loss.forward(logits, labels)) * len(labels)
        correct += int((net.backend.xp.argmax(logits, axis=1) == labels).sum())
    return total / len(x), correct / len(x)


def check_rows(x: Any, input_shape: tuple[int, ...]) -> np.ndarray:
    """Return x as an array of rows, or raise a ValueError that says what is wrong with it."""
    x = x if hasattr(x, "dtype") else np.asarray(x)
    if x.ndim != len(input_shape) + 1 or x.shape[1:] != tuple(input_shape):
        expected = ", ".join(map(str, ("n", *input_shape)))
        raise ValueError(f"x must have shape ({expected}), one row an example, but has shape {x.shape}")
    if len(x) == 0:
        raise ValueError("x has no rows")
    if x.dtype.kind not in "fiub":
        raise ValueError(f"x must hold numbers, not {x.dtype}")
    if x.dtype.kind == "f":
        finite = (x - x == 0).reshape(len(x), -1).all(axis=1)
        if not finite.all():
            raise ValueError(
                f"x holds NaN or infinite values, first in row {int((~finite).argmax())}; "
                "fill or drop them before training"
            )
    return x


def check_labels(y: Any, n: int, classes: int) -> np.ndarray:
    """Return y as n whole numbers from 0 to classes − 1, or raise a ValueError that says which is not."""
    y = np.asarray(y)
    if y.shape != (n,):
        raise ValueError(f"y must have shape ({n},), one label a row of x, but has shape {y.shape}")
    if y.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers, not {y.dtype}")
    wrong = (y < 0) | (y >= classes)
    if wrong.any():
        first = int(wrong.argmax())
        raise ValueError(
            f"label {y[first]} in row {first} is outside 0 to {classes - 1}: the network has {classes} outputs"
        )
    return y.astype(np.int64, copy=False)


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


def _bar(total: int, progress: bool | None) -> Any:
    """Return a progress bar, or something that takes its calls; tqdm is imported only for a real one."""
    if progress is None:
        progress = sys.stderr is not None and sys.stderr.isatty()
    if not progress:
        return _Silence()
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="batch")


class _Silence:
    def __enter__(self) -> "_Silence":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def update(self) -> None:
        pass

    def set_postfix_str(self, text: str) -> None:
        pass
