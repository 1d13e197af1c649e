"""Layers and losses with other arguments and answers than ours: called as they want, or told what is expected."""

import numpy as np
import pytest

import tinynn as nn
from tinynn.gradcheck import check_gradients

X = np.random.default_rng(0).normal(size=(6, 4))
Y = np.random.default_rng(1).normal(size=(6, 4))
LABELS = np.array([0, 3, 1, 1, 2, 0])


class Square:
    def forward(self, x):
        self.x = x
        return x**2

    def backward(self, dy):
        return 2 * self.x * dy


RETURNS = [
    ("backward", lambda self, dy: (2 * self.x * dy, None), "a tuple (array 6×4, NoneType)"),
    ("backward", lambda self, dy: {"x": 2 * self.x * dy}, "a dict (array 6×4)"),
    ("backward", lambda self, dy: [2 * self.x * dy, np.zeros(3)], "a list (array 6×4, array 3)"),
    ("forward", lambda self, x: (x**2, x), "a tuple (array 6×4, array 6×4)"),
    ("forward", lambda self, x: (float((x**2).sum()), x), "a tuple (number, array 6×4)"),
]


@pytest.mark.parametrize(("method", "function", "said"), RETURNS)
def test_several_things_returned_are_named(method, function, said):
    report = check_gradients(type("Several", (Square,), {method: function})(), X)
    assert report.codes == ["wrong-return"]
    assert f"Several.{method} returned {said}" in report.diagnoses[0].sentence
    assert "could not be checked" in report.headline


def test_a_loss_or_a_function_with_its_gradient_in_one_is_named():
    class Both:
        def forward(self, p, t):
            return ((p - t) ** 2).mean(), 2 * (p - t) / p.size

        def backward(self):
            return None

    assert check_gradients(Both(), X, Y).codes == ["wrong-return"]
    pair = check_gradients(lambda x: ((x**2).sum(), 2 * x), lambda x: 2 * x, X)
    assert pair.codes == ["wrong-return"]
    assert check_gradients(lambda x: (x**2).sum(), lambda x: (2 * x,), X).codes == ["wrong-return"]


@pytest.mark.parametrize(
    "arguments",
    [(Square, X), (nn.SoftmaxCrossEntropy, X, LABELS), (Square(), nn.SoftmaxCrossEntropy, X, LABELS)],
)
def test_a_class_in_place_of_an_object_is_named(arguments):
    with pytest.raises(TypeError, match=r"is a class, and an object of it is to be checked: \w+\(...\)"):
        check_gradients(*arguments)


class KerasCrossEntropy:
    factor = 1.0

    def forward(self, y_true, y_pred):
        e = np.exp(y_pred - y_pred.max(axis=1, keepdims=True))
        self.p, self.labels = e / e.sum(axis=1, keepdims=True), y_true
        return -np.log(self.p[np.arange(len(y_true)), y_true]).mean()

    def backward(self):
        d = self.p.copy()
        d[np.arange(len(d)), self.labels] -= 1
        return self.factor * d / len(d)


class KerasSquare:
    factor = 1.0

    def forward(self, y_true, y_pred):
        self.d = y_pred - y_true
        return (self.d**2).mean()

    def backward(self):
        return self.factor * 2 * self.d / self.d.size


class KerasBinary(KerasSquare):
    def forward(self, target, p):
        self.t, self.p = target, p
        return -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()

    def backward(self):
        return self.factor * (self.p - self.t) / (self.p * (1 - self.p)) / self.p.size


YES, P = (Y > 0).astype(float), 1 / (1 + np.exp(-X))
KERAS = [(KerasCrossEntropy, X, LABELS), (KerasSquare, X, Y), (KerasBinary, P, YES)]


@pytest.mark.parametrize(("loss", "outputs", "targets"), KERAS)
def test_a_loss_that_takes_targets_first_is_called_so(loss, outputs, targets):
    for given in ((outputs, targets), (targets, outputs)):
        report = check_gradients(loss(), *given)
        assert report.ok, str(report)
        assert "the targets first" in str(report)
    wrong = loss()
    wrong.factor = -1.0
    assert check_gradients(wrong, outputs, targets).codes[0] in (
        "wrong-sign",
        "swapped-prediction-and-target",
    )
    assert nn.audit_loss(loss()).ok


def test_a_network_with_a_loss_that_takes_targets_first():
    net = nn.Sequential([nn.Dense(5), nn.Tanh(), nn.Dense(4)], (4,))
    assert check_gradients(net, KerasCrossEntropy(), X, LABELS).ok


def test_a_wrong_sign_of_a_loss_without_telling_names_mentions_the_order():
    class Nameless(KerasSquare):
        def forward(self, a, b):
            return super().forward(a, b)

    (diagnosis,) = check_gradients(Nameless(), X, Y).diagnoses
    assert diagnosis.code == "wrong-sign"
    assert "it is called with the outputs first" in diagnosis.look


BACKWARDS = [
    lambda self, dout: dout * 2 * self.d / self.d.size,
    lambda self, targets: 2 * (self.d + targets - targets) / self.d.size,
    lambda self, y_true, y_pred: 2 * (y_pred - y_true) / y_true.size,
    lambda self, y_pred, y_true: 2 * (y_pred - y_true) / y_true.size,
]


@pytest.mark.parametrize("backward", BACKWARDS)
def test_backward_of_a_loss_may_ask_for_arguments(backward):
    assert check_gradients(type("Asking", (KerasSquare,), {"backward": backward})(), X, Y).ok


class Embedding:
    def __init__(self):
        self.E = np.random.default_rng(4).normal(size=(5, 3))

    def forward(self, index):
        self.index = index
        return self.E[index]

    def backward(self, dy):
        self.dE = np.zeros_like(self.E)
        np.add.at(self.dE, self.index, dy)


class CastingEmbedding(Embedding):
    def forward(self, index):
        return super().forward(index.astype(int))


@pytest.mark.parametrize("kind", [Embedding, CastingEmbedding])
@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint32])
def test_whole_numbers_that_pick_rows_have_no_gradient(kind, dtype):
    index = np.array([[0, 1, 1], [4, 2, 1]], dtype=dtype)
    report = check_gradients(kind(), index)
    assert report.ok, str(report)
    assert {v.name: v.verdict for v in report.variables} == {"E": "right", "x": "not checked"}
    assert "x is not checked: its whole numbers pick something" in str(report)


def test_whole_numbers_that_are_quantities_have_one():
    report = check_gradients(Square(), np.arange(12).reshape(3, 4) + 1)
    assert report.ok, str(report)
    assert report.variables[0].verdict == "right"
