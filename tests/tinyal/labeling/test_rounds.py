import numpy as np
import pytest

import tinynn as nn
from tinyal.labeling import kept_model
from tinyal.labeling.messages import Snapshot
from tinyal.labeling.models import make_model
from tinyal.labeling.pool_file import Mapped, received, to_send
from tinyal.labeling.rounds import EXPLAINED, RANKED, Rounds, first_labels
from tinyal.labeling.settings import Settings
from tinyal.strategies import Margin
from tinynn import inference

DIGITS = nn.datasets.load("digits")
NAMES = [f"digit {y}" for y in range(10)]
ROWS = (DIGITS.x_train / 255).astype(np.float32)
QUICK = Settings(layers=["dense 24", "relu", "dense"], steps=60)


def snapshot(n, **others):
    labels = {item: NAMES[y] for item, y in enumerate(DIGITS.y_train[:n].tolist())}
    return Snapshot(tuple(NAMES), labels, **others)


def test_first_come_typical_items_of_different_kinds():
    learned = Rounds(ROWS, QUICK).learn(snapshot(0))
    assert (learned.how, learned.trained, learned.labels, learned.guesses) == ("typical", False, 0, {})
    assert len(learned.ranking) == first_labels(10) == len(set(learned.ranking))
    assert len(set(DIGITS.y_train[learned.ranking].tolist())) >= 8
    assert learned.reasons[learned.ranking[0]].neighbours == ()


def test_typical_items_come_before_the_first_class_is_named():
    for settings in (QUICK, Settings(steps=2)):
        nameless = Rounds(ROWS, settings).learn(Snapshot((), {}))
        assert (nameless.how, nameless.trained, len(nameless.ranking)) == ("typical", False, first_labels(0))
    assert Rounds(ROWS, QUICK).learn(Snapshot(("digit 0",), {0: "digit 0"})).how == "typical"
    assert Rounds(ROWS, QUICK).doubts(Snapshot((), {})) == []


def test_labels_of_one_class_are_no_model():
    only = Snapshot(tuple(NAMES), {item: "digit 3" for item in range(50)})
    learned = Rounds(ROWS, QUICK).learn(only)
    assert (learned.how, learned.trained, learned.guesses) == ("typical", False, {})
    assert Rounds(ROWS, QUICK).doubts(only) == []


def test_then_the_strategy_chooses_and_says_why(tmp_path):
    rounds = Rounds(ROWS, QUICK, tmp_path / "model.npz")
    now = snapshot(100, closed=(200, 201), reserved=tuple(range(300, 400)), wanted=(200, 350, 5))
    learned = rounds.learn(now)
    assert (learned.how, learned.trained, learned.labels, len(learned.ranking)) == (
        "strategy",
        True,
        100,
        RANKED,
    )
    assert not set(learned.ranking) & {*range(100), 200, 201, *range(300, 400)}
    assert set(learned.guesses) == {*learned.ranking, 200, 350}

    kept = kept_model.load(tmp_path / "model.npz")
    assert (list(kept.classes), kept.labels) == (sorted(NAMES), 100)
    p = inference.predict_proba(kept.network, ROWS)
    for item, guess in learned.guesses.items():
        assert guess.label == kept.classes[p[item].argmax()]
        assert guess.probability == pytest.approx(p[item].max(), abs=1e-6)
    margin = np.sort(p, axis=1)[:, -1] - np.sort(p, axis=1)[:, -2]
    free = np.setdiff1d(np.arange(len(ROWS)), [*range(100), 200, 201, *range(300, 400)])
    assert learned.ranking == free[np.argsort(margin[free], kind="stable")][:RANKED].tolist()

    assert set(learned.reasons) == set(learned.ranking[:EXPLAINED])
    for rank, item in enumerate(learned.ranking[:EXPLAINED], start=1):
        reason = learned.reasons[item]
        assert reason.candidates == len(free)
        assert [(name, place) for name, _, place in reason.parts] == [("score", rank)]
        assert reason.parts[0][1] == pytest.approx(1 - margin[item], abs=1e-6)
    features = inference.embed(kept.network, ROWS)
    first = learned.ranking[0]
    distances = np.linalg.norm(features[:100] - features[first], axis=1)
    assert list(learned.reasons[first].neighbours) == np.argsort(distances, kind="stable")[:6].tolist()


def test_a_round_depends_on_the_labels_alone():
    rounds = Rounds(ROWS, QUICK)
    first = rounds.learn(snapshot(40))
    rounds.learn(snapshot(21))
    assert rounds.learn(snapshot(40)) == first


def test_a_class_nobody_has_used_yet_and_a_nearly_empty_pool():
    labels = {item: NAMES[y] for item, y in enumerate(DIGITS.y_train[:1345].tolist())}
    learned = Rounds(ROWS, QUICK).learn(
        Snapshot((*NAMES, "a blot"), labels, reserved=(1346,), wanted=(1346,))
    )
    assert sorted(learned.ranking) == [1345, 1347]
    assert 1346 in learned.guesses
    labels |= {item: "digit 1" for item in range(1345, 1348)}
    assert Rounds(ROWS, QUICK).learn(Snapshot((*NAMES, "a blot"), labels)).ranking == []


def test_every_named_strategy_can_choose():
    for name in ("random", "bald", "badge", "stochastic-entropy"):
        settings = Settings(
            name, layers=["dense 16", "relu", "dropout 0.3", "dense"], steps=20, candidates=150
        )
        learned = Rounds(ROWS[:400], settings).learn(snapshot(60))
        assert (learned.how, len(set(learned.ranking))) == ("strategy", 150)


def test_only_some_candidates_are_looked_at_where_there_are_many():
    learned = Rounds(ROWS, Settings(layers=QUICK.layers, steps=20, candidates=120)).learn(snapshot(60))
    assert len(learned.ranking) == 120
    assert learned.reasons[learned.ranking[0]].candidates == 120


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (5, 9, 3), (64, 48, 3)])
def test_the_usual_network_suits_images_of_any_size(shape):
    images = np.random.default_rng(0).integers(0, 256, (12, *shape), dtype=np.uint8)
    model = make_model(shape, ["a", "b", "c"], Settings(steps=2)).fit(images, ["a", "b", "c"] * 4)
    assert model.predict_proba(images).shape == (12, 3)
    assert model.embed(images).shape == (12, 128)
    assert model.sample_proba(images, 2).std(axis=0).max() > 0


def test_the_strategy_by_name_is_the_strategy():
    assert isinstance(Rounds(ROWS, Settings("margin"))._strategy, Margin)
    with pytest.raises(ValueError, match="Did you mean 'margin'"):
        Rounds(ROWS, Settings("margins"))


@pytest.mark.parametrize("bad", [{"share": 1.5}, {"share": -0.1}, {"steps": 0}, {"candidates": 0}])
def test_settings_that_cannot_be_are_refused(bad):
    with pytest.raises(ValueError, match=r"from 0 to 1|at least 1"):
        Settings(**bad)


def test_a_memory_map_is_sent_by_its_place_and_any_part_of_it_as_well(tmp_path):
    np.save(tmp_path / "x.npy", np.arange(4000, dtype=np.uint8).reshape(100, 5, 8))
    whole = np.load(tmp_path / "x.npy", mmap_mode="r")
    for part in (whole, whole[7:50], whole[30:, None], whole[3:4, 2:]):
        sent = to_send(part)
        assert isinstance(sent, Mapped)
        assert np.array_equal(received(sent), part)
    for part in (whole[::2], whole[:, 1:], whole[[3, 1]], np.ones(3)):
        sent = to_send(part)
        assert type(sent) is np.ndarray
        assert np.array_equal(received(sent), part)
