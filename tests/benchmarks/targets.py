"""What is wanted: our time as a share of a peer's. These are aims, never results."""

# (work, peer): with OpenBLAS's AVX2 kernel (Haswell), and with one of its AVX-512 kernels; on two cores.
WANTED: dict[tuple[str, str], tuple[float, float]] = {
    ("mlp-epoch-32", "torch"): (0.75, 0.65),
    ("mlp-epoch-128", "torch"): (0.80, 0.60),
    ("mlp-epoch-512", "torch"): (0.80, 0.60),
    ("mlp-epoch-32", "jax"): (1.65, 1.5),
    ("mlp-epoch-128", "jax"): (1.45, 1.1),
    ("mlp-epoch-512", "jax"): (1.3, 0.9),
    ("mlp-epoch-32", "sklearn"): (0.7, 0.5),
    ("mlp-epoch-128", "sklearn"): (0.7, 0.5),
    ("mlp-epoch-512", "sklearn"): (0.7, 0.5),
    ("predict", "torch"): (0.9, 0.6),
    ("sample-mlp", "torch"): (0.15, 0.10),
    ("sample-mlp", "jax"): (0.5, 0.3),
    ("sample-conv", "torch"): (0.40, 0.25),
    ("conv-step", "torch-channels-last"): (1.4, 0.85),
    ("process", "torch"): (0.2, 0.2),
    ("process", "sklearn"): (0.5, 0.5),
    ("process memory", "torch"): (0.3, 0.3),
    ("select-entropy", "modAL"): (1.0, 1.0),
    ("select-entropy", "scikit-activeml"): (1.0, 1.0),
    ("select-entropy", "small-text"): (1.0, 1.0),
    ("select-margin", "modAL"): (1.0, 1.0),
    ("select-margin", "scikit-activeml"): (1.0, 1.0),
    ("select-margin", "small-text"): (1.0, 1.0),
    ("select-least-confidence", "modAL"): (1.0, 1.0),
    ("select-least-confidence", "scikit-activeml"): (1.0, 1.0),
    ("select-least-confidence", "small-text"): (1.0, 1.0),
    ("select-bald", "scikit-activeml"): (1.0, 1.0),
    ("select-bald", "small-text"): (1.0, 1.0),
    ("select-vote-entropy", "modAL"): (1.0, 1.0),
    ("select-vote-entropy", "scikit-activeml"): (1.0, 1.0),
    ("select-k-center", "scikit-activeml"): (0.1, 0.1),
    ("select-k-center", "small-text"): (0.1, 0.1),
    ("select-badge", "scikit-activeml"): (0.1, 0.1),
    ("select-badge", "small-text"): (0.1, 0.1),
}

MOST = {"process memory": 150.0}
"""What our own figure may be at most: megabytes."""

AVX512 = {"SkylakeX", "Cooperlake", "SapphireRapids"}


def wanted(work: str, peer: str, kernel: str) -> float | None:
    """Return which ratio is wanted, if any is; None for a kernel that nothing was said about."""
    if peer == "ours":
        return MOST.get(work)
    pair = WANTED.get((work, peer))
    return pair and pair[kernel in AVX512]
