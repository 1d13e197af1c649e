"""The museum of mistakes: small layers, losses and networks, each wrong in one classic way.

Every exhibit has a name in kebab-case, and `nn.check_gradients` must find it: see
`tests/tinynn/test_diagnosis_museum.py`.
"""

from tests.museum import activations, indices, losses, memory, networks, noise, normalization, weights
from tests.museum.exhibits import EXHIBITS, Exhibit

__all__ = [
    "EXHIBITS",
    "Exhibit",
    "activations",
    "indices",
    "losses",
    "memory",
    "networks",
    "noise",
    "normalization",
    "weights",
]
