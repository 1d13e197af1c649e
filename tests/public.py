"""What tinynn offers, by name: its names are imported only when they are asked for."""

import inspect
from typing import Any

import tinynn as nn

NAMES: dict[str, Any] = {name: getattr(nn, name) for name in nn.__all__}


def classes(base: type) -> set[type]:
    """Return the public classes that are of a kind, without the kind itself."""
    return {v for v in NAMES.values() if inspect.isclass(v) and issubclass(v, base) and v is not base}
