"""Images and rows to label that are arrays already: files of NumPy's, and the data sets that tinynn knows."""

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.labeling.kept_rows import check_rows, moments
from tinyal.labeling.names import clean_name
from tinyal.labeling.pictures import png
from tinyal.labeling.row_items import RowItems
from tinynn import datasets


class ImageItems:
    """Images in an array.

    Parameters
    ----------
    features : uint8 array (n, h, w, c)
        With 1 (grey), 3 (red, green, blue) or 4 channels (and opacity).
    classes, known, truth
        As `Items` says.

    Examples
    --------
    >>> items = from_dataset("digits")
    >>> items.features.shape, items.truth[:3], items.picture(0)[1]
    ((1348, 8, 8, 1), ('0', '1', '2'), 'image/png')
    """

    kind = "images"
    unreadable: Sequence[tuple[str, str]] = ()
    gone: frozenset[int] = frozenset()

    def __init__(
        self,
        features: np.ndarray,
        classes: Sequence[str],
        known: Mapping[int, str] | None = None,
        truth: tuple[str, ...] | None = None,
    ) -> None:
        self.features = features
        self.classes = tuple(classes)
        self.known: Mapping[int, str] = known or {}
        self.truth = truth

    def __len__(self) -> int:
        return len(self.features)

    def name(self, item: int) -> str:
        """Return which row it is, counted from 0, as NumPy does."""
        return f"row {item}"

    def picture(self, item: int) -> tuple[bytes, str] | None:
        """Return the image as a PNG file, made on the fly."""
        return png(self.features[item]), "image/png"

    def text(self, item: int) -> str | None:
        """Return None: a picture says it."""
        return None


def from_dataset(name: str, classes: Sequence[str] = ()) -> ImageItems | RowItems:
    """Return the training rows of a data set, unlabelled; its labels are the `truth`.

    Raises
    ------
    ValueError
        For classes that leave out some of the data set's.
    """
    data = datasets.load(name)
    if classes and not set(data.classes) <= set(classes):
        raise ValueError(f"{name} has the classes {', '.join(data.classes)}; leave classes out")
    classes = classes or data.classes
    truth = tuple(data.classes[label] for label in data.y_train.tolist())
    if len(data.image_shape) == 1:
        mean, spread = moments(data.x_train, name)
        return RowItems(
            data.x_train, mean, spread, _numbered(data.x_train.shape[1]), classes=classes, truth=truth
        )
    images = data.x_train.reshape(len(data.x_train), *data.image_shape)
    return ImageItems(images if images.ndim == 4 else images[..., None], classes, truth=truth)


def from_file(
    source: Path,
    project: Path,
    classes: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    refresh: bool = True,
) -> ImageItems | RowItems:
    """Return the rows of ``.npy``, or of x (or x_train) in ``.npz``; y beside it holds labels that are known.

    Parameters
    ----------
    source, project : path
    classes : sequence of str, optional
    size : (int, int), optional
        Height and width of rows of pixels, (n, h × w).
    refresh : bool, optional

    Raises
    ------
    ValueError
        For arrays that are neither images nor rows of numbers, or whose rows are others than before.
    """
    try:
        x, y = _read(source)
        x = _images(x, size)
        known = {} if y is None else _labels(y, len(x))
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        why = str(error)
        if "allow_pickle" in why:  # NumPy would run it
            why = "it holds Python objects, or is no array; save words by x.astype(str) and numbers by x.astype(float)"
        raise ValueError(f"{source}: {why}") from None
    if classes and (others := sorted(set(known.values()) - set(classes))):
        raise ValueError(f"{source} has labels {', '.join(others)}, which are not among the classes given")
    classes = classes or in_order(known.values())
    mean, spread = check_rows(source, project, x, refresh=refresh)
    if x.ndim == 2:
        return RowItems(x, mean, spread, _numbered(x.shape[1]), classes=classes, known=known)
    return ImageItems(x, classes, known)


def in_order(names: Any) -> tuple[str, ...]:
    """Return different names sorted: numbers by their size, others by their letters.

    Examples
    --------
    >>> in_order(["10", "9", "9"]), in_order(["dog", "cat"])
    (('9', '10'), ('cat', 'dog'))
    """
    different = set(names)
    numbers = all(name.isdecimal() for name in different)
    return tuple(sorted(different, key=lambda name: (int(name) if numbers else 0, name)))


def _numbered(features: int) -> list[str]:
    return [f"feature {i}" for i in range(features)]


def _read(source: Path) -> tuple[np.ndarray, np.ndarray | None]:
    if source.suffix.lower() == ".npy":
        return np.load(source, mmap_mode="r", allow_pickle=False), None
    with source.open("rb") as file:
        if not zipfile.is_zipfile(file):
            raise ValueError("it is no .npz file, or one that was cut off; np.savez(file, x=x) makes one")
    with np.load(source, allow_pickle=False) as arrays:
        for name in ("x", "x_train"):
            if name in arrays.files:
                labels = name.replace("x", "y", 1)
                return arrays[name], arrays[labels] if labels in arrays.files else None
        raise ValueError(f"it holds the arrays {', '.join(arrays.files)}; wanted is x, or x_train")


def _images(x: np.ndarray, size: tuple[int, int] | None) -> np.ndarray:
    """Return rows of numbers as they are, and images as (n, h, w, c) uint8."""
    if x.dtype.kind not in "iufb" or x.ndim < 2 or 0 in x.shape:
        raise ValueError(
            f"it has shape {x.shape} and type {x.dtype}; wanted are numbers: images (n, h, w) or (n, h, w, channels), "
            "or rows (n, features)"
        )
    if x.ndim == 2 and size is not None:
        h, w = size
        if x.shape[1] % (h * w):
            raise ValueError(f"its rows of {x.shape[1]} numbers are no images of {h} x {w} pixels")
        x = x.reshape(len(x), h, w, -1)
    if x.ndim == 2:
        return x
    if x.ndim == 3:
        x = x[..., None]
    if x.ndim > 4 or x.shape[3] not in (1, 3, 4):
        hint = "; np.moveaxis(x, 1, -1) puts the channels last" if x.shape[1] in (1, 3, 4) else ""
        raise ValueError(
            f"it has shape {x.shape}, and images have (n, h, w) or (n, h, w, 1, 3 or 4 channels){hint}"
        )
    if x.dtype == np.uint8:
        return x
    if not (np.min(x) >= 0 and np.max(x) <= 1):
        raise ValueError(
            f"its pixels are {x.dtype} from {np.min(x):g} to {np.max(x):g}; wanted are uint8 from 0 to 255, or "
            "numbers from 0 to 1"
        )
    return np.rint(np.asarray(x, np.float32) * 255).astype(np.uint8)


def _labels(y: np.ndarray, n: int) -> dict[int, str]:
    """Return the labels that are there: negative numbers, NaN and empty words stand for none."""
    if y.shape != (n,):
        raise ValueError(f"its labels have shape {y.shape}, and there are {n} rows; wanted is ({n},)")
    if y.dtype.kind == "f":
        missing = ~(y >= 0)
        if (np.floor(y) != y)[~missing].any():
            raise ValueError("its labels are fractions; classes are whole numbers or words")
        y = np.where(missing, -1, y).astype(np.int64)
    if y.dtype.kind not in "iubUT":
        raise ValueError(f"its labels are of type {y.dtype}; classes are whole numbers or words")
    absent = ("",) if y.dtype.kind in "UT" else ()
    return {
        i: clean_name(str(label))
        for i, label in enumerate(y.tolist())
        if label not in absent and not (isinstance(label, int) and label < 0)
    }
