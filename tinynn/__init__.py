"""A neural network written out by hand on NumPy or CuPy arrays.

Layers, losses and optimisers with their derivatives beside them, over one flat vector of parameters.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tinynn import datasets
from tinynn.adaptive import Adam, AdamW, Clipped, RMSProp
from tinynn.callbacks import Callback, EarlyStopping, Training
from tinynn.classifier import Classifier
from tinynn.elementwise_losses import BinaryCrossEntropy, Huber, MeanSquaredError
from tinynn.history import History
from tinynn.layers import (
    ELU,
    GELU,
    AveragePool2D,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    LayerNorm,
    LeakyReLU,
    MaxPool2D,
    ReLU,
    Reshape,
    Residual,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from tinynn.losses import Loss, SoftmaxCrossEntropy, softmax
from tinynn.network import Sequential
from tinynn.optimizers import SGD, Optimizer
from tinynn.regularization import L1, L2, MaxNorm
from tinynn.schedules import Constant, CosineDecay, OneCycle, ReduceOnPlateau, Schedule, StepDecay
from tinynn.targets import balanced_weights
from tinynn.training import fit

if TYPE_CHECKING:
    from tinynn.gradcheck import check_gradients
    from tinynn.gradient_report import GradientReport
    from tinynn.loss_audit import LossAudit, audit_loss
    from tinynn.trace import Ledger, explain

__version__ = "0.1.0"

# Imported when they are first asked for: they are large, and training does without.
_LATER = {
    "GradientReport": "tinynn.gradient_report",
    "Ledger": "tinynn.trace",
    "LossAudit": "tinynn.loss_audit",
    "audit_loss": "tinynn.loss_audit",
    "check_gradients": "tinynn.gradcheck",
    "explain": "tinynn.trace",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATER[name]), name)


__all__ = [
    "ELU",
    "GELU",
    "L1",
    "L2",
    "SGD",
    "Adam",
    "AdamW",
    "AveragePool2D",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Callback",
    "Classifier",
    "Clipped",
    "Constant",
    "Conv2D",
    "CosineDecay",
    "Dense",
    "Dropout",
    "EarlyStopping",
    "Flatten",
    "GlobalAveragePool2D",
    "GradientReport",
    "History",
    "Huber",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Ledger",
    "Loss",
    "LossAudit",
    "MaxNorm",
    "MaxPool2D",
    "MeanSquaredError",
    "OneCycle",
    "Optimizer",
    "RMSProp",
    "ReLU",
    "ReduceOnPlateau",
    "Reshape",
    "Residual",
    "Schedule",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "StepDecay",
    "Tanh",
    "Training",
    "audit_loss",
    "balanced_weights",
    "check_gradients",
    "datasets",
    "explain",
    "fit",
    "softmax",
]
