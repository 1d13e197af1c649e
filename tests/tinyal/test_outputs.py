"""What models say, whichever they are: the members of an ensemble are samples of what it predicts, column by column."""

import numpy as np
import pytest

import tinyal as al
import tinynn as nn
from tinyal.outputs import predict, sample
from tinyal.strategies import BALD, Entropy, Margin, Random

ensemble = pytest.importorskip("sklearn.ensemble")
neighbors = pytest.importorskip("sklearn.neighbors")
linear_model = pytest.importorskip("sklearn.linear_model")
svm = pytest.importorskip("sklearn.svm")
tree = pytest.importorskip("sklearn.tree")

RNG = np.random.default_rng(0)
WORDS = np.array(["ant", "bee", "cicada", "dragonfly"])
KIND = np.r_[np.arange(4), np.array([0] * 12 + [1] * 12 + [2] * 9 + [3])]  # a class that many resamples lack
X = RNG.normal(size=(len(KIND), 5)) + 2 * np.eye(4, 5)[KIND]
NEW = RNG.normal(size=(9, 5))
LABELS = {"words": WORDS[KIND], "numbers from 1": KIND + 1, "numbers from 0": KIND}


def voting(**settings):
    members = [
        ("forest", ensemble.RandomForestClassifier(n_estimators=3, random_state=0)),
        ("bag", ensemble.BaggingClassifier(n_estimators=3, random_state=0)),
        ("linear", linear_model.LogisticRegression()),
    ]
    return ensemble.VotingClassifier(members, voting="soft", **settings)


def bagging(member=None, **settings):
    return ensemble.BaggingClassifier(member, n_estimators=12, random_state=0, **settings)


ENSEMBLES = {
    "forest": lambda: ensemble.RandomForestClassifier(n_estimators=12, random_state=0),
    "extra trees": lambda: ensemble.ExtraTreesClassifier(n_estimators=12, random_state=0),
    "bagging": bagging,
    "bagging, few rows": lambda: bagging(max_samples=8),
    "bagging, few columns": lambda: bagging(max_features=0.4),
    "bagging, drawn columns": lambda: bagging(bootstrap_features=True, max_samples=8),
    "bagging of lines": lambda: bagging(linear_model.LogisticRegression(), max_samples=12, max_features=3),
    "bagging of neighbours": lambda: bagging(
        neighbors.KNeighborsClassifier(1), max_samples=8, max_features=3
    ),
    "bagging of forests": lambda: bagging(
        ensemble.RandomForestClassifier(n_estimators=2, random_state=0), max_samples=8
    ),
    "voting": voting,
    "voting, equal weights": lambda: voting(weights=[2, 2, 2]),
}


@pytest.mark.parametrize("labels", LABELS)
@pytest.mark.parametrize("name", ENSEMBLES)
def test_the_mean_over_all_members_is_what_the_ensemble_predicts(name, labels):
    model = ENSEMBLES[name]().fit(X, LABELS[labels])
    unknown = "boar" if labels == "words" else 9
    classes = np.unique([*LABELS[labels], unknown])
    samples = sample(model, NEW, 100, 0, classes)
    assert samples.shape == (len(model.estimators_), 9, 5)
    np.testing.assert_allclose(samples.mean(axis=0), predict(model, NEW, classes), atol=1e-12)
    np.testing.assert_allclose(samples.sum(axis=2), 1)
    np.testing.assert_array_equal(sample(model, NEW, 2, 0, classes), samples[:2])


def test_some_members_lack_a_class_in_these_tests():
    model = ENSEMBLES["bagging of neighbours"]().fit(X, KIND)
    assert {len(member.classes_) for member in model.estimators_} >= {3, 4}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (lambda: voting(weights=[1, 2, 1]), "VotingClassifier have different weights"),
        (
            lambda: ensemble.AdaBoostClassifier(tree.DecisionTreeClassifier(max_depth=1), n_estimators=3),
            "AdaBoostClassifier have different weights",
        ),
        (
            lambda: pytest.importorskip("sklearn.multiclass").OneVsRestClassifier(
                linear_model.LogisticRegression()
            ),
            "OneVsRestClassifier tell 2 classes apart, and all together 4",
        ),
    ],
)
def test_members_that_are_no_sample_are_refused(model, message):
    with pytest.raises(TypeError, match=message):
        sample(model().fit(X, KIND), NEW, 5, 0, np.arange(4))


def test_bald_asks_by_the_members_of_a_bag_in_their_own_columns():
    member = neighbors.KNeighborsClassifier(1)
    learner = al.ActiveLearner(bagging(member, max_features=0.4, max_samples=5), X, BALD(12))
    learner.tell(np.arange(20), WORDS[KIND[:20]])
    view = learner.view()
    members = [
        member.predict_proba(view.x[:, columns])
        for member, columns in zip(view.model.estimators_, view.model.estimators_features_, strict=True)
    ]
    for p, member, found in zip(members, view.model.estimators_, view.sample_proba(12), strict=True):
        np.testing.assert_array_equal(found[:, member.classes_], p)
    assert len(learner.ask(3)) == 3


# Models that are none.


@pytest.mark.parametrize("model", [svm.LinearSVC(), svm.SVC(), linear_model.SGDClassifier()], ids=repr)
def test_a_model_without_probabilities_says_what_is_missing(model):
    learner = al.ActiveLearner(model, X, Margin())
    learner.tell(np.arange(20), KIND[:20])
    name = type(model).__name__
    calibrated = rf"CalibratedClassifierCV\({name}\(\), ensemble=False\)"
    message = rf"{name} has no predict_proba\(x\), .*loss=.log_loss.*{calibrated}"
    with pytest.raises(TypeError, match=message):
        learner.ask(3)
    by_chance = al.ActiveLearner(model, X, Random())
    by_chance.tell(np.arange(20), KIND[:20])
    assert len(by_chance.ask(3)) == 3, "who asks no probabilities needs none"


@pytest.mark.parametrize("kind", [nn.Classifier, linear_model.LogisticRegression])
def test_a_class_in_the_place_of_a_model_is_named(kind):
    with pytest.raises(TypeError, match=rf"model is the class {kind.__name__}; write {kind.__name__}\(\)"):
        al.ActiveLearner(kind, X, Entropy())


def test_something_that_cannot_learn_is_no_model():
    with pytest.raises(TypeError, match=r"a model has fit\(x, y\).*'a network' has no fit"):
        al.ActiveLearner("a network", X, Entropy())
