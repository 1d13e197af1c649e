"""What was recorded with the larger programs: by today's settings, and as the page docs/results/systems.md tells it."""

import sys
from dataclasses import asdict

import numpy as np
import pytest

import tinyal as al
from tests.tutorials import systems

pytest.importorskip("sklearn")
cnn, forest, parts, mlp = (systems.load(name) for name in systems.NAMES)


@pytest.mark.parametrize("name", systems.NAMES)
def test_the_record_was_made_with_todays_settings(name):
    module = sys.modules[name]
    recorded = systems.record(name)["settings"]
    assert recorded == asdict(cnn.SMALL if name == "entropy_cnn" else module.Settings())


def finals(record, **parts):
    """Return the last accuracies of the runs with these properties."""
    runs = [run for run in record["runs"] if parts.items() <= run.items()]
    assert runs
    return np.array([run["accuracy"][-1] for run in runs])


def test_what_the_page_says_of_the_network_that_asks_for_images():
    record = systems.record("entropy_cnn")
    chance = finals(record, strategy="random").mean()
    assert finals(record, strategy="wrong: surest first").mean() < chance - 0.03


def test_what_the_page_says_of_irises():
    record = systems.record("iris_forest")
    comparison = al.Comparison([al.StrategyRun(**run) for run in record["runs"]])
    gained = comparison.paired("information gain (BALD)", "random", "final_accuracy").difference
    assert gained.low < 0 < gained.mean
    labels, curve = comparison.curve("information gain (BALD)")
    assert curve[labels.index(14)].mean < comparison.curve("random")[1][labels.index(14)].mean
    assert finals(record, strategy="wrong: labels invented as zeros").mean() < 0.5
    late = finals(record, strategy="wrong: fitted again only at the end").mean()
    assert late < finals(record, strategy="information gain (BALD)").mean() - 0.03


def test_what_the_page_says_of_exchanged_parts():
    record = systems.record("query_label_learn")
    best = []
    for learn in ("network", "support vector machines"):
        for label in ("array", "noisy", "array and model"):
            means = {
                query: finals(record, query=query, label=label, learn=learn).mean()
                for query in parts.queries(parts.Settings())
            }
            best.append(max(means, key=means.get))
            assert means["wrong: Boltzmann, exp(−βU)"] < means["random"] - 0.08
    assert sorted(best) == ["Boltzmann"] * 5 + ["random"]
    for query in list(parts.queries(parts.Settings()))[:4]:
        for learn in ("network", "support vector machines"):
            clean, noisy, own = (
                finals(record, query=query, label=label, learn=learn)
                for label in ("array", "noisy", "array and model")
            )
            assert noisy.mean() < clean.mean() - 0.02
            if learn == "network":
                assert own.mean() < clean.mean()
            else:
                assert (own == clean).all()


def test_what_the_page_says_of_deltas_and_remedies():
    record = systems.record("mlp_remedies")

    def reached(way, delta):
        return np.mean(
            [run["accuracy"] for run in record["whole"] if (run["way"], run["delta"]) == (way, delta)]
        )

    assert record["delta"]["right"]["ok"]
    assert not record["delta"]["article"]["ok"]
    assert reached("Adam", "right") > 0.98
    assert abs(reached("Adam", "right") - reached("Adam", "article")) < 0.002
    assert 0.02 < reached("gradient descent", "right") - reached("gradient descent", "article") < 0.05
    verdicts = dict(
        line.split(" | ")[:1] + line.split(" | ")[-1:] for line in mlp.remedy_table(record).splitlines()[2:]
    )
    said = {name.strip("| "): verdict.split(",")[0] for name, verdict in verdicts.items()}
    assert said["augmentation"] == said["ensemble of 3"] == "yes"
    assert said["L2 penalty"] == said["dropout"] == "not shown"
    assert said["early stopping"] == "no"
    loss = {
        name: np.mean([r["new loss"] for r in record["remedies"] if r["remedy"] == name]) for name in said
    }
    assert all(loss[name] < loss["nothing"] for name in said if name != "nothing")


@pytest.mark.parametrize(
    "table",
    [
        cnn.table,
        forest.table,
        parts.table,
        mlp.delta_table,
        mlp.remedy_table,
    ],
    ids=lambda table: f"{table.__module__}.{table.__name__}",
)
def test_tables_become_tables_of_the_page(table):
    text = table(systems.record(table.__module__))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    page = systems.as_html(text)
    assert page.count("<tr>") == len(lines) - 1  # all but the rule
    assert page.count("<td>") == (len(lines) - 2) * (lines[0].count("|") - 1)
    assert "<th></th>" not in page
