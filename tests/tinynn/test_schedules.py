"""Schedules by what they promise: bounds, ends, pieces that only rise or only fall, and what `fit` makes of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinynn as nn
from tests import public
from tinynn.configured import Configured

PEAK = 0.3
BY_PROGRESS = [
    nn.Constant(PEAK),
    nn.Constant(PEAK, warmup=0.2),
    nn.StepDecay(PEAK),
    nn.StepDecay(PEAK, every=0.1, factor=0.5),
    nn.StepDecay(PEAK, every=0.5, factor=0.0),
    nn.CosineDecay(PEAK),
    nn.CosineDecay(PEAK, warmup=0.2, end=0.1),
    nn.OneCycle(PEAK),
    nn.OneCycle(PEAK, rise=0.0),
]
# Where each schedule is highest, and its rates at the start and the end, as shares of the peak.
SHAPE = {
    "Constant(0.3)": (0.0, 1.0, 1.0),
    "Constant(0.3, warmup=0.2)": (0.2, 1 / 25, 1.0),
    "StepDecay(0.3)": (0.0, 1.0, 1e-3),
    "StepDecay(0.3, every=0.1, factor=0.5)": (0.0, 1.0, 0.5**10),
    "StepDecay(0.3, every=0.5, factor=0.0)": (0.0, 1.0, 0.0),
    "CosineDecay(0.3)": (0.0, 1.0, 0.0),
    "CosineDecay(0.3, warmup=0.2, end=0.1)": (0.2, 1 / 25, 0.1),
    "OneCycle(0.3)": (0.3, 1 / 25, 4e-6),
    "OneCycle(0.3, rise=0.0)": (0.0, 1.0, 4e-6),
}
X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = np.arange(40) % 2


def make(device="cpu"):
    return nn.Sequential([nn.Dense(4), nn.ReLU(), nn.Dense(2)], (3,), device=device)


def fit(optimizer, net=None, **settings):
    net = net or make()
    settings = {"epochs": 5, "batch_size": 16, **settings}
    return nn.fit(net, nn.SoftmaxCrossEntropy(), optimizer, X, Y, **settings), net


class Listening(nn.SGD):
    """Writes down the rate of each step."""

    def step(self, parameters, gradients):
        self.__dict__.setdefault("rates", []).append(self.rate)
        super().step(parameters, gradients)


def test_every_schedule_is_here():
    assert {type(schedule) for schedule in BY_PROGRESS} == public.classes(nn.Schedule) - {nn.ReduceOnPlateau}
    assert set(SHAPE) == {repr(schedule) for schedule in BY_PROGRESS}


@pytest.mark.parametrize("schedule", BY_PROGRESS, ids=repr)
@given(a=st.floats(0, 1), b=st.floats(0, 1))
def test_bounds_and_pieces(schedule, a, b):
    top, first, last = SHAPE[repr(schedule)]
    a, b = sorted([a, b])
    slack = 1e-12
    for p in (a, b):
        assert PEAK * min(first, last) - slack <= schedule.at(p) <= PEAK + slack
    if b <= top:
        assert schedule.at(a) <= schedule.at(b) + slack
    if a >= top:
        assert schedule.at(a) + slack >= schedule.at(b)


@pytest.mark.parametrize("schedule", BY_PROGRESS, ids=repr)
def test_ends(schedule):
    top, first, last = SHAPE[repr(schedule)]
    rates = [schedule.at(p) for p in (0.0, top, 1.0)]
    np.testing.assert_allclose(rates, [PEAK * first, PEAK, PEAK * last], rtol=1e-12, atol=1e-17)


@pytest.mark.parametrize("schedule", [s for s in BY_PROGRESS if not isinstance(s, nn.StepDecay)], ids=repr)
def test_no_jumps(schedule):
    rates = np.array([schedule.at(p) for p in np.linspace(0, 1, 10_001)])
    assert np.abs(np.diff(rates)).max() < 2e-3 * PEAK


@given(drops=st.integers(1, 50), steps=st.integers(1, 1000))
def test_a_staircase_has_all_its_stairs(drops, steps):
    """Every stair is as long as the others, to the step, however 1 / drops is rounded."""
    schedule, total = nn.StepDecay(1.0, every=1 / drops, factor=0.5), drops * steps
    for k in range(drops):
        assert schedule.at(k * steps / total) == schedule.at(((k + 1) * steps - 1) / total) == 0.5**k


losses = st.lists(st.floats(0.01, 10), max_size=30)


@given(losses, st.integers(1, 4))
def test_a_plateau_only_drops_after_enough_patience(values, patience):
    schedule = nn.ReduceOnPlateau(PEAK, factor=0.5, patience=patience)
    rates = [schedule.at(0.5, values[:n]) for n in range(len(values) + 1)]
    assert rates[0] == PEAK
    drops = [n for n, (a, b) in enumerate(itertools.pairwise(rates), start=1) if a != b]
    assert all(rates[n] == rates[n - 1] / 2 for n in drops)
    assert all(b - a > patience for a, b in itertools.pairwise([1, *drops]))
    for n in drops:  # none of the last epochs was better than the best before them
        assert min(values[n - patience - 1 : n]) >= min(values[: n - patience - 1]) * (1 - 1e-4)


@given(st.integers(1, 30))
def test_a_loss_that_falls_keeps_the_rate(n):
    assert nn.ReduceOnPlateau(PEAK, patience=1).at(1.0, [0.9**i for i in range(n)]) == PEAK


def test_a_loss_that_stays_drops_the_rate_again_and_again():
    schedule = nn.ReduceOnPlateau(1.0, factor=0.5, patience=2)
    rates = [schedule.at(0.0, [1.0] * n) for n in range(8)]
    assert rates == [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


@pytest.mark.parametrize("schedule", [*BY_PROGRESS, nn.ReduceOnPlateau(PEAK, patience=5)], ids=repr)
def test_described_by_their_settings(schedule):
    assert isinstance(schedule, Configured)
    assert repr(eval(repr(schedule), public.NAMES)) == repr(schedule) == repr(schedule.copy())
    assert repr(nn.Adam(schedule)) == f"Adam(learning_rate={schedule!r})"


# What training makes of them.


@pytest.mark.parametrize("schedule", BY_PROGRESS, ids=repr)
def test_fit_tells_how_far_it_is(schedule, device):
    optimizer = Listening(schedule)
    fit(optimizer, make(device))
    assert optimizer.rates == [schedule.at(i / 15) for i in range(15)]  # 3 batches, 5 epochs


def test_fit_counts_steps_where_it_is_given_steps():
    optimizer = Listening(nn.CosineDecay(PEAK))
    fit(optimizer, steps=7)
    assert optimizer.rates == [nn.CosineDecay(PEAK).at(i / 7) for i in range(7)]


def test_fit_tells_the_validation_loss(device):
    schedule = nn.ReduceOnPlateau(1.0, factor=0.5, patience=1, threshold=0.5)
    optimizer = Listening(schedule)
    history, _ = fit(optimizer, make(device), validation=(X, Y), epochs=8)
    assert optimizer.rates[::3] == [schedule.at(0, history.validation_loss[:n]) for n in range(8)]
    assert optimizer.rates[-1] < 1.0


def test_a_plateau_needs_validation_rows():
    net = make()
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=r"ReduceOnPlateau .* pass validation=\(x, y\) to nn.fit"):
        fit(nn.Adam(nn.ReduceOnPlateau(0.1)), net)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize("make_optimizer", [nn.SGD, nn.RMSProp, nn.Adam, nn.AdamW])
def test_a_constant_schedule_is_a_number(make_optimizer):
    (_, a), (_, b) = fit(make_optimizer(0.01)), fit(make_optimizer(nn.Constant(0.01)))
    np.testing.assert_array_equal(a.parameters, b.parameters)


def test_a_number_may_be_changed_between_trainings():
    optimizer = Listening(0.1)
    fit(optimizer, steps=1)
    optimizer.learning_rate = 0.05
    fit(optimizer, steps=1)
    assert optimizer.rates == [0.1, 0.05]


def test_a_classifier_starts_its_schedule_anew():
    model = nn.Classifier(
        [nn.Dense(4), nn.Tanh(), nn.Dense(2)], epochs=3, optimizer=nn.Clipped(nn.Adam(nn.OneCycle(0.1)), 5.0)
    )
    first = model.fit(X, Y).network_.parameters.copy()
    np.testing.assert_array_equal(first, model.fit(X, Y).network_.parameters)
    assert "optimizer=Clipped(Adam(learning_rate=OneCycle(0.1)), norm=5.0)" in repr(model)


# What is refused.


@pytest.mark.parametrize("bad", [0, -1, float("inf"), float("nan")])
def test_rates_must_be_positive(bad):
    for schedule in (nn.Constant, nn.StepDecay, nn.CosineDecay, nn.OneCycle, nn.ReduceOnPlateau):
        with pytest.raises(ValueError, match=f"learning_rate must be a positive number, not {bad}"):
            schedule(bad)
    with pytest.raises(ValueError, match=f"every must be a positive number, not {bad}"):
        nn.StepDecay(PEAK, every=bad)


@pytest.mark.parametrize("bad", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize(
    ("schedule", "name"),
    [
        (nn.Constant, "warmup"),
        (nn.StepDecay, "factor"),
        (nn.CosineDecay, "warmup"),
        (nn.CosineDecay, "end"),
        (nn.OneCycle, "rise"),
        (nn.ReduceOnPlateau, "factor"),
        (nn.ReduceOnPlateau, "threshold"),
    ],
)
def test_shares(schedule, name, bad):
    with pytest.raises(ValueError, match=f"{name} must be at least 0 and below 1, not {bad}"):
        schedule(PEAK, **{name: bad})


@pytest.mark.parametrize("bad", [0, -1, 1.5])
def test_patience_is_whole(bad):
    with pytest.raises(ValueError, match=f"patience must be at least 1, and a whole number, not {bad}"):
        nn.ReduceOnPlateau(PEAK, patience=bad)


@pytest.mark.parametrize("bad", [-0.1, 1.1, float("nan")])
@pytest.mark.parametrize("schedule", BY_PROGRESS, ids=repr)
def test_progress_is_a_share(schedule, bad):
    with pytest.raises(ValueError, match="progress must be from 0"):
        schedule.at(bad)
