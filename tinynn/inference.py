"""What a trained network says about many rows: probabilities, posterior samples, features, in chunks.

Rows are taken a chunk at a time, so that memory is bounded by the chunk and not by the pool, and a chunk's
intermediate results stay in the processor's cache. On a processor several chunks are worked on at the same time.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from queue import SimpleQueue
from typing import Any, TypeVar

import numpy as np

from tinynn import device_chunks, device_memory, random_bits
from tinynn.backend import CPU, Array
from tinynn.checks import check_rows
from tinynn.chunks import Worker, pieces
from tinynn.layers.base import Layer
from tinynn.layers.chain import forward, walk
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout
from tinynn.layers.reshape import Flatten
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.probabilities import softmax
from tinynn.replicas import Replica, convolutional, ours, separable
from tinynn.thinned import Thinned
from tinynn.threads import one_blas_thread

CHUNK = 1024  # rows at most
CACHED = 2**19  # outputs of one layer, in a chunk that stays in a processor's cache
Answer = TypeVar("Answer")


def chunks(net: Sequential, x: Any) -> Iterator[tuple[slice, Array]]:
    """Go through the rows of x in pieces on the network's device, in its dtype; each is valid until the next comes."""
    worker = Worker(net, net.layers)
    for rows in pieces(len(x), CHUNK):
        yield rows, worker.read(x, rows)


def rows_in_cache(net: Sequential, layers: list[Layer]) -> int:
    """Return how many rows to take through these layers at once: on a GPU, where launches cost, as many as fit."""
    if net.backend is not CPU:
        return min(device_memory.MOST_ROWS, device_memory.rows_that_fit(net, layers) or CHUNK)
    makers = (
        layer for layer in walk(layers) if not isinstance(layer, Dropout | Flatten)
    )  # they pass x on as it is
    largest = max((math.prod(layer.output_shape) for layer in makers), default=1)
    return min(CHUNK, max(32, CACHED // largest))


def each_chunk(
    net: Sequential, n: int, size: int, work: Callable[[Worker, slice], Answer], parallel: bool = True
) -> list[Answer]:
    """Do some work with each chunk of n rows, and return the answers in order.

    On a processor each of several threads takes the next chunk with a replica of its own, and BLAS keeps to one thread.
    What a chunk's answer is does not depend on how many there are.
    """
    if net.backend is not CPU:
        return device_chunks.each_chunk(net, n, size, work)
    todo = pieces(n, size)
    with ExitStack() as ending:
        threads = 1
        if len(todo) > 1 or convolutional(net):
            threads = ending.enter_context(one_blas_thread())
        workers = [Worker(net, net.layers)]
        if parallel and separable(net):
            others = min(threads, len(todo)) - 1
            workers += [Worker(net, Replica(net).layers) for _ in range(others)]
        if len(workers) == 1:
            return [work(workers[0], rows) for rows in todo]
        from concurrent.futures import ThreadPoolExecutor

        free: SimpleQueue[Worker] = SimpleQueue()
        for worker in workers:
            free.put(worker)

        def turn(rows: slice) -> Answer:
            worker = free.get()
            try:
                return work(worker, rows)
            finally:
                free.put(worker)

        executor = ending.enter_context(ThreadPoolExecutor(len(workers), "tinynn-chunk"))
        return list(executor.map(turn, todo))


def predict_proba(net: Sequential, x: Any) -> np.ndarray:
    """Return the class probabilities of rows x (n, *input_shape), shape (n, classes), on the host; dropout is off.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=1)
    >>> net.layers[0].W = [[0.0, 1.0]]
    >>> predict_proba(net, np.log([[1.0], [3.0]])).round(4).tolist()  # logits (0, x): odds of e^x
    [[0.5, 0.5], [0.25, 0.75]]
    """
    p = np.empty((len(x), *net.output_shape), dtype=net.dtype)

    def work(worker: Worker, rows: slice) -> None:
        answers = softmax(forward(worker.layers, worker.read(x, rows)))
        worker.launched()
        p[rows] = net.backend.to_numpy(answers)

    each_chunk(net, len(x), rows_in_cache(net, net.layers), work)
    return p


def evaluate(net: Sequential, loss: Loss, x: Any, y: Any) -> tuple[float, float | None]:
    """Return the mean loss of a network on rows x with targets y, and the accuracy where targets are labels.

    Dropout is off.

    Parameters
    ----------
    net : Sequential
    loss : Loss
    x : array (n, *input_shape)
    y : array (n,) or (n, *output_shape)
        Targets as the loss takes them.

    Returns
    -------
    loss : float
    accuracy : float or None
        Share of right answers: of the most probable class, or of yes and no with a binary cross-entropy. None where
        targets are no labels.

    Raises
    ------
    ValueError
        For rows or targets that do not fit.

    Examples
    --------
    >>> import tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=3)
    >>> net.parameters[...] = 0
    >>> value, accuracy = evaluate(net, nn.SoftmaxCrossEntropy(), np.eye(3), [0, 0, 1])
    >>> round(value, 4), round(accuracy, 4)  # ln 2; class 0 is always said
    (0.6931, 0.6667)
    """
    x = check_rows(x, net.input_shape)
    y = loss.check_targets(y, len(x), net.output_shape)

    def work(worker: Worker, rows: slice) -> tuple[float, float | None]:
        outputs, targets = forward(worker.layers, worker.read(x, rows)), net.backend.asarray(y[rows])
        worker.launched()
        judge = loss if worker.layers is net.layers else worker.kept("loss", loss.copy)
        total = float(judge.forward(outputs, targets)) * len(targets)
        right = judge.right(outputs, targets)
        return total, None if right is None else float(right.sum()) / (right.size // len(targets))

    parts = each_chunk(net, len(x), rows_in_cache(net, net.layers), work, parallel=ours(loss))
    correct = [right for _, right in parts if right is not None]
    accuracy = math.fsum(correct) / len(x) if correct else None
    return math.fsum(total for total, _ in parts) / len(x), accuracy


def embed(net: Sequential, x: Any) -> np.ndarray:
    """Return what the last Dense layer sees of rows x: the penultimate features, shape (n, features), on the host."""
    last = max((i for i, layer in enumerate(net.layers) if isinstance(layer, Dense)), default=None)
    if last is None:
        raise ValueError("embed returns the input of the last Dense layer, and this network has none")
    features = np.empty((len(x), *net.layers[last].input_shape), dtype=net.dtype)

    def work(worker: Worker, rows: slice) -> None:
        answers = forward(worker.layers[:last], worker.read(x, rows))
        worker.launched()
        features[rows] = net.backend.to_numpy(answers)

    each_chunk(net, len(x), rows_in_cache(net, net.layers), work)
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
    few = rows_in_cache(net, net.layers[:first])

    def work(worker: Worker, rows: slice) -> None:
        size = rows.stop - rows.start
        certain = worker.buffer("certain", (size, *net.layers[first].input_shape))
        for some, x_some in worker.parts(x, rows, few):
            certain[some] = forward(worker.layers[:first], x_some)
        worker.launched()
        thinned = worker.kept("thinned", lambda: Thinned(worker.layers[first:], min(len(x), CHUNK)))
        here = net.backend is CPU
        answers = p[:, rows] if here else worker.buffer("answers", (n_samples, size, *net.output_shape))
        with thinned:
            for k in range(n_samples):
                thinned.become(masks[k])
                answers[k] = softmax(forward(thinned.layers, certain))
        if not here:
            p[:, rows] = net.backend.to_numpy(answers)

    each_chunk(net, len(x), rows_in_cache(net, net.layers[first:]), work)
    return p


def sampling_seed(seed: int) -> int:
    """Keep the masks of posterior samples apart from those of training."""
    return random_bits.key(seed, 0x5A3B1E)
