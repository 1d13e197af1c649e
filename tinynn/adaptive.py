"""Adaptive optimisers, whose steps are scaled in every parameter by its own past gradients; and clipping."""

import math
from collections.abc import Sequence
from typing import Self

from tinynn.backend import Array, array_module, backend_of
from tinynn.checks import positive, share
from tinynn.optimizers import Optimizer
from tinynn.schedules import Schedule, rate_or_schedule

FLUSH_EVERY = (
    64  # steps, in which 0.9⁶⁴ takes a moment from 850 times the smallest normal number to that number
)


class RMSProp(Optimizer):
    """Gradients over their running root mean square (Tieleman & Hinton 2012, lecture 6.5; ε as PyTorch's).

        v ← α v + (1 − α) g²          u ← μ u + g / (√v + ε)          θ ← θ − η u

    Kept here is the sum V = v / (1 − α), which saves a pass over the vectors, as in `Adam`. All vectors are (P,).

    Derivation: `docs/derivations/optimizers.md`, `optimizer-rmsprop`.

    Parameters
    ----------
    learning_rate : float or Schedule, optional
        η.
    alpha : float, optional
        How much of the last mean square is kept.
    epsilon : float, optional
        ε, keeps the quotient finite.
    momentum : float, optional
        μ: how much of the last step u is kept.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.zeros(2)
    >>> RMSProp(0.01, alpha=0.99).step(theta, np.array([1.0, -100.0]))  # the size of the gradient does not count:
    >>> theta.round(6).tolist()  # η / √(1 − α) in the first step
    [-0.1, 0.1]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.01,
        alpha: float = 0.99,
        epsilon: float = 1e-8,
        momentum: float = 0.0,
    ) -> None:
        self.learning_rate = rate_or_schedule(learning_rate)
        self.alpha = share("alpha", alpha)
        self.epsilon = positive("epsilon", epsilon)
        self.momentum = share("momentum", momentum)

    def numbers(self, t: int, rate: float) -> Sequence[float]:
        """Return η / √(1 − α), for √v = √(1 − α) √V."""
        return (rate / math.sqrt(1 - self.alpha),)

    def apply(self, parameters: Array, gradients: Array, numbers: Sequence[float] | Array) -> None:
        """Take one step."""
        xp = array_module(parameters)
        V, update = self.vector("V", parameters), self.vector("update", parameters)
        xp.multiply(gradients, gradients, out=update)
        V *= self.alpha
        V += update
        xp.sqrt(V, out=update)
        update += self.epsilon / math.sqrt(1 - self.alpha)
        xp.divide(gradients, update, out=update)
        if self.momentum:
            velocity = self.vector("velocity", parameters)
            velocity *= self.momentum
            velocity += update
            xp.copyto(update, velocity)
        update *= numbers[0]
        parameters -= update


class Adam(Optimizer):
    r"""Steps of about equal size in every parameter (Kingma & Ba 2015, Algorithm 1).

        m ← β₁ m + (1 − β₁) g          v ← β₂ v + (1 − β₂) g²
        θ ← θ − η m̂ / (√v̂ + ε)        m̂ = m / (1 − β₁ᵗ),  v̂ = v / (1 − β₂ᵗ)

    Kept here are the sums M = m / (1 − β₁) and V = v / (1 − β₂), which saves two passes over the vectors: the
    constants move into the step size and ε, and the steps are the same. All vectors are (P,).

    Derivation: `docs/derivations/optimizers.md`, `optimizer-bias` and `optimizer-adam`.

    Parameters
    ----------
    learning_rate : float or Schedule, optional
        η.
    beta1, beta2 : float, optional
        How much of the last moments is kept.
    epsilon : float, optional
        ε, keeps the quotient finite.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.zeros(2)
    >>> Adam(0.01).step(theta, np.array([1.0, -100.0]))
    >>> theta.round(6).tolist()  # the first step is η, whatever the gradient
    [-0.01, 0.01]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
    ) -> None:
        self.learning_rate = rate_or_schedule(learning_rate)
        self.beta1 = share("beta1", beta1)
        self.beta2 = share("beta2", beta2)
        self.epsilon = positive("epsilon", epsilon)
        self.t = 0

    def numbers(self, t: int, rate: float) -> Sequence[float]:
        """Return the step size, ε, whether tiny moments become zero, and what the step leaves of θ.

        √v̂ = scale · √V, and with it both constants leave the vectors.
        """
        scale = math.sqrt((1 - self.beta2) / (1 - self.beta2**t))
        step_size = rate * (1 - self.beta1) / (1 - self.beta1**t) / scale
        return step_size, self.epsilon / scale, float(t % FLUSH_EVERY == 0), 1.0

    def apply(self, parameters: Array, gradients: Array, numbers: Sequence[float] | Array) -> None:
        """Take one step."""
        xp, kernels = array_module(parameters), backend_of(parameters).kernels
        M, V = self.vector("M", parameters), self.vector("V", parameters)
        if kernels is not None and kernels.fit(parameters, gradients, M, V):
            kernels.adam(parameters, gradients, M, V, (self.beta1, self.beta2), numbers)
            return
        step_size, epsilon, flush, left = numbers
        update = self.vector("update", parameters)
        if left != 1:
            parameters *= left
        M *= self.beta1
        M += gradients
        xp.multiply(gradients, gradients, out=update)
        V *= self.beta2
        V += update
        # Where no gradient comes, as from pixels that are rarely lit, M shrinks until float32 rounds k · β₁ to k: it
        # stays a denormal for ever. With 30 % of 109,000 parameters so, a step took 1520 µs on a CPU, and takes 137.
        if flush:
            xp.absolute(M, out=update)
            xp.greater(update, 1e3 * xp.finfo(M.dtype).tiny, out=update)
            M *= update
        xp.sqrt(V, out=update)
        update += epsilon
        xp.divide(M, update, out=update)
        update *= step_size
        parameters -= update


class AdamW(Adam):
    """Adam, with a decay of the parameters beside its step: θ ← θ − η λ θ (Loshchilov & Hutter 2019, Algorithm 2).

    Adam would scale a penalty in the gradient by the gradients' size; here all parameters (P,) shrink at the same
    rate. Derivation: `docs/derivations/optimizers.md`, `optimizer-adamw`.

    Parameters
    ----------
    learning_rate : float or Schedule, optional
        η.
    beta1, beta2 : float, optional
        How much of the last moments is kept.
    epsilon : float, optional
        ε, keeps the quotient finite.
    weight_decay : float, optional
        λ.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 1.0])
    >>> AdamW(0.1, weight_decay=0.5).step(theta, np.array([1.0, -100.0]))
    >>> theta.round(6).tolist()  # both shrink to 0.95, then both move by η
    [0.85, 1.05]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 1e-3,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(learning_rate, beta1, beta2, epsilon)
        self.weight_decay = share("weight_decay", weight_decay)

    def numbers(self, t: int, rate: float) -> Sequence[float]:
        """Return Adam's numbers; a step leaves 1 − η λ of θ."""
        return *super().numbers(t, rate)[:-1], 1 - rate * self.weight_decay


class Clipped(Optimizer):
    """Another optimiser, given gradients of a bounded length: g ← g · min(1, c / ‖g‖) (Pascanu et al. 2013).

    The length is that of the gradient (P,) of all parameters together. It stays on the device: no step waits for it.

    Parameters
    ----------
    optimizer : Optimizer
        What takes the steps, and has the learning rate.
    norm : float, optional
        c, the largest length.

    Examples
    --------
    >>> import numpy as np
    >>> from tinynn import SGD
    >>> theta = np.zeros(2)
    >>> Clipped(SGD(1.0), norm=1.0).step(theta, np.array([3.0, 4.0]))
    >>> theta.round(3).tolist()
    [-0.6, -0.8]
    """

    def __init__(self, optimizer: Optimizer, norm: float = 1.0) -> None:
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, such as nn.Adam(1e-3), not {optimizer!r}")
        self.optimizer = optimizer
        self.norm = positive("norm", norm)

    def copy(self) -> Self:
        """Return a new one around a copy of the optimiser."""
        return type(self)(self.optimizer.copy(), self.norm)

    @property
    def rate(self) -> float:
        """η of the next step."""
        return self.optimizer.rate

    @property
    def t(self) -> int:
        """Steps taken: those of the optimiser."""
        return self.optimizer.t

    @t.setter
    def t(self, steps: int) -> None:
        self.optimizer.t = steps

    def numbers(self, t: int, rate: float) -> Sequence[float]:
        """Return the optimiser's numbers."""
        return self.optimizer.numbers(t, rate)

    def plan(self, progress: float, validation_loss: Sequence[float] | None = ()) -> None:
        """Pass on how far the training is."""
        self.optimizer.plan(progress, validation_loss)

    def step(self, parameters: Array, gradients: Array) -> None:
        """Take one step."""
        self.optimizer.step(parameters, self._clip(parameters, gradients))

    def apply(self, parameters: Array, gradients: Array, numbers: Sequence[float] | Array) -> None:
        """Take the step that these numbers belong to."""
        self.optimizer.apply(parameters, self._clip(parameters, gradients), numbers)

    def _clip(self, parameters: Array, gradients: Array) -> Array:
        xp = array_module(parameters)
        clipped, scale = self.vector("clipped", parameters), self.vector("scale", parameters[:1])
        xp.multiply(gradients, gradients, out=clipped)
        xp.sum(clipped, keepdims=True, out=scale)
        xp.sqrt(scale, out=scale)
        xp.maximum(scale, self.norm, out=scale)  # c / max(‖g‖, c) is the same, and never divides by zero
        xp.divide(self.norm, scale, out=scale)
        xp.multiply(gradients, scale, out=clipped)
        return clipped
