"""Softmax cross-entropy: against SciPy, far from zero, and what must not change it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import logsumexp

import tinynn as nn
from tests import strict

DTYPES = ["float32", "float64"]
ROUNDING = {"float32": 2e-6, "float64": 1e-13}


@st.composite
def problems(draw, size=50.0):
    """Logits (n, classes) and labels (n,)."""
    shape = draw(st.tuples(st.integers(1, 7), st.integers(2, 6)))
    logits = draw(hnp.arrays(np.float64, shape, elements=st.floats(-size, size)))
    labels = draw(hnp.arrays(np.int64, shape[0], elements=st.integers(0, shape[1] - 1)))
    return logits, labels


def value_and_gradient(logits, labels, backend=nn.backend.CPU, loss=None):
    loss = loss or nn.SoftmaxCrossEntropy()
    value = loss.forward(backend.asarray(logits), backend.asarray(labels))
    return backend.to_numpy(value), backend.to_numpy(loss.backward()).copy()


def reference(logits, labels):
    """The same from SciPy's log-sum-exp, in float64."""
    n = np.arange(len(labels))
    log_p = logits - logsumexp(logits, axis=1, keepdims=True)
    gradient = np.exp(log_p)
    gradient[n, labels] -= 1
    return -log_p[n, labels].mean(), gradient / len(labels)


@pytest.mark.parametrize("dtype", DTYPES)
@given(problem=problems())
def test_against_scipy(dtype, problem, backend):
    """Equations `cross-entropy-likelihood`, `cross-entropy-logits`, `cross-entropy-one` and
    `cross-entropy-batch` of `docs/derivations/cross-entropy.md`.
    """
    logits, labels = problem[0].astype(dtype), problem[1]
    value, gradient = value_and_gradient(logits, labels, backend)
    expected, expected_gradient = reference(logits.astype("float64"), labels)
    assert value.dtype == gradient.dtype == dtype
    assert value.shape == ()
    assert gradient.shape == logits.shape
    np.testing.assert_allclose(value, expected, rtol=ROUNDING[dtype], atol=50 * ROUNDING[dtype])
    np.testing.assert_allclose(gradient, expected_gradient, atol=20 * ROUNDING[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_far_from_zero(dtype, backend):
    """Apart, exp would overflow and ln meet zeros; warnings are errors here."""
    logits = np.array([[1e4, -1e4, 0], [-1e4, 1e4, 1e4]], dtype=dtype)
    value, gradient = value_and_gradient(logits, np.array([1, 2]), backend)
    assert value == pytest.approx((2e4 + np.log(2)) / 2, rel=1e-6)
    np.testing.assert_allclose(gradient, [[0.5, -0.5, 0], [0, 0.25, -0.25]], atol=1e-7)
    p = backend.to_numpy(nn.softmax(backend.asarray(logits)))
    np.testing.assert_allclose(p, [[1, 0, 0], [0, 0.5, 0.5]], atol=1e-7)


@given(problem=problems(), shift=st.floats(-1e3, 1e3))
def test_a_shift_of_a_row_changes_nothing(problem, shift):
    """Equation `softmax-shift` of `docs/derivations/softmax.md`."""
    logits, labels = problem
    shifts = shift * np.arange(len(logits))[:, None]
    value, gradient = value_and_gradient(logits, labels)
    shifted, shifted_gradient = value_and_gradient(logits + shifts, labels)
    np.testing.assert_allclose(shifted, value, atol=1e-10)
    np.testing.assert_allclose(shifted_gradient, gradient, atol=1e-10)
    np.testing.assert_allclose(nn.softmax(logits + shifts), nn.softmax(logits), atol=1e-10)


@given(problem=problems(), times=st.integers(2, 4))
def test_a_repeated_batch_changes_nothing(problem, times):
    logits, labels = problem
    value, gradient = value_and_gradient(logits, labels)
    repeated, shares = value_and_gradient(np.tile(logits, (times, 1)), np.tile(labels, times))
    np.testing.assert_allclose(repeated, value, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(shares, np.tile(gradient, (times, 1)) / times, atol=1e-14)


@given(problem=problems())
def test_gradient_rows_sum_to_zero(problem):
    _, gradient = value_and_gradient(*problem)
    np.testing.assert_allclose(gradient.sum(axis=1), 0, atol=1e-14)


@given(problem=problems())
def test_softmax_rows_are_distributions(problem):
    """Equations `softmax-definition` and `softmax-log` of `docs/derivations/softmax.md`."""
    p = nn.softmax(problem[0])
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_allclose(
        p, np.exp(problem[0] - logsumexp(problem[0], axis=1, keepdims=True)), rtol=1e-10
    )


def test_likelihood_and_the_long_way_back_through_the_probabilities():
    """Equations `cross-entropy-likelihood`, `cross-entropy-cancels`, `cross-entropy-distribution` and
    `cross-entropy-batch` of `docs/derivations/cross-entropy.md`: one right class, and distributions for targets.
    """
    rng = np.random.default_rng(0)
    z, labels = rng.normal(size=(5, 4)), np.array([0, 3, 1, 1, 2])
    net, loss = nn.Sequential([nn.Softmax()], (4,), dtype="float64"), nn.SoftmaxCrossEntropy()
    p = net.forward(z)
    assert loss.forward(z, labels) == pytest.approx(-np.log(np.prod(p[np.arange(5), labels])) / 5)
    for t in (np.eye(4)[labels], rng.dirichlet(np.ones(4), 5)):
        by_row = np.log(np.exp(z).sum(axis=1)) - (t * z).sum(axis=1)
        np.testing.assert_allclose(-(t * np.log(p)).sum(axis=1), by_row, rtol=1e-12)
        assert loss.forward(z, t) == pytest.approx(by_row.mean(), rel=1e-12)
        dz = loss.backward()
        np.testing.assert_allclose(dz, (p - t) / 5, rtol=1e-10)
        np.testing.assert_allclose(
            net.backward(-t / p / 5), dz, rtol=1e-10
        )  # 1/p of the logarithm meets p of softmax


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_uniform_logits_cost_ln_k(classes, backend):
    value, _ = value_and_gradient(np.full((3, classes), 7.0), np.arange(3) % classes, backend)
    assert value == pytest.approx(np.log(classes), rel=1e-12)


@given(batches=st.lists(problems(), min_size=2, max_size=5), precisions=st.data())
def test_batches_of_any_size_class_number_and_precision_after_each_other(batches, precisions):
    kept = nn.SoftmaxCrossEntropy()
    for logits, labels in batches:
        logits = logits.astype(precisions.draw(st.sampled_from(DTYPES)))
        before = logits.copy()
        value, gradient = value_and_gradient(logits, labels, loss=kept)
        expected, expected_gradient = value_and_gradient(logits, labels)
        assert value == expected
        np.testing.assert_array_equal(gradient, expected_gradient)
        np.testing.assert_array_equal(logits, before)


def test_from_one_device_to_the_other(backend):
    logits, labels = np.random.default_rng(0).normal(size=(4, 3)), np.array([0, 1, 2, 1])
    loss = nn.SoftmaxCrossEntropy()
    expected = value_and_gradient(logits, labels, loss=loss)
    for ours, cpu in zip(value_and_gradient(logits, labels, backend, loss), expected, strict=True):
        np.testing.assert_allclose(ours, cpu, rtol=1e-12)


def test_out_takes_the_value(backend):
    logits, labels = backend.asarray([[1.0, 2.0, 3.0]]), backend.asarray([0])
    values = backend.xp.zeros(3)
    loss = nn.SoftmaxCrossEntropy()
    loss.forward(logits, labels, out=values[1, ...])
    assert backend.to_numpy(values).tolist() == [0, float(loss.forward(logits, labels)), 0]


@pytest.mark.parametrize(
    "loss",
    [
        nn.SoftmaxCrossEntropy(),
        nn.SoftmaxCrossEntropy(label_smoothing=0.1, class_weights=[1, 2, 3]),
        nn.BinaryCrossEntropy(),
        nn.MeanSquaredError(),
        nn.Huber(),
    ],
    ids=repr,
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_step_allocates_nothing(loss, weighted):
    logits, labels = strict.asarray(np.ones((4, 3), np.float32)), strict.asarray([0, 1, 2, 0])
    targets = labels if isinstance(loss, nn.SoftmaxCrossEntropy) else strict.asarray(np.eye(4, 3, dtype="f"))
    weights, value = strict.asarray(np.arange(4, dtype="f")), strict.empty((), np.float32)
    for books in (strict.count(), strict.forbid("allocations", "transfers", "synchronisations")):
        with books:
            for n in (4, 2, 4):
                loss.forward(logits[:n], targets[:n], weights[:n] if weighted else None, out=value)
                loss.backward()


@pytest.mark.parametrize("shape", [(3,), (4, 1), (4, 2), (4, 3, 1)])
def test_targets_of_another_shape(shape):
    with pytest.raises(ValueError, match=r"4 rows of logits need labels of shape \(4,\).*not \("):
        nn.SoftmaxCrossEntropy().forward(np.zeros((4, 3)), np.zeros(shape, int))


def test_lists_and_whole_numbers_are_taken_as_arrays():
    loss = nn.SoftmaxCrossEntropy()
    value = loss.forward([[1, 2, 3]], [2])
    assert value == loss.forward(np.array([[1.0, 2.0, 3.0]]), np.array([2]))
