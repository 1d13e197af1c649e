"""What active learning asks of a model, and the model's answers: checked, and with columns in the order of the classes.

Every function takes a model that is trained, and rows.
"""

from typing import Any, Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Model(Protocol):
    """What active learning asks of a model; scikit-learn's classifiers and `tinynn.Classifier` offer it.

    Two more methods serve the strategies that want them: ``sample_proba(x, n_samples, seed)`` returns
    probabilities of posterior samples, (n_samples, n, classes), and ``embed(x)`` features, (n, features).
    """

    classes_: Any

    def fit(self, x: Any, y: Any) -> Any:
        """Learn from rows x and labels y."""

    def predict_proba(self, x: Any) -> Any:
        """Return class probabilities of rows x, columns in the order of ``classes_``."""


def predict(model: Model, x: Any, classes: np.ndarray) -> np.ndarray:
    """Return class probabilities (n, K), columns in the order of `classes`.

    Raises
    ------
    ValueError
        Unless there is a row for each row of x, and a column for each class that the model knows, all of `classes`.
    """
    return _aligned(model, model.predict_proba(x), len(x), classes)


def sample(model: Any, x: Any, n_samples: int, seed: int, classes: np.ndarray) -> np.ndarray:
    """Return class probabilities under posterior samples, (n_samples, n, K), columns in the order of `classes`.

    The samples of an ensemble, `tinynn.Ensemble` or one of scikit-learn's, are its members' probabilities, at most
    `n_samples` of them.

    Raises
    ------
    TypeError
        For a model that has neither ``sample_proba`` nor members with probabilities.
    ValueError
        As `predict`.
    """
    if hasattr(model, "sample_proba"):
        most = len(getattr(model, "members_", range(n_samples)))
        p = np.asarray(model.sample_proba(x, min(n_samples, most), seed))
    else:
        members = list(np.ravel(getattr(model, "estimators_", [])))
        if not members or not all(hasattr(member, "predict_proba") for member in members):
            raise TypeError(
                f"{type(model).__name__} has no sample_proba(x, n_samples, seed), which this strategy needs. "
                "tinynn.Classifier with a Dropout layer has it, and a scikit-learn forest samples by its trees; "
                "with this model use 'margin' or 'entropy'"
            )
        p = np.stack([member.predict_proba(x) for member in members[:n_samples]])
    return _aligned(model, p, len(x), classes)


def embed(model: Any, x: Any) -> np.ndarray:
    """Return the model's features of rows, (n, features).

    Raises
    ------
    TypeError
        For a model without ``embed``.
    ValueError
        For another number of rows than x has, features of width zero, NaN or infinity.
    """
    name = type(model).__name__
    if not hasattr(model, "embed"):
        raise TypeError(f"{name} has no embed(x), which this strategy needs; tinynn.Classifier has")
    features = np.asarray(model.embed(x))
    if features.ndim < 2 or len(features) != len(x) or 0 in features.shape[1:]:
        raise ValueError(
            f"{name}.embed must give {len(x)} rows of at least one feature, and gave the shape {features.shape}"
        )
    if not np.isfinite(features).all():
        raise ValueError(f"{name}.embed gave NaN or infinite features; has the training diverged?")
    return features


def _aligned(model: Model, p: Any, n: int, classes: np.ndarray) -> np.ndarray:
    """Put the model's columns where `classes` has them; a class the model never met has probability 0."""
    p, known = np.asarray(p), np.asarray(model.classes_)
    if p.shape[-2:] != (n, len(known)):
        raise ValueError(
            f"{type(model).__name__} gave probabilities of shape {p.shape}; {n} rows and the {len(known)} classes in "
            f"its classes_ make ({n}, {len(known)})"
        )
    if len(known) == len(classes) and (known == classes).all():
        return p
    columns = np.searchsorted(classes, known)
    strange = classes[np.minimum(columns, len(classes) - 1)] != known
    if strange.any():
        raise ValueError(
            f"{type(model).__name__} knows the classes {known[strange].tolist()}, which are not among this view's, "
            f"{classes.tolist()}: name all of them with classes="
        )
    aligned = np.zeros((*p.shape[:-1], len(classes)), dtype=p.dtype)
    aligned[..., columns] = p
    return aligned
