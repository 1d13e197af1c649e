"""Begin a project or go on with one, as the command line says, and check everything before anything is asked."""

import argparse
import shutil
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tinyal import strategies
from tinyal.labeling.items import Items
from tinyal.labeling.models import make_model
from tinyal.labeling.project import NAME, Project, default_folder
from tinyal.labeling.settings import Settings
from tinynn.network import Sequential

LISTED = 10  # unreadable files by their names


def open_project(options: argparse.Namespace) -> Project:
    """Begin a project, or with ``--resume`` go on with one.

    Raises
    ------
    ValueError
        For options that do not go together, and a project that exists or does not.
    OSError
    """
    if options.source is not None and options.dataset is not None:
        raise ValueError(f"label {options.source}, or --dataset {options.dataset}: one at a time")
    if options.source is None and options.dataset is None and not (options.resume and options.project):
        raise ValueError("what is to be labelled? tinyal label FOLDER; --help shows examples")
    folder = options.project or default_folder(options.source or Path(options.dataset))
    if options.resume:
        _check_resumed(options)
        return Project.open(folder)
    if (folder / NAME).exists():
        raise ValueError(f"{folder} holds labels already; add --resume to go on, or choose another --project")
    settings = _chosen(Settings(), options, share=options.random_share)
    return Project.create(
        folder,
        source=options.source,
        dataset=options.dataset,
        classes=[name.strip() for name in options.classes.split(",")] if options.classes else (),
        size=options.size,
        text_column=options.text_column,
        settings=asdict(settings),
    )


def settings_of(project: Project, options: argparse.Namespace) -> Settings:
    """Return what a project goes by, with the strategy and the model that the command line wants this time."""
    try:
        kept = Settings(**project.settings)
    except TypeError as error:
        raise ValueError(f"{project.folder / NAME} has settings that nobody knows: {error}") from None
    return _chosen(kept, options)


def open_items(project: Project, settings: Settings) -> Items:
    """Open a project's items, say which files are left out, and check that the network suits the others.

    Raises
    ------
    ValueError
        Where nothing is left, or the network's layers do not fit.
    """
    items = project.items()
    if len(items) == len(items.gone):
        raise ValueError(f"there is nothing to label in {project.source or project.dataset}")
    if items.unreadable:
        print(f"{len(items.unreadable)} left out, for they cannot be read:")
        for name, reason in items.unreadable[:LISTED]:
            print(f"  {name}: {reason}")
        if len(items.unreadable) > LISTED:
            print("  ...")
    shape = items.features.shape[1:]
    classes = items.classes if len(items.classes) > 1 else ("one", "another")
    net = Sequential(list(make_model(shape, classes, settings).layers or ()), shape)
    if net.output_shape != (len(classes),):
        raise ValueError(
            f"--layers ends with outputs of shape {net.output_shape}; end with dense alone: its outputs are the classes"
        )
    return items


def take_back(project: Project) -> None:
    """Remove a project that could not begin, so that the next try is not told that it exists."""
    if project.journal_path.exists():
        return
    shutil.rmtree(project.folder / "index", ignore_errors=True)
    for name in (NAME, "items.json", "lock"):
        (project.folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # something else is in it
        project.folder.rmdir()


def _check_resumed(options: argparse.Namespace) -> None:
    names = ("classes", "size", "text_column", "random_share")
    fixed = [f"--{name.replace('_', '-')}" for name in names if getattr(options, name) is not None]
    if fixed:
        raise ValueError(
            f"{', '.join(fixed)} was settled when the project began; classes are added on the page"
        )


def _chosen(settings: Settings, options: argparse.Namespace, **others: Any) -> Settings:
    """Return settings with what the command line says of strategy and model."""
    layers = None if options.layers is None else [words.strip() for words in options.layers.split(",")]
    said = {"strategy": options.strategy, "layers": layers, "steps": options.steps, **others}
    chosen = replace(settings, **{name: value for name, value in said.items() if value is not None})
    strategies.get(chosen.strategy)  # an unknown name is an error now, and not in the process that trains
    return chosen
