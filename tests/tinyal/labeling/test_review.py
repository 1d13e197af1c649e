import numpy as np

import tinynn as nn
from tinyal.fitting import train
from tinyal.labeling.review import FEWEST, FOLDS, SHARE, _folds, doubtful

DIGITS = nn.datasets.load("digits")
NAMES = np.array([f"digit {y}" for y in range(10)])


def model(steps=40):
    layers = [nn.Dense(32), nn.ReLU(), nn.Dense(10)]
    return nn.Classifier(layers, classes=NAMES.tolist(), steps=steps, optimizer=nn.Adam(0.01))


def slips(n, wrong, seed=0):
    """Return n labels, and in which of them somebody slipped."""
    rng = np.random.default_rng(seed)
    y = DIGITS.y_train[:n].copy()
    where = rng.choice(n, wrong, replace=False)
    y[where] = (y[where] + rng.integers(1, 10, wrong)) % 10
    return NAMES[y].tolist(), set(where.tolist())


def test_most_slips_are_found_among_many_labels_and_hardly_anything_else():
    said, wrong = slips(300, 12)
    found = doubtful(model(steps=100), DIGITS.x_train, range(300), said)
    hits = len(wrong & {doubt.item for doubt in found})
    assert hits >= 7
    assert hits >= 0.8 * len(found)
    assert len(found) <= SHARE * 300
    for doubt in found:
        assert doubt.label == said[doubt.item]
        assert doubt.guess.label != doubt.label
        assert doubt.guess.probability > doubt.probability


def test_they_are_those_of_the_definition():
    said, _ = slips(80, 8)
    items = np.random.default_rng(1).permutation(500)[:80]
    y, specification = np.array(said), model()
    fold = _folds(y, np.random.default_rng((5, 80)))
    p = np.zeros((80, 10))
    for k in range(FOLDS):
        fitted = train(specification, DIGITS.x_train, 5, None, items[fold != k], y[fold != k])
        p[fold == k] = fitted.predict_proba(DIGITS.x_train[items[fold == k]])
    usual = {name: np.mean([p[i, j] for i in range(80) if y[i] == name]) for j, name in enumerate(NAMES)}
    wanted = []
    for i in range(80):
        own, best = NAMES.tolist().index(y[i]), int(p[i].argmax())
        if best != own and p[i, best] >= usual[NAMES[best]] and (y == y[i]).sum() > 1:
            wanted.append((p[i, own] - p[i, best], int(items[i])))
    found, again = (doubtful(specification, DIGITS.x_train, items.tolist(), said, seed=5) for _ in range(2))
    assert found == again != []
    assert [doubt.item for doubt in found] == [item for _, item in sorted(wanted)][: int(SHARE * 80)]


def test_every_class_is_in_every_part():
    y = np.repeat(["a", "b", "c"], [50, 7, 10])
    fold = _folds(y, np.random.default_rng(0))
    for name, count in {"a": 50, "b": 7, "c": 10}.items():
        parts = np.bincount(fold[y == name], minlength=FOLDS)
        assert parts.max() - parts.min() <= 1
        assert parts.sum() == count


def test_nobody_is_doubted_for_want_of_labels():
    few = NAMES[DIGITS.y_train[: FEWEST - 1]].tolist()
    assert doubtful(model(), DIGITS.x_train, range(FEWEST - 1), few) == []
    assert doubtful(model(), DIGITS.x_train, range(30), ["digit 1"] * 30) == []
    lonely = ["digit 1"] * 15 + ["digit 2"] * 14 + ["digit 3"]
    assert 29 not in {d.item for d in doubtful(model(), DIGITS.x_train, range(30), lonely)}


def test_it_stops_when_there_is_something_better_to_do():
    asked = []

    def stop():
        asked.append(1)
        return len(asked) == 3

    said, _ = slips(60, 2)
    assert doubtful(model(), DIGITS.x_train, range(60), said, stop=stop) is None
    assert len(asked) == 3
