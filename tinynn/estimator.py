"""What a classifier does around its networks: labels become column numbers, rows are checked, settings come and go."""

import sys
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from tinynn.adaptive import Adam
from tinynn.checks import as_rows, check_classes, check_rows
from tinynn.configured import Configured
from tinynn.layers import Dense, Layer, ReLU, Softmax
from tinynn.network import Sequential
from tinynn.optimizers import Optimizer


class NotFittedError(ValueError, AttributeError):
    """A classifier was asked before it was fitted."""


class Estimator(Configured):
    """scikit-learn's conventions for what learns class labels with networks: `Classifier` and `Ensemble`.

    A subclass stores each constructor argument under its own name. Its `fit` calls `_prepare`, trains what
    `_new_network` makes and calls `_remember` when that is done, so that a fit which fails or is interrupted leaves
    the estimator as it was. It defines `predict_proba`, which begins with `_check`.
    """

    layers: Sequence[Layer] | None
    optimizer: Optimizer | None
    classes: Sequence[Any] | None
    device: str
    dtype: str
    classes_: np.ndarray
    n_features_in_: int

    def predict_proba(self, x: Any) -> np.ndarray:
        """Return class probabilities, shape (n, classes), columns in the order of `classes_`."""
        raise NotImplementedError

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

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the constructor's arguments, as scikit-learn's clone asks."""
        return self.config()

    def set_params(self, **settings: Any) -> Self:
        """Change settings by name; return self."""
        for name, value in settings.items():
            if name not in self.get_params():
                raise ValueError(
                    f"{type(self).__name__} has no setting {name!r}; it has {', '.join(self.get_params())}"
                )
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

    def _prepare(self, x: Any, y: Any) -> tuple[Any, np.ndarray, np.ndarray]:
        """Check rows and labels; return the rows, the column number of each label, and all labels there are."""
        x = as_rows(x)
        x = check_rows(x, x.shape[1:])
        y = check_classes(y, len(x))
        classes = np.unique(y if self.classes is None else np.asarray(self.classes))
        if len(classes) < 2:
            raise ValueError(
                f"all labels are {classes.tolist()}, 1 class: a classifier needs at least two. If others exist that no "
                "row shows yet, name them all with classes="
            )
        unknown = np.setdiff1d(y, classes)
        if len(unknown):
            raise ValueError(f"labels {unknown.tolist()} are not among classes={classes.tolist()}")
        return x, np.searchsorted(classes, y), classes

    def _new_network(self, input_shape: tuple[int, ...], classes: int, seed: int) -> Sequential:
        """Make a network from the layers' specification, and check that it has one output a class."""
        layers = self.layers if self.layers is not None else [Dense(64), ReLU(), Dense(classes)]
        if len(layers) and isinstance(layers[-1], Softmax):
            raise ValueError(
                "the last layer is a Softmax, which the loss takes care of: end with Dense(classes)"
            )
        net = Sequential(
            [layer.copy() if isinstance(layer, Layer) else layer for layer in layers],
            input_shape,
            seed=seed,
            device=self.device,
            dtype=self.dtype,
        )
        if net.output_shape != (classes,):
            raise ValueError(
                f"there are {classes} classes, but the layers end with outputs of shape {net.output_shape}; "
                f"end with Dense({classes}), or name all classes with classes="
            )
        return net

    def _new_optimizer(self) -> Optimizer:
        """Make an optimiser from its specification."""
        if self.optimizer is None:
            return Adam()
        if not isinstance(self.optimizer, Optimizer):
            raise TypeError(f"optimizer must be an Optimizer, such as nn.Adam(1e-3), not {self.optimizer!r}")
        return self.optimizer.copy()

    def _remember(self, x: Any, classes: np.ndarray) -> None:
        """Keep what later rows are checked against."""
        self.classes_, self.n_features_in_ = classes, x.shape[1]
        self._input_shape = x.shape[1:]
        self._pixels, self._largest = x.dtype == np.uint8, float(x.max())

    def _check(self, x: Any) -> np.ndarray:
        """Return x as rows like those that were fitted on."""
        if not hasattr(self, "classes_"):
            # Where scikit-learn is in use, its own error, which its tools catch; both are ValueErrors.
            sklearn = sys.modules.get("sklearn.exceptions")
            error = sklearn.NotFittedError if sklearn else NotFittedError
            raise error(f"this {type(self).__name__} is not fitted yet; call fit first")
        x = as_rows(x)
        if x.ndim == 2 and len(self._input_shape) == 1 and x.shape[1:] != self._input_shape:
            raise ValueError(
                f"X has {x.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} features "
                "as input"
            )
        x = check_rows(x, self._input_shape)
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
