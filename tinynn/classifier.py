"""A network as a scikit-learn-style classifier: fit, predict, and what active learning asks for."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from tinynn import inference
from tinynn.callbacks import Callback, Training, listed
from tinynn.estimator import Estimator
from tinynn.layers import Layer
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.targets import balanced_weights
from tinynn.training import fit

if TYPE_CHECKING:
    from tinynn.augmentation import Augment


class Classifier(Estimator):
    """A network that learns class labels of any kind, with scikit-learn's methods.

    Layers and optimiser are specifications: every `fit` starts from fresh copies, so a fit depends only on the
    settings and the data, never on an earlier fit, unless `warm_start` asks for that.

    Parameters
    ----------
    layers : list of Layer, optional
        Ends with ``Dense(number of classes)``, without a softmax. By default one hidden layer of 64 ReLUs.
    epochs : int, optional
        How often every row is used.
    steps : int, optional
        Train for this many batches instead of `epochs`.
    batch_size : int, optional
    optimizer : Optimizer, optional
        ``Adam(1e-3)`` by default.
    classes : sequence, optional
        All labels there are, where those given to `fit` may miss some.
    class_weight : "balanced" or dict, optional
        How much rows of each label count: ``{label: weight}``, others 1; "balanced" makes up for rare labels.
    augment : Augment, optional
        Distorts the rows of every batch anew.
    validation : float, optional
        Which share of the rows to hold out, for the history and for callbacks.
    callbacks : sequence of Callback or function, optional
        What looks on, and may stop: ``nn.EarlyStopping()``, ``nn.MaxNorm(3)``.
    warm_start : bool, optional
        Go on from the network of the last fit, where the classes are the same, instead of a fresh one.
    seed : int, optional
        Decides weights, dropout masks, the order of the rows, which are held out, and how they are distorted.
    device : {"cpu", "cuda", "auto"}, optional
    dtype : {"float32", "float64"}, optional
    progress : bool, optional
        Show a bar while fitting.
    graphs : bool, optional
        On a GPU, replay steps as a CUDA graph; see `fit`.

    Attributes
    ----------
    classes_ : array (classes,)
        The labels, sorted; columns of probabilities are in this order.
    network_ : Sequential
    history_ : History
    callbacks_ : list
        The copies that took part in the last fit.
    n_features_in_ : int

    Examples
    --------
    >>> import tinynn as nn
    >>> data = nn.datasets.load("digits")
    >>> model = nn.Classifier([nn.Dense(32), nn.ReLU(), nn.Dense(10)], epochs=20)
    >>> model.fit(data.x_train, data.y_train).score(data.x_test, data.y_test) > 0.9
    True
    """

    def __init__(
        self,
        layers: Sequence[Layer] | None = None,
        *,
        epochs: int = 20,
        steps: int | None = None,
        batch_size: int = 64,
        optimizer: Optimizer | None = None,
        classes: Sequence[Any] | None = None,
        class_weight: str | Mapping[Any, float] | None = None,
        augment: "Augment | None" = None,
        validation: float | None = None,
        callbacks: Sequence[Callback | Callable[[Training], Any]] = (),
        warm_start: bool = False,
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        progress: bool = False,
        graphs: bool = False,
    ) -> None:
        self.layers = layers
        self.epochs = epochs
        self.steps = steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.classes = classes
        self.class_weight = class_weight
        self.augment = augment
        self.validation = validation
        self.callbacks = callbacks
        self.warm_start = warm_start
        self.seed = seed
        self.device = device
        self.dtype = dtype
        self.progress = progress
        self.graphs = graphs

    def fit(self, x: Any, y: Any) -> Self:
        """Train on rows x (n, features) or (n, *shape) with labels y (n,); return self.

        Raises
        ------
        ValueError
            For NaN or infinite values, lengths that differ, labels outside `classes`, fewer than two classes, or
            layers whose outputs are not as many as the classes.
        """
        x, targets, classes = self._prepare(x, y)
        optimizer = self._new_optimizer()
        net = self._network_to_train(x.shape[1:], classes)
        self.callbacks_ = [c.copy() if isinstance(c, Callback) else c for c in listed(self.callbacks)]
        self.history_ = fit(
            net,
            SoftmaxCrossEntropy(class_weights=self._class_weights(targets, classes)),
            optimizer,
            x,
            targets,
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            validation=self.validation,
            augment=self.augment,
            callbacks=self.callbacks_,
            seed=self.seed,
            progress=self.progress,
            graphs=self.graphs,
        )
        self.network_ = net
        self._remember(x, classes)
        return self

    def _network_to_train(self, input_shape: tuple[int, ...], classes: np.ndarray) -> Sequential:
        last: Sequential | None = getattr(self, "network_", None)
        if self.warm_start and last is not None and np.array_equal(classes, self.classes_):
            return last.copy()  # a copy, so that a fit that fails leaves the last one as it was
        return self._new_network(input_shape, len(classes), self.seed)

    def _class_weights(self, targets: np.ndarray, classes: np.ndarray) -> list[float] | None:
        """Return one weight a class, in the order of `classes_`."""
        if self.class_weight is None:
            return None
        if isinstance(self.class_weight, Mapping):
            unknown = [label for label in self.class_weight if label not in classes]
            if unknown:
                raise ValueError(
                    f"class_weight names {unknown}, which are not among the classes {classes.tolist()}"
                )
            return [self.class_weight.get(label, 1.0) for label in classes.tolist()]
        if self.class_weight == "balanced":
            return balanced_weights(targets, len(classes))
        raise ValueError(
            f'class_weight must be "balanced" or a dict of label to weight, not {self.class_weight!r}'
        )

    def predict_proba(self, x: Any) -> np.ndarray:
        """Return class probabilities, shape (n, classes), columns in the order of `classes_`."""
        x = self._check(x)
        return inference.predict_proba(self.network_, x)

    def sample_proba(self, x: Any, n_samples: int = 20, seed: int = 0) -> np.ndarray:
        """Return class probabilities of posterior samples, shape (n_samples, n, classes): dropout stays on.

        Each sample is one thinned network, with one mask a dropout layer for all rows; see
        `tinynn.inference.sample_proba`.
        """
        x = self._check(x)
        return inference.sample_proba(self.network_, x, n_samples, inference.sampling_seed(seed))

    def embed(self, x: Any) -> np.ndarray:
        """Return the input of the last Dense layer, the penultimate features, shape (n, features)."""
        x = self._check(x)
        return inference.embed(self.network_, x)
