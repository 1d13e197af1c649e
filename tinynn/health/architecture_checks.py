"""Checks of the architecture: whether the last layer suits the loss, and whether depth is more than decoration."""

from itertools import pairwise

import numpy as np

from tinynn.health.health_report import Finding
from tinynn.health.patient import Patient
from tinynn.layers.activations import ReLU, Sigmoid, Tanh
from tinynn.layers.chain import walk
from tinynn.layers.dense import Dense
from tinynn.layers.dropout import Dropout
from tinynn.layers.further_activations import Softmax
from tinynn.layers.reshape import Flatten, Reshape

SHAPING = (Dropout, Flatten, Reshape)
BOUNDS = {ReLU: (0.0, np.inf), Sigmoid: (0.0, 1.0), Tanh: (-1.0, 1.0), Softmax: (0.0, 1.0)}
TWICE = {"classes": Softmax, "yes or no": Sigmoid}


def check_last_layer(patient: Patient) -> list[Finding | str]:
    """Both cross-entropies take logits: any real numbers, with softmax or sigmoid still to come."""
    top = list(patient.net.layers)
    loss = type(patient.loss).__name__
    found: list[Finding | str] = []
    while len(top) > 1 and isinstance(top[-1], SHAPING):
        name = patient.names[id(top.pop())]
        if name in patient.dropouts:
            found.append(
                Finding(
                    "dropout-on-outputs",
                    "it sets some of the network's answers to zero in training, and the loss is taken of those",
                    "move it before the last Dense layer",
                    layer=name,
                )
            )
    last = top[-1]
    name = patient.names[id(last)]
    bounds = BOUNDS.get(type(last))
    if isinstance(last, TWICE.get(patient.baselines.kind, ())):
        function = type(last).__name__
        code = f"{function.lower()}-twice"
        sentence = (
            f"{loss} applies the {function.lower()} itself; applied twice, outputs of 0 to 1 are taken for logits, "
            "no answer can be sure, and gradients shrink"
        )
        predict = (
            "nn.softmax(net.forward(x))" if code == "softmax-twice" else "1 / (1 + np.exp(-net.forward(x)))"
        )
        found.append(
            Finding(
                code,
                sentence,
                f"remove this layer; {predict} gives probabilities when you want them",
                layer=name,
            )
        )
    elif bounds and patient.baselines.kind in TWICE:
        low, high = bounds
        found.append(
            Finding(
                "bounded-logits",
                f"{loss} takes logits, which may be any number; this layer lets out only {low:g} to {high:g}"
                + (", and passes no gradient where it says 0" if isinstance(last, ReLU) else ""),
                "remove this layer: let the network end with its Dense layer",
                layer=name,
            )
        )
    elif bounds and patient.baselines.kind == "numbers":
        y = patient.targets
        outside = float(((y < bounds[0]) | (y > bounds[1])).mean())
        if outside:
            found.append(
                Finding(
                    "targets-out-of-reach",
                    f"{outside:.0%} of the targets lie outside {bounds[0]:g} to {bounds[1]:g}, which is all that this "
                    "layer lets out",
                    "remove this layer, or scale the targets into its range",
                    layer=name,
                    value=outside,
                )
            )
    return found or ["last layer: suits the loss"] * (patient.baselines.kind != "unknown")


def check_depth(patient: Patient) -> list[Finding | str]:
    """Dense after Dense is one Dense: x W₁ W₂ = x (W₁ W₂)."""
    chains = [patient.net.layers, *(layer.chain for layer in walk(patient.net.layers))]
    for chain in chains:
        straight = [layer for layer in chain if not isinstance(layer, SHAPING)]
        for below, layer in pairwise(straight):
            if isinstance(below, Dense) and isinstance(layer, Dense):
                return [
                    Finding(
                        "linear-stack",
                        f"nothing bends between {patient.names[id(below)]} and it: two linear layers on each other "
                        "can do no more than one",
                        "put an activation between them, such as nn.ReLU()",
                        layer=patient.names[id(layer)],
                    )
                ]
    return []
