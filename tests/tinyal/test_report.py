"""The report: well-formed, alone in the world, of bounded size, and with the figures that were found."""

import io
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from PIL import Image

import tinynn as nn
from tinyal import Comparison, StrategyRun, report
from tinyal.report.markup import Html, table, tag
from tinyal.report.pool import Pool
from tinyal.report.sprites import png, small_images, tile

VOID = {"br", "col", "meta"}
LABELS = list(range(20, 110, 10))


def made_up(strategies=("random", "margin", "bald"), seeds=3, labels=LABELS, pool=1348, classes=10, **record):
    """Make runs that differ by strategy and seed, each asking for rows of a pool."""
    runs = []
    for place, name in enumerate(strategies):
        for seed in range(seeds):
            rng = np.random.default_rng((place, seed))
            rise = 1 - np.exp(-np.array(labels) * (1 + 0.4 * place) / labels[-1] * 3)
            accuracy = np.clip(0.1 + 0.8 * rise + 0.01 * rng.normal(size=len(labels)), 0, 1).tolist()
            rows = rng.permutation(pool)[: labels[-1]].tolist()
            queried = [rows[a:b] for a, b in zip([0, *labels[:-1]], labels, strict=True)]
            beliefs = [
                None,
                *(rng.dirichlet(np.ones(classes), len(q)).round(4).tolist() for q in queried[1:]),
            ]
            runs.append(StrategyRun(labels, accuracy, queried, beliefs, strategy=name, seed=seed, **record))
    return Comparison(runs, {"model": "a <net>", "nothing": None})


class Page(HTMLParser):
    """Reads a page and holds every rule that a page without a network has to keep."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.text, self.attributes = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, name, attributes):
        self.seen.append(name)
        self.attributes += [(name, key, value or "") for key, value in attributes]
        assert len(dict(attributes)) == len(attributes), f"an attribute twice in <{name}>"
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.handle_starttag(name, attributes)
        if name not in VOID:
            self.handle_endtag(name)

    def handle_endtag(self, name):
        assert self.open, f"</{name}> closes nothing"
        assert self.open.pop() == name

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "title"):
            self.text.append(data)

    def words(self):
        return re.sub(r"\s+", " ", " ".join(self.text))

    def values(self, key):
        return [value for _, found, value in self.attributes if found == key]


@pytest.fixture(scope="module")
def digits():
    return nn.datasets.load("digits")


@pytest.fixture(scope="module")
def whole(digits):
    tables = [[[40, 5], [3, 52]], [[44, 1], [0, 55]]]
    result = made_up(seeds=8, confusion=tables)
    return result, report.html(result, data=digits)


def test_it_is_well_formed_and_needs_nothing_from_elsewhere(whole):
    result, text = whole
    page = Page(text)
    assert text.startswith('<!doctype html>\n<html lang="en">')
    assert "script" not in page.seen
    assert "link" not in page.seen
    assert not re.search(r"https?:|//[a-z]|@import", re.sub("base64,[^)]*", "", text), re.IGNORECASE)
    assert all(value.startswith("#") for value in page.values("href"))
    assert not page.values("src")
    addresses = re.findall(r"url\((.{0,22})", text)
    assert len(addresses) == len(result.strategies)
    assert set(addresses) == {"data:image/png;base64,"}
    assert any("default-src 'none'; img-src data:" in value for value in page.values("content"))


def test_it_can_be_read_without_seeing_and_on_a_phone(whole):
    page = Page(whole[1])
    levels = [name for name in page.seen if re.fullmatch("h[1-6]", name)]
    assert levels == ["h1"] + ["h2"] * 8
    assert {value[1:] for value in page.values("href")} == set(page.values("id"))
    pictures = [name for name, key, value in page.attributes if (key, value) == ("role", "img")]
    assert pictures.count("svg") == page.seen.count("title") - 1 == 4
    assert pictures.count("div") == len(
        [label for label in page.values("aria-label") if "images with" in label]
    )
    assert pictures.count("div") == 3 * len(LABELS)
    assert page.seen.count("caption") == page.seen.count("table") > 6
    assert page.values("scope").count("col") + page.values("scope").count("row") == page.seen.count("th")
    assert "width=device-width, initial-scale=1" in page.values("content")
    for rule in ("prefers-color-scheme: dark", "max-width: 40rem", "overflow-x: auto"):
        assert rule in whole[1]


def test_it_says_what_was_found(whole, digits):
    result, text = whole
    words = Page(text).words()
    target = result.target("random")
    for crossing in ("first", "last"):
        for sentence in result.sentences("random", crossing=crossing):
            assert sentence in words
    for name in result.strategies:
        assert f"{result.area(name).mean:.1%}" in words
        assert f"{result.final_accuracy(name).mean:.1%}" in words
        assert f"{result.labels_to(name, target).labels.mean:.0f} " in words
    assert f"labels to {target:.0%} for good" in words
    standings = result.matrix()
    assert Page(text).values("class").count("win") == list(standings.outcomes.values()).count("win") > 0
    run = result.of("margin")[0]
    shown = " ".join(digits.classes[label] for label in digits.y_train[run.queried[1]])
    wrong = sum(
        np.argmax(p) != label
        for p, label in zip(run.probabilities[1], digits.y_train[run.queried[1]], strict=True)
    )
    assert f"round 1: 21 to 30, {wrong} guessed wrong {shown}" in words
    counts = np.bincount(
        digits.y_train[np.concatenate([np.concatenate(r.queried) for r in result.of("bald")])]
    )
    assert f"{counts[7] / 8:.1f}" in words
    assert "bald: 8.0% wrong at the start, 1.0% at the end" in words
    assert "a <net>" in words
    assert nn.__version__ in words


def test_names_cannot_break_the_page(tmp_path):
    evil = '</table><script>alert("1")</script>&amp;'
    result = made_up(strategies=("random", evil, "'\"><img src=x onerror=y>"), seeds=2)
    page = Page(report.html(result, settings={evil: [evil]}))
    assert "script" not in page.seen
    assert "img" not in page.seen
    assert not [key for _, key, _ in page.attributes if key.startswith("on")]
    assert page.words().count(evil) > 5


def test_without_data_and_records_it_says_so():
    words = Page(report.html(made_up())).words()
    assert words.count("The data were not given to this report.") == 2
    assert "did not record what was taken for what: compare(..., confusion=True)" in words


def test_without_what_was_asked_it_says_so(digits):
    result = made_up()
    for run in result.runs:
        run.queried = [[] for _ in run.labels]
    assert (
        Page(report.html(result, data=digits)).words().count("Which rows were asked for was not kept.") == 2
    )


def test_few_runs_and_strategies_are_no_trouble(digits):
    alone = Page(report.html(made_up(("random",)), data=digits)).words()
    assert "there is nothing to compare it with" in alone
    assert "Who beats whom" not in alone
    one_seed = Page(report.html(made_up(seeds=1), data=digits)).words()
    assert "which says nothing about other runs" in one_seed
    hard = Page(report.html(made_up(), target=1.0)).words()
    assert "Neither margin nor random can be counted on to reach 100%" in hard
    assert "not reached (0 of 3 runs)" in hard


def test_rows_of_numbers_are_shown_as_tables():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 11)), np.array(["low", "high"])[rng.integers(2, size=200)]
    result = made_up(pool=200, classes=2)
    page = Page(report.html(result, data=(x, y)))
    words, row = page.words(), result.of("random")[0].queried[0][0]
    assert "url(" not in report.html(result, data=(x, y))
    assert f" {row} {y[row]} {x[row, 0]:.4g} {x[row, 1]:.4g} " in words
    assert "and 3 more" in words
    assert "15 more rows are not shown" in words
    assert re.search(r"high [\d.]+ [\d.]+ [\d.]+ [\d.]+ low", words)


def test_many_classes_get_a_list_of_mistakes():
    counts = np.diag([10] * 25)
    counts[3, 4], counts[7, 1] = 6, 9
    result = made_up(confusion=[counts.tolist()] * 2)
    words = Page(report.html(result)).words()
    assert "true class guess rows 7 1 27 3 4 18 " in words


@pytest.mark.slow
def test_twelve_strategies_ten_seeds_and_a_thousand_labels_stay_under_three_megabytes():
    """Noise is the worst that there can be: its images cannot be compressed."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (2000, 784), np.uint8), rng.integers(10, size=2000)
    data = nn.datasets.Dataset("noise", x, y, x[:9], y[:9], tuple("0123456789"), (28, 28), "", "")
    tables = rng.integers(0, 999, (2, 10, 10)).tolist()
    names = ("random", *(f"strategy-{i}" for i in range(11)))
    result = made_up(names, 10, [*range(100, 1001, 100)], 2000, confusion=tables)
    text = report.html(result, data=data)
    assert 1e6 < len(text.encode()) < 3e6
    words = Page(text).words()
    assert re.search(r"To keep this page small, \d+ of each round are shown at most", words)


def test_only_reports_are_replaced(tmp_path, digits):
    path, result = tmp_path / "report.html", made_up(("random",), seeds=1)
    assert report.write(result, path) == path
    first = path.read_text(encoding="utf-8")
    report.write(result, str(path), settings={"again": 1})
    assert path.read_text(encoding="utf-8") != first == report.html(result)
    path.write_text("<p>mine</p>")
    with pytest.raises(FileExistsError, match="no report of tinyal"):
        report.write(result, path)
    assert path.read_text() == "<p>mine</p>"
    report.write(result, path, overwrite=True)
    assert path.read_text(encoding="utf-8") == first
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    with pytest.raises(FileExistsError):
        report.write(result, tmp_path)
    with pytest.raises(ValueError, match="'margin' was not compared"):
        report.write(result, tmp_path / "other.html", reference="margin")
    assert not (tmp_path / "other.html").exists()


def test_fewer_images_are_shown_where_all_would_be_too_large(monkeypatch, digits):
    result = made_up(seeds=1)
    full = report.html(result, data=digits)
    monkeypatch.setattr("tinyal.report.questions.LIMIT", 6_000)
    thinned = report.html(result, data=digits)
    assert sum(map(len, re.findall(r"base64,[^)]*", full))) > 6_000
    assert sum(map(len, re.findall(r"base64,[^)]*", thinned))) < 6_000
    words = Page(thinned).words()
    each = int(re.search(r"To keep this page small, (\d+) of each round", words)[1])
    assert 1 <= each < 20
    assert f"{each} images with the labels" in thinned
    assert "To keep" not in Page(full).words()


@pytest.mark.parametrize("shape", [(5, 8), (5, 7), (1, 1), (4, 3, 3)])
def test_the_png_is_read_by_others(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    read = np.asarray(Image.open(io.BytesIO(png(image))).convert("RGB" if len(shape) == 3 else "L"))
    expected = image if len(shape) == 3 else 17 * np.round(image / 17)
    np.testing.assert_array_equal(read, expected)


def test_tiles_stand_in_order_on_paper():
    images = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 2, 3), np.uint8)
    sheet = tile(images, 3)
    assert sheet[::2, ::3].tolist() == [[0, 1, 2], [3, 4, 255]]
    assert tile(np.zeros((4, 2, 2, 3), np.uint8), 3).shape == (4, 6, 3)


def test_images_are_ink_on_paper_and_small():
    rows = np.array([[0, 255, 0, 0]])
    assert small_images(rows, (2, 2), 0, 255)[0].tolist() == [[255, 0, 255], [255, 255, 255], [255, 255, 255]]
    assert small_images(rows / 255, (2, 2), 0, 1).tolist() == small_images(rows, (2, 2), 0, 255).tolist()
    assert small_images(np.zeros((1, 100 * 80 * 3)), (100, 80, 3), 0, 1).shape == (1, 25, 20, 3)
    assert small_images(np.full((1, 12), 7), (2, 2, 3), 7, 7).max() == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((np.zeros((4, 2)), np.zeros(3)), "4 rows and 3 labels"),
        ((np.zeros((4, 2)),), "data is a Dataset"),
        (np.zeros((4, 2)), "data is a Dataset"),
        ((np.zeros((4, 3, 8, 8)), np.zeros(4)), "move the axis of colours to the end"),
        ((np.zeros((40, 2)), np.zeros(40)), "was asked for, and the data have 40"),
    ],
)
def test_data_that_the_runs_cannot_be_made_on(data, message):
    with pytest.raises(ValueError, match=message):
        report.html(made_up(), data=data)


def test_images_come_in_three_forms():
    for shape, expected in [((4, 5), (4, 5)), ((4, 5, 1), (4, 5)), ((4, 5, 3), (4, 5, 3))]:
        assert Pool((np.zeros((6, *shape)), np.arange(6))).image_shape == expected
    assert Pool((np.zeros((6, 20)), np.arange(6))).image_shape is None


def test_markup():
    assert tag("td", None, 0, ["a", Html("<b>"), ("<",)], class_=None) == "<td>0a<b>&lt;</td>"
    assert tag("br") == "<br>"
    assert tag("p", data_x='"&') == '<p data-x="&quot;&amp;"></p>'
    assert table("c", ["h"], [["r", tag("td", 1, class_="k"), 2]]).count("<td") == 2
