"""What is compared on: every data set with every model that a file describes, as objects."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from tinyal import data_files
from tinyal.model_words import make_layers, make_optimizer
from tinyal.preparation import Preparation
from tinyal.settings import NAMES, NUMBER, SHARE, TEXT, WHOLE, checked, either, one_of
from tinyal.view import Model
from tinynn import datasets, recipes
from tinynn.callbacks import EarlyStopping
from tinynn.classifier import Classifier
from tinynn.datasets import Dataset
from tinynn.ensemble import Ensemble

DATA = {
    "name": one_of(*datasets.NAMES),
    "file": TEXT,
    "labels": TEXT,
    "test": SHARE,
    "imbalance": NUMBER,
    "pool": WHOLE,
    "copies": WHOLE,
    "noise": NUMBER,
}
MODEL = {
    "layers": either(NAMES, one_of(*recipes.RECIPES)),
    "ensemble": WHOLE,
    "epochs": WHOLE,
    "steps": WHOLE,
    "batch_size": WHOLE,
    "optimizer": TEXT,
    "early_stopping": WHOLE,
    "class_weight": one_of("balanced"),
    "device": one_of("cpu", "cuda", "auto"),
    "dtype": one_of("float32", "float64"),
}
STEPS = 300  # of a training, where the file says neither steps nor epochs


@dataclass(frozen=True)
class Setup:
    """One data set with one model, and what the two are called where there are several."""

    name: str
    data: Dataset
    preparation: Preparation | None
    model: Model

    @property
    def shown(self) -> Any:
        """What a report may show of the data: images, where they are some, or numbers."""
        images = len(self.data.image_shape) in (2, 3)
        return self.data if images else (self.data.x_train, self.data.y_train)


def make_setups(data: Any, model: Any, validation: int | float | None, folder: Path) -> list[Setup]:
    """Return every data set with every model.

    Parameters
    ----------
    data, model
        A table of settings or an object; or several of them by their names.
    validation : int, float or None
        The labels that training is judged by, for models that stop early.
    folder : Path
        Where files of data are looked for.

    Raises
    ------
    ValueError
        It names the setting with its place.
    """
    setups = []
    models = _several(model, "model")
    for data_place, described in _several(data, "data").items():
        dataset, preparation = _data(described, data_place, folder)
        for model_place, written in models.items():
            name = "-".join(place.partition(".")[2] for place in (data_place, model_place) if "." in place)
            made = _model(written, model_place, dataset, validation)
            setups.append(Setup(name, dataset, preparation, made))
    return setups


def _several(written: Any, place: str) -> dict[str, Any]:
    """Return parts of a file by their places: one, or each of several that are in tables of their own."""
    if isinstance(written, Mapping) and written and not any(map(_is_setting, written.values())):
        return {f"{place}.{name}": part for name, part in written.items()}
    return {place: written}


def _is_setting(value: Any) -> bool:
    return isinstance(value, str | int | float | list)


def _data(written: Any, place: str, folder: Path) -> tuple[Dataset, Preparation | None]:
    if isinstance(written, Dataset):
        return written, None
    if not isinstance(written, Mapping):
        return _arrays(written, place), None
    table = checked(written, place, DATA)
    if ("name" in table) == ("file" in table):
        raise ValueError(
            f"{place} needs one of name ({DATA['name'].words}) and file (your own: .npz, .npy, .csv)"
        )
    if "name" in table and "labels" in table:
        raise ValueError(f"{place}.labels is for a file; {table['name']} has its labels with it")
    if "name" in table:
        data = datasets.load(table["name"])
    else:
        data = data_files.read(folder / table["file"], table.get("labels"))
    wanted = {field.name for field in fields(Preparation)}
    try:
        preparation = Preparation(**{name: value for name, value in table.items() if name in wanted})
        preparation.rows(data.y_train, len(data.x_test) > 0, seed=0)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return data, None if preparation == Preparation() else preparation


def _arrays(written: Any, place: str) -> Dataset:
    if not isinstance(written, tuple) or len(written) != 4:
        raise ValueError(
            f"{place} must be a table, a Dataset, or arrays (pool x, pool y, test x, test y), not "
            f"{type(written).__name__}"
        )
    x, y, x_test, y_test = map(np.asarray, written)
    classes = np.unique(np.concatenate([y, y_test]))
    columns = np.searchsorted(classes, y), np.searchsorted(classes, y_test)
    names = tuple(map(str, classes.tolist()))
    return Dataset(place, x, columns[0], x_test, columns[1], names, x.shape[1:], licence="", citation="")


def _model(written: Any, place: str, data: Dataset, validation: Any) -> Model:
    if not isinstance(written, Mapping):
        if not isinstance(written, Model) and not (
            hasattr(written, "fit") and hasattr(written, "predict_proba")
        ):
            raise ValueError(
                f"{place} must be a table, or an object with fit and predict_proba, not {written!r}"
            )
        return written
    table = checked(written, place, MODEL, required=("layers",))
    if "epochs" not in table:  # which are few steps while there are few labels: 20 of 20 labels are 20 steps
        table.setdefault("steps", STEPS)
    classes = len(data.classes)
    layers, optimizer = table.pop("layers"), table.pop("optimizer", None)
    members, patience = table.pop("ensemble", None), table.pop("early_stopping", None)
    if isinstance(layers, str):
        table["layers"] = list(recipes.get(layers)(data).layers)
    else:
        table["layers"] = make_layers(layers, classes, f"{place}.layers")
    if optimizer is not None:
        table["optimizer"] = make_optimizer(optimizer, f"{place}.optimizer")
    if patience is not None:
        if validation is None:
            raise ValueError(
                f"{place}.early_stopping goes by labels set aside: add budget.validation = 0.2, a share"
            )
        table["callbacks"] = [EarlyStopping(patience)]
    if members is None:
        return Classifier(**table, classes=range(classes))
    if patience is not None or "class_weight" in table or validation is not None:
        raise ValueError(f"{place}.ensemble does without early_stopping, class_weight and budget.validation")
    return Ensemble(**table, members=members, classes=range(classes))
