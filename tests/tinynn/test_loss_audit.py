"""A loss audit accepts every right loss, and names what is wrong with a wrong one."""

import json

import numpy as np
import pytest

import tinynn as nn
from tests.museum import losses as museum
from tinynn.elementwise_losses import BinaryCrossEntropy, Huber, MeanSquaredError
from tinynn.loss_audit import audit_loss


@pytest.mark.parametrize(
    ("loss", "kind"),
    [
        (nn.SoftmaxCrossEntropy(), "classification"),
        (nn.SoftmaxCrossEntropy(label_smoothing=0.1), "classification"),
        (nn.SoftmaxCrossEntropy(class_weights=[1, 2, 3, 4, 5]), "classification"),
        (museum.SoftmaxCrossEntropy(), "classification"),
        (BinaryCrossEntropy(), "binary"),
        (museum.BinaryCrossEntropy(), "binary"),
        (MeanSquaredError(), "regression"),
        (museum.SquareLoss(), "regression"),
        (Huber(0.5), "regression"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{type(value).__module__}.{type(value).__name__}",
)
def test_a_right_loss_is_sound(loss, kind):
    audit = audit_loss(loss)
    assert audit.ok, str(audit)
    assert audit.kind == kind


class Loss:
    def backward(self):
        raise NotImplementedError


class Bits(Loss):
    def forward(self, p, labels):
        return -np.mean(np.log2(p[np.arange(len(p)), labels]))


class Sum(Loss):
    def forward(self, z, labels):
        z = z - z.max(axis=1, keepdims=True)
        return np.sum(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels])


class Overflowing(Loss):
    def forward(self, z, labels):
        return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(z)), labels])


class Swapped(Loss):
    def forward(self, p, t):
        return -np.mean(np.sum(p * np.log(t + 1e-9), axis=1))


class Normless(Loss):
    """The logit of the right class, without the others'."""

    def forward(self, z, labels):
        return -np.mean(z[np.arange(len(z)), labels])


class Reward(Loss):
    def forward(self, y, t):
        return -np.mean((y - t) ** 2)


class Crashing(Loss):
    def forward(self, y, t):
        raise KeyError("targets")


@pytest.mark.parametrize(
    ("loss", "broken"),
    [
        (Bits(), {"uniform-is-ln-k"}),
        (Sum(), {"uniform-is-ln-k", "mean-over-batch"}),
        (Overflowing(), {"shift-invariance"}),
        (Swapped(), {"uniform-is-ln-k", "swapped-arguments"}),
        (Normless(), {"uniform-is-ln-k", "shift-invariance"}),
        (Reward(), {"perfect-prediction"}),
        (Crashing(), {"unusable"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_wrong_is_named(loss, broken):
    audit = audit_loss(loss)
    assert not audit.ok
    assert set(audit.codes) == broken, str(audit)


def test_the_kind_of_wrong_constant_is_told():
    assert "base 2" in str(audit_loss(Bits()))
    assert "a sum over the batch" in str(audit_loss(Sum()))
    assert "overflow" in str(audit_loss(Overflowing()))


def test_it_prints_in_80_columns_and_speaks_json():
    for loss in (nn.SoftmaxCrossEntropy(), Swapped()):
        audit = audit_loss(loss)
        assert max(map(len, str(audit).splitlines())) < 80
        assert json.loads(audit.to_json())["ok"] is audit.ok


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def of_label(values, labels):
    return values[np.arange(len(labels)), labels]


def multiclass_hinge(z, labels):
    margins = np.maximum(0, z - of_label(z, labels)[:, None] + 1)
    return np.mean(margins.sum(axis=1) - 1)


def focal(p):
    return -np.mean((1 - p) ** 2 * np.log(p))


def clipped(p):
    return np.clip(p, 1e-7, 1 - 1e-7)


NO_CROSS_ENTROPIES = {
    "hinge": lambda y, t: np.mean(np.maximum(0, 1 - (2 * t - 1) * y)),
    "multiclass hinge": multiclass_hinge,
    "focal of logits": lambda z, labels: focal(of_label(softmax(z), labels)),
    "focal of probabilities": lambda p, labels: focal(clipped(of_label(p, labels))),
    "divergence": lambda p, t: np.mean(np.sum(t * np.log(t / p), axis=1)),
    "divergence of logs": lambda log_p, t: np.mean(np.sum(t * (np.log(t) - log_p), axis=1)),
    "divergence with epsilon": lambda p, t: np.mean(np.sum(t * np.log((t + 1e-9) / (p + 1e-9)), axis=1)),
    "divergence, clipped": lambda p, t: np.mean(np.sum(clipped(t) * np.log(clipped(t) / clipped(p)), axis=1)),
    "square of softmax": lambda z, t: np.mean(np.sum((softmax(z) - t) ** 2, axis=1)),
}
CROSS_ENTROPIES = {
    "clipped": lambda p, t: -np.mean(np.sum(t * np.log(clipped(p)), axis=1)),
    "clipped, labels": lambda p, labels: -np.mean(np.log(clipped(of_label(p, labels)))),
    "clipped, binary": lambda p, t: -np.mean(t * np.log(clipped(p)) + (1 - t) * np.log(clipped(1 - p))),
}
WRONG_CROSS_ENTROPIES = {
    "bits": lambda p, t: -np.mean(np.sum(t * np.log2(clipped(p)), axis=1)),
    "bits of logits": lambda z, labels: -np.mean(np.log2(of_label(softmax(z), labels))),
    "bits, binary": lambda p, t: -np.mean(t * np.log2(p) + (1 - t) * np.log2(1 - p)),
    "no logarithm": lambda p, t: -np.mean(np.sum(t * p, axis=1)),
    "no logarithm, labels": lambda z, labels: -np.mean(of_label(softmax(z), labels)),
    "no logarithm, binary": lambda p, t: -np.mean(t * p + (1 - t) * (1 - p)),
    "softmax over the batch": lambda z, labels: -np.mean(np.log(of_label(softmax(z.T).T, labels))),
    "uphill": lambda z, labels: np.mean(np.log(of_label(softmax(z), labels))),
    "mean over classes": lambda p, t: -np.mean(t * np.log(clipped(p))),
}


def made(function):
    return type("Made", (Loss,), {"forward": lambda self, outputs, targets: function(outputs, targets)})()


@pytest.mark.parametrize("function", NO_CROSS_ENTROPIES.values(), ids=NO_CROSS_ENTROPIES)
def test_a_loss_of_another_kind_is_no_wrong_cross_entropy(function):
    audit = audit_loss(made(function))
    assert audit.ok, str(audit)
    assert "mean-over-batch" in audit_loss(made(lambda y, t: 4 * len(y) * function(y, t))).codes


@pytest.mark.parametrize("function", CROSS_ENTROPIES.values(), ids=CROSS_ENTROPIES)
def test_a_cross_entropy_that_clips_is_sound(function):
    audit = audit_loss(made(function))
    assert audit.ok, str(audit)
    assert audit.findings[0].holds


@pytest.mark.parametrize("function", WRONG_CROSS_ENTROPIES.values(), ids=WRONG_CROSS_ENTROPIES)
def test_a_wrong_cross_entropy_is_still_seen(function):
    assert "uniform-is-ln-k" in audit_loss(made(function)).codes
