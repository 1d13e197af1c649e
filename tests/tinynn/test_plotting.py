"""Pictures show the right numbers in the right places. How they look, a person judges."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix

import tinynn as nn
from tinynn import plotting, toys
from tinynn.inference import predict_proba
from tinynn.plotting import look

RNG = np.random.default_rng(0)


def image(artist):
    return np.asarray(artist.get_array())


def drawn(figure):
    """Draw a figure, warnings being errors, and return its first axes."""
    assert isinstance(figure, Figure)
    figure.draw_without_rendering()
    return figure.axes[0]


def words(axes):
    return [text.get_text() for text in axes.texts]


def texts_of(figure):
    """All texts that are to be seen: names, notes, and the labels of ticks within the limits."""
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.texts)]
    for axes in figure.axes:
        legend = axes.get_legend()
        titles = [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label]
        texts += [*axes.texts, *titles, *(legend.texts if legend else ())]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            pairs = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
            texts += [label for place, label in pairs if low <= place <= high]
    return [text for text in texts if text.get_text()]


def overlaps(figure):
    """Pairs of texts of a figure that lie on each other, and texts that leave it."""
    figure.draw_without_rendering()
    texts = texts_of(figure)
    boxes = [text.get_window_extent() for text in texts]
    pairs = [
        (texts[i].get_text(), texts[j].get_text())
        for i in range(len(texts))
        for j in range(i)
        if min(boxes[i].x1, boxes[j].x1) - max(boxes[i].x0, boxes[j].x0) > 1
        and min(boxes[i].y1, boxes[j].y1) - max(boxes[i].y0, boxes[j].y0) > 1
    ]
    width, height = figure.bbox.size
    outside = [
        text.get_text()
        for text, box in zip(texts, boxes, strict=True)
        if box.x0 < -1 or box.y0 < -1 or box.x1 > width + 1 or box.y1 > height + 1
    ]
    return pairs + outside


# Histories


def history(epochs=4, accuracy=True, rates=()):
    validation = [0.9 / (i + 1) for i in range(epochs)]
    return nn.History(
        loss=[1 / (i + 1) for i in range(epochs)],
        validation_loss=validation,
        validation_accuracy=[1 - value / 2 for value in validation] if accuracy else [],
        learning_rate=list(rates),
    )


def curves(axes):
    return [
        (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines if len(line.get_xdata())
    ]


def test_a_history_in_panels_with_its_numbers():
    record = history(rates=[0.1, 0.1, 0.01, 0.01])
    figure = plotting.plot_history(record, title="a training")
    drawn(figure)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "validation accuracy", "learning rate"]
    epochs = [1, 2, 3, 4]
    assert curves(figure.axes[0]) == [(epochs, record.loss), (epochs, record.validation_loss)]
    assert curves(figure.axes[1]) == [(epochs, record.validation_accuracy)]
    assert curves(figure.axes[2]) == [(epochs, record.learning_rate)]
    assert figure.axes[0].get_title("left") == "a training"
    # Names stand at the height of the curves' ends, in their colours.
    places = {text.get_text(): text for text in figure.axes[0].texts}
    for name, line in zip(("training", "validation"), figure.axes[0].lines, strict=True):
        assert places[name].get_color() == line.get_color()
    assert places["training"].xy[1] > places["validation"].xy[1]


def test_panels_only_for_what_was_recorded():
    panels = [
        [axes.get_ylabel() for axes in plotting.plot_history(record).axes]
        for record in (nn.History(loss=[1.0]), history(accuracy=False), history(rates=[0.1] * 4))
    ]
    assert panels == [["loss"], ["loss"], ["loss", "validation accuracy"]]


def test_several_histories_are_told_apart():
    records = {"short": history(2), "long": history(30), "bare": nn.History(loss=[2.0, 1.0])}
    figure = plotting.plot_history(records)
    drawn(figure)
    assert [len(xs) for xs, _ in curves(figure.axes[0])] == [2, 2, 30, 30, 2]
    legend = {
        text.get_text(): line
        for text, line in zip(figure.legends[0].texts, figure.legends[0].legend_handles, strict=True)
    }
    assert list(legend) == ["short", "long", "bare", "training", "validation"]
    colors = [line.get_color() for line in figure.axes[0].lines if len(line.get_xdata())]
    assert colors == [legend[name].get_color() for name in ("short", "short", "long", "long", "bare")]
    assert len(set(colors)) == 3
    styles = [line.get_linestyle() for line in figure.axes[0].lines]
    assert (
        [legend["training"].get_linestyle(), legend["validation"].get_linestyle()]
        == styles[:2]
        == ["--", "-"]
    )


def test_what_a_training_records_can_be_drawn_and_a_diverged_one_too():
    x, y = toys.moons(64)
    net = nn.Sequential([nn.Dense(8), nn.Tanh(), nn.Dense(2)], 2)
    record = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.Adam(), x, y, epochs=2, validation=(x, y))
    assert curves(drawn(plotting.plot_history(record)))[0] == ([1, 2], record.loss)
    drawn(plotting.plot_history(nn.History(loss=[1.0, 2.0], validation_loss=[1.0, np.nan])))


@pytest.mark.parametrize(
    ("argument", "error", "message"),
    [
        (nn.History(), ValueError, "the history has no epochs yet"),
        ({}, ValueError, "no training to draw"),
        ({"a": nn.History(loss=[1.0]), "b": nn.History()}, ValueError, "history 'b' has no epochs"),
        ([1.0, 2.0], TypeError, "must be a History.* not list"),
        (
            {str(i): nn.History(loss=[1.0]) for i in range(11)},
            ValueError,
            "11 trainings are more than colours",
        ),
    ],
)
def test_what_is_no_history(argument, error, message):
    with pytest.raises(error, match=message):
        plotting.plot_history(argument)


# Weights and kernels


def test_weights_are_columns_of_w_on_one_scale_around_zero(device):
    net = nn.Sequential([nn.Dense(12), nn.ReLU(), nn.Dense(3)], 36, device=device)
    figure = plotting.plot_weights(net, units=[7, 2])
    axes = drawn(figure)
    W = net.backend.to_numpy(net.layers[0].W)
    for j, artist in zip([7, 2], axes.images, strict=True):
        assert np.array_equal(image(artist), W[:, j].reshape(6, 6))
        assert artist.get_clim() == (-np.abs(W[:, [7, 2]]).max(), np.abs(W[:, [7, 2]]).max())
        assert artist.cmap(0.5)[:3] == pytest.approx((1, 1, 1), abs=0.05)  # zero is white
    assert words(axes) == ["7", "2"]
    assert axes.get_xlabel() == "layer 0, Dense(12): 2 of 12 units"


def test_weights_of_another_layer_another_shape_and_a_classifier():
    data = RNG.normal(size=(20, 6)), np.arange(20) % 2
    model = nn.Classifier([nn.Dense(4), nn.ReLU(), nn.Dense(2)], epochs=1).fit(*data)
    second = drawn(plotting.plot_weights(model, layer=2, image_shape=(1, 4)))
    assert [image(artist).tolist() for artist in second.images] == [
        [row] for row in model.network_.layers[2].W.T.tolist()
    ]
    assert drawn(plotting.plot_weights(model, image_shape=(2, 3))).images[0].get_array().shape == (2, 3)


def test_a_dense_layer_after_flatten_sees_the_input_image():
    net = nn.Sequential([nn.Flatten(), nn.Dense(3)], (2, 5, 1))
    first = image(drawn(plotting.plot_weights(net)).images[0])
    assert np.array_equal(first, net.layers[1].W[:, 0].reshape(2, 5))


def test_many_units_are_cut_and_said_so():
    axes = plotting.plot_weights(nn.Sequential([nn.Dense(100)], 16)).axes[0]
    assert len(axes.images) == 64
    assert axes.get_xlabel() == "layer 0, Dense(100): 64 of 100 units"


def test_kernels_of_grey_images(device):
    net = nn.Sequential([nn.Conv2D(5, (2, 3))], (8, 8, 1), device=device)
    axes = drawn(plotting.plot_kernels(net))
    W = net.backend.to_numpy(net.layers[0].W)
    assert np.array_equal([image(artist) for artist in axes.images], np.moveaxis(W[:, :, 0], -1, 0))
    assert axes.images[0].get_clim() == (-np.abs(W).max(), np.abs(W).max())


def test_kernels_of_coloured_images_are_coloured_and_grey_is_zero():
    net = nn.Sequential([nn.Conv2D(2, 3)], (8, 8, 3))
    net.layers[0].W[0, 0, :, 0] = 0
    figure = plotting.plot_kernels(net)
    W, tile = net.layers[0].W, image(drawn(figure).images[0])
    assert tile.shape == (3, 3, 3)
    assert tile[0, 0] == pytest.approx([0.5] * 3)
    assert tile == pytest.approx(0.5 + W[..., 0] / (2 * np.abs(W).max()))
    assert len(figure.axes) == 1  # a colour bar would mean nothing


def test_kernels_of_deeper_layers_form_a_grid_that_is_capped():
    # Three channels of a hidden layer are no colours.
    net = nn.Sequential([nn.Conv2D(3, 1), nn.Conv2D(20, 2), nn.Residual([nn.Conv2D(20, 1)])], (8, 8, 1))
    axes = plotting.plot_kernels(net, layer=1).axes[0]
    W = net.layers[1].W
    assert len(axes.images) == 16 * 3
    assert np.array_equal(image(axes.images[3 * 5 + 2]), W[:, :, 2, 5])
    assert axes.get_xlabel().endswith("16 of 20 filters down, 3 channels across")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1", "2"]
    inner = nn.Sequential([nn.Residual([nn.Conv2D(4, 1)])], (4, 4, 4))
    assert len(plotting.plot_kernels(inner).axes[0].images) == 16


def test_weights_that_are_all_zero_can_be_drawn():
    net = nn.Sequential([nn.Dense(2)], 4)
    net.parameters.fill(0)
    assert drawn(plotting.plot_weights(net)).images[0].get_clim() == (-1, 1)


MIXED = nn.Sequential([nn.Conv2D(2, 3), nn.ReLU(), nn.Flatten(), nn.Dense(5)], (5, 5, 1))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: plotting.plot_weights(nn.Sequential([nn.ReLU()], 4)), ValueError, "draws a Dense layer.* has none"),
        (lambda: plotting.plot_kernels(nn.Sequential([nn.ReLU()], 4)), ValueError, "draws a Conv2D layer.* has none"),
        (lambda: plotting.plot_weights(MIXED, layer=1), ValueError, r"layer 1 is ReLU\(\); Dense is at 3"),
        (lambda: plotting.plot_kernels(MIXED, layer=-1), ValueError, r"layer -1 is Dense\(5\); Conv2D is at 0"),
        (lambda: plotting.plot_weights(MIXED, layer=4), ValueError, "0 to 3 in this network, not 4"),
        (lambda: plotting.plot_weights(MIXED), ValueError, "layer 3.* 18 numbers.* no square.* image_shape"),
        (lambda: plotting.plot_weights(MIXED, image_shape=(4, 4)), ValueError, "has 16 numbers, and .* has 18"),
        (lambda: plotting.plot_weights(MIXED, image_shape=(3, 3, 2)), ValueError, "an image is .*shape \\(3, 3, 2\\)"),
        (lambda: plotting.plot_weights(MIXED, image_shape=(3, 6), units=[5]), ValueError, "0 to 4 .* 5 is not"),
        (lambda: plotting.plot_weights(MIXED, image_shape=(3, 6), units=[]), ValueError, "units is empty"),
        (lambda: plotting.plot_weights(nn.Classifier()), TypeError, "a fitted Classifier, not Classifier"),
    ],
)  # fmt: skip
def test_layers_that_cannot_be_drawn(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_a_colour_image_is_suggested_where_it_fits():
    with pytest.raises(ValueError, match=r"image_shape=\(32, 32, 3\) has as many"):
        plotting.plot_weights(nn.Sequential([nn.Dense(1)], 3072))


def test_weights_of_a_diverged_network():
    net = nn.Sequential([nn.Dense(2)], 4)
    net.layers[0].W[1, 1] = np.nan
    with pytest.raises(ValueError, match=r"layer 0, Dense\(2\), has weights that are NaN"):
        plotting.plot_weights(net)


# Confusions


def test_the_confusion_matrix_counts_and_colours():
    true, predicted = RNG.integers(0, 4, 300), RNG.integers(0, 4, 300)
    true[true == 2] = 1  # class 2 has no rows, and its row no shares
    axes = drawn(plotting.plot_confusion(true, predicted, ("a", "b", "c", "d")))
    counts = confusion_matrix(true, predicted, labels=range(4))
    written = np.zeros_like(counts)
    for text in axes.texts:
        j, i = text.get_position()
        written[i, j] = int(text.get_text())
    assert np.array_equal(written, counts)
    assert len(axes.texts) == np.count_nonzero(counts)  # no clutter of zeros
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    mistakes, right = (artist.get_array() for artist in axes.images)
    assert np.array_equal(mistakes.mask, np.eye(4, dtype=bool))
    assert np.array_equal(right.mask, ~mistakes.mask)
    assert mistakes.data == pytest.approx(shares)
    assert right.data == pytest.approx(shares)
    assert axes.images[0].get_clim() == (0, shares[~np.eye(4, dtype=bool)].max())
    assert axes.images[1].get_clim() == (0, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a", "b", "c", "d"]
    assert (axes.get_ylabel(), axes.get_xlabel().split("\n")[0]) == ("true", "predicted")
    assert f"{np.trace(counts)} of 300 right" in axes.get_xlabel()


@pytest.mark.parametrize(
    ("true", "predicted", "classes", "names"),
    [
        ([3, 5, 5], [3, 3, 7], None, ["3", "5", "7"]),
        (["b", "a"], ["b", "b"], None, ["a", "b"]),
        (["b", "a"], ["b", "b"], ("b", "c", "a"), ["b", "c", "a"]),
        ([7, 3], [7, 7], (7, 5, 3), ["7", "5", "3"]),
        ([0, 1], [0, 0], ("cat", "dog"), ["cat", "dog"]),
        ([True, False], [True, True], None, ["False", "True"]),
        (np.array(["x", "y"], dtype=object), ["x", "x"], None, ["x", "y"]),
    ],
)
def test_labels_of_any_kind(true, predicted, classes, names):
    axes = drawn(plotting.plot_confusion(true, predicted, classes))
    assert [label.get_text() for label in axes.get_xticklabels()] == names
    order = {name: i for i, name in enumerate(names)}
    label = (lambda y: names[y]) if names == ["cat", "dog"] else str
    cells = {(order[label(t)], order[label(p)]) for t, p in zip(true, predicted, strict=True)}
    assert {text.get_position()[::-1] for text in axes.texts} == cells


def test_twenty_classes_stay_readable():
    labels = np.repeat(np.arange(20), 400)
    predicted = np.where(np.arange(8000) % 7, labels, RNG.permutation(labels))
    figure = plotting.plot_confusion(
        labels, predicted, [f"some category {i}" for i in range(20)], title="many"
    )
    axes = figure.axes[0]
    assert min(text.get_fontsize() for text in axes.texts) >= 7
    # Slanted names reach under each other by their boxes, not by their letters.
    assert not [
        pair for pair in overlaps(figure) if isinstance(pair, str) or not all("some" in text for text in pair)
    ]


def test_a_hundred_classes_show_no_counts_and_some_names():
    axes = plotting.plot_confusion(np.arange(100), np.arange(100)).axes[0]
    assert not axes.texts
    assert [label.get_text() for label in axes.get_xticklabels()][:3] == ["0", "3", "6"]


def test_drawn_on_axes_of_a_figure_of_ones_own():
    figure = Figure(layout="constrained")
    left, right = figure.subfigures(1, 2)
    axes = left.subplots()
    assert plotting.plot_confusion([0, 1], [0, 1], ax=axes) is figure
    x, y = toys.moons(20)
    model = LogisticRegression().fit(x, y)
    assert plotting.plot_decision_regions(model, x, y, 10, ax=right.subplots()) is figure
    assert len(axes.images) == 2
    assert len(figure.axes) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "y_true is empty"),
        (([0, 1], [0, 1, 1]), r"y_predicted: .*shape \(2,\).*has shape \(3,\)"),
        (([0, 1], [[0.5, 0.5], [0.1, 0.9]]), r"y_predicted: .* p.argmax\(axis=1\)"),
        (([0, 1], [0, np.nan]), "y_predicted: .*NaN"),
        (([0, 1], ["0", "1"]), "text cannot equal a number"),
        ((["a", "b"], ["a", "b"], (0, 1)), "y_true holds text, such as 'a', and the classes are numbers"),
        ((["a", "b"], ["a", "c"], ("a", "b")), "y_predicted has label 'c' in row 1, .*one of"),
        (
            ([0, 2], [0, 1], ("cat", "dog")),
            "y_true has label 2 in row 1, .* from 0 to 1, as there are 2 classes",
        ),
        (([0], [0], ()), "classes is empty"),
    ],
)
def test_labels_that_cannot_be_compared(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot_confusion(*arguments)


# Mistakes


def test_mistakes_come_by_confidence(backend):
    n, classes = 60, ("ant", "bee", "cow")
    x = RNG.integers(0, 256, (n, 6), dtype=np.uint8)
    y, p = RNG.integers(0, 3, n), RNG.dirichlet([1, 1, 1], n)
    p[:5] = [0.98, 0.01, 0.01]  # equally sure: in the order of the rows
    y[:5] = 1
    figure = plotting.plot_mistakes(backend.asarray(x), y, backend.asarray(p), classes, (2, 3), n=12)
    axes = drawn(figure)
    said = p.argmax(axis=1)
    expected = sorted((i for i in range(n) if said[i] != y[i]), key=lambda i: (-p[i].max(), i))
    captions = [f"{classes[y[i]]} → {classes[said[i]]}\n{p[i].max():.1%}, row {i}" for i in expected[:12]]
    assert words(axes) == captions
    assert len(expected) > 12
    for i, artist in zip(expected[:12], axes.images, strict=True):
        assert image(artist) == pytest.approx(x[i].reshape(2, 3) / 255)
        assert artist.get_clim() == (0, 1)
    assert (
        f"{len(expected)} of 60 rows are wrong, {len(expected) / 60:.1%}; here the 12 surest"
        == axes.get_xlabel()
    )


def test_fewer_mistakes_than_asked_for():
    p = np.eye(3)[[0, 1, 2, 2]]
    axes = drawn(plotting.plot_mistakes(np.zeros((4, 9)), [0, 1, 2, 0], p))
    assert words(axes) == ["0 → 2\n100.0%, row 3"]
    assert axes.get_xlabel() == "1 of 4 rows are wrong, 25.0%; the surest mistakes first"


def test_what_is_not_certain_is_not_called_certain():
    axes = drawn(plotting.plot_mistakes(np.zeros((1, 4)), [0], [[0.0001, 0.9999]]))
    assert words(axes) == ["0 → 1\n>99.9%, row 0"]


def test_no_mistakes_are_a_picture_too():
    axes = drawn(plotting.plot_mistakes(np.zeros((2, 4)), [0, 1], np.eye(2), title="perfect"))
    assert words(axes) == ["no mistakes in 2 rows"]
    assert not axes.images


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 1), (4, 5, 3)])
def test_images_of_all_kinds_keep_their_pixels(shape):
    x = RNG.normal(size=(2, *shape))
    tile = image(drawn(plotting.plot_mistakes(x, [0, 0], [[0, 1], [1, 0]])).images[0])
    scaled = (x[0] - x.min()) / (x.max() - x.min())
    assert tile == pytest.approx(scaled[..., 0] if shape == (4, 5, 1) else scaled)


GOOD = np.full((3, 2), 0.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros((3, 4)), [0, 1], GOOD), r"y_true: .*shape \(3,\).*has shape \(2,\)"),
        ((np.zeros((3, 4)), [0, 1, 1], GOOD[:2]), r"probabilities must have shape \(3, classes\).*\(2, 2\)"),
        ((np.zeros((3, 4)), [0, 1, 1], GOOD[:, 0]), r"must have shape \(3, classes\).*\(3,\)"),
        ((np.zeros((3, 4)), [0, 1, 1], GOOD * np.nan), "row 0 of the probabilities.* no distribution"),
        ((np.zeros((3, 4)), [0, 1, 1], [[0.5, 0.5], [3, -2], [1, 0]]), r"row 1 .*nn.softmax\(logits\)"),
        ((np.full((3, 4), np.nan), [0, 1, 1], GOOD), "x holds NaN"),
        ((np.zeros((3, 5)), [0, 1, 1], GOOD), "a row of x has 5 numbers, which is no square"),
        ((np.zeros((3, 4)), [0, 1, 2], GOOD), "y_true has label 2 in row 2"),
        ((np.zeros((3, 4)), [0, 1, 1], GOOD, ("a", "b", "c")), "3 classes, and probabilities have 2 columns"),
        ((np.zeros((3, 4)), [0, 1, 1], GOOD, None, None, 0), "n must be at least 1"),
    ],
)
def test_what_mistakes_cannot_be_drawn_from(arguments, message):
    with pytest.raises(ValueError, match=message):
        plotting.plot_mistakes(*arguments)


# Regions


class Halves:
    """Class "right" where x₀ > 0, surer the farther away."""

    classes_ = np.array(["left", "right"])

    def predict_proba(self, x):
        p = 1 / (1 + np.exp(-2 * np.asarray(x)[:, :1]))
        return np.concatenate([1 - p, p], axis=1)


def test_regions_have_the_colour_of_the_class_and_fade_where_it_is_unsure():
    x = np.array([[-2.0, 0.0], [2.0, 1.0], [1.0, 0.5], [-1.0, 0.2]])
    y = np.array(["left", "right", "left", "left"])
    axes = drawn(plotting.plot_decision_regions(Halves(), x, y, resolution=40, title="halves"))
    (picture,) = axes.images
    left, right, bottom, top = picture.get_extent()
    assert (left, right, bottom, top) == pytest.approx((-2.48, 2.48, -0.12, 1.12))
    assert picture.origin == "lower"
    pixels = image(picture)
    places = left + (np.arange(40) + 0.5) * (right - left) / 40
    p = Halves().predict_proba(np.column_stack([places, places]))
    sure = 2 * p.max(axis=1) - 1
    for k, color in enumerate(look.COLORS[:2]):
        columns = p.argmax(axis=1) == k
        shade = 1 - 0.6 * sure[columns, None] * (1 - np.array(to_rgb(color)))
        assert pixels[:, columns] == pytest.approx(np.broadcast_to(shade, pixels[:, columns].shape))
    assert pixels[0, 20] == pytest.approx([1, 1, 1], abs=0.1)
    assert not np.allclose(pixels[0, 0], pixels[0, -1])


def test_points_are_where_they_belong_and_mistakes_are_ringed():
    x = np.array([[-2.0, 0.0], [2.0, 1.0], [1.0, 0.5], [-1.0, 0.2]])
    axes = drawn(plotting.plot_decision_regions(Halves(), x, np.array(["left", "right", "left", "left"]), 10))
    points = {c.get_label(): np.asarray(c.get_offsets()).tolist() for c in axes.collections}
    assert points == {"left": x[[0, 2, 3]].tolist(), "right": x[[1]].tolist(), "wrong": x[[2]].tolist()}
    colors = [tuple(c.get_facecolor()[0][:3]) for c in axes.collections[:2]]
    assert colors == [to_rgb(color) for color in look.COLORS[:2]]
    assert [text.get_text() for text in axes.get_legend().texts] == ["left", "right", "wrong"]


def test_up_to_down_is_not_mirrored():
    class Top(Halves):
        def predict_proba(self, x):
            return super().predict_proba(x[:, ::-1])

    axes = drawn(plotting.plot_decision_regions(Top(), [[0.0, -3.0], [1.0, 3.0]], ["left", "right"], 10))
    pixels = image(axes.images[0])  # origin "lower": the first row is the bottom
    assert np.linalg.norm(pixels[0, 0] - to_rgb(look.COLORS[0])) < np.linalg.norm(
        pixels[0, 0] - to_rgb(look.COLORS[1])
    )


@pytest.mark.parametrize(
    "ending", [[nn.Dense(3)], [nn.Dense(3), nn.Softmax()], [nn.Dense(1)], [nn.Dense(1), nn.Sigmoid()]]
)
def test_networks_with_every_kind_of_end(ending, device):
    net = nn.Sequential([nn.Dense(4), nn.Tanh(), *(layer.copy() for layer in ending)], 2, device=device)
    net.layers[2].W *= 3
    x = RNG.normal(size=(30, 2))
    outputs = net.backend.to_numpy(net.forward(x)).astype(float)
    if len(ending) == 1:
        outputs = 1 / (1 + np.exp(-outputs)) if outputs.shape[1] == 1 else np.asarray(nn.softmax(outputs))
    p = np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs
    y = p.argmax(axis=1)
    targets = y[:, None].astype(float) if outputs.shape[1] == 1 else y
    axes = drawn(plotting.plot_decision_regions(net, x, targets, resolution=8))
    assert "wrong" not in [c.get_label() for c in axes.collections]
    assert sum(len(c.get_offsets()) for c in axes.collections) == 30
    # One pixel, asked again: how sure the network is there decides how much colour there is.
    left, right, bottom, top = axes.images[0].get_extent()
    corner = np.array([[left + (right - left) / 16, bottom + (top - bottom) / 16]])
    q = net.backend.to_numpy(net.forward(corner)).astype(float)
    if len(ending) == 1:
        q = 1 / (1 + np.exp(-q)) if q.shape[1] == 1 else np.asarray(nn.softmax(q))
    q = np.hstack([1 - q, q]) if q.shape[1] == 1 else q
    sure = (q.max() - 1 / q.shape[1]) / (1 - 1 / q.shape[1])
    color = np.array(to_rgb(look.COLORS[q.argmax()]))
    assert image(axes.images[0])[0, 0] == pytest.approx(1 - 0.6 * sure * (1 - color), abs=1e-5)


def test_a_scikit_learn_model_a_classifier_and_a_network_agree():
    x, y = toys.circles(60)
    model = nn.Classifier([nn.Dense(8), nn.Tanh(), nn.Dense(2)], epochs=3).fit(x, y)
    pictures = [
        image(drawn(plotting.plot_decision_regions(m, x, y, 20)).images[0]) for m in (model, model.network_)
    ]
    assert np.array_equal(*pictures)
    assert predict_proba(model.network_, x).shape == (60, 2)
    linear = LogisticRegression().fit(x, y)
    assert image(drawn(plotting.plot_decision_regions(linear, x, y, 20)).images[0]).shape == (20, 20, 3)


def test_circles_look_like_circles_and_strips_are_not_drawn_thin():
    x, y = toys.circles(40)
    labels = np.where(y, "left", "right")
    assert drawn(plotting.plot_decision_regions(Halves(), x, labels, 5)).get_aspect() == 1
    assert drawn(plotting.plot_decision_regions(Halves(), x * [100, 1], labels, 5)).get_aspect() == "auto"
    drawn(plotting.plot_decision_regions(Halves(), [[1.0, 1.0]], ["left"], 5))  # a single point has no width


class Wrong:
    def __init__(self, p):
        self.p = p

    def predict_proba(self, x):
        return self.p


X, Y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([0, 1])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((Halves(), np.zeros((5, 3)), Y), ValueError, r"over two features.*\(5, 3\).*x\[:, \[0, 1\]\]"),
        ((Halves(), np.zeros(2), Y), ValueError, r"must have shape \(n, 2\)"),
        ((Halves(), X * np.nan, Y), ValueError, "x holds NaN"),
        ((Halves(), X, [0]), ValueError, r"y: .*shape \(2,\)"),
        ((Halves(), X, ["left", "up"]), ValueError, "y has label 'up' in row 1"),
        ((Halves(), X, Y, 0), ValueError, "resolution must be at least 1"),
        ((object(), X, Y), TypeError, "must be a Sequential or have predict_proba"),
        ((Halves, X, Y), TypeError, "must be a Sequential or have predict_proba"),
        ((Wrong(np.zeros((3, 2))), X, Y), ValueError, r"must return .* \(25, classes\), .* returned shape \(3, 2\)"),
        ((Wrong(np.full((25, 2), np.nan)), X, Y), ValueError, "returned NaN"),
        ((Wrong(np.full((25, 11), 1 / 11)), np.zeros((25, 2)), np.zeros(25)), ValueError, "11 classes are more"),
        ((nn.Sequential([nn.Dense(2)], 5), X, Y), ValueError, "takes rows of shape"),
        ((nn.Sequential([nn.Reshape((2, 1))], 2), X, Y), ValueError, "one number a class"),
    ],
)  # fmt: skip
def test_what_has_no_regions(arguments, error, message):
    arguments = arguments if len(arguments) > 3 else (*arguments, 5)
    with pytest.raises(error, match=message):
        plotting.plot_decision_regions(*arguments)


# The look


def test_names_at_ends_keep_apart():
    figure = look.new_figure(5, 3)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    look.name_ends(axes, [(0.5, "one", "k"), (0.5, "two", "k"), (0.51, "three", "k"), (np.nan, "never", "k")])
    assert words(axes) == ["one", "two", "three"]
    assert overlaps(figure) == []


def test_texts_do_not_overlap():
    net = nn.Sequential([nn.Dense(12)], 64)
    p = np.roll(np.eye(10), 1, axis=1)
    figures = [
        plotting.plot_history(history(12, rates=np.linspace(0.1, 0.01, 12))),
        plotting.plot_history({f"training {i}": history(3 + i) for i in range(8)}, title="eight"),
        plotting.plot_weights(net, title="weights"),
        plotting.plot_mistakes(
            np.zeros((10, 64)), range(10), p, [f"a much longer name {i}" for i in range(10)]
        ),
        plotting.plot_confusion(range(10), range(10), title="confusion"),
        plotting.plot_decision_regions(Halves(), *toys.moons(30), 10, title="regions"),
        plotting.plot_decision_regions(Halves(), *toys.circles(60), 10),
    ]
    assert [overlaps(figure) for figure in figures] == [[]] * len(figures)


def test_palettes_hold_different_colours():
    for palette in (look.COLORS, look.MANY_COLORS):
        assert len(set(palette)) == len(palette)
    assert [look.palette(n, "things")[0] for n in (6, 7, 10)] == [look.COLORS[0], *[look.MANY_COLORS[0]] * 2]


def test_importing_the_pictures_loads_no_matplotlib_and_drawing_no_pyplot(tmp_path):
    program = (
        "import sys, tinynn as nn, tinynn.plotting as p; early = 'matplotlib' in sys.modules;"
        "p.plot_history(nn.History(loss=[1.0, 0.5])).savefig(sys.argv[1]);"
        "print(early, 'matplotlib.pyplot' in sys.modules)"
    )
    file = tmp_path / "curves.png"
    done = subprocess.run(
        [sys.executable, "-c", program, str(file)], capture_output=True, text=True, check=True
    )
    assert file.read_bytes().startswith(b"\x89PNG")
    assert done.stdout.split() == ["False", "False"]
