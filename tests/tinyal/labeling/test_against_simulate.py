"""The service against the simulation: labelling through HTTP must learn as fast as the same strategy does in a loop."""

import time

import numpy as np
import pytest
from scipy import stats

import tinyal as al
from tests.tinyal.labeling.served import COMMAND, Served
from tinyal.labeling import kept_model
from tinyal.labeling.models import make_model
from tinyal.labeling.rounds import LOOKED_AT, first_labels
from tinyal.labeling.settings import Settings
from tinyal.oracles import ArrayOracle
from tinyal.strategies import Margin, Mixture, Schedule, TypiClust
from tinynn import datasets, inference

LAYERS = "flatten, dense 128, relu, dropout 0.2, dense"
LABELS, BATCH, STEPS, SHARE = 200, 10, 200, 0.1
SIMULATED, SERVED = 5, 1  # runs


def simulated(data, seed):
    """Return the accuracy at the end of a simulated run: typical items first, then margin with a share at random."""
    classes = [str(name) for name in data.classes]
    settings = Settings(layers=[words.strip() for words in LAYERS.split(",")], steps=STEPS, seed=seed)
    images = data.x_train.reshape(-1, 28, 28, 1)
    start = first_labels(len(classes))
    learner = al.ActiveLearner(
        make_model(images.shape[1:], classes, settings),
        images,
        Schedule({0: TypiClust(candidates=LOOKED_AT), start: Mixture(Margin(), SHARE)}),
        classes=classes,
        candidates=settings.candidates,
        seed=seed,
    )
    record = al.simulate(
        learner,
        ArrayOracle(np.array(classes)[data.y_train]),
        test=(data.x_test.reshape(-1, 28, 28, 1), np.array(classes)[data.y_test]),
        initial=start,
        budget=LABELS,
        batch=BATCH,
        first="strategy",
    )
    return record.accuracy[-1]


def served(data, folder):
    """Return the same of a run in which somebody answers by the truth through HTTP, waiting for every training."""
    command = [*COMMAND, "label", "--dataset", "mnist", "--project", str(folder), "--no-browser"]
    options = ["--layers", LAYERS, "--steps", str(STEPS), "--random-share", str(SHARE)]
    with Served([*command, *options]) as server, server.client() as client:

        def status():
            return client.get("/api/status").json()

        labelled = 0
        while labelled < LABELS:
            while status()["training"]:
                time.sleep(0.02)
            count = first_labels(10) if labelled == 0 else BATCH
            asked = client.post("/api/next", json={"client": "one", "count": count}).json()["questions"]
            assert len(asked) == count
            for question in asked:
                said = {"client": "one", "who": "Ada", "request": f"r-{labelled}", "item": question["item"]}
                label = str(data.classes[data.y_train[question["item"]]])
                reply = client.post("/api/answer", json={**said, "action": "label", "label": label})
                assert reply.status_code == 200
                labelled += 1
        while (now := status())["training"]:
            time.sleep(0.02)
        assert (now["labelled"], now["trained_on"], now["problem"]) == (LABELS, LABELS, None)
    kept = kept_model.load(folder / "model.npz")
    p = inference.predict_proba(kept.network, data.x_test.reshape(-1, 28, 28, 1))
    truth = np.array([kept.classes.index(str(data.classes[y])) for y in data.y_test.tolist()])
    return float((p.argmax(axis=1) == truth).mean()), now["accuracy"]


@pytest.mark.slow
@pytest.mark.skipif(not datasets.available("mnist"), reason="MNIST is not on this machine")
def test_accuracy_through_http_is_that_of_the_simulation(tmp_path):
    data = datasets.load("mnist")
    runs = [simulated(data, seed) for seed in range(SIMULATED)]
    found = [served(data, tmp_path / str(run)) for run in range(SERVED)]
    # Where one more run is expected, by the spread of those that were made: the 95% prediction interval.
    spread = np.std(runs, ddof=1) * np.sqrt(1 + 1 / SIMULATED) * stats.t.ppf(0.975, SIMULATED - 1)
    print(f"simulated {np.round(runs, 4)}, mean {np.mean(runs):.4f} ± {spread:.4f}; served {found}")
    for accuracy, _ in found:
        assert abs(accuracy - np.mean(runs)) <= spread
