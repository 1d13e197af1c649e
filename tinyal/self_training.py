"""Self-training: a network learns from labels that were spread over a graph, then from its own answers."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinyal.neighbor_graph import neighbor_graph
from tinyal.principal_components import principal_components
from tinyal.spreading import Balance, balanced, confidence, spread
from tinynn import inference
from tinynn.checks import as_rows, check_classes, check_rows, whole
from tinynn.estimator import Estimator
from tinynn.layers import Layer
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.optimizers import Optimizer
from tinynn.training import fit

if TYPE_CHECKING:
    from tinynn.augmentation import Augment

UNLABELED = -1
"""What stands in y for a row without a label, as in scikit-learn's semi-supervised estimators."""

NEIGHBORS, COMPONENTS = 10, 60  # of the graph that is made where none is given


class SelfTraining(Estimator):
    """A network that learns from few labels and many rows without: the graph labels them first, then it does itself.

    1. The labels spread over a neighbour graph of all rows (`tinyal.spreading.spread`): each row gets probabilities q
       and a confidence c = 1 − H(q) / ln K.
    2. A fresh network learns the most probable class of every row, each row counting c, and sees it moved and bent
       (`augment`). It cannot learn the graph's mistakes by heart, which lie where neighbours mislead, and what a shift
       leaves the same the graph never knew: so it ends better than its teacher.
    3. Its own probabilities, brought to the shares that classes had in 1 where these were balanced, become q, and the
       next network begins at 2.

    Rows with a label keep it, with confidence 1. This is self-training (Scudder 1965; Lee 2013) with spread labels as
    the first teacher (Iscen et al. 2019), weighted as there.

    Parameters
    ----------
    layers : list of Layer, optional
        As in `tinynn.Classifier`.
    rounds : int, optional
        How many networks learn one after the other; the last one is the classifier.
    steps, batch_size, optimizer, augment : optional
        How each of them is trained.
    graph : scipy.sparse array (n, n), optional
        Joins the rows that `fit` will get. By default each is joined to its 10 nearest by 60 principal components.
    alpha, balance : optional
        As in `tinyal.spreading.spread`. "equal" helps much where classes occur equally often, and only there.
    classes : sequence, optional
        All labels there are, where those given to `fit` may miss some.
    seed : int, optional
    device, dtype : optional
        As in `tinynn.Classifier`.

    Attributes
    ----------
    network_ : Sequential
        The last network.
    spread_ : array (n, classes)
        What the graph said of the rows of `fit`.
    believed_ : array (n, classes)
        What the last network was taught of them.
    classes_ : array (classes,)
    n_features_in_ : int

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> y = np.full(len(data.x_train), UNLABELED)
    >>> y[:50] = data.y_train[:50]
    >>> layers = [nn.Dense(64), nn.ReLU(), nn.Dense(10)]
    >>> few = SelfTraining(layers, steps=200, rounds=1, balance="equal", classes=range(10))
    >>> alone = nn.Classifier(layers, steps=200, classes=range(10))
    >>> together = few.fit(data.x_train, y).score(data.x_test, data.y_test)
    >>> together > alone.fit(data.x_train[:50], y[:50]).score(data.x_test, data.y_test) + 0.03
    True
    """

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        rounds: int = 3,
        steps: int = 500,
        batch_size: int = 128,
        optimizer: Optimizer | None = None,
        augment: "Augment | None" = None,
        graph: Any = None,
        alpha: float = 0.99,
        balance: Balance = None,
        classes: Sequence[Any] | None = None,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
    ) -> None:
        self.layers = layers
        self.rounds = rounds
        self.steps = steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.augment = augment
        self.graph = graph
        self.alpha = alpha
        self.balance = balance
        self.classes = classes
        self.seed = seed
        self.device = device
        self.dtype = dtype

    def fit(self, x: Any, y: Any) -> Self:
        """Train on rows x (n, ...), of which those with y = −1 have no label; return self.

        Raises
        ------
        ValueError
            For rows or labels that do not fit, no labels at all, labels outside `classes`, a graph of other rows.
        """
        x, targets, labeled, classes = self._few(x, y)
        rounds, steps = whole("rounds", self.rounds), whole("steps", self.steps)
        graph = self._graph(x)
        if graph.shape != (len(x), len(x)):
            raise ValueError(
                f"the graph joins {graph.shape[0]} rows, and x has {len(x)}: give the graph of these rows"
            )
        teacher = spread(graph, labeled, targets, len(classes), alpha=self.alpha, balance=self.balance)
        shares = None if self.balance is None else teacher.mean(axis=0)
        q, net = teacher, None
        for seed in np.random.SeedSequence(self.seed).generate_state(rounds):
            if net is not None:
                q = inference.predict_proba(net, x).astype(np.float64)
                q = q if shares is None else balanced(q, shares)
            believed, weights = q.argmax(axis=1), confidence(q)
            believed[labeled], weights[labeled] = targets, 1
            net = self._new_network(x.shape[1:], len(classes), int(seed))
            how: dict[str, Any] = {"steps": steps, "batch_size": self.batch_size, "augment": self.augment}
            loss, optimizer = SoftmaxCrossEntropy(), self._new_optimizer()
            fit(net, loss, optimizer, x, believed, weights=weights, seed=int(seed), progress=False, **how)
        assert net is not None, "there is at least one round"
        self.network_, self.spread_, self.believed_ = net, teacher, q
        self._remember(x, classes)
        return self

    def predict_proba(self, x: Any) -> np.ndarray:
        """Return the network's class probabilities, shape (n, classes), columns in the order of `classes_`."""
        x = self._check(x)
        return inference.predict_proba(self.network_, x)

    def sample_proba(self, x: Any, n_samples: int = 20, seed: int = 0) -> np.ndarray:
        """Return class probabilities of posterior samples, as `tinynn.Classifier.sample_proba`."""
        x = self._check(x)
        return inference.sample_proba(self.network_, x, n_samples, inference.sampling_seed(seed))

    def embed(self, x: Any) -> np.ndarray:
        """Return the input of the last Dense layer, shape (n, features)."""
        x = self._check(x)
        return inference.embed(self.network_, x)

    def _few(self, x: Any, y: Any) -> tuple[Any, np.ndarray, np.ndarray, np.ndarray]:
        """Check rows and labels; return the rows, the class numbers of the labels, their rows, and all labels."""
        x = as_rows(x)
        x, y = check_rows(x, x.shape[1:]), check_classes(y, len(x))
        if y.dtype.kind not in "iu":
            raise TypeError(f"y holds whole numbers, {UNLABELED} for a row without a label, not {y.dtype}")
        labeled = np.flatnonzero(y != UNLABELED)
        if len(labeled) == 0:
            raise ValueError(f"no row has a label: all of y is {UNLABELED}")
        _, targets, classes = self._prepare(x[labeled], y[labeled])
        return x, targets, labeled, classes

    def _graph(self, x: Any) -> Any:
        if self.graph is not None:
            return self.graph
        flat = np.asarray(x).reshape(len(x), -1)
        flat = flat.astype(np.float32) / np.float32(255 if flat.dtype == np.uint8 else 1)
        return neighbor_graph(principal_components(flat, COMPONENTS), min(NEIGHBORS, len(flat) - 1))
