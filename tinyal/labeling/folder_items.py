"""A folder of images to label: shown as they are, seen by the model in small, known by the folders they lie in."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from tinyal.labeling import pictures
from tinyal.labeling.array_items import in_order
from tinyal.labeling.folder_index import FolderIndex
from tinyal.labeling.folder_scan import scan, shown
from tinyal.labeling.names import clean_name

EXAMPLES = 3  # of unreadable files, in a message


class FolderItems:
    """PNG, JPEG, GIF and WebP files in a folder and its subfolders.

    An image in a folder that is named like a class has that label already; of several such folders around it, the
    nearest says so.

    Parameters
    ----------
    source, project : path
    classes : sequence of str, optional
        By default the names of the folders in the source.
    size : (int, int), optional
        Height and width for the model. By default 32 × 32, or the size of the images, where they have one
        that is small.
    progress : bool, optional
    refresh : bool, optional
        Take in what is new; otherwise, only what had a number before is there.

    Raises
    ------
    ValueError
        For a folder without an image.
    OSError
    """

    kind = "images"
    truth: tuple[str, ...] | None = None

    def __init__(
        self,
        source: Path,
        project: Path,
        classes: Sequence[str] = (),
        size: tuple[int, int] | None = None,
        progress: bool | None = None,
        refresh: bool = True,
    ) -> None:
        self._source = source
        found = scan(source)
        index = FolderIndex(source, project, found, size)
        if refresh:
            index.refresh(progress)
        self._names = [name for name, *_ in index.files]
        refused = found.refused | {
            name: why for name, (*_, why) in index.refused.items() if name in found.files
        }
        refused |= {self._names[i]: why for i, why in index.gone.items()}
        self.unreadable: Sequence[tuple[str, str]] = sorted(
            (shown(name), why) for name, why in refused.items()
        )
        if not self._names:
            raise ValueError(f"{source} holds no image that can be read{self._examples()}")
        self.features = index.features()
        self.gone = frozenset(index.gone)
        folders = [name for folder in found.folders if (name := _as_class(folder))]
        self.classes = tuple(classes) or in_order(folders)
        self.known: Mapping[int, str] = self._by_folder()

    def __len__(self) -> int:
        return len(self._names)

    def name(self, item: int) -> str:
        """Return the file's name below the source, with slashes."""
        return shown(self._names[item])

    def picture(self, item: int) -> tuple[bytes, str] | None:
        """Return the file as it is, if it is still there and still an image."""
        try:
            data = pictures.read(self._source / self._names[item])
            pictures.size(data)
            return data, pictures.media_type(data)
        except pictures.UnreadableError:
            return None

    def text(self, item: int) -> str | None:
        """Return None: a picture says it."""
        return None

    def _by_folder(self) -> dict[int, str]:
        label_of = cache(self._label)  # many files are in one folder
        known = {i: label_of(name.rpartition("/")[0]) for i, name in enumerate(self._names)}
        return {i: label for i, label in known.items() if label and i not in self.gone}

    def _label(self, folder: str) -> str | None:
        """Return the class that a folder is in: the last of its folders that is named like one."""
        names = map(_as_class, reversed(folder.split("/")))
        return next((name for name in names if name in self.classes), None)

    def _examples(self) -> str:
        if not self.unreadable:
            return ": it is empty"
        some = "; ".join(f"{name!r}: {why}" for name, why in self.unreadable[:EXAMPLES])
        more = len(self.unreadable) - EXAMPLES
        return f"; {some}{f'; and {more} more' if more > 0 else ''}"


def _as_class(folder: str) -> str | None:
    try:
        return clean_name(folder)
    except ValueError:
        return None
