"""The strict device's ``xp.linalg``."""

import functools
from typing import Any

import numpy as np

from .functions import DeviceFunction
from .surface import SURFACE, unknown_name


@functools.cache
def __getattr__(name: str) -> Any:
    if name == "LinAlgError":
        return np.linalg.LinAlgError
    if name not in SURFACE["linalg"] or not hasattr(np.linalg, name):
        raise unknown_name(name, "cupy.linalg")
    return DeviceFunction(f"linalg.{name}", getattr(np.linalg, name), SURFACE["linalg"][name])
