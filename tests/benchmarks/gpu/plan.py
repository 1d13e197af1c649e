"""What is measured: how many rows, images and repeats, all and in a quick run; who takes part, and for how long."""

from dataclasses import dataclass

SECONDS = 570.0  # for everything together
BATCHES = (32, 128, 512, 4096)


@dataclass(frozen=True)
class Plan:
    """The sizes of the works."""

    rows: int = 60_000
    tested: int = 10_000
    checked: int = 128  # rows whose gradients are compared
    images: int = 60_000
    samples: int = 100
    chunk: int = 2000
    repeats: int = 5
    warm: int = 2
    batches: tuple[int, ...] = BATCHES
    demo_seeds: int = 3
    quick: bool = False


QUICK = Plan(
    rows=640,
    tested=200,
    checked=8,
    images=40,
    samples=2,
    chunk=20,
    repeats=1,
    warm=1,
    batches=(128,),
    demo_seeds=1,
    quick=True,
)

WANTED: dict[tuple[str, str, str], float] = {
    ("epoch-128", "ours", "torch"): 1.0,
    ("epoch-128", "ours-graphs", "torch"): 0.4,
    ("epoch-128", "ours-graphs", "torch-graphs"): 1.1,
    ("samples", "ours", "torch"): 1.0,
}
"""(work, one of ours, a peer): what our time divided by the peer's should be at most."""

GRADIENTS = 1e-5
"""How far gradients in float32 may be from those in float64, relative to their length."""

PEERS: dict[str, float] = {
    "ours": 100.0,
    "ours-graphs": 60.0,
    "torch": 150.0,
    "torch-graphs": 60.0,
    "cpu": 60.0,
    "demo": 200.0,
}
"""Who takes part, in this order, and after how many seconds a process is ended."""
