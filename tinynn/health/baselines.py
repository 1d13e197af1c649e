"""What a loss would be without looking at the inputs, and with all answers known: the ends of the scale."""

import math
from dataclasses import dataclass

import numpy as np

from tinynn.elementwise_losses import BinaryCrossEntropy, Huber, MeanSquaredError
from tinynn.losses import Loss, SoftmaxCrossEntropy


@dataclass(frozen=True)
class Baselines:
    """The losses of answers that nobody computed, for targets y.

    Attributes
    ----------
    loss : Loss
    output_shape : tuple of int
        Of one row.
    """

    loss: Loss
    output_shape: tuple[int, ...]

    @property
    def kind(self) -> str:
        """What the loss asks for: classes, yes or no, or numbers."""
        if isinstance(self.loss, SoftmaxCrossEntropy):
            return "classes"
        if isinstance(self.loss, BinaryCrossEntropy):
            return "yes or no"
        return "numbers" if isinstance(self.loss, MeanSquaredError | Huber) else "unknown"

    @property
    def meaning(self) -> str:
        """What `chance` is, as words before the number."""
        classes = self.output_shape[-1] if self.output_shape else 1
        return {
            "classes": f"guessing among {classes} classes costs ln {classes} =",
            "yes or no": "guessing yes or no costs ln 2 =",
            "numbers": "always saying the mean costs",
        }.get(self.kind, "a guess costs")

    def chance(self, y: np.ndarray) -> float:
        """Return the loss of the answer that knows nothing; NaN for a loss of unknown kind.

        Logits of zero for cross-entropies, which costs ln K for K classes and ln 2 for yes or no; the mean of the
        targets for numbers, which with the squared error costs their variance.
        """
        if self.kind == "unknown":
            return math.nan
        outputs = np.zeros((len(y), *self.output_shape))
        return self._cost(outputs + y.mean(axis=0) if self.kind == "numbers" else outputs, y)

    def constant(self, y: np.ndarray) -> float:
        """Return the loss of the best answer that is the same for every row: base rates, or the mean."""
        if self.kind in ("unknown", "numbers"):
            return self.chance(y)
        rates = self._distributions(y).mean(axis=0)
        return self._cost(self._logits(np.broadcast_to(rates, (len(y), *self.output_shape))), y)

    def perfect(self, y: np.ndarray) -> float:
        """Return the loss of the right answers, which label smoothing and doubtful targets keep above zero."""
        if self.kind in ("unknown", "numbers"):
            return 0.0
        return self._cost(self._logits(self._distributions(y)), y)

    def _cost(self, outputs: np.ndarray, y: np.ndarray) -> float:
        return float(self.loss.copy().forward(outputs, y))

    def _distributions(self, y: np.ndarray) -> np.ndarray:
        if not isinstance(self.loss, SoftmaxCrossEntropy):
            return y.astype(np.float64)
        classes = self.output_shape[-1]
        p = np.eye(classes)[y] if y.ndim == 1 else y.astype(np.float64)
        return p + self.loss.label_smoothing * (1 / classes - p)

    def _logits(self, p: np.ndarray) -> np.ndarray:
        p = np.clip(p, 1e-12, 1 - 1e-12)
        return np.log(p) if self.kind == "classes" else np.log(p) - np.log1p(-p)
