"""The index of a folder of images: which file has which number, and what a model sees of it, kept on the disk.

Decoding is done once. When a folder is opened again, only files that are new, or changed since, are decoded. A file
that changed keeps its number, and so its label; one that was renamed is a new one.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from tinyal.labeling import kept_items, pictures, row_file
from tinyal.labeling.folder_scan import Scan
from tinyal.labeling.pictures import UnreadableError
from tinyal.labeling.row_file import RowFile
from tinynn.arguments import cores
from tinynn.progress import progress_bar

SIDE = 32  # of what a model sees, where images have different sizes or large ones
SMALL = 48  # images that are all of one size, up to this, stay as they are
SAMPLE = 50  # files that are looked at to find that out
AT_ONCE = 256  # files in work at the same time
KEPT_EVERY = 10.0  # seconds: what an interruption may cost
BRIGHTNESS = np.array([0.299, 0.587, 0.114])  # of red, green and blue (ITU-R BT.601)


class FolderIndex:
    """Numbers and small versions of a folder's images.

    Parameters
    ----------
    source : path
        The folder.
    project : path
        Where ``items.json`` and ``index/`` are.
    found : Scan
        What is in the folder.
    size : (int, int), optional
        Height and width of the small versions, for a new project.

    Attributes
    ----------
    files : list of (name, bytes, nanoseconds)
        Item i is ``files[i]``.
    refused : dict of name to (bytes, nanoseconds, reason)
        Files that are no images, and are not tried again while they stay the same.
    gone : dict of int to str
        Items that cannot be shown any more, and why.
    """

    def __init__(self, source: Path, project: Path, found: Scan, size: tuple[int, int] | None = None) -> None:
        self._source, self._project, self._found = source, project, found
        self._kept = kept_items.load(project, "folder")
        kept: dict[str, Any] = self._kept or {"files": [], "refused": [], "channels": 3, "complete": False}
        self.files: list[tuple[str, int, int]] = [
            (name, size, changed) for name, size, changed in kept["files"]
        ]
        self.refused: dict[str, tuple[int, int, str]] = {
            name: (*known, why) for name, *known, why in kept["refused"]
        }
        _check_inside({os.path.dirname(name) for name, *_ in self.files})
        self._channels, self._complete = int(kept["channels"]), bool(kept["complete"])
        self._size: tuple[int, int] | None = (kept["size"][0], kept["size"][1]) if self._kept else size
        self.gone = {
            i: "it is no longer there" for i, (name, *_) in enumerate(self.files) if name not in found.files
        }

    @property
    def _rows(self) -> Path:
        return self._project / "index" / f"images-{self._channels}.npy"

    @property
    def _row_shape(self) -> tuple[int, int, int]:
        assert self._size is not None, "refresh chose one"
        return (*self._size, self._channels)

    def features(self) -> np.ndarray:
        """Return what a model sees, (n, h, w, c) uint8, on the disk."""
        rows: np.ndarray = np.load(self._rows, mmap_mode="r", allow_pickle=False)
        if len(rows) < len(self.files):
            raise ValueError(f"{self._rows} was cut off; the next tinyal label makes it again")
        return rows[: len(self.files)]

    def refresh(self, progress: bool | None = None) -> None:
        """Take in what is new or changed in the folder, and write it down.

        Interrupted, it goes on where it was: what was decoded more than some seconds ago is kept.
        """
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of decoders, about details of files
            self._size = self._size or self._usual_size()
            self._update(progress)
        if self.files and not self._complete:
            self._finish()

    def _update(self, progress: bool | None) -> None:
        with self._open_rows() as rows:
            again, new = self._changed(len(rows)), self._new()
            rows.resize(len(self.files))
            with progress_bar(len(again) + len(new), " images", progress) as bar:
                self._replace(rows, again, bar)
                self._append(rows, new, bar)
            rows.sync()
            if self.files and (self._kept is None or again or new or not self._complete):
                self._save()

    def _open_rows(self) -> RowFile:
        self._rows.parent.mkdir(exist_ok=True)
        try:
            return RowFile(self._rows, self._row_shape)
        except ValueError:  # half written, or by somebody's hand: it can be made again
            self._rows.unlink()
            return RowFile(self._rows, self._row_shape)

    def _changed(self, there: int) -> list[int]:
        """Return items whose file is another than before, or whose row was lost."""
        found = self._found.files
        return [
            i
            for i, (name, *known) in enumerate(self.files)
            if i not in self.gone and (i >= there or found[name] != tuple(known))
        ]

    def _new(self) -> list[str]:
        have = {name for name, *_ in self.files}
        return [
            name
            for name, now in self._found.files.items()
            if name not in have and self.refused.get(name, ())[:2] != now
        ]

    def _replace(self, rows: RowFile, items: list[int], bar: Any) -> None:
        for i, row in self._decoded(items, [self.files[i][0] for i in items], bar):
            name = self.files[i][0]
            if isinstance(row, str):
                self.gone[i] = row
            else:
                rows.replace(i, row)
                self.files[i] = (name, *self._found.files[name])

    def _append(self, rows: RowFile, names: list[str], bar: Any) -> None:
        saved = time.monotonic()
        for name, row in self._decoded(names, names, bar):
            self.refused.pop(name, None)
            if isinstance(row, str):
                self.refused[name] = (*self._found.files[name], row)
            else:
                rows.append(row[None])
                self.files.append((name, *self._found.files[name]))
            if time.monotonic() - saved > KEPT_EVERY:
                rows.sync()
                self._save()
                saved = time.monotonic()

    def _decoded(
        self, keys: Sequence[Any], names: Sequence[str], bar: Any
    ) -> Iterator[tuple[Any, np.ndarray | str]]:
        """Yield each key with its file's small version, or why there is none."""
        work: Callable[[str], np.ndarray | str] = partial(
            _small, self._source, shape=self._row_shape[:2], channels=self._channels
        )
        with ThreadPoolExecutor(cores()) as pool:  # decoders work side by side: they do without Python's lock
            for start in range(0, len(keys), AT_ONCE):
                part = slice(start, start + AT_ONCE)
                for key, row in zip(keys[part], pool.map(work, names[part]), strict=True):
                    yield key, row
                    bar.update()

    def _save(self) -> None:
        content = {
            "size": self._size,
            "channels": self._channels,
            "complete": self._complete,
            "files": self.files,
            "refused": [(name, *rest) for name, rest in self.refused.items()],
        }
        kept_items.save(self._project, "folder", content)

    def _finish(self) -> None:
        """After the first time: where all images are grey, one channel is kept instead of three equal ones."""
        coloured, rows = self._rows, self.features()
        parts = [slice(i, i + row_file.AT_ONCE) for i in range(0, len(rows), row_file.AT_ONCE)]
        self._complete = True
        if all((rows[part] == rows[part][..., :1]).all() for part in parts):
            self._channels = 1
            row_file.write(self._rows, self._row_shape, (rows[part][..., :1] for part in parts))
            self._save()
            del rows
            coloured.unlink()
        else:
            self._save()

    def _usual_size(self) -> tuple[int, int]:
        """Return the size of all images, if it is one and small, by looking at some of them."""
        names = list(self._found.files)
        sizes = set()
        for name in names[:: max(1, len(names) // SAMPLE)]:
            try:
                sizes.add(pictures.size(pictures.read(self._source / name)))
            except UnreadableError:
                continue
        if len(sizes) == 1 and max(max(sizes)) <= SMALL:
            return sizes.pop()
        return SIDE, SIDE


def _small(source: Path, name: str, *, shape: tuple[int, int], channels: int) -> np.ndarray | str:
    """Return what a model sees of a file, or why it cannot."""
    try:
        rgb = pictures.small(pictures.read(source / name), shape)
    except UnreadableError as error:
        return str(error)
    return rgb if channels == 3 else np.rint(rgb @ BRIGHTNESS).astype(np.uint8)[..., None]


def _check_inside(folders: Iterable[str]) -> None:
    """Raise an error for folders, out of ``items.json``, that are not below the folder of images."""
    for folder in folders:
        path = Path(folder)
        if path.anchor or ".." in path.parts or folder.startswith("/"):
            raise ValueError(f"{kept_items.NAME} names files in {folder!r}, outside the folder of images")
