"""Probabilities out of a network: softmax, for whoever reads its answers; the loss takes logits as they are."""

from tinynn.backend import Array, backend_of


def softmax(logits: Array) -> Array:
    r"""Turn rows of logits into rows of probabilities: pₖ = exp zₖ / Σⱼ exp zⱼ.

    Subtracting a row's largest logit first changes nothing in the quotient, and no exponential overflows.

    Derivation: `docs/derivations/softmax.md`, `softmax-definition` and `softmax-shift`.

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
    backend = backend_of(logits)
    xp, kernels = backend.xp, backend.kernels
    if kernels is not None and kernels.fit(logits):
        return kernels.softmax(logits)
    # Classes along the first axis: over ten classes, reducing the long axis is several times faster.
    p = xp.ascontiguousarray(xp.moveaxis(xp.asarray(logits), -1, 0))
    p = p - xp.max(p, axis=0)
    xp.exp(p, out=p)
    p /= xp.sum(p, axis=0)
    return xp.moveaxis(p, 0, -1)
