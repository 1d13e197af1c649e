"""Checks of signals: through dead or saturated units neither outputs nor gradients get from end to end."""

import math

import numpy as np

from tinynn.health.health_report import Finding
from tinynn.health.number_checks import CHECK
from tinynn.health.patient import Patient
from tinynn.health.vitals import Vitals
from tinynn.health.weight_checks import gains
from tinynn.layers.activations import Sigmoid, Tanh
from tinynn.layers.chain import walk

MOST = 0.5  # share of units that are dead, or of outputs that are saturated, from which on it is a problem
FADED = 1e-4  # what is left of a signal's spread, or of a gradient's length, between one end and the other
WEAK = 0.2  # weights times √inputs that make signals fade from layer to layer


def check_units(patient: Patient, vitals: list[Vitals]) -> list[Finding | str]:
    """A ReLU that is zero for all rows gets no gradient ever again; a saturated sigmoid or tanh hardly any."""
    for vital in vitals:
        if vital.dead > MOST:
            return [
                Finding(
                    "dead-units",
                    f"{vital.dead:.0%} of its units are zero for all {len(patient.x)} rows: no gradient passes there, "
                    "so they stay dead",
                    "check the biases below (they start at 0, not far below) and use a smaller learning rate; "
                    "nn.LeakyReLU() keeps a little gradient alive",
                    layer=vital.name,
                    value=vital.dead,
                )
            ]
    last = patient.names[id(patient.net.layers[-1])]
    for vital in vitals:
        if vital.saturated > MOST and vital.name != last:
            return [
                Finding(
                    "saturated-units",
                    f"{vital.saturated:.0%} of its outputs are within 1 % of a bound, where the curve is flat: hardly "
                    "any gradient passes",
                    "smaller weights (initializer='glorot') or smaller inputs; nn.BatchNorm() before it, or a ReLU",
                    layer=vital.name,
                    value=vital.saturated,
                )
            ]
    dead = [v.dead for v in vitals if math.isfinite(v.dead)]
    flat = [v.saturated for v in vitals if math.isfinite(v.saturated)]
    lines = [f"ReLUs: at most {max(dead):.0%} of a layer's units are dead"] if dead else []
    return [
        *lines,
        *([f"sigmoids and tanhs: at most {max(flat):.0%} of the outputs saturated"] if flat else []),
    ]


def check_signals(patient: Patient, vitals: list[Vitals]) -> list[Finding | str]:
    """Differences between rows must reach the last layer, and gradients the first (Glorot & Bengio 2010)."""
    learning = [vital for vital in vitals if math.isfinite(vital.gradient)]
    if not learning:
        return []
    silent = [vital for vital in learning if not vital.reached]
    if silent:
        return [
            Finding(
                "zero-gradient",
                "not the least gradient reaches its parameters, so it never changes",
                CHECK
                + ", if a layer here is your own; otherwise look above this layer for one that lets nothing through",
                layer=silent[-1].name,
                value=0.0,
            )
        ]
    flowing = [vital for vital in learning if vital.gradient > 0]
    first, last = flowing[0], flowing[-1]
    left = first.gradient / last.gradient
    squashing = any(isinstance(layer, Sigmoid | Tanh) for layer in walk(patient.net.layers))
    if left < FADED:
        return [
            Finding(
                "vanishing-gradients", *_faded(patient, last, left, squashing), layer=first.name, value=left
            )
        ]
    if left > 1 / FADED:
        sentence = f"its gradient is {left:.1e} times that of {last.name}: it grew on the way down"
        fix = "smaller first weights, nn.BatchNorm() between the layers, or nn.Clipped(optimizer, norm=1.0)"
        return [Finding("exploding-gradients", sentence, fix, layer=first.name, value=left)]
    given = math.sqrt(
        np.array(patient.net.backend.to_numpy(patient.inputs), dtype=np.float64).var(axis=0).mean()
    )
    tops = [vital for vital in vitals if "." not in vital.name.split(",")[0]]
    before_last = tops[: tops.index(last)] if last in tops else []
    kept = before_last[-1].spread / given if before_last and given else 1.0
    if kept < FADED:
        sentence = f"what it lets out differs between rows {kept:.1e} times as much as the inputs do: rows look alike"
        fix = (
            "larger first weights: initializer='he' before a ReLU, 'glorot' before a tanh; or nn.BatchNorm()"
        )
        return [Finding("vanishing-signal", sentence, fix, layer=before_last[-1].name, value=kept)]
    if kept > 1 / FADED:
        sentence = f"what it lets out is {kept:.1e} times as large as the inputs"
        fix = "smaller first weights, or nn.BatchNorm() between the layers"
        return [Finding("exploding-signal", sentence, fix, layer=before_last[-1].name, value=kept)]
    return [
        f"signals: the gradient of the first layer is {left:.2g} times that of the last; none fades or explodes"
    ]


def _faded(patient: Patient, last: Vitals, left: float, squashing: bool) -> tuple[str, str]:
    sentence = (
        f"its gradient is {left:.1e} times that of {last.name}: on the way down nearly all of it is lost"
    )
    smallest, name = min((gain, name) for name, gain in gains(patient))
    if smallest < WEAK:
        return sentence, (
            f"larger first weights: those of {name} are {smallest:.2g} times 1/√inputs, and about 1 keeps signals the "
            "same size (initializer='glorot' or 'he')"
        )
    if squashing:
        return (
            sentence,
            "each sigmoid divides a gradient by 4 or more: use nn.ReLU(), nn.BatchNorm(), or fewer layers",
        )
    return (
        sentence,
        "nn.BatchNorm() between the layers, or nn.Residual blocks, which let gradients pass unchanged",
    )
