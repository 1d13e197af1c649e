"""Inputs and targets as the checker needs them: on the host, in float64, or whole numbers left as they are."""

from typing import Any

import numpy as np

from tinynn.backend import backend_of
from tinynn.examining.calling import UnusableError
from tinynn.examining.specimen import Specimen

INDICES = "x is not checked: its whole numbers pick something, and there is no gradient by them."


def floats(name: str, array: Any) -> np.ndarray:
    """Return inputs as float64 on the host."""
    array = np.array(backend_of(array).to_numpy(array))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be numbers, not {array.dtype}")
    scale = 1 / 255 if array.dtype == np.uint8 else 1.0
    return array.astype(np.float64) * scale


def host(targets: Any) -> np.ndarray:
    """Return targets on the host, floating-point ones as float64."""
    targets = np.array(backend_of(targets).to_numpy(targets))
    return targets.astype(np.float64) if targets.dtype.kind == "f" else targets


def are_indices(layer: Any, x: np.ndarray, training: bool) -> bool:
    """Whether whole numbers x pick something, as for an embedding: fractions are refused, or change nothing."""
    if x.dtype.kind not in "iu" or x.dtype == np.uint8:
        return False

    def output(given: np.ndarray) -> np.ndarray | None:
        try:
            return np.array(Specimen(layer, np.float64, training).forward(given))
        except (UnusableError, TypeError, ValueError):
            return None

    picked, at, between = output(x), output(x.astype(np.float64)), output(x + 0.25)
    return picked is not None and (at is None or between is None or np.array_equal(at, between))
