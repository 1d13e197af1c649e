"""Ensembles: members trained together are those trained one by one, and what active learning asks of a committee."""

import pickle

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tests import strict
from tests.tinynn.test_batches import Recorder
from tests.tinynn.test_classifier import blobs
from tinynn import ensemble, inference, stacked_training
from tinynn.adaptive import Clipped
from tinynn.ensemble import Ensemble, drawn_rows
from tinynn.stacked import EACH_ROW_ALONE, can_stack

LAYERS = [nn.Dense(8), nn.Tanh(), nn.Dropout(0.25), nn.Dense(6), nn.ReLU(), nn.Dropout(0.3), nn.Dense(3)]
SETTINGS = {"epochs": 6, "batch_size": 16, "dtype": "float64"}  # 60 rows: the last batch is a short one
CLOSE = {"float32": 1e-6, "float64": 1e-12}


def make(layers=LAYERS, **settings):
    return Ensemble(layers, **{"members": 3, **SETTINGS, **settings})


def assert_trained_alike(model, x, y):
    """Compare every member with a classifier of its seed."""
    alike = ("epochs", "steps", "batch_size", "optimizer", "device", "dtype")
    settings = {name: getattr(model, name) for name in alike}
    assert len(model.members_) == model.members
    for net in model.members_:
        rows = drawn_rows(net.seed, len(x)) if model.bootstrap else np.arange(len(x))
        alone = nn.Classifier(model.layers, classes=model.classes_, seed=net.seed, **settings)
        expected = alone.fit(x[rows], y[rows]).network_
        ours, theirs = (net.backend.to_numpy(each.parameters) for each in (net, expected))
        assert ours.dtype == theirs.dtype == model.dtype
        assert np.abs(ours - theirs).max() <= CLOSE[model.dtype] * np.abs(theirs).max()
        assert net.step == expected.step


@pytest.fixture
def only_together(monkeypatch):
    """Refuse to train members one by one."""
    monkeypatch.setattr(ensemble, "fit", lambda *args, **settings: pytest.fail("trained one by one"))


@pytest.fixture
def only_one_by_one(monkeypatch):
    """Refuse to train members together."""
    monkeypatch.setattr(ensemble, "fit_together", lambda *args, **settings: pytest.fail("trained together"))


@pytest.fixture(scope="module")
def fitted():
    return make().fit(*blobs())


# The same as one by one.

OPTIMIZERS = [
    nn.SGD(0.1),
    nn.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    nn.RMSProp(0.01, momentum=0.5),
    nn.Adam(0.01),
    nn.AdamW(0.01, weight_decay=0.1),
    nn.Adam(nn.OneCycle(0.03)),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_optimizers(optimizer, dtype, only_together):
    x, y = blobs()
    assert_trained_alike(make(optimizer=optimizer, dtype=dtype, epochs=10).fit(x, y), x, y)
    assert optimizer.copy().__dict__ == optimizer.__dict__  # a specification, still


@pytest.mark.parametrize("kind", EACH_ROW_ALONE, ids=lambda kind: kind.__name__)
def test_layers_without_parameters(kind, only_together):
    x, y = blobs()
    layer = kind((2, 4)) if kind is nn.Reshape else kind()
    layers = [nn.Dense(8), layer, nn.Flatten(), nn.Dropout(0.5), nn.Dense(3)]
    assert_trained_alike(make(layers).fit(x, y), x, y)


@pytest.mark.parametrize("first", [nn.Flatten(), nn.Reshape((4,)), nn.Dropout(0.1)], ids=repr)
def test_rows_of_several_axes(first, only_together):
    x, y = blobs()
    x = x.reshape(60, 2, 2)
    assert_trained_alike(make([first, nn.Flatten(), nn.Dropout(0), nn.Dense(3)]).fit(x, y), x, y)


class Doubled(nn.ReLU):
    """What a subclass does, nobody knows: here the batch decides."""

    def forward(self, x, training=False):
        return super().forward(x * len(x), training)


@pytest.mark.parametrize(
    ("layers", "optimizer"),
    [
        ([nn.Dense(6), nn.BatchNorm(), nn.ReLU(), nn.Dense(3)], nn.Adam()),
        ([nn.Reshape((2, 2, 1)), nn.Conv2D(2, 2), nn.Flatten(), nn.Dense(3)], nn.Adam()),
        ([nn.Dense(6), Doubled(), nn.Dense(3)], nn.SGD(1e-3)),
        (LAYERS, Clipped(nn.SGD(0.5), norm=0.1)),
    ],
    ids=["batch normalisation", "convolution", "own layer", "clipping"],
)
@pytest.mark.parametrize("bootstrap", [False, True])
def test_what_cannot_be_stacked(layers, optimizer, bootstrap, only_one_by_one):
    x, y = blobs()
    assert_trained_alike(make(layers, optimizer=optimizer, bootstrap=bootstrap).fit(x, y), x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_bootstrap(dtype, only_together):
    x, y = blobs()
    model = make(bootstrap=True, dtype=dtype).fit(x, y)
    assert_trained_alike(model, x, y)
    drawn = [drawn_rows(net.seed, 60).tolist() for net in model.members_]
    assert all(30 < len(set(rows)) < 48 and max(rows) > 50 for rows in drawn)
    assert drawn[0] != drawn[1] != drawn[2]


@pytest.mark.parametrize(
    "layers", [LAYERS, [nn.Dense(6), nn.BatchNorm(), nn.Dense(3)]], ids=["one", "by one"]
)
@pytest.mark.parametrize("bootstrap", [False, True])
def test_labels_that_miss_a_class(layers, bootstrap):
    x, y = blobs()
    x, y = x[y != "dog"], y[y != "dog"]
    model = make(
        layers, classes=["eel", "dog", "cat"], bootstrap=bootstrap, optimizer=nn.Adam(0.01), epochs=15
    ).fit(x, y)
    assert model.classes_.tolist() == ["cat", "dog", "eel"]
    assert_trained_alike(model, x, y)
    assert model.score(x, y) > 0.9
    assert "dog" not in model.predict(x)


@pytest.mark.parametrize(
    "settings", [{"steps": 7}, {"batch_size": 1000}, {"epochs": 1, "batch_size": 1}, {"members": 1}]
)
def test_lengths(settings, only_together):
    x, y = blobs()
    assert_trained_alike(make(**settings).fit(x, y), x, y)


@pytest.mark.parametrize("at_a_time", [1, 2])
def test_a_few_at_a_time(at_a_time, only_together, monkeypatch):
    x, y = blobs()
    monkeypatch.setattr(ensemble, "rows_at_a_time", lambda xp, numbers: at_a_time)
    assert_trained_alike(make(members=5, bootstrap=True, epochs=2).fit(x, y), x, y)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_pixels(dtype, only_together):
    x = np.random.default_rng(0).integers(256, size=(60, 4), dtype=np.uint8)
    assert_trained_alike(make(dtype=dtype).fit(x, blobs()[1]), x, blobs()[1])


@pytest.mark.parametrize("bootstrap", [False, True])
def test_devices_agree(device, backend, bootstrap):
    x, y = blobs()
    ours, theirs = make(device=device, bootstrap=bootstrap), make(bootstrap=bootstrap)
    p = ours.fit(x, y).sample_proba(x)
    assert type(p) is np.ndarray
    np.testing.assert_allclose(p, theirs.fit(x, y).sample_proba(x), rtol=1e-8)
    there = make(device=device, bootstrap=bootstrap).fit(
        backend.asarray(x), y
    )  # rows that are on the device already
    np.testing.assert_array_equal(there.sample_proba(x), p)
    one_by_one = make([*LAYERS[:-1], nn.BatchNorm(), nn.Dense(3)], device=device, bootstrap=bootstrap)
    assert one_by_one.fit(backend.asarray(x), y).score(x, y) >= 0


def test_seeds(fitted):
    x, y = blobs()
    seeds = np.random.SeedSequence(0).generate_state(3)
    assert [net.seed for net in fitted.members_] == seeds.tolist()
    five, other = make(members=5).fit(x, y), make(seed=1).fit(x, y)
    np.testing.assert_array_equal(five.sample_proba(x)[:3], fitted.sample_proba(x))
    assert not {net.seed for net in five.members_} & {net.seed for net in other.members_}
    np.testing.assert_array_equal(make().fit(x, y).predict_proba(x), fitted.predict_proba(x))


# What it costs.


PLAIN = [nn.Dense(8), nn.ReLU(), nn.Dense(3)]


def counted(members, epochs, layers):
    with strict.count() as counts:
        make(layers, device="strict", members=members, epochs=epochs, dtype="float32").fit(*blobs(64))
    return counts


@pytest.mark.parametrize("layers", [PLAIN, LAYERS], ids=["plain", "dropout"])
def test_a_step_allocates_nothing_and_waits_for_nothing(layers):
    """What an epoch costs: its order travels, its losses come back."""
    costs = [counted(3, epochs, layers) for epochs in (1, 2, 5)]
    for kind in ("transfers", "synchronisations", "allocations"):
        one, two, five = (getattr(cost, kind) for cost in costs)
        assert (two - one, five - two) == (1, 3), f"{kind}: {costs[1]}"


def test_more_members_launch_nothing_more():
    per_epoch = {m: counted(m, 2, PLAIN).launches - counted(m, 1, PLAIN).launches for m in (1, 2, 9)}
    assert per_epoch[1] == per_epoch[2] == per_epoch[9]


# Members.


def test_members_are_networks_of_their_own(fitted):
    x, _ = blobs()
    p = fitted.sample_proba(x)
    for k, net in enumerate(fitted.members_):
        assert isinstance(net, nn.Sequential)
        again = pickle.loads(pickle.dumps(net))
        np.testing.assert_array_equal(inference.predict_proba(again, x), p[k])
    loose = pickle.loads(pickle.dumps(fitted))
    loose.members_[1].parameters[...] = 0
    assert (loose.members_[1].layers[0].W == 0).all()
    np.testing.assert_array_equal(loose.sample_proba(x)[[0, 2]], p[[0, 2]])
    np.testing.assert_array_equal(loose.sample_proba(x)[1], np.full((60, 3), 1 / 3))
    assert nn.check_gradients(fitted.members_[0], nn.SoftmaxCrossEntropy(), x[:5], [0, 1, 2, 0, 1]).ok


def test_probabilities_are_the_members_mean(fitted, monkeypatch):
    x, y = blobs()
    members = np.stack([inference.predict_proba(net, x) for net in fitted.members_])
    np.testing.assert_array_equal(fitted.sample_proba(x), members)
    np.testing.assert_allclose(fitted.predict_proba(x), members.mean(axis=0), rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict(x), fitted.classes_[members.mean(axis=0).argmax(axis=1)])
    assert fitted.score(x, y) == np.mean(fitted.predict(x) == y)
    assert (members[0] != members[1]).any()
    monkeypatch.setattr(inference, "CHUNK", 7)
    np.testing.assert_allclose(fitted.sample_proba(x), members, rtol=1e-12)


def test_a_choice_of_members():
    x, y = blobs()
    model = make(members=6, steps=1).fit(x, y)
    everyone = model.sample_proba(x)
    for n in range(1, 7):
        some = model.sample_proba(x, n, seed=2)
        places = [next(k for k in range(6) if np.array_equal(each, everyone[k])) for each in some]
        assert places == sorted(set(places))
        np.testing.assert_array_equal(model.sample_proba(x, n, seed=2), some)
    chosen = {model.sample_proba(x, 2, seed=seed)[0, 0, 0] for seed in range(20)}
    assert len(chosen) > 2


@pytest.mark.parametrize(
    ("n", "says"),
    [
        (4, "there are 3: n_samples cannot be 4.*members=4"),
        (0, "n_samples must be at least 1"),
        (1.5, "whole number"),
    ],
)
def test_samples_that_there_are_not(n, says, fitted):
    with pytest.raises(ValueError, match=says):
        fitted.sample_proba(blobs()[0], n)


# What is refused, and what a fit that goes wrong leaves behind.


@pytest.mark.parametrize(
    ("settings", "error", "says"),
    [
        ({"members": 0}, ValueError, "members must be at least 1"),
        ({"members": 2.5}, ValueError, "members must be .*a whole number, not 2.5"),
        ({"layers": [nn.Dense(4)]}, ValueError, r"3 classes.*end with Dense\(3\)"),
        ({"layers": [nn.Dense(3), nn.Softmax()]}, ValueError, "the last layer is a Softmax"),
        ({"layers": []}, ValueError, "at least one layer"),
        ({"layers": [nn.Dense]}, TypeError, r"layer 0 must be a Layer.*write Dense\(\)"),
        ({"optimizer": nn.Adam}, TypeError, "optimizer must be an Optimizer"),
        ({"classes": ["cat", "dog"]}, ValueError, r"\['eel'\] are not among"),
        ({"epochs": 0}, ValueError, "epochs must be at least 1"),
        ({"steps": 0}, ValueError, "steps must be at least 1"),
        ({"batch_size": 0}, ValueError, "batch_size must be at least 1"),
    ],
)
def test_settings_that_are_refused(settings, error, says):
    model = make(**settings)
    with pytest.raises(error, match=says):
        model.fit(*blobs())
    assert not hasattr(model, "members_")
    with pytest.raises(ValueError, match="this Ensemble is not fitted yet; call fit first"):
        model.predict(blobs()[0])


def test_set_params():
    model = make()
    assert model.set_params(members=2, seed=3) is model
    assert model.get_params()["members"] == 2
    with pytest.raises(ValueError, match="Ensemble has no setting 'n_members'; it has layers, members"):
        model.set_params(n_members=2)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning", "ignore:invalid:RuntimeWarning")
def test_a_loss_that_is_no_number_names_the_seeds_of_who_is_lost(device):
    x, y = blobs()
    x[0] = 1e200  # of the members that draw rows, not all draw this one
    model = make([nn.Dense(3)], members=6, bootstrap=True, device=device, optimizer=nn.SGD(1e200))
    seeds = [int(seed) for seed in np.random.SeedSequence(0).generate_state(6)]
    lost = [seed for seed in seeds if 0 in drawn_rows(seed, 60)]
    assert 0 < len(lost) < 6
    with pytest.raises(
        FloatingPointError, match=r"mean loss became nan in epoch 1; .*learning rate"
    ) as raised:
        model.fit(x, y)
    assert all(str(seed) in str(raised.value) for seed in lost)


def test_an_interrupted_fit_leaves_the_members_of_the_fit_before(monkeypatch):
    x, y = blobs()
    model = make().fit(x, y)
    p = model.sample_proba(x)

    class Interrupted(stacked_training.StackedBatches):
        def epoch(self, number, count):
            yield from super().epoch(number, count)
            raise KeyboardInterrupt

    monkeypatch.setattr(stacked_training, "StackedBatches", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(seed=1).fit(-x, y)
    np.testing.assert_array_equal(model.sample_proba(x), p)


def test_fit_takes_specifications(fitted):
    x, y = blobs()
    p = fitted.predict_proba(x)
    np.testing.assert_array_equal(fitted.copy().fit(x, y).predict_proba(x), p)
    assert all("W" not in vars(layer) for layer in LAYERS)
    assert not can_stack(nn.Sequential([Recorder(), nn.Dense(2)], (3,)), nn.Adam())


@pytest.mark.parametrize(("progress", "shown"), [(True, True), (False, False)])
def test_progress_bar(progress, shown, capsys):
    make(progress=progress).fit(*blobs())
    said = capsys.readouterr().err
    assert ("24/24" in said and "loss " in said) if shown else not said


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass():
    pytest.importorskip("sklearn")
    from sklearn.utils.estimator_checks import check_estimator

    from tests.tinynn.test_estimator import DIFFERENCES

    model = Ensemble(members=2, steps=60, optimizer=nn.Adam(0.02))
    results = check_estimator(model, expected_failed_checks=DIFFERENCES, on_fail=None, on_skip=None)
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed
    assert sum(r["status"] == "passed" for r in results) > 40


# Active learning.


def learner(members, n_samples, classes=range(10)):
    data = nn.datasets.load("digits")
    model = Ensemble(
        [nn.Dense(16), nn.ReLU(), nn.Dense(len(classes))], members=members, steps=20, classes=classes
    )
    learner = al.ActiveLearner(model, data.x_train[:200], strategy=al.strategies.BALD(n_samples), seed=0)
    learner.tell(np.arange(60), data.y_train[:60])
    return learner


def test_bald_compares_members():
    asked = learner(members=4, n_samples=20)
    view = asked.view()
    members = np.stack([inference.predict_proba(net, view.x) for net in view.model.members_])
    np.testing.assert_array_equal(view.sample_proba(20), members)  # as many samples as there are members
    assert view.sample_proba(3).shape == (3, 140, 10)
    mean = members.mean(axis=0)
    np.testing.assert_allclose(view.proba(), mean, rtol=1e-6)
    disagreement = (-mean * np.log(mean)).sum(axis=1) + (members * np.log(members)).sum(axis=2).mean(axis=0)
    chosen = asked.ask(5)
    assert set(chosen) == set(view.candidates[np.argsort(-disagreement)[:5]])
    assert chosen.tolist() == asked.ask(5).tolist()
