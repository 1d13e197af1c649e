"""The layers: each a function with its derivative beside it."""

from tinynn.layers.activations import ReLU, Sigmoid, Tanh
from tinynn.layers.base import Layer
from tinynn.layers.conv import Conv2D
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout
from tinynn.layers.further_activations import ELU, GELU, LeakyReLU, SiLU, Softmax, Softplus
from tinynn.layers.normalization import BatchNorm, LayerNorm
from tinynn.layers.pooling import AveragePool2D, GlobalAveragePool2D, MaxPool2D
from tinynn.layers.reshape import Flatten, Reshape
from tinynn.layers.residual import Residual

__all__ = [
    "ELU",
    "GELU",
    "AveragePool2D",
    "BatchNorm",
    "Conv2D",
    "Dense",
    "Dropout",
    "Flatten",
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
]
