"""Training: shuffled batches, a step of the optimiser for each, and a record of how it went."""

import time
from typing import Any

import numpy as np

from tinynn.batches import Batches
from tinynn.checks import check_rows, whole
from tinynn.history import History
from tinynn.inference import evaluate
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.progress import progress_bar


def fit(
    net: Sequential,
    loss: Loss,
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
    y : array (n,) or (n, *output_shape)
        Targets as the loss takes them: labels 0 to outputs − 1, probabilities, values.
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
    epochs, batch_size = whole("epochs", epochs), whole("batch_size", batch_size)
    if isinstance(loss, type):
        raise TypeError(f"loss must be an object, and is the class {loss.__name__}; write {loss.__name__}()")
    x = check_rows(x, net.input_shape)
    y = loss.check_targets(y, len(x), net.output_shape)
    if validation is not None:
        xv = check_rows(validation[0], net.input_shape)
        validation = xv, loss.check_targets(validation[1], len(xv), net.output_shape)
    batches = Batches(net, x, y, min(batch_size, len(x)))
    total = epochs * batches.per_epoch if steps is None else whole("steps", steps)
    history, done = History(), 0
    with progress_bar(total, "batch", progress) as bar:
        while done < total:
            started = time.perf_counter()
            # One generator an epoch: epoch 7 shuffles the same way whether or not 0 to 6 ran before it.
            order = np.random.default_rng((seed, len(history))).permutation(len(x))
            count = min(batches.per_epoch, total - done)
            values = net.backend.xp.empty(count, dtype=net.dtype)
            for i, (rows, targets) in enumerate(batches.epoch(order, count)):
                optimizer.plan((done + i) / total, history.validation_loss if validation else None)
                outputs = net.propagate(rows, training=True)
                loss.forward(outputs, targets, out=values[i, ...])
                net.backpropagate(loss.backward())
                optimizer.step(net.parameters, net.gradients)
                bar.update()
            done += count
            history.add_loss(net.backend.to_numpy(values), batches.sizes(count))
            if validation is not None:
                value, accuracy = evaluate(net, loss, *validation)
                history.validation_loss.append(value)
                if accuracy is not None:
                    history.validation_accuracy.append(accuracy)
            history.seconds.append(time.perf_counter() - started)
            bar.set_postfix_str(history.last())
    return history
