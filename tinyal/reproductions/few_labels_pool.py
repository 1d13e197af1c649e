"""The pool without its labels: images described so that distances tell digits apart, and their graph in a file."""

from functools import lru_cache
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyal.neighbor_graph import neighbor_graph, spectral_points
from tinyal.principal_components import principal_components
from tinynn.datasets import Dataset
from tinynn.deskewing import deskew
from tinynn.gradient_histograms import gradient_histograms

if TYPE_CHECKING:
    from tinyal.reproductions.few_labels import Profile

GRAPH = "graph.npz"  # in the folder of the results: it is the same for all runs


def prepare(asked: "Profile", data: Dataset, out: Path) -> None:
    """Make the graph of the pool, and the places of its rows, where the folder has none yet.

    Raises
    ------
    ValueError
        Where it has one of other rows or settings.
    """
    sizes = [len(data.x_train), asked.components, asked.neighbors, asked.eigenvectors]
    if (out / GRAPH).exists():
        with np.load(out / GRAPH) as kept:
            if kept["sizes"].tolist() != sizes:
                raise ValueError(
                    f"{out / GRAPH} is the graph of {kept['sizes'][0]} rows, or was made with other settings; choose "
                    "another folder"
                )
        return
    start = process_time()
    places = principal_components(described(data.x_train, data), asked.components)
    graph = neighbor_graph(places, asked.neighbors)
    points = spectral_points(graph, asked.eigenvectors, np.random.default_rng(0))
    aside = out / f".{GRAPH}"
    with aside.open("wb") as file:
        parts = {"data": graph.data, "indices": graph.indices, "indptr": graph.indptr}
        np.savez(file, points=points, sizes=sizes, seconds=process_time() - start, **parts)
    aside.replace(out / GRAPH)


def described(x: np.ndarray, data: Dataset) -> np.ndarray:
    """Return images as rows whose distances tell digits apart; no label is needed for that."""
    shape = (data.image_shape[0], data.image_shape[1])
    return gradient_histograms(deskew(x, shape), shape, cells=max(4, shape[0] // 4))


@lru_cache(maxsize=1)
def seen(data: Dataset, sees: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of the pool and of the test set as the network sees them, computed once a process."""
    if sees == "images":
        return data.x_train, data.x_test
    return described(data.x_train, data), described(data.x_test, data)


def read_graph(out: Path) -> tuple[Any, np.ndarray]:
    """Return the graph of the pool and the places of its rows."""
    from scipy import sparse

    with np.load(out / GRAPH) as kept:
        points, parts = kept["points"], (kept["data"], kept["indices"], kept["indptr"])
    return sparse.csr_array(parts, shape=(len(points), len(points))), points


def seconds_for_the_graph(out: Path) -> float:
    """Return the processor time that making it took."""
    with np.load(out / GRAPH) as kept:
        return float(kept["seconds"])
