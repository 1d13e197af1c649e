"""The classifier: labels of any kind, what it refuses, and that it is a specification which is fitted."""

import numpy as np
import pytest

import tinynn as nn
from tests.tinynn.test_batches import Recorder

LAYERS = [nn.Dense(8), nn.Tanh(), nn.Dropout(0.5), nn.Dense(6), nn.ReLU(), nn.Dropout(0.3), nn.Dense(3)]


def blobs(n=60, seed=0):
    """Three clouds of points, with names for labels."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    return rng.normal(0, 0.3, (n, 4)) + np.eye(3, 4)[y], np.array(["cat", "dog", "eel"])[y]


def make(**settings):
    return nn.Classifier(LAYERS, **{"epochs": 5, "batch_size": 16, "dtype": "float64"} | settings)


@pytest.fixture(scope="module")
def fitted():
    return make().fit(*blobs())


# Labels.


@pytest.mark.parametrize(
    "names",
    [["cat", "dog", "eel"], [7, -1, 3], [4.0, 1.0, -2.0], [True, False, True]],
    ids=["text", "integers", "floats", "booleans"],
)
def test_labels_of_any_kind(names):
    x, y = blobs()
    labels = np.array(names)[np.searchsorted(["cat", "dog", "eel"], y)]
    classes = sorted(set(names))
    layers = [nn.Dense(8), nn.Tanh(), nn.Dense(len(classes))]
    model = nn.Classifier(layers, epochs=60, batch_size=16, optimizer=nn.Adam(0.01))
    assert model.fit(x, labels.tolist()) is model
    assert model.classes_.tolist() == classes
    assert model.predict(x).dtype == labels.dtype
    assert model.score(x, labels) == np.mean(model.predict(x) == labels) > 0.95
    assert len(model.history_) == 60
    assert model.n_features_in_ == 4


def test_classes_that_no_row_shows_yet():
    x, y = blobs()
    model = make(classes=["eel", "dog", "cat"], epochs=40).fit(x[y != "dog"], y[y != "dog"])
    assert model.classes_.tolist() == ["cat", "dog", "eel"]
    p = model.predict_proba(x[y != "dog"])
    assert p.shape == (40, 3)
    assert p[:, 1].max() < p.max(axis=1).min()


@pytest.mark.parametrize(
    ("settings", "y", "says"),
    [
        ({}, ["cat"] * 60, r"all labels are \['cat'\].* at least two.* classes="),
        ({"classes": ["cat", "dog"]}, blobs()[1], r"\['eel'\] are not among classes=\['cat', 'dog'\]"),
        ({}, np.arange(60) % 2, r"2 classes.*shape \(3,\); end with Dense\(2\)"),
        ({"classes": range(4)}, np.arange(60) % 3, r"4 classes.*shape \(3,\); end with Dense\(4\)"),
        ({}, blobs()[1][1:], r"\(60,\).*\(59,\)"),
        ({}, blobs()[1].reshape(-1, 1), r"\(60,\).*\(60, 1\)"),
        ({"epochs": 0}, blobs()[1], "epochs must be at least 1"),
    ],
)
def test_labels_and_settings_that_are_refused(settings, y, says):
    model = make(**settings)
    with pytest.raises(ValueError, match=says):
        model.fit(blobs()[0], y)
    assert not hasattr(model, "network_")


# A specification that is fitted.


def test_fit_depends_on_settings_and_data_alone():
    x, y = blobs()
    model = make()
    p = model.fit(x, y).predict_proba(x)
    np.testing.assert_array_equal(model.fit(x, y).predict_proba(x), p)
    model.fit(-x, y[::-1])
    np.testing.assert_array_equal(model.fit(x, y).predict_proba(x), p)
    np.testing.assert_array_equal(make().fit(x, y).predict_proba(x), p)
    assert (make(seed=1).fit(x, y).predict_proba(x) != p).all()
    assert all("W" not in vars(layer) for layer in LAYERS)  # they were copied


@pytest.mark.parametrize("seed", [0, 5])
def test_seed_decides_weights_and_order(seed):
    x, y = blobs()
    layers = [Recorder(), nn.Dense(3)]
    model = nn.Classifier(layers, epochs=2, batch_size=60, optimizer=nn.SGD(1e-12), seed=seed).fit(10 * x, y)
    start = nn.Sequential([nn.Dense(3)], (4,), seed=seed).parameters
    np.testing.assert_allclose(model.network_.parameters, start, atol=1e-9)
    rows = np.round(10 * x[:, 0]).astype(int)
    orders = [np.random.default_rng((seed, epoch)).permutation(60) for epoch in range(2)]
    assert model.network_.layers[0].batches == [rows[order].tolist() for order in orders]


def test_optimizer_is_copied_for_every_fit():
    x, y = blobs()
    optimizer = nn.Adam(0.01)
    model = make(optimizer=optimizer)
    p = model.fit(x, y).predict_proba(x)
    assert optimizer.t == 0
    np.testing.assert_array_equal(model.fit(x, y).predict_proba(x), p)
    assert (make().fit(x, y).predict_proba(x) != p).all()  # the default is another


def test_settings():
    model = make()
    assert model.get_params()["epochs"] == 5
    assert model.set_params(epochs=7, seed=3) is model
    assert (model.epochs, model.get_params()["seed"]) == (7, 3)
    with pytest.raises(ValueError, match=r"'epoch'.* epochs"):
        model.set_params(epoch=3)
    assert repr(nn.Classifier([nn.Dense(2)], classes=np.arange(2), seed=1)).endswith("seed=1)")


def test_clone():
    base = pytest.importorskip("sklearn.base")
    x, y = blobs()
    model = make(optimizer=nn.Adam(0.01), classes=["cat", "dog", "eel"]).fit(x, y)
    cloned = base.clone(model)
    assert not hasattr(cloned, "network_")
    assert repr(cloned) == repr(model)
    np.testing.assert_array_equal(cloned.fit(x, y).predict_proba(x), model.predict_proba(x))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "sample_proba", "embed"])
def test_asked_too_early(method):
    with pytest.raises(ValueError, match="not fitted yet; call fit first"):
        getattr(make(), method)(blobs()[0])


@pytest.mark.parametrize("method", ["predict", "predict_proba", "sample_proba", "embed"])
def test_rows_that_are_refused(method, fitted):
    x, _ = blobs()
    with pytest.raises(ValueError, match=r"3"):
        getattr(fitted, method)(x[:, :3])
    with pytest.raises(ValueError, match="NaN or infinite"):
        getattr(fitted, method)(np.where(x > 1, np.nan, x))


def test_score_of_labels_of_another_shape(fitted):
    x, y = blobs()
    for labels in (y[:1], y[:, None]):  # these would broadcast, and give a wrong number
        with pytest.raises(ValueError, match=r"\(60,\)"):
            fitted.score(x, labels)


def test_pixels_or_floats_but_not_both():
    pixels = np.random.default_rng(0).integers(256, size=(60, 4), dtype=np.uint8)
    y = blobs()[1]
    on_pixels, on_values = make().fit(pixels, y), make().fit(pixels.astype(float), y)
    on_shares = make().fit(pixels / 255, y)
    with pytest.raises(ValueError, match=r"fitted on uint8 pixels.* up to 25\d; .*divide by 255"):
        on_pixels.predict(pixels.astype(float))
    with pytest.raises(ValueError, match=r"fitted on values up to 25\d as they were"):
        on_values.predict(pixels)
    expected = on_pixels.predict_proba(pixels)
    for model, x in ((on_pixels, pixels / 255), (on_shares, pixels), (on_shares, pixels / 255)):
        np.testing.assert_allclose(model.predict_proba(x), expected, rtol=1e-9)


# Settings that go on to fit.


def rare(n=400, seed=0):
    """Two clouds that overlap; one label in twenty is "rare"."""
    rng = np.random.default_rng(seed)
    y = np.where(np.arange(n) % 20 == 0, "rare", "common")
    return rng.normal(0, 1, (n, 3)) + 1.2 * (y == "rare")[:, None], y


@pytest.mark.parametrize("class_weight", ["balanced", {"rare": 19.0}])
def test_rare_classes_can_count_more(class_weight):
    x, y = rare()
    found = []
    for weight in (None, class_weight):
        model = nn.Classifier(epochs=30, class_weight=weight).fit(x, y)
        xt, yt = rare(seed=1)
        found.append(np.mean(model.predict(xt)[yt == "rare"] == "rare"))
    assert found[1] > 0.7 > found[0] + 0.1


def test_class_weights_are_those_of_the_loss():
    x, y = rare()
    model = nn.Classifier([nn.Dense(2)], epochs=2, class_weight={"rare": 3.0}).fit(x, y)
    net = nn.Sequential([nn.Dense(2)], 3)
    loss = nn.SoftmaxCrossEntropy(class_weights=[1.0, 3.0])
    nn.fit(net, loss, nn.Adam(), x, (y == "rare").astype(int), epochs=2, batch_size=64)
    np.testing.assert_array_equal(model.network_.parameters, net.parameters)


def test_held_out_rows_callbacks_and_distortions():
    data = nn.datasets.load("digits")
    stopping = nn.EarlyStopping(2)
    settings = {"epochs": 200, "validation": 0.2, "callbacks": [stopping], "optimizer": nn.Adam(0.01)}
    model = nn.Classifier(**settings).fit(data.x_train, data.y_train)
    assert 2 < len(model.history_) < 200
    assert len(model.history_.validation_accuracy) == len(model.history_)
    assert stopping.best_epoch == 0  # every fit has a copy of its own
    augment = nn.Augment(shift=1, image_shape=data.image_shape)
    distorted = nn.Classifier(**settings, augment=augment).fit(data.x_train, data.y_train)
    assert distorted.history_.loss != model.history_.loss
    assert distorted.score(data.x_test, data.y_test) > 0.9


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (
            {"class_weight": {"odd": 2.0}},
            r"names \['odd'\], which are not among the classes \['common', 'rare'\]",
        ),
        ({"class_weight": "even"}, '"balanced" or a dict'),
        ({"class_weight": {"rare": 0.0}}, "a weight must be a positive number"),
        ({"validation": 2}, "validation must be"),
    ],
)
def test_settings_of_fit_that_are_refused(settings, says):
    with pytest.raises(ValueError, match=says):
        nn.Classifier(**settings).fit(*rare())


def test_a_warm_start_goes_on_from_the_last_network_and_a_cold_one_does_not():
    data = nn.datasets.load("digits")
    x, y = data.x_train[:200], data.y_train[:200]
    warm = nn.Classifier([nn.Dense(10)], steps=5, warm_start=True).fit(x, y)
    first = warm.network_
    once, step = first.parameters.copy(), first.step
    warm.fit(x, y)
    assert warm.network_.step == 2 * step
    np.testing.assert_array_equal(first.parameters, once)  # the fit worked on a copy
    cold = nn.Classifier([nn.Dense(10)], steps=5).fit(x, y)
    np.testing.assert_array_equal(cold.network_.parameters, once)
    np.testing.assert_array_equal(cold.fit(x, y).network_.parameters, once)
    with pytest.raises(ValueError, match="NaN"):
        warm.fit(np.full((4, 64), np.nan), [0, 1, 0, 1])
    assert warm.network_.step == 2 * step


def test_a_warm_start_with_other_classes_begins_anew():
    data = nn.datasets.load("digits")
    few = data.y_train < 5
    model = nn.Classifier([nn.Dense(5)], steps=5, warm_start=True).fit(data.x_train[few], data.y_train[few])
    other = data.y_train[few] + 10
    model.fit(data.x_train[few], other)
    assert model.classes_.tolist() == [10, 11, 12, 13, 14]
    fresh = nn.Classifier([nn.Dense(5)], steps=5).fit(data.x_train[few], other)
    np.testing.assert_array_equal(model.network_.parameters, fresh.network_.parameters)
