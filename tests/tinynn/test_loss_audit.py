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
    ids=str,
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
