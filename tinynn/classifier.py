"""A network as a scikit-learn-style classifier: fit, predict, and what active learning asks for."""

import sys
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from tinynn import inference
from tinynn.adaptive import Adam
from tinynn.checks import as_rows, check_classes, check_rows
from tinynn.configured import Configured
from tinynn.layers import Dense, Layer, ReLU, Softmax
from tinynn.losses import SoftmaxCrossEntropy
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer
from tinynn.training import fit


class NotFittedError(ValueError, AttributeError):
    """A classifier was asked before it was fitted."""


class Classifier(Configured):
    """A network that learns class labels of any kind, with scikit-learn's methods.

    Layers and optimiser are specifications: every `fit` starts from fresh copies, so a fit depends only on the
    settings and the data, never on an earlier fit.

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
    seed : int, optional
        Decides weights, dropout masks and the order of the rows.
    device : {"cpu", "cuda", "auto"}, optional
    dtype : {"float32", "float64"}, optional
    progress : bool, optional
        Show a bar while fitting.

    Attributes
    ----------
    classes_ : array (classes,)
        The labels, sorted; columns of probabilities are in this order.
    network_ : Sequential
    history_ : History
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
        seed: int = 0,
        device: str = "cpu",
        dtype: str = "float32",
        progress: bool = False,
    ) -> None:
        self.layers = layers
        self.epochs = epochs
        self.steps = steps
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.classes = classes
        self.seed = seed
        self.device = device
        self.dtype = dtype
        self.progress = progress

    def fit(self, x: Any, y: Any) -> Self:
        """Train on rows x (n, features) or (n, *shape) with labels y (n,); return self.

        Raises
        ------
        ValueError
            For NaN or infinite values, lengths that differ, labels outside `classes`, fewer than two classes, or
            layers whose outputs are not as many as the classes.
        """
        x = as_rows(x)
        x = check_rows(x, x.shape[1:])
        y = check_classes(y, len(x))
        classes = np.unique(y if self.classes is None else np.asarray(self.classes))
        targets = self._encode(classes, y)
        layers = self.layers if self.layers is not None else [Dense(64), ReLU(), Dense(len(classes))]
        if isinstance(layers[-1], Softmax):
            raise ValueError(
                "the last layer is a Softmax, which the loss takes care of: end with Dense(classes)"
            )
        if self.optimizer is not None and not isinstance(self.optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, such as nn.Adam(1e-3), not {self.optimizer!r}")
        net = Sequential(
            [layer.copy() if isinstance(layer, Layer) else layer for layer in layers],
            x.shape[1:],
            seed=self.seed,
            device=self.device,
            dtype=self.dtype,
        )
        if net.output_shape != (len(classes),):
            raise ValueError(
                f"there are {len(classes)} classes, but the layers end with outputs of shape {net.output_shape}; "
                f"end with Dense({len(classes)}), or name all classes with classes="
            )
        self.history_ = fit(
            net,
            SoftmaxCrossEntropy(),
            self.optimizer.copy() if self.optimizer is not None else Adam(),
            x,
            targets,
            epochs=self.epochs,
            steps=self.steps,
            batch_size=self.batch_size,
            seed=self.seed,
            progress=self.progress,
        )
        self.network_, self.classes_ = net, classes
        self.n_features_in_ = x.shape[1]
        self._pixels, self._largest = x.dtype == np.uint8, float(x.max())
        return self

    def predict_proba(self, x: Any) -> np.ndarray:
        """Return class probabilities, shape (n, classes), columns in the order of `classes_`."""
        return inference.predict_proba(self._fitted(), self._check(x))

    def predict(self, x: Any) -> np.ndarray:
        """Return the most probable label of each row, shape (n,)."""
        columns = self.predict_proba(x).argmax(axis=1)
        return self.classes_[columns]

    def score(self, x: Any, y: Any) -> float:
        """Return the accuracy: the share of rows whose predicted label is right."""
        predicted, y = self.predict(x), np.asarray(y)
        if y.shape != predicted.shape:
            raise ValueError(
                f"y must have one label a row of x, shape {predicted.shape}, but has shape {y.shape}"
            )
        return float(np.mean(predicted == y))

    def sample_proba(self, x: Any, n_samples: int = 20, seed: int = 0) -> np.ndarray:
        """Return class probabilities of posterior samples, shape (n_samples, n, classes): dropout stays on.

        Each sample is one thinned network, with one mask a dropout layer for all rows; see
        `tinynn.inference.sample_proba`.
        """
        return inference.sample_proba(
            self._fitted(), self._check(x), n_samples, inference.sampling_seed(seed)
        )

    def embed(self, x: Any) -> np.ndarray:
        """Return the input of the last Dense layer, the penultimate features, shape (n, features)."""
        return inference.embed(self._fitted(), self._check(x))

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments, as scikit-learn's clone asks."""
        return self.config()

    def set_params(self, **settings: Any) -> Self:
        """Change settings by name; return self."""
        for name, value in settings.items():
            if name not in self.get_params():
                raise ValueError(f"Classifier has no setting {name!r}; it has {', '.join(self.get_params())}")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Tell scikit-learn, which alone calls this, what kind of estimator this is."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=True, three_d_array=True),
        )

    def _encode(self, classes: np.ndarray, y: np.ndarray) -> np.ndarray:
        """Turn labels into column numbers."""
        if len(classes) < 2:
            raise ValueError(
                f"all labels are {classes.tolist()}, 1 class: a classifier needs at least two. If others exist that no "
                "row shows yet, name them all with classes="
            )
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(f"labels {unknown.tolist()} are not among classes={classes.tolist()}")
        return np.searchsorted(classes, y)

    def _fitted(self) -> Sequential:
        if not hasattr(self, "network_"):
            # Where scikit-learn is in use, its own error, which its tools catch; both are ValueErrors.
            sklearn = sys.modules.get("sklearn.exceptions")
            error = sklearn.NotFittedError if sklearn else NotFittedError
            raise error("this Classifier is not fitted yet; call fit first")
        return self.network_

    def _check(self, x: Any) -> np.ndarray:
        input_shape, x = self._fitted().input_shape, as_rows(x)
        if x.ndim == 2 and len(input_shape) == 1 and x.shape[1:] != input_shape:
            raise ValueError(
                f"X has {x.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features "
                "as input"
            )
        x = check_rows(x, input_shape)
        if self._pixels and x.dtype != np.uint8 and x.max() > 1:
            raise ValueError(
                "this classifier was fitted on uint8 pixels, which it scales to 0 to 1, and now gets "
                f"{x.dtype} values up to {x.max():g}; pass uint8, or divide by 255"
            )
        if not self._pixels and x.dtype == np.uint8 and self._largest > 1:
            raise ValueError(
                f"this classifier was fitted on values up to {self._largest:g} as they were, and would scale "
                "uint8 pixels to 0 to 1; convert them to the type it was fitted on"
            )
        return x
