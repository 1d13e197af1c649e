"""The reference: a page for each public name, found by asking the packages, so that a new name needs no list."""

import inspect
import re
import shutil
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from sphinx.application import Sphinx

from .names import plain_formulas

PACKAGES = ("tinynn", "tinyal")
PAGES = Path(__file__).parents[1] / "reference" / "api"  # made by every build, and git ignores it

# Which subject the names of a module belong to; those of any other module come last, so that none is forgotten.
SUBJECTS = {
    "Networks": ("network", "classifier", "ensemble", "inference"),
    "Layers": ("layers",),
    "Losses": ("losses", "elementwise_losses", "targets", "probabilities"),
    "Optimisers and learning rates": ("optimizers", "adaptive", "schedules"),
    "Training": ("training", "callbacks", "history", "regularization", "augmentation"),
    "Looking closely": ("gradcheck", "gradient_report", "loss_audit", "health", "trace"),
    "Asking and telling": (
        "learner",
        "view",
        "outputs",
        "pool",
        "preparation",
        "explanation",
        "explaining",
        "random_slice",
        "stream",
    ),
    "Experiments": ("simulation", "experiment", "comparison"),
}


@dataclass
class Entry:
    """A public name: what it stands for, and where it has its page."""

    name: str
    value: Any
    page: str

    @property
    def kind(self) -> str:
        """Which of autodoc's directives shows it."""
        if inspect.isclass(self.value):
            return "autoclass"
        return "autofunction" if inspect.isroutine(self.value) else "autodata"

    @property
    def first_line(self) -> str:
        """The first line of its docstring; of a constant, its value."""
        if self.kind == "autodata":
            text = repr(self.value)
            return f"``{text[:77] + '…' if len(text) > 78 else text}``"
        return first_line(self.value)

    @property
    def subject(self) -> str:
        """What it belongs to."""
        module = getattr(self.value, "__module__", "").split(".")
        found = [name for name, modules in SUBJECTS.items() if module[1:2] and module[1] in modules]
        return found[0] if found else "More"


def first_line(value: Any) -> str:
    """Return the first line of a docstring."""
    return plain_formulas((inspect.getdoc(value) or "").split("\n")[0])


@dataclass
class Room:
    """A module that is public itself, with its public names and the rooms within it."""

    name: str
    module: ModuleType
    entries: list[Entry] = field(default_factory=list)
    rooms: list["Room"] = field(default_factory=list)


def public_names(module: ModuleType) -> list[str]:
    """Return the names a module offers: those in ``__all__``, or all of its own without an underscore."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "").startswith(module.__name__)
    ]


def explore(name: str, known: dict[int, Entry]) -> Room:
    """Look at a module and everything public below it; a name met before keeps the page that it has."""
    room = Room(name, import_module(name))
    inner = []
    for short in public_names(room.module):
        value, full = getattr(room.module, short), f"{name}.{short}"
        if inspect.ismodule(value):
            inner.append(full)
            continue
        named = inspect.isclass(value) or inspect.isroutine(value)  # equal constants may be one object
        entry = (known.get(id(value)) if named else None) or Entry(full, value, _page(full, value, known))
        known[id(value) if named else id(entry)] = entry
        room.entries.append(entry)
    room.rooms = [explore(full, known) for full in inner]
    return room


def _page(name: str, value: Any, known: dict[int, Entry]) -> str:
    """Return a page's name, unlike all others also where softmax and Softmax are the same file."""
    taken = {entry.page.lower() for entry in known.values()}
    while name.lower() in taken:
        name += "-function" if inspect.isroutine(value) else "-"
    return name


def write_pages() -> None:
    """Write all pages afresh; a page that stays the same keeps its date, so that Sphinx need not read it again."""
    known: dict[int, Entry] = {}
    pages: dict[str, str] = {}
    for package in PACKAGES:
        _room_pages(explore(package, known), pages)
    for entry in known.values():
        pages[entry.page] = _entry_page(entry)
    PAGES.mkdir(exist_ok=True)
    for old in PAGES.iterdir():
        if old.stem not in pages:
            old.unlink() if old.is_file() else shutil.rmtree(old)
    for name, text in pages.items():
        path = PAGES / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _room_pages(room: Room, pages: dict[str, str]) -> None:
    about = map(plain_formulas, (inspect.getdoc(room.module) or "").split("\n"))
    lines = [*_title(room.name), f".. py:module:: {room.name}", "", *about, ""]
    subjects: dict[str, list[Entry]] = {name: [] for name in (*SUBJECTS, "More")}
    for entry in room.entries:
        subjects[entry.subject].append(entry)
    by_subject = len(room.entries) > 12 and room.name in PACKAGES
    for subject, entries in subjects.items():
        if entries and by_subject:
            lines += _title(subject, "-")
        if entries:
            entries.sort(key=lambda e: (e.kind == "autodata", e.name.lower()))
            lines += _table([(_link("obj", e.name), e.first_line) for e in entries])
    if room.rooms:
        lines += _title("Modules", "-")
        lines += _table([(_link("mod", r.name), first_line(r.module)) for r in room.rooms])
    below = [entry for entry in room.entries if entry.name.rpartition(".")[0] == room.name]
    below.sort(key=lambda entry: entry.name.lower())
    lines += [".. toctree::", "   :hidden:", ""]
    lines += [f"   {entry.name.rpartition('.')[2]} <{entry.page}>" for entry in below]
    lines += [f"   {inner.name.rpartition('.')[2]} <{inner.name}>" for inner in room.rooms]
    pages[room.name] = "\n".join([*lines, ""])
    for inner in room.rooms:
        _room_pages(inner, pages)


def _entry_page(entry: Entry) -> str:
    module = entry.name.rpartition(".")[0]
    lines = [*_title(entry.name), f".. py:currentmodule:: {module}", "", f".. {entry.kind}:: {entry.name}"]
    if entry.kind == "autoclass":
        lines += ["   :members:", "   :show-inheritance:"]
    return "\n".join([*lines, ""])


def _title(text: str, line: str = "=") -> list[str]:
    return [text, line * len(text), ""]


def _link(role: str, name: str) -> str:
    return f":py:{role}:`{name.rpartition('.')[2]} <{name}>`"


def _table(rows: list[tuple[str, str]]) -> list[str]:
    lines = [".. list-table::", "   :class: names", "   :widths: 30 70", ""]
    for name, about in rows:
        lines += [f"   * - {name}", f"     - {about}"]
    return [*lines, ""]


def public_bases(app: Sphinx, name: str, obj: Any, options: Any, bases: list[Any]) -> None:
    """Say of a class's bases only those that a reader can look up."""
    known = {getattr(import_module(package), n) for package in PACKAGES for n in _classes(package)}
    bases[:] = [base for base in bases if base in known] or [object]


def without_object(app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Leave out ``Bases: object``."""
    if lines and re.fullmatch(r"Bases: :py:class:`object`", lines[0]):
        lines[:] = lines[2:]


def own_source(app: Sphinx, module: str, name: str) -> str | None:
    """Let *[source]* lead to code of these packages only: a type's alias is made of a class from elsewhere."""
    value = getattr(import_module(module), name.split(".")[0], None)
    return None if getattr(value, "__module__", "").startswith(PACKAGES) else module


def _classes(package: str) -> list[str]:
    module = import_module(package)
    return [name for name in public_names(module) if inspect.isclass(getattr(module, name))]


def setup(app: Sphinx) -> dict[str, Any]:
    """Join the build: the pages first of all, while Sphinx has not yet looked for any."""
    write_pages()
    app.connect("autodoc-process-bases", public_bases)
    app.connect("autodoc-process-docstring", without_object)
    app.connect("viewcode-follow-imported", own_source)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
