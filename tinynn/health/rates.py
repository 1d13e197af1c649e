"""The learning rate of an optimiser, whatever is wrapped around it; of a schedule, the highest."""

import copy
from typing import Any

from tinynn.adaptive import Clipped
from tinynn.optimizers import Optimizer
from tinynn.schedules import Schedule


def rate_of(optimizer: Optimizer | None) -> float | None:
    """Return an optimiser's learning rate, of a schedule the highest; None where it has none."""
    if isinstance(optimizer, Clipped):
        return rate_of(optimizer.optimizer)
    rate = getattr(optimizer, "learning_rate", None)
    return rate.learning_rate if isinstance(rate, Schedule) else rate


def at_rate(optimizer: Any, factor: float) -> Any:
    """Return a copy of an optimiser, moments included, that takes its steps at so many times its highest rate."""
    other = copy.deepcopy(optimizer)
    inner = other
    while isinstance(inner, Clipped):
        inner = inner.optimizer
    rate = rate_of(inner)
    if isinstance(rate, float):
        inner.learning_rate = factor * rate
    return other
