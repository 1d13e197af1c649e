"""Weights of every kind of number are checked, wherever they stand; constants are not taken for them."""

import numpy as np
import pytest

from tinynn.gradcheck import check_gradients

X = np.random.default_rng(0).normal(size=(6, 4))
W = np.random.default_rng(2).normal(size=(4, 3))


class Scale:
    """y = w x with a number w; `factor` makes the gradient of w wrong."""

    w, factor = 2, 1.0

    def __init__(self):
        self.w = self.w

    def forward(self, x):
        self.x = x
        return x * np.array(self.w)

    def backward(self, dy):
        self.dw = self.factor * (dy * self.x).sum(axis=tuple(range(2 - np.ndim(self.w))))
        return dy * np.array(self.w)


WEIGHTS = [
    2,
    np.int64(3),
    0.5,
    [0.5, -1.0, 2.0, 1.0],
    [1, 2, 3, -1],
    (1.0, 2, 3, 4.0),
    np.array([1, 2, 3, -1]),
]


@pytest.mark.parametrize("w", WEIGHTS, ids=repr)
def test_weights_of_any_kind_of_number_are_checked(w):
    right, wrong = Scale(), Scale()
    right.w = wrong.w = w
    wrong.factor = -1.0
    report = check_gradients(right, X)
    assert report.ok, str(report)
    assert [v.name for v in report.variables] == ["w", "x"]
    assert check_gradients(wrong, X).codes == ["wrong-sign"]
    assert right.w is w


class OfLists:
    """A layer without numpy."""

    def __init__(self, divide=1):
        self.W, self.b, self.divide = W.tolist(), [0.0] * 3, divide
        self.dW, self.db = [[0.0] * 3 for _ in range(4)], None

    def forward(self, x):
        self.x = x
        return [[sum(a * w for a, w in zip(r, c)) + b for c, b in zip(zip(*self.W), self.b)] for r in x]  # noqa: B905

    def backward(self, dy):
        for i in range(4):
            for j in range(3):
                self.dW[i][j] = sum(r[i] * d[j] for r, d in zip(self.x, dy, strict=True)) / self.divide
        self.db = [sum(d[j] for d in dy) for j in range(3)]
        return [[sum(d[j] * self.W[i][j] for j in range(3)) for i in range(4)] for d in dy]


def test_weights_in_lists_of_lists_are_checked():
    assert check_gradients(OfLists(), X).ok
    report = check_gradients(OfLists(divide=6), X)
    assert report.codes == ["partial-mean"]
    assert report.diagnoses[0].variables == ("W",)


def test_whole_numbers_that_are_no_weights_are_left_alone():
    class Strided:
        def __init__(self):
            self.step, self.dstep, self.shape, self.order = 1, 1, (4, 3), np.array([2, 0, 3, 1])
            self.dorder = np.arange(4)

        def forward(self, x):
            self.n, self.dn = len(x), 1
            return x[:, self.order][:, :: self.step]

        def backward(self, dy):
            self.dstep, self.dorder = 1, np.arange(4)
            dx = np.empty_like(dy)
            dx[:, self.order] = dy
            return dx

    report = check_gradients(Strided(), X)
    assert report.ok, str(report)
    assert [v.name for v in report.variables] == ["x"]


def test_weights_of_the_class_are_checked_and_its_constants_are_not():
    class OfClass:
        W = W.copy()
        kernel = np.array([1.0, 0.5, 2.0])
        factor = 1.0

        def forward(self, x):
            self.x = x
            return x @ self.W * self.kernel

        def backward(self, dy):
            self.dW = self.factor * self.x.T @ (dy * self.kernel)
            return (dy * self.kernel) @ self.W.T

    report = check_gradients(OfClass(), X)
    assert report.ok, str(report)
    OfClass.factor = 2.0
    assert check_gradients(OfClass(), X).codes == ["extra-factor-two"]
    assert np.array_equal(OfClass.W, W)


def test_weights_of_the_module_are_named_as_unseen():
    class OfModule:
        def forward(self, x):
            return x @ W

        def backward(self, dy):
            return dy @ W.T

    assert "W is not checked: forward reads it from the module" in str(check_gradients(OfModule(), X))


class Fixed:
    """x ∘ c + x W with a fixed c, kept as an array that could be written to."""

    def __init__(self, name, constant):
        self.name, self.W = name, np.eye(4) + 0.1
        setattr(self, name, constant)

    def forward(self, x):
        self.x = x
        return x * getattr(self, self.name) + x @ self.W

    def backward(self, dy):
        self.dW = self.x.T @ dy
        return dy * getattr(self, self.name) + dy @ self.W.T


@pytest.mark.parametrize(
    "name", ["mask", "fixed_mask", "inputMean", "std", "pe", "running_mean", "feature_var"]
)
def test_a_constant_known_by_its_name_is_not_accused(name):
    report = check_gradients(Fixed(name, np.array([1.0, 0.0, 1.0, 1.0])), X)
    assert report.ok, str(report)
    assert f"{name} is not checked" in str(report)


def test_a_constant_that_is_not_listed_to_be_learned_is_not_accused():
    class Listing(Fixed):
        def parameters(self):
            return [self.W]

    class Copying(Fixed):
        def parameters(self):
            return [self.W.copy()]

    constant = np.array([1.0, 2.0, 3.0, 4.0])
    assert check_gradients(Listing("c", constant), X).ok
    for undecided in (Fixed("c", constant), Copying("c", constant)):
        report = check_gradients(undecided, X)
        assert report.codes == ["no-gradient"]
        assert report.headline == "every gradient that came is right; none came for c"
    assert check_gradients(Fixed("c", np.array(2.0)), X).ok


@pytest.mark.parametrize("word", ["slope", "multiplier", "invariant", "W_steps"])
def test_a_constants_name_must_be_a_whole_word(word):
    assert check_gradients(Fixed(word, np.ones(4)), X).codes == ["no-gradient"]


x = np.ones(3)


class WithItsOwn:
    """A layer that keeps an array under a name which the module has, too."""

    def forward(self, rows):
        self.x = rows
        return self.x * 2

    def backward(self, dy):
        return dy * 2


def test_an_attribute_is_not_the_modules_array_of_that_name():
    assert "not checked" not in str(check_gradients(WithItsOwn(), X))
