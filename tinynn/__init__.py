"""A neural network written out by hand on NumPy or CuPy arrays.

Layers, losses and optimisers with their derivatives beside them, over one flat vector of parameters.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tinynn import datasets as datasets
    from tinynn import plotting as plotting
    from tinynn import toys as toys
    from tinynn.adaptive import Adam as Adam
    from tinynn.adaptive import AdamW as AdamW
    from tinynn.adaptive import Clipped as Clipped
    from tinynn.adaptive import RMSProp as RMSProp
    from tinynn.augmentation import Augment as Augment
    from tinynn.callbacks import Callback as Callback
    from tinynn.callbacks import EarlyStopping as EarlyStopping
    from tinynn.callbacks import Training as Training
    from tinynn.classifier import Classifier as Classifier
    from tinynn.elementwise_losses import BinaryCrossEntropy as BinaryCrossEntropy
    from tinynn.elementwise_losses import Huber as Huber
    from tinynn.elementwise_losses import MeanSquaredError as MeanSquaredError
    from tinynn.ensemble import Ensemble as Ensemble
    from tinynn.gradcheck import check_gradients as check_gradients
    from tinynn.gradient_report import GradientReport as GradientReport
    from tinynn.health import HealthReport as HealthReport
    from tinynn.health import diagnose_training as diagnose_training
    from tinynn.history import History as History
    from tinynn.inference import evaluate as evaluate
    from tinynn.inference import predict_proba as predict_proba
    from tinynn.layers import ELU as ELU
    from tinynn.layers import GELU as GELU
    from tinynn.layers import AveragePool2D as AveragePool2D
    from tinynn.layers import BatchNorm as BatchNorm
    from tinynn.layers import Conv2D as Conv2D
    from tinynn.layers import Dense as Dense
    from tinynn.layers import Dropout as Dropout
    from tinynn.layers import Flatten as Flatten
    from tinynn.layers import GlobalAveragePool2D as GlobalAveragePool2D
    from tinynn.layers import Layer as Layer
    from tinynn.layers import LayerNorm as LayerNorm
    from tinynn.layers import LeakyReLU as LeakyReLU
    from tinynn.layers import MaxPool2D as MaxPool2D
    from tinynn.layers import ReLU as ReLU
    from tinynn.layers import Reshape as Reshape
    from tinynn.layers import Residual as Residual
    from tinynn.layers import Sigmoid as Sigmoid
    from tinynn.layers import SiLU as SiLU
    from tinynn.layers import Softmax as Softmax
    from tinynn.layers import Softplus as Softplus
    from tinynn.layers import Tanh as Tanh
    from tinynn.loss_audit import LossAudit as LossAudit
    from tinynn.loss_audit import audit_loss as audit_loss
    from tinynn.losses import Loss as Loss
    from tinynn.losses import SoftmaxCrossEntropy as SoftmaxCrossEntropy
    from tinynn.network import Sequential as Sequential
    from tinynn.optimizers import SGD as SGD
    from tinynn.optimizers import Optimizer as Optimizer
    from tinynn.probabilities import softmax as softmax
    from tinynn.regularization import L1 as L1
    from tinynn.regularization import L2 as L2
    from tinynn.regularization import MaxNorm as MaxNorm
    from tinynn.replay import GraphNotice as GraphNotice
    from tinynn.schedules import Constant as Constant
    from tinynn.schedules import CosineDecay as CosineDecay
    from tinynn.schedules import OneCycle as OneCycle
    from tinynn.schedules import ReduceOnPlateau as ReduceOnPlateau
    from tinynn.schedules import Schedule as Schedule
    from tinynn.schedules import StepDecay as StepDecay
    from tinynn.targets import balanced_weights as balanced_weights
    from tinynn.trace import Ledger as Ledger
    from tinynn.trace import explain as explain
    from tinynn.training import fit as fit

__version__ = "0.1.0"

# Every name with its module, imported when it is first asked for: ``import tinynn`` takes no time, a program imports
# what it uses, and a command can choose the fastest kernel of matrix products before NumPy is there.
_NAMES = {
    "tinynn.adaptive": ("Adam", "AdamW", "Clipped", "RMSProp"),
    "tinynn.augmentation": ("Augment",),
    "tinynn.callbacks": ("Callback", "EarlyStopping", "Training"),
    "tinynn.classifier": ("Classifier",),
    "tinynn.elementwise_losses": ("BinaryCrossEntropy", "Huber", "MeanSquaredError"),
    "tinynn.ensemble": ("Ensemble",),
    "tinynn.gradcheck": ("check_gradients",),
    "tinynn.gradient_report": ("GradientReport",),
    "tinynn.health": ("HealthReport", "diagnose_training"),
    "tinynn.history": ("History",),
    "tinynn.inference": ("evaluate", "predict_proba"),
    "tinynn.layers": (
        "AveragePool2D",
        "BatchNorm",
        "Conv2D",
        "Dense",
        "Dropout",
        "ELU",
        "Flatten",
        "GELU",
        "GlobalAveragePool2D",
        "Layer",
        "LayerNorm",
        "LeakyReLU",
        "MaxPool2D",
        "ReLU",
        "Reshape",
        "Residual",
        "SiLU",
        "Sigmoid",
        "Softmax",
        "Softplus",
        "Tanh",
    ),
    "tinynn.loss_audit": ("LossAudit", "audit_loss"),
    "tinynn.losses": ("Loss", "SoftmaxCrossEntropy"),
    "tinynn.network": ("Sequential",),
    "tinynn.optimizers": ("Optimizer", "SGD"),
    "tinynn.probabilities": ("softmax",),
    "tinynn.regularization": ("L1", "L2", "MaxNorm"),
    "tinynn.schedules": ("Constant", "CosineDecay", "OneCycle", "ReduceOnPlateau", "Schedule", "StepDecay"),
    "tinynn.replay": ("GraphNotice",),
    "tinynn.targets": ("balanced_weights",),
    "tinynn.trace": ("Ledger", "explain"),
    "tinynn.training": ("fit",),
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names}
_ROOMS = ("datasets", "plotting", "toys")

__all__ = [*_MODULES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"tinynn.{name}")
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
