"""Few labels: what MNIST needs, from raw pixels alone, when every label that is looked at counts.

No single paper's experiment. Images stand upright (`tinynn.deskewing`) and are described by how their strokes run
(`tinynn.gradient_histograms`); those that are alike are joined to a graph; labels go to the middle of its clusters
(`tinyal.strategies.graph`), they spread over it (Zhou et al. 2004), and a network is taught by what they say
(`tinyal.self_training`).
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import lru_cache, partial
from multiprocessing import get_context
from pathlib import Path
from time import process_time
from typing import Any, Literal

import numpy as np

import tinynn as nn
from tinyal.reproductions import profile as profile_of
from tinyal.reproductions.few_labels_pool import prepare, read_graph, seconds_for_the_graph, seen
from tinyal.reproductions.few_labels_report import draw as draw
from tinyal.reproductions.few_labels_report import figure as figure
from tinyal.reproductions.few_labels_report import table as table
from tinyal.run_files import write_json
from tinyal.self_training import UNLABELED, SelfTraining
from tinyal.strategies import Diverse, Margin, choose
from tinyal.strategies.graph import central_rows
from tinyal.view import PoolView
from tinynn.datasets import Dataset
from tinynn.progress import progress_bar
from tinynn.threads import one_blas_thread

NAME = "few-labels"
TITLE = "Few labels: typical rows of a graph, labels that spread over it, a network taught by them"
VERSION = 1
CHOICES = ("graph", "random")


@dataclass(frozen=True)
class Profile:
    """How much of the experiment is done, and how.

    Parameters
    ----------
    dataset : str
    labels : tuple of int
        Budgets, each a set of runs of its own.
    seeds : int
    sees : "histograms" or "images"
        What the network learns from: how strokes run, one hidden layer; or images, two convolutions, distorted anew
        in every batch, which takes twenty times as long.
    steps, rounds : int
        Of self-training.
    first : float
        Share of the labels that go to the middle of clusters. The others are asked for by doubt: rows of small margin,
        one of each kind.
    components, neighbors, eigenvectors : int
        Of the graph and its places.
    balance : "equal", "estimated" or None
        See `tinyal.spreading.spread`.
    """

    dataset: str = "mnist"
    labels: tuple[int, ...] = (100, 50, 20)
    seeds: int = 10
    sees: str = "histograms"
    steps: int = 3000
    rounds: int = 1
    first: float = 1.0
    components: int = 60
    neighbors: int = 10
    eigenvectors: int = 40
    balance: Literal["equal", "estimated"] | None = "estimated"


PROFILES = {
    "quick": Profile("digits", labels=(50, 20), seeds=2, steps=300),
    "cpu": Profile(),
    "full": Profile(sees="images", rounds=3),
}


def run(
    profile: str,
    out: Path,
    seeds: int | None,
    workers: int,
    progress: bool | None,
    labels: Sequence[int] | None = None,
    data: Dataset | None = None,
) -> dict[str, Any]:
    """Do the experiment, or what is left of it in the folder `out`; see `tinyal.reproductions.Reproduction`.

    Parameters
    ----------
    profile : str
    out : path
        For the graph and a file for each finished run.
    seeds : int or None
        Instead of the profile's.
    workers : int
        Processes.
    progress : bool or None
        Whether to show a bar; by default on a terminal.
    labels : sequence of int, optional
        Budgets instead of the profile's.
    data : Dataset, optional
        Other images than the profile's.
    """
    asked = profile_of(profile, PROFILES)
    budgets = tuple(labels) if labels is not None else asked.labels
    (out / "runs").mkdir(parents=True, exist_ok=True)
    tasks = [
        (budget, choice, seed)
        for seed in range(asked.seeds if seeds is None else seeds)
        for choice in CHOICES
        for budget in budgets
    ]
    there = {task: found for task in tasks if (found := _finished(out, asked, *task)) is not None}
    left = [task for task in tasks if task not in there]
    with progress_bar(len(tasks), "run", progress, done=len(there)) as bar:
        if left:
            with one_blas_thread():
                prepare(asked, data or _load(asked.dataset), out)
        for task, found in _do(asked, out, data, left, workers):
            there[task] = found
            bar.update()
    return {
        "version": VERSION,
        "reproduction": NAME,
        "profile": profile,
        "settings": asdict(asked) | {"labels": list(budgets)},
        "seconds for the graph": seconds_for_the_graph(out),
        "runs": [there[task] for task in tasks],
    }


_load = lru_cache(maxsize=1)(nn.datasets.load)


def network(asked: Profile, data: Dataset) -> list[nn.layers.Layer]:
    """Return the layers of the network."""
    classes = len(data.classes)
    if asked.sees == "histograms":
        return [nn.Dense(128), nn.ReLU(), nn.Dense(classes)]
    height, width = data.image_shape[:2]
    return [
        nn.Reshape((height, width, 1)),
        *[nn.Conv2D(16, 5, padding="same"), nn.ReLU(), nn.MaxPool2D(2)],
        *[nn.Conv2D(32, 5, padding="same"), nn.ReLU(), nn.MaxPool2D(2)],
        *[nn.Flatten(), nn.Dense(128), nn.ReLU(), nn.Dropout(0.3), nn.Dense(classes)],
    ]


def distortion(data: Dataset) -> nn.Augment:
    """Return what a digit may be put through and still be the same digit, as in `tinynn.recipes.conv_augmented`."""
    strength = data.image_shape[0] / 28
    return nn.Augment(
        shift=1.5 * strength, rotate=12, scale=0.12, shear=0.1, elastic=strength, image_shape=data.image_shape
    )


def one_run(
    asked: Profile, data: Dataset, graph: Any, points: np.ndarray, budget: int, choice: str, seed: int
) -> dict[str, Any]:
    """Spend a budget of labels, train, and read the test set once: plain data.

    Parameters
    ----------
    asked : Profile
    data : Dataset
    graph : scipy.sparse array (n, n)
        Of the pool.
    points : array (n, eigenvectors)
        Places of its rows.
    budget : int
        Labels.
    choice : str
        One of `CHOICES`.
    seed : int
    """
    x, x_test = seen(data, asked.sees)
    start, rng = process_time(), np.random.default_rng((seed, budget, CHOICES.index(choice)))
    pool = len(x)
    model = SelfTraining(
        network(asked, data),
        steps=asked.steps,
        optimizer=nn.Adam(nn.CosineDecay(2e-3)),
        augment=distortion(data) if asked.sees == "images" else None,
        graph=graph,
        balance=asked.balance,
        classes=range(len(data.classes)),
        seed=seed,
    )
    labels = np.full(pool, UNLABELED)
    if choice == "random":
        rows = rng.choice(pool, budget, replace=False)
        labels[rows] = data.y_train[rows]
    else:
        rows = central_rows(points, pool, max(1, round(asked.first * budget)), rng)
        labels[rows] = data.y_train[rows]
        if len(rows) < budget:
            model.set_params(rounds=1).fit(x, labels)
            others = np.flatnonzero(labels == UNLABELED)
            view = PoolView(model, x, others, rows, data.y_train[rows], np.asarray(model.classes_))
            more = choose(Diverse(Margin()), view, budget - len(rows), rng)
            labels[more], rows = data.y_train[more], np.concatenate([rows, more])
    model.set_params(rounds=asked.rounds).fit(x, labels)
    assert (labels != UNLABELED).sum() == budget == len(set(rows.tolist())), "every label is counted"
    seconds = process_time() - start
    return {
        "labels": budget,
        "choice": choice,
        "seed": seed,
        "accuracy": model.score(x_test, data.y_test),
        "spread": float(np.mean(model.spread_.argmax(axis=1) == data.y_train)),
        "classes met": len(np.unique(data.y_train[rows])),
        "asked": rows.tolist(),
        "seconds": seconds,
    }


def _do(
    asked: Profile, out: Path, data: Dataset | None, tasks: list[tuple[int, str, int]], workers: int
) -> Iterator[tuple[tuple[int, str, int], dict[str, Any]]]:
    """Do runs, here or in processes of their own, and give each with its task when it is finished."""
    work = partial(_carry_out, asked, out, data)
    if workers == 1 or len(tasks) < 2:
        yield from zip(tasks, map(work, tasks), strict=True)
        return
    with ProcessPoolExecutor(min(workers, len(tasks)), get_context("spawn")) as processes:
        yield from zip(tasks, processes.map(work, tasks), strict=True)


def _carry_out(asked: Profile, out: Path, data: Dataset | None, task: tuple[int, str, int]) -> dict[str, Any]:
    data = data or _load(asked.dataset)
    with one_blas_thread():
        graph, points = read_graph(out)
        found = one_run(asked, data, graph, points, *task)
    write_json(_path(out, *task), {"settings": _settings(asked), **found})
    return found


def _path(out: Path, budget: int, choice: str, seed: int) -> Path:
    return out / "runs" / f"{choice}-{budget}-{seed}.json"


def _settings(asked: Profile) -> dict[str, Any]:
    """Return what decides a run besides its task."""
    settings = asdict(asked) | {"version": VERSION}
    del settings["labels"], settings["seeds"]
    return settings


def _finished(out: Path, asked: Profile, budget: int, choice: str, seed: int) -> dict[str, Any] | None:
    """Return a run that was finished before, or None.

    Raises
    ------
    ValueError
        For a run of other settings.
    """
    path = _path(out, budget, choice, seed)
    if not path.exists():
        return None
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if found.pop("settings", None) != _settings(asked):
        raise ValueError(f"{path} is a run with other settings; choose another folder, or delete it")
    return found
