"""A network in one file: vectors of numbers and a description in JSON, so that loading a file runs nothing.

The file is an uncompressed ``.npz`` of three vectors, which `numpy.load` reads too: ``architecture`` (JSON as UTF-8
bytes), ``parameters`` and ``state``. Whoever wrote a file decides nothing but numbers and which of tinynn's own layers
hold them. Every length is checked against the file's own size and against the layers before memory is asked for.
"""

import json
import math
import os
import zipfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from tinynn import snapshot
from tinynn.layer_description import describe, make_layers
from tinynn.layers.base import Layer
from tinynn.layers.chain import connect, walk
from tinynn.vector_file import UNREADABLE, plain, read_vector, replaced_when_complete, write_vectors

if TYPE_CHECKING:
    from tinynn.network import Sequential

FORMAT = "tinynn network"
VERSION = 1
MEMBERS = ("architecture", "parameters", "state")
KEYS = {"format", "version", "dtype", "input_shape", "seed", "step", "layers"}
LARGEST_ARCHITECTURE = 2**20  # bytes; the deepest published networks need a few thousand
LARGEST_ROW = 2**40  # numbers in one row, anywhere in the network
CODES = {"float32": "<f4", "float64": "<f8", "complex128": "<c16"}


def save(net: "Sequential", path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Write the network to a file: layers, parameters, state, step, seed and precision, bit for bit.

    The file is written beside its place, read back, and takes its name when it is complete: a crash or a full disk
    leaves what was there before.

    Parameters
    ----------
    path : str or path
        The name is taken as it is; ``.npz`` is usual.
    overwrite : bool, optional
        Whether a file that has this name already may be replaced.

    Raises
    ------
    FileExistsError
        If there is such a file, and `overwrite` is not given.
    TypeError
        For a layer that is not tinynn's own: a file cannot hold its code.

    Examples
    --------
    >>> import tempfile, tinynn as nn
    >>> net = nn.Sequential([nn.Dense(3), nn.ReLU(), nn.Dense(2)], input_shape=4, seed=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     net.save(f"{folder}/model.npz")
    ...     again = nn.Sequential.load(f"{folder}/model.npz")
    >>> again
    Sequential([Dense(3), ReLU(), Dense(2)], input_shape=(4,)) with 23 parameters
    >>> bool((again.parameters == net.parameters).all())
    True
    """
    made = snapshot.take(net)
    architecture = {
        "format": FORMAT,
        "version": VERSION,
        "dtype": made["dtype"].name,
        "input_shape": made["input_shape"],
        "seed": made["seed"],
        "step": made["step"],
        "layers": describe(net.layers),
    }
    text = json.dumps(architecture, default=plain, allow_nan=False)
    vectors = {"architecture": np.frombuffer(text.encode(), np.uint8)}
    vectors |= {name: made[name] for name in ("parameters", "state")}
    with replaced_when_complete(path, overwrite) as file:
        write_vectors(file, vectors)
        _read(file, f"this network cannot be saved to {os.fspath(path)!r}")


def load(cls: "type[Sequential]", path: str | os.PathLike[str], device: str = "cpu") -> "Sequential":
    """Read a network that `save` wrote. Nothing in the file is run, so files of strangers are safe to load.

    Parameters
    ----------
    path : str or path
    device : {"cpu", "cuda", "auto"}, optional
        Where the network is to live, wherever it lived before.

    Raises
    ------
    ValueError
        For a file that is not a network of this format, or damaged; it says which file and what is wrong.
    OSError
        For a file that is missing or may not be read.

    Examples
    --------
    >>> import tinynn as nn
    >>> nn.Sequential.load("README.md")
    Traceback (most recent call last):
    ...
    ValueError: 'README.md' is not a network that tinynn saved: File is not a zip file
    """
    with open(path, "rb") as file:
        made = _read(file, f"{os.fspath(path)!r} is not a network that tinynn saved")
    net = cls.__new__(cls)
    snapshot.restore(net, made | {"device": device})
    return net


def _read(file: IO[bytes], complaint: str) -> dict[str, Any]:
    """Return what `snapshot.restore` needs, or raise a ValueError that starts with the complaint."""
    try:
        return _contents(file)
    except UNREADABLE as error:
        reason = str(error) or type(error).__name__
        raise ValueError(f"{complaint}: {reason[:300]}") from None


def _contents(file: IO[bytes]) -> dict[str, Any]:
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        if len(set(names)) < len(names):
            raise ValueError("it holds two members of one name")
        text = read_vector(archive, MEMBERS[0], "|u1", min(size, LARGEST_ARCHITECTURE)).tobytes()
        setup = _architecture(text)
        if sorted(names) != [f"{name}.npy" for name in MEMBERS]:
            raise ValueError(f"it holds {', '.join(map(repr, sorted(names)[:5]))}, and should {MEMBERS}")
        code = CODES[setup["dtype"]]
        parameters, state = (read_vector(archive, name, code, size) for name in MEMBERS[1:])
    layers = make_layers(setup["layers"])
    _check_lengths(layers, setup["input_shape"], len(parameters), len(state))
    return {
        "layers": [layer.copy() for layer in layers],
        "input_shape": setup["input_shape"],
        "seed": setup["seed"],
        "dtype": np.dtype(setup["dtype"]),
        "step": setup["step"],
        "parameters": parameters,
        "state": state,
    }


def _architecture(text: bytes) -> dict[str, Any]:
    """Read the description, and check everything in it but the layers."""
    setup = json.loads(text.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    if not isinstance(setup, dict) or setup.get("format") != FORMAT:
        raise ValueError(f'its architecture does not say "format": "{FORMAT}"')
    version: Any = setup.get("version")
    if not _is_count(version) or version < 1:
        raise ValueError(f"its format version is {version!r}")
    if version > VERSION:
        raise ValueError(
            f"its format version is {version}, this tinynn reads {VERSION}; a newer tinynn reads it"
        )
    if setup.keys() != KEYS:
        odd = ", ".join(sorted(setup.keys() ^ KEYS)[:5])
        raise ValueError(f"its architecture has too much or lacks something: {odd}")
    if not isinstance(setup["dtype"], str) or setup["dtype"] not in CODES:
        raise ValueError(f"its dtype is {setup['dtype']!r}")
    for name in ("seed", "step"):
        if not _is_count(setup[name]):
            raise ValueError(f"its {name} must be a whole number of at least 0, not {setup[name]!r}")
    shape = setup["input_shape"]
    if (
        not isinstance(shape, list)
        or len(shape) > 32
        or not all(_is_count(n) and n <= LARGEST_ROW for n in shape)
    ):
        raise ValueError(
            f"its input_shape must be a few whole numbers that memory can hold, not {str(shape)[:100]}"
        )
    return setup | {"input_shape": tuple(shape)}


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0  # True is an int, and no count


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError("its architecture says the same thing twice")
    return dict(pairs)


def _no_constant(name: str) -> None:
    raise ValueError(f"its architecture holds {name}")


class _Lengths(np.random.Generator):
    """Draws arrays of the right shape that take no memory."""

    def normal(self, loc: Any = 0.0, scale: Any = 1.0, size: Any = None) -> Any:
        """Return zeros, all of them the same one."""
        return np.broadcast_to(0.0, size)

    def uniform(self, low: Any = 0.0, high: Any = 1.0, size: Any = None) -> Any:
        """Return zeros, all of them the same one."""
        return np.broadcast_to(0.0, size)


def _check_lengths(layers: list[Layer], input_shape: tuple[int, ...], parameters: int, state: int) -> None:
    """Raise a ValueError unless these layers have as many numbers as the file, without making them."""
    if math.prod(input_shape) > LARGEST_ROW:
        raise ValueError(f"its rows of shape {input_shape} would be more than memory holds")
    connect(layers, input_shape, np, np.dtype(np.float32))
    needed = [0, 0]
    for layer in walk(layers):
        if max(math.prod(layer.input_shape), math.prod(layer.output_shape)) > LARGEST_ROW:
            raise ValueError(f"the rows of {layer!r} would be more than memory holds")
        for i, count in enumerate(_lengths(layer, parameters)):
            needed[i] += count
        if needed[0] > parameters or needed[1] > state:
            break
    if needed != [parameters, state]:
        raise ValueError(
            f"its layers do not go with its numbers: {parameters:,} parameters and {state:,} of state"
        )


def _lengths(layer: Layer, most: int) -> Iterator[int]:
    """Yield how many parameters a layer has, and how much state.

    All arrays but those that are drawn are as long as a row's last axis. Whoever has any has at least as many
    parameters, so that in a file that is right, none is longer than all parameters.
    """
    kind = type(layer)
    if (kind.initial_parameters, kind.initial_state) == (Layer.initial_parameters, Layer.initial_state):
        return
    longest = max((*layer.input_shape[-1:], *layer.output_shape[-1:]), default=0)
    if longest > most:
        raise ValueError(f"{layer!r} needs more parameters than the {most:,} of the file")
    drawn = layer.initial_parameters(_Lengths(np.random.PCG64(0)))
    yield sum(array.size for array in drawn.values())
    yield sum(array.size for array in layer.initial_state().values())
