"""What active learning asks a classifier for: probabilities, features, and samples of thinned networks."""

import numpy as np
import pytest
from scipy.special import softmax

import tinynn as nn
from tests.tinynn.test_classifier import LAYERS, blobs, make
from tinynn import inference
from tinynn.thinned import Thinned


@pytest.fixture(scope="module")
def fitted():
    return make().fit(*blobs())


def test_probabilities(fitted, monkeypatch):
    x, _ = blobs()
    p = fitted.predict_proba(x)
    np.testing.assert_allclose(p, softmax(fitted.network_.forward(x), axis=1), rtol=1e-12)
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict(x), fitted.classes_[p.argmax(axis=1)])
    monkeypatch.setattr(inference, "CHUNK", 7)
    np.testing.assert_allclose(fitted.predict_proba(x), p, rtol=1e-12)


def test_features_are_what_the_last_dense_layer_sees(fitted, monkeypatch):
    x, _ = blobs()
    features = fitted.embed(x)
    assert features.shape == (60, 6)
    last = fitted.network_.layers[-1]
    logits = features @ last.W + last.b
    np.testing.assert_allclose(softmax(logits, axis=1), fitted.predict_proba(x), rtol=1e-12)
    monkeypatch.setattr(inference, "CHUNK", 7)
    np.testing.assert_allclose(fitted.embed(x), features, rtol=1e-12)


def thinned(net, sample, seed):
    """Sample k as a network of its own: a dropped input is a row of zeros in the next W."""
    layers = [layer.copy() for layer in net.layers if not isinstance(layer, nn.Dropout)]
    plain = nn.Sequential(layers, net.input_shape, dtype=net.dtype)
    plain.parameters[...] = net.parameters
    dense = [layer for layer in layers if isinstance(layer, nn.Dense)]
    drops = [layer for layer in net.layers if isinstance(layer, nn.Dropout)]
    for layer, drop in zip(dense[1:], drops, strict=True):
        layer.W *= drop.thin(sample, inference.sampling_seed(seed)).reshape(-1, 1)
    return plain


def test_samples_are_thinned_networks(fitted):
    """Equation `dropout-thinned` of `docs/derivations/dropout.md`."""
    x, _ = blobs()
    samples = fitted.sample_proba(x, n_samples=5, seed=3)
    assert samples.shape == (5, 60, 3)
    for k, p in enumerate(samples):
        expected = softmax(thinned(fitted.network_, k, seed=3).forward(x), axis=1)
        np.testing.assert_allclose(p, expected, rtol=1e-10)
    assert len(np.unique(samples[:, 0, 0].round(9))) == 5
    assert (fitted.sample_proba(x, 5, seed=4) != samples).any(axis=(1, 2)).all()
    np.testing.assert_array_equal(fitted.sample_proba(x, 9, seed=3)[:5], samples)


def test_samples_scatter_around_the_prediction():
    """For one linear layer behind dropout, the mean logit over all masks is the logit without dropout."""
    x, y = blobs()
    model = nn.Classifier([nn.Dropout(0.5), nn.Dense(3)], epochs=5, dtype="float64").fit(x, y)
    n = 4000
    log_odds = np.diff(np.log(model.sample_proba(x[:5], n_samples=n)), axis=2)
    expected = np.diff(np.log(model.predict_proba(x[:5])), axis=1)
    assert (np.abs(log_odds.mean(axis=0) - expected) < 5 * log_odds.std(axis=0) / np.sqrt(n)).all()


def test_mean_of_samples_is_close_to_the_prediction(fitted):
    x, _ = blobs()
    mean = fitted.sample_proba(x, n_samples=200).mean(axis=0)
    np.testing.assert_allclose(mean.sum(axis=1), 1, rtol=1e-9)
    assert np.abs(mean - fitted.predict_proba(x)).mean() < 0.1


def test_a_row_is_sampled_alike_in_any_company(fitted, monkeypatch):
    x, _ = blobs()
    samples = fitted.sample_proba(x, n_samples=4)
    np.testing.assert_allclose(fitted.sample_proba(x[[5, 3]], 4), samples[:, [5, 3]], rtol=1e-12)
    monkeypatch.setattr(inference, "CHUNK", 7)
    np.testing.assert_allclose(fitted.sample_proba(x, 4), samples, rtol=1e-12)


def test_sampling_leaves_the_network_as_it_was(fitted, monkeypatch):
    x, _ = blobs()
    p = fitted.predict_proba(x)
    fitted.sample_proba(x, n_samples=2)
    np.testing.assert_array_equal(fitted.predict_proba(x), p)
    with monkeypatch.context() as patch:
        patch.setattr(inference, "softmax", lambda logits: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            fitted.sample_proba(x, n_samples=2)
    np.testing.assert_array_equal(fitted.predict_proba(x), p)


def test_weights_come_back_after_sampling(fitted):
    """A mask is folded into weights that stand in for the network's own, only for the time being."""
    net = fitted.network_
    before = net.parameters.copy()
    fitted.sample_proba(blobs()[0], n_samples=2)
    np.testing.assert_array_equal(net.parameters, before)
    for layer in net.layers:
        if isinstance(layer, nn.Dense):
            assert np.shares_memory(layer.W, net.parameters)


@pytest.mark.parametrize("rows", [3, 40])
@pytest.mark.parametrize(
    "layers",
    [
        [
            nn.Conv2D(3, 2),
            nn.Dropout(0.25),
            nn.Flatten(),
            nn.Dense(8),
            nn.Tanh(),
            nn.Dropout(0.5),
            nn.Dense(3),
        ],
        [nn.Dropout(0.25), nn.Conv2D(3, 2), nn.Flatten(), nn.Dropout(0.5), nn.Tanh(), nn.Dense(3)],
        [nn.Flatten(), nn.Dropout(0.5), nn.Dropout(0.3), nn.Dense(3)],
        [nn.Flatten(), nn.Residual([nn.Dropout(0.5), nn.Dense(9)]), nn.Dropout(0.5), nn.Dense(3)],
    ],
    ids=["dense", "images", "twice", "block"],
)
def test_a_mask_does_the_same_to_weights_as_to_rows(layers, rows, device, backend):
    """Whether or not it is folded into the weights of the Dense layer that comes next.

    Equation `dropout-thinned` of `docs/derivations/dropout.md`.
    """
    net = nn.Sequential([layer.copy() for layer in layers], (3, 3, 1), dtype="float64", device=device)
    x = np.random.default_rng(0).normal(size=(rows, 3, 3, 1))
    samples = inference.sample_proba(net, x, 4, seed=5)
    drops = [layer for layer in inference.walk(net.layers) if isinstance(layer, nn.Dropout)]
    for k, p in enumerate(samples):
        for layer in drops:
            layer.thinned = layer.thin(k, 5)
        np.testing.assert_allclose(p, softmax(backend.to_numpy(net.forward(x)), axis=1), rtol=1e-10)
    assert len(np.unique(samples[:, 0, 0].round(9))) > 1


@pytest.mark.parametrize(("rows", "folded"), [(8, False), (9, True)])
def test_the_smaller_of_rows_and_weights_is_multiplied(rows, folded):
    net = nn.Sequential([nn.Dropout(0.5), nn.Flatten(), nn.Dense(8)], (3, 2))
    drop, _, dense = net.layers
    mask, W = drop.thin(0, seed=1), dense.W.copy()
    with Thinned(net.layers, rows) as thinned:
        thinned.become([mask])
        assert (drop.thinned is None) == folded
        np.testing.assert_array_equal(dense.W, W * mask.reshape(6, 1) if folded else W)
    assert drop.thinned is None


def test_what_is_certain_is_computed_once(fitted, monkeypatch):
    """Layers before the first dropout run once a chunk, the others once a sample."""
    calls = np.zeros(len(LAYERS), int)
    for i, layer in enumerate(fitted.network_.layers):

        def counting(x, training=False, i=i, forward=layer.forward):
            calls[i] += 1
            return forward(x, training)

        monkeypatch.setattr(layer, "forward", counting)
    monkeypatch.setattr(inference, "CHUNK", 25)
    fitted.sample_proba(blobs()[0], n_samples=10)  # 60 rows: three chunks
    assert calls.tolist() == [3, 3, 30, 30, 30, 30, 30]


@pytest.mark.parametrize("rows", [inference.CHUNK, inference.CHUNK + 1, 2 * inference.CHUNK + 3])
def test_more_rows_than_one_chunk(rows, fitted):
    x, _ = blobs(rows)
    p, samples, features = fitted.predict_proba(x), fitted.sample_proba(x, 2), fitted.embed(x)
    assert (len(p), samples.shape[1], len(features)) == (rows, rows, rows)
    for i in (0, rows // 2, rows - 1):
        np.testing.assert_allclose(fitted.predict_proba(x[i : i + 1])[0], p[i], rtol=1e-10)
        np.testing.assert_allclose(fitted.sample_proba(x[i : i + 1], 2)[:, 0], samples[:, i], rtol=1e-10)
        np.testing.assert_allclose(fitted.embed(x[i : i + 1])[0], features[i], rtol=1e-10)


def test_same_answers_on_every_device(device, fitted):
    x, y = blobs()
    model = make(device=device).fit(x, y)
    for ours, expected in (
        (model.predict_proba(x), fitted.predict_proba(x)),
        (model.sample_proba(x, 3, seed=1), fitted.sample_proba(x, 3, seed=1)),
        (model.embed(x), fitted.embed(x)),
    ):
        assert type(ours) is np.ndarray
        np.testing.assert_allclose(ours, expected, rtol=1e-8)
    np.testing.assert_array_equal(model.predict(x), fitted.predict(x))


@pytest.mark.parametrize("layers", [[nn.Dense(3)], [nn.Dense(8), nn.Dropout(0.0), nn.Dense(3)]])
def test_samples_need_dropout(layers):
    model = nn.Classifier(layers, epochs=1).fit(*blobs())
    with pytest.raises(ValueError, match=r"needs a Dropout layer.*nn\.Dropout\(0\.5\) before the last Dense"):
        model.sample_proba(blobs()[0])


def test_other_questions_without_an_answer(fitted):
    with pytest.raises(ValueError, match="n_samples must be at least 1, not 0"):
        fitted.sample_proba(blobs()[0], n_samples=0)
    with pytest.raises(ValueError, match="input of the last Dense layer, and this network has none"):
        inference.embed(nn.Sequential([nn.Tanh()], (4,)), blobs()[0])
