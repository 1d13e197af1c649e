"""A stream's questions keep to their share whatever comes, find what is unsure, and need bounded memory."""

import numpy as np
import pytest

import tinynn as nn
from tinyal.strategies import BALD, Entropy, Margin, Pointwise, Stochastic
from tinyal.stream import Question, StreamLearner


class Fixed(Pointwise):
    """Score a row by its first feature."""

    def score(self, view):
        return view.x[:, 0]


class Sides:
    """Two classes: what is left and what is right of the cut that makes the fewest mistakes."""

    def __init__(self, seed=0):
        self.seed = seed

    def fit(self, x, y):
        self.classes_, self.seen = np.unique(y), len(x)
        order = np.argsort(x[:, 0])
        first = y[order] == self.classes_[0]
        wrong = np.r_[0, np.cumsum(~first)] + np.r_[np.cumsum(first[::-1])[::-1], 0]
        edges = np.r_[x[order[0], 0], x[order, 0], x[order[-1], 0]]
        self.cut = np.mean(
            [edges[place : place + 2].mean() for place in np.flatnonzero(wrong == wrong.min())]
        )

    def predict_proba(self, x):
        p = 1 / (1 + np.exp(-6 * (x[:, 0] - self.cut)))
        return np.stack([1 - p, p], axis=1)


def ready(strategy=None, share=0.1, **others):
    """Return a stream with a model, and nothing offered besides the two rows that this took."""
    stream = StreamLearner(Sides(), strategy or Fixed(), share, **others)
    for row, label in (([-1.0], 0), ([1.0], 1)):
        stream.tell(stream.offer(row), label)
    return stream


SCORES = {
    "uniform": lambda rng, n: rng.random(n),
    "all the same": lambda rng, n: np.full(n, 0.5),
    "rising": lambda rng, n: np.arange(n) / n,
    "falling": lambda rng, n: 1 - np.arange(n) / n,
    "two values": lambda rng, n: rng.integers(0, 2, n).astype(float),
    "a jump": lambda rng, n: rng.random(n) * 0.2 + 0.8 * (np.arange(n) > n / 2),
    "below zero": lambda rng, n: -rng.random(n),
}


@pytest.mark.parametrize("name", SCORES)
@pytest.mark.parametrize("share", [0.05, 0.4])
@pytest.mark.parametrize("explore", [0.0, 0.3])
def test_the_share_is_met_whatever_the_scores_are(name, share, explore):
    n, step = 1500, 0.05
    stream = ready(share=share, step=step, explore=explore)
    start, asked = stream.threshold, stream.asked
    scores = SCORES[name](np.random.default_rng(0), n)
    questions = stream.offer_all(scores[:, None])
    spent = sum(question is not None for question in questions)
    assert stream.asked - asked == spent
    assert spent - share * n == pytest.approx((stream.threshold - start) / step), "the budget's book-keeping"
    by_lot = 0 if explore == 0 else step * explore * share * n
    assert min(scores.min(), start) - step <= stream.threshold <= max(scores.max(), start) + step + by_lot
    assert abs(spent / n - share) < 2.2 / (step * n) + (0.1 if name == "rising" and explore else 0)


def test_the_highest_scores_are_asked_about():
    rng = np.random.default_rng(1)
    scores = rng.random(4000)
    stream = ready(share=0.1, step=0.01, explore=0.0)
    asked = np.array([question is not None for question in stream.offer_all(scores[:, None])])
    late = slice(1000, None)
    assert abs(asked[late].mean() - 0.1) < 0.02
    assert scores[late][asked[late]].min() > 0.8
    assert stream.threshold == pytest.approx(0.9, abs=0.06)


def test_rows_asked_about_by_lot_are_of_all_kinds_and_as_many_as_said():
    rng = np.random.default_rng(2)
    scores = rng.random(6000)
    stream = ready(share=0.2, explore=0.5)
    questions = [question for question in stream.offer_all(scores[:, None]) if question]
    lot = np.array([question.row[0] for question in questions if question.why == "random"])
    assert len(lot) / 6000 == pytest.approx(0.1, abs=0.015)
    assert lot.mean() == pytest.approx(0.5, abs=0.04)
    assert all(question.score > 0.5 for question in questions[50:] if question.why == "score")


def drift(n=2400, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-2, 2, (n, 1))
    boundary = np.where(np.arange(n) < n / 2, -0.8, 0.8)
    return x, (x[:, 0] > boundary).astype(int)


def live(x, y, strategy, **others):
    stream = StreamLearner(Sides(), strategy, 0.1, every=5, **others)
    right = []
    for row, label in zip(x, y, strict=True):
        if stream.model is not None:
            right.append(int(stream.model.predict_proba(row[None])[0].argmax()) == label)
        if question := stream.offer(row):
            stream.tell(question, int(label))
    return stream, np.array(right)


def test_it_learns_from_a_tenth_and_follows_a_change():
    x, y = drift()
    stream, right = live(x, y, Margin(), memory=30)
    assert stream.asked / stream.offered < 0.13
    assert right[600:1150].mean() > 0.95
    assert right[1205:1255].mean() < 0.8, "the world has changed"
    assert right[2000:].mean() > 0.95


def test_memory_keeps_the_newest_and_some_of_a_class_that_no_longer_comes():
    stream = ready(share=0.5, memory=16, every=1)
    for number in range(100):
        stream.tell(Question(number, np.array([number / 100]), "score", 0.5, 0), int(number < 10))
    told = [(round(row[0] * 100), label) for row, label in stream._told]
    assert told == [(8, 1), (9, 1), *((number, 0) for number in range(86, 100))]
    assert stream.model.seen == 16


def test_questions_by_lot_estimate_the_accuracy():
    rng = np.random.default_rng(3)
    x = rng.uniform(-2, 2, (2000, 1))
    y = (rng.random(2000) < 1 / (1 + np.exp(-3 * x[:, 0]))).astype(int)
    stream, right = live(x, y, Margin(), explore=0.5, memory=60)
    estimate = stream.accuracy()
    assert len(stream._hits) == 60
    assert estimate.high - estimate.low < 0.25
    assert estimate.low < right.mean() < estimate.high


def test_memory_is_bounded():
    stream = ready(share=0.5, memory=20, every=1)
    for number in range(200):
        question = stream.offer([number % 7 / 7])
        if question:
            stream.tell(question, number % 2)
    assert len(stream._told) == 20
    assert len(stream._hits) <= 20
    assert stream.model.seen == 20
    held = sum(len(value) for value in vars(stream).values() if hasattr(value, "__len__"))
    assert held <= 2 * 20 + 10
    row = np.zeros(1)
    question = ready().offer(row + 1)
    row += 5
    assert question is None or question.row[0] == 1


@pytest.mark.parametrize("strategy", [Margin(), Entropy(), BALD(5)], ids=repr)
def test_groups_are_asked_as_one_by_one_and_seeds_decide(strategy):
    rng = np.random.default_rng(0)
    y = np.arange(120) % 3
    x = rng.normal(size=(120, 3)) + 2 * np.eye(3)[y]

    def asked(seed, groups):
        model = nn.Classifier(
            [nn.Dense(8), nn.ReLU(), nn.Dropout(0.3), nn.Dense(3)],
            steps=10,
            classes=range(3),
            dtype="float64",
        )
        stream = StreamLearner(model, strategy, 0.2, seed=seed, step=0.1)
        for index in range(6):
            stream.tell(stream.offer(x[index]), y[index]) if stream.model is None else None
        questions = []
        for start in range(20, 120, groups):
            questions += stream.offer_all(x[start : start + groups])
        return [question.number for question in questions if question]

    assert asked(0, 1) == asked(0, 20) == asked(0, 1)
    assert len({tuple(asked(seed, 20)) for seed in range(4)}) > 1
    assert len(asked(0, 20)) > 5


def test_until_there_is_a_model_every_row_is_asked_about():
    stream = StreamLearner(Sides(), Margin(), 0.1)
    for row in range(5):
        question = stream.offer([float(row)])
        assert (question.why, question.score, question.predicted) == ("no model", None, None)
        stream.tell(question, "ant")
    stream.tell(stream.offer([-3.0]), "bee")
    assert stream.model is not None
    question = next(filter(None, (stream.offer([1.0 - 1e-3 * k]) for k in range(1000))))
    assert question.predicted in ("ant", "bee")
    stream.tell(question, "cicada")


@pytest.mark.parametrize("share", [0.05, 0.3])
def test_the_share_is_met_although_the_first_class_lasts_long(share):
    """It once asked about each of 3000 rows, and then about none of 17,000."""
    rng = np.random.default_rng(4)
    n = 3000
    x = rng.uniform(-2, 2, (n, 1))
    y = (x[:, 0] > 0).astype(int)
    y[:1000], x[:1000] = 0, -np.abs(x[:1000])
    stream, asked = StreamLearner(Sides(), Margin(), share, every=20, memory=100), []
    for row, label in zip(x, y, strict=True):
        question = stream.offer(row)
        asked.append(question is not None)
        if question:
            stream.tell(question, int(label))
        if stream.model is None:
            assert stream.threshold == 0
    asked = np.array(asked)
    assert asked[:20].all()
    for part in (slice(20, 1000), slice(1500, 3000)):
        assert asked[part].mean() == pytest.approx(share, abs=0.04)
    assert stream.asked == asked.sum() < share * n + 20 + 2.2 / stream.step


def test_a_question_that_nobody_answers_costs_its_share_and_nothing_else():
    stream = ready()
    before = len(stream._told)
    asked = [stream.offer([k / 100]) for k in range(100)]
    assert any(asked)
    assert len(stream._told) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": 0}, "share is between"),
        ({"share": 1}, "share is between"),
        ({"share": 5}, "share is between"),
        ({"explore": 2}, "explore from 0 to 1"),
        ({"step": 0}, "step is above 0"),
        ({"every": 0}, "every at least 1"),
        ({"memory": 1}, "memory at least 2"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        StreamLearner(Sides(), Margin(), **({"share": 0.1} | settings))
    with pytest.raises(TypeError, match=r"model is the class Sides; write Sides\(\)"):
        StreamLearner(Sides, Margin(), 0.1)
    with pytest.raises(TypeError, match="row by row"):
        StreamLearner(Sides(), Stochastic(Margin()), 0.1)


def test_rows_and_labels_that_are_none_are_refused():
    stream = StreamLearner(Sides(), Margin(), 0.1, classes=[0, 1])
    with pytest.raises(ValueError, match="NaN or infinite"):
        stream.offer([np.nan])
    assert stream.offered == 0
    question = stream.offer([1.0])
    assert isinstance(question, Question)
    with pytest.raises(ValueError, match=r"label 2 is not among the classes \[0, 1\]"):
        stream.tell(question, 2)
    assert stream.offer_all(np.zeros((0, 1))) == []
