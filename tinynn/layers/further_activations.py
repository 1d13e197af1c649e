"""More activations: leaky and smooth relatives of ReLU, and softmax as a layer.

Each is applied to every number on its own, dx = dy · f′(x), but for softmax, whose outputs share a row.
"""

import math

import numpy as np

from tinynn.backend import Array, backend_of
from tinynn.checks import positive, share
from tinynn.layers.activations import sigmoid
from tinynn.layers.base import Layer


class LeakyReLU(Layer):
    """y = x for x > 0 and s x otherwise, so f′ = 1 or s (Maas, Hannun & Ng 2013).

    For x (n, ...) of any shape. Derivation: `docs/derivations/activations.md`, `activation-relu`.

    Parameters
    ----------
    slope : float, optional
        s, 0 ≤ s < 1.

    Examples
    --------
    >>> layer = LeakyReLU(0.25)
    >>> layer.forward(np.array([[-2.0, 3.0]])).tolist(), layer.backward(np.ones((1, 2))).tolist()
    ([[-0.5, 3.0]], [[0.25, 1.0]])
    """

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = share("slope", slope)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max(x, s x), the same since s < 1."""
        self.x = x
        y = self.buffer("y", x.shape)
        self.xp.multiply(x, self.slope, out=y)
        self.xp.maximum(x, y, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · (s + (1 − s) [x > 0])."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.greater(self.x, 0, out=dx)
        self.xp.multiply(dx, 1 - self.slope, out=dx)
        self.xp.add(dx, self.slope, out=dx)
        self.xp.multiply(dx, dy, out=dx)
        return dx


class ELU(Layer):
    """y = x for x > 0 and α (eˣ − 1) otherwise, so f′ = 1 or α eˣ (Clevert, Unterthiner & Hochreiter 2016, eq. 15).

    For x (n, ...) of any shape. Derivation: `docs/derivations/activations.md`, `activation-backward`.

    Parameters
    ----------
    alpha : float, optional
        α, the depth of the negative side. At 1 there is no kink.

    Examples
    --------
    >>> layer = ELU()
    >>> print(layer.forward(np.array([[-1.0, 3.0]])).round(4), layer.backward(np.ones((1, 2))).round(4))  # 1/e − 1, 1/e
    [[-0.6321  3.    ]] [[0.3679 1.    ]]
    """

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = positive("alpha", alpha)

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max(x, 0) + α (e^min(x, 0) − 1)."""
        self.x = x
        y, above = self.buffer("y", x.shape), self.buffer("above", x.shape)
        self.xp.minimum(x, 0, out=y)
        self.xp.expm1(y, out=y)
        self.xp.multiply(y, self.alpha, out=y)
        self.xp.maximum(x, 0, out=above)
        self.xp.add(y, above, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · (1 where x > 0, α eˣ elsewhere)."""
        if not input_gradient:
            return None
        dx, above = self.buffer("dx", dy.shape), self.buffer("is_above", dy.shape, np.bool_)
        self.xp.minimum(self.x, 0, out=dx)
        self.xp.exp(dx, out=dx)
        self.xp.multiply(dx, self.alpha, out=dx)
        self.xp.greater(self.x, 0, out=above)
        self.xp.copyto(dx, 1, where=above)
        self.xp.multiply(dx, dy, out=dx)
        return dx


class Softplus(Layer):
    """y = ln(1 + eˣ), a smooth ReLU, so f′ = σ(x) (Dugas et al. 2001).

    For x (n, ...) of any shape. Derivation: `docs/derivations/activations.md`, `activation-softplus`.

    Examples
    --------
    >>> layer = Softplus()
    >>> print(layer.forward(np.array([[0.0, 9.0]])).round(4), layer.backward(np.ones((1, 2))).round(4))  # ln 2 at 0
    [[0.6931 9.0001]] [[0.5    0.9999]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = max(x, 0) + ln(1 + e^−|x|), which never overflows; −|x| = x − 2 max(x, 0)."""
        self.x = x
        y, above = self.buffer("y", x.shape), self.buffer("above", x.shape)
        self.xp.maximum(x, 0, out=above)
        self.xp.multiply(above, -2, out=y)
        self.xp.add(y, x, out=y)
        self.xp.exp(y, out=y)
        self.xp.log1p(y, out=y)
        self.xp.add(y, above, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · σ(x)."""
        if not input_gradient:
            return None
        dx = sigmoid(self.xp, self.x, out=self.buffer("dx", dy.shape))
        self.xp.multiply(dx, dy, out=dx)
        return dx


class SiLU(Layer):
    """y = x σ(x), so f′ = σ(x) (1 + x (1 − σ(x))) (Elfwing, Uchibe & Doya 2018; also called swish).

    For x (n, ...) of any shape. Derivation: `docs/derivations/activations.md`, `activation-gated`.

    Examples
    --------
    >>> layer = SiLU()
    >>> print(layer.forward(np.array([[0.0, 1.0]])).round(4), layer.backward(np.ones((1, 2))).round(4))
    [[0.     0.7311]] [[0.5    0.9277]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x σ(x)."""
        self.x = x
        self.gate = sigmoid(self.xp, x, out=self.buffer("gate", x.shape))
        y = self.buffer("y", x.shape)
        self.xp.multiply(x, self.gate, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · σ(x) (1 + x (1 − σ(x)))."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.subtract(1, self.gate, out=dx)
        self.xp.multiply(dx, self.x, out=dx)
        self.xp.add(dx, 1, out=dx)
        self.xp.multiply(dx, self.gate, out=dx)
        self.xp.multiply(dx, dy, out=dx)
        return dx


class GELU(Layer):
    """y = x Φ(x) with the normal distribution Φ, so f′ = Φ(x) + x φ(x) (Hendrycks & Gimpel 2016).

    The exact function, Φ(x) = (1 + erf(x/√2)) / 2, not its approximation by tanh. For x (n, ...) of any shape.

    Derivation: `docs/derivations/activations.md`, `activation-gated`.

    Examples
    --------
    >>> layer = GELU()
    >>> print(layer.forward(np.array([[0.0, 1.0]])).round(4), layer.backward(np.ones((1, 2))).round(4))
    [[0.     0.8413]] [[0.5    1.0833]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = x (1 + erf(x/√2)) / 2."""
        self.x = x
        self.gate = gate = self.buffer("gate", x.shape)
        self.xp.multiply(x, math.sqrt(0.5), out=gate)
        backend_of(gate).erf(gate, out=gate)
        self.xp.add(gate, 1, out=gate)
        self.xp.multiply(gate, 0.5, out=gate)
        y = self.buffer("y", x.shape)
        self.xp.multiply(x, gate, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = dy · (Φ(x) + x φ(x)), φ(x) = e^(−x²/2) / √(2π)."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        self.xp.multiply(self.x, self.x, out=dx)
        self.xp.multiply(dx, -0.5, out=dx)
        self.xp.exp(dx, out=dx)
        self.xp.multiply(dx, 1 / math.sqrt(2 * math.pi), out=dx)
        self.xp.multiply(dx, self.x, out=dx)
        self.xp.add(dx, self.gate, out=dx)
        self.xp.multiply(dx, dy, out=dx)
        return dx


class Softmax(Layer):
    """yₖ = exp xₖ / Σⱼ exp xⱼ over the last axis, so dx = y · (dy − Σⱼ dyⱼ yⱼ).

    Every output depends on every input of its row, ∂yⱼ/∂xₖ = yⱼ ([j = k] − yₖ): the Jacobian is no diagonal. To end
    a classifier, take `SoftmaxCrossEntropy` on the logits instead. For x (n, ..., classes).

    Derivation: `docs/derivations/softmax.md`, `softmax-jacobian` and `softmax-backward`.

    Examples
    --------
    >>> layer = Softmax()
    >>> layer.forward(np.log([[1.0, 3.0]])).round(4).tolist()
    [[0.25, 0.75]]
    >>> layer.backward(np.array([[1.0, 0.0]])).round(4).tolist()  # what the first class gains, the second loses
    [[0.1875, -0.1875]]
    """

    def forward(self, x: Array, training: bool = False) -> Array:
        """y = softmax(x), with the largest x of a row subtracted first so that nothing overflows."""
        self.y = y = self.buffer("y", x.shape)
        row = self.buffer("row", (*x.shape[:-1], 1))
        self.xp.max(x, axis=-1, keepdims=True, out=row)
        self.xp.subtract(x, row, out=y)
        self.xp.exp(y, out=y)
        self.xp.sum(y, axis=-1, keepdims=True, out=row)
        self.xp.divide(y, row, out=y)
        return y

    def backward(self, dy: Array, input_gradient: bool = True) -> Array | None:
        """dx = y · (dy − Σⱼ dyⱼ yⱼ)."""
        if not input_gradient:
            return None
        dx = self.buffer("dx", dy.shape)
        row = self.buffer("row", (*dy.shape[:-1], 1))
        self.xp.multiply(dy, self.y, out=dx)
        self.xp.sum(dx, axis=-1, keepdims=True, out=row)
        self.xp.subtract(dy, row, out=dx)
        self.xp.multiply(dx, self.y, out=dx)
        return dx
