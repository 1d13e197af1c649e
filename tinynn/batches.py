"""Batches: rows gathered on the network's device and converted as they are needed, or batches that the caller makes."""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sized
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinynn.backend import CPU, Array
from tinynn.buffers import Buffered
from tinynn.checks import check_rows, check_seed, check_weights
from tinynn.losses import Loss
from tinynn.network import Sequential

if TYPE_CHECKING:
    from tinynn.augmentation import Augment

Batch: TypeAlias = tuple[Array, Array, Array | None]
"""Rows, targets, and how much each row counts."""


class Batches(Buffered):
    """Data in memory, handed out batch by batch, in a new order every epoch.

    The rows live on the network's device, as they came: pixels stay bytes until a batch needs them. A memory-mapped
    array stays on the host, and only batches travel.
    """

    def __init__(
        self,
        net: Sequential,
        x: Any,
        y: np.ndarray,
        weights: np.ndarray | None,
        rows: np.ndarray,
        batch_size: int,
        seed: int,
        augment: "Augment | None",
    ) -> None:
        self.backend, self.xp, self.dtype = net.backend, net.backend.xp, net.dtype
        self.on_disk = isinstance(x, np.memmap)
        self.home = CPU if self.on_disk else net.backend
        try:
            self.x, self.y = self.home.asarray(x), net.backend.asarray(y)
        except MemoryError:  # more than the device holds: it stays on the host, and batches travel
            self.home = CPU
            self.x, self.y = np.asarray(x), net.backend.asarray(y)
        self.weights = None if weights is None else net.backend.asarray(weights, dtype=net.dtype)
        self.rows, self.seed, self.augment = rows, seed, augment
        self.batch_size = min(batch_size, len(rows))
        self.per_epoch = -(-len(rows) // self.batch_size)

    def steps(self, epochs: int) -> int:
        """Return how many batches so many epochs have."""
        return epochs * self.per_epoch

    def identity(self) -> dict[str, Any]:
        """Return what tells one training's data from another's; of rows on disk a sample is looked at."""
        some = self.x[:: max(1, len(self.x) // 64)] if self.on_disk else self.x
        return {
            "batch size": self.batch_size,
            "rows": len(self.rows),
            "seed of the order": self.seed,
            "distortion": repr(self.augment),
            "x": fingerprint(self.home.to_numpy(some)),
            "y": fingerprint(self.backend.to_numpy(self.y)),
            "weights": None if self.weights is None else fingerprint(self.backend.to_numpy(self.weights)),
        }

    def epoch(self, number: int, step: int, count: int) -> Iterator[Batch]:
        """Yield the first `count` batches of an epoch that begins after so many steps.

        Their order depends on the seed and the epoch's number alone, how they are distorted on the step.
        """
        order = self.rows[np.random.default_rng((self.seed, number)).permutation(len(self.rows))]
        there = self.backend.asarray(order)
        here = order if self.home is CPU else there
        for i in range(min(count, self.per_epoch)):
            part = slice(i * self.batch_size, (i + 1) * self.batch_size)
            batch = self._rows(here[part])
            if self.augment is not None:
                batch = self.augment(batch, self.seed, step + i)
            targets = self._gather("targets", self.y, there[part], self.backend)
            weights = self.weights
            if weights is not None:
                weights = self._gather("weights", weights, there[part], self.backend)
            yield batch, targets, weights

    def _rows(self, rows: Array) -> Array:
        """Return rows of x in the network's precision; some devices gather and convert bytes in one launch."""
        kernels = self.backend.kernels
        if kernels is not None and self.home is self.backend and self.x.dtype == np.uint8:
            floats = self.buffer("floats", (len(rows), *self.x.shape[1:]))
            if kernels.fit(floats) and self.x.flags.c_contiguous:
                kernels.gather_pixels(self.x, rows, floats)
                return floats
        return self._floats(self._gather("rows", self.x, rows, self.home))

    def _gather(self, name: str, source: Array, rows: Array, home: Any) -> Array:
        """Return source[rows] in a kept buffer, on the network's device."""
        shape = (len(rows), *source.shape[1:])
        if home is not self.backend:
            return self.backend.asarray(source[rows])
        gathered = self.buffer(name, shape, source.dtype)
        home.gather(source, rows, gathered)
        return gathered

    def _floats(self, rows: Array) -> Array:
        if rows.dtype == self.dtype:
            return rows
        floats = self.buffer("floats", rows.shape)
        self.backend.to_floats(rows, floats)
        return floats


class GivenBatches:
    """Batches that the caller makes: each (x, y), or (x, y, weights of the rows).

    Parameters
    ----------
    batches : iterable or function
        What is gone through once an epoch; or a function that takes the number of the epoch, from 0, and returns
        what to go through, so that a training that was interrupted finds its way back.
    """

    def __init__(
        self,
        net: Sequential,
        loss: Loss,
        batches: "Iterable[Any] | Callable[[int], Iterable[Any]]",
        augment: "Augment | None",
        seed: int,
    ) -> None:
        self.net, self.loss, self.batches, self.augment, self.seed = net, loss, batches, augment, seed

    def steps(self, epochs: int) -> int:
        """Return how many batches so many epochs have, where that can be known."""
        if not isinstance(self.batches, Sized):
            raise ValueError(
                f"how many batches a {type(self.batches).__name__} gives is not known before; say with steps= for how "
                "many to train"
            )
        if not self.batches:
            raise ValueError("there are no batches: the list is empty")
        return epochs * len(self.batches)

    def identity(self) -> dict[str, Any]:
        """Return what tells one training's data from another's: of batches that are still to come, nothing."""
        if isinstance(self.batches, Iterator):
            raise ValueError(
                "a training on an iterator cannot go on from a checkpoint, for what it gave is gone; pass a function "
                "that takes the number of the epoch and returns its batches"
            )
        return {"seed of the order": self.seed, "distortion": repr(self.augment)}

    def epoch(self, number: int, step: int, count: int) -> Iterator[Batch]:
        """Yield at most `count` batches of an epoch that begins after so many steps, on the network's device."""
        batches = self.batches(number) if callable(self.batches) else self.batches
        for i, batch in zip(range(step, step + count), batches, strict=False):
            if not isinstance(batch, tuple | list) or len(batch) not in (2, 3):
                raise ValueError(
                    f"a batch must be (x, y) or (x, y, weights), and batch {i} of this training is "
                    f"{type(batch).__name__}"
                    + (f" of {len(batch)} things" if isinstance(batch, tuple | list) else "")
                )
            x = self.net.to_input(check_rows(batch[0], self.net.input_shape))
            y = self.loss.check_targets(batch[1], len(x), self.net.output_shape)
            weights = check_weights(batch[2], len(x)) if len(batch) == 3 else None
            if self.augment is not None:
                x = self.augment(x, self.seed, i)
            asarray = self.net.backend.asarray
            yield x, asarray(y), None if weights is None else asarray(weights, dtype=self.net.dtype)


def training_data(
    net: Sequential,
    loss: Loss,
    x: Any,
    y: Any,
    weights: Any,
    validation: tuple[Any, Any] | float | None,
    batch_size: int,
    augment: "Augment | None",
    seed: int,
) -> tuple[Batches | GivenBatches, tuple[Any, np.ndarray] | None]:
    """Check what `fit` is given; return where batches come from, and the rows to validate on if there are any."""
    if not isinstance(net, Sequential):
        raise TypeError(f"fit trains a Sequential, not {net!r}")
    if isinstance(loss, type) and issubclass(loss, Loss):
        raise TypeError(f"loss must be an object, and is the class {loss.__name__}; write {loss.__name__}()")
    if not hasattr(loss, "check_targets"):
        raise TypeError(f"loss must be a Loss, such as nn.SoftmaxCrossEntropy(), not {loss!r}")
    if augment is not None and (isinstance(augment, type) or not callable(augment)):
        raise TypeError(f"augment must be an Augment, such as nn.Augment(shift=2, ...), not {augment!r}")
    check_seed(seed)
    if isinstance(validation, tuple | list):
        if len(validation) != 2:
            raise ValueError(
                f"validation must be (x, y), or a share such as 0.1, not {len(validation)} things"
            )
        xv = check_rows(validation[0], net.input_shape)
        validation = xv, loss.check_targets(validation[1], len(xv), net.output_shape)
    if y is None:
        if hasattr(x, "ndim"):
            raise ValueError("y is missing: rows x need targets y, one a row")
        if weights is not None or isinstance(validation, float):
            raise ValueError(
                "weights, and a share of rows for validation, go with x and y; batches of your own are "
                "(x, y, weights), and validation rows are given as validation=(x, y)"
            )
        if not callable(x) and not isinstance(x, Iterable):
            raise TypeError(f"without y, x must be batches: an iterable of (x, y), not {type(x).__name__}")
        return GivenBatches(net, loss, x, augment, seed), validation
    x = check_rows(x, net.input_shape)
    y = loss.check_targets(y, len(x), net.output_shape)
    weights = None if weights is None else check_weights(weights, len(x))
    rows = np.arange(len(x))
    if validation is not None and not isinstance(validation, tuple):
        rows, held_out = hold_out(len(x), validation, seed)
        validation = x[held_out], y[held_out]
    return Batches(net, x, y, weights, rows, batch_size, seed, augment), validation


def fingerprint(array: Any) -> str:
    """Return a few letters that tell one array from another (CRC-32)."""
    return f"{zlib.crc32(np.ascontiguousarray(array).data):08x}"


def hold_out(n: int, part: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Divide n rows at random: those to train on, and a share of them to validate on, both in ascending order.

    Raises
    ------
    ValueError
        When the share is not between 0 and 1, or leaves one side empty.

    Examples
    --------
    >>> [len(rows) for rows in hold_out(60_000, 0.1, seed=0)]
    [54000, 6000]
    """
    if isinstance(part, bool | np.ndarray) or not isinstance(part, Real) or not 0 < part < 1:
        raise ValueError(
            f"validation must be a share of the rows above 0 and below 1, such as 0.1, or rows (x, y), not {part!r}"
        )
    count = round(float(part) * n)
    if not 0 < count < n:
        raise ValueError(
            f"validation={part} of {n} rows is {count} to validate on and {n - count} to train on: both must be some"
        )
    order = np.random.default_rng((seed, n)).permutation(n)
    return np.sort(order[count:]), np.sort(order[:count])
