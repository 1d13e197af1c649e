"""How a mistake gets into the museum: a wrong piece of code, its name, and draws of sizes and seeds."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Exhibit:
    """A mistake.

    `code` is what a report must call it; `equivalent` are other right names, where two mistakes are the same
    function. `draw` returns arguments for `check_gradients`, of random sizes.
    """

    name: str
    code: str
    draw: Callable[[np.random.Generator], tuple[Any, ...]]
    equivalent: tuple[str, ...] = ()


EXHIBITS: list[Exhibit] = []


def mistake(code: str, draw: Callable[..., tuple[Any, ...]], *equivalent: str):
    """Put a class or function on show; `draw` gets a random generator and the class."""

    def show(wrong):
        EXHIBITS.append(Exhibit(wrong.__name__, code, lambda rng: draw(rng, wrong), equivalent))
        return wrong

    return show


def sizes(rng: np.random.Generator, count: int) -> list[int]:
    """Different sizes, none of them 1 or 2: a square matrix, or a batch of two, makes different mistakes look alike."""
    return rng.permutation(np.arange(3, 9))[:count].tolist()


def dense(rng, layer):
    """A layer with weights W (inputs, outputs) and biases b, and a batch."""
    n, inputs, outputs = sizes(rng, 3)
    return layer(rng.normal(size=(inputs, outputs)), rng.normal(size=outputs)), rng.normal(size=(n, inputs))


def elementwise(rng, layer):
    """A layer without parameters, and a batch."""
    return layer(), rng.normal(size=sizes(rng, 2))


def regression(rng, loss):
    """A loss on numbers."""
    shape = sizes(rng, 2)
    return loss(), rng.normal(size=shape), rng.normal(size=shape)


def classification(rng, loss):
    """A loss on logits and labels."""
    n, classes = sizes(rng, 2)
    return loss(), rng.normal(size=(n, classes)), rng.integers(classes, size=n)


def probabilities(rng, loss):
    """A loss on probabilities of yes, with probabilities as targets."""
    shape = sizes(rng, 2)
    return loss(), rng.uniform(0.1, 0.9, shape), rng.uniform(0.1, 0.9, shape)
