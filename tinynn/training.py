"""Training: shuffled batches, a step of the optimiser for each, and a record of how it went."""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tinynn.batches import training_data
from tinynn.callbacks import Callback, Callbacks, Training
from tinynn.checkpoint import Checkpoint
from tinynn.checks import whole
from tinynn.divergence import check_loss
from tinynn.history import EpochLoss, History
from tinynn.inference import evaluate
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.progress import progress_bar
from tinynn.replicas import Passes

if TYPE_CHECKING:
    from tinynn.augmentation import Augment


def fit(
    net: Sequential,
    loss: Loss,
    optimizer: Optimizer,
    x: Any,
    y: Any = None,
    *,
    weights: Any = None,
    epochs: int = 1,
    steps: int | None = None,
    batch_size: int = 128,
    validation: tuple[Any, Any] | float | None = None,
    augment: "Augment | None" = None,
    callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
    checkpoint: str | os.PathLike[str] | None = None,
    seed: int = 0,
    progress: bool | None = None,
    graphs: bool = False,
) -> History:
    """Train a network: for every batch forward, loss, backward, one step of the optimiser.

    Parameters
    ----------
    net, loss, optimizer
        What is trained, on what, and how. The optimiser goes on from where its last step left it.
    x : array (n, *input_shape), or batches
        Rows, also memory-mapped; uint8 pixels become 0 to 1. Without y, batches: see `tinynn.batches.GivenBatches`.
    y : array (n,) or (n, *output_shape), optional
        Targets as the loss takes them: labels 0 to outputs − 1, probabilities, values.
    weights : array (n,), optional
        How much each row counts.
    epochs, steps, batch_size : int, optional
        How often every row is used, or how many batches, however many epochs that takes; rows a batch, but the last.
    validation : (x, y) or float, optional
        Rows to evaluate after every epoch, or which share of x to hold out for that.
    augment : Augment, optional
        Distorts the rows of every batch anew.
    callbacks : sequence of Callback or function, optional
        What looks on, and may stop: ``nn.EarlyStopping()``, ``nn.L2(1e-4)``, ``nn.MaxNorm(3)``.
    checkpoint : path, optional
        Where it is written down as it goes; if the file is there, training goes on from it, to the same bits.
    seed : int, optional
        Decides the order of the rows, which are held out, and how they are distorted.
    progress : bool, optional
        Whether to show a bar; by default where standard error is a terminal.
    graphs : bool, optional
        On a GPU, record a step as a CUDA graph and replay it, one launch a step; a notice says where that cannot be.

    Returns
    -------
    History

    Raises
    ------
    ValueError
        For rows, labels or numbers that do not fit, and for a checkpoint of another training.
    FloatingPointError
        When the loss is no longer a finite number; it says at which step, and in which layer it began.

    Examples
    --------
    >>> import numpy as np, tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=3)
    >>> history = fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(0.1), np.eye(3), [0, 1, 1], epochs=100)
    >>> len(history), history.loss[-1] < 0.1 < history.loss[0]
    (100, True)
    """
    if graphs:
        from tinynn.replay import Replay
    epochs, batch_size = whole("epochs", epochs), whole("batch_size", batch_size)
    data, held_out = training_data(net, loss, x, y, weights, validation, batch_size, augment, seed)
    total = data.steps(epochs) if steps is None else whole("steps", steps)
    training, hooks, losses = Training(net, loss, optimizer, total), Callbacks(callbacks), EpochLoss(net)
    keeper = Checkpoint(checkpoint, training, hooks, data, held_out)
    keeper.resume()
    history = training.history
    hooks.tell("start", training)
    with Passes(net, loss) as passes, progress_bar(total, "batch", progress, training.step) as bar:
        replay = Replay(training, passes, losses, hooks, held_out is not None) if graphs else None
        while training.step < total and not history.stopped:
            losses.begin()
            for rows, targets, counts in data.epoch(training.epoch, training.step, total - training.step):
                optimizer.plan(training.step / total, history.validation_loss if held_out else None)
                if replay is None or not replay.step(rows, targets, counts):
                    passes.forward(rows, targets, counts, out=losses.place(len(rows)))
                    check_loss(training, losses, rows)
                    passes.backward()
                    hooks.tell("before_step", training)
                    optimizer.step(net.parameters, net.gradients)
                training.step += 1
                hooks.tell("after_step", training)
                if bar.update():
                    bar.set_postfix_str(losses.last(passes.accuracy(targets)))
                if history.stopped:
                    break
            if not losses.sizes:
                training.stop(f"there were no more batches after {training.step} of {total} steps")
                break
            check_loss(training, losses)
            history.add_epoch(losses.mean(), optimizer.rate)
            if held_out is not None:
                history.add_validation(*evaluate(net, loss, *held_out))
            history.seconds.append(losses.seconds())
            training.epoch += 1
            hooks.tell("after_epoch", training)
            keeper.save()
            bar.set_postfix_str(history.last())
    hooks.tell("finish", training)
    keeper.save(last=True)
    return history
