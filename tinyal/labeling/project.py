"""A labelling project: a folder with the journal of answers, the index of the items, and the latest model."""

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tinyal.labeling import journal as journals
from tinyal.labeling import json_file, kept_items, project_lock
from tinyal.labeling.folder_scan import shown
from tinyal.labeling.items import Items, open_items
from tinyal.labeling.journal import Journal
from tinyal.labeling.names import clean_name

NAME = "project.json"
FORMAT = "a labelling project"
VERSION = 1
LARGEST_SIDE = 512  # pixels of images as a model sees them
KEYS = ("source", "dataset", "classes", "size", "text_column", "settings")


@dataclass(frozen=True)
class Project:
    """What a project is made of, and where its files are.

    Make one by `create`, and open it again by `open`.

    Attributes
    ----------
    folder : path
    source : path or None
        What is labelled: a folder of images, an array or a table.
    dataset : str or None
        Instead of a source, the name of a data set.
    classes : tuple of str
        Those that the project was given. The journal knows all there are.
    size, text_column
        As `open_items` takes them.
    settings : dict
        What else the project goes by: the strategy and the like.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = Project.create(Path(folder) / "mine", dataset="digits", settings={"strategy": "margin"})
    ...     project = Project.open(Path(folder) / "mine")
    ...     items = project.items()
    ...     with project.lock():
    ...         journal = project.journal(items)
    ...     classes = journal.state().classes
    ...     journal.close()
    >>> project.settings, len(items), classes[:3]
    ({'strategy': 'margin'}, 1348, ['0', '1', '2'])
    """

    folder: Path
    source: Path | None = None
    dataset: str | None = None
    classes: tuple[str, ...] = ()
    size: tuple[int, int] | None = None
    text_column: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def journal_path(self) -> Path:
        """Where the answers are."""
        return self.folder / "labels.sqlite"

    @property
    def model_path(self) -> Path:
        """Where the latest model is, if there is one: see `kept_model`."""
        return self.folder / "model.npz"

    @property
    def title(self) -> str:
        """What the project is about, in a word."""
        return self.dataset or shown(self.source.name if self.source else self.folder.name)

    @classmethod
    def create(
        cls,
        folder: Path,
        *,
        source: Path | None = None,
        dataset: str | None = None,
        classes: Sequence[str] = (),
        size: tuple[int, int] | None = None,
        text_column: str | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Self:
        """Begin a project in a new folder, or an empty one.

        Raises
        ------
        ValueError
            For a folder in use for something else or inside the source, a project without a source, and names of
            classes that are none, or twice there.
        OSError
        """
        folder = folder.resolve()
        if (source is None) == (dataset is None):
            raise ValueError("a project needs a source or a data set, and not both")
        if source is not None:
            source = source.resolve()
            if not source.exists():
                raise FileNotFoundError(f"{source} is missing: neither a folder nor a file")
            if source.is_dir() and folder.is_relative_to(source):
                raise ValueError(
                    f"{folder} lies in {source}, whose files are to be labelled; choose a folder beside it"
                )
        if (folder / NAME).exists():
            raise FileExistsError(
                f"{folder} holds a project already; go on with it, or choose another folder"
            )
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise FileExistsError(f"{folder} holds other files; a project needs a folder of its own")
        if size is not None and not all(1 <= side <= LARGEST_SIDE for side in size):
            raise ValueError(f"height and width for the model are 1 to {LARGEST_SIDE} pixels, not {size}")
        names = tuple(clean_name(name) for name in classes)
        if len(set(names)) < len(names):
            raise ValueError(f"a class is there twice: {', '.join(names)}")
        project = cls(folder, source, dataset, names, size, text_column, dict(settings or {}))
        folder.mkdir(parents=True, exist_ok=True)
        project._save()
        return project

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a project; its source may be given instead, if the project lies in its usual place.

        Raises
        ------
        ValueError
            For a folder that is no project, or one of a newer version.
        OSError
        """
        given, folder = folder, folder.resolve()
        if not (folder / NAME).exists() and (default_folder(folder) / NAME).exists():
            folder = default_folder(folder)
        path = folder / NAME
        if not path.exists():
            raise FileNotFoundError(
                f"{given} is no project: there is no {NAME} in it; tinyal label begins one"
            )
        content = json_file.load(path, FORMAT, VERSION, KEYS)
        try:
            return cls(
                folder,
                None if content["source"] is None else Path(os.path.normpath(folder / content["source"])),
                content["dataset"],
                tuple(content["classes"]),
                None if content["size"] is None else (content["size"][0], content["size"][1]),
                content["text_column"],
                dict(content["settings"]),
            )
        except (ValueError, TypeError, LookupError) as error:
            raise ValueError(f"{path} does not describe a project: {error}") from None

    def _save(self) -> None:
        content = {
            "source": None if self.source is None else _relative(self.source, self.folder),
            "dataset": self.dataset,
            "classes": self.classes,
            "size": self.size,
            "text_column": self.text_column,
            "settings": self.settings,
            "begun": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        json_file.save(self.folder / NAME, FORMAT, VERSION, content, indent=2)

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Hold the project, so that no other process serves it.

        Raises
        ------
        InUseError
        """
        with project_lock.lock(self.folder):
            for left in self.folder.glob(".tinynn-*.tmp"):  # half a file, of a process that was killed
                left.unlink(missing_ok=True)
            yield

    def items(self, progress: bool | None = None, refresh: bool = True) -> Items:
        """Open what is labelled. Whoever says ``refresh=True`` holds the lock.

        Raises
        ------
        ValueError
        OSError
        """
        if self.source is not None and not self.source.exists():
            raise FileNotFoundError(
                f"{self.source} is missing, which {self.folder} labels; bring it back, or correct the source in "
                f"{self.folder / NAME}"
            )
        if self.source is not None and not (self.folder / kept_items.NAME).exists() and self._answered():
            raise FileNotFoundError(
                f"{self.folder / kept_items.NAME} is missing, and without it nobody knows which label belongs to what; "
                "bring back a copy"
            )
        return open_items(
            self.source,
            dataset=self.dataset,
            project=self.folder,
            classes=self.classes,
            size=self.size,
            text_column=self.text_column,
            progress=progress,
            refresh=refresh,
        )

    def journal(self, items: Items) -> Journal:
        """Open the journal to write, with what is known of the items. Whoever calls this holds the lock.

        Raises
        ------
        ValueError
            For a journal that is damaged, or of other items.
        OSError
        """
        journal = Journal(self.journal_path)
        try:
            last = max((event.item for event in journal.events() if event.item is not None), default=-1)
            if last >= len(items):
                raise ValueError(
                    f"{journal.path} has an answer about item {last}, and there are {len(items)} items"
                )
            journal.add_known(items.classes, items.known)
        except BaseException:
            journal.close()
            raise
        return journal

    def name_of(self) -> Callable[[int], str]:
        """Return a function that gives an item's name, without looking at the source: it may be on another disk."""
        if self.source is None or not (self.folder / kept_items.NAME).exists():
            return "row {}".format
        content = kept_items.load(self.folder)
        if content is None or content["kind"] != "folder":
            return "row {}".format
        names = [shown(name) for name, *_ in content["files"]]
        return names.__getitem__

    def _answered(self) -> bool:
        return self.journal_path.exists() and bool(journals.read(self.journal_path))


def default_folder(source: Path) -> Path:
    """Return where a source's project is, unless somebody says otherwise: ``photos-labels`` beside ``photos``.

    Examples
    --------
    >>> default_folder(Path("/data/photos")).name, default_folder(Path("/data/flowers.csv")).name
    ('photos-labels', 'flowers-labels')
    """
    place = Path(os.path.abspath(source))
    name = place.stem if place.suffix.lower() in (".csv", ".npy", ".npz") else place.name
    return place.with_name(f"{name}-labels") if name else place / "labels"


def _relative(source: Path, folder: Path) -> str:
    """Return the way from a project to its source, so that both may be moved together."""
    try:
        return os.path.relpath(source, folder)
    except ValueError:  # on another drive
        return str(source)
