"""A neural network written out by hand on NumPy or CuPy arrays.

Layers, losses and optimisers with their derivatives beside them, over one flat vector of parameters.
"""

from tinynn import datasets
from tinynn.classifier import Classifier
from tinynn.history import History
from tinynn.layers import Dense, Dropout, Layer, ReLU, Sigmoid, Tanh
from tinynn.losses import SoftmaxCrossEntropy, softmax
from tinynn.network import Sequential
from tinynn.optimizers import SGD, Adam, Optimizer
from tinynn.training import fit

__version__ = "0.1.0"

__all__ = [
    "SGD",
    "Adam",
    "Classifier",
    "Dense",
    "Dropout",
    "History",
    "Layer",
    "Optimizer",
    "ReLU",
    "Sequential",
    "Sigmoid",
    "SoftmaxCrossEntropy",
    "Tanh",
    "datasets",
    "fit",
    "softmax",
]
