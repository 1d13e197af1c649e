"""The irises that are carried: Fisher's numbers, split as it is said, with their licence."""

from importlib.resources import files

import numpy as np
import pytest

import tinynn as nn
from tinynn import datasets
from tinynn.datasets.iris import FEATURES


def whole():
    """Put the rows back into Fisher's order."""
    data = datasets.load("iris")
    test = np.arange(150) % 3 == 2
    x, y = np.empty((150, 4)), np.empty(150, np.int64)
    x[~test], x[test] = data.x_train, data.x_test
    y[~test], y[test] = data.y_train, data.y_test
    return x, y


def test_irises_are_those_of_scikit_learn():
    bunch = pytest.importorskip("sklearn.datasets").load_iris()
    x, y = whole()
    np.testing.assert_array_equal(x, bunch.data)
    np.testing.assert_array_equal(y, bunch.target)
    assert datasets.load("iris").classes == tuple(bunch.target_names)
    assert tuple(name.removesuffix(" (cm)") for name in bunch.feature_names) == FEATURES


def test_two_rows_are_fishers_and_not_the_repositorys():
    x, _ = whole()
    assert x[34].tolist() == [4.9, 3.1, 1.5, 0.2]
    assert x[37].tolist() == [4.9, 3.6, 1.4, 0.1]


def test_which_rows_are_alike():
    x, _ = whole()
    _, first, counts = np.unique(x, axis=0, return_index=True, return_counts=True)
    assert first[counts > 1].tolist() == [101]
    assert x[101].tolist() == x[142].tolist()


def test_irises_travel_with_their_licence():
    folder = files("tinynn.datasets")
    assert len((folder / "iris.csv").read_bytes()) < 5000
    notice = (folder / "iris.txt").read_text(encoding="utf-8")
    data = datasets.load("iris", download=False)
    assert data.licence in notice
    assert "10.24432/C56C76" in notice
    assert "10.24432/C56C76" in data.citation


def test_they_say_that_they_are_no_images():
    assert repr(datasets.load("iris")) == (
        "Dataset 'iris': 100 training and 50 test rows of 4 numbers, 3 classes (setosa, versicolor, virginica)"
    )
    assert datasets.available("iris")


def test_every_load_gives_arrays_of_its_own():
    datasets.load("iris").x_train[:] = 0
    assert datasets.load("iris").x_train.min() > 0


def test_a_network_learns_them():
    data = datasets.load("iris")
    model = nn.Classifier(
        [nn.Dense(16), nn.ReLU(), nn.Dense(3)], epochs=150, batch_size=20, optimizer=nn.Adam(1e-2)
    )
    assert model.fit(data.x_train, data.y_train).score(data.x_test, data.y_test) > 0.9
