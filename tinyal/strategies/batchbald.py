"""BatchBALD: the batch whose labels, all together, tell most about the weights.

BALD scores rows one by one, and twenty pictures of the same odd 4 all score high, although the first of them
answers for the rest. BatchBALD counts what is common to several rows only once.
"""

import numpy as np

from tinyal.joint_entropy import JointEntropy
from tinyal.strategies.base import Strategy, top
from tinyal.strategies.pointwise import BALD
from tinyal.view import PoolView


class BatchBALD(Strategy):
    """Ask for the rows whose labels y₁ … y_b tell most about the weights ω together.

    I(y₁ … y_b; ω) = H(y₁ … y_b) − Σᵢ E H(yᵢ | ω), in nats (Kirsch, van Amersfoort & Gal 2019, "BatchBALD:
    Efficient and diverse batch acquisition for deep Bayesian active learning", section 3). The best batch is out of
    reach; rows are added greedily, which gains at least 1 − 1/e ≈ 63 % of the best batch's information, because
    it is submodular: a row tells less, the more is known. For the same reason a gain computed for a smaller batch
    is a bound, and most rows need not be computed again (lazy greedy, Minoux 1978): the result is the same.

    The joint entropy is exact while there are at most `configurations` combinations of the labels chosen so far,
    with 1000 and ten classes for the first four rows; then it is estimated, see `tinyal.joint_entropy`, and so are
    the bounds.

    T samples hold at most ln T nats of information. When a batch has used them up, all other rows gain nothing
    and follow at random: take more samples for larger batches. A batch of one is BALD's.

    Derivation: `docs/derivations/batchbald.md`, `batchbald-joint`, `batchbald-submodular` and `batchbald-guarantee`.

    Parameters
    ----------
    n_samples : int, optional
        Posterior samples, T. Sample t must be one network for all rows, as those of `tinynn.Classifier`,
        `tinynn.Ensemble` and a scikit-learn forest are.
    candidates : int, optional
        Consider this many rows, those with the largest BALD scores. A row gains at most its BALD score, so this
        loses nothing as long as what is chosen gains more than the scores left out.
    configurations : int, optional
        Combinations of labels to compute with.

    Notes
    -----
    Time: T passes for BALD's scores; then for each row of the batch up to candidates·configurations·K·T
    multiplications, of which the bounds leave a tenth or so. Choosing ten of 2000 MNIST images with 100 samples
    took half a second on one thread, and with ten times the configurations 3 seconds for a batch that knew
    0.1 % more. Memory: 4·T·candidates·K bytes of samples and 8·T·configurations bytes.

    Examples
    --------
    >>> from tinyal.known import known_view
    >>> yes, no, likely, unlikely = [1, 0], [0, 1], [0.9, 0.1], [0.1, 0.9]
    >>> row, copy, other = [yes, yes, no, no], [yes, yes, no, no], [likely, unlikely, likely, unlikely]
    >>> view, rng = known_view(samples=np.stack([row, copy, other], axis=1)), np.random.default_rng(0)
    >>> sorted(BALD().select(view, 2, rng).tolist())  # the two largest scores, of which one label answers both
    [0, 1]
    >>> BatchBALD().select(view, 2, rng)[1].item()
    2
    """

    def __init__(self, n_samples: int = 100, candidates: int = 10_000, configurations: int = 1000) -> None:
        if n_samples < 2:
            raise ValueError(f"BatchBALD compares samples and needs at least 2, not {n_samples}")
        if candidates < 1 or configurations < 1:
            raise ValueError(
                f"candidates and configurations must be at least 1, not {candidates} and {configurations}"
            )
        self.n_samples = n_samples
        self.candidates = candidates
        self.configurations = configurations

    def parts(self, view: PoolView) -> dict[str, np.ndarray]:
        """Return the BALD scores: the information of each label alone."""
        return {"BALD": BALD(self.n_samples).scores(view)}

    def select(self, view: PoolView, n: int, rng: np.random.Generator) -> np.ndarray:
        """Choose n rows, (n,), each the one that gains most information beyond those before it."""
        scores = BALD(self.n_samples).scores(view)
        # `top` shuffles ties, and the order among equal gains below is the order here.
        view = view.subset(top(scores, max(n, min(self.candidates, len(view))), rng))
        samples = view.sample_proba(self.n_samples)
        joint = JointEntropy(len(samples), self.configurations, rng)
        bounds, left = joint.gains(samples), np.arange(len(view))
        chosen = []
        for _ in range(n):
            best = _largest_gain(joint, samples, bounds, left[np.argsort(-bounds[left], kind="stable")])
            joint.add(samples[:, best])
            left = left[left != best]
            chosen.append(best)
        return view.candidates[chosen]


def _largest_gain(joint: JointEntropy, samples: np.ndarray, bounds: np.ndarray, order: np.ndarray) -> int:
    """Return the row that gains most; go through `order` only as far as `bounds` leave a chance, and lower them."""
    best, size = order[0], joint.block(samples.shape[2])
    for start in range(0, len(order), size):
        rows = order[start : start + size]
        if start and bounds[rows[0]] <= bounds[best]:
            break
        bounds[rows] = joint.gains(samples[:, rows])
        best = max(best, rows[bounds[rows].argmax()], key=bounds.__getitem__)
    return int(best)
