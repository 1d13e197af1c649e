"""BatchBALD against enumeration of all combinations of labels: entropies, choices, estimates, and its promises."""

import itertools
import math
import pickle

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tinyal import joint_entropy, measures
from tinyal.joint_entropy import JointEntropy
from tinyal.strategies import BALD, choose
from tinyal.strategies.batchbald import BatchBALD
from tinyal.view import PoolView


class Known:
    """A model whose posterior samples are known beforehand: row i of its pool holds the number i."""

    def __init__(self, samples):
        self.samples = np.asarray(samples)
        self.classes_ = np.arange(self.samples.shape[2])

    def fit(self, x, y):
        raise AssertionError("BatchBALD trains nothing")

    def predict_proba(self, x):
        return self.samples[:, x[:, 0]].mean(axis=0)

    def sample_proba(self, x, n_samples, seed):
        return self.samples[:n_samples, x[:, 0]]


def random_samples(T=6, n=12, K=3, seed=0, sharpness=0.3):
    return np.random.default_rng(seed).dirichlet(np.full(K, sharpness), (T, n))


def view_of(samples, candidates=None):
    n = samples.shape[1]
    candidates = np.arange(n) if candidates is None else np.asarray(candidates)
    labeled = np.setdiff1d(np.arange(n), candidates)[:1]
    pool = np.arange(n)[:, None]
    return PoolView(Known(samples), pool, candidates, labeled, labeled * 0, np.arange(samples.shape[2]))


def select(samples, n, seed=0, candidates=None, **settings):
    strategy = BatchBALD(len(samples), **settings)
    return choose(strategy, view_of(samples, candidates), n, np.random.default_rng(seed))


def enumerated(samples):
    """Return H(y₁ … y_b) and I(y₁ … y_b; ω) of rows (T, b, K), one combination of labels after the other."""
    T, b, K = samples.shape
    joint = 0.0
    for labels in itertools.product(range(K), repeat=b):
        p = sum(math.prod(samples[t, i, labels[i]] for i in range(b)) for t in range(T)) / T
        joint -= p * math.log(p) if p > 0 else 0.0
    given = -sum(float(p) * math.log(p) for p in samples.ravel() if p > 0) / T
    return joint, joint - given


def greedy(samples, n):
    chosen = []
    for _ in range(n):
        left = [row for row in range(samples.shape[1]) if row not in chosen]
        chosen.append(max(left, key=lambda row: enumerated(samples[:, [*chosen, row]])[1]))
    return chosen


def joint_of(samples, limit=10_000, seed=0):
    joint = JointEntropy(len(samples), limit, np.random.default_rng(seed))
    for row in range(samples.shape[1]):
        joint.add(samples[:, row])
    return joint


# The joint entropy.


@pytest.mark.parametrize(("b", "K"), [(1, 2), (1, 5), (2, 3), (3, 4), (5, 3), (8, 2)])
def test_joint_entropy_is_that_of_all_combinations(b, K):
    """Equations `batchbald-joint` and `batchbald-combinations` of `docs/derivations/batchbald.md`."""
    samples = random_samples(n=b, K=K)
    joint, (entropy, information) = joint_of(samples), enumerated(samples)
    assert joint.exact
    assert joint.entropy == pytest.approx(entropy, abs=1e-12)
    assert joint.information == pytest.approx(information, abs=1e-12)


def test_a_gain_is_the_information_of_the_larger_batch_less_that_of_the_smaller():
    """Equation `batchbald-gain` of `docs/derivations/batchbald.md`."""
    samples = random_samples(n=9)
    joint = JointEntropy(len(samples), 10_000, np.random.default_rng(0))
    for b in range(4):
        _, before = enumerated(samples[:, :b])
        gains = [enumerated(samples[:, [*range(b), row]])[1] - before for row in range(9)]
        np.testing.assert_allclose(joint.gains(samples), gains, atol=1e-12)
        joint.add(samples[:, b])


def test_given_the_network_labels_are_independent_and_top_bald_counts_twice():
    """Equations `batchbald-joint`, `batchbald-independent` and `batchbald-counted-twice` of
    `docs/derivations/batchbald.md`, with each network's distribution over all combinations of labels.
    """
    samples = random_samples(T=4, n=3, K=3, sharpness=1)
    _, b, K = samples.shape
    tables = np.array(  # p(labels | network), a line for each network
        [
            [math.prod(p[i, y[i]] for i in range(b)) for y in itertools.product(range(K), repeat=b)]
            for p in samples
        ]
    )
    given_network = measures.entropy(tables).mean()
    each = [measures.entropy(samples[:, i]).mean() for i in range(b)]
    together = measures.entropy(tables.mean(axis=0, keepdims=True))[0]
    assert given_network == pytest.approx(sum(each), rel=1e-12)
    assert joint_of(samples).information == pytest.approx(together - given_network, rel=1e-10)
    twice = measures.bald(samples).sum() - joint_of(samples).information
    alone = measures.entropy(samples.mean(axis=0)).sum()
    assert twice == pytest.approx(alone - together, rel=1e-10)
    assert twice > 0.01


def test_a_gain_is_the_doubt_about_a_label_when_others_are_known():
    """Equation `batchbald-gain` of `docs/derivations/batchbald.md`, its second form, by Bayes' rule for two labels."""
    samples = random_samples(T=5, n=3, K=3, sharpness=1)
    joint = joint_of(samples[:, :2])
    known = np.einsum("ta,tb->abt", samples[:, 0], samples[:, 1]).reshape(9, 5) / 5
    p = known.sum(axis=1)
    doubt = p @ measures.entropy((known / p[:, None]) @ samples[:, 2])
    gain = doubt - measures.entropy(samples[:, 2]).mean()
    assert joint.gains(samples)[2] == pytest.approx(gain, rel=1e-10)


def test_without_rows_a_gain_is_bald():
    samples = random_samples(n=50)
    joint = JointEntropy(len(samples), 100, np.random.default_rng(0))
    np.testing.assert_allclose(joint.gains(samples), measures.bald(samples), atol=1e-12)
    assert joint.entropy == joint.information == 0


def test_certain_labels_cost_no_combinations():
    """Three networks, each sure of all labels: of 2^30 combinations three have a probability."""
    labels = np.random.default_rng(0).integers(2, size=(3, 30))
    joint = joint_of(np.eye(2)[labels], limit=3)
    assert joint.exact
    assert joint.entropy == pytest.approx(math.log(3))
    assert joint.information == pytest.approx(math.log(3))


def test_information_never_exceeds_what_the_samples_hold():
    joint = joint_of(random_samples(T=4, n=12, sharpness=0.1), limit=500)
    assert 0.9 * math.log(4) < joint.information <= math.log(4) + 0.05


def test_in_single_precision_gains_stay_exact():
    samples = random_samples(n=8).astype(np.float32)
    joint = joint_of(samples[:, :3])
    exact = joint_of(samples[:, :3].astype(np.float64))
    np.testing.assert_allclose(joint.gains(samples), exact.gains(samples.astype(np.float64)), atol=1e-12)
    agreed = np.tile(
        samples[:1], (6, 1, 1)
    )  # nothing to gain, to more digits than these probabilities sum to one
    assert joint.gains(agreed).max() < 1e-14


# Estimates.


def estimates(limit, seeds=40):
    """Of twelve labels in 4096 combinations; combinations are drawn again and again on the way there."""
    samples = random_samples(T=8, n=12, K=2, sharpness=0.6)
    found = np.array([joint_of(samples, limit, seed).information for seed in range(seeds)])
    assert not joint_of(samples, limit).exact
    return found, enumerated(samples)[1]


def test_an_estimate_is_unbiased_and_nears_the_exact_value_as_combinations_are_added():
    """Equation `batchbald-unbiased` of `docs/derivations/batchbald.md`."""
    few, exact = estimates(limit=16)
    many, _ = estimates(limit=256)
    for found in (few, many):
        assert abs(found.mean() - exact) < 4 * found.std(ddof=1) / math.sqrt(len(found))
    # Sixteen times the combinations give a fourth of the error, or less.
    assert np.sqrt(((many - exact) ** 2).mean()) < 0.4 * np.sqrt(((few - exact) ** 2).mean())
    assert np.abs(many - exact).max() < 0.02 * exact


def test_estimated_gains_are_unbiased_too():
    """Equation `batchbald-unbiased` of `docs/derivations/batchbald.md`."""
    samples = random_samples(T=8, n=9, sharpness=0.6)
    exact = joint_of(samples[:, :6]).gains(samples)
    found = np.array([joint_of(samples[:, :6], 40, seed).gains(samples) for seed in range(100)])
    assert (np.abs(found.mean(axis=0) - exact) < 4.5 * found.std(axis=0, ddof=1) / 10 + 1e-12).all()


def test_what_the_labels_so_far_settle_gains_nothing_whichever_are_drawn():
    """The first label tells two kinds of networks apart; within a kind all networks say the same of every row."""
    kinds = np.arange(10) % 2
    rows = np.random.default_rng(0).dirichlet([1, 1, 1], (2, 20))[kinds]
    for seed in range(4):
        joint = JointEntropy(10, 1, np.random.default_rng(seed))
        assert joint.gains(rows).max() > 0.05
        joint.add(np.eye(2)[kinds])
        assert not joint.exact
        gains = joint.gains(rows)
        assert (gains >= 0).all()
        assert gains.max() < 1e-14


@pytest.mark.parametrize("limit", [1, 2, 7, 10_000])
def test_gains_are_never_negative_and_while_exact_never_grow(limit):
    """Equation `batchbald-submodular` of `docs/derivations/batchbald.md`."""
    samples = random_samples(T=10, n=30, sharpness=0.2)
    joint = JointEntropy(10, limit, np.random.default_rng(0))
    earlier = joint.gains(samples)
    for row in range(6):
        joint.add(samples[:, row])
        gains = joint.gains(samples)
        assert (gains >= 0).all()
        if joint.exact:
            assert (gains <= earlier + 1e-12).all()
        earlier = gains


# The choice.


@pytest.mark.parametrize("seed", range(4))
def test_choices_are_those_of_enumeration(seed):
    samples = random_samples(n=14, seed=seed)
    assert select(samples, 4).tolist() == greedy(samples, 4)


@pytest.mark.parametrize("seed", range(4))
def test_greedy_closes_its_share_of_the_gap_with_every_row(seed):
    """Equations `batchbald-submodular`, `batchbald-one-step` and `batchbald-guarantee` of
    `docs/derivations/batchbald.md`, with every batch of a small pool tried.
    """
    samples, b = random_samples(T=6, n=7, K=2, seed=seed), 3

    def told(rows):
        return enumerated(samples[:, list(rows)])[1] if rows else 0.0

    def gain(x, rows):
        return told((*rows, x)) - told(rows)

    best = max(itertools.combinations(range(7), b), key=told)
    chosen = greedy(samples, b)
    for i in range(b):
        so_far, union = tuple(chosen[:i]), tuple({*chosen[:i], *best})
        sum_of_gains = sum(gain(x, so_far) for x in best if x not in so_far)
        step = told(chosen[: i + 1]) - told(so_far)
        assert told(best) <= told(union) + 1e-12
        assert told(union) <= told(so_far) + sum_of_gains + 1e-12
        assert sum_of_gains <= b * step + 1e-12
        assert told(best) - told(chosen[: i + 1]) <= (1 - 1 / b) * (told(best) - told(so_far)) + 1e-12
        for x in set(range(7)) - {*union}:
            assert gain(x, so_far) >= gain(x, union) - 1e-12 >= -2e-12
    assert told(chosen) >= (1 - (1 - 1 / b) ** b) * told(best) >= (1 - 1 / math.e) * told(best)


def test_of_rows_that_have_nothing_in_common_each_closes_just_its_share():
    """Equation `batchbald-one-step` of `docs/derivations/batchbald.md`, with equality: three bits of eight networks."""
    bits = np.eye(2)[list(itertools.product((0, 1), repeat=3))]
    told = [enumerated(bits[:, :rows])[1] for rows in (1, 2, 3)]
    assert told == pytest.approx([math.log(2), 2 * math.log(2), 3 * told[0]])


def test_bounds_save_work_and_change_no_choice(monkeypatch):
    samples = random_samples(T=60, n=400, seed=3)
    computed, gains = [], JointEntropy.gains

    def counting(self, samples):
        computed.append(samples.shape[1])
        return gains(self, samples)

    monkeypatch.setattr(JointEntropy, "gains", counting)
    monkeypatch.setattr(joint_entropy, "_NUMBERS", 1)  # pieces of 16 rows
    quick = select(samples, 4)
    assert sum(computed) < 0.5 * 5 * 400
    joint, chosen = JointEntropy(60, 10_000, np.random.default_rng(0)), []
    for _ in range(4):
        left = np.setdiff1d(np.arange(400), chosen)
        chosen.append(int(left[joint.gains(samples[:, left]).argmax()]))
        joint.add(samples[:, chosen[-1]])
    assert joint.exact
    assert quick.tolist() == chosen


@pytest.mark.parametrize("seed", range(5))
def test_a_batch_of_one_is_balds(seed):
    samples = random_samples(T=7, n=60, seed=seed)
    bald = BALD(7).select(view_of(samples), 1, np.random.default_rng(0))
    assert select(samples, 1).tolist() == bald.tolist()


def test_of_two_copies_one_is_asked_for_and_then_something_else():
    disagree = np.eye(2)[[0, 1, 0, 1]]
    other = np.array([[0.9, 0.1], [0.9, 0.1], [0.2, 0.8], [0.2, 0.8]])
    dull = np.full((4, 2), 0.5)
    samples = np.stack([dull, disagree, disagree, other], axis=1)
    assert set(BALD(4).select(view_of(samples), 2, np.random.default_rng(0))) == {1, 2}
    for seed in range(10):
        first, second = select(samples, 2, seed)
        assert first in (1, 2)
        assert second == 3


def test_after_many_copies_of_the_best_row_the_next_best_is_found(monkeypatch):
    monkeypatch.setattr(joint_entropy, "_NUMBERS", 1)  # pieces of 16 rows, the first of which are all copies
    disagree, other = np.eye(2)[[0, 1, 0, 1]], np.eye(2)[[0, 0, 1, 1]] * 0.6 + 0.2
    samples = np.stack([disagree] * 40 + [other], axis=1)
    assert select(samples, 2)[1] == 40


def test_samples_must_be_the_same_networks_for_all_rows():
    """Row 2 repeats row 0 where samples hang together; where each row has masks of its own, it seems to be news."""
    rng = np.random.default_rng(0)
    strong = np.eye(2)[np.arange(16) % 2] * 0.9 + 0.05
    weak = np.eye(2)[np.arange(16) // 8] * 0.5 + 0.25
    together = np.stack([strong, weak, strong], axis=1)
    apart = together.copy()
    apart[:, 2] = strong[rng.permutation(16)]
    np.testing.assert_allclose(measures.bald(apart), measures.bald(together), atol=1e-12)
    assert set(select(together, 2)) in ({0, 1}, {1, 2})
    assert set(select(apart, 2)) == {0, 2}
    assert joint_of(apart).entropy > joint_of(together).entropy + 0.1


def test_a_batch_knows_more_together_than_the_top_of_bald():
    rng = np.random.default_rng(1)
    kinds = random_samples(T=20, n=8, seed=2)
    samples = kinds[:, rng.integers(8, size=80)] * 0.98 + 0.02 / 3
    bald = BALD(20).select(view_of(samples), 5, np.random.default_rng(0))
    batch = select(samples, 5, configurations=50)
    assert joint_of(samples[:, batch]).information > 1.2 * joint_of(samples[:, bald]).information


# What holds for every strategy.


@pytest.mark.parametrize("configurations", [1, 20, 1000])
def test_any_number_of_rows_comes_once_each_from_the_candidates(configurations):
    samples, candidates = random_samples(n=24), np.flatnonzero(np.arange(24) % 4)[::-1]
    for n in range(1, len(candidates) + 1):
        chosen = select(samples, n, 1, candidates, configurations=configurations)
        assert chosen.shape == (n,)
        assert len(np.unique(chosen)) == n


def test_only_the_best_by_bald_are_considered():
    samples = random_samples(T=8, n=40)
    best = np.argsort(-measures.bald(samples))
    assert set(select(samples, 5, candidates=np.arange(40)).tolist()) - set(best[:5])
    assert set(BatchBALD(8, candidates=5).select(view_of(samples), 5, np.random.default_rng(0))) == set(
        best[:5]
    )
    assert len(BatchBALD(8, candidates=5).select(view_of(samples), 9, np.random.default_rng(0))) == 9


def test_chunks_change_no_choice(monkeypatch):
    samples = random_samples(n=30)
    whole = select(samples, 6)
    monkeypatch.setattr("tinyal.view.CHUNK", 7)
    assert select(samples, 6).tolist() == whole.tolist()


def test_among_equal_rows_any_is_as_likely():
    same = np.tile(random_samples(n=1, K=2), (1, 9, 1))
    counts = np.zeros(9)
    for seed in range(150):
        counts[select(same, 2, seed)] += 1
    assert (np.abs(counts - 300 / 9) < 5 * math.sqrt(150 * 2 / 9 * 7 / 9)).all(), counts


def test_estimates_are_the_generators_too():
    samples = random_samples(T=20, n=60)
    assert (
        select(samples, 8, 3, configurations=2).tolist() == select(samples, 8, 3, configurations=2).tolist()
    )
    assert len({tuple(select(samples, 8, seed, configurations=2)) for seed in range(4)}) > 1


def test_rows_without_information_fill_the_batch():
    certain = np.tile([1.0, 0.0], (5, 8, 1))
    certain[:, 3] = np.eye(2)[[0, 1, 0, 1, 0]]
    chosen = select(certain, 8)
    assert chosen[0] == 3
    assert sorted(chosen) == list(range(8))


def test_parts_are_the_bald_scores():
    samples = random_samples()
    np.testing.assert_allclose(BatchBALD(6).parts(view_of(samples))["BALD"], measures.bald(samples))


def test_it_is_a_value():
    strategy = BatchBALD(30, configurations=50)
    assert repr(strategy) == "BatchBALD(n_samples=30, configurations=50)"
    assert repr(pickle.loads(pickle.dumps(strategy))) == repr(strategy) == repr(strategy.copy())


# What goes wrong.


def test_settings_that_make_no_sense():
    with pytest.raises(ValueError, match="needs at least 2, not 1"):
        BatchBALD(1)
    for wrong in ({"candidates": 0}, {"configurations": 0}):
        with pytest.raises(ValueError, match="candidates and configurations must be at least 1, not"):
            BatchBALD(**wrong)


def test_probabilities_that_are_not_numbers():
    samples = random_samples()
    samples[2, 5] = np.nan
    with pytest.raises(ValueError, match=r"sample 2, row 5 .*NaN"):
        select(samples, 2)


def test_a_batch_larger_than_the_pool():
    with pytest.raises(ValueError, match="cannot choose 13 of 12 candidates"):
        BatchBALD(6).select(view_of(random_samples()), 13, np.random.default_rng(0))


def learner_of(model, **settings):
    data = nn.datasets.load("digits")
    learner = al.ActiveLearner(model, data.x_train[:120] / 255, BatchBALD(8, **settings))
    learner.tell(np.arange(50), data.y_train[:50])
    return learner


def test_models_that_cannot_sample_are_told_what_is_missing():
    linear = pytest.importorskip("sklearn.linear_model").LogisticRegression(max_iter=500)
    with pytest.raises(TypeError, match=r"LogisticRegression has no sample_proba.*forest"):
        learner_of(linear).ask(3)
    with pytest.raises(ValueError, match="Dropout"):
        learner_of(nn.Classifier([nn.Dense(10)], steps=5, classes=range(10))).ask(3)


def test_a_forest_and_a_network_on_every_device(device):
    layers = [nn.Dense(16), nn.ReLU(), nn.Dropout(0.5), nn.Dense(10)]
    network = nn.Classifier(layers, steps=20, classes=range(10), device=device, dtype="float64")
    reference = nn.Classifier(layers, steps=20, classes=range(10), dtype="float64")
    assert learner_of(network).ask(6).tolist() == learner_of(reference).ask(6).tolist()
    forest = pytest.importorskip("sklearn.ensemble").RandomForestClassifier(n_estimators=8)
    learner = learner_of(forest)
    assert len(set(learner.ask(70))) == 70
    assert learner.ask(6).tolist() == learner.ask(6).tolist()
