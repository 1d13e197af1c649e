"""Active learning: choose which examples are worth a label, and measure what that saves."""

from tinyal import measures, oracles, statistics, strategies
from tinyal.comparison import Comparison, StrategyRun
from tinyal.experiment import compare
from tinyal.learner import ActiveLearner
from tinyal.simulation import RunRecord, simulate
from tinyal.view import Model, PoolView

__all__ = [
    "ActiveLearner",
    "Comparison",
    "Model",
    "PoolView",
    "RunRecord",
    "StrategyRun",
    "compare",
    "measures",
    "oracles",
    "simulate",
    "statistics",
    "strategies",
]
