"""Losses: one number that says how wrong a batch of outputs is, and its gradient."""

import numpy as np

from tinynn.backend import Array, array_module
from tinynn.layers.base import Buffered


def softmax(logits: Array) -> Array:
    r"""Turn rows of logits into rows of probabilities: pₖ = exp zₖ / Σⱼ exp zⱼ.

    Subtracting a row's largest logit first changes nothing in the quotient, and no exponential overflows.

    Parameters
    ----------
    logits : array (n, classes)

    Returns
    -------
    array (n, classes)
        Rows sum to one.

    Examples
    --------
    >>> import numpy as np
    >>> softmax(np.array([[5.0, 1.0, 0.1]])).round(3).tolist()
    [[0.975, 0.018, 0.007]]
    """
    xp = array_module(logits)
    p = logits - xp.max(logits, axis=-1, keepdims=True)
    xp.exp(p, out=p)
    p /= xp.sum(p, axis=-1, keepdims=True)
    return p


class SoftmaxCrossEntropy(Buffered):
    r"""The mean negative log-probability of the right class, from logits.

    For n rows of logits z and labels t,

        L = −(1/n) Σᵢ ln p[i, tᵢ],   p = softmax(z),   ln p[i, k] = z[i, k] − ln Σⱼ exp z[i, j],

    in nats. Softmax and logarithm are taken together: apart, the logarithm meets zeros. Together the gradient is
    simply the difference between what was said and what was right,

        ∂L/∂z = (p − onehot(t)) / n.

    Examples
    --------
    >>> import numpy as np
    >>> loss = SoftmaxCrossEntropy()
    >>> round(float(loss.forward(np.zeros((1, 10)), np.array([3]))), 6)  # uniform: ln 10
    2.302585
    """

    def forward(self, logits: Array, labels: Array, out: Array | None = None) -> Array:
        """Return L, as a number of the array library: on a GPU it stays there until somebody reads it.

        Parameters
        ----------
        logits : array (n, classes)
        labels : int array (n,)
            Values 0 to classes − 1, on the device of the logits.
        out : array (), optional
            Where to write L.
        """
        self._adopt(logits)
        xp, (n, classes) = self.xp, logits.shape
        if labels.shape != (n,):
            raise ValueError(f"{n} rows of logits need labels of shape ({n},), not {labels.shape}")
        # Classes along the first axis: over ten classes, reducing the long axis is several times faster.
        z = self.buffer("z", (classes, n))
        row = self.buffer("row", (n,))
        xp.copyto(z, logits.T)
        xp.subtract(z, xp.max(z, axis=0, out=row), out=z)
        self.right = self.buffer("right", (classes, n), np.bool_)
        xp.equal(self._class_numbers(classes), labels, out=self.right)
        z_right = self.buffer("z_right", (classes, n))
        xp.multiply(z, self.right, out=z_right)
        log_p = xp.sum(z_right, axis=0, out=self.buffer("log_p", (n,)))
        xp.exp(z, out=z)
        total = xp.sum(z, axis=0, out=row)
        self.p = xp.divide(z, total, out=z)
        xp.subtract(log_p, xp.log(total, out=total), out=log_p)
        xp.multiply(log_p, -1 / n, out=log_p)
        return xp.sum(log_p, out=out)

    def backward(self) -> Array:
        """Return ∂L/∂z = (p − onehot(t)) / n, of shape (n, classes): a buffer, valid until the next call."""
        classes, n = self.p.shape
        difference = self.buffer("z_right", (classes, n))
        self.xp.subtract(self.p, self.right, out=difference)
        dlogits = self.buffer("dlogits", (n, classes))
        self.xp.multiply(difference.T, 1 / n, out=dlogits)
        return dlogits

    def _class_numbers(self, classes: int) -> Array:
        kept = self.__dict__.get("class_numbers")
        if kept is None or len(kept) != classes:
            kept = self.class_numbers = self.xp.arange(classes).reshape(classes, 1)
        return kept

    def _adopt(self, logits: Array) -> None:
        """Compute in the library and precision of these logits."""
        xp = array_module(logits)
        if xp is not self.xp or logits.dtype != self.dtype:
            self.drop_buffers()
            self.__dict__.pop("class_numbers", None)
            self.xp, self.dtype = xp, logits.dtype
