"""Wherever a layer keeps its weights, their gradients are checked; and where there is none, the report says so."""

import numpy as np
import pytest

from tinynn.gradcheck import check_gradients

X = np.random.default_rng(0).normal(size=(5, 4))
W = np.random.default_rng(1).normal(size=(4, 3))
MODULE_RNG = np.random.default_rng(7)


class Linear:
    """x W, with the places of W and its gradient left open; wrong by `factor`."""

    factor = 1.0

    def __init__(self):
        self.put(W.copy())

    def forward(self, x):
        self.x = x
        return x @ self.weight()

    def backward(self, dy):
        self.store(self.factor * self.x.T @ dy)
        return dy @ self.weight().T


class Dict(Linear):
    def put(self, W):
        self.params, self.grads = {"W": W}, {}

    def weight(self):
        return self.params["W"]

    def store(self, dW):
        self.grads["W"] = dW


class DictOfD(Dict):
    def store(self, dW):
        self.grads["dW"] = dW


class NewDict(Dict):
    def store(self, dW):
        self.grads = {"W": dW}


class NestedDict(Linear):
    def put(self, W):
        self.params, self.grads = {"fc": {"W": W}}, {"fc": {}}

    def weight(self):
        return self.params["fc"]["W"]

    def store(self, dW):
        self.grads["fc"]["W"] = dW


class List(Linear):
    def put(self, W):
        self.params, self.grads = [W], [np.zeros_like(W)]

    def weight(self):
        return self.params[0]

    def store(self, dW):
        self.grads[0][...] = dW


class Tuple(List):
    def put(self, W):
        self.params, self.grads = (W,), None

    def store(self, dW):
        self.grads = (dW,)


class AttributeAndDict(Linear):
    def put(self, W):
        self.W, self.grads = W, {}

    def weight(self):
        return self.W

    def store(self, dW):
        self.grads["W"] = dW


class GradW(AttributeAndDict):
    def store(self, dW):
        self.grad_W = dW


class WGrad(AttributeAndDict):
    def store(self, dW):
        self.W_grad = dW


class Private(Linear):
    def put(self, W):
        self._W = W

    def weight(self):
        return self._W

    def store(self, dW):
        self._dW = dW


class Property(Private):
    W = property(lambda self: self._W)

    def store(self, dW):
        self.dW = dW


class Param:
    def __init__(self, value):
        self.value, self.grad = value, None


class Record(Linear):
    def put(self, W):
        self.W = Param(W)

    def weight(self):
        return self.W.value

    def store(self, dW):
        self.W.grad = dW


class Slots:
    __slots__ = ("W", "dW", "x")
    factor = 1.0

    def __init__(self):
        self.W = W.copy()

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dy):
        self.dW = self.factor * self.x.T @ dy
        return dy @ self.W.T


class Lazy(AttributeAndDict):
    def put(self, W):
        self.W = None

    def forward(self, x):
        if self.W is None:
            self.W = W.copy()
        return super().forward(x)

    def store(self, dW):
        self.dW = dW


class LazyFlag(Lazy):
    def put(self, W):
        self.built = False

    def forward(self, x):
        if not self.built:
            self.W, self.built = W.copy(), True
        self.x = x
        return x @ self.W


class Alias(AttributeAndDict):
    def put(self, W):
        self.W = W
        self.params = {"W": W}

    def store(self, dW):
        self.grads = {"W": dW}


class Holder:
    """A layer within a layer."""

    factor = 1.0

    def __init__(self):
        self.inner = Private()
        self.inner.factor = self.factor

    def forward(self, x):
        return self.inner.forward(x)

    def backward(self, dy):
        return self.inner.backward(dy)


class PrivateList(Holder):
    inner = property(lambda self: self._layers[0])

    def __init__(self):
        layer = Private()
        layer.factor = self.factor
        self._layers = [layer]


class DictOfLists(PrivateList):
    inner = property(lambda self: self.blocks["a"][0])

    def __init__(self):
        super().__init__()
        self.blocks = {"a": self.__dict__.pop("_layers")}


PLACES = [
    *(Dict, DictOfD, NewDict, NestedDict, List, Tuple, AttributeAndDict, GradW, WGrad, Private, Property),
    *(Record, Slots, Lazy, LazyFlag, Alias, Holder, PrivateList, DictOfLists),
]


@pytest.mark.parametrize("place", PLACES)
def test_a_weight_is_checked_wherever_it_stands(place):
    report = check_gradients(place(), X)
    assert report.ok, str(report)
    assert sorted(v.shape for v in report.variables) == [(4, 3), (5, 4)]

    class Wrong(place):
        factor = 1 / 5

    report = check_gradients(Wrong(), X)
    assert [v.shape for v in report.variables if v.verdict == "wrong"] == [(4, 3)]
    assert not report.ok


@pytest.mark.parametrize("place", [place for place in PLACES if issubclass(place, Linear)])
def test_a_gradient_that_is_never_stored_is_missed(place):
    class Forgetful(place):
        def put(self, W):
            super().put(W)
            self.__dict__.pop("grads", None)

        def store(self, dW):
            pass

    report = check_gradients(Forgetful(), X)
    assert not report.ok
    assert report.codes == ["no-gradient"], str(report)
    assert "changes the output, and backward stores no gradient for it" in report.diagnoses[0].sentence


def test_the_forgetful_learner_is_told_where_to_store_it():
    class Forgetful(AttributeAndDict):
        def store(self, dW):
            pass

    (diagnosis,) = check_gradients(Forgetful(), X).diagnoses
    assert diagnosis.sentence.endswith("backward stores no gradient for it: store it as self.dW")


@pytest.mark.parametrize("place", PLACES)
def test_a_layer_used_before_is_checked_the_same(place):
    layer = place()
    layer.forward(X[:2])
    layer.backward(np.ones((2, 3)))
    report = check_gradients(layer, X)
    assert report.ok, str(report)
    assert len(report.variables) == 2


def test_gradients_in_a_dict_that_add_up_are_noticed():
    class Adding(Dict):
        def put(self, W):
            self.params, self.grads = {"W": W}, {"W": np.zeros_like(W)}

        def store(self, dW):
            self.grads["W"] += dW

    assert check_gradients(Adding(), X).codes == ["accumulated-gradient"]


def test_a_constant_is_not_asked_for_a_gradient():
    class Standardize:
        def __init__(self):
            self.mean, self.running_scale = X.mean(0), X.std(0)
            self.mean.setflags(write=False)
            self.momentum = 0.9

        def forward(self, x):
            return (x - self.mean) / self.running_scale

        def backward(self, dy):
            return dy / self.running_scale

    assert check_gradients(Standardize(), X).ok


class Caching:
    """Stores y and dy, a time t and a step dt, decay and ecay."""

    def __init__(self):
        self.t, self.dt, self.decay, self.ecay = 1.0, 0.01, 0.9, 0.5

    def forward(self, x):
        self.y = np.tanh(x) * self.t * self.ecay
        return self.y

    def backward(self, dy):
        self.dy = dy
        scale = self.t * self.ecay
        return dy * (1 - (self.y / scale) ** 2) * scale


@pytest.mark.parametrize("in_place", [False, True])
def test_what_forward_stores_is_no_parameter(in_place):
    class InPlace(Caching):
        y = None

        def forward(self, x):
            if self.y is None or self.y.shape != x.shape:
                self.y = np.empty_like(x)
            self.y[...] = np.tanh(x) * self.t * self.ecay
            return self.y.copy()

    layer = InPlace() if in_place else Caching()
    layer.forward(X)
    layer.backward(np.ones_like(X))
    report = check_gradients(layer, X)
    assert report.ok, str(report)
    assert [v.name for v in report.variables] == ["x"]


class ModuleDropout:
    rng = None

    def generator(self):
        return MODULE_RNG

    def forward(self, x):
        self.mask = (self.generator().random(x.shape) > 0.3) / 0.7
        return x * self.mask

    def backward(self, dy):
        return dy * self.mask


def closed_over():
    rng = np.random.default_rng(3)

    class Dropout(ModuleDropout):
        def generator(self):
            return rng

    return Dropout(), rng


def of_the_class():
    class Dropout(ModuleDropout):
        rng = np.random.default_rng(5)

        def generator(self):
            return self.rng

    return Dropout(), Dropout.rng


DROPOUTS = [lambda: (ModuleDropout(), MODULE_RNG), closed_over, of_the_class]


@pytest.mark.parametrize("make", DROPOUTS)
def test_a_generator_outside_the_layer_is_held_and_left_as_it_was(make):
    layer, rng = make()
    before = rng.bit_generator.state
    report = check_gradients(layer, X)
    assert report.ok, str(report)
    assert rng.bit_generator.state == before


def test_a_mask_drawn_anew_from_the_module_is_still_found():
    class Redrawn(ModuleDropout):
        def backward(self, dy):
            return dy * ((MODULE_RNG.random(dy.shape) > 0.3) / 0.7)

    assert "redrawn-dropout-mask" in check_gradients(Redrawn(), X).codes
