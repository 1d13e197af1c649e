"""Checks of the weights: units that are copies of each other, and weights far too large."""

import numpy as np

from tinynn.health.health_report import Finding
from tinynn.health.patient import Patient, named, weights

GAIN = 10.0  # spread of weights times √inputs: He's start has 1.4, Glorot's and LeCun's about 1


def check_weights(patient: Patient) -> list[Finding | str]:
    """Units that start alike and get the same gradient stay alike; weights far too large drown everything."""
    net, to_numpy = patient.passed, patient.net.backend.to_numpy
    alike = []
    for name, layer in named(net.layers):
        for parameter in weights(layer):
            W = to_numpy(getattr(layer, parameter))
            dW = to_numpy(getattr(layer, f"d{parameter}"))
            if W.shape[-1] > 1 and all(_same_columns(array) for array in (W, dW)):
                alike.append((name, W))
    if alike:
        name, W = alike[0]
        what = "are all zero" if not W.any() else "are the same for every unit"
        more = f" (and in {len(alike) - 1} more)" if len(alike) > 1 else ""
        return [
            Finding(
                "equal-weights",
                f"its weights {what}{more}, and so are their gradients: all {W.shape[-1]} units stay copies of one",
                "start from random weights, as nn.Dense does: initializer='he' before a ReLU, 'glorot' before a tanh",
                layer=name,
            )
        ]
    wild = [(gain, name) for name, gain in gains(patient) if gain > GAIN]
    if wild and (patient.far_above_chance or patient.baselines.kind == "unknown"):
        gain, name = max(wild)
        blame = (
            "training has driven them there: make the network anew, with a learning rate ten times smaller"
        )
        fresh = "divide by √inputs: initializer='he' (√(2 / inputs)) before a ReLU, 'glorot' or 'lecun' before a tanh"
        return [
            Finding(
                "weights-too-large",
                f"its weights are {gain:.0f} times as large as 1/√inputs, which would keep signals the same size, and "
                f"the loss is {patient.first_loss:.3g} ({patient.baselines.meaning} {patient.chance:.3g})",
                blame if patient.net.step else fresh,
                layer=name,
                value=gain,
            )
        ]
    spread = [gain for _, gain in gains(patient)]
    return (
        [f"weights: {min(spread):.2g} to {max(spread):.2g} times 1/√inputs, no layer of copies"]
        if spread
        else []
    )


def _same_columns(array: np.ndarray) -> bool:
    # Sums over rows in another order round differently, so equal gradients are equal but for that.
    columns = array.reshape(-1, array.shape[-1])
    return bool(np.ptp(columns, axis=1).max() <= 1e-6 * np.abs(columns).max())


def gains(patient: Patient) -> list[tuple[str, float]]:
    """Return for each array of weights its root mean square times √inputs: what it multiplies signals with."""
    arrays = [
        (name, patient.net.backend.to_numpy(getattr(layer, parameter)))
        for name, layer in named(patient.net.layers)
        for parameter in weights(layer)
    ]
    return [(name, float(np.sqrt(np.mean(W**2.0) * (W.size / W.shape[-1])))) for name, W in arrays]
