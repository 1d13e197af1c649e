"""scikit-learn's own suite for estimators, run on `Classifier`."""

import pickle

import numpy as np
import pytest

import tinynn as nn

sklearn = pytest.importorskip("sklearn")

# Where we differ on purpose, and why.
DIFFERENCES = {
    "check_supervised_y_2d": "a column of labels is an error here, in scikit-learn a warning: often it is a mistake",
}


@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass():
    from sklearn.utils.estimator_checks import check_estimator

    results = check_estimator(
        nn.Classifier(epochs=100), expected_failed_checks=DIFFERENCES, on_fail=None, on_skip=None
    )
    failed = {r["check_name"]: r["exception"] for r in results if r["status"] == "failed"}
    assert not failed
    assert {r["check_name"] for r in results if r["status"] == "xfail"} == DIFFERENCES.keys()
    assert sum(r["status"] == "passed" for r in results) > 40


def test_in_a_pipeline_with_cross_validation():
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = nn.datasets.load("digits")
    model = make_pipeline(StandardScaler(), nn.Classifier(epochs=50))
    assert cross_val_score(model, data.x_test.astype(float), data.y_test, cv=3).min() > 0.8


def test_a_pickled_classifier_predicts_the_same_and_its_network_still_hangs_together():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), np.arange(40) % 2
    layers = [nn.Dense(6), nn.BatchNorm(), nn.ReLU(), nn.Dropout(0.5), nn.Dense(2)]
    model = nn.Classifier(layers, epochs=3).fit(x, y)
    again = pickle.loads(pickle.dumps(model))
    assert np.array_equal(again.predict_proba(x), model.predict_proba(x))
    assert np.array_equal(again.sample_proba(x, 3), model.sample_proba(x, 3))
    again.network_.parameters[...] = 0
    assert (again.network_.layers[0].W == 0).all()
