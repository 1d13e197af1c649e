"""PyTorch's optimisers take the same steps, its clipping cuts the same, and its schedulers give the same rates."""

import warnings

import numpy as np
import pytest

import tinynn as nn

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

STEPS, SIZE = 100, 40
OPTIMIZERS = {
    "SGD": (nn.SGD(0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "SGD, momentum": (nn.SGD(0.05, 0.9), lambda p: torch.optim.SGD(p, 0.05, momentum=0.9)),
    "SGD, Nesterov": (
        nn.SGD(0.05, 0.9, nesterov=True),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True),
    ),
    "SGD, decay": (nn.SGD(0.05, weight_decay=0.1), lambda p: torch.optim.SGD(p, 0.05, weight_decay=0.1)),
    "SGD, all": (
        nn.SGD(0.05, 0.8, nesterov=True, weight_decay=0.1),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.8, nesterov=True, weight_decay=0.1),
    ),
    "RMSProp": (nn.RMSProp(), lambda p: torch.optim.RMSprop(p)),
    "RMSProp, settings": (
        nn.RMSProp(0.03, 0.9, 1e-3, 0.7),
        lambda p: torch.optim.RMSprop(p, 0.03, alpha=0.9, eps=1e-3, momentum=0.7),
    ),
    "Adam": (nn.Adam(), lambda p: torch.optim.Adam(p)),
    "Adam, settings": (
        nn.Adam(0.02, 0.8, 0.95, 1e-3),
        lambda p: torch.optim.Adam(p, 0.02, betas=(0.8, 0.95), eps=1e-3),
    ),
    "AdamW": (nn.AdamW(), lambda p: torch.optim.AdamW(p)),
    "AdamW, settings": (
        nn.AdamW(0.02, 0.8, 0.95, 1e-3, 0.2),
        lambda p: torch.optim.AdamW(p, 0.02, betas=(0.8, 0.95), eps=1e-3, weight_decay=0.2),
    ),
}


def distance(ours, theirs):
    theirs = theirs.detach().numpy().astype("float64")
    return np.linalg.norm(ours - theirs) / np.linalg.norm(theirs)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-6)])
@pytest.mark.parametrize("clip", [None, 3.0, 1e4], ids=["", "clipped", "clip out of reach"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_step(name, clip, dtype, tolerance):
    """Equations `optimizer-momentum`, `optimizer-nesterov-stored`, `optimizer-rmsprop`, `optimizer-adam` and
    `optimizer-adamw` of `docs/derivations/optimizers.md`.
    """
    ours, make = OPTIMIZERS[name]
    ours = ours.copy() if clip is None else nn.Clipped(ours.copy(), clip)
    rng = np.random.default_rng(0)
    theta = rng.normal(size=SIZE).astype(dtype)
    parameter = torch.tensor(theta.copy(), requires_grad=True)
    theirs = make([parameter])
    for _ in range(STEPS):
        g = (rng.normal(size=SIZE) * np.logspace(-2, 1, SIZE)).astype(dtype)
        ours.step(theta, g)
        parameter.grad = torch.tensor(g)
        if clip is not None:  # not torch's clip_grad_norm_, which divides by the norm plus 1e-6; see below
            parameter.grad *= min(1, clip / np.linalg.norm(g.astype("float64")))
        theirs.step()
        assert distance(theta, parameter) < tolerance


@pytest.mark.parametrize("factor", [0.01, 1.0, 100.0])
def test_clipping(factor):
    g = factor * np.random.default_rng(1).normal(size=SIZE)
    theta, parameter = np.zeros(SIZE), torch.zeros(SIZE, dtype=torch.float64, requires_grad=True)
    nn.Clipped(nn.SGD(1.0), 2.0).step(theta, g)
    parameter.grad = torch.tensor(g)
    torch.nn.utils.clip_grad_norm_([parameter], 2.0)
    assert distance(-theta, parameter.grad) < 1e-6


def rates(make, n, losses=None, learning_rate=0.3):
    """Return PyTorch's rates of n steps, or n epochs."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], learning_rate)
    scheduler, seen = make(optimizer), []
    for i in range(n):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if losses is not None:
            scheduler.step(losses[i])
        elif i < n - 1:
            scheduler.step()
    return seen


@pytest.mark.parametrize(("stairs", "length"), [(3, 10), (10, 7), (7, 3)])
def test_step_decay(stairs, length):
    n = stairs * length
    theirs = rates(lambda o: torch.optim.lr_scheduler.StepLR(o, length, gamma=0.4), n)
    schedule = nn.StepDecay(0.3, every=1 / stairs, factor=0.4)
    np.testing.assert_allclose([schedule.at(i / n) for i in range(n)], theirs, rtol=1e-12)


@pytest.mark.parametrize("end", [0.0, 0.05])
def test_cosine_decay(end):
    n = 60
    theirs = rates(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, n, eta_min=0.3 * end), n)
    schedule = nn.CosineDecay(0.3, end=end)
    np.testing.assert_allclose([schedule.at(i / n) for i in range(n)], theirs, rtol=1e-12)


def test_cosine_decay_after_a_rise():
    n, warm = 50, 10

    def make(optimizer):
        rise = torch.optim.lr_scheduler.LinearLR(optimizer, 1 / 25, 1.0, warm)
        fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, n - warm)
        return torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, fall], [warm])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # SequentialLR itself calls what PyTorch deprecates
        theirs = rates(make, n)
    schedule = nn.CosineDecay(0.3, warmup=warm / n)
    np.testing.assert_allclose([schedule.at(i / n) for i in range(n)], theirs, rtol=1e-12)


@pytest.mark.parametrize(("n", "rise"), [(50, 0.3), (101, 0.2), (40, 0.5)])
def test_one_cycle(n, rise):
    """PyTorch's peak is at step rise · n − 1, and its end at step n − 1."""
    theirs = rates(
        lambda o: torch.optim.lr_scheduler.OneCycleLR(
            o, 0.3, total_steps=n, pct_start=rise, cycle_momentum=False
        ),
        n,
    )
    schedule = nn.OneCycle(0.3, rise=(rise * n - 1) / (n - 1))
    np.testing.assert_allclose([schedule.at(i / (n - 1)) for i in range(n)], theirs, rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("patience", [1, 3])
def test_reduce_on_plateau(seed, patience):
    losses = (1 + np.random.default_rng(seed).random(60)).tolist()
    theirs = rates(
        lambda o: torch.optim.lr_scheduler.ReduceLROnPlateau(
            o, factor=0.5, patience=patience, threshold=0.01, eps=0.0
        ),
        60,
        losses,
    )
    schedule = nn.ReduceOnPlateau(0.3, factor=0.5, patience=patience, threshold=0.01)
    ours = [schedule.at(0.5, losses[:i]) for i in range(60)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert ours[-1] < 0.1 * ours[0]
