"""Checkpoints: a training written down as it goes, so that one that was killed goes on as if it never was.

After an epoch everything that the next one depends on goes into one ``.npz`` file: parameters, running statistics, the
optimiser's moments, the history, what callbacks remember. Orders, dropout masks and distortions depend on seeds and
step numbers alone and need no room. The file is written aside and renamed when complete, and reading it runs nothing.
"""

import json
import os
import time
import zipfile
from typing import Any

import numpy as np

from tinynn.backend import Array
from tinynn.batches import Batches, GivenBatches, fingerprint
from tinynn.callbacks import Callbacks, Training
from tinynn.history import History
from tinynn.optimizers import Optimizer
from tinynn.vector_file import UNREADABLE, plain, read_vector, replaced_when_complete, write_vectors

FORMAT = "tinynn checkpoint"
VERSION = 1
SECONDS_BETWEEN = 2.0  # a small network's epoch takes less than writing it down does
CODES = ("<f4", "<f8", "<c16", "<i8", "|u1", "|b1")


class Checkpoint:
    """Where a training is written down, if anywhere.

    Parameters
    ----------
    path : path or None
    training : Training
    callbacks : Callbacks
    data : Batches or GivenBatches
    held_out : (x, y) or None
        Validation rows.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        training: Training,
        callbacks: Callbacks,
        data: Batches | GivenBatches,
        held_out: tuple[Any, np.ndarray] | None,
    ) -> None:
        self.path, self.training, self.callbacks = path, training, callbacks
        self.written = time.monotonic()
        self.identity = {} if path is None else self._identity(data, held_out)
        if path is not None:
            _check_place(path)

    def _identity(
        self, data: Batches | GivenBatches, held_out: tuple[Any, np.ndarray] | None
    ) -> dict[str, Any]:
        """Describe all that must be the same for a training to be the same, what users set first."""
        training, net = self.training, self.training.net
        return {
            "layers": [repr(layer) for layer in net.layers],
            "input_shape": list(net.input_shape),
            "dtype": net.dtype.name,
            "seed of the network": net.seed,
            "loss": repr(training.loss),
            "optimizer": repr(training.optimizer),
            "callbacks": self.callbacks.described(),
            **data.identity(),
            "validation rows": None if held_out is None else [fingerprint(array) for array in held_out],
            "steps in all": training.total,
            "starting parameters": fingerprint(net.backend.to_numpy(net.parameters)),
        }

    def resume(self) -> None:
        """Become the training that the file holds, if there is one.

        Raises
        ------
        ValueError
            For a file that is no checkpoint, is damaged, or is one of another training; it says what differs.
        """
        if self.path is None or not os.path.exists(self.path):
            return
        try:
            with open(self.path, "rb") as file:
                kept, arrays = _read(file)
        except UNREADABLE as error:
            raise ValueError(
                f"{os.fspath(self.path)!r} is not a checkpoint that tinynn wrote: {str(error)[:300]}"
            ) from None
        self._compare(kept["identity"])
        training, net = self.training, self.training.net
        net.parameters[...] = net.backend.asarray(arrays["parameters"])
        net.state[...] = net.backend.asarray(arrays["state"])
        net.step, training.step, training.epoch = kept["net step"], kept["step"], kept["epoch"]
        training.history = History(**kept["history"])
        _resume_optimizer(training.optimizer, kept["optimizer"], arrays, "optimizer", net.backend.asarray)
        for i, callback in enumerate(self.callbacks.all):
            prefix = f"callback {i}."
            own = {name[len(prefix) :]: array for name, array in arrays.items() if name.startswith(prefix)}
            callback.resume(kept["callbacks"][i] | own)

    def _compare(self, identity: dict[str, Any]) -> None:
        for name in [*self.identity, *identity]:
            there, here = identity.get(name), self.identity.get(name)
            if there != here:
                raise ValueError(
                    f"{os.fspath(self.path or '')!r} is the checkpoint of another training, with {name}: "
                    f"{_short(there)}; now it is {_short(here)}. Go on with what it was, or take another file"
                )

    def save(self, last: bool = False) -> None:
        """Write the training down, unless that happened a few seconds ago and this is not the end."""
        if self.path is None or (time.monotonic() - self.written < SECONDS_BETWEEN and not last):
            return
        training, net = self.training, self.training.net
        arrays: dict[str, Array] = {"parameters": net.parameters, "state": net.state}
        callbacks = []
        for i, callback in enumerate(self.callbacks.all):
            state = callback.state()
            arrays |= {
                f"callback {i}.{name}": v for name, v in state.items() if hasattr(v, "shape") and v.shape
            }
            callbacks.append({name: v for name, v in state.items() if f"callback {i}.{name}" not in arrays})
        kept = {
            "format": FORMAT,
            "version": VERSION,
            "identity": self.identity,
            "net step": net.step,
            "step": training.step,
            "epoch": training.epoch,
            "history": vars(training.history),
            "optimizer": _optimizer_state(training.optimizer, arrays, "optimizer"),
            "callbacks": callbacks,
        }
        vectors = {name: np.ravel(net.backend.to_numpy(array)) for name, array in arrays.items()}
        kept["arrays"] = {
            name: [vector.dtype.newbyteorder("<").str, list(arrays[name].shape)]
            for name, vector in vectors.items()
        }
        text = np.frombuffer(json.dumps(kept, default=plain).encode(), np.uint8)
        with replaced_when_complete(self.path, overwrite=True) as file:
            write_vectors(file, {"training": text, **vectors})
        self.written = time.monotonic()


def _check_place(path: str | os.PathLike[str]) -> None:
    """Raise an error now rather than after the first epoch."""
    if not isinstance(path, str | os.PathLike) or not os.fspath(path):
        raise TypeError(f'checkpoint must be the name of a file, such as "training.npz", not {path!r}')
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no folder {folder!r} to write the checkpoint to; make it first")
    if os.path.isdir(path):
        raise IsADirectoryError(f"{os.fspath(path)!r} is a folder; a checkpoint is a file in one")


def _read(file: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    size = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        kept = json.loads(read_vector(archive, "training", "|u1", size).tobytes())
        if not isinstance(kept, dict) or kept.get("format") != FORMAT:
            raise ValueError(f'it does not say "format": "{FORMAT}"')
        if kept["version"] != VERSION:
            raise ValueError(f"its format version is {kept['version']!r}, and this tinynn reads {VERSION}")
        arrays = {}
        for name, (code, shape) in kept["arrays"].items():
            if code not in CODES:
                raise ValueError(f"{name} is of type {code!r}")
            arrays[name] = read_vector(archive, name, code, size).reshape(shape).copy()
    return kept, arrays


def _optimizer_state(optimizer: Optimizer, arrays: dict[str, Array], name: str) -> dict[str, Any]:
    """Return an optimiser's numbers, such as its step count, and add its vectors to the arrays."""
    config = optimizer.config()
    arrays |= {f"{name}.{key}": vector for key, vector in vars(optimizer).get("_vectors", {}).items()}
    numbers = {key: v for key, v in vars(optimizer).items() if key not in config and key != "_vectors"}
    inner = {key: v for key, v in config.items() if isinstance(v, Optimizer)}
    return numbers | {key: _optimizer_state(v, arrays, f"{name}.{key}") for key, v in inner.items()}


def _resume_optimizer(
    optimizer: Optimizer, kept: dict[str, Any], arrays: dict[str, np.ndarray], name: str, asarray: Any
) -> None:
    config = optimizer.config()
    vectors = {key[len(name) + 1 :]: asarray(v) for key, v in arrays.items() if key.startswith(f"{name}.")}
    vars(optimizer)["_vectors"] = {key: v for key, v in vectors.items() if "." not in key}
    for key, value in kept.items():
        if isinstance(config.get(key), Optimizer):
            _resume_optimizer(config[key], value, arrays, f"{name}.{key}", asarray)
        else:
            setattr(optimizer, key, value)


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) < 200 else f"{text[:200]}…"
