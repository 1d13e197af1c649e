"""The latest model of a project: a network in ``model.npz``, and beside it which output stands for which class."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyal.labeling import json_file
from tinynn.network import Sequential

FORMAT = "a list of networks"
VERSION = 1
ATTEMPTS = 5  # to read two files that somebody replaces


@dataclass(frozen=True)
class KeptModel:
    """A network that learned from a project's labels.

    Attributes
    ----------
    network : Sequential
    classes : tuple of str
        Of its outputs, in their order.
    labels : int
        How many it learned from.
    """

    network: Sequential
    classes: tuple[str, ...]
    labels: int


def save(path: Path, network: Sequential, classes: Sequence[str], labels: int) -> None:
    """Keep a network in the place of the last one, so that at any moment there is one with its classes, or none.

    ``model.json`` knows networks by a digest of their files. It is written first, and knows the new one and the old.

    Parameters
    ----------
    path : path
        ``model.npz`` in the project's folder.
    network : Sequential
    classes : sequence of str
    labels : int

    Raises
    ------
    ValueError
        For other than one class an output.
    """
    if network.output_shape != (len(classes),):
        raise ValueError(
            f"the network's outputs have shape {network.output_shape}, of {len(classes)} classes"
        )
    aside = path.with_name(f".{path.name}.new")
    network.save(aside, overwrite=True)
    known = {_digest(aside): {"classes": list(classes), "labels": labels}}
    with suppress(OSError, ValueError, KeyError):
        known |= {(digest := _digest(path)): _classes_of(path)[digest]}
    json_file.save(path.with_suffix(".json"), FORMAT, VERSION, {"networks": known})
    aside.replace(path)


def load(path: Path) -> KeptModel:
    """Read the network and its classes, also while another process replaces them.

    Raises
    ------
    ValueError
        For files that are damaged, or do not go together.
    OSError
        Where there is no model yet.

    Examples
    --------
    >>> import tempfile, tinynn as nn
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(Path(folder) / "model.npz", nn.Sequential([nn.Dense(2)], 3), ["cat", "dog"], labels=40)
    ...     kept = load(Path(folder) / "model.npz")
    >>> kept.classes, kept.labels, kept.network.input_shape
    (('cat', 'dog'), 40, (3,))
    """
    for _ in range(ATTEMPTS):
        digest = _digest(path)
        known = _classes_of(path).get(digest)
        network = Sequential.load(path)
        if known is not None and digest == _digest(path):
            classes = tuple(map(str, known["classes"]))
            if network.output_shape != (len(classes),):
                raise ValueError(f"{path} has other outputs than {len(classes)} classes")
            return KeptModel(network, classes, int(known["labels"]))
    raise ValueError(f"{path} is none of the networks that {path.with_suffix('.json').name} beside it knows")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _classes_of(path: Path) -> dict[str, dict[str, Any]]:
    return json_file.load(path.with_suffix(".json"), FORMAT, VERSION, ["networks"])["networks"]
