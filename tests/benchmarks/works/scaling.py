"""How time and memory grow with the rows: of an epoch, and of choosing from a pool, both memory-mapped.

The pool lies in a file; what is measured as memory are the arrays that were allocated on the way (``tracemalloc``), not
the file's pages, which the system drops when it needs the room.
"""

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks.work import Peer, Prepared, Setting, Work

BLOCK = 10_000
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000)
LARGE = (10_000, 100_000, 1_000_000, 10_000_000)


def pool(path: Path, n: int, features: int) -> np.ndarray:
    """Return n random rows of bytes in a file, which is made, or made longer, where it must be."""
    with path.open("ab") as file:
        for block in range(file.tell() // (BLOCK * features), -(-n // BLOCK)):
            rng = np.random.default_rng((0, block))
            file.write(rng.integers(0, 256, BLOCK * features, dtype=np.uint8).tobytes())
    return np.memmap(path, np.uint8, "r", shape=(n, features))


def zeros(path: Path, n: int, features: int) -> np.ndarray:
    """Return n rows of zeros in a file that, where the system knows holes in files, takes no room on the disk."""
    path = path.with_name(f"{path.name}-zeros-{n}")
    with path.open("ab") as file:
        file.truncate(n * features)
    return np.memmap(path, np.uint8, "r", shape=(n, features))


def largest(run: Any) -> float:
    """Return how much memory a run allocates at most, in megabytes of 10⁶ bytes."""
    tracemalloc.start()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


def measured(run: Any, n: int) -> Prepared:
    """Return a run whose memory is looked at after its time."""
    return Prepared(run, lambda _: {"rows": n, "megabytes": largest(run)})


def epoch(setting: Setting, n: int, features: int) -> Prepared:
    """Train one epoch in batches of 128."""
    import tinynn as nn

    n = setting.part(n, n // 10)
    x, y = pool(setting.scratch / f"pool-{features}", n, features), np.arange(n) % 10
    net = nn.Sequential([nn.Dense(128), nn.ReLU(), nn.Dense(10)], features)
    loss, adam = nn.SoftmaxCrossEntropy(), nn.Adam(1e-3)
    return measured(lambda: nn.fit(net, loss, adam, x, y, batch_size=128, progress=False), n)


def scoring(
    setting: Setting, n: int, features: int, rows: Callable[[Path, int, int], np.ndarray] = pool
) -> Prepared:
    """Choose 100 rows by their entropy. Of zeros all scores tie, which is what takes most to remember."""
    import tinyal as al
    import tinynn as nn

    n = setting.part(n, n // 10)
    x = rows(setting.scratch / f"pool-{features}", n, features)
    model = nn.Classifier([nn.Dense(128), nn.ReLU(), nn.Dense(10)], epochs=1)
    model.fit(np.array(pool(setting.scratch / f"pool-{features}", 1000, features)), np.arange(1000) % 10)
    labeled = np.arange(100)

    def run() -> np.ndarray:
        view = al.PoolView(model, x, np.arange(100, n), labeled, labeled % 10, model.classes_)
        return al.strategies.Entropy().select(view, 100, np.random.default_rng(0))

    return measured(run, n)


def _sizes(task: Any, sizes: tuple[int, ...], features: int) -> dict[str, Peer]:
    return {f"{n:.0e}".replace("e+0", "e"): partial(task, n=n, features=features) for n in sizes}


WORKS = [
    Work(
        "scaling-epoch",
        "an epoch, 784-128-10, rows of 784 bytes in a file",
        _sizes(epoch, SIZES, 784),
        repeats=1,
    ),
    Work(
        "scaling-scoring",
        "choosing 100 rows by entropy, 784-128-10, rows of 784 bytes in a file",
        _sizes(scoring, SIZES, 784),
        repeats=1,
    ),
    Work(
        "scaling-large",
        "choosing 100 rows by entropy, 784-128-10, rows of 784 zeros in a file with nothing but a hole",
        _sizes(partial(scoring, rows=zeros), LARGE, 784),
        repeats=1,
        extra=True,
    ),
]
