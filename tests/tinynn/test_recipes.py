"""Recipes, and the command that runs them: results that are kept, continued, and honest about test images."""

import json
from dataclasses import replace

import numpy as np
import pytest

import tinynn as nn
from tinynn import cli, recipe_runs, recipes
from tinynn.datasets import Dataset


def pictures(n=60, m=20):
    """Noise, of MNIST's shape."""
    rng = np.random.default_rng(0)
    x = rng.integers(256, size=(n + m, 784), dtype=np.uint8)
    y = np.arange(n + m) % 10
    names = tuple("0123456789")
    return Dataset("noise", x[:n], y[:n], x[n:], y[n:], names, (28, 28), "ours", "none")


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_trains(name, tmp_path, capsys):
    results = recipe_runs.run(
        name,
        recipes.get(name),
        pictures(),
        seeds=1,
        epochs=1,
        folder=tmp_path / "out",
        device="cpu",
        plots=False,
    )
    assert len(results) == 1
    assert np.isfinite(results[0].loss)
    assert f"{name} on noise: " in capsys.readouterr().out
    net = nn.Sequential.load(tmp_path / "out" / "seed-0.npz")
    assert net.output_shape == (10,)


def test_a_training_leaves_the_recipe_as_it_was(tmp_path):
    recipe = replace(recipes.mlp(pictures()), epochs=1)
    made = repr(recipe)
    recipe_runs.run_seed(recipe, pictures(), 0, tmp_path, "cpu", False)
    assert repr(recipe) == made
    assert not vars(recipe.optimizer).get("_vectors")


def train(*arguments):
    return cli.main(["train", "--dataset", "digits", *map(str, arguments)])


def test_a_run_and_what_it_leaves(tmp_path, capsys):
    out = tmp_path / "out"
    assert train("--recipe", "mlp", "--seeds", 2, "--epochs", 8, "--out", out) == 0
    said = capsys.readouterr().out
    files = {"curves.png", "confusion.png", "mistakes.png", "weights.png", "settings.json"}
    files |= {f"seed-{seed}.{ending}" for seed in (0, 1) for ending in ("npz", "json")}
    assert {file.name for file in out.iterdir()} == files
    data = nn.datasets.load("digits")
    errors = []
    for seed in (0, 1):
        record = json.loads((out / f"seed-{seed}.json").read_text())
        net = nn.Sequential.load(out / f"seed-{seed}.npz")
        wrong = np.mean(net.forward(data.x_test).argmax(axis=1) != data.y_test)
        assert record["error"] == pytest.approx(wrong)
        assert wrong < 0.1
        assert f"{wrong:.2%}" in said
        assert len(record["history"]["loss"]) == 8
        errors.append(wrong)
    assert f"mean  {np.mean(errors):.2%}" in said
    assert f"errors from {min(errors):.2%} to {max(errors):.2%}" in said


def test_an_interrupted_run_goes_on(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("tinynn.checkpoint.SECONDS_BETWEEN", 0)
    arguments = ("--seeds", 2, "--epochs", 3, "--no-plots", "--out")
    assert train(*arguments, tmp_path / "whole") == 0

    def interrupt(step):
        steps = [0]
        original = nn.Adam.step

        def counting(self, *vectors):
            steps[0] += 1
            if steps[0] == step:
                raise KeyboardInterrupt
            original(self, *vectors)

        return counting

    for step in (50, 40, 30):  # the digits take 22 steps an epoch, so all trainings together take 132
        with monkeypatch.context() as patched:
            patched.setattr(nn.Adam, "step", interrupt(step))
            assert train(*arguments, tmp_path / "parts") == 130
        assert (
            f"tinynn train --dataset digits --seeds 2 --epochs 3 --no-plots --out {tmp_path / 'parts'}"
            in (capsys.readouterr().err.replace("'", ""))
        )
    assert train(*arguments, tmp_path / "parts") == 0
    for seed in (0, 1):
        whole, parts = (
            nn.Sequential.load(tmp_path / name / f"seed-{seed}.npz") for name in ("whole", "parts")
        )
        np.testing.assert_array_equal(whole.parameters, parts.parameters)
    before = (tmp_path / "parts" / "seed-0.json").read_bytes()
    assert train(*arguments, tmp_path / "parts") == 0  # nothing is left to do
    assert (tmp_path / "parts" / "seed-0.json").read_bytes() == before


def test_test_images_stay_unseen(monkeypatch, tmp_path):
    """With --hold-out, results are the same whatever the test images are."""
    data = nn.datasets.load("digits")
    results = []
    for shift in (0, 100):
        changed = replace(data, x_test=data.x_test + np.uint8(shift), y_test=(data.y_test + shift // 20) % 10)
        monkeypatch.setattr(nn.datasets, "load", lambda name, changed=changed: changed)
        out = tmp_path / f"{shift}"
        assert train("--hold-out", "--epochs", 2, "--no-plots", "--out", out) == 0
        results.append(json.loads((out / "seed-0.json").read_text()))
    assert results[0]["loss"] == results[1]["loss"]
    held = recipe_runs.without_test_images(data)
    assert len(held.x_train) + len(held.x_test) == len(data.x_train)
    assert len(held.x_test) == round(len(data.x_train) / 6)


def test_list(capsys):
    assert cli.main(["train", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == list(recipes.RECIPES)
    assert all(len(line.split()) > 5 for line in lines)


def test_what_is_refused(tmp_path, capsys):
    assert train("--recipe", "soup") == 2
    assert "there is no recipe 'soup'; there are mlp, wide" in capsys.readouterr().err
    assert train("--recipe", "conv", "--out", tmp_path / "conv") == 2  # 8 x 8 pixels are too few for it
    assert (
        "the recipe conv does not fit digits: layer 4, Conv2D(32, 5): a window of 5"
        in capsys.readouterr().err
    )
    assert not (tmp_path / "conv").exists()
    out = tmp_path / "out"
    assert train("--epochs", 1, "--no-plots", "--out", out) == 0
    assert train("--epochs", 2, "--no-plots", "--out", out) == 2
    assert "holds trainings with epochs 1, not 2" in capsys.readouterr().err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "photo.jpg").write_bytes(b"precious")
    assert train("--epochs", 1, "--out", tmp_path / "mine") == 2
    assert "holds other files" in capsys.readouterr().err
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["photo.jpg"]
    with pytest.raises(SystemExit):
        train("--epochs", 0)


@pytest.mark.slow
@pytest.mark.skipif(not nn.datasets.available("mnist"), reason="MNIST is not on this machine")
def test_the_first_recipe_reaches_its_result(tmp_path):
    """1.74 % of test images are wrong, mean of five seeds; 1.66 to 1.81."""
    data = nn.datasets.load("mnist")
    result = recipe_runs.run_seed(recipes.mlp(data), data, 0, tmp_path, "cpu", False)
    assert result.error < 0.02
