"""Convolution and pooling against loops and SciPy's correlation: any stride, any padding, in pieces of any size."""

import itertools
import tracemalloc

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

import tinynn as nn
from tinynn.buffers import Buffered
from tinynn.layers import lowering, pooling
from tinynn.layers.windows import paddings

SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))
STEPS = st.tuples(st.integers(1, 3), st.integers(1, 3))
SIDES = st.tuples(st.integers(0, 3), st.integers(0, 3))
PADDINGS = st.one_of(st.sampled_from(["valid", "same"]), st.integers(0, 3), st.tuples(SIDES, SIDES))
# Working memory in numbers, and the largest small product: as they are; one image, one line of weights at a time.
LIMITS = st.sampled_from([(lowering.CACHED_NUMBERS, lowering.SMALL_PRODUCT), (1, 1), (1, 10**6), (400, 60)])


@st.composite
def convolutions(draw):
    """A convolution, images for it, and its output gradient's generator."""
    size, steps, padding = draw(SIZES), draw(STEPS), draw(PADDINGS)
    shape = (draw(st.integers(size[0], 7)), draw(st.integers(size[1], 7)), draw(st.integers(1, 3)))
    conv = nn.Conv2D(draw(st.integers(1, 3)), size, steps, padding)
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    return conv, rng.normal(size=(draw(st.integers(1, 5)), *shape)), rng


def windows(x, size, steps):
    """Every window of images (n, height, width, channels): its row, its column, its slices, its numbers."""
    for i, j in itertools.product(
        range((x.shape[1] - size[0]) // steps[0] + 1), range((x.shape[2] - size[1]) // steps[1] + 1)
    ):
        where = np.s_[:, i * steps[0] : i * steps[0] + size[0], j * steps[1] : j * steps[1] + size[1]]
        yield i, j, where, x[where]


def assert_same(ours, expected, backend):
    np.testing.assert_allclose(backend.to_numpy(ours), expected, rtol=1e-10, atol=1e-10)


@settings(max_examples=80)
@given(made=convolutions(), limits=LIMITS)
def test_convolution_is_what_loops_and_scipy_say(made, limits, device, backend):
    """Equations `conv-forward`, `conv-shapes` and `conv-backward` of `docs/derivations/convolution.md`."""
    conv, x, rng = made
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowering, "CACHED_NUMBERS", limits[0])
        patch.setattr(lowering, "SMALL_PRODUCT", limits[1])
        net = nn.Sequential([conv], x.shape[1:], device=device, dtype="float64")
        net.parameters += 0.1  # biases too
        y = net.forward(x)
        dy = rng.normal(size=y.shape)
        dx = net.backward(dy)
    W, b = backend.to_numpy(conv.W), backend.to_numpy(conv.b)
    (above, below), (left, right) = paddings(conv.padding, x.shape[1:], conv.window, conv.steps)
    padded = np.pad(x, ((0, 0), (above, below), (left, right), (0, 0)))
    correlated = np.stack(
        [
            scipy.signal.correlate(image, W[..., f], mode="valid", method="direct")[..., 0]
            for image in padded
            for f in range(conv.filters)
        ]
    ).reshape(len(x), conv.filters, padded.shape[1] - W.shape[0] + 1, padded.shape[2] - W.shape[1] + 1)
    strided = correlated[:, :, :: conv.steps[0], :: conv.steps[1]]
    assert_same(y, strided.transpose(0, 2, 3, 1) + b, backend)
    dW, dpadded = np.zeros_like(W), np.zeros_like(padded)
    for i, j, where, window in windows(padded, conv.window, conv.steps):
        dW += np.einsum("nhwc,nf->hwcf", window, dy[:, i, j])
        dpadded[where] += np.einsum("nf,hwcf->nhwc", dy[:, i, j], W)
    assert_same(conv.dW, dW, backend)
    assert_same(conv.db, dy.sum(axis=(0, 1, 2)), backend)
    height, width = x.shape[1:3]
    assert_same(dx, dpadded[:, above : above + height, left : left + width], backend)


def test_a_window_on_a_signal_number_by_number():
    """Equations `conv-scalar`, `conv-scalar-weights` and `conv-scalar-input` of `docs/derivations/convolution.md`."""
    rng = np.random.default_rng(0)
    m, s = 7, 3
    net = nn.Sequential([nn.Conv2D(1, (s, 1))], (m, 1, 1), dtype="float64")
    (conv,) = net.layers
    net.parameters[...] = rng.normal(size=s + 1)
    w, b = conv.W.ravel(), float(conv.b[0])
    x, dy = rng.normal(size=m), rng.normal(size=m - s + 1)
    y, dx = net.forward(x.reshape(1, m, 1, 1)).ravel(), net.backward(dy.reshape(1, -1, 1, 1)).ravel()
    places = range(m - s + 1)
    np.testing.assert_allclose(y, [sum(w[a] * x[i + a] for a in range(s)) + b for i in places], rtol=1e-10)
    dw = [sum(dy[i] * x[i + a] for i in places) for a in range(s)]
    np.testing.assert_allclose(conv.dW.ravel(), dw, rtol=1e-10)
    assert conv.db[0] == pytest.approx(sum(dy), rel=1e-10)
    np.testing.assert_allclose(
        dx, [sum(w[a] * dy[k - a] for a in range(s) if k - a in places) for k in range(m)], rtol=1e-10
    )


def test_a_convolution_is_a_dense_layer_of_windows():
    """Equation `conv-lowered` of `docs/derivations/convolution.md`; a pixel adds up its places in the lines."""
    rng = np.random.default_rng(0)
    n, s, channels, filters = 2, 3, 2, 4
    net = nn.Sequential([nn.Conv2D(filters, s)], (5, 6, channels), dtype="float64")
    (conv,) = net.layers
    net.parameters += 0.1
    x = rng.normal(size=(n, 5, 6, channels))
    y = net.forward(x)
    dy = rng.normal(size=y.shape)
    dx = net.backward(dy)
    seen = list(windows(x, (s, s), (1, 1)))
    lines = np.concatenate(
        [window.reshape(n, -1) for *_, window in seen]
    )  # a place after the other, n lines each
    of_place = np.concatenate([dy[:, i, j] for i, j, *_ in seen])
    W = conv.W.reshape(-1, filters)
    np.testing.assert_allclose(
        np.concatenate([y[:, i, j] for i, j, *_ in seen]), lines @ W + conv.b, rtol=1e-10
    )
    np.testing.assert_allclose(conv.dW.reshape(-1, filters), lines.T @ of_place, rtol=1e-10)
    of_lines, expected = of_place @ W.T, np.zeros_like(x)
    for place, (_, _, where, window) in enumerate(seen):
        expected[where] += of_lines[place * n : place * n + n].reshape(window.shape)
    np.testing.assert_allclose(dx, expected, rtol=1e-10)


@given(made=convolutions())
def test_complex_images_and_weights(made):
    """The complex step goes through: convolution is bilinear, and nothing on the way is conjugated or made real."""
    conv, x, rng = made
    net = nn.Sequential([conv], x.shape[1:], dtype="complex128")
    real = nn.Sequential([conv.copy()], x.shape[1:], dtype="float64")
    direction, step = rng.normal(size=x.shape), 1e-30
    y = net.forward(x + 1j * step * direction)
    np.testing.assert_allclose(y.real, real.forward(x), atol=1e-12)
    np.testing.assert_allclose(y.imag / step, real.forward(direction), atol=1e-12)
    dy = rng.normal(size=y.shape)
    real.forward(x)
    np.testing.assert_allclose(net.backward(dy), real.backward(dy), atol=1e-12)
    np.testing.assert_allclose(net.gradients.real, real.gradients, atol=1e-12)


def test_images_and_gradients_that_are_views():
    """Channels first, turned round: no memory next to each other."""
    rng = np.random.default_rng(0)
    conv = nn.Sequential([nn.Conv2D(4, 3)], (6, 7, 2), dtype="float64").layers[0]
    x, dy = (
        rng.normal(size=(5, 2, 7, 6)).transpose(0, 3, 2, 1),
        np.moveaxis(rng.normal(size=(4, 5, 4, 5)), 0, 3),
    )
    assert not x.flags.c_contiguous
    assert not dy.flags.c_contiguous
    y = conv.forward(x).copy()
    dx, dW = conv.backward(dy).copy(), conv.dW.copy()
    np.testing.assert_allclose(y, conv.forward(np.ascontiguousarray(x)), rtol=1e-12)
    np.testing.assert_allclose(dx, conv.backward(np.ascontiguousarray(dy)), rtol=1e-12)
    np.testing.assert_allclose(dW, conv.dW, rtol=1e-12)


@given(made=convolutions())
def test_blas_takes_the_lines_of_windows_as_they_are(made):
    """Within a matrix lines must not overlap; otherwise NumPy multiplies without BLAS, and slowly."""
    conv, x, _ = made
    nn.Sequential([conv], x.shape[1:])
    C = lowering.window_lines(Buffered(), x, conv.window, conv.steps, conv.around)
    assert C.shape == (
        conv.output_shape[0],
        len(x) * conv.output_shape[1],
        conv.W.size // conv.filters,
    )
    assert C.strides[2] == C.itemsize
    assert C.strides[1] % C.itemsize == 0
    assert C.strides[1] >= C.shape[2] * C.itemsize


@pytest.mark.parametrize("n", [0, 1, 7, 128])
def test_pieces_cover_all_images_and_stay_small(n):
    for numbers, lines, weights in itertools.product((1, 10**4, 10**7), (1, 500), (1, 10**4, 10**6)):
        pieces = lowering.pieces(np, n, numbers, lines, weights)
        assert [i for piece in pieces for i in range(piece.start, piece.stop)] == list(range(n))
        for piece in pieces:
            images = piece.stop - piece.start
            assert images == 1 or images * numbers <= 4 * lowering.CACHED_NUMBERS
            assert images == 1 or images * lines * weights <= lowering.SMALL_PRODUCT or weights == 10**6


LAYERS = [
    nn.Conv2D(4, 3, padding="same"),
    nn.Conv2D(4, 3, 2),
    nn.MaxPool2D(),
    nn.MaxPool2D(3, 2),
    nn.AveragePool2D(),
]


def placed(layer, n):
    """The layer in its place, and a batch for it in both directions."""
    layer = nn.Sequential([layer.copy()], (8, 8, 3)).layers[0]
    return layer, np.ones((n, 8, 8, 3), np.float32), np.ones((n, *layer.output_shape), np.float32)


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_working_memory_is_bounded_by_the_piece(layer, monkeypatch):
    """Beside y and dx a layer keeps the same memory for 100 images as for 200."""
    monkeypatch.setattr(lowering, "CACHED_NUMBERS", 2**13)
    monkeypatch.setattr(pooling, "rows_at_a_time", lambda xp, numbers: 10)
    kept = []
    for n in (100, 200):
        made, x, dy = placed(layer, n)
        made.forward(x, training=True)
        made.backward(dy)
        results = ("y", "dx") + (("share",) if isinstance(layer, nn.AveragePool2D) else ())
        kept.append({name: part.nbytes for name, part in made._memory.items() if name not in results})
    assert kept[0] == kept[1]
    assert kept[0]


@pytest.mark.parametrize("layer", LAYERS, ids=repr)
def test_a_second_step_takes_no_memory(layer):
    made, x, dy = placed(layer, 1000)
    made.forward(x, training=True)
    made.backward(dy)
    tracemalloc.start()
    try:
        made.forward(x, training=True)
        made.backward(dy)
        # What NumPy's own loops need, whatever the batch; x has 768 000 bytes.
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


def test_no_input_gradient_where_none_is_wanted(monkeypatch):
    conv = nn.Sequential([nn.Conv2D(2, 2)], (5, 5, 1)).layers[0]
    y = conv.forward(np.ones((3, 5, 5, 1), np.float32))
    conv.backward(y)
    dW = conv.dW.copy()
    monkeypatch.setattr("tinynn.layers.conv.add_up", lambda *_: pytest.fail("computed all the same"))
    conv.dW.fill(0)
    assert conv.backward(y, input_gradient=False) is None
    np.testing.assert_array_equal(conv.dW, dW)


@st.composite
def pools(draw, layer):
    size, steps = draw(SIZES), draw(st.none() | STEPS)
    shape = (draw(st.integers(size[0], 8)), draw(st.integers(size[1], 8)), draw(st.integers(1, 3)))
    rng = np.random.default_rng(draw(st.integers(0, 999)))
    # Few different numbers, so that ties are everywhere.
    return layer(size, steps), rng.integers(-2, 3, (draw(st.integers(1, 5)), *shape)).astype(float), rng


@settings(max_examples=80)
@given(made=pools(nn.MaxPool2D), at_a_time=st.sampled_from([1, 2, 100]))
def test_the_first_of_the_largest_gets_the_gradient(made, at_a_time, device, backend):
    """Equations `pool-max`, `pool-forward` and `pool-backward` of `docs/derivations/pooling.md`."""
    pool, x, rng = made
    net = nn.Sequential([pool], x.shape[1:], device=device, dtype="float64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "rows_at_a_time", lambda xp, numbers: at_a_time)
        y = net.forward(x)
        dy = rng.normal(size=y.shape)
        dx = net.backward(dy)
    expected_y, expected_dx = np.empty(y.shape), np.zeros_like(x)
    for i, j, where, window in windows(x, pool.window, pool.steps):
        expected_y[:, i, j] = window.max(axis=(1, 2))
        for n, c in itertools.product(range(len(x)), range(x.shape[3])):
            first = np.unravel_index(window[n, :, :, c].argmax(), pool.window)
            expected_dx[where][(n, *first, c)] += dy[n, i, j, c]
    np.testing.assert_array_equal(backend.to_numpy(y), expected_y)
    assert_same(dx, expected_dx, backend)


@settings(max_examples=80)
@given(made=pools(nn.AveragePool2D), at_a_time=st.sampled_from([1, 2, 100]))
def test_the_mean_is_shared_out_evenly(made, at_a_time, device, backend):
    """Equation `pool-mean` of `docs/derivations/pooling.md`."""
    pool, x, rng = made
    net = nn.Sequential([pool], x.shape[1:], device=device, dtype="float64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "rows_at_a_time", lambda xp, numbers: at_a_time)
        y = net.forward(x)
        dy = rng.normal(size=y.shape)
        dx = net.backward(dy)
    expected_y, expected_dx = np.empty(y.shape), np.zeros_like(x)
    for i, j, where, window in windows(x, pool.window, pool.steps):
        expected_y[:, i, j] = window.mean(axis=(1, 2))
        expected_dx[where] += (dy[:, i, j] / np.prod(pool.window))[:, None, None]
    assert_same(y, expected_y, backend)
    assert_same(dx, expected_dx, backend)


def test_of_two_numbers_the_larger_gets_all():
    """Equation `pool-two` of `docs/derivations/pooling.md`."""
    rng = np.random.default_rng(0)
    net = nn.Sequential([nn.MaxPool2D((1, 2))], (1, 2, 1), dtype="float64")
    x, dy = rng.normal(size=(20, 2)), rng.normal(size=20)
    y = net.forward(x.reshape(20, 1, 2, 1)).ravel()
    dx = net.backward(dy.reshape(20, 1, 1, 1)).reshape(20, 2)
    for (a, b), largest, d, found in zip(x, y, dy, dx, strict=True):
        assert largest == max(a, b)
        assert found.tolist() == ([d, 0] if a > b else [0, d])


@pytest.mark.parametrize("layer", [nn.MaxPool2D, nn.AveragePool2D])
@settings(max_examples=30)
@given(data=st.data(), t=st.integers(-3, 3))
def test_a_constant_passes_and_what_is_handed_out_adds_up(layer, data, t):
    """Equations `pool-both` and `pool-sum` of `docs/derivations/pooling.md`, on images that are full of ties."""
    pool, x, rng = data.draw(pools(layer))
    net = nn.Sequential([pool], x.shape[1:], dtype="float64")
    raised, y = net.forward(x + t), net.forward(x)
    np.testing.assert_allclose(raised, y + t, atol=1e-12)
    dy = rng.normal(size=y.shape)
    dx = net.backward(dy)
    np.testing.assert_allclose(dx.sum(axis=(1, 2)), dy.sum(axis=(1, 2)), atol=1e-12)


def test_the_first_of_a_window_is_the_first_of_the_first_row_that_has_it():
    """Equation `pool-separable` of `docs/derivations/pooling.md`, and why the rule for ties survives."""
    for window in np.random.default_rng(0).integers(0, 3, (200, 3, 4)):
        assert window.max() == window.max(axis=1).max()
        row = window.max(axis=1).argmax()
        assert (row, window[row].argmax()) == np.unravel_index(window.argmax(), window.shape)
