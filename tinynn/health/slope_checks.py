"""Check of the gradients: in each layer's parameters, the loss must slope as backward says that it does."""

import math
from collections.abc import Callable

import numpy as np

from tinynn.backend import Array
from tinynn.health.health_report import Finding
from tinynn.health.number_checks import CHECK
from tinynn.health.patient import Patient, named
from tinynn.health.vitals import norm

ROWS = 16
SHAKE = 1e-3
STEP = 1e-6  # along a direction of length 1, in float64
LONGER = 1e-4
DISAGREES = 0.05  # a wrong factor is seen, noise is not; `nn.check_gradients` looks at single numbers


def check_gradient(patient: Patient) -> list[Finding | str]:
    """Measure slopes in each array of parameters, along its gradient and two random directions, in float64.

    Parameters are shaken a little first: biases of zero put black pixels on the kink of a ReLU.
    """
    net, rng = patient.network("float64"), np.random.default_rng((patient.seed, 2))
    asarray = net.backend.asarray
    x, y = patient.prepared(net, patient.x[:ROWS], patient.y[:ROWS])
    net.parameters += asarray(rng.normal(0, SHAKE, net.parameters.shape))
    loss = patient.loss_of(net, x, y)
    net.backpropagate(patient.loss.backward())
    if not math.isfinite(loss) or loss != patient.loss_of(net, x, y):
        return []  # a layer that draws random numbers of its own has no slope to measure
    parameters = [(name, p, layer) for name, layer in named(net.layers) for p in layer.parameter_names]
    gradients = [getattr(layer, f"d{p}").copy() for _, p, layer in parameters]
    floor = 1e-6 * max((norm([g]) for g in gradients), default=0.0) + 1e-8 * abs(loss)
    rough: list[str] = []
    # From the last layer down: a mistake spoils all gradients below it, so the first one found is next to it.
    for (name, p, layer), gradient in reversed(list(zip(parameters, gradients, strict=True))):
        size, array = norm([gradient]), getattr(layer, p)
        # A random direction may stand nearly upright on the gradient: then what counts is a usual one's slope.
        usual = 0.1 * size / math.sqrt(gradient.size)
        for d in [gradient] * (size > 0) + [asarray(rng.normal(size=gradient.shape)) for _ in range(2)]:
            direction = d / norm([d])
            claimed = float((gradient * direction).sum())
            slope = _slope(array, direction, STEP, lambda: patient.loss_of(net, x, y))
            scale = max(abs(claimed), abs(slope), usual)
            if abs(claimed - slope) <= DISAGREES * scale + floor:
                continue
            # A layer that computes in float32 has slopes of noise, which change with the step.
            again = _slope(array, direction, LONGER, lambda: patient.loss_of(net, x, y))
            if abs(again - slope) > 0.2 * max(abs(again), abs(slope)) + 1e-8 * abs(loss):
                rough.append(name)
                break
            sentence = (
                f"backward says that the loss slopes by {claimed:.3g} along a direction of {p} in which it slopes by "
                f"{slope:.3g}: the mistake is in this layer or between it and the next one with parameters"
            )
            return [
                Finding("wrong-gradient", sentence, CHECK, layer=name, value=abs(claimed - slope) / scale)
            ]
    if rough:
        return [
            f"gradients: in {rough[0]} the loss is too rough for its slope to be measured; else they agree with it"
        ]
    return [f"gradients: agree with the slope of the loss, in all {len(parameters)} arrays of parameters"]


def _slope(array: Array, direction: Array, step: float, loss: Callable[[], float]) -> float:
    """Return (L(θ + h d) − L(θ − h d)) / 2h for a direction d of length 1."""
    kept = array.copy()
    ends = []
    for h in (step, -step):
        array[...] = kept + h * direction
        ends.append(loss())
    array[...] = kept
    return (ends[0] - ends[1]) / (2 * step)
