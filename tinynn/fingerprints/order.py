"""Where in a chain a gradient stops to be right."""

import re

from tinynn.examining.evidence import Diagnosis, Evidence


def level(name: str) -> int | None:
    """Return how high up a parameter is: the layer's number, or the digits at the end of its name; −1 for x.

    Examples
    --------
    >>> level("2 Dense.W"), level("W1"), level("x"), level("gamma")
    (2, 1, -1, None)
    """
    if name == "x":
        return -1
    number = re.match(r"(\d+) ", name) or re.search(r"(\d+)$", name)
    return int(number.group(1)) if number else None


def right_above_wrong_below(e: Evidence, names: list[str]) -> Diagnosis | None:
    """All gradients are right down to some layer, and all wrong below it."""
    levels = {name: level(name) for name in e.values if e.has_gradient(name)}
    wrong = [k for name in e.wrong if (k := levels.get(name)) is not None]
    right = [k for name in e.right if (k := levels.get(name)) is not None]
    if not wrong or not right or max(wrong) >= min(right) or any(levels.get(n, 0) is None for n in e.wrong):
        return None
    k = min(right)
    above = ", ".join(name for name in e.right if name in levels)
    return Diagnosis(
        "right-above-wrong-below",
        f"right in layer {k} and above, wrong below: the gradient is spoilt on its way down from there",
        f"right: {above}; wrong: {', '.join(e.wrong)}",
        f"how backward gets from layer {k} to the one below: the product with its weights, the activation",
        tuple(e.wrong),
    )
