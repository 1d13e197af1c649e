"""Every mistake in the museum is caught, and named."""

import ast
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import tinynn as nn
from tests.museum import EXHIBITS
from tinynn.gradcheck import check_gradients

ASKED_FOR = {  # by the mistakes that learners make most; each must be on show
    "missing-mean",
    "partial-mean",
    "wrong-sign",
    "missing-factor-two",
    "transposed-weight-gradient",
    "unsummed-bias",
    "missing-activation-derivative",
    "wrong-activation-derivative",
    "derivative-at-input",
    "derivative-at-output",
    "accumulated-gradient",
    "diagonal-softmax",
    "right-above-wrong-below",
    "updated-before-propagated",
    "missing-regularisation",
    "doubled-regularisation",
    "dropout-scale-missing",
    "redrawn-dropout-mask",
    "pool-ties-counted",
    "stale-cache",
    "overwritten-activation",
    "swapped-prediction-and-target",
}


def codes(exhibit, seeds):
    """What the first diagnosis was in each draw."""
    found = []
    for seed in seeds:
        report = check_gradients(*exhibit.draw(np.random.default_rng(seed)), seed=seed)
        assert not report.ok, f"{exhibit.name}, draw {seed}, passed\n{report}"
        found.append(report.codes[0])
    return Counter(code in (exhibit.code, *exhibit.equivalent) or code for code in found)


def identify(exhibit):
    return f"{exhibit.name}-{exhibit.code}"


def test_all_that_was_asked_for_is_on_show():
    assert {exhibit.code for exhibit in EXHIBITS} >= ASKED_FOR
    assert all(exhibit.name for exhibit in EXHIBITS)


@pytest.mark.parametrize("exhibit", EXHIBITS, ids=identify)
def test_a_mistake_is_named(exhibit):
    assert codes(exhibit, range(3)) == {True: 3}


@pytest.mark.slow
@pytest.mark.parametrize("exhibit", EXHIBITS, ids=identify)
def test_a_mistake_is_named_in_99_of_100_draws(exhibit):
    found = codes(exhibit, range(1000, 1100))
    assert found[True] >= 99, found


def test_a_report_shows_the_numbers_and_the_place():
    exhibit = next(exhibit for exhibit in EXHIBITS if exhibit.name == "CrossEntropyWithoutMean")
    loss, logits, labels = exhibit.draw(np.random.default_rng(0))
    report = check_gradients(loss, logits, labels)
    (diagnosis,) = report.diagnoses
    assert f"claimed = {len(logits)} × true" in diagnosis.evidence
    assert f"{len(logits)} rows" in diagnosis.evidence
    assert "divide" in diagnosis.look
    assert diagnosis.variables == ("outputs",)


class Scrambled:
    """Wrong in no way that has a name."""

    def __init__(self, W):
        self.W = W

    def forward(self, x):
        self.x = x
        return x @ self.W

    def backward(self, dy):
        self.dW = self.x.T @ dy
        self.dW[1] = self.dW[1, ::-1].copy()
        self.dW[0, 0] *= 3
        return dy @ self.W.T


def test_what_fits_nothing_is_drawn_and_not_guessed():
    rng = np.random.default_rng(0)
    report = check_gradients(Scrambled(rng.normal(size=(4, 3))), rng.normal(size=(5, 4)))
    assert report.codes == ["unknown"]
    rows = report.heat_maps["W"].splitlines()
    assert len(rows) == 4
    assert rows[2] == rows[3] == "|   |"
    assert rows[0][2:4] == "  "
    assert "|" + " " * 3 + "|" not in rows[:2]
    assert rows[0] in str(report)


@pytest.mark.parametrize("seed", range(3))
def test_a_layer_in_a_large_network_is_found_by_projection(seed):
    class Passing(nn.Tanh):
        def backward(self, dy, input_gradient=True):
            return dy

    rng = np.random.default_rng(seed)
    net = nn.Sequential([nn.Dense(40), Passing(), nn.Dense(4)], (150,), seed=seed)
    args = nn.SoftmaxCrossEntropy(), rng.normal(size=(5, 150)), rng.integers(4, size=5)
    report = check_gradients(net, *args)
    assert report.codes == ["missing-activation-derivative", "right-above-wrong-below"]
    assert "layer 1 Passing" in report.diagnoses[0].sentence
    assert "random directions" in report.method
    net.layers[1].__class__ = nn.Tanh
    assert check_gradients(net, *args).ok


def test_the_docs_explain_every_code():
    package = Path(nn.__file__).parent
    sources = [
        *(package / "fingerprints").glob("*.py"),
        *(package / "examining").glob("*.py"),
        package / "diagnosis.py",
    ]
    made = {
        call.args[0].value
        for source in sources
        for call in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Diagnosis" and call.args
        if isinstance(call.args[0], ast.Constant)
    }
    assert made > {"missing-mean", "wrong-sign", "unknown"}
    page = (package.parent / "docs" / "how-to" / "check-your-gradients.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`([a-z-]+)`", page.split("## What the codes mean")[1]))
    assert explained >= made | {exhibit.code for exhibit in EXHIBITS}
