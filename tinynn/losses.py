"""Losses: one number that says how wrong a batch of outputs is, and its gradient."""

from typing import Any

import numpy as np

from tinynn.backend import Array, array_module, backend_of
from tinynn.buffers import Buffered
from tinynn.checks import check_distributions, check_labels, check_values, positive, share
from tinynn.configured import Configured
from tinynn.targets import weighted_targets


class Loss(Buffered, Configured):
    """A number to make small, of a batch of outputs and their targets. Its gradient is that of the last `forward`."""

    mean_over_rows = False  # whether, without weights, all rows count the same in L

    def forward(
        self, outputs: Array, targets: Array, weights: Array | None = None, out: Array | None = None
    ) -> Array:
        """Return the loss, as a number of the array library: on a GPU it stays there until somebody reads it."""
        raise NotImplementedError

    def backward(self) -> Array:
        """Return ∂L/∂outputs, a buffer, valid until the next call."""
        raise NotImplementedError

    def check_targets(self, targets: Any, n: int, output_shape: tuple[int, ...]) -> np.ndarray:
        """Return targets of n rows as this loss takes them, or raise a ValueError that says what is wrong."""
        return check_values(targets, (n, *output_shape))

    def right(self, outputs: Array, targets: Array) -> Array | None:
        """Return which answers are right, bool (n,), from outputs (n, K) and labels (n,); None where targets are none.

        >>> Loss().right(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0])).tolist()
        [True, False]
        """
        if targets.ndim != 1 or outputs.ndim != 2 or outputs.shape[1] == 1:
            return None
        return self.xp.argmax(outputs, axis=1) == targets

    def adopt(self, outputs: Any, targets: Any) -> tuple[Array, Array]:
        """Compute in the library and precision of these outputs; return both as arrays of it."""
        xp = array_module(outputs)
        outputs, targets = xp.asarray(outputs), xp.asarray(targets)
        if outputs.dtype.kind not in "fc":
            outputs = outputs.astype(np.float64)
        if xp is not self.xp or outputs.dtype != self.dtype:
            self.drop_buffers()
            self.xp, self.dtype = xp, outputs.dtype
        return outputs, targets


class SoftmaxCrossEntropy(Loss):
    r"""The negative log-probability of what is right, averaged over rows, from logits.

    For n rows of logits z and targets t, each row a distribution over K classes (a label is one with a single 1),

        L = −(1/n) Σᵢ Σₖ t[i, k] ln p[i, k],   p = softmax(z),   ln p[i, k] = z[i, k] − ln Σⱼ exp z[i, j],

    in nats. Softmax and logarithm are taken together: apart, the logarithm meets zeros. Together the gradient is
    simply the difference between what was said and what was right,

        ∂L/∂z = (p − t) / n.

    With class weights or weights w of the rows, L = Σ wᵢ cₖ t[i, k] (−ln p[i, k]) / Σ wᵢ cₖ t[i, k], a weighted mean
    whose divisor leaves smoothing out; see `tinynn.targets`. Derivation: `docs/derivations/cross-entropy.md`,
    `cross-entropy-batch`.

    Parameters
    ----------
    label_smoothing : float, optional
        s: targets become (1 − s) t + s / K (Szegedy et al. 2016, section 7).
    class_weights : sequence of float, optional
        c: one weight a class, t[i, k] counts c[k]-fold.

    Examples
    --------
    >>> import numpy as np
    >>> loss = SoftmaxCrossEntropy()
    >>> round(float(loss.forward(np.zeros((1, 10)), np.array([3]))), 6)  # uniform: ln 10
    2.302585
    """

    def __init__(self, label_smoothing: float = 0.0, class_weights: Any = None) -> None:
        self.label_smoothing = share("label_smoothing", label_smoothing)
        if isinstance(class_weights, dict):
            raise TypeError(
                "class_weights are a list, one weight a class in the order of the labels, not a dict"
            )
        self.class_weights = (
            None if class_weights is None else [positive("a weight", w) for w in class_weights]
        )
        self.mean_over_rows = class_weights is None
        self.in_one: tuple[Array, Array] | None = None  # L and ∂L/∂z, where a device computes both together

    def forward(
        self, outputs: Array, targets: Array, weights: Array | None = None, out: Array | None = None
    ) -> Array:
        """Return L.

        Parameters
        ----------
        outputs : array (n, K)
            Logits.
        targets : int array (n,) or array (n, K)
            Labels 0 to K − 1, or probabilities, on the device of the logits; `check_targets` checks them, and
            costs too much to do so in every step.
        weights : array (n,), optional
            How much each row counts.
        out : array (), optional
            Where to write L.
        """
        outputs, targets = self.adopt(outputs, targets)
        xp, (n, classes) = self.xp, outputs.shape
        if targets.shape not in ((n,), (n, classes)):
            raise ValueError(
                f"{n} rows of logits need labels of shape ({n},), or ({n}, {classes}), not {targets.shape}"
            )
        kernels = backend_of(outputs).kernels
        self.in_one = kernels and kernels.cross_entropy(self, outputs, targets, weights, out)
        if self.in_one:
            return self.in_one[0]
        # Classes along the first axis: over ten classes, reducing the long axis is several times faster.
        log_p, self.p = self.buffer("log_p", (classes, n)), self.buffer("p", (classes, n))
        row = self.buffer("row", (n,))
        xp.copyto(log_p, outputs.T)
        xp.subtract(log_p, xp.max(log_p, axis=0, out=row), out=log_p)
        xp.exp(log_p, out=self.p)
        xp.sum(self.p, axis=0, out=row)
        xp.divide(self.p, row, out=self.p)
        xp.subtract(log_p, xp.log(row, out=row), out=log_p)
        # −t / n, weighted and smoothed where that was asked for: with it L is a plain sum, and so is its gradient.
        self.t = weighted_targets(
            self,
            targets,
            classes,
            weights=weights,
            class_weights=self.class_weights,
            smoothing=self.label_smoothing,
        )
        xp.multiply(log_p, self.t, out=log_p)
        return xp.sum(xp.sum(log_p, axis=0, out=row), out=out)

    def backward(self) -> Array:
        """Return ∂L/∂z = (p − t) / n, of shape (n, K); with −t / n in `t`, that is t − p Σ t."""
        if self.in_one:
            return self.in_one[1]
        classes, n = self.p.shape
        difference, row = self.buffer("log_p", (classes, n)), self.buffer("row", (n,))
        self.xp.multiply(self.p, self.xp.sum(self.t, axis=0, out=row), out=difference)
        self.xp.subtract(self.t, difference, out=difference)
        dlogits = self.buffer("dlogits", (n, classes))
        self.xp.copyto(dlogits, difference.T)
        return dlogits

    def right(self, outputs: Array, targets: Array) -> Array | None:
        """Compare the most probable class with the label, or with the most probable class of a distribution."""
        labels = targets if targets.ndim == 1 else self.xp.argmax(targets, axis=1)
        return super().right(outputs, labels)

    def check_targets(self, targets: Any, n: int, output_shape: tuple[int, ...]) -> np.ndarray:
        """Take labels, or a distribution a row."""
        if np.ndim(targets) == 1:
            return check_labels(targets, n, output_shape[-1])
        return check_distributions(targets, (n, *output_shape))
