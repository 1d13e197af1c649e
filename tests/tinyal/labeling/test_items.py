"""Arrays, tables and data sets as things to label: what the model and the person see, and that numbers stay."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from tinyal.labeling.items import open_items
from tinyal.labeling.kept_rows import check_rows
from tinynn import datasets

RNG = np.random.default_rng(0)
TABLE = 'width,note,height\n1,"round, red",10\n2,"=1+1",20\n6,"two\nlines",60\n'


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def save(folder, name, **arrays):
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, arrays["x"])
    else:
        np.savez(path, **arrays)
    return path


def write(folder, text, name="data.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def test_a_data_set_is_its_training_images_with_the_truth_apart(project):
    items, data = open_items(None, dataset="digits", project=project), datasets.load("digits")
    assert (items.kind, len(items), items.features.shape) == ("images", 1348, (1348, 8, 8, 1))
    assert items.classes == data.classes
    assert items.known == {}
    assert [int(label) for label in items.truth] == data.y_train.tolist()
    content, media = items.picture(7)
    assert media == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(content))), data.x_train[7].reshape(8, 8))
    assert items.text(7) is None
    assert list(project.iterdir()) == []
    with pytest.raises(ValueError, match="leave classes out"):
        open_items(None, dataset="digits", project=project, classes=["0", "1"])


def test_a_data_set_of_measurements_is_rows_of_features(project):
    items, data = open_items(None, dataset="iris", project=project), datasets.load("iris")
    assert (items.kind, items.classes, items.known, items.picture(0)) == ("features", data.classes, {}, None)
    assert items.truth == tuple(data.classes[label] for label in data.y_train)
    scaled = (data.x_train - data.x_train.mean(axis=0)) / data.x_train.std(axis=0)
    np.testing.assert_allclose(items.features, scaled, atol=1e-5)
    assert items.text(0).splitlines()[0] == "feature 0 = 5.1"


@pytest.mark.parametrize(
    ("x", "shape"),
    [
        (RNG.integers(0, 256, (5, 4, 3), dtype=np.uint8), (5, 4, 3, 1)),
        (RNG.integers(0, 256, (5, 4, 3, 3), dtype=np.uint8), (5, 4, 3, 3)),
        (RNG.integers(0, 256, (5, 4, 3, 4), dtype=np.uint8), (5, 4, 3, 4)),
        (RNG.integers(0, 256, (5, 4, 4, 1), dtype=np.uint8) / 255.0, (5, 4, 4, 1)),
        (RNG.integers(0, 2, (5, 4, 4)).astype(bool), (5, 4, 4, 1)),
    ],
)
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_an_array_of_images_is_shown_as_it_is(tmp_path, project, x, shape, name):
    items = open_items(save(tmp_path, name, x=x), project=project)
    assert (items.kind, items.features.shape, items.features.dtype) == ("images", shape, np.uint8)
    shown = np.asarray(Image.open(io.BytesIO(items.picture(2)[0]))).reshape(shape[1:])
    expected = (x[2] if x.dtype == np.uint8 else np.round(x[2] * 255.0)).reshape(shape[1:])
    assert np.array_equal(shown, expected)
    assert np.array_equal(items.features[2], expected)


def test_rows_of_pixels_are_images_when_their_size_is_said(tmp_path, project):
    x = RNG.integers(0, 256, (5, 12), dtype=np.uint8)
    items = open_items(save(tmp_path, "a.npy", x=x), project=project, size=(2, 6))
    assert np.array_equal(items.features, x.reshape(5, 2, 6, 1))
    with pytest.raises(ValueError, match="no images of 5 x 5"):
        open_items(tmp_path / "a.npy", project=project, size=(5, 5))


def test_rows_of_numbers_are_scaled_for_the_model_and_shown_as_they_are(tmp_path, project):
    x = np.array([[1.0, 1e9, 5], [3.0, 1e9 + 1, 5], [8.0, 1e9 + 2, 5]])
    items = open_items(save(tmp_path, "a.npy", x=x), project=project)
    assert (items.kind, items.features.dtype, items.picture(0)) == ("features", np.float32, None)
    spread = np.array([*x[:, :2].std(axis=0), 1])
    np.testing.assert_allclose(items.features, (x - x.mean(axis=0)) / spread, rtol=1e-6)
    assert items.text(1) == "feature 0 = 3\nfeature 1 = 1e+09\nfeature 2 = 5"
    wide = open_items(save(tmp_path, "b.npz", x=np.ones((2, 90))), project=_new(tmp_path))
    assert wide.text(0).splitlines()[-1] == "and 50 more"


def _new(tmp_path):
    folder = tmp_path / "another"
    folder.mkdir()
    return folder


@pytest.mark.parametrize(
    ("y", "known"),
    [
        (np.array([2, -1, 10]), {0: "2", 2: "10"}),
        (np.array([2.0, np.nan, 10]), {0: "2", 2: "10"}),
        (np.array(["dog", "", "cat"]), {0: "dog", 2: "cat"}),
        (np.array([True, False, True]), {0: "True", 1: "False", 2: "True"}),
    ],
)
def test_labels_beside_an_array_are_known_and_gaps_are_to_be_labelled(tmp_path, project, y, known):
    path = save(tmp_path, "a.npz", x=np.zeros((3, 2)), y=y)
    items = open_items(path, project=project)
    assert items.known == known
    assert set(items.classes) == set(known.values())
    assert items.classes in {("2", "10"), ("cat", "dog"), ("False", "True")}
    with pytest.raises(ValueError, match="not among the classes"):
        open_items(path, project=project, classes=["bee"])


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"x": np.zeros(5)}, "images"),
        ({"x": np.zeros((0, 5))}, "images"),
        ({"x": np.array([["a", "b"]])}, "wanted are numbers"),
        ({"x": np.zeros((2, 3, 5, 5))}, "puts the channels last"),
        ({"x": np.full((2, 3, 3), 300)}, "uint8 from 0 to 255"),
        ({"x": np.full((2, 3, 3), np.nan)}, "uint8 from 0 to 255"),
        ({"x": np.array([[1.0, np.inf]])}, "row 0 holds inf in column 1"),
        ({"x": np.array([[1, None]], dtype=object)}, "Python objects"),
        ({"x": np.zeros((2, 3)), "y": np.zeros(3)}, "2 rows"),
        ({"x": np.zeros((2, 3)), "y": np.array([0.5, 1])}, "fractions"),
        ({"x": np.zeros((2, 3)), "y": np.array(["a\nb", "c"])}, "one line"),
        ({"z": np.zeros((2, 3))}, "wanted is x"),
    ],
)
def test_arrays_that_cannot_be_labelled_are_errors_that_say_why(tmp_path, project, arrays, says):
    with pytest.raises(ValueError, match=says):
        open_items(save(tmp_path, "a.npz", **arrays), project=project)
    assert list(project.iterdir()) == []


def test_files_that_are_no_arrays_are_errors(tmp_path, project):
    for name in ("a.npy", "a.npz"):
        (tmp_path / name).write_bytes(b"PK hello")
        with pytest.raises(ValueError, match=name):
            open_items(tmp_path / name, project=project)
    with pytest.raises(OSError, match="missing"):
        open_items(tmp_path / "none.npy", project=project)
    with pytest.raises(ValueError, match="nothing that can be labelled"):
        open_items(write(tmp_path, "x", "notes.txt"), project=project)
    with pytest.raises(ValueError, match="not both"):
        open_items(tmp_path, dataset="digits", project=project)


def test_rows_keep_their_numbers_and_their_scale_when_rows_are_added(tmp_path, project):
    x = RNG.normal(size=(30, 3))
    path = save(tmp_path, "a.npy", x=x)
    before = open_items(path, project=project)
    save(tmp_path, "a.npy", x=np.concatenate([x, 100 + x]))
    after = open_items(path, project=project)
    assert len(after) == 60
    assert np.array_equal(after.features[:30], before.features)
    save(
        tmp_path, "a.npy", x=np.concatenate([x, 100 - x])
    )  # others at the end than those that are numbered now
    with pytest.raises(ValueError, match="first 60 rows"):
        open_items(path, project=project)
    save(tmp_path, "a.npy", x=x)
    with pytest.raises(ValueError, match="has 30 rows, and had 60"):
        open_items(path, project=project)


@pytest.mark.parametrize("change", ["number", "order", "type", "text"])
def test_rows_that_were_changed_are_noticed(tmp_path, project, change):
    x, texts = np.arange(12.0).reshape(4, 3), ["a", "b", "c", "d"]
    check_rows(tmp_path, project, x, texts, refresh=True)
    changed = {
        "number": (x + np.eye(4, 3) * 1e-9, texts),
        "order": (x[::-1], texts),
        "type": (x.astype(np.float32), texts),
        "text": (x, ["a", "bc", "", "d"]),
    }
    check_rows(tmp_path, project, x, texts, refresh=True)
    with pytest.raises(ValueError, match="are not those that were labelled"):
        check_rows(tmp_path, project, *changed[change], refresh=True)


def test_who_only_reads_writes_nothing(tmp_path, project):
    open_items(save(tmp_path, "a.npy", x=np.zeros((2, 3))), project=project)
    before = (project / "items.json").read_bytes()
    more = save(tmp_path, "a.npy", x=np.zeros((5, 3)))
    assert len(open_items(more, project=project, refresh=False)) == 5
    assert (project / "items.json").read_bytes() == before


def test_a_table_has_features_for_the_model_and_a_text_for_the_person(tmp_path, project):
    items = open_items(write(tmp_path, TABLE), project=project, text_column="note")
    assert [items.text(i) for i in range(3)] == ["round, red", "=1+1", "two\nlines"]
    x = np.array([[1, 10], [2, 20], [6, 60]])
    np.testing.assert_allclose(items.features, (x - x.mean(axis=0)) / x.std(axis=0), rtol=1e-6)
    assert (items.name(2), items.picture(2), items.unreadable) == ("row 2", None, ())
    with pytest.raises(ValueError, match="are not those that were labelled"):
        open_items(write(tmp_path, TABLE.replace("red", "blue")), project=project, text_column="note")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a,b\n1,2\n3,4\n", "a = 3\nb = 4"),
        ("\ufeffa,b\r\n1,2\r\n\r\n3,4\r\n", "a = 3\nb = 4"),
        ("1,2\n3,4\n", "column 0 = 3\ncolumn 1 = 4"),
        ("1\n3\n", "column 0 = 3"),
    ],
)
def test_a_table_may_have_names_or_not(tmp_path, project, text, shown):
    items = open_items(write(tmp_path, text), project=project)
    assert items.text(1) == shown
    assert len(items) == 2


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", None, "empty"),
        ("a,b\n", None, "no rows"),
        ("a,b\n1,2,3\n", None, "line 2 has 3 columns"),
        ("a;b\n1;2\n", None, "semicolons"),
        (TABLE, None, "row 0 holds 'round, red' in column 'note'"),
        (TABLE, "text", "no column 'text' in its first line: width, note, height"),
        ("note\nred\n", "note", "no column"),
        ("a,b\n1,\n", None, "row 0 holds '' in column 'b'"),
        ("a,b\n1,nan\n", None, "row 0 holds nan"),
        ("a,b\n1," + "9" * 200_000 + "\n", None, "field"),
    ],
)
def test_tables_that_cannot_be_labelled_are_errors_that_say_where(tmp_path, project, text, column, says):
    with pytest.raises(ValueError, match=says):
        open_items(write(tmp_path, text), project=project, text_column=column)
    assert list(project.iterdir()) == []


def test_a_table_in_another_encoding_is_an_error(tmp_path, project):
    with pytest.raises(ValueError, match="not UTF-8"):
        open_items(write(tmp_path, "a,b\n1,é\n", encoding="latin-1"), project=project)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"format": "a list of items", "version": 2, "kind": "rows"}', "null"]
)
def test_a_damaged_list_of_items_is_an_error_and_stays(tmp_path, project, content):
    (project / "items.json").write_text(content)
    with pytest.raises(ValueError, match="bring back a copy"):
        open_items(save(tmp_path, "a.npy", x=np.zeros((2, 3))), project=project)
    assert (project / "items.json").read_text() == content


def test_the_list_of_items_is_of_one_kind_of_source(tmp_path, project):
    open_items(save(tmp_path, "a.npy", x=np.zeros((2, 3))), project=project)
    assert json.loads((project / "items.json").read_text())["rows"] == 2
    (tmp_path / "photos").mkdir()
    with pytest.raises(ValueError, match="about 'rows'"):
        open_items(tmp_path / "photos", project=project)
