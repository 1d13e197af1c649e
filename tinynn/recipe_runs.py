"""Running a recipe: several seeds, each checkpointed, then a table, pictures and a record."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from tinynn.batches import hold_out
from tinynn.datasets import Dataset
from tinynn.history import History
from tinynn.inference import evaluate, predict_proba
from tinynn.layers import Conv2D, Dense
from tinynn.network import Sequential
from tinynn.recipes import Recipe
from tinynn.training import fit
from tinynn.vector_file import replaced_when_complete

HELD_OUT = 1 / 6  # of MNIST's 60,000 training images, 10,000


@dataclass(frozen=True)
class Result:
    """What became of one seed.

    Attributes
    ----------
    error : float
        Share of the images judged wrong.
    loss : float
        In nats.
    seconds : float
        Of training.
    history : History
    """

    seed: int
    error: float
    loss: float
    seconds: float
    history: History

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return vars(self) | {"history": vars(self.history)}


def without_test_images(data: Dataset) -> Dataset:
    """Return a data set whose test images are a sixth of the training images, for choosing settings honestly."""
    rest, held_out = hold_out(len(data.x_train), HELD_OUT, seed=0)
    return replace(
        data,
        name=f"{data.name}, {len(held_out)} training images held out",
        x_train=data.x_train[rest],
        y_train=data.y_train[rest],
        x_test=data.x_train[held_out],
        y_test=data.y_train[held_out],
    )


def run_seed(
    recipe: Recipe, data: Dataset, seed: int, folder: Path, device: str, progress: bool | None
) -> Result:
    """Train with one seed, or go on, or read what came out before; the model is saved beside."""
    record, checkpoint = folder / f"seed-{seed}.json", folder / f"seed-{seed}.checkpoint.npz"
    if checkpoint.exists():
        print(f"seed {seed} goes on from {checkpoint.name}", flush=True)
    if record.exists():
        print(f"seed {seed} was trained before", flush=True)
        kept = json.loads(record.read_text(encoding="utf-8"))
        return Result(**kept | {"history": History(**kept["history"])})
    net = Sequential(
        [layer.copy() for layer in recipe.layers], data.x_train.shape[1], seed=seed, device=device
    )
    history = fit(
        net,
        recipe.loss.copy(),
        recipe.optimizer.copy(),
        data.x_train,
        data.y_train,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        augment=recipe.augment,
        callbacks=[callback.copy() for callback in recipe.callbacks],
        checkpoint=checkpoint,
        seed=seed,
        progress=progress,
    )
    loss, accuracy = evaluate(net, recipe.loss.copy(), data.x_test, data.y_test)
    assert accuracy is not None  # the targets are labels
    result = Result(seed, 1 - accuracy, loss, sum(history.seconds), history)
    net.save(folder / f"seed-{seed}.npz", overwrite=True)
    with replaced_when_complete(record, overwrite=True) as file:
        file.write(json.dumps(result.to_json(), indent=1).encode())
    checkpoint.unlink()
    return result


def table(results: Sequence[Result]) -> str:
    """Return the error of each seed, and their mean and range."""
    lines = ["seed  error   loss    seconds"]
    lines += [f"{r.seed:<4}  {r.error:.2%}  {r.loss:.4f}  {r.seconds:.1f}" for r in results]
    if len(results) > 1:
        errors = [r.error for r in results]
        lines.append(
            f"mean  {np.mean(errors):.2%}  {np.mean([r.loss for r in results]):.4f}  "
            f"{np.mean([r.seconds for r in results]):.1f}   errors from {min(errors):.2%} to {max(errors):.2%}"
        )
    return "\n".join(lines)


def draw(results: Sequence[Result], data: Dataset, folder: Path) -> list[str]:
    """Write pictures of all trainings, and of the first seed's network; return their names."""
    from tinynn import plotting

    net = Sequential.load(folder / f"seed-{results[0].seed}.npz")
    p = predict_proba(net, data.x_test)
    figures = {
        "curves.png": plotting.plot_history({f"seed {r.seed}": r.history for r in results}),
        "confusion.png": plotting.plot_confusion(data.y_test, p.argmax(axis=1), classes=data.classes),
        "mistakes.png": plotting.plot_mistakes(
            data.x_test, data.y_test, p, classes=data.classes, image_shape=data.image_shape
        ),
    }
    if any(isinstance(layer, Conv2D) for layer in net.layers):
        figures["kernels.png"] = plotting.plot_kernels(net)
    elif any(isinstance(layer, Dense) for layer in net.layers):
        figures["weights.png"] = plotting.plot_weights(net, image_shape=data.image_shape)
    for name, figure in figures.items():
        figure.savefig(folder / name, dpi=150)
    return list(figures)


def settings_file(folder: Path, settings: dict[str, Any]) -> None:
    """Write down what this folder's trainings are, or see that they are the same.

    Raises
    ------
    ValueError
        When the folder holds trainings with other settings.
    """
    path = folder / "settings.json"
    if path.exists():
        there = json.loads(path.read_text(encoding="utf-8"))
        for name in settings:
            if there.get(name) != settings[name]:
                raise ValueError(
                    f"{folder} holds trainings with {name} {there.get(name)}, not {settings[name]}; take another folder"
                )
        return
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; --out names a folder")
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise ValueError(f"{folder} holds other files; take another folder")
    with replaced_when_complete(path, overwrite=False) as file:
        file.write(json.dumps(settings, indent=1).encode())


def run(
    name: str,
    make: Callable[[Dataset], Recipe],
    data: Dataset,
    *,
    seeds: int,
    epochs: int | None,
    folder: Path,
    device: str,
    plots: bool,
    progress: bool | None = None,
) -> list[Result]:
    """Run a recipe with seeds 0, 1, ... and say how it went."""
    recipe = make(data)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    # First, so that a recipe that does not fit the images leaves no folder behind.
    try:
        net = Sequential([layer.copy() for layer in recipe.layers], data.x_train.shape[1])
    except ValueError as error:
        raise ValueError(f"the recipe {name} does not fit {data.name}: {error}") from None
    settings_file(folder, {"recipe": name, "dataset": data.name, "epochs": recipe.epochs, "device": device})
    print(
        f"{name} on {data.name}: {(make.__doc__ or '').splitlines()[0]}\n\n{net.summary()}\n\n"
        f"{len(data.x_train):,} images to learn from, {len(data.x_test):,} to be tested on; {recipe.epochs} epochs in "
        f"batches of {recipe.batch_size},\n{recipe.optimizer!r}"
        + (f",\n{recipe.augment!r}" if recipe.augment else "")
        + "".join(f",\n{callback!r}" for callback in recipe.callbacks),
        flush=True,
    )
    results = []
    for seed in range(seeds):
        results.append(run_seed(recipe, data, seed, folder, device, progress))
        print(f"{table(results[-1:]).splitlines()[-1] if seed else chr(10) + table(results)}", flush=True)
    if seeds > 1:
        print(table(results).splitlines()[-1])
    written = draw(results, data, folder) if plots else []
    print(f"\nIn {folder}: {', '.join([*written, 'seed-N.npz (the networks)', 'seed-N.json (the records)'])}")
    return results
