"""The museum of mistakes: small layers, losses and networks, each wrong in one classic way.

Every exhibit has a name in kebab-case, and `nn.check_gradients` must find it: see
`tests/tinynn/test_diagnosis_museum.py`.
"""

from tests.museum import activations, losses, memory, networks, noise, weights
from tests.museum.exhibits import EXHIBITS, Exhibit

__all__ = ["EXHIBITS", "Exhibit", "activations", "losses", "memory", "networks", "noise", "weights"]
