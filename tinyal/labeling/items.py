"""What is to be labelled: things with a number, a name, a picture or a text, and the numbers that a model sees."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np


class Items(Protocol):
    """Things to label. Their numbers, 0 to n − 1, are the same whenever a project is opened again."""

    @property
    def kind(self) -> str:
        """Whether they are "images" or rows of "features"."""

    @property
    def features(self) -> np.ndarray:
        """What a model sees: (n, h, w, c) uint8, perhaps on disk, or (n, d) float32, scaled. Never written to."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes that are known beforehand; perhaps none."""

    @property
    def known(self) -> Mapping[int, str]:
        """Labels that were there already: names of folders, or an array's."""

    @property
    def truth(self) -> tuple[str, ...] | None:
        """The label of every item, where it is a data set's: nothing but a simulated person may look at it."""

    @property
    def unreadable(self) -> Sequence[tuple[str, str]]:
        """Names of what cannot be labelled, and why."""

    @property
    def gone(self) -> frozenset[int]:
        """Items that had a number before, and are not there or not readable any more: nobody can be asked."""

    def __len__(self) -> int:
        """Return n, with those that are gone."""

    def name(self, item: int) -> str:
        """Return a name such as "cats/01.jpg" or "row 17"."""

    def picture(self, item: int) -> tuple[bytes, str] | None:
        """Return an image file and its media type, one of four that browsers show; None where there is none (now)."""

    def text(self, item: int) -> str | None:
        """Return a text that belongs to the item, or a line "name = value" for each feature; None for images."""


def open_items(
    source: Path | None,
    *,
    dataset: str | None = None,
    project: Path,
    classes: Sequence[str] = (),
    size: tuple[int, int] | None = None,
    text_column: str | None = None,
    progress: bool | None = None,
    refresh: bool = True,
) -> Items:
    """Open a folder of images, an array, a table or a data set, with the numbers that its items had before.

    Parameters
    ----------
    source : path or None
        A folder; ``.npy`` or ``.npz``; or ``.csv``.
    dataset : str, optional
        Instead of a source, a name for `tinynn.datasets.load`; its training images are the items.
    project : path
        The project's folder, which must exist: what has which number is kept there.
    classes : sequence of str, optional
        Those given by the user; by default what folders or labels tell.
    size : (int, int), optional
        Height and width of images as the model sees them, for images in files and for rows of pixels.
    text_column : str, optional
        A column of a table which is for the person to read, and not for the model.
    progress : bool, optional
        Show a bar; by default, where standard error is a terminal.
    refresh : bool, optional
        Look for new files and write down their numbers. Who only reads, and leaves that to the process which labels,
        says False.

    Raises
    ------
    ValueError
        For a source that is nothing of that, or whose rows are others than before.
    OSError
        For one that is missing or cannot be read.
    """
    if (source is None) == (dataset is None):
        raise ValueError("name a source, or a data set, and not both")
    if source is None:
        from tinyal.labeling.array_items import from_dataset

        return from_dataset(str(dataset), classes)
    if source.is_dir():
        from tinyal.labeling.folder_items import FolderItems

        return FolderItems(source, project, classes, size, progress, refresh)
    if not source.exists():
        raise FileNotFoundError(f"{source} is missing: neither a folder nor a file")
    if source.suffix.lower() in (".npy", ".npz"):
        from tinyal.labeling.array_items import from_file

        return from_file(source, project, classes, size, refresh)
    if source.suffix.lower() == ".csv":
        from tinyal.labeling.table_items import from_table

        return from_table(source, project, classes, text_column, refresh)
    raise ValueError(f"{source} is nothing that can be labelled: a folder of images, .npy, .npz and .csv are")
