"""Several networks that start differently and learn the same: where they disagree, the data has not decided yet."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from tinynn import inference
from tinynn.backend import backend_of
from tinynn.cache import rows_at_a_time
from tinynn.checks import whole
from tinynn.estimator import Estimator
from tinynn.layers import Layer
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.probabilities import softmax
from tinynn.stacked import can_stack
from tinynn.stacked_training import fit_together
from tinynn.training import fit


class Ensemble(Estimator):
    r"""A committee of M networks, p = (1/M) Σₖ pₖ, with scikit-learn's methods (Lakshminarayanan et al. 2017).

    The members differ in their first weights, dropout masks and order of rows. Member k becomes what
    ``Classifier(layers, seed=s)`` becomes, with s the k-th of ``np.random.SeedSequence(seed).generate_state(members)``;
    so an ensemble of five is the first five of an ensemble of ten. But they are trained together, each layer's
    products as one batched product, see `tinynn.stacked`; on a processor as many at a time as its cache holds. Where
    that cannot be (networks with other layers than Dense, Dropout, Flatten, Reshape and activations; optimisers that
    look at all parameters together, as `Clipped` does, or that you wrote), they are trained one after the other, with
    the same result.

    Parameters
    ----------
    layers : list of Layer, optional
        Ends with ``Dense(number of classes)``, without a softmax. By default one hidden layer of 64 ReLUs.
    members : int, optional
        M.
    epochs, steps, batch_size, optimizer, classes
        As in `Classifier`, for each member.
    seed : int, optional
        Decides the members' seeds.
    bootstrap : bool, optional
        Whether each member learns from rows of its own, as many as there are, drawn with replacement (bagging,
        Breiman 1996): `drawn_rows` says which. Otherwise each learns from all rows.
    device, dtype, progress
        As in `Classifier`.

    Attributes
    ----------
    members_ : list of Sequential
        Each a network of its own, with its seed in ``seed``.
    classes_ : array (classes,)
        The labels, sorted; columns of probabilities are in this order.
    n_features_in_ : int

    Notes
    -----
    There is no ``embed``: each member has features of its own, and the k-th of one means nothing to another. For
    strategies that want features take a `Classifier`.

    Examples
    --------
    >>> import tinynn as nn
    >>> from tinynn.ensemble import Ensemble
    >>> data = nn.datasets.load("digits")
    >>> model = Ensemble([nn.Dense(32), nn.ReLU(), nn.Dense(10)], members=3, epochs=10)
    >>> model.fit(data.x_train, data.y_train).score(data.x_test, data.y_test) > 0.9
    True
    >>> model.sample_proba(data.x_test[:2]).shape
    (3, 2, 10)
    """

    members_: list[Sequential]

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        members: int = 5,
        epochs: int = 20,
        steps: int | None = None,
        batch_size: int = 64,
        optimizer: Optimizer | None = None,
        classes: Sequence[Any] | None = None,
        seed: int = 0,
        bootstrap: bool = False,
        device: str = "cpu",
        dtype: str = "float32",
        progress: bool = False,
    ) -> None:
        self.layers = layers
        self.members = members
        self.epochs = epochs
        self.steps = steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.classes = classes
        self.seed = seed
        self.bootstrap = bootstrap
        self.device = device
        self.dtype = dtype
        self.progress = progress

    def fit(self, x: Any, y: Any) -> Self:
        """Train all members on rows x (n, features) or (n, *shape) with labels y (n,); return self.

        A fit that fails or is interrupted leaves the members of the fit before.

        Raises
        ------
        ValueError
            For whatever `Classifier.fit` refuses, and for fewer than one member.
        FloatingPointError
            When a loss is no longer a finite number.
        """
        x, targets, classes = self._prepare(x, y)
        optimizer = self._new_optimizer()
        seeds = np.random.SeedSequence(self.seed).generate_state(whole("members", self.members))
        members = [self._new_network(x.shape[1:], len(classes), int(seed)) for seed in seeds]
        rows = [drawn_rows(net.seed, len(x)) if self.bootstrap else np.arange(len(x)) for net in members]
        how: dict[str, Any] = {
            name: getattr(self, name) for name in ("epochs", "steps", "batch_size", "progress")
        }
        if can_stack(members[0], optimizer):
            # Ten networks of 100,000 parameters took a processor as long together as one by one, and less two by two.
            at_a_time = rows_at_a_time(members[0].backend.xp, members[0].parameters.size)
            for start in range(0, len(members), at_a_time):
                part = slice(start, start + at_a_time)
                fit_together(members[part], optimizer.copy(), x, targets, rows[part], **how)
        else:
            for net, drawn in zip(members, rows, strict=True):
                own_x = x[backend_of(x).asarray(drawn)] if self.bootstrap else x
                own_optimizer, loss = optimizer.copy(), SoftmaxCrossEntropy()
                fit(net, loss, own_optimizer, own_x, targets[drawn], seed=net.seed, **how)
        self.members_ = members
        self._remember(x, classes)
        return self

    def predict_proba(self, x: Any) -> np.ndarray:
        """Return class probabilities, the mean over the members, shape (n, classes)."""
        return self.sample_proba(x).mean(axis=0)

    def sample_proba(self, x: Any, n_samples: int | None = None, seed: int = 0) -> np.ndarray:
        """Return the members' class probabilities, shape (n_samples, n, classes); dropout is off.

        Parameters
        ----------
        x : array (n, features) or (n, *shape)
        n_samples : int, optional
            How many members, all by default. They stand in the order of `members_`.
        seed : int, optional
            Decides which, where they are not all.

        Raises
        ------
        ValueError
            For more samples than there are members.
        """
        x, count = self._check(x), len(self.members_)
        n_samples = count if n_samples is None else whole("n_samples", n_samples)
        if n_samples > count:
            raise ValueError(
                f"an ensemble's samples are its members, and there are {count}: n_samples cannot be {n_samples}. "
                f"Ask for {count} or fewer, or fit with members={n_samples}"
            )
        chosen = np.sort(np.random.default_rng(seed).permutation(count)[:n_samples])
        nets = [self.members_[k] for k in chosen]
        p = np.empty((n_samples, len(x), len(self.classes_)), dtype=nets[0].dtype)
        for part, chunk in inference.chunks(nets[0], x):
            for k, net in enumerate(nets):
                p[k, part] = net.backend.to_numpy(softmax(net.propagate(chunk)))
        return p


def drawn_rows(seed: int, n: int) -> np.ndarray:
    """Return which rows the member with this seed learns from under ``bootstrap=True``: n of n, with replacement.

    Examples
    --------
    >>> rows = drawn_rows(seed=0, n=1000)
    >>> len(rows), 600 < len(np.unique(rows)) < 660  # 1 − 1/e of them: 632
    (1000, True)
    """
    stream = np.random.SeedSequence(seed, spawn_key=(1,))  # the weights' key is (0,)
    return np.random.default_rng(stream).integers(n, size=n)
