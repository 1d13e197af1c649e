"""When to stop asking: rules that look at a learner, and say why."""

from tinyal.stopping.predictions import OverallUncertainty, StabilisingPredictions, kappa
from tinyal.stopping.random_questions import ChoosingStopsPaying, Estimate, TargetAccuracy
from tinyal.stopping.rules import AllOf, AnyOf, Budget, Decision, StoppingRule

__all__ = [
    "AllOf",
    "AnyOf",
    "Budget",
    "ChoosingStopsPaying",
    "Decision",
    "Estimate",
    "OverallUncertainty",
    "StabilisingPredictions",
    "StoppingRule",
    "TargetAccuracy",
    "kappa",
]
