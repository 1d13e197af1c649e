"""The record of a training: what happened in each epoch."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class History:
    """What happened in each epoch.

    Attributes
    ----------
    loss : list of float
        Mean training loss over the epoch's batches, in nats, as the parameters changed.
    validation_loss, validation_accuracy : list of float
        On the validation rows after the epoch; empty when none were given, and accuracy also without labels.
    seconds : list of float
        Time of the epoch, validation included.
    """

    loss: list[float] = field(default_factory=list)
    validation_loss: list[float] = field(default_factory=list)
    validation_accuracy: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.loss)

    def add_loss(self, batches: np.ndarray, sizes: np.ndarray) -> None:
        """Add an epoch by the losses of its batches and their sizes.

        Raises
        ------
        FloatingPointError
            When the mean is no finite number.
        """
        mean = float(np.average(batches, weights=sizes))
        if not np.isfinite(mean):
            raise FloatingPointError(
                f"the loss became {mean} in epoch {len(self) + 1}; the usual cause is a learning rate that is too "
                "large, or inputs far from the range −1 to 1"
            )
        self.loss.append(mean)

    def last(self) -> str:
        """Describe the last epoch in a few words."""
        words = f"loss {self.loss[-1]:.4f}"
        if self.validation_loss:
            words += f", validation {self.validation_loss[-1]:.4f}"
        if self.validation_accuracy:
            words += f", accuracy {self.validation_accuracy[-1]:.2%}"
        return words
