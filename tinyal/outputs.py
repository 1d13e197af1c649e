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

    Examples
    --------
    >>> class Frequencies:  # says of every row how often each class has occurred
    ...     def fit(self, x, y):
    ...         self.classes_, counts = np.unique(y, return_counts=True)
    ...         self.shares = counts / len(y)
    ...         return self
    ...     def predict_proba(self, x):
    ...         return np.tile(self.shares, (len(x), 1))
    >>> model = Frequencies().fit(np.zeros((4, 1)), ["ant", "bee", "bee", "bee"])
    >>> isinstance(model, Model), model.predict_proba(np.zeros((1, 1))).tolist()
    (True, [[0.25, 0.75]])
    """

    classes_: Any

    def fit(self, x: Any, y: Any) -> Any:
        """Learn from rows x and labels y."""

    def predict_proba(self, x: Any) -> Any:
        """Return class probabilities of rows x, columns in the order of ``classes_``."""


def check_model(model: Any) -> None:
    """Raise a TypeError for what cannot be a model: a class instead of an object, something that does not learn.

    Examples
    --------
    >>> import tinynn as nn
    >>> check_model(nn.Classifier)
    Traceback (most recent call last):
    ...
    TypeError: model is the class Classifier; write Classifier()
    """
    if isinstance(model, type):
        raise TypeError(f"model is the class {model.__name__}; write {model.__name__}()")
    if not callable(getattr(model, "fit", None)):
        raise TypeError(
            f"a model has fit(x, y), predict_proba(x) and classes_, such as tinynn.Classifier() and scikit-learn's "
            f"classifiers; {model!r} has no fit"
        )


def predict(model: Model, x: Any, classes: np.ndarray) -> np.ndarray:
    """Return class probabilities (n, K), columns in the order of `classes`.

    Raises
    ------
    TypeError
        For a model that gives no probabilities.
    ValueError
        Unless there is a row for each row of x, and a column for each class that the model knows, all of `classes`.
    """
    if not hasattr(model, "predict_proba"):
        name = type(model).__name__
        raise TypeError(
            f"{name} has no predict_proba(x), which strategies that ask a model need. scikit-learn's SGDClassifier "
            f"has it with loss='log_loss', VotingClassifier with voting='soft'; around others goes "
            f"CalibratedClassifierCV({name}(), ensemble=False)"
        )
    return _aligned(model, model.predict_proba(x), len(x), classes)


def sample(model: Any, x: Any, n_samples: int, seed: int, classes: np.ndarray) -> np.ndarray:
    """Return class probabilities under posterior samples, (n_samples, n, K), columns in the order of `classes`.

    The samples of an ensemble, `tinynn.Ensemble` or one of scikit-learn's, are its members' probabilities, at most
    `n_samples` of them. Over all members of a forest, a `BaggingClassifier` or a soft `VotingClassifier` their mean is
    what the ensemble predicts.

    Raises
    ------
    TypeError
        For a model that has neither ``sample_proba`` nor members with probabilities of all classes, and for members
        of different weight, which are no sample.
    ValueError
        As `predict`.
    """
    if hasattr(model, "sample_proba"):
        most = len(getattr(model, "members_", range(n_samples)))
        p = np.asarray(model.sample_proba(x, min(n_samples, most), seed))
    else:
        p = _members_proba(model, x, n_samples)
    return _aligned(model, p, len(x), classes)


def _members_proba(model: Any, x: Any, n: int) -> np.ndarray:
    """Return the probabilities of n members of a scikit-learn ensemble, columns in the order of its own classes."""
    name, found = type(model).__name__, getattr(model, "estimators_", [])
    # A list may hold ensembles, which np.ravel would take apart.
    members = found if isinstance(found, list) else list(np.ravel(found))
    if not members or not all(hasattr(member, "predict_proba") for member in members):
        raise TypeError(
            f"{name} has no sample_proba(x, n_samples, seed), which this strategy needs. "
            "tinynn.Classifier with a Dropout layer has it, and a scikit-learn forest samples by its trees; "
            "with this model use 'margin' or 'entropy'"
        )
    weights = getattr(model, "weights", None)
    weights = getattr(model, "estimator_weights_", None) if weights is None else weights
    if weights is not None and len(set(np.asarray(weights).tolist())) > 1:
        raise TypeError(
            f"the members of this {name} have different weights, so that they are no sample of its posterior; use "
            "members of equal weight, or with this model 'margin' or 'entropy'"
        )
    # A BaggingClassifier's members see some columns each, and number the classes that were in their resample.
    some_columns = getattr(model, "estimators_features_", None)
    samples = []
    for i, member in enumerate(members[:n]):
        p = member.predict_proba(x if some_columns is None else x[:, some_columns[i]])
        if p.shape[-1] != len(model.classes_):
            if some_columns is None:
                raise TypeError(
                    f"the members of this {name} tell {p.shape[-1]} classes apart, and all together "
                    f"{len(model.classes_)}: they are no sample of its posterior; use 'margin' or 'entropy'"
                )
            known, p = p, np.zeros((len(x), len(model.classes_)), p.dtype)
            p[:, np.asarray(member.classes_, np.int64)] = known
        samples.append(p)
    return np.stack(samples)


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
