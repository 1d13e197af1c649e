"""The published experiments: each does in small what it says, keeps what is done, and tells what came out."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tinynn as nn
from tinyal import StrategyRun, experiment, reproductions
from tinyal.reproductions import batchbald2019, gal2017, low_budgets
from tinyal.reproductions.study import comparisons
from tinyal.statistics import labels_to_reach
from tinynn.datasets import Dataset

MODULES = {"gal2017": gal2017, "batchbald2019": batchbald2019, "low-budgets": low_budgets}
ROOT = Path(experiment.__file__).parents[1]


def digits(name):
    """Return the carried digits, for two convolutions of 5 x 5 twice as large."""
    data = nn.datasets.load("digits")
    if name != "batchbald2019":
        return data
    large = [
        np.kron(x.reshape(-1, 8, 8), np.ones((1, 2, 2), np.uint8)).reshape(-1, 256)
        for x in (data.x_train, data.x_test)
    ]
    return Dataset("digits", large[0], data.y_train, large[1], data.y_test, data.classes, (16, 16), "", "")


@pytest.fixture(scope="module", params=MODULES)
def finished(request, tmp_path_factory):
    """Return a module, the folder of its quick profile on the digits, with short trainings, and the record."""
    out = tmp_path_factory.mktemp("reproduction")
    module = MODULES[request.param]
    smaller = {"steps": 8} if module is not batchbald2019 else {"steps": 8, "pool": 60}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(module.PROFILES, "quick", replace(module.PROFILES["quick"], **smaller))
        yield module, out, module.run("quick", out, 1, 1, False, data=digits(request.param))


def test_a_record_is_plain_data_and_holds_all_curves(finished):
    module, _, record = finished
    assert json.loads(json.dumps(record)) == record
    assert (record["reproduction"], record["profile"]) == (module.NAME, "quick")
    asked = module.PROFILES["quick"]
    for panel, result in comparisons(record).items():
        assert len(result.strategies) == len(result.runs) > 1, "one seed of each"
        for run in result.runs:
            assert run.labels[-1] == asked.budget
            assert run.labels == sorted(set(run.labels))
            assert run.labels[0] == module.INITIAL
        studies = record["panels"][panel]["studies"].values()
        assert [name for study in studies for name in study["strategies"]] == result.strategies


def test_what_is_finished_is_not_done_again_and_what_is_lost_comes_out_the_same(finished, monkeypatch):
    module, out, record = finished
    files = sorted(out.glob("*/runs/*.json"))
    before = {path: path.read_bytes() for path in files}
    files[-1].unlink()
    done = []
    execute = experiment.execute
    monkeypatch.setattr(
        experiment,
        "execute",
        lambda task, strategies, runs, *rest: (done.extend(runs), execute(task, strategies, runs, *rest))[1],
    )
    assert module.run("quick", out, 1, 1, False, data=digits(module.NAME)) == record
    assert len(done) == 1, "only what was missing"
    assert {path: path.read_bytes() for path in files} == before


def test_only_the_paper_that_begins_with_two_rows_of_each_class_is_begun_so(finished):
    module, out, _ = finished
    labels = digits(module.NAME).y_train
    for path in out.glob("*/runs/*.json"):
        start = labels[json.loads(path.read_text())["queried"][0]]
        assert (np.bincount(start, minlength=10).tolist() == [2] * 10) == (module is gal2017)


def test_a_table_has_what_was_published_beside_what_came_out(finished):
    module, _, record = finished
    table = str(module.table(json.loads(json.dumps(record))))
    lines = table.splitlines()
    assert "published" in lines[0] or "published" in table
    for result in comparisons(record).values():
        for name in result.strategies:
            assert any(name in line for line in lines)
    assert max(map(len, lines)) < 200
    assert "one run" in table, "one seed tells nothing of others, and the table says so"


def test_a_figure_is_drawn_with_a_panel_for_each_pool(finished, tmp_path):
    module, _, record = finished
    module.draw(record, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
    axes = module.figure(record).axes
    assert len(axes) == len(record["panels"])
    for panel, drawn in zip(comparisons(record).values(), axes, strict=True):
        curves = [line for line in drawn.get_lines() if len(line.get_xdata()) > 1]
        assert len(curves) == len(panel.strategies)
        assert {text.get_text() for text in drawn.texts} == set(panel.strategies)


def recorded(name, curves, labels=(20, 500, 1000)):
    """Return a record of the cpu profile with these curves, a list of seeds for each strategy."""
    runs = [
        {"strategy": strategy, "seed": seed, "labels": list(labels), "accuracy": list(curve)}
        for strategy, seeds in curves.items()
        for seed, curve in enumerate(seeds)
    ]
    return {"reproduction": name, "profile": "cpu", "panels": {"MNIST": {"studies": {}, "runs": runs}}}


def test_the_table_of_gal_and_others_gives_medians_and_the_share_of_random_choice():
    curves = {
        "bald": [(0.91, 0.96, 0.97), (0.8, 0.95, 0.96), (0.8, 0.95, 0.97)],
        "random": [(0.7, 0.90, 0.95), (0.7, 0.91, 0.96), (0.6, 0.92, 0.97)],
    }
    lines = str(gal2017.table(recorded("gal2017", curves))).splitlines()
    labels, errors = (" ".join(line.split()) for line in lines if line.startswith("bald"))
    assert labels == "bald 145 500 [20, 500] 335 500 [500, 500] 40% 50% [50%, 50%]"
    assert errors == "bald 3.33% [3.00%, 4.00%] 1.80% 3.33% [3.00%, 4.00%]"
    assert "chosen on the last 10,000 training" in "\n".join(lines)


def test_the_table_of_batchbald_gives_quartiles_as_the_paper_does():
    curves = {"bald": [(0.5, 0.90, 0.95), (0.5, 0.6, 0.90), (0.5, 0.6, 0.9), (0.9, 0.9, 0.9)]}
    lines = str(batchbald2019.table(recorded("batchbald2019", curves, labels=(20, 100, 300)))).splitlines()
    at_90, at_95, error = (" ".join(line.split()) for line in lines if line.startswith("MNIST"))
    assert at_90 == "MNIST bald 120 / 120 / 170 20 / 100 / 300 100 [20, 300]"
    assert at_95 == "MNIST bald 250 / 250 / > 300 300 / > 300 / > 300 > 300 [300, > 300]"
    assert error.startswith("MNIST bald 8.75% [")


def test_the_table_of_few_labels_shows_where_the_order_turns():
    curves = {
        "typiclust": [(0.6, 0.7), (0.7, 0.8)],
        "margin": [(0.5, 0.9), (0.5, 0.9)],
        "random": [(0.5, 0.7), (0.5, 0.8)],
    }
    lines = str(low_budgets.table(recorded("low-budgets", curves, labels=(10, 500)))).splitlines()
    margin = [line.split() for line in lines if line.startswith("margin")][1]
    assert margin[-6:] == ["+15.0", "[+10.0,", "+20.0]", "-15.0", "[-20.0,", "-10.0]"]


# The experiments are the papers'.


def parameters(model, shape):
    return nn.Sequential([layer.copy() for layer in model.layers], shape, seed=0).parameters.size


def test_the_networks_are_the_papers():
    # 4x4 windows of 1 and 32 channels, 11 x 11 x 32 pooled; 5x5 windows, 4 x 4 x 64 pooled.
    expected = (16 * 32 + 32) + (16 * 32 * 32 + 32) + (3872 * 128 + 128) + (128 * 10 + 10)
    assert parameters(gal2017.network((28, 28), 1), (784,)) == expected
    expected = (25 * 32 + 32) + (25 * 32 * 64 + 64) + (1024 * 128 + 128) + (128 * 10 + 10)
    assert parameters(batchbald2019.network((28, 28), 1, paper=True), (784,)) == expected
    rates = [
        [layer.rate for layer in model.layers if isinstance(layer, nn.Dropout)]
        for model in (gal2017.network((28, 28), 1), batchbald2019.network((28, 28), 1, paper=True))
    ]
    assert rates == [[0.25, 0.5], [0.5, 0.5, 0.5]]


def test_on_a_processor_only_the_end_of_the_network_is_stochastic():
    layers = batchbald2019.network((28, 28), 1, paper=False).layers
    first = next(i for i, layer in enumerate(layers) if isinstance(layer, nn.Dropout))
    assert not [layer for layer in layers[first:] if isinstance(layer, nn.Conv2D)]


def test_the_images_that_settings_were_chosen_on_are_in_no_pool():
    n = 60_000
    data = Dataset(
        "mnist",
        np.arange(n, dtype=np.int64).reshape(n, 1),
        np.zeros(n, np.int64),
        np.zeros((5, 1), np.uint8),
        np.zeros(5, np.int64),
        tuple("0123456789"),
        (1, 1),
        "",
        "",
    )
    (pool, *_), *_ = [study.settings["data"] for study in gal2017.studies(gal2017.PROFILES["cpu"], data)]
    assert pool.max() == n - gal2017.TUNED_ON - 1


def test_profiles_ask_for_what_they_say():
    cpu, full = gal2017.PROFILES["cpu"], gal2017.PROFILES["full"]
    assert set(cpu.strategies) == {"bald", "variation-ratios", "max-entropy", "mean-std", "random"}
    assert (cpu.seeds >= 3, cpu.budget >= 500, cpu.of_random) == (True, True, 1000)
    assert (full.candidates, full.n_samples, full.budget) == (None, 100, 1000)
    for module in MODULES.values():
        assert tuple(module.PROFILES) == reproductions.PROFILES


# Records that the site shows.


RECORDED = [name for name in MODULES if (ROOT / "docs" / "results" / f"{name}.json").exists()]


@pytest.mark.parametrize("name", RECORDED)
def test_what_the_site_shows_is_of_todays_settings(name):
    record = json.loads((ROOT / "docs" / "results" / f"{name}.json").read_text(encoding="utf-8"))
    module = MODULES[name]
    assert (record["reproduction"], record["profile"]) == (name, "cpu")
    blank = np.zeros((10, 784), np.uint8)
    data = Dataset("mnist", blank, np.arange(10), blank, np.arange(10), tuple("0123456789"), (28, 28), "", "")
    found = module.studies(module.PROFILES[record["profile"]], data)
    for panel in record["panels"].values():
        StrategyRun(**panel["runs"][0]).check()
        seeds = {run["strategy"]: [] for run in panel["runs"]}
        for run in panel["runs"]:
            seeds[run["strategy"]].append(run["seed"])
        assert len({tuple(numbers) for numbers in seeds.values()}) == 1, "all strategies with the same seeds"
    for study in found:
        kept = record["panels"][study.panel]["studies"][study.name]
        assert kept["strategies"] == {key: repr(value) for key, value in study.strategies.items()}
        assert kept["model"] == repr(study.settings["model"])
        for key in ("initial", "budget", "candidates"):
            assert kept[key] == study.settings.get(key)
        assert kept.get("first", "random") == study.settings.get("first", "random")
        assert kept.get("preparation", "None") == repr(study.settings.get("preparation"))


def test_what_the_page_says_of_gal():
    record = json.loads((ROOT / "docs" / "results" / "gal2017.json").read_text(encoding="utf-8"))
    (result,) = comparisons(record).values()

    def median(name):
        return np.median([labels_to_reach(run.labels, run.accuracy, 0.95) for run in result.of(name)])

    for name in ("bald", "variation-ratios", "max-entropy"):
        assert median(name) < median("random") / 2
        assert median(name) == pytest.approx(gal2017.PUBLISHED[name][1], abs=30)
        for run, chance in zip(result.of(name), result.of("random"), strict=True):
            assert run.accuracy[run.labels.index(500)] > chance.accuracy[chance.labels.index(500)]
    assert median("mean-std") < median("bald") + 30
    first = min(labels_to_reach(run.labels, run.accuracy, 0.95) for run in result.of("random"))
    assert first == 700
