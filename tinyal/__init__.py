"""Active learning: choose which examples are worth a label, and measure what that saves."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinyal import measures as measures
    from tinyal import oracles as oracles
    from tinyal import report as report
    from tinyal import statistics as statistics
    from tinyal import stopping as stopping
    from tinyal import strategies as strategies
    from tinyal.comparison import Comparison as Comparison
    from tinyal.comparison import StrategyRun as StrategyRun
    from tinyal.experiment import compare as compare
    from tinyal.explaining import explain as explain
    from tinyal.explanation import Explanation as Explanation
    from tinyal.learner import ActiveLearner as ActiveLearner
    from tinyal.pool import ChunkedPool as ChunkedPool
    from tinyal.preparation import Preparation as Preparation
    from tinyal.random_slice import RandomSlice as RandomSlice
    from tinyal.simulation import RunRecord as RunRecord
    from tinyal.simulation import simulate as simulate
    from tinyal.stream import StreamLearner as StreamLearner
    from tinyal.view import Model as Model
    from tinyal.view import PoolView as PoolView

# As in tinynn: imported when first asked for.
_MODULES = {
    "Comparison": "tinyal.comparison",
    "StrategyRun": "tinyal.comparison",
    "compare": "tinyal.experiment",
    "explain": "tinyal.explaining",
    "Explanation": "tinyal.explanation",
    "ActiveLearner": "tinyal.learner",
    "ChunkedPool": "tinyal.pool",
    "Preparation": "tinyal.preparation",
    "RandomSlice": "tinyal.random_slice",
    "RunRecord": "tinyal.simulation",
    "simulate": "tinyal.simulation",
    "StreamLearner": "tinyal.stream",
    "Model": "tinyal.view",
    "PoolView": "tinyal.view",
}
_ROOMS = ("measures", "oracles", "report", "statistics", "stopping", "strategies")

__all__ = [*_MODULES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"tinyal.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
