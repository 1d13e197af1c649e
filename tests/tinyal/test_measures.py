"""The scores against their definitions, against SciPy, and against the mistakes that published code makes."""

import itertools
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.special import entr, rel_entr
from scipy.stats import entropy as scipy_entropy

from tests import strict
from tinyal import measures
from tinyal.measures import (
    bald,
    consensus_kl,
    entropy,
    information_gain,
    least_confidence,
    margin,
    mean_std,
    variation_ratio,
    vote_entropy,
)
from tinynn.backend import register
from tinynn.cuda import CudaBackend

POINTWISE = [entropy, least_confidence, margin]
SAMPLED = [variation_ratio, vote_entropy, bald, consensus_kl, mean_std]
EVERY = POINTWISE + SAMPLED
UNSURE = {  # score of the uniform distribution over K classes, or of T = K samples each sure of another class
    entropy: lambda K: math.log(K),
    least_confidence: lambda K: 1 - 1 / K,
    margin: lambda K: 0.0,
    variation_ratio: lambda K: 1 - 1 / K,
    vote_entropy: lambda K: math.log(K),
    bald: lambda K: math.log(K),
    consensus_kl: lambda K: math.log(K),
    mean_std: lambda K: math.sqrt(K - 1) / K,
}


def normalised(weights):
    """Turn whole numbers into distributions over the last axis, zeros and ones included."""
    weights[..., 0] += weights.sum(axis=-1) == 0
    return weights / weights.sum(axis=-1, keepdims=True)


def distributions(*dimensions):
    shapes = st.tuples(*(st.integers(low, 6) for low in dimensions))
    weights = shapes.flatmap(lambda shape: hnp.arrays(np.int64, shape, elements=st.integers(0, 9)))
    return weights.map(normalised).flatmap(lambda p: st.sampled_from([p, p.astype(np.float32)]))


ROWS = distributions(1, 2)
SAMPLES = distributions(1, 1, 2)


def example(measure, dtype=np.float64, seed=0):
    shape = (40, 5) if measure in POINTWISE else (7, 40, 5)
    return normalised(np.random.default_rng(seed).integers(0, 5, shape)).astype(dtype)


def tolerance(p):
    return 2e-6 if p.dtype == np.float32 else 1e-14


# Definitions: the vectors of the reference.


def test_one_row():
    """Equation `entropy-entropy` of `docs/derivations/entropy.md`."""
    p = [[0.7, 0.2, 0.1]]
    assert entropy(p)[0] == pytest.approx(0.801819, abs=5e-7)
    assert entropy(p, base=2)[0] == pytest.approx(1.156780, abs=5e-7)
    assert entropy(p, base=3)[0] == pytest.approx(0.729847, abs=5e-7)
    assert least_confidence(p)[0] == pytest.approx(0.3)
    assert margin(p)[0] == pytest.approx(0.5)


def test_two_members():
    """Equations `bald-two-networks` and `bald-samples` of `docs/derivations/bald.md`."""
    samples = [[[0.9, 0.1], [1, 0], [0.5, 0.5]], [[0.6, 0.4], [0, 1], [0.5, 0.5]]]
    np.testing.assert_allclose(bald(samples), [0.063288, math.log(2), 0], atol=5e-7)
    np.testing.assert_allclose(consensus_kl(samples), [0.063288, math.log(2), 0], atol=5e-7)
    np.testing.assert_allclose(variation_ratio(samples), [0, 0.5, 0])
    np.testing.assert_allclose(vote_entropy(samples), [0, math.log(2), 0])
    np.testing.assert_allclose(mean_std(samples), [0.15, 0.5, 0])


def test_quinlans_weather():
    """The gains in bits that "Induction of decision trees" (1986) prints, cut off after three digits."""
    outlook, humidity, wind = [[3, 2], [0, 4], [2, 3]], [[4, 3], [1, 6]], [[2, 6], [3, 3]]
    bits = [information_gain(table) / math.log(2) for table in (outlook, humidity, wind)]
    np.testing.assert_allclose(bits, [0.246, 0.151, 0.048], atol=1e-3)


# Independent oracles.


@given(ROWS)
def test_entropy_is_scipys(p):
    """Equations `entropy-entropy` and `entropy-matrix` of `docs/derivations/entropy.md`."""
    np.testing.assert_allclose(entropy(p), entr(p).sum(axis=1), atol=tolerance(p))
    np.testing.assert_allclose(entropy(p, base=2), scipy_entropy(p, base=2, axis=1), atol=2 * tolerance(p))


@given(SAMPLES)
def test_bald_is_the_mean_divergence_from_the_mean(samples):
    """Equation `bald-consensus` of `docs/derivations/bald.md`."""
    divergence = rel_entr(samples, samples.mean(axis=0)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(bald(samples), divergence, atol=2 * tolerance(samples))


@given(SAMPLES)
def test_bald_is_the_information_gain_of_a_sample_index_about_the_label(samples):
    """Equation `bald-from-the-label` of `docs/derivations/bald.md`."""
    gains = [information_gain(samples[:, row]) for row in range(samples.shape[1])]
    np.testing.assert_allclose(bald(samples), gains, atol=2 * tolerance(samples))


def test_votes_of_four_members():
    """Three to one: −¾ ln ¾ − ¼ ln ¼ = 0.562335, where the ratio is ¼; a tied member votes for the first class."""
    samples = [[[0.9, 0.1]], [[0.6, 0.4]], [[0.5, 0.5]], [[0.2, 0.8]]]
    assert vote_entropy(samples)[0] == pytest.approx(0.562335, abs=5e-7)
    assert variation_ratio(samples)[0] == 0.25


@given(SAMPLES)
def test_the_divergence_from_the_consensus_is_bald(samples):
    """mean_t KL(p_t ‖ p̄) = H(p̄) − mean_t H(p_t), each computed in its own way.

    Equation `bald-consensus` of `docs/derivations/bald.md`.
    """
    divergence = rel_entr(samples, samples.mean(axis=0)).sum(axis=2).mean(axis=0)
    np.testing.assert_allclose(consensus_kl(samples), divergence, atol=2 * tolerance(samples))
    np.testing.assert_allclose(consensus_kl(samples), bald(samples), atol=3 * tolerance(samples))


@given(SAMPLES)
def test_vote_entropy_and_variation_ratio_count_votes(samples):
    T, n, K = samples.shape
    votes = np.array([np.bincount(samples[:, row].argmax(axis=1), minlength=K) for row in range(n)]) / T
    np.testing.assert_allclose(vote_entropy(samples), entr(votes).sum(axis=1), atol=tolerance(samples))
    np.testing.assert_allclose(variation_ratio(samples), 1 - votes.max(axis=1), atol=tolerance(samples))
    assert (vote_entropy(samples) <= math.log(min(T, K)) + tolerance(samples)).all()


@given(SAMPLES)
def test_sure_members_differ_as_much_as_their_votes(samples):
    """Of one-hot samples votes lose nothing, so that the entropy of votes is BALD."""
    sure = np.eye(samples.shape[2], dtype=samples.dtype)[samples.argmax(axis=2)]
    np.testing.assert_allclose(vote_entropy(sure), bald(sure), atol=tolerance(samples))


@given(SAMPLES)
def test_mean_std_is_numpys(samples):
    np.testing.assert_allclose(mean_std(samples), samples.std(axis=0).mean(axis=1), atol=tolerance(samples))


@given(hnp.arrays(np.int64, (3, 4), elements=st.integers(0, 9)).filter(np.any), st.floats(0.01, 100))
def test_information_gain_is_the_divergence_from_independence(counts, scale):
    """Equations `entropy-information` and `entropy-symmetric` of `docs/derivations/entropy.md`."""
    joint = counts / counts.sum()
    independent = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
    gain = rel_entr(joint, independent).sum()
    assert information_gain(counts) == pytest.approx(gain, abs=1e-14)
    assert information_gain(counts * scale) == pytest.approx(gain, abs=1e-14)
    assert information_gain(counts.T) == pytest.approx(gain, abs=1e-14)


def test_a_feature_that_decides_gains_all_of_the_entropy():
    assert information_gain([[3, 0], [0, 1], [4, 0]]) == pytest.approx(entropy([[7 / 8, 1 / 8]])[0])
    assert information_gain([[3, 6], [1, 2]]) == pytest.approx(0, abs=1e-15)


def test_surprise_is_the_logarithm():
    """Equations `entropy-additive`, `entropy-surprise` and `entropy-tangent` of `docs/derivations/entropy.md`.

    The entropy of n answers that are equally likely is the surprise of each, s(1/n).
    """

    def surprise(n):
        return entropy(np.full((1, n), 1 / n))[0]

    for n, m in itertools.product((2, 3, 7), repeat=2):
        assert surprise(n * m) == pytest.approx(surprise(n) + surprise(m), rel=1e-12)
        assert surprise(n) == pytest.approx(-math.log(1 / n), rel=1e-12)
    x = np.arange(1, 500) / 100
    below = x - 1 - np.log(x)
    assert below[x == 1].tolist() == [0]
    assert (below[x != 1] > 0).all()


@given(ROWS)
def test_divergence_is_never_negative_and_from_the_uniform_distribution_what_entropy_lacks(p):
    """Equations `entropy-divergence` and `entropy-maximum` of `docs/derivations/entropy.md`."""
    K = p.shape[1]
    q = np.random.default_rng(K).dirichlet(np.ones(K), len(p))
    divergence = rel_entr(p, q).sum(axis=1)
    certain = p > 0
    tangent = -np.where(certain, p * (q / np.where(certain, p, 1) - 1), 0).sum(axis=1)
    assert (divergence > tangent - 2e-6).all()
    assert (tangent > -2e-6).all()
    np.testing.assert_allclose(rel_entr(p, p).sum(axis=1), 0, atol=1e-15)
    np.testing.assert_allclose(rel_entr(p, 1 / K).sum(axis=1), math.log(K) - entropy(p), atol=2e-6)


@pytest.mark.parametrize("seed", range(5))
def test_what_one_unknown_tells_about_another(seed):
    """Equations `entropy-information`, `entropy-symmetric` and `entropy-chain` of `docs/derivations/entropy.md`."""
    joint = np.random.default_rng(seed).dirichlet(np.ones(12)).reshape(3, 4)
    x, y = joint.sum(axis=1), joint.sum(axis=0)
    h_x, h_y, h_xy = entropy(x[None])[0], entropy(y[None])[0], entropy(joint.reshape(1, -1))[0]
    y_given_x = x @ entropy(joint / x[:, None])
    x_given_y = y @ entropy((joint / y).T)
    assert h_xy == pytest.approx(h_x + y_given_x, rel=1e-12)
    assert information_gain(joint) == pytest.approx(h_y - y_given_x, rel=1e-10)
    assert information_gain(joint) == pytest.approx(h_x - x_given_y, rel=1e-10)
    assert information_gain(joint) == pytest.approx((joint * np.log(joint / x[:, None] / y)).sum(), rel=1e-10)


@pytest.mark.parametrize("seed", range(5))
def test_bald_is_what_a_label_is_expected_to_tell_about_the_networks(seed):
    """Equations `bald-bayes`, `bald-gain`, `bald-cancelled`, `bald-samples`, `bald-two-kinds` and `bald-jensen` of
    `docs/derivations/bald.md`, with a posterior for each label.
    """
    T, K = 5, 3
    p = np.random.default_rng(seed).dirichlet(np.ones(K), T)  # (networks, labels)
    p_y = p.mean(axis=0)
    posterior = (p / T / p_y).T  # a line for each label
    np.testing.assert_allclose(posterior.sum(axis=1), 1, rtol=1e-12)
    worth = bald(p[:, None])[0]
    assert worth == pytest.approx(math.log(T) - p_y @ entropy(posterior), rel=1e-10)
    joint = p / T
    assert worth == pytest.approx((joint * np.log(posterior.T * T)).sum(), rel=1e-10)
    assert worth == pytest.approx((joint * np.log(p / p_y)).sum(), rel=1e-10)
    together, alone = entropy(p_y[None])[0], entropy(p).mean()
    assert worth == pytest.approx(together - alone, rel=1e-10)
    assert together == pytest.approx(worth + alone, rel=1e-12)
    assert together > alone


# Properties.


@pytest.mark.parametrize("measure", EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("K", [2, 3, 10])
def test_extremes(measure, dtype, K):
    """Equations `entropy-maximum` of `docs/derivations/entropy.md` and `bald-bounds` of `docs/derivations/bald.md`,
    where they are reached.
    """
    sure = np.eye(K, dtype=dtype)
    if measure in POINTWISE:
        certain, unsure = sure, np.full((1, K), 1 / K, dtype)
    else:
        certain, unsure = np.stack([sure] * 4), sure[:, None]
    score_if_certain = 1.0 if measure is margin else 0.0
    assert (measure(certain) == score_if_certain).all()
    assert not np.signbit(measure(certain)).any(), "-0.0 is no score to show to anyone"
    np.testing.assert_allclose(measure(unsure), UNSURE[measure](K), rtol=1e-6)


@pytest.mark.parametrize("measure", EVERY)
@given(data=st.data())
def test_bounds(measure, data):
    """Equations `entropy-maximum` of `docs/derivations/entropy.md` and `bald-bounds` of `docs/derivations/bald.md`,
    for entropy and BALD among the others.
    """
    p = data.draw(ROWS if measure in POINTWISE else SAMPLES)
    limits = sorted([1.0 if measure is margin else 0.0, UNSURE[measure](p.shape[-1])])
    scores = measure(p)
    assert scores.shape == p.shape[-2:-1]
    assert scores.dtype == p.dtype
    assert (scores >= limits[0]).all()
    assert (scores <= limits[1] + tolerance(p)).all()


@given(SAMPLES)
def test_bald_is_at_most_the_entropy_of_the_mean_and_the_log_of_the_number_of_samples(samples):
    """Equation `bald-bounds` of `docs/derivations/bald.md`."""
    assert (bald(samples) <= entropy(samples.mean(axis=0)) + tolerance(samples)).all()
    assert (bald(samples) <= math.log(len(samples)) + tolerance(samples)).all()


@pytest.mark.parametrize("measure", SAMPLED)
@given(p=ROWS, T=st.integers(1, 8))
def test_equal_members_have_nothing_to_disagree_about(measure, p, T):
    np.testing.assert_allclose(measure(np.stack([p] * T)), 0, atol=2 * tolerance(p))


@pytest.mark.parametrize("measure", EVERY)
def test_the_order_of_classes_rows_and_samples_is_irrelevant(measure):
    p = example(measure)
    p = p + np.random.default_rng(1).random(p.shape) * 1e-3  # no ties: the first class wins a tied vote
    p /= p.sum(axis=-1, keepdims=True)
    scores, rng = measure(p), np.random.default_rng(2)
    classes, rows = rng.permutation(5), rng.permutation(40)
    np.testing.assert_allclose(measure(p[..., classes]), scores, atol=1e-14)
    np.testing.assert_allclose(measure(p[..., rows, :]), scores[rows], atol=1e-14)
    if measure in SAMPLED:
        np.testing.assert_allclose(measure(p[rng.permutation(7)]), scores, atol=1e-14)


@pytest.mark.parametrize("measure", EVERY)
def test_a_row_scores_the_same_alone(measure):
    p = example(measure)
    alone = [measure(p[..., row : row + 1, :])[0] for row in range(40)]
    np.testing.assert_allclose(alone, measure(p), atol=1e-15)


@pytest.mark.parametrize("measure", EVERY)
def test_memory_layout_is_irrelevant_and_the_input_stays(measure):
    p = example(measure)
    before = p.copy()
    expected = measure(p)
    np.testing.assert_allclose(measure(np.asfortranarray(p)), expected, atol=1e-15)
    p.setflags(write=False)
    measure(p)
    np.testing.assert_array_equal(p, before)


@pytest.mark.parametrize("measure", EVERY)
def test_what_counts_as_numbers(measure):
    p = example(measure)
    np.testing.assert_array_equal(measure(p.tolist()), measure(p))
    half = measure(p.astype(np.float16))
    assert half.dtype == np.float32
    np.testing.assert_allclose(half, measure(p), atol=5e-3)
    one_hot = (p == p.max(axis=-1, keepdims=True)) & (
        np.cumsum(p == p.max(axis=-1, keepdims=True), axis=-1) == 1
    )
    for labels in (one_hot, one_hot.astype(np.int8)):
        np.testing.assert_array_equal(measure(labels), measure(one_hot.astype(float)))


@pytest.mark.parametrize("measure", EVERY)
def test_on_a_device_the_scores_are_the_same_and_one_read_is_all(measure):
    register(CudaBackend("strict", strict))
    p = example(measure, np.float32)
    device_p = strict.asarray(p)
    with strict.count() as counts:
        scores = measure(device_p)
    assert isinstance(scores, strict.ndarray)
    assert counts.synchronisations == 1
    np.testing.assert_allclose(strict.asnumpy(scores), measure(p), atol=1e-6)


def test_information_gain_and_errors_on_a_device():
    register(CudaBackend("strict", strict))
    assert information_gain(strict.asarray([[1.0, 0.0], [0.0, 1.0]])) == pytest.approx(math.log(2))
    with pytest.raises(ValueError, match=r"row 1 .* it holds -1.*softmax"):
        entropy(strict.asarray([[0.5, 0.5], [2.0, -1.0]]))


# What is no probability.


@pytest.mark.parametrize("measure", EVERY)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ([np.nan, 0.5, 0, 0, 0.5], "NaN or infinity"),
        ([np.inf, -np.inf, 0, 0, 1], "NaN or infinity"),
        ([2.0, -1.0, 0, 0, 0], "holds -1. Are these logits .*softmax"),
        ([-1e-3, 0.501, 0.5, 0, 0], "holds -0.001"),
        ([3e38, 3e38, 0, 0, 0], r"sums to (6e\+38|inf)"),
        ([0.5, 0.25, 0.2, 0, 0], "sums to 0.95"),
        ([0.5, 0.25, 0.25, 0.002, 0], "sums to 1.002"),
        ([4, 1, 0, 0, 0], "sums to 5.*counts"),
    ],
)
def test_bad_rows_are_named(measure, dtype, bad, message):
    p = example(measure, dtype)
    where, place, fail = 17, "row 17", "1 of 40"
    if measure in SAMPLED:
        where, place, fail = (3, 17), "sample 3, row 17", "1 of 280"
    p[where] = bad
    with pytest.raises(ValueError, match=f"^{place} is no probability.*{message}.*{fail} rows fail"):
        measure(p)


@pytest.mark.parametrize("measure", EVERY)
def test_rounding_is_no_error(measure):
    p = example(measure, np.float32)
    off = p * np.float32(1.0005)
    off[..., 0, :] = [1, -1e-7, 0, 0, 0]
    scores = measure(off)
    assert np.isfinite(scores).all()
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores[1:], measure(p)[1:], atol=2e-3)


def test_rounding_below_zero_counts_as_zero():
    p = [[-5e-7, 0.5, 0.5 + 5e-7], [1 + 1e-7, -1e-7, 0]]
    np.testing.assert_allclose(entropy(p), [math.log(2), 0], atol=1e-6)
    assert bald([p, p]).max() < 1e-6


@pytest.mark.parametrize("measure", SAMPLED)
def test_samples_with_the_classes_first_are_recognised(measure):
    samples = np.moveaxis(example(measure), -1, 0)
    with pytest.raises(ValueError, match=r"axis 0 sums to one.*np.moveaxis\(p, 0, -1\)"):
        measure(samples)
    measure(np.moveaxis(samples, 0, -1))


@pytest.mark.parametrize(
    ("measure", "shape", "message"),
    [
        (entropy, (3,), r"p\[None\]"),
        (entropy, (4, 5, 3), r"samples.mean\(axis=0\)"),
        (bald, (5, 3), "nothing to disagree with"),
        (bald, (3,), r"\(samples, rows, classes\)"),
        (margin, (0, 3), "nothing to score"),
        (bald, (0, 5, 3), "nothing to score"),
        (least_confidence, (5, 0), "nothing to score"),
        (margin, (5, 1), r"\(1 - p, p\)"),
    ],
)
def test_shapes(measure, shape, message):
    with pytest.raises(ValueError, match=message):
        measure(np.ones(shape) / max(shape[-1], 1))


def test_other_refusals():
    for base in (1, 0, -2, math.nan, math.inf):
        with pytest.raises(ValueError, match="base"):
            entropy([[0.5, 0.5]], base=base)
    for not_real in ([[0.5j, 0.5]], [["a", "b"]], [[None, 1.0]]):
        with pytest.raises(TypeError, match="real numbers"):
            entropy(not_real)
    for table in ([1, 2], [[1, -1]], [[0, 0]], [[math.nan, 1]], [[math.inf, 1]]):
        with pytest.raises(ValueError, match="joint table"):
            information_gain(table)


# Mistakes seen in published code.


def test_zero_times_log_zero_is_zero():
    """Equation `entropy-zero` of `docs/derivations/entropy.md`."""
    assert entropy([[1.0, 0.0]])[0] == 0
    assert entropy(np.array([[1.0, 0.0]], np.float32))[0] == 0
    assert bald([[[1.0, 0.0]], [[1.0, 0.0]]])[0] == 0
    assert entropy([[1.0, 1e-50]])[0] == pytest.approx(1e-50 * 50 * math.log(10), abs=0), (
        "nothing is added to p"
    )


@pytest.mark.parametrize("measure", EVERY)
def test_a_nan_does_not_win_the_ranking(measure):
    p = example(measure)
    p[..., 5, :] = np.nan
    with pytest.raises(ValueError, match="row 5 "):
        np.argmax(measure(p))


def test_nats_everywhere():
    half = np.array([[0.5, 0.5]])
    sure = np.array([[[1.0, 0.0]], [[0.0, 1.0]]])
    for nats in (entropy(half)[0], bald(sure)[0], information_gain([[1, 0], [0, 1]])):
        assert nats == pytest.approx(math.log(2))
    assert entropy(half, base=2)[0] == pytest.approx(1)


def test_the_variation_ratio_is_not_the_least_confidence_of_the_mean():
    samples = np.array([[[0.9, 0.1]], [[0.6, 0.4]]])
    assert variation_ratio(samples)[0] == 0
    assert least_confidence(samples.mean(axis=0))[0] == pytest.approx(0.25)


def test_a_small_margin_asks_first():
    p = [[0.9, 0.1, 0.0], [0.4, 0.35, 0.25], [0.6, 0.2, 0.2]]
    assert np.argmin(margin(p)) == np.argmax(entropy(p)) == np.argmax(least_confidence(p)) == 1


def test_importing_is_cheap():
    code = (
        f"import sys; sys.path[:] = {sys.path!r}; import {measures.__name__}; "
        "print(*(name for name in ('matplotlib', 'scipy.stats', 'tqdm') if name in sys.modules))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "\n"
    )
