"""Recording, as CUDA does it: what is launched meanwhile is not done, but noted with its arguments and done later."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .counts import charge, forbid

_recordings: list[list[Callable[[], Any]]] = []


def do_or_record(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call a function that writes into host arrays, or note it down where a recording is under way."""

    def do() -> Any:
        with np.errstate(all="ignore"):  # a GPU raises no floating-point warnings
            return function(*args, **kwargs)

    if _recordings:
        _recordings[-1].append(do)
        return None
    return do()


class Recorder:
    """What records launches on the strict device. New memory, transfers and waits cannot be recorded."""

    def record(self, work: Callable[[], None]) -> Callable[[], None]:
        noted: list[Callable[[], Any]] = []
        _recordings.append(noted)
        try:
            with forbid("allocations", "transfers", "synchronisations"):
                work()
        finally:
            _recordings.remove(noted)

        def replay() -> None:
            charge("graph", launches=1)
            for do in noted:
                do()

        return replay
