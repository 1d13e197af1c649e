"""A loss that is asked questions: what kind it is, and what inputs suit it."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.examining.argument_order import in_order
from tinynn.examining.calling import UnusableError
from tinynn.examining.specimen import Specimen

CLASSES, ROWS = 5, 4


class AskedLoss:
    """A loss, its kind, and inputs that suit it.

    Attributes
    ----------
    kind : str
    probabilities : bool
        Whether outputs are probabilities; else logits, or numbers.
    labels : bool
        Whether targets are class numbers; else arrays of the outputs' shape.
    soft : bool
        Whether targets must be distributions without zeros, as for a divergence that takes their logarithm.
    """

    def __init__(self, loss: Any) -> None:
        self.specimen = Specimen(loss, np.float64, training=True)
        self.rng = np.random.default_rng(0)
        self.why = ""
        z = self.rng.normal(size=(ROWS, CLASSES))
        labels = self.rng.integers(CLASSES, size=ROWS)
        self.kind, self.labels, self.probabilities, self.soft = "unknown", False, False, False
        if np.isfinite(self(z, labels)):
            self.kind, self.labels = "classification", True
            self.probabilities = self._has_pole(softmax(z), labels)
        elif np.isfinite(self(softmax(z), labels)):
            self.kind, self.labels, self.probabilities = "classification", True, True
        else:
            self._of_arrays(z)

    def _of_arrays(self, z: np.ndarray) -> None:
        """Tell apart by the value at the target itself, and by whether the outputs of a row are coupled."""
        target = self.rng.normal(size=z.shape)
        onehot = np.eye(CLASSES)[self.rng.integers(CLASSES, size=ROWS)]
        at_target, elsewhere = self(target, target), self(z, target)
        pole = self._has_pole(softmax(z), onehot) or self._has_pole(softmax(z), softmax(target))
        if not pole and np.isfinite(at_target) and abs(at_target) < 1e-9 and np.isfinite(elsewhere):
            self.kind = "regression"
            return
        self.probabilities = pole or not np.isfinite(self(z, onehot))
        outputs = softmax(z) if self.probabilities else z
        if not np.isfinite(self(outputs, onehot)):
            self._of_distributions(z, softmax(target), pole)
            return
        coupled = self.coupling(outputs, onehot)
        if (
            self.probabilities
        ):  # −Σ t ln p asks for the right class only; yes-or-no questions also for the wrong ones
            moved = outputs.copy()
            moved[0, int(np.argmin(onehot[0]))] *= 0.9
            coupled = bool(np.isclose(self(moved, onehot), self(outputs, onehot), rtol=1e-5))
        self.kind = "classification" if coupled else "binary"

    def _has_pole(self, p: np.ndarray, targets: np.ndarray) -> bool:
        return takes_probabilities(lambda moved: self(moved, targets), p)

    def _of_distributions(self, z: np.ndarray, target: np.ndarray, pole: bool) -> None:
        """A divergence with a ln t that a one-hot t makes infinite."""
        self.probabilities = pole or not np.isfinite(self(z, target))
        if np.isfinite(self(softmax(z) if self.probabilities else z, target)):
            self.kind, self.soft = "classification", True

    def coupling(self, z: np.ndarray, target: np.ndarray) -> bool:
        """Whether two outputs of a row have a say together: ∂²L/∂z₀∂z₁ ≠ 0."""
        corners = 0.0
        for a, b in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
            moved = z.copy()
            moved[0, :2] += (0.3 * a, 0.3 * b)
            corners += a * b * self(moved, target)
        return abs(corners) > 1e-9

    def __call__(self, outputs: np.ndarray, targets: np.ndarray) -> float:
        """Return the loss as a number; NaN where it refuses."""
        try:
            ordered = in_order(self.specimen.object.forward, outputs.copy(), targets.copy())
            value = self.specimen.forward(*ordered)
            return float(np.asarray(value, dtype=np.float64))
        except (UnusableError, TypeError, ValueError) as error:
            self.why = str(error)
            return float("nan")

    def outputs(self, logits: np.ndarray) -> np.ndarray:
        """Return logits as the loss takes them."""
        if not self.probabilities:
            return np.log(softmax(logits)) if self.soft else logits
        return softmax(logits) if self.kind == "classification" else 1 / (1 + np.exp(-logits))

    def targets(self, n: int = ROWS) -> np.ndarray:
        """Return targets as the loss takes them."""
        if self.kind == "regression":
            return self.rng.normal(size=(n, CLASSES))
        if self.kind == "binary":
            return self.rng.integers(2, size=(n, CLASSES)).astype(np.float64)
        if self.soft:
            return softmax(self.rng.normal(size=(n, CLASSES)))
        labels = self.rng.integers(CLASSES, size=n)
        return labels if self.labels else np.eye(CLASSES)[labels]


def softmax(z: np.ndarray) -> np.ndarray:
    """Rows of probabilities."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def takes_probabilities(value: Callable[[np.ndarray], float], p: np.ndarray) -> bool:
    """Whether a loss is one of probabilities: it has a logarithm's pole at 0, or does not look beyond [0, 1].

    From 0.1 to 0.01 a logarithm goes as far as from 0.01 to 0.001; what is smooth at 0 goes ten times as far.
    """
    first = p.reshape(len(p), -1)
    for column in range(first.shape[1]):
        values = []
        for small in (0.1, 0.01, 0.001):
            moved = first.copy()
            moved[0, column] = small
            values.append(value(moved.reshape(p.shape)))
        far, near = abs(values[0] - values[1]), abs(values[1] - values[2])
        if far > 1e-9 and 0.5 < near / far < 2:
            return True
    wide = 3 * (p - 0.5)
    beyond = value(wide)
    return beyond == value(np.clip(wide, 0, 1)) and beyond != value(np.clip(wide, 0.2, 0.8))
