"""How uncertain several labels are together: the entropy of all their combinations at once.

Labels of different rows hang together, because one network is behind them all: who knows the label of a 4 knows
more about every other 4. Given the network they are independent, so everything follows from one table,
p(labels of the rows so far, network), in which each combination of labels has a line and each network a column.
"""

import numpy as np

_NUMBERS = 2**20  # in one piece of work: 8 MiB, which stay in the cache


class JointEntropy:
    """The joint entropy H(y₁, …, y_b) of the labels of rows that are added one by one.

    The networks ω are T posterior samples, and sample t must be the same network for every row: with masks drawn
    anew for each row nothing would hang together, and the joint entropy would be the sum of the single ones.

    The table has up to Kᵇ lines. While these are at most `limit`, all is exact. Beyond, `limit` combinations are
    drawn by their probabilities, which makes every sum over combinations an unbiased estimate: the importance
    sampling of Kirsch, van Amersfoort & Gal 2019 ("BatchBALD", section 3), here stratified, as in a particle
    filter (Kitagawa 1996), so that what is likely is certain to stay.

    Cost of one row: limit·T·K multiplications and limit·K logarithms. Memory: 8·limit·T bytes.

    Derivation: `docs/derivations/batchbald.md`, `batchbald-combinations`, `batchbald-gain` and `batchbald-unbiased`.

    Parameters
    ----------
    n_samples : int
        Posterior samples, T.
    limit : int
        Combinations of labels to keep.
    rng : numpy.random.Generator
        Draws combinations.

    Attributes
    ----------
    entropy : float
        H(y₁, …, y_b) in nats, of the rows added so far.
    information : float
        I(y₁, …, y_b; ω) = H(y₁, …, y_b) − Σᵢ E H(yᵢ | ω) in nats: at most ln T, all there is to know.
    exact : bool
        Whether all combinations are still in the table.

    Examples
    --------
    Two networks that are sure of opposite things. One label tells which is right, and then the other is known:

    >>> row = np.array([[1.0, 0.0], [0.0, 1.0]])
    >>> joint = JointEntropy(n_samples=2, limit=100, rng=np.random.default_rng(0))
    >>> joint.add(row)
    >>> joint.add(row)
    >>> round(joint.entropy, 4), round(joint.information, 4)
    (0.6931, 0.6931)
    """

    def __init__(self, n_samples: int, limit: int, rng: np.random.Generator) -> None:
        self._table = np.full((1, n_samples), 1 / n_samples)
        self._limit = limit
        self._rng = rng
        self.entropy = 0.0
        self.information = 0.0
        self.exact = True

    def block(self, classes: int) -> int:
        """Return how many rows of this many classes are one piece of work for `gains`."""
        return max(_NUMBERS // (len(self._table) * classes), 16)

    def gains(self, samples: np.ndarray) -> np.ndarray:
        """Compute what each row's label would tell about the network, if the labels so far were known, in nats.

        I(y; ω | y₁ … y_b) = H(y | y₁ … y_b) − E H(y | ω), for which the joint entropies need no difference of
        large numbers: it is the mean, over combinations of labels so far, of BALD under what they leave of the
        posterior. Never negative, not even as an estimate; while exact, never above BALD itself.

        Parameters
        ----------
        samples : array (T, n, K)
            Class probabilities of n rows.

        Returns
        -------
        array (n,)
        """
        size = self.block(samples.shape[2])
        pieces = [samples[:, start : start + size] for start in range(0, samples.shape[1], size)]
        return np.concatenate([np.subtract(*self._entropies(piece)) for piece in pieces]).clip(min=0.0)

    def add(self, row: np.ndarray) -> None:
        """Add a row: its label joins the others.

        Parameters
        ----------
        row : array (T, K)
            Class probabilities.
        """
        label, given_network = self._entropies(row[:, None])
        self.entropy += label.item()
        self.information += max(label.item() - given_network.item(), 0.0)
        row = _normalised(row)
        weights = (self._table @ row).ravel()
        branches = np.flatnonzero(weights)
        share = np.ones(len(branches))
        if len(branches) > self._limit:
            self.exact = False
            branches, share = self._draw(weights)
        old, classes = np.divmod(branches, row.shape[1])
        self._table = self._table[old] * row.T[classes] * share[:, None]

    def _entropies(self, samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return H(y | labels so far) and E H(y | ω) of some rows, (n,) each."""
        T, n, K = samples.shape
        samples = _normalised(samples)
        joint = _plogp(self._table @ samples.reshape(T, n * K)).reshape(n, K).sum(axis=1)
        so_far = _plogp(self._table.sum(axis=1, keepdims=True)).item()
        alone = samples * np.log(np.maximum(samples, np.finfo(float).tiny))
        return so_far - joint, -np.einsum("t,tnk->n", self._table.sum(axis=0), alone)

    def _draw(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Draw `limit` branches, one from each stratum; return those drawn, and what to multiply their lines by.

        Every stratum has a random number of its own: most lines weigh just one stratum, and a common number, as in
        systematic sampling, would continue them all by the same quantile of their next label.
        """
        ends = np.cumsum(weights)
        points = (self._rng.random(self._limit) + np.arange(self._limit)) * (ends[-1] / self._limit)
        drawn, times = np.unique(np.searchsorted(ends, points, side="right"), return_counts=True)
        return drawn, times / (self._limit * weights[drawn])


def _normalised(samples: np.ndarray) -> np.ndarray:
    """Return probabilities in float64, whose sums are one to its precision: gains are small differences."""
    samples = np.asarray(samples, dtype=np.float64)
    return samples / samples.sum(axis=-1, keepdims=True)


def _plogp(p: np.ndarray) -> np.ndarray:
    """Return the sum of p ln p over the lines of a table, (columns,)."""
    return np.einsum("mx,mx->x", p, np.log(np.maximum(p, np.finfo(float).tiny)))
