"""The examination: checks in the order of the computation, and what is known to follow from a finding is left out."""

from typing import Any

import numpy as np

from tinynn.backend import backend_of
from tinynn.checks import as_rows
from tinynn.health import vitals as vital_signs
from tinynn.health.architecture_checks import check_depth, check_last_layer
from tinynn.health.data_checks import check_inputs, check_targets
from tinynn.health.health_report import Finding, HealthReport
from tinynn.health.learning_checks import check_learning_rate, check_overfitting
from tinynn.health.number_checks import check_first_loss, check_numbers
from tinynn.health.patient import Patient
from tinynn.health.signal_checks import check_signals, check_units
from tinynn.health.slope_checks import check_gradient
from tinynn.health.weight_checks import check_weights
from tinynn.losses import Loss
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer

# What is examined, in this order. A finding leaves out what it would only make fail once more.
EXAMINATIONS = (
    "inputs",
    "targets",
    "last layer",
    "depth",
    "numbers",
    "weights",
    "units",
    "signals",
    "first loss",
    "gradients",
    "overfitting",
    "learning rate",
)
SIGNALS = {"units", "signals", "first loss"}
LEARNING = {"gradients", "overfitting", "learning rate"}
EVERYTHING = {"numbers", "weights"} | SIGNALS | LEARNING
CONSEQUENCES: dict[str, set[str]] = {
    "not-finite": EVERYTHING,
    "identical-rows": EVERYTHING,
    "single-row": EVERYTHING,
    "constant-targets": SIGNALS | LEARNING,
    "inputs-not-scaled": {"weights", *SIGNALS, *LEARNING},
    "softmax-twice": SIGNALS | LEARNING,
    "sigmoid-twice": SIGNALS | LEARNING,
    "bounded-logits": SIGNALS | LEARNING,
    "targets-out-of-reach": SIGNALS | LEARNING,
    "equal-weights": SIGNALS | LEARNING,
    "weights-too-large": SIGNALS | LEARNING,
    "dead-units": SIGNALS | LEARNING,
    "saturated-units": SIGNALS | LEARNING,
    "zero-gradient": {"first loss", *LEARNING},
    "vanishing-gradients": {"overfitting", "learning rate"},
    "exploding-gradients": {"first loss", "overfitting", "learning rate"},
    "vanishing-signal": {"overfitting", "learning rate"},
    "exploding-signal": {"first loss", "overfitting", "learning rate"},
    "loss-above-chance": {"overfitting", "learning rate"},
    "wrong-gradient": {"overfitting", "learning rate"},
    "cannot-overfit": {"learning rate"},
    "linear-stack": set(),
    "lopsided-classes": set(),
    "dropout-on-outputs": set(),
    "learning-rate-too-large": set(),
    "learning-rate-too-small": set(),
}


def diagnose_training(
    net: Sequential, loss: Loss, x: Any, y: Any, optimizer: Optimizer | None = None, seed: int = 0
) -> HealthReport:
    r"""Say why a network does not learn: what was measured, what is healthy, what is not, and what usually helps.

    Copies are examined, and trained for some hundred steps on a sample of at most 256 rows; network, loss and optimiser
    stay as they are. Dropout is off, as it would blur the measurements. Examined are, in this order,

    ============== ===================================================================================================
    inputs         their size; NaN; rows that are all the same
    targets        whether there is anything to tell apart
    last layer     whether it lets out what the loss takes
    numbers        NaN and infinity in weights, outputs, loss, gradients
    weights        units that are copies of each other; weights :math:`\gg 1/\sqrt{\text{inputs}}`
    units          ReLUs that are zero for all rows, sigmoids and tanhs at their bounds
    signals        how gradients fade or grow from the last layer to the first, signals from the first to the last
    first loss     against a guess: ln K for K classes, ln 2 for yes or no, the variance of numbers
    gradients      against slopes of the loss that were measured in each layer
    overfitting    whether 20 rows are learned by heart
    learning rate  how far a step moves the weights, ‖ΔW‖/‖W‖, and the loss after 20 steps at η/10, η and 10 η
    ============== ===================================================================================================

    Where something is wrong, what follows from it is not judged: mend it and ask again. No finding does not mean that
    the network will generalise; wrong labels, for one, can be learned by heart as well as right ones.

    Parameters
    ----------
    net : Sequential
        Before training, or during.
    loss : Loss
    x : array (n, *input_shape)
        Rows, as `fit` takes them.
    y : array
        Targets, as `fit` takes them.
    optimizer : Optimizer, optional
        Goes on, as a copy, from where its last step left it. Of a schedule, the highest rate is judged.
    seed : int, optional
        Decides which rows are looked at.

    Returns
    -------
    HealthReport
        ``report.ok``, ``report.findings`` (each with `code`, `layer`, `sentence`, `fix`, `value`), ``str(report)``,
        ``report.to_json()``.

    Raises
    ------
    TypeError, ValueError
        For rows and targets that do not fit the network or the loss, with the same words as `fit`.

    References
    ----------
    A. Karpathy (2019). A Recipe for Training Neural Networks. https://karpathy.github.io/2019/04/25/recipe/

    CS231n, Stanford: Neural Networks Part 3, Learning and Evaluation. https://cs231n.github.io/neural-networks-3/

    X. Glorot, Y. Bengio (2010). Understanding the difficulty of training deep feedforward neural networks. AISTATS.

    K. He et al. (2015). Delving Deep into Rectifiers. ICCV.

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> net = nn.Sequential([nn.Dense(32), nn.ReLU(), nn.Dense(10)], input_shape=64)
    >>> diagnose_training(net, nn.SoftmaxCrossEntropy(), data.x_train, data.y_train, nn.Adam(1e-2)).ok
    True
    >>> pixels = data.x_train.astype(float)  # 0.0 to 255.0: only uint8 is scaled by the network
    >>> diagnose_training(net, nn.SoftmaxCrossEntropy(), pixels, data.y_train).codes
    ['inputs-not-scaled']
    """
    for thing in (net, loss, optimizer):
        if isinstance(thing, type):
            raise TypeError(f"{thing.__name__} is a class; an object is needed: write {thing.__name__}()")
    x = as_rows(x)
    if x.shape[1:] != net.input_shape:
        raise ValueError(
            f"the network takes rows of shape {net.input_shape}, and x has rows of {x.shape[1:]}"
        )
    y = loss.check_targets(backend_of(y).to_numpy(y), len(x), net.output_shape)
    with np.errstate(all="ignore"):
        patient = Patient(net, loss, x, y, optimizer, seed)
        return _examined(patient, _title(net, loss, optimizer))


def _title(net: Sequential, loss: Loss, optimizer: Optimizer | None) -> str:
    parts = [f"{net.parameters.size:,} parameters", repr(loss), *([repr(optimizer)] if optimizer else [])]
    return f"Training of {', '.join(parts)}"


def _examined(patient: Patient, title: str) -> HealthReport:
    report = HealthReport(title)
    left_out: dict[str, str] = {}
    for name in EXAMINATIONS:
        if name in left_out:
            continue
        for found in _examine(name, patient, report):
            if isinstance(found, str):
                report.healthy.append(found)
                continue
            report.findings.append(found)
            for consequence in CONSEQUENCES[found.code]:
                left_out.setdefault(consequence, found.code)
    for code in dict.fromkeys(left_out.values()):
        names = [name for name in EXAMINATIONS if left_out.get(name) == code]
        report.not_judged.append(f"{', '.join(names)}, which {code} would spoil; mend it and ask again")
    if patient.optimizer is None and "learning rate" not in left_out:
        report.not_judged.append("learning rate, without optimizer=")
    return report


def _examine(name: str, patient: Patient, report: HealthReport) -> list[Finding | str]:
    if name == "numbers":
        report.layers = vital_signs.take(patient)
    vitals = report.layers
    return {
        "inputs": lambda: check_inputs(patient),
        "targets": lambda: check_targets(patient),
        "last layer": lambda: check_last_layer(patient),
        "depth": lambda: check_depth(patient),
        "numbers": lambda: check_numbers(patient, vitals),
        "weights": lambda: check_weights(patient),
        "units": lambda: check_units(patient, vitals),
        "signals": lambda: check_signals(patient, vitals),
        "first loss": lambda: check_first_loss(patient),
        "gradients": lambda: check_gradient(patient),
        "overfitting": lambda: check_overfitting(patient),
        "learning rate": lambda: check_learning_rate(patient, vitals),
    }[name]()
