"""What a comparison teaches: which strategies that simply take the top scores fail, and what their questions show."""

import textwrap

import numpy as np

from tinyal import strategies
from tinyal.comparison import Comparison


def lessons(result: Comparison, pool: np.ndarray, reference: str) -> list[str]:
    """Describe each plain top-k strategy that did not clearly beat the reference.

    Parameters
    ----------
    result : Comparison
        Of strategies by their names in `tinyal.strategies`, the reference among them.
    pool : array (N, pixels)
        The images that were asked for.
    reference : str

    Returns
    -------
    list of str
        One paragraph a strategy. Every number in it is measured: over all seeds and batches, the cosine between
        images of one batch, and between an image and its ten nearest in the pool.
    """
    target, notes = result.target(reference), []
    usual = f"they are no odder and no more alike than those of {reference}"
    usual_in_batch, usual_in_pool = _likeness(pool, result, reference)
    seeds = len(result.of(reference))
    for name in result.strategies if seeds > 1 else []:
        saved = result.labels_saved(name, target, reference)
        if not isinstance(strategies.get(name), strategies.Pointwise) or (
            saved and saved.low and saved.low > 0
        ):
            continue
        in_batch, in_pool = _likeness(pool, result, name)
        seen = []
        if in_pool < 0.98 * usual_in_pool:
            seen.append(
                f"they are odd ones, less like their nearest neighbours (cosine {in_pool:.2f}) than {reference}'s "
                f"({usual_in_pool:.2f}), so that exceptions are learned before the rule"
            )
        if in_batch > 1.05 * usual_in_batch:
            seen.append(
                f"those of one batch are alike (cosine {in_batch:.2f}, {reference}'s {usual_in_batch:.2f}), so that "
                "they teach little more than a few would"
            )
        notes.append(
            f"{name} simply takes the highest scores, and {_verdict(result, name, target, reference)}. Look at the "
            f"images it asks for: {'; '.join(seen) or usual}. "
            f"{_remedy(result, f'stochastic-{name}', target, reference)}"
        )
    return [textwrap.fill(note, 100) for note in notes]


def _verdict(result: Comparison, name: str, target: float, reference: str) -> str:
    """Say what was seen, which so few runs do not make a law."""
    own, other = result.labels_to(name, target), result.labels_to(reference, target)
    seeds, saved = len(other.per_run), result.labels_saved(name, target, reference)
    if other.labels is None:
        missed = seeds - other.reached
        return f"what that saves nobody can say: {reference} itself missed {target:.0%} in {missed} of {seeds} runs"
    if saved is None:
        return f"did not reach {target:.0%} in {seeds - own.reached} of {seeds} runs"
    if saved.high is not None and saved.high < 0:
        return f"needed more labels than {reference} in these {seeds} pairs of runs"
    return f"saves nothing here that {seeds} seeds could tell from luck"


def _remedy(result: Comparison, name: str, target: float, reference: str) -> str:
    saved = result.labels_saved(name, target, reference) if name in result.strategies else None
    if saved is None:
        return f"{name} draws at random by the same scores, which keeps the preference and loosens the batch."
    sure = saved.low is not None and saved.low > 0
    return (
        f"Drawing at random by the same scores loosens the batch: in the same runs {name} saved {saved:.0%} of "
        f"{reference}'s labels{'' if sure else ', which may be luck'}."
    )


def _likeness(pool: np.ndarray, result: Comparison, name: str) -> tuple[float, float]:
    """Return the mean cosine between images of one batch, and between an image and its 10 nearest in the pool."""
    rng = np.random.default_rng(0)
    around = _unit(pool[rng.choice(len(pool), min(len(pool), 5000), replace=False)])
    in_batch, in_pool = [], []
    for rows in (rows for run in result.of(name) for rows in run.queried[1:]):
        images = _unit(pool[rows])
        cosines = images @ images.T
        in_batch.append((cosines.sum() - len(rows)) / max(len(rows) * (len(rows) - 1), 1))
        # An image that is in the sample itself is its own nearest neighbour; the next ten count.
        nearest = np.sort(images @ around.T, axis=1)[:, -11:]
        itself = nearest[:, -1] > 0.99999
        in_pool.append(np.where(itself, nearest[:, :-1].mean(axis=1), nearest[:, 1:].mean(axis=1)).mean())
    return float(np.mean(in_batch)), float(np.mean(in_pool))


def _unit(images: np.ndarray) -> np.ndarray:
    images = images.astype(np.float32)
    return images / np.maximum(np.linalg.norm(images, axis=1, keepdims=True), 1)
