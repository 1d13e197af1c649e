"""Ways to choose which examples are worth a label."""

from tinyal.strategies.badge import BADGE
from tinyal.strategies.base import Pointwise, Select, Strategy, choose, top
from tinyal.strategies.batchbald import BatchBALD
from tinyal.strategies.clustering import ClusterMargin
from tinyal.strategies.combinators import Mixture, Schedule
from tinyal.strategies.committee import ConsensusKL, VoteEntropy
from tinyal.strategies.density import DensityWeighted
from tinyal.strategies.diverse import Diverse
from tinyal.strategies.diversity import FacilityLocation, KCenter
from tinyal.strategies.graph import GraphCenters
from tinyal.strategies.learned import LearnedStrategy
from tinyal.strategies.look_ahead import ExpectedErrorReduction, ExpectedModelOutputChange
from tinyal.strategies.model_change import ExpectedGradientLength
from tinyal.strategies.names import NAMES, get
from tinyal.strategies.near_duplicates import WithoutNearDuplicates
from tinyal.strategies.pointwise import (
    BALD,
    Entropy,
    LeastConfidence,
    Margin,
    MeanStd,
    Random,
    VariationRatio,
)
from tinyal.strategies.stochastic import BetaWarning, Boltzmann, Power, Rank, Stochastic
from tinyal.strategies.typiclust import TypiClust

__all__ = [
    "BADGE",
    "BALD",
    "NAMES",
    "BatchBALD",
    "BetaWarning",
    "Boltzmann",
    "ClusterMargin",
    "ConsensusKL",
    "DensityWeighted",
    "Diverse",
    "Entropy",
    "ExpectedErrorReduction",
    "ExpectedGradientLength",
    "ExpectedModelOutputChange",
    "FacilityLocation",
    "GraphCenters",
    "KCenter",
    "LearnedStrategy",
    "LeastConfidence",
    "Margin",
    "MeanStd",
    "Mixture",
    "Pointwise",
    "Power",
    "Random",
    "Rank",
    "Schedule",
    "Select",
    "Stochastic",
    "Strategy",
    "TypiClust",
    "VariationRatio",
    "VoteEntropy",
    "WithoutNearDuplicates",
    "choose",
    "get",
    "top",
]
