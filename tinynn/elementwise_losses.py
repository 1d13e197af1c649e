"""Losses that compare each output with a target of its own: for regression, and for yes-or-no questions.

Each is a mean over all elements, r = outputs − targets, so the gradient of one element is f′ / (number of elements).
"""

from tinynn.backend import Array
from tinynn.checks import positive
from tinynn.layers.activations import sigmoid
from tinynn.losses import Loss


class _Elementwise(Loss):
    """What they share: the difference, the mean over all elements, weights of the rows."""

    mean_over_rows = True

    def forward(
        self, outputs: Array, targets: Array, weights: Array | None = None, out: Array | None = None
    ) -> Array:
        """Return the mean of f over all elements; with weights w of the rows, Σ wᵢ f / (Σ wᵢ · elements of a row)."""
        outputs, targets = self.adopt(outputs, targets)
        if targets.shape != outputs.shape:
            raise ValueError(
                f"targets must have the shape of the outputs, {outputs.shape}, but have shape {targets.shape}"
            )
        self.difference = self.buffer("difference", outputs.shape)
        self.xp.subtract(outputs, targets, out=self.difference)
        values = self.buffer("values", outputs.shape)
        self._compare(outputs, targets, values)
        self.scale: Array | float = 1 / outputs.size
        if weights is not None:
            if weights.shape != (len(outputs),):
                raise ValueError(
                    f"{len(outputs)} rows need weights of shape ({len(outputs)},), not {weights.shape}"
                )
            total, scale = self.buffer("total", ()), self.buffer("scale", weights.shape)
            self.xp.multiply(self.xp.sum(weights, out=total), outputs.size // len(outputs), out=total)
            self.xp.divide(weights, total, out=scale)
            self.scale = scale.reshape(-1, *[1] * (outputs.ndim - 1))
        self.xp.multiply(values, self.scale, out=values)
        return self.xp.sum(values, out=out)

    def backward(self) -> Array:
        """Return ∂L/∂outputs."""
        gradient = self.buffer("gradient", self.difference.shape)
        self._slope(gradient)
        self.xp.multiply(gradient, self.scale, out=gradient)
        return gradient

    def _compare(self, outputs: Array, targets: Array, values: Array) -> None:
        """Write f of every element into `values`; `difference` holds r, and may be replaced by what `_slope` needs."""
        raise NotImplementedError

    def _slope(self, gradient: Array) -> None:
        """Write f′ of every element into `gradient`."""
        raise NotImplementedError


class MeanSquaredError(_Elementwise):
    """L = mean r², so ∂L/∂output = 2 r / (number of elements), for outputs and targets (n, ...) of one shape.

    Examples
    --------
    >>> import numpy as np
    >>> loss = MeanSquaredError()
    >>> float(loss.forward(np.array([[1.0, 3.0]]), np.array([[0.0, 1.0]]))), loss.backward().tolist()
    (2.5, [[1.0, 2.0]])
    """

    def _compare(self, outputs: Array, targets: Array, values: Array) -> None:
        self.xp.multiply(self.difference, self.difference, out=values)

    def _slope(self, gradient: Array) -> None:
        self.xp.multiply(self.difference, 2, out=gradient)


class Huber(_Elementwise):
    """L = mean of r²/2 where |r| ≤ δ and δ (|r| − δ/2) beyond (Huber 1964): outliers pull with at most δ.

    With c = r clipped to ±δ both are c (r − c/2), and the gradient is c / (number of elements). Outputs and targets
    are (n, ...) of one shape.

    Parameters
    ----------
    delta : float, optional
        δ.

    Examples
    --------
    >>> import numpy as np
    >>> loss = Huber(delta=1.0)
    >>> float(loss.forward(np.array([[0.5, 9.0]]), np.zeros((1, 2))))  # the mean of 0.5² / 2 and 9 − 0.5
    4.3125
    >>> loss.backward().tolist()  # the outlier pulls with 1, not with 9
    [[0.25, 0.5]]
    """

    def __init__(self, delta: float = 1.0) -> None:
        self.delta = positive("delta", delta)

    def _compare(self, outputs: Array, targets: Array, values: Array) -> None:
        self.clipped = self.buffer("clipped", outputs.shape)
        self.xp.clip(self.difference, -self.delta, self.delta, out=self.clipped)
        self.xp.multiply(self.clipped, -0.5, out=values)
        self.xp.add(values, self.difference, out=values)
        self.xp.multiply(values, self.clipped, out=values)

    def _slope(self, gradient: Array) -> None:
        self.xp.copyto(gradient, self.clipped)


class BinaryCrossEntropy(_Elementwise):
    """The mean of −t ln σ(z) − (1 − t) ln (1 − σ(z)), from logits z, so ∂L/∂z = (σ(z) − t) / (number of elements).

    Each output answers a yes-or-no question of its own, with a target t of 0, 1 or a probability. Written as
    max(z, 0) − z t + ln(1 + e^−|z|) it never overflows and never takes the logarithm of zero. Outputs and targets are
    (n, ...) of one shape. Derivation: `docs/derivations/cross-entropy.md`, `cross-entropy-distribution`.

    Examples
    --------
    >>> import numpy as np
    >>> loss = BinaryCrossEntropy()
    >>> round(float(loss.forward(np.array([[0.0]]), np.array([[1.0]]))), 6), loss.backward().tolist()  # undecided: ln 2
    (0.693147, [[-0.5]])
    """

    def right(self, outputs: Array, targets: Array) -> Array:
        """Compare each answer, z > 0 for yes, with its target."""
        return (outputs > 0) == (targets > 0.5)

    def _compare(self, outputs: Array, targets: Array, values: Array) -> None:
        xp = self.xp
        above = self.buffer("above", outputs.shape)
        xp.maximum(outputs, 0, out=above)
        xp.multiply(above, -2, out=values)
        xp.add(values, outputs, out=values)  # −|z| = z − 2 max(z, 0)
        xp.exp(values, out=values)
        xp.log1p(values, out=values)
        xp.add(values, above, out=values)
        xp.multiply(outputs, targets, out=above)
        xp.subtract(values, above, out=values)
        sigmoid(xp, outputs, out=self.difference)
        xp.subtract(self.difference, targets, out=self.difference)

    def _slope(self, gradient: Array) -> None:
        self.xp.copyto(gradient, self.difference)
