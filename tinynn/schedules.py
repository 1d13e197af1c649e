"""Schedules: how the learning rate changes over a training, a function of how far the training has come.

An optimiser takes one in place of a number, and `fit` tells the optimiser before every step how far it is.
In a loop of your own call ``optimizer.plan(step / steps)`` for that.
"""

import math
from collections.abc import Sequence

from tinynn.checks import positive, share, whole
from tinynn.configured import Configured

START = 1 / 25  # the share of the peak at which a rise begins, as in PyTorch's OneCycleLR
ROUNDING = (
    1e-9  # far below one step of any training, far above the rounding of a quotient of two step numbers
)


class Schedule(Configured):
    """A learning rate η times a share that changes: η(p) = η · share(p, validation losses).

    A schedule keeps nothing between steps, so that copies of an optimiser may have one together. A subclass stores
    each constructor argument under its own name and defines `share`.

    Examples
    --------
    >>> class Halving(Schedule):
    ...     def __init__(self, learning_rate, times=4):
    ...         self.learning_rate, self.times = learning_rate, times
    ...     def share(self, progress, validation_loss):
    ...         return 0.5 ** (self.times * progress)
    >>> [Halving(0.1).at(p) for p in (0, 0.25, 0.5)]
    [0.1, 0.05, 0.025]
    """

    learning_rate: float

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Return the share of the learning rate, from 0 to 1."""
        raise NotImplementedError

    def at(self, progress: float, validation_loss: Sequence[float] | None = ()) -> float:
        """Return the learning rate at one point of a training.

        Parameters
        ----------
        progress : float
            Steps taken over steps in all, from 0 to 1.
        validation_loss : sequence of float, optional
            One number an epoch so far; None where a training has no validation rows.

        Raises
        ------
        ValueError
            For a progress outside 0 to 1, and where validation losses are needed and missing.
        """
        if not 0 <= progress <= 1:
            raise ValueError(
                f"progress must be from 0 (before the first step) to 1 (the end), not {progress!r}"
            )
        return self.learning_rate * self.share(progress, validation_loss)


def rate_or_schedule(learning_rate: float | Schedule) -> float | Schedule:
    """Return a learning rate as an optimiser takes it: a schedule, or a positive number."""
    return learning_rate if isinstance(learning_rate, Schedule) else positive("learning_rate", learning_rate)


def line(a: float, b: float, t: float) -> float:
    """Go from a to b in a straight line, t from 0 to 1."""
    return a + (b - a) * t


def wave(a: float, b: float, t: float) -> float:
    """Go from a to b along half a cosine, t from 0 to 1: level at both ends."""
    return b + (a - b) * (1 + math.cos(math.pi * t)) / 2


class Constant(Schedule):
    """The same rate throughout, after a straight rise over a first part (Goyal et al. 2017, section 2.2).

    Without a rise a plain number is shorter.

    Parameters
    ----------
    learning_rate : float
        η.
    warmup : float, optional
        Share of the training in which the rate rises from η/25 to η.

    Examples
    --------
    >>> schedule = Constant(0.1, warmup=0.5)
    >>> [round(schedule.at(p), 4) for p in (0, 0.25, 0.5, 1)]
    [0.004, 0.052, 0.1, 0.1]
    """

    def __init__(self, learning_rate: float, warmup: float = 0.0) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.warmup = share("warmup", warmup)

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Rise, then stay."""
        return line(START, 1, progress / self.warmup) if progress < self.warmup else 1.0


class StepDecay(Schedule):
    """A staircase down: η(p) = η · factorᵏ, k = ⌊p / every⌋.

    Parameters
    ----------
    learning_rate : float
        η.
    every : float, optional
        Share of the training between two drops.
    factor : float, optional
        What a drop leaves of the rate.

    Examples
    --------
    >>> schedule = StepDecay(0.1, every=0.5, factor=0.1)
    >>> [round(schedule.at(p), 4) for p in (0, 0.49, 0.5, 0.99)]
    [0.1, 0.1, 0.01, 0.01]
    """

    def __init__(self, learning_rate: float, every: float = 1 / 3, factor: float = 0.1) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.every = positive("every", every)
        self.factor = share("factor", factor)

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Count the drops so far; 0.3 / 0.1 is a little below 3, and is the third nevertheless."""
        return float(self.factor ** math.floor(progress / self.every + ROUNDING))


class CosineDecay(Schedule):
    """Half a cosine from η down to `end` · η (Loshchilov & Hutter 2017, equation 5, one period).

        η(p) = η (end + (1 − end) (1 + cos π t) / 2),    t = (p − warmup) / (1 − warmup)

    Parameters
    ----------
    learning_rate : float
        η.
    warmup : float, optional
        Share of the training before that, in which the rate rises in a straight line from η/25 to η.
    end : float, optional
        Share of η that is left at the end.

    Examples
    --------
    >>> schedule = CosineDecay(0.1)
    >>> [round(schedule.at(p), 4) for p in (0, 0.5, 1)]
    [0.1, 0.05, 0.0]
    """

    def __init__(self, learning_rate: float, warmup: float = 0.0, end: float = 0.0) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.warmup = share("warmup", warmup)
        self.end = share("end", end)

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Rise, then fall."""
        if progress < self.warmup:
            return line(START, 1, progress / self.warmup)
        return wave(1, self.end, (progress - self.warmup) / (1 - self.warmup))


class OneCycle(Schedule):
    """Up from η/25 to η and down to η/250000, each along half a cosine (Smith & Topin 2018; numbers as PyTorch's).

    Parameters
    ----------
    learning_rate : float
        η, the peak. It may be several times what a constant rate allows.
    rise : float, optional
        Share of the training in which the rate rises.

    Examples
    --------
    >>> schedule = OneCycle(0.1)
    >>> [round(schedule.at(p), 4) for p in (0, 0.3, 0.65, 1)]
    [0.004, 0.1, 0.05, 0.0]
    """

    def __init__(self, learning_rate: float, rise: float = 0.3) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.rise = share("rise", rise)

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Rise, then fall."""
        if progress < self.rise:
            return wave(START, 1, progress / self.rise)
        return wave(1, START / 1e4, (progress - self.rise) / (1 - self.rise))


class ReduceOnPlateau(Schedule):
    """Drop the rate when the validation loss has not become better for more than `patience` epochs.

    Better is what lies below (1 − threshold) times the best loss so far; after a drop the count begins anew.

    Parameters
    ----------
    learning_rate : float
        η.
    factor : float, optional
        What a drop leaves of the rate.
    patience : int, optional
        Epochs without a better loss that are let pass.
    threshold : float, optional
        How much better counts, as a share of the best loss.

    Examples
    --------
    >>> schedule = ReduceOnPlateau(0.1, factor=0.5, patience=1)
    >>> [schedule.at(0.5, losses) for losses in ([1.0], [1.0, 1.1], [1.0, 1.1, 1.2])]
    [0.1, 0.1, 0.05]
    """

    def __init__(
        self, learning_rate: float, factor: float = 0.1, patience: int = 3, threshold: float = 1e-4
    ) -> None:
        self.learning_rate = positive("learning_rate", learning_rate)
        self.factor = share("factor", factor)
        self.patience = whole("patience", patience)
        self.threshold = share("threshold", threshold)

    def share(self, progress: float, validation_loss: Sequence[float] | None) -> float:
        """Count the drops in all losses so far: a few additions an epoch, and nothing to carry along."""
        if validation_loss is None:
            raise ValueError(
                "ReduceOnPlateau goes by the loss on validation rows, and there are none; "
                "pass validation=(x, y) to nn.fit, or take another schedule"
            )
        best, waited, drops = math.inf, 0, 0
        for loss in validation_loss:
            if loss < best * (1 - self.threshold):
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                waited, drops = 0, drops + 1
        return float(self.factor**drops)
