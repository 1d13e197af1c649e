"""Replicas: the same parameters, with buffers and gradients of their own, so that a batch's halves go side by side."""

import contextvars
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

from tinynn import device_memory
from tinynn.backend import CPU, Array
from tinynn.buffers import Buffered
from tinynn.layers.base import Layer
from tinynn.layers.chain import backward, connect, forward, walk
from tinynn.layers.conv import Conv2D
from tinynn.layers.dropout import Dropout
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.threads import one_blas_thread

if TYPE_CHECKING:
    from concurrent.futures import Executor

SMALLEST = 16  # rows of a batch that is worth splitting


class Replica:
    """A network's layers once more: they share its parameters and state, and nothing else.

    Attributes
    ----------
    layers : list of Layer
    gradients : array (P,)
        Filled by `backpropagate`, in the order of the network's.
    """

    def __init__(self, net: Sequential) -> None:
        self.layers = [layer.copy() for layer in net.layers]
        connect(self.layers, net.input_shape, net.backend.xp, net.dtype)
        self.gradients = net.backend.xp.zeros_like(net.gradients)
        start = 0
        for mine, original in zip(walk(self.layers), walk(net.layers), strict=True):
            for name in original.bound:
                setattr(mine, name, getattr(original, name))
            for name in original.parameter_names:
                W = getattr(original, name)
                setattr(mine, f"d{name}", self.gradients[start : start + W.size].reshape(W.shape))
                start += W.size
            mine.parameter_names, mine.bound = original.parameter_names, original.bound
            if isinstance(mine, Dropout) and isinstance(original, Dropout):
                mine.key = original.key

    def place(self, step: int, first_row: int) -> None:
        """Take part in this training step with the rows of the batch from this one on: dropout goes by that."""
        for layer in walk(self.layers):
            if isinstance(layer, Dropout):
                layer.step, layer.first_row = step, first_row

    def propagate(self, x: Array, training: bool = False) -> Array:
        """Go forward, as the network's method of that name."""
        return forward(self.layers, x, training)

    def backpropagate(self, dy: Array) -> None:
        """Go backward, as the network's method of that name, and fill `gradients`."""
        backward(self.layers, dy, input_gradient=False)


class Passes(Buffered):
    """A training step's way forward and back, on the two halves of the batch at the same time where that is faster.

    It is for convolutional networks on a processor: they are many small products, which BLAS cannot share out well
    (one large product, as in Dense, it can). The loss is a mean over rows, so with n₁ and n₂ of n rows in the halves

        L = (n₁ L₁ + n₂ L₂) / n,        g = (n₁ g₁ + n₂ g₂) / n.

    There are always two halves, one after the other where no second thread is allowed, so that parameters depend on
    nothing but the data. A batch stays whole where halves would compute something else: where the network remembers
    anything besides parameters (batch normalisation couples the rows), where rows or classes have weights, and where
    a layer or the loss is not from here.

    Used in a ``with`` statement, which keeps BLAS on one thread and ends the second one.
    """

    def __init__(self, net: Sequential, loss: Loss) -> None:
        self.net, self.loss = net, loss
        self.xp, self.dtype = net.backend.xp, net.dtype
        self.limited = net.backend is CPU and convolutional(net)
        self.replica: Replica | None = None
        self.parts: list[tuple[Sequential | Replica, Loss]] = [(net, loss)]
        self.halves: tuple[slice, ...] = ()
        self.rows = 0
        self.executor: Executor | None = None
        if self.limited and separable(net) and not len(net.state) and ours(loss) and loss.mean_over_rows:
            self.replica = Replica(net)
            self.parts.append((self.replica, loss.copy()))

    def __enter__(self) -> Self:
        with ExitStack() as ending:
            threads = ending.enter_context(one_blas_thread()) if self.limited else 1
            if self.replica is not None and threads > 1:
                from concurrent.futures import ThreadPoolExecutor

                self.executor = ending.enter_context(ThreadPoolExecutor(1, "tinynn-half"))
            self._ending = ending.pop_all()
        return self

    def __exit__(self, kind: object, error: BaseException | None, place: object) -> None:
        self._ending.close()
        if isinstance(error, MemoryError) and self.net.backend is not CPU and self.rows:
            for layer in walk(self.net.layers):
                layer.drop_buffers()  # so that what is free can be told
            raise MemoryError(device_memory.batch_too_large(self.net, self.rows, str(error))) from error

    def forward(self, rows: Array, targets: Array, weights: Array | None, out: Array) -> None:
        """Compute the outputs of a batch, and its loss into `out`."""
        n, net, self.halves = len(rows), self.net, ()
        self.rows = n
        if self.replica is None or weights is not None or n < SMALLEST:
            self.outputs = net.propagate(rows, training=True)
            self.loss.forward(self.outputs, targets, weights, out=out)
            return
        middle = n // 2
        self.halves = slice(0, middle), slice(middle, n)
        self.shares = middle / n, (n - middle) / n
        self.replica.place(net.step + 1, first_row=middle)
        values = self.buffer("values", (2,))

        def half(i: int) -> None:
            (part, loss), some = self.parts[i], self.halves[i]
            outputs[i] = part.propagate(rows[some], training=True)
            loss.forward(outputs[i], targets[some], out=values[i, ...])

        outputs: list[Array] = [None, None]
        self._both(half)
        self.outputs = outputs[0]
        out[...] = self.shares[0] * values[0] + self.shares[1] * values[1]

    def accuracy(self, targets: Array) -> float | None:
        """Return the share of right answers to the last batch, or its first half, where targets are labels."""
        right = self.loss.right(self.outputs, targets[: len(self.outputs)])
        return None if right is None else float(right.mean())

    def backward(self) -> None:
        """Fill the network's gradients with those of the last loss."""
        if not self.halves or self.replica is None:
            self.net.backpropagate(self.loss.backward())
            return

        def half(i: int) -> None:
            part, loss = self.parts[i]
            dy = loss.backward()
            self.xp.multiply(dy, self.shares[i], out=dy)
            part.backpropagate(dy)

        self._both(half)
        self.xp.add(self.net.gradients, self.replica.gradients, out=self.net.gradients)

    def _both(self, half: Callable[[int], None]) -> None:
        """Do the second half on the other thread, in the same context (`numpy.errstate`), and the first on this."""
        if self.executor is None:
            half(0)
            half(1)
            return
        second = self.executor.submit(contextvars.copy_context().run, half, 1)
        half(0)
        second.result()


def convolutional(net: Sequential) -> bool:
    """Whether a network's work is many small products."""
    return any(isinstance(layer, Conv2D) for layer in walk(net.layers))


def separable(net: Sequential) -> bool:
    """Whether replicas compute what the network would: all its layers are ours, and none is being watched."""
    return all(ours(layer) for layer in walk(net.layers))


def ours(thing: Layer | Loss) -> bool:
    """Whether a layer or loss is tinynn's own, as it was written; others may remember what a copy does not know."""
    return type(thing).__module__.partition(".")[0] == "tinynn" and "forward" not in vars(thing)
