"""Callbacks: what may look on while a network trains, change the gradient, or stop it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinynn.checks import whole
from tinynn.configured import Configured
from tinynn.history import History
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer


@dataclass
class Training:
    """A training that is under way: what `tinynn.fit` shows to its callbacks.

    Attributes
    ----------
    net, loss, optimizer
        What is trained, on what, and how.
    total : int
        Steps planned.
    step, epoch : int
        Steps taken, epochs finished.
    history : History
        Complete up to the last finished epoch.

    Examples
    --------
    >>> import numpy as np, tinynn as nn
    >>> net, seen = nn.Sequential([nn.Dense(2)], input_shape=3), []
    >>> def look(training: Training):
    ...     seen.append((training.epoch, training.step, training.total))
    >>> x, y = np.eye(3), np.array([0, 1, 1])  # three rows in batches of two are two steps an epoch
    >>> _ = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(0.1), x, y, epochs=3, batch_size=2, callbacks=[look])
    >>> seen
    [(1, 2, 6), (2, 4, 6), (3, 6, 6)]
    """

    net: Sequential
    loss: Loss
    optimizer: Optimizer
    total: int
    step: int = 0
    epoch: int = 0
    history: History = field(default_factory=History)

    def __post_init__(self) -> None:
        if isinstance(self.optimizer, type) or not hasattr(self.optimizer, "plan"):
            raise TypeError(f"optimizer must be an Optimizer, such as nn.Adam(1e-3), not {self.optimizer!r}")

    def stop(self, reason: str) -> None:
        """End the training after this step, and say why in the history."""
        self.history.stopped = reason


class Callback(Configured):
    """Something that `fit` tells how the training goes. A subclass defines those methods that it needs.

    A function of one argument is a callback, too: it is called after every epoch.

    Examples
    --------
    >>> import numpy as np, tinynn as nn
    >>> class UntilItFits(Callback):
    ...     def after_epoch(self, training):
    ...         if training.history.loss[-1] < 0.1:
    ...             training.stop("the loss is below 0.1")
    >>> net, x, y = nn.Sequential([nn.Dense(2)], input_shape=3), np.eye(3), np.array([0, 1, 1])
    >>> history = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(0.1), x, y, epochs=500, callbacks=[UntilItFits()])
    >>> history.stopped, len(history) < 500
    ('the loss is below 0.1', True)
    """

    def start(self, training: Training) -> None:
        """Hear that a training begins, or goes on from a checkpoint."""

    def before_step(self, training: Training) -> None:
        """See the gradients of a batch, and perhaps change them, before the optimiser does its step."""

    def after_step(self, training: Training) -> None:
        """See the parameters after a step, and perhaps change them."""

    def after_epoch(self, training: Training) -> None:
        """See the record of an epoch."""

    def finish(self, training: Training) -> None:
        """Hear that the training is over; not when it was interrupted."""

    def state(self) -> dict[str, Any]:
        """Return numbers, and arrays on the host, that a checkpoint must keep; given back to `resume`."""
        return {}

    def resume(self, state: dict[str, Any]) -> None:
        """Become what `state` described."""


class EarlyStopping(Callback):
    """Stop when validation has not become better for `patience` epochs; go back to the best parameters.

    The best ones are restored also where the training ends by itself.

    Parameters
    ----------
    patience : int, optional
        Epochs without a better value that are let pass.
    monitor : {"validation_loss", "validation_accuracy"}, optional
        What should become better: the loss lower, the accuracy higher.

    Attributes
    ----------
    best_epoch : int
        The epoch, counted from 1, whose parameters were the best; 0 before any training.

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> net = nn.Sequential([nn.Dense(32), nn.ReLU(), nn.Dense(10)], input_shape=64)
    >>> history = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(0.01), data.x_train, data.y_train, epochs=200,
    ...                  validation=0.2, callbacks=[nn.EarlyStopping(patience=3)])
    >>> len(history) < 200
    True
    """

    def __init__(self, patience: int = 5, monitor: str = "validation_loss") -> None:
        if monitor not in ("validation_loss", "validation_accuracy"):
            raise ValueError(
                f'monitor must be "validation_loss" or "validation_accuracy", not {monitor!r}; the training loss goes '
                "on falling while a network learns its examples by heart"
            )
        self.patience = whole("patience", patience)
        self.monitor = monitor
        self._forget()

    def _forget(self) -> None:
        self.best_epoch, self._best = 0, float("inf")
        self._parameters, self._state = np.zeros(0), np.zeros(0)

    def start(self, training: Training) -> None:
        """Begin anew, unless this goes on from a checkpoint."""
        if training.epoch == 0:
            self._forget()

    def after_epoch(self, training: Training) -> None:
        """Compare with the best epoch so far."""
        values = getattr(training.history, self.monitor)
        if not values:
            raise ValueError(
                f"EarlyStopping goes by {self.monitor}, and there is none: pass validation=0.1, or validation=(x, y) "
                "with labels, to fit"
            )
        value = values[-1] if self.monitor == "validation_loss" else -values[-1]
        if value < self._best:
            net = training.net
            self._best, self.best_epoch = value, training.epoch
            self._parameters = net.backend.to_numpy(net.parameters).copy()
            self._state = net.backend.to_numpy(net.state).copy()
        elif training.epoch - self.best_epoch >= self.patience:
            training.stop(
                f"no better {self.monitor.replace('_', ' ')} in {self.patience} epochs; the parameters are those "
                f"after epoch {self.best_epoch}"
            )

    def finish(self, training: Training) -> None:
        """Restore the best parameters, and the running statistics that belong to them."""
        if self.best_epoch:
            net = training.net
            net.parameters[...] = net.backend.asarray(self._parameters)
            net.state[...] = net.backend.asarray(self._state)

    def state(self) -> dict[str, Any]:
        """Return the best epoch with its parameters."""
        names = ("best_epoch", "_best", "_parameters", "_state")
        return {name.strip("_"): getattr(self, name) for name in names}

    def resume(self, state: dict[str, Any]) -> None:
        """Take over the best epoch of the training that was interrupted."""
        self.best_epoch, self._best = state["best_epoch"], state["best"]
        self._parameters, self._state = state["parameters"], state["state"]


class _EveryEpoch(Callback):
    """A function, called after every epoch."""

    def __init__(self, function: Callable[[Training], Any]) -> None:
        self.function = function

    def after_epoch(self, training: Training) -> None:
        self.function(training)

    def __repr__(self) -> str:
        return getattr(self.function, "__qualname__", type(self.function).__name__)


Given = Callback | Callable[[Training], Any]


def listed(callbacks: Sequence[Given] | Given | None) -> list[Given]:
    """Return callbacks as a list: also one by itself, and none.

    Raises
    ------
    TypeError
        For what is neither a callback nor a function.
    """
    if callbacks is None:
        return []
    several = isinstance(callbacks, list | tuple)
    as_list: list[Any] = list(callbacks) if several else [callbacks]  # type: ignore[arg-type]
    for callback in as_list:
        if isinstance(callback, type) or not (isinstance(callback, Callback) or callable(callback)):
            raise TypeError(
                "a callback must be a function of the training, or an object such as nn.EarlyStopping(), not "
                f"{callback!r}"
            )
    return as_list


class Callbacks:
    """All callbacks of a training, each asked only for what it defines."""

    def __init__(self, callbacks: Sequence[Given] | Given | None) -> None:
        self.all: list[Callback] = [
            c if isinstance(c, Callback) else _EveryEpoch(c) for c in listed(callbacks)
        ]
        self._listeners = {
            event: [
                getattr(c, event) for c in self.all if getattr(type(c), event) is not getattr(Callback, event)
            ]
            for event in ("start", "before_step", "after_step", "after_epoch", "finish")
        }

    def tell(self, event: str, training: Training) -> None:
        """Call those that define this event."""
        for listener in self._listeners[event]:
            listener(training)

    def hears(self, event: str) -> bool:
        """Whether any of them defines this event."""
        return bool(self._listeners[event])

    def described(self) -> list[str]:
        """Return each callback with its settings, the same in every process."""
        return [repr(callback) for callback in self.all]
