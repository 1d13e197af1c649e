"""The layers: each a function with its derivative beside it."""

from tinynn.layers.activations import ReLU, Sigmoid, Tanh
from tinynn.layers.base import Layer
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout

__all__ = ["Dense", "Dropout", "Layer", "ReLU", "Sigmoid", "Tanh"]
