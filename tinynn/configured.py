"""Objects that are described by their constructor's arguments: printed, copied and compared by them."""

import inspect
from typing import Any, Self


class Configured:
    """Something whose constructor stores each argument under the argument's own name."""

    def config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def copy(self) -> Self:
        """Return a new object with the same arguments, and with nothing that happened to this one since."""
        return type(self)(**self.config())

    def __repr__(self) -> str:
        parameters = inspect.signature(type(self)).parameters
        given = []
        for name, value in self.config().items():
            default = parameters[name].default
            if default is inspect.Parameter.empty:
                given.append(repr(value))
            elif repr(value) != repr(default):  # arrays have no one answer to !=
                given.append(f"{name}={value!r}")
        return f"{type(self).__name__}({', '.join(given)})"
