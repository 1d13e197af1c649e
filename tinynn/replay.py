"""A training step recorded once and replayed: one launch instead of twenty, for small networks on a GPU.

What is recorded are launches with their arguments, so whatever changes from step to step must stand in memory. The
batch is gathered into the same arrays each time; learning rate, dropout keys and the place of the loss come from tables
on the device, which are filled some steps ahead. A step that was replayed is the step that would have been computed.
"""

import warnings
from typing import Any

import numpy as np

from tinynn import random_bits
from tinynn.adaptive import Clipped
from tinynn.backend import Array
from tinynn.callbacks import Callbacks, Training
from tinynn.history import READ_EVERY, EpochLoss
from tinynn.kernels.recorded import BEGIN, END
from tinynn.kernels.source import REALS
from tinynn.layers.chain import walk
from tinynn.layers.dropout import Dropout
from tinynn.optimizers import Optimizer
from tinynn.replicas import Passes, ours, separable

WORD = 0xFFFFFFFF


class GraphNotice(UserWarning):
    """Why a training that was to replay its steps takes each by itself. What it computes is the same.

    Examples
    --------
    >>> import warnings, numpy as np, tinynn as nn
    >>> net = nn.Sequential([nn.Dense(2)], input_shape=3)
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     history = nn.fit(net, nn.SoftmaxCrossEntropy(), nn.SGD(0.1), np.eye(3), [0, 1, 1], graphs=True)
    >>> said[0].category.__name__
    'GraphNotice'
    """


class Replay:
    """The steps of one training, as far as they are replayed: not the first, nor batches of another size.

    Parameters
    ----------
    training : Training
    passes : Passes
    losses : EpochLoss
    hooks : Callbacks
    validated : bool
        Whether there are validation losses for a schedule to go by.
    """

    def __init__(
        self, training: Training, passes: Passes, losses: EpochLoss, hooks: Callbacks, validated: bool
    ) -> None:
        self.training, self.passes, self.losses, self.validated = training, passes, losses, validated
        self.kernels = training.net.backend.kernels
        self.usual: tuple[Array, Array, Array | None] | None = None
        self.replayed: Any = None
        self.ready = True
        if problem := self._problem(hooks):
            self._give_up(problem)
        else:
            self.tables = Tables(training)

    def _problem(self, hooks: Callbacks) -> str:
        """Say why steps cannot be replayed, if they cannot."""
        net, optimizer = self.training.net, self.training.optimizer
        if self.kernels is None:
            return f"there are no CUDA graphs on device {net.backend.name!r}"
        if net.dtype not in REALS:
            return f"there are kernels for float32 and float64, not for {net.dtype}"
        if self.kernels.recorder is None:
            return str(self.kernels.no_recorder)
        inner = optimizer.optimizer if type(optimizer) is Clipped else optimizer
        if type(inner).step is not Optimizer.step:
            return f"{type(inner).__name__} has a step of its own; one with numbers and apply can be recorded"
        if not separable(net) or not ours(self.training.loss):
            return "a layer or the loss is not tinynn's, and may do more in a step than launch kernels"
        if hooks.hears("before_step"):
            return "a callback changes or looks at every gradient"
        return ""

    def _give_up(self, problem: str) -> None:
        self.ready = False
        warnings.warn(
            f"graphs=True: each step is launched by itself, for {problem}", GraphNotice, stacklevel=4
        )

    def step(self, rows: Array, targets: Array, counts: Array | None) -> bool:
        """Take the step of a batch if it can be replayed; return whether it was taken."""
        if not self.ready:
            return False
        batch = (rows, targets, counts)
        if self.usual is None:  # the first step compiles kernels and makes buffers
            self.usual = batch
            return False
        if not all(map(_same_place, batch, self.usual)):
            return False
        if self.replayed is None:
            self._record()
            if not self.ready:
                return False
        self.tables.turn_to(len(self.losses.sizes), self.training, self.validated)
        self.losses.place(len(rows))
        self.replayed()
        self.training.net.step += 1
        self.training.optimizer.t += 1
        self.passes.outputs = self.outputs
        return True

    def _record(self) -> None:
        """Record a step; nothing is computed by that."""
        net, dropouts = self.training.net, self.tables.dropouts
        step = net.step
        for i, layer in enumerate(dropouts):
            layer.key_on_device = self.tables.current_keys[2 * i : 2 * i + 2]
        try:
            self.replayed = self.kernels.recorder.record(self._launch_all)
        except Exception as error:  # whatever cannot be recorded, the training goes on without
            self._give_up(f"it could not be recorded ({type(error).__name__}: {error})")
        finally:
            net.step = step
            for layer in dropouts:
                layer.key_on_device = None
        self.outputs = getattr(self.passes, "outputs", None)
        # Buffers grow when larger batches come, as in an evaluation. Those of the recording must stay where they are.
        things = [*walk(net.layers), self.training.loss, self.passes]
        self.kept = [dict(vars(thing).get("_memory", {})) for thing in things]

    def _launch_all(self) -> None:
        """Launch what is to be recorded: a step between its first and its last kernel, which read and count."""
        assert self.usual is not None
        (rows, targets, counts), tables = self.usual, self.tables
        net, launch = self.training.net, self.kernels.launch
        launch(BEGIN, net.dtype, 1, tables.arguments())
        self.passes.forward(rows, targets, counts, out=tables.value)
        self.passes.backward()
        self.training.optimizer.apply(net.parameters, net.gradients, tables.current)
        values = self.losses.buffer("values", (READ_EVERY,))
        launch(END, net.dtype, 1, (tables.value, values, tables.counter, READ_EVERY))


class Tables:
    """The numbers in which steps differ, on the device: a row a step, and a counter that says which is next."""

    def __init__(self, training: Training) -> None:
        net, optimizer = training.net, training.optimizer
        xp, dtype = net.backend.xp, net.dtype
        self.dropouts = [layer for layer in walk(net.layers) if isinstance(layer, Dropout)]
        self.width, self.words = len(optimizer.numbers(1, optimizer.rate)), 2 * len(self.dropouts)
        self.numbers = xp.zeros((READ_EVERY, self.width), dtype=dtype)
        self.keys = xp.zeros((READ_EVERY, self.words), dtype=np.uint32)
        self.current = xp.zeros(self.width, dtype=dtype)
        self.current_keys = xp.zeros(self.words, dtype=np.uint32)
        self.counter = xp.zeros(1, dtype=np.int64)
        self.value = xp.zeros((), dtype=dtype)
        self.epoch = self.counted = -1
        self.filled = range(0)

    def arguments(self) -> tuple[Any, ...]:
        """Return the arguments of the kernel that begins a step."""
        keys = (self.keys, self.current_keys) if self.words else (None, None)
        return (self.numbers, self.current, self.width, *keys, self.words, self.counter, READ_EVERY)

    def turn_to(self, place: int, training: Training, validated: bool) -> None:
        """Have the next replay be the step at this place of its epoch."""
        if self.epoch != training.epoch:
            self.epoch, self.filled, self.counted = training.epoch, range(0), -1
        if place not in self.filled:
            self._fill(place, training, training.history.validation_loss if validated else None)
        if self.counted != place:  # other steps were taken in between, without a replay
            self.counter.fill(place)
        self.counted = place + 1

    def _fill(self, place: int, training: Training, validation_loss: Any) -> None:
        """Send the numbers of the next steps to the device, as many as losses may wait there."""
        optimizer, net, row = training.optimizer, training.net, place % READ_EVERY
        count = min(READ_EVERY - row, training.total - training.step)
        numbers, keys = [], []
        for i in range(count):
            optimizer.plan((training.step + i) / training.total, validation_loss)
            numbers.append(optimizer.numbers(optimizer.t + 1 + i, optimizer.rate))
            drawn = [random_bits.key(layer.key, net.step + 1 + i) for layer in self.dropouts]
            keys.append([part for key in drawn for part in (key & WORD, key >> 32)])
        optimizer.plan(training.step / training.total, validation_loss)
        self.numbers[row : row + count].set(np.asarray(numbers, dtype=net.dtype))
        if self.words:
            self.keys[row : row + count].set(np.asarray(keys, dtype=np.uint32))
        self.filled = range(place, place + count)


def _same_place(a: Array | None, b: Array | None) -> bool:
    """Whether two arrays are the same memory, seen in the same way."""
    if a is None or b is None:
        return a is b
    return a.shape == b.shape and a.dtype == b.dtype and a.data.ptr == b.data.ptr
