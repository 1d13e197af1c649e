"""The record of a training: what happened in each epoch."""

import math
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinynn.backend import Array
from tinynn.buffers import Buffered

if TYPE_CHECKING:
    from tinynn.network import Sequential

READ_EVERY = 1024  # steps: how many losses wait on the device at most


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss : list of float
        Mean training loss over the epoch's rows, in nats, as the parameters changed; without penalties.
    validation_loss, validation_accuracy : list of float
        On the validation rows after the epoch; empty when none were given, and accuracy also without labels.
    learning_rate : list of float
        Of the epoch's last step.
    seconds : list of float
        Time of the epoch, validation included.
    stopped : str
        Why the training ended before its time; empty if it did not.

    Examples
    --------
    >>> history = History(loss=[1.2, 0.7], validation_loss=[1.1, 0.8], validation_accuracy=[0.5, 0.75])
    >>> len(history), history.last()
    (2, 'loss 0.7000, validation 0.8000, accuracy 75.00%')
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    learning_rate: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    stopped: str = ""

    def __len__(self) -> int:
        return len(self.loss)

    def add_epoch(self, loss: float, learning_rate: float) -> None:
        """Add an epoch."""
        self.loss.append(loss)
        self.learning_rate.append(learning_rate)

    def add_validation(self, loss: float, accuracy: float | None) -> None:
        """Add what validation rows say about the epoch."""
        self.validation_loss.append(loss)
        if accuracy is not None:
            self.validation_accuracy.append(accuracy)

    def last(self) -> str:
        """Describe the last epoch in a few words."""
        words = f"loss {self.loss[-1]:.4f}"
        if self.validation_loss:
            words += f", validation {self.validation_loss[-1]:.4f}"
        if self.validation_accuracy:
            words += f", accuracy {self.validation_accuracy[-1]:.2%}"
        return words

    def plot(self) -> Any:
        """Return a Matplotlib figure of the curves; ``history.plot().savefig("curves.png")`` keeps it."""
        from tinynn.plotting import plot_history

        return plot_history(self)


class EpochLoss(Buffered):
    """The losses of an epoch's batches: they stay on the device until the epoch ends."""

    def __init__(self, net: "Sequential") -> None:
        self.backend, self.xp, self.dtype = net.backend, net.backend.xp, net.dtype
        self.begin()

    def begin(self) -> None:
        """Start an epoch."""
        self.started = time.perf_counter()
        self.read: list[np.ndarray] = []
        self.sizes: list[int] = []
        self._values = np.zeros(0)

    def place(self, rows: int) -> Array:
        """Return where the loss of the next batch, of so many rows, is to be written."""
        waiting = len(self.sizes) % READ_EVERY
        values = self.buffer("values", (READ_EVERY,))
        if self.sizes and waiting == 0:
            self.read.append(self.backend.to_numpy(values).copy())
        self.sizes.append(rows)
        return values[waiting, ...]

    def values(self) -> np.ndarray:
        """Read the losses of the epoch's batches so far; once, where a device has to be waited for."""
        if len(self._values) != len(self.sizes):
            waiting = len(self.sizes) - READ_EVERY * len(self.read)
            last = self.backend.to_numpy(self.buffer("values", (READ_EVERY,)))[:waiting]
            self._values = np.concatenate([*self.read, last])
        return self._values

    def mean(self) -> float:
        """Return the mean over all rows."""
        return float(np.average(self.values(), weights=self.sizes))

    def seconds(self) -> float:
        """Return how long the epoch has taken."""
        return time.perf_counter() - self.started

    def last(self, accuracy: float | None = None) -> str:
        """Describe the epoch so far in a few words, and its last batch by the accuracy."""
        words = "" if accuracy is None else f", accuracy {accuracy:.0%}"
        return f"loss {self.mean():.4f}{words}, {sum(self.sizes) / self.seconds():,.0f} rows/s"

    def first_bad(self) -> int | None:
        """Return which of the losses is the first that is no finite number."""
        bad = ~np.isfinite(self.values())
        return int(bad.argmax()) if bad.any() else None

    def bad_now(self) -> bool:
        """Whether the last loss is no finite number, where that can be known without waiting for a device."""
        if not self.backend.immediate:
            return False
        return not math.isfinite(self.buffer("values", (READ_EVERY,))[(len(self.sizes) - 1) % READ_EVERY])
