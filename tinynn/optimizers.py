"""Optimisers: how a gradient g changes the parameters θ. A few lines each, in place, on two flat vectors."""

from collections.abc import Sequence

from tinynn.backend import Array, array_module
from tinynn.checks import share
from tinynn.configured import Configured
from tinynn.schedules import Schedule, rate_or_schedule


class Optimizer(Configured):
    """Something that takes steps down the gradient.

    A subclass stores each constructor argument under its own name and defines `apply`, or all of `step`. Its vectors
    of moments are made at the first step, beside the parameters; a copy starts without any.
    """

    learning_rate: float | Schedule
    t = 0  # steps taken

    @property
    def rate(self) -> float:
        """η of the next step: the constant, or what the schedule gave for the progress last told."""
        if isinstance(self.learning_rate, Schedule):
            return self.__dict__.setdefault("_rate", self.learning_rate.at(0.0))
        return self.learning_rate

    def plan(self, progress: float, validation_loss: Sequence[float] | None = ()) -> None:
        """Hear how far the training is, from 0 to 1, and what validation said; a schedule goes by that.

        >>> import tinynn as nn
        >>> optimizer = SGD(nn.CosineDecay(0.1))
        >>> optimizer.plan(0.5)
        >>> round(optimizer.rate, 6)
        0.05
        """
        if isinstance(self.learning_rate, Schedule):
            self._rate = self.learning_rate.at(progress, validation_loss)

    def step(self, parameters: Array, gradients: Array) -> None:
        """Change `parameters` (P,) in place, once, by their `gradients` (P,)."""
        self.t += 1
        self.apply(parameters, gradients, self.numbers(self.t, self.rate))

    def numbers(self, t: int, rate: float) -> Sequence[float]:
        """Return all in which step t differs from others; a GPU may have it in an array, far ahead."""
        return (rate,)

    def apply(self, parameters: Array, gradients: Array, numbers: Sequence[float] | Array) -> None:
        """Take the step that these numbers belong to."""
        raise NotImplementedError

    def vector(self, name: str, parameters: Array) -> Array:
        """Return a kept vector as long as θ, zeros at first."""
        kept = self.__dict__.setdefault("_vectors", {})
        if name not in kept:
            kept[name] = array_module(parameters).zeros_like(parameters)
        elif kept[name].shape != parameters.shape:
            raise ValueError(
                f"this {type(self).__name__} has taken steps on {kept[name].size} parameters and cannot go on "
                f"with {parameters.size}; use a new one, or its copy()"
            )
        return kept[name]


class SGD(Optimizer):
    """Stochastic gradient descent: g ← g + λ θ, v ← μ v + g, θ ← θ − η v; with μ = 0, θ ← θ − η g.

    Nesterov's form looks one step of v ahead: θ ← θ − η (g + μ v) (Sutskever et al. 2013, as PyTorch writes it).
    All are (P,). Derivation: `docs/derivations/optimizers.md`, `optimizer-momentum` and `optimizer-nesterov-stored`.

    Parameters
    ----------
    learning_rate : float or Schedule, optional
        η.
    momentum : float, optional
        μ: how much of the last velocity v is kept.
    nesterov : bool, optional
    weight_decay : float, optional
        λ of the penalty λ ‖θ‖² / 2 on all parameters.

    Examples
    --------
    >>> import numpy as np
    >>> theta = np.array([1.0, 2.0])
    >>> SGD(0.5).step(theta, np.array([1.0, -1.0]))
    >>> theta.tolist()
    [0.5, 2.5]
    """

    def __init__(
        self,
        learning_rate: float | Schedule = 0.1,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
    ) -> None:
        self.learning_rate = rate_or_schedule(learning_rate)
        self.momentum = share("momentum", momentum)
        if nesterov and not momentum:
            raise ValueError("nesterov=True needs a momentum above 0, such as momentum=0.9")
        self.nesterov = nesterov
        self.weight_decay = share("weight_decay", weight_decay)

    def apply(self, parameters: Array, gradients: Array, numbers: Sequence[float] | Array) -> None:
        """Take one step; its number is η."""
        xp = array_module(parameters)
        update = self.vector("update", parameters)
        if self.weight_decay:
            decayed = self.vector("decayed", parameters)
            xp.multiply(parameters, self.weight_decay, out=decayed)
            decayed += gradients
            gradients = decayed
        if self.momentum:
            velocity = self.vector("velocity", parameters)
            velocity *= self.momentum
            velocity += gradients
            if self.nesterov:
                xp.multiply(velocity, self.momentum, out=update)
                update += gradients
            gradients = update if self.nesterov else velocity
        xp.multiply(gradients, numbers[0], out=update)
        parameters -= update
