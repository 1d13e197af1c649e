"""Training networks together: each takes its own rows in its own order, and every step is one for all."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered
from tinynn.checks import whole
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.progress import progress_bar
from tinynn.stacked import Stack, StackedCrossEntropy


def fit_together(
    networks: Sequence[Sequential],
    optimizer: Optimizer,
    x: Any,
    y: np.ndarray,
    rows: Sequence[np.ndarray],
    *,
    epochs: int = 1,
    steps: int | None = None,
    batch_size: int = 128,
    progress: bool | None = None,
) -> None:
    """Do to each network k what ``fit(network, SoftmaxCrossEntropy(), ..., x[rows[k]], y[rows[k]])`` does.

    Parameters
    ----------
    networks : list of Sequential
        For which, with this optimiser, `tinynn.stacked.can_stack` says yes. The seed of each decides its order of rows.
    optimizer : Optimizer
        One that has taken no steps.
    x : array (n, *input_shape)
        On the host or on the networks' device. uint8 pixels 0 to 255 become 0 to 1.
    y : int array (n,)
        Labels 0 to outputs − 1.
    rows : list of int array (m,)
        Which rows of x each network learns from.
    epochs, steps, batch_size, progress
        As in `tinynn.fit`.

    Raises
    ------
    FloatingPointError
        When the loss is no longer a finite number. The networks are left as they were.
    """
    stack, loss = Stack(networks), StackedCrossEntropy(len(networks))
    batches = StackedBatches(networks, x, y, rows, whole("batch_size", batch_size))
    total = whole("epochs", epochs) * batches.per_epoch if steps is None else whole("steps", steps)
    done = epoch = 0
    with progress_bar(total, "batch", progress) as bar:
        while done < total:
            values = batches.buffer("losses", (min(batches.per_epoch, total - done),))
            for i, (inputs, targets) in enumerate(batches.epoch(epoch, len(values))):
                optimizer.plan(done / total, None)
                loss.forward(stack.propagate(inputs), targets, out=values[i, ...])
                stack.backpropagate(loss.backward())
                optimizer.step(stack.parameters, stack.gradients)
                done += 1
                bar.update()
            epoch += 1
            mean = float(stack.backend.to_numpy(values).mean())
            if not np.isfinite(mean):
                raise FloatingPointError(
                    f"the networks' mean loss became {mean} in epoch {epoch}{_lost(stack)}. The learning rate may be "
                    "too high, or inputs far from −3 to 3; one network alone, with nn.fit, says where it began"
                )
            bar.set_postfix_str(f"loss {mean:.4f}")
    stack.hand_back()


def _lost(stack: Stack) -> str:
    """Name the networks whose parameters are no finite numbers any more."""
    finite = np.ones(len(stack.networks), dtype=bool)
    for layer in stack.layers:
        for name in layer.parameter_names:
            values = stack.backend.to_numpy(getattr(layer, name))
            finite &= np.isfinite(values.reshape(len(finite), -1)).all(axis=1)
    seeds = [net.seed for net, good in zip(stack.networks, finite, strict=True) if not good]
    return f"; lost are the parameters of those with seeds {seeds}" if seeds else ""


class StackedBatches(Buffered):
    """A batch for each network in one array, one network's rows after the other's, in new orders every epoch.

    Each network's order depends on its seed and the epoch alone, as it does where it is trained by itself.
    """

    def __init__(
        self,
        networks: Sequence[Sequential],
        x: Any,
        y: np.ndarray,
        rows: Sequence[np.ndarray],
        batch_size: int,
    ) -> None:
        self.backend, self.xp, self.dtype = networks[0].backend, networks[0].backend.xp, networks[0].dtype
        self.x, self.y = self.backend.asarray(x), self.backend.asarray(y)
        self.seeds, self.rows = [net.seed for net in networks], rows
        self.batch_size = min(batch_size, len(rows[0]))
        self.per_epoch = -(-len(rows[0]) // self.batch_size)

    def epoch(self, number: int, count: int) -> Iterator[tuple[Array, Array]]:
        """Yield rows (M·n, *input_shape) and targets (M·n,) of the first `count` batches of an epoch."""
        orders = np.stack(
            [
                rows[np.random.default_rng((seed, number)).permutation(len(rows))]
                for seed, rows in zip(self.seeds, self.rows, strict=True)
            ]
        )
        starts = range(0, count * self.batch_size, self.batch_size)
        parts = [orders[:, start : start + self.batch_size].ravel() for start in starts]
        order = self.backend.asarray(np.concatenate(parts))  # one transfer an epoch
        start = 0
        for part in parts:
            yield self._gather(order[start : start + part.size])
            start += part.size

    def _gather(self, rows: Array) -> tuple[Array, Array]:
        targets = self.buffer("targets", (len(rows),), self.y.dtype)
        self.backend.gather(self.y, rows, targets)
        inputs = self.buffer("inputs", (len(rows), *self.x.shape[1:]), self.x.dtype)
        self.backend.gather(self.x, rows, inputs)
        if inputs.dtype == self.dtype:
            return inputs, targets
        floats = self.buffer("floats", inputs.shape)
        self.backend.to_floats(inputs, floats)
        return floats, targets
