"""A neural network written out by hand on NumPy or CuPy arrays.

Layers, losses and optimisers with their derivatives beside them, over one flat vector of parameters.
"""

from tinynn import datasets
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
from tinynn.optimizers import SGD, Adam, Optimizer
from tinynn.training import fit

__version__ = "0.1.0"

__all__ = [
    "ELU",
    "GELU",
    "SGD",
    "Adam",
    "AveragePool2D",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Classifier",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
    "GlobalAveragePool2D",
    "History",
    "Huber",
    "Layer",
    "LayerNorm",
    "LeakyReLU",
    "Loss",
    "MaxPool2D",
    "MeanSquaredError",
    "Optimizer",
    "ReLU",
    "Reshape",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "Softplus",
    "Tanh",
    "datasets",
    "fit",
    "softmax",
]
