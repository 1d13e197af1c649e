"""Arrays that are kept from call to call, so that a training step allocates nothing."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.backend import Array

Shape = tuple[int, ...]


class Buffered:
    """Something that computes into arrays it keeps, so that a training step allocates nothing.

    Attributes
    ----------
    xp : module
        The array library it computes with.
    dtype : numpy.dtype
        The precision it computes in.
    """

    xp: Any = np
    dtype: np.dtype[Any] = np.dtype(np.float32)

    def buffer(self, name: str, shape: Shape, dtype: Any = None) -> Array:
        """Return an array of this shape that is kept from call to call, with whatever it held before.

        Its memory grows when a larger batch comes, and a smaller one gets a part of it.
        """
        return self._part(name, shape, lambda size: self.xp.empty(size, dtype=dtype or self.dtype))

    def constant(self, value: float, shape: Shape) -> Array:
        """Return a kept array filled with one value, never to be written to."""
        return self._part(value, shape, lambda size: self.xp.full(size, value, dtype=self.dtype))

    def _part(self, name: Any, shape: Shape, make: Callable[[int], Array]) -> Array:
        views = self.__dict__.setdefault("_views", {})
        view = views.get(name)
        if view is None or view.shape != shape:
            memory = self.__dict__.setdefault("_memory", {})
            size = math.prod(shape)
            if name not in memory or memory[name].size < size:
                memory[name] = make(size)
            view = views[name] = memory[name][:size].reshape(shape)
        return view

    def kept(self, name: Any, make: Callable[[], Array]) -> Array:
        """Return what `make` made the first time this was asked for."""
        constants = self.__dict__.setdefault("_constants", {})
        if name not in constants:
            constants[name] = make()
        return constants[name]

    def drop_buffers(self) -> None:
        """Forget the kept arrays, as is needed when the array library or the precision changes."""
        for kept in ("_views", "_memory", "_constants"):
            self.__dict__.pop(kept, None)
