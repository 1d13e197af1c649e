"""Run a learner's code; whatever it raises is told with the line of their file, and never as a traceback of ours."""

import linecache
import traceback
from collections.abc import Callable
from typing import Any

import numpy as np

from tinynn.examining.calling import described
from tinynn.exercises.exercise import Outputs, Trial


class RaisedError(Exception):
    """What a learner's code raised.

    Attributes
    ----------
    line : int or None
        The last line of their file that was reached.
    source : str
        What stands there.
    unwritten : bool
        Whether it was a NotImplementedError.
    """

    def __init__(self, error: BaseException, path: str) -> None:
        super().__init__(described(error))
        lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == path]
        self.line = lines[-1] if lines else None
        linecache.checkcache(path)
        self.source = linecache.getline(path, self.line).strip() if self.line else ""
        self.unwritten = isinstance(error, NotImplementedError)


def ask(how: Callable[..., Outputs], thing: Any, trial: Trial, path: str) -> Outputs | RaisedError:
    """Return what `how` gets from a learner's function or class, or what that raised."""
    try:
        with np.errstate(all="ignore"):
            return how(thing, *trial.values())
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # exit() too: it must not end the judge, least of all with success
        return RaisedError(error, path)
