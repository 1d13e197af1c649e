"""Vital signs of each layer: how its outputs spread, which units are silent, and how the first steps change it."""

import math
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.health.patient import Patient, named, weights
from tinynn.health.rates import at_rate
from tinynn.layers.activations import ReLU, Sigmoid, Tanh
from tinynn.layers.base import Layer
from tinynn.network import Sequential
from tinynn.optimizers import SGD

STEPS = 5
ENOUGH = 20  # rows: a unit that is zero for a few is not dead
NEAR = 0.01  # an output this close to a bound, as a share of the way between the bounds, is saturated


@dataclass
class Vitals:
    """What was measured in one layer; NaN where a number makes no sense.

    Attributes
    ----------
    name : str
        Such as ``"layer 2, Dense(10)"``.
    spread : float
        How far the outputs differ between rows: root mean square, over units, of the standard deviation over rows.
    finite : bool
        Whether all outputs are finite numbers.
    dead : float
        Of a ReLU: share of units (of an image: channels) that are zero in all rows.
    saturated : float
        Of a sigmoid or tanh: share of outputs within 1 % of a bound.
    gradient : float
        ‖∂L/∂(parameters)‖ in the first step.
    reached : bool
        Whether any gradient but zero arrived in the first steps.
    update : float
        ‖ΔW‖ / ‖W‖ of the weights, the median of the first steps of the optimiser; infinite where they end in NaN.
    """

    name: str
    spread: float = math.nan
    finite: bool = True
    dead: float = math.nan
    saturated: float = math.nan
    gradient: float = math.nan
    reached: bool = False
    update: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for JSON, which knows no NaN."""
        return {
            name: None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in vars(self).items()
        }


def take(patient: Patient) -> list[Vitals]:
    """Watch a forward pass, then the first steps of the optimiser, on copies."""
    net = patient.network()
    layers = list(named(net.layers))
    vitals = [Vitals(name) for name, _ in layers]
    for (_, layer), vital in zip(layers, vitals, strict=True):
        # An attribute of the instance hides the method of its class.
        layer.__dict__["forward"] = partial(_watched, vital, layer, layer.forward, net.backend.to_numpy)
    patient.loss_of(net, patient.inputs, patient.wanted)
    for _, layer in layers:
        del layer.__dict__["forward"]
    _first_steps(patient, net, [(vital, layer) for vital, (_, layer) in zip(vitals, layers, strict=True)])
    return vitals


def _watched(
    vital: Vitals, layer: Layer, forward: Any, to_numpy: Any, x: Array, training: bool = False
) -> Array:
    y = forward(x, training)
    outputs = np.array(to_numpy(y), dtype=np.float64)
    vital.finite = bool(np.isfinite(outputs).all())
    vital.spread = math.sqrt(outputs.var(axis=0).mean())
    if isinstance(layer, ReLU) and len(outputs) >= ENOUGH:
        vital.dead = float((outputs.reshape(-1, outputs.shape[-1]) <= 0).all(axis=0).mean())
    if isinstance(layer, Sigmoid | Tanh):
        lowest = 0.0 if isinstance(layer, Sigmoid) else -1.0
        height = (outputs - lowest) / (1 - lowest)
        vital.saturated = float((np.abs(height - 0.5) > 0.5 - NEAR).mean())
    return y


def _first_steps(patient: Patient, net: Sequential, layers: list[tuple[Vitals, Layer]]) -> None:
    ratios: dict[str, list[float]] = {vital.name: [] for vital, _ in layers}
    optimizer = SGD(0.01) if patient.optimizer is None else at_rate(patient.optimizer, 1.0)
    old = {vital.name: [getattr(layer, name).copy() for name in weights(layer)] for vital, layer in layers}
    for step in patient.train(net, optimizer, patient.inputs, patient.wanted, STEPS):
        for vital, layer in layers:
            if not layer.parameter_names:
                continue
            size = norm([getattr(layer, f"d{name}") for name in layer.parameter_names])
            vital.gradient = size if step == 0 else vital.gradient
            vital.reached = vital.reached or size != 0
            new = [getattr(layer, name) for name in weights(layer)]
            if new:
                change = norm([b - a for a, b in zip(old[vital.name], new, strict=True)])
                if was := norm(old[vital.name]):  # from zero, any step is infinitely large
                    ratios[vital.name].append(change / was)
                old[vital.name] = [array.copy() for array in new]
    for vital, _ in layers:
        if len(ratios[vital.name]) == STEPS and patient.optimizer is not None:
            vital.update = float(np.median(np.nan_to_num(ratios[vital.name], nan=np.inf)))


def norm(arrays: list[Array]) -> float:
    """Return the Euclidean length of all numbers of these arrays together."""
    return math.sqrt(sum(float((array.astype(np.float64) ** 2).sum()) for array in arrays))
