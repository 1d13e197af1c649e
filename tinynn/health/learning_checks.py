"""Experiments with copies: whether a few rows are learned by heart, and whether the learning rate suits."""

import math

import numpy as np

from tinynn.adaptive import Adam
from tinynn.health.health_report import Finding
from tinynn.health.number_checks import CHECK
from tinynn.health.patient import Patient
from tinynn.health.rates import at_rate, rate_of
from tinynn.health.vitals import Vitals
from tinynn.network import Sequential

FEW = 20  # rows to be learned by heart
PATIENCE = 300  # steps
RATES = (1e-2, 1e-3)
BY_HEART = 0.02  # of what a guess costs: from here on the rows are learned
UNLEARNED = 0.25  # ... and from here on they are not, and no longer training would help soon
TOO_SMALL = 1e-5  # ‖ΔW‖/‖W‖: a hundred thousand steps to turn a weight round
TOO_LARGE = 0.1
SWEEP = 20  # steps


def check_overfitting(patient: Patient) -> list[Finding | str]:
    """Learn 20 rows by heart, with Adam (Karpathy 2019: overfit one batch)."""
    _, distinct = np.unique(patient.x.reshape(len(patient.x), -1), axis=0, return_index=True)
    rows = np.sort(distinct)[:FEW]
    y = patient.y[rows]
    if patient.net.parameters.size < len(rows) * math.prod(patient.net.output_shape):
        return []  # too few numbers to hold the answers, and that may be meant
    best = math.inf
    guess, least = patient.baselines.chance(y), patient.baselines.perfect(y)
    for rate in RATES:
        net = patient.network()
        inputs, wanted = patient.prepared(net, patient.x[rows], y)
        first = patient.loss_of(patient.network(), inputs, wanted)
        scale = max(first if math.isnan(guess) else guess - least, 1e-12)
        for step in patient.train(net, Adam(rate), inputs, wanted, PATIENCE):
            if step % 25 == 24:
                best = float(np.fmin(best, patient.loss_of(net, inputs, wanted)))
                if best - least < BY_HEART * scale:
                    return [f"{len(rows)} rows are learned by heart: loss {best:.2g} after {step + 1} steps"]
    if best - least < UNLEARNED * scale:
        return [f"{len(rows)} rows are half learned: loss {first:.3g} to {best:.2g} in {PATIENCE} steps"]
    return [
        Finding(
            "cannot-overfit",
            f"even {len(rows)} rows are not learned by heart: the loss is {best:.3g} after {PATIENCE} steps of "
            f"Adam, and started at {first:.3g}",
            "a layer too narrow to let the answer through, rows that look alike, or a loss that asks for something "
            "else; make the network wider first. " + CHECK,
            value=best,
        )
    ]


def check_learning_rate(patient: Patient, vitals: list[Vitals]) -> list[Finding | str]:
    """Look at how far weights move in a step, and what a tenth and ten times the rate do in 20 steps.

    A healthy step changes weights by about a thousandth (CS231n, "Babysitting the learning process").
    """
    rate = rate_of(patient.optimizer)
    updates = [vital.update for vital in vitals if not math.isnan(vital.update)]
    if rate is None:
        return []
    finals = [_loss_after(patient, factor) for factor in (0.1, 1.0, 10.0)]
    tried = "after 20 steps the loss is {} at a tenth of the rate, {} at this one, {} at ten times it".format(
        *(f"{final:.3g}" if math.isfinite(final) else "no number" for final in finals)
    )
    fastest = max(updates, default=math.nan)
    worst = max(patient.first_loss, 0.0 if math.isnan(patient.chance) else patient.chance)
    moves = (
        f"a step changes the weights by up to {fastest:.1e} of their size" if math.isfinite(fastest) else ""
    )
    wild = not math.isfinite(finals[1]) or finals[1] > 1.5 * worst or math.isinf(fastest)
    stuck = finals[1] > 0.95 * worst and not patient.trained and not finals[2] < finals[1]
    # At chance where a tenth of the rate has learned much: whatever the size of its steps, this rate is too large.
    chance = patient.first_loss if math.isnan(patient.chance) else patient.chance
    hopeless = finals[1] > 0.9 * chance and finals[0] < 0.8 * finals[1] and not finals[2] < finals[1]
    if wild or hopeless or (stuck and fastest > TOO_LARGE):
        moves = f"{moves} (1e-3 is usual); " if moves else ""
        return [
            Finding(
                "learning-rate-too-large",
                f"at {rate:.3g}, {moves}the loss was {patient.first_loss:.3g} at first, and {tried}",
                "ten times smaller, and again until the loss falls; Adam(1e-3) and SGD(0.1) are common starts",
                value=fastest,
            )
        ]
    if fastest < TOO_SMALL and not patient.trained:
        return [
            Finding(
                "learning-rate-too-small",
                f"at {rate:.3g}, {moves}, and 1e-3 is usual: it would take {1 / max(fastest, 1e-30):.0e} steps to "
                f"change them by their size; the loss was {patient.first_loss:.3g} at first, and {tried}",
                "ten times larger, and again until the loss falls at once; Adam(1e-3) and SGD(0.1) are common starts",
                value=fastest,
            )
        ]
    return [f"learning rate {rate:.3g}: {moves}{'; ' * bool(moves)}{tried}"]


def _loss_after(patient: Patient, factor: float) -> float:
    net: Sequential = patient.network()
    for _ in patient.train(net, at_rate(patient.optimizer, factor), patient.inputs, patient.wanted, SWEEP):
        pass
    return patient.loss_of(net, patient.inputs, patient.wanted)
